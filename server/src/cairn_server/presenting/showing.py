# SPDX-License-Identifier: Apache-2.0
"""To show what one holds: chosen credentials, all of each or a part, put together for one reader.

A presentation is signed with a key that is made for it and thrown away
(docs/decisions/0023-a-key-for-each-showing.md). What was awarded here is bound to that key by its issuer
first, as it is for a wallet, so the reader sees that it belongs to whoever shows it. What was brought from
elsewhere goes in as it is: it is shown in answer to the reader's question, and the reader is told that
nothing binds it.

What can be kept back its issuer decided: the disclosures of an SD-JWT, and of a base proof (ecdsa-sd-2023)
what is not mandatory; of that only copies are ever shown. An award of this server is shown
whole, or, where its holder keeps a part back, as the SD-JWT VC that its issuer signs for this showing. All
else is shown whole or not at all.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

import cairn
from cairn import PrivateKey
from cairn.did import did_key
from cairn.errors import CairnError
from cairn.keys import Algorithm
from cairn.proof import keeping_back, sd_jwt
from cairn_server.accounts.limits import Limit
from cairn_server.errors import NotVisible, Refusal
from cairn_server.issuing import as_sd_jwt, copies
from cairn_server.issuing.models import Credential
from cairn_server.issuing.signing import Format
from cairn_server.journal import services as journal
from cairn_server.organisations import installation
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.presenting.models import Presentation
from cairn_server.wallets import looks
from cairn_server.wallets.models import HeldCredential
from cairn_server.wallets.possession import Holder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from cairn_server.accounts.models import Person

MOST_CREDENTIALS = 20
MAX_READER = 120
MAX_QUESTION = 200
LONGEST_LIFE = timedelta(days=365)
# Each showing of what was awarded here has copies signed.
SHOWINGS = Limit("presentations", burst=20, per_minute=5)
_SD_JWT_FORMATS = (sd_jwt.W3C, sd_jwt.SD_JWT_VC)
_CAN_BE_SHOWN = ("vc+ld+json", "vc+jwt", *_SD_JWT_FORMATS)


class BadPresentation(Refusal):
    """Something about what shall be shown is not as it has to be."""

    status = 422

    def __init__(self, code: str, message: object, field: str = "held") -> None:
        super().__init__(code, message)  # type: ignore[arg-type]
        self.field = field


# A key for one showing


@dataclass(frozen=True, slots=True)
class Presenter:
    """Somebody who shows something once: a key that nobody keeps, and its name."""

    key: PrivateKey

    @classmethod
    def new(cls) -> Presenter:
        return cls(PrivateKey.generate(Algorithm.ED25519))

    @property
    def did(self) -> str:
        return did_key(self.key.public_key)

    @property
    def method(self) -> str:
        return f"{self.did}#{self.did.removeprefix('did:key:')}"

    @property
    def holder(self) -> Holder:
        return Holder(self.did, self.key.public_key)


def own_award(held: HeldCredential) -> Credential | None:
    """The award behind something that was awarded here to this person; a file that somebody brought is none,
    whatever it says (B145, B146)."""
    if held.source != HeldCredential.Source.AWARDED_HERE:
        return None
    prefix = f"{installation.public_url()}/c/"
    if not held.credential_id.startswith(prefix):
        return None
    found = Credential.objects.signed().under(held.credential_id.removeprefix(prefix))
    return found.select_related("organisation", "first").first()


# A part of a credential


@dataclass(frozen=True, slots=True)
class Choice:
    """One credential that shall be shown. ``show`` are pointers of what can be hidden and shall not be; None
    is as it comes: all of what was awarded here and of a base proof, of an SD-JWT nothing that can be hidden.
    """

    held: HeldCredential
    show: frozenset[str] | None = None

    @property
    def shown(self) -> frozenset[str]:
        return self.show or frozenset()


def can_be_shown(held: HeldCredential) -> bool:
    """Whether it counts and is of a form that goes into a presentation; badges before 3.0 are not."""
    return held.is_shown and held.format in _CAN_BE_SHOWN


def hideable(held: HeldCredential) -> tuple[tuple[str, Any], ...]:
    """What its holder may keep back: a JSON pointer and what stands there, for each."""
    if held.is_own_copy:
        document = _own_copy(held)
        return tuple((pointer, _at(document, pointer)) for pointer in keeping_back.hideable(document))
    if held.format not in _SD_JWT_FORMATS:
        claims = award_claims(held)
        return (
            () if claims is None else tuple((each, _at(claims, each)) for each in as_sd_jwt.hideable(claims))
        )
    parts = sd_jwt.read(bytes(held.secured).decode("ascii").strip())
    return tuple((pointer, _at(parts.payload, pointer)) for pointer in sd_jwt.disclosable(_text(held)))


def award_claims(held: HeldCredential, *, at: datetime | None = None) -> dict[str, Any] | None:
    """What the SD-JWT VC would say that its issuer signs for a showing; None where no issuer here can. ``at``
    is when it would be signed, which matters for nothing but its beginning."""
    award = own_award(held)
    if award is None or award.subject_id.startswith("did:"):
        return None
    document = copies.bound(award, award.subject_id, at=at or award.valid_from)
    return as_sd_jwt.claims_of(document, vct=as_sd_jwt.vct(installation.public_url()))


def keeps_back(choice: Choice) -> bool:
    """Whether a part is kept back of what was awarded here."""
    if choice.show is None or choice.held.is_own_copy or choice.held.format in _SD_JWT_FORMATS:
        return False
    return any(pointer not in choice.show for pointer, _value in hideable(choice.held))


def revealed(choice: Choice) -> bytes:
    """The credential with what shall be shown of it; the bytes as they came where nothing can be hidden."""
    if choice.held.is_own_copy:
        return _copy_of(choice)
    if choice.held.format not in _SD_JWT_FORMATS:
        return bytes(choice.held.secured)
    require_parts(choice)
    return cairn.present_sd_jwt(_text(choice.held), disclose=choice.shown).encode("ascii")


def _copy_of(choice: Choice) -> bytes:
    """A copy made of a base proof, which itself never leaves its holder."""
    if choice.show is None:
        return choice.held.for_others
    require_parts(choice)
    document = _own_copy(choice.held)
    try:
        return keeping_back.derive(
            document, selective_pointers=keeping_back.pointers_for(document, choice.shown)
        )
    except CairnError as error:
        raise BadPresentation(
            "presentation-too-little",
            _("With so little in it this is no whole credential any more. Show more of it."),
            "show",
        ) from error


def _own_copy(held: HeldCredential) -> Mapping[str, Any]:
    document = keeping_back.own_copy(bytes(held.secured))
    assert document is not None, "what has a copy for others is a base proof"
    return document


def enough_of(held: HeldCredential, asked: Collection[str]) -> frozenset[str]:
    """Of a base proof what is asked for, and what no copy can be without."""
    return keeping_back.enough(_own_copy(held), asked)


def require_parts(choice: Choice) -> None:
    """Refuse to show what is no part of it."""
    if not choice.shown <= {pointer for pointer, _value in hideable(choice.held)}:
        raise BadPresentation("presentation-part", _("There is no such part of this credential."), "show")


def part_of_award(
    award: Credential,
    show: Collection[str],
    presenter: Presenter,
    *,
    audience: str,
    question: str,
    at: datetime,
) -> bytes:
    """The award with these parts alone of what may be kept back, bound to this showing."""
    secured = copies.copy_for(award, presenter.holder, format=Format.SD_JWT, at=at).decode("ascii")
    part = cairn.present_sd_jwt(secured, disclose=show)
    return cairn.bind_sd_jwt(part, presenter.key, audience=audience, nonce=question, at=at).encode("ascii")


def _text(held: HeldCredential) -> str:
    # A key binding that came along was for somebody else.
    text = bytes(held.secured).decode("ascii").strip()
    return text[: text.rindex("~") + 1]


def _at(value: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


# Together


@dataclass(frozen=True, slots=True)
class Made:
    """A presentation, and whether its issuers bound all of it to the key that signed it."""

    secured: bytes
    bound: bool


def put_together(
    choices: Sequence[Choice],
    *,
    audience: str,
    question: str,
    at: datetime,
    presenter: Presenter | None = None,
) -> Made:
    """The presentation for this reader (``audience``), in answer to this question.

    An SD-JWT VC fits into no W3C presentation; alone it is its own. One that was brought is unbound because
    its key, if it has one, is in another wallet.
    """
    presenter = presenter or Presenter.new()
    alone = next((each for each in choices if each.held.format == sd_jwt.SD_JWT_VC or keeps_back(each)), None)
    if alone is not None:
        if len(choices) > 1:
            raise BadPresentation(
                "presentation-mixed", _("An SD-JWT VC can only be shown alone. Choose it by itself.")
            )
        award = own_award(alone.held)
        if award is None:
            return Made(revealed(alone), bound=False)
        require_parts(alone)
        # Where the reader gave neither name nor code, it is for whoever opens the link here, this once.
        secured = part_of_award(
            award,
            alone.shown,
            presenter,
            audience=audience or installation.public_url(),
            question=question or secrets.token_urlsafe(16),
            at=at,
        )
        return Made(secured, bound=True)
    parts = [_part(choice, presenter, at=at) for choice in choices]
    try:
        signed = cairn.sign_presentation(
            [part for part, _bound in parts],
            presenter.key,
            verification_method=presenter.method,
            at=at,
            challenge=question or None,
            domain=audience or None,
        )
    except CairnError as error:
        raise BadPresentation(
            "presentation-unfit", _("One of these cannot be put into a presentation.")
        ) from error
    return Made(signed, bound=all(bound for _part, bound in parts))


def _part(choice: Choice, presenter: Presenter, *, at: datetime) -> tuple[bytes, bool]:
    award = own_award(choice.held)
    if award is None:
        return revealed(choice), False
    return bound_copy(award, presenter, format=Format.JSON, at=at)


def bound_copy(
    award: Credential, presenter: Presenter, *, format: Format, at: datetime
) -> tuple[bytes, bool]:
    """The award about the key of this showing, and whether it is; what names another identifier stays so."""
    try:
        secured = copies.copy_for(award, presenter.holder, format=format, at=at)
    except copies.AwardedToAnother:
        return award.secured_in(Format.JSON).bytes(), False
    # What an organisation awarded that has no key any more comes as it was signed.
    subject = cairn.read(secured).unverified_document.get("credentialSubject")
    return secured, isinstance(subject, dict) and subject.get("id") == presenter.did


# Links


def show(
    choices: Sequence[Choice],
    *,
    by: Person,
    reader: str,
    audience: str = "",
    question: str = "",
    until: datetime,
    at: datetime,
) -> tuple[Presentation, str]:
    """A presentation under a link, and the token in it, which is told this once."""
    for choice in choices:
        if choice.held.person_id != by.pk:
            raise NotVisible
    _require_bounds(choices, reader, audience, question, until, at=at)
    SHOWINGS.take(by.public_id, at=at)
    # Copies are signed outside of any transaction, because the signer signs nothing that is not committed.
    made = put_together(choices, audience=audience, question=question, at=at)
    token = secrets.token_urlsafe(16)
    row = _record(
        by,
        Presentation.Way.LINK,
        reader=" ".join(reader.split()),
        audience=audience,
        question=question,
        choices=choices,
        bound=made.bound,
        at=at,
        token_sha256=_digest(token),
        secured=made.secured,
        expires_at=until,
    )
    return row, token


def _require_bounds(
    choices: Sequence[Choice], reader: str, audience: str, question: str, until: datetime, *, at: datetime
) -> None:
    if not 1 <= len(choices) <= MOST_CREDENTIALS:
        raise BadPresentation(
            "presentation-count", _("Choose 1 to %(most)s credentials.") % {"most": MOST_CREDENTIALS}
        )
    if len({choice.held.pk for choice in choices}) != len(choices):
        raise BadPresentation("presentation-count", _("One of these is chosen twice."))
    if not all(can_be_shown(choice.held) for choice in choices):
        raise BadPresentation("presentation-unfit", _("One of these cannot be put into a presentation."))
    for field, text, most in (
        ("reader", reader, MAX_READER),
        ("audience", audience, MAX_QUESTION),
        ("question", question, MAX_QUESTION),
    ):
        if len(text) > most or has_hidden_characters(text):
            raise BadPresentation(
                "presentation-text", _("Write up to %(most)s characters.") % {"most": most}, field
            )
    if not at < until <= at + LONGEST_LIFE:
        raise BadPresentation(
            "presentation-until", _("Choose a day that lies ahead, at most a year."), "until"
        )


@transaction.atomic
def _record(
    by: Person,
    way: Presentation.Way,
    *,
    reader: str,
    choices: Iterable[Choice],
    bound: bool,
    at: datetime,
    **more: Any,
) -> Presentation:
    held = [choice.held for choice in choices]
    row = Presentation.objects.create(
        person=by,
        way=way,
        reader=reader,
        names=[each.name for each in held],
        held_ids=[each.public_id for each in held],
        bound=bound,
        created_at=at,
        **more,
    )
    # Neither to whom nor what: both are its holder's, and an entry cannot be erased.
    journal.record(
        verb="presentation made",
        by=by,
        organisation_id=None,
        object=row,
        details={"way": str(way.value), "bound": bound},
        at=at,
    )
    return row


@transaction.atomic
def note_sent(by: Person, *, host: str, choices: Iterable[Choice], bound: bool, at: datetime) -> Presentation:
    """Write down what was sent to whom in answer to a request; what was sent is not kept."""
    chosen = list(choices)
    looks.note_shown(by, [each.held.public_id for each in chosen], who=host, at=at)
    return _record(by, Presentation.Way.SENT, reader=host[:255], choices=chosen, bound=bound, at=at)


def opened_by(token: str, *, at: datetime) -> Presentation | None:
    """The presentation of this link if it works today; None for every other reason, which nobody is told."""
    row = Presentation.objects.select_related("person").filter(token_sha256=_digest(token)).first()
    return row if row is not None and row.works(at) else None


def note_opened(row: Presentation, *, at: datetime) -> None:
    """Its reader has opened it; the log of each credential in it says so."""
    Presentation.objects.filter(pk=row.pk).update(opened=F("opened") + 1)
    looks.note_shown(row.person, row.held_ids, who=row.reader, at=at)


@transaction.atomic
def end(row: Presentation, *, by: Person, at: datetime) -> None:
    """End the link. Who has downloaded the file has it; it was signed for one reader and one question."""
    if row.person_id != by.pk:
        raise NotVisible
    if row.token_sha256 and row.ended_at is None:
        row.ended_at = at
        row.save(update_fields=["ended_at"])
        journal.record(verb="presentation ended", by=by, organisation_id=None, object=row, at=at)


def choices_of(
    person: Person, ids: Collection[str], shown: Mapping[str, Collection[str]]
) -> tuple[Choice, ...]:
    """These of one's own, in the order in which they are named; ``NotVisible`` when one is not."""
    mine = {
        each.public_id: each for each in HeldCredential.objects.visible_to(person).filter(public_id__in=ids)
    }
    if not set(ids) <= mine.keys():
        raise NotVisible
    return tuple(Choice(mine[each], frozenset(shown[each]) if each in shown else None) for each in ids)


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
