# SPDX-License-Identifier: Apache-2.0
"""To answer a request out of one's own wallet: read it, see what fits, send what its holder has agreed to.

Nothing is sent because a link was opened. The request is read, its asker named by what proves itself (a DID
that signed, the host of the address that gets the answer), and only the holder's own click sends something.
The answer goes once, to the one address that the request names, through the guarded poster; what comes back
is not read and leads nowhere (B101, B103, B131).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

import cairn
from cairn.canonical import parse_json
from cairn.errors import UnavailableError
from cairn_server.errors import NotVisible, Refusal
from cairn_server.issuing import copies
from cairn_server.issuing.models import Credential
from cairn_server.issuing.signing import Format
from cairn_server.presenting import dcql, showing
from cairn_server.presenting.showing import Choice, Presenter
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn.fetch import Answered
    from cairn_server.accounts.models import Person
    from cairn_server.presenting.dcql import Path, Query, Wanted
    from cairn_server.presenting.models import Presentation
    from cairn_server.presenting.openid4vp import Request

MOST_CANDIDATES = 50
# What held credentials are called by the verifier, and the formats that ask for them.
_AS_THEY_ARE = {dcql.LDP: "vc+ld+json", dcql.JWT: "vc+jwt", dcql.SD_JWT_VC: "dc+sd-jwt"}
_COPIES = {dcql.LDP: Format.JSON, dcql.JWT: Format.JWT, dcql.SD_JWT_VC: Format.SD_JWT}


class Poster(Protocol):
    """``cairn.fetch.HttpPoster``, as far as it is needed here."""

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Answered: ...


class NothingFits(Refusal):
    """What is chosen is not what is asked for."""

    status = 422

    def __init__(self) -> None:
        super().__init__("request-not-fulfilled", _("This is not what is asked for. Choose for each."))


class NotDelivered(Refusal):
    """The asker could not be reached, or took it not."""

    status = 502

    def __init__(self) -> None:
        super().__init__(
            "answer-not-delivered", _("Whoever asked has not taken the answer. Nothing more was sent.")
        )


@dataclass(frozen=True, slots=True)
class Fitting:
    """One credential that is asked for, and those of the holder that would do."""

    wanted: Wanted
    candidates: tuple[HeldCredential, ...]


def fitting(person: Person, query: Query) -> tuple[Fitting, ...]:
    """For each of what is asked for, what this person could show."""
    mine = list(
        HeldCredential.objects.visible_to(person).current().filter(document__isnull=False).order_by("-pk")
    )
    return tuple(
        Fitting(wanted, tuple(each for each in mine if _fits(each, wanted))[:MOST_CANDIDATES])
        for wanted in query.credentials
    )


def _fits(held: HeldCredential, wanted: Wanted) -> bool:
    document = _as_wanted(held, wanted)
    if not showing.can_be_shown(held) or document is None or wanted.fits(document) is None:
        return False
    if wanted.bound:
        # The key of a wallet elsewhere is not here, so only what we can have bound.
        award = showing.own_award(held)
        return wanted.format in _COPIES and award is not None and not award.subject_id.startswith("did:")
    return held.format == _AS_THEY_ARE.get(wanted.format)


def _as_wanted(held: HeldCredential, wanted: Wanted) -> Mapping[str, Any] | None:
    """What it says in the form that is asked for."""
    if wanted.format == dcql.SD_JWT_VC and held.format != _AS_THEY_ARE[dcql.SD_JWT_VC]:
        return showing.award_claims(held)
    return held.document


def picked(
    person: Person, query: Query, chosen: Mapping[str, str]
) -> tuple[tuple[Wanted, HeldCredential], ...]:
    """What was chosen for each, if it fits and is enough: ``NotVisible`` for what is not this person's."""
    offered = {each.wanted.id: each for each in fitting(person, query)}
    found: list[tuple[Wanted, HeldCredential]] = []
    for name, held_id in chosen.items():
        candidates = offered[name].candidates if name in offered else ()
        held = next((each for each in candidates if each.public_id == held_id), None)
        if held is None:
            raise NotVisible
        found.append((offered[name].wanted, held))
    if not found or not query.is_answered_by([wanted.id for wanted, _held in found]):
        raise NothingFits
    return tuple(found)


def send(
    request: Request,
    chosen: Mapping[str, str],
    *,
    by: Person,
    poster: Poster,
    at: datetime,
) -> Presentation:
    """Answer with the chosen credentials: for ids of the query, ids of what is held."""
    chosen_ones = picked(by, dcql.read(request.query), chosen)
    showing.SHOWINGS.take(by.public_id, at=at)
    presenter = Presenter.new()
    token = {wanted.id: [_shown(wanted, held, request, presenter, at=at)] for wanted, held in chosen_ones}
    said = {"vp_token": json.dumps(token, separators=(",", ":"))}
    _post(request, said, poster)
    return showing.note_sent(
        by,
        host=request.domain,
        choices=[Choice(held) for _wanted, held in chosen_ones],
        bound=all(wanted.bound for wanted, _held in chosen_ones),
        at=at,
    )


def decline(request: Request, *, poster: Poster) -> None:
    """Tell whoever asked that nothing is shown, and not why."""
    _post(request, {"error": "access_denied"}, poster)


def _post(request: Request, said: dict[str, str], poster: Poster) -> None:
    if request.state:
        said["state"] = request.state
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        answer = poster.post(request.response_uri, body=urlencode(said).encode("ascii"), headers=headers)
    except UnavailableError as error:
        raise NotDelivered from error
    if not 200 <= answer.status < 300:
        raise NotDelivered


def _shown(
    wanted: Wanted, held: HeldCredential, request: Request, presenter: Presenter, *, at: datetime
) -> Any:
    if not wanted.bound:
        return _as_it_is(wanted, held)
    award = showing.own_award(held)
    assert isinstance(award, Credential), "only what was awarded here is offered where it has to be bound"
    if wanted.format == dcql.SD_JWT_VC:
        try:
            return showing.part_of_award(
                award,
                asked_of(held, wanted) or (),
                presenter,
                audience=request.client_id,
                question=request.nonce,
                at=at,
            ).decode("ascii")
        except copies.NoBoundCopy as error:
            raise NothingFits from error
    secured, bound = showing.bound_copy(award, presenter, format=_COPIES[wanted.format], at=at)
    if not bound:
        raise NothingFits
    if wanted.format == dcql.JWT:
        return cairn.sign_presentation_jwt(
            [secured],
            presenter.key,
            verification_method=presenter.method,
            nonce=request.nonce,
            audience=request.client_id,
        )
    return parse_json(
        cairn.sign_presentation(
            [secured],
            presenter.key,
            verification_method=presenter.method,
            at=at,
            challenge=request.nonce,
            domain=request.client_id,
        )
    )


def _as_it_is(wanted: Wanted, held: HeldCredential) -> Any:
    """No more than what is asked for, where a part can be kept back: the claims of the set that fits."""
    if wanted.format != dcql.SD_JWT_VC:
        secured = showing.revealed(Choice(held, asked_of(held, wanted)))
        return parse_json(secured) if wanted.format == dcql.LDP else secured.decode("ascii").strip()
    return showing.revealed(Choice(held, asked_of(held, wanted))).decode("ascii")


def asked_of(held: HeldCredential, wanted: Wanted) -> frozenset[str] | None:
    """Of what its holder may keep back, what is asked for: pointers as ``Choice`` has them. None in a form of
    which nothing can be kept back."""
    if wanted.format != dcql.SD_JWT_VC and not held.is_own_copy:
        return None
    claims = wanted.fits(_as_wanted(held, wanted) or {}) or ()
    asked = frozenset(
        pointer
        for pointer, _value in showing.hideable(held)
        if any(_meet(pointer.split("/")[1:], claim.path) for claim in claims)
    )
    return showing.enough_of(held, asked) if held.is_own_copy else asked


def _meet(steps: list[str], path: Path) -> bool:
    """On the way to what is asked for, it, or in it: as far as both go, they go the same way."""
    return all(
        each is None or str(each) == step.replace("~1", "/").replace("~0", "~")
        for step, each in zip(steps, path, strict=False)
    )
