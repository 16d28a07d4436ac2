# SPDX-License-Identifier: Apache-2.0
"""To ask somebody for credentials, and to take the one answer.

From the ``public_id`` of a request and the server's secret follows what stands in its addresses, from that
the nonce and the state; the table has a digest. So whoever asked can see the link again, and whoever reads
the table cannot answer in somebody's place.

An answer is judged before it is kept, and kept whatever the verdict is: that somebody showed what does not
hold is an answer too. It is the only one. Of two that come at once one is the answer (B148, B154), and
what is no answer at all (another state, no presentations) does not use the request up.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from cairn.canonical import parse_json
from cairn.errors import CairnError
from cairn.keys import base64url_encode
from cairn_server.accounts.limits import Limit
from cairn_server.accounts.models import random_id
from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations import installation, receipts
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.presenting import dcql, judging, openid4vp
from cairn_server.presenting.models import Presentation, PresentationRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cairn import Sources
    from cairn.checks import Check
    from cairn_server.accounts.models import Person

MAX_NAME, MAX_PURPOSE = 120, 500
LONGEST_LIFE = timedelta(days=90)
# After its end, or after its answer: long enough to have read it.
KEPT_FOR = timedelta(days=30)
# A signed request object is for the wallet that is asking for it now.
OBJECT_LIVES = timedelta(minutes=10)
LONGEST_ANSWER = 1024 * 1024
REQUESTS = Limit("presentation-requests", burst=30, per_minute=10)
# Of one request: a wrong answer is not the end of it, but each costs a judgement.
ANSWERS = Limit("presentation-answers", burst=5, per_minute=5)
# Section 8.5 and RFC 6749; any other word is "other".
REASONS = (
    "access_denied",
    "invalid_request",
    "invalid_client",
    "invalid_scope",
    "vp_formats_not_supported",
    "invalid_request_uri_method",
    "invalid_transaction_data",
    "wallet_unavailable",
)
_UNSIGNED = "-unsigned"


class BadRequest(Refusal):
    """Something about a new request is not as it has to be; ``field`` says what."""

    status = 422

    def __init__(self, code: str, message: object, field: str) -> None:
        super().__init__(code, message)  # type: ignore[arg-type]
        self.field = field


class RequestOver(Refusal):
    """Answered, withdrawn, over, or never was: whoever only has the address is not told which."""

    def __init__(self) -> None:
        super().__init__("request-closed", _("This request is answered or over."), status=404)


class AnswerRefused(Refusal):
    """What came is no answer to this request; ``why`` is for developers."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(code, _("This is no answer to the request."), status=400)
        self.why = why


# What follows from a request


def _derived(what: str, of: str) -> bytes:
    return salted_hmac(f"cairn.presenting.{what}", of, algorithm="sha256").digest()


def secret_of(request: PresentationRequest) -> str:
    """What stands in its addresses: 128 bits."""
    return base64url_encode(_derived("secret", request.public_id)[:16])


def nonce_of(secret: str) -> str:
    return base64url_encode(_derived("nonce", secret))


def state_of(secret: str, *, signed: bool) -> str:
    """With it comes back which of the two links the wallet had: they name us differently."""
    return base64url_encode(_derived("state", secret)) + ("" if signed else _UNSIGNED)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def request_of(row: PresentationRequest, secret: str, public_url: str, *, signed: bool) -> openid4vp.Request:
    """What is asked, in the words of the protocol."""
    response_uri = public_url + reverse("presentation-response", args=[secret])
    client_id = openid4vp.client_at(response_uri)
    if signed:
        client_id = openid4vp.client_of(receipts.identity_of_requests())
    return openid4vp.Request(
        client_id=client_id,
        response_uri=response_uri,
        nonce=nonce_of(secret),
        state=state_of(secret, signed=signed),
        query=row.dcql_query,
        client_name=row.asker,
    )


def link_of(row: PresentationRequest, secret: str, public_url: str) -> str:
    """The link for wallets: by reference and signed where this server has a name of its own (https)."""
    if not receipts.identity_of_requests():
        return openid4vp.by_value(request_of(row, secret, public_url, signed=False))
    asked = request_of(row, secret, public_url, signed=True)
    return openid4vp.by_reference(
        asked.client_id, public_url + reverse("presentation-request-object", args=[secret])
    )


def plain_link_of(row: PresentationRequest, secret: str, public_url: str) -> str:
    """The same by value, for wallets that know no DID; they know us by our address."""
    return openid4vp.by_value(request_of(row, secret, public_url, signed=False))


# Asking


@transaction.atomic
def ask(
    *,
    by: Person,
    asker: str,
    purpose: str,
    query: Mapping[str, Any],
    until: datetime,
    at: datetime,
) -> PresentationRequest:
    """Ask for credentials. ``asker`` and ``purpose`` are read by whoever is asked; nobody checks them."""
    installation.require_own_address()
    asker, purpose = " ".join(asker.split()), " ".join(purpose.split())
    if not 1 <= len(asker) <= MAX_NAME or has_hidden_characters(asker):
        raise BadRequest("request-asker", _("Write 1 to %(most)s characters.") % {"most": MAX_NAME}, "asker")
    if not 1 <= len(purpose) <= MAX_PURPOSE or has_hidden_characters(purpose):
        raise BadRequest(
            "request-purpose", _("Write 1 to %(most)s characters.") % {"most": MAX_PURPOSE}, "purpose"
        )
    if not at < until <= at + LONGEST_LIFE:
        raise BadRequest("request-until", _("Choose a day that lies ahead, at most 90 days."), "until")
    try:
        dcql.read(query)
    except CairnError as error:
        raise BadRequest("request-query", error.message, "query") from error
    REQUESTS.take(by.public_id, at=at)
    # Known before the row is made, because its secret follows from it.
    row = PresentationRequest(
        public_id=random_id(),
        person=by,
        asker=asker,
        purpose=purpose,
        dcql_query=dict(query),
        created_at=at,
        expires_at=until,
    )
    row.secret_sha256 = _digest(secret_of(row))
    row.save()
    journal.record(verb="presentation asked for", by=by, organisation_id=None, object=row, at=at)
    return row


@transaction.atomic
def withdraw(row: PresentationRequest, *, by: Person, at: datetime) -> None:
    """Ask no longer. An answer that is there already stays what it is."""
    if row.person_id != by.pk:
        raise NotVisible
    open_ones = PresentationRequest.objects.filter(pk=row.pk, answered_at=None, withdrawn_at=None)
    if open_ones.update(withdrawn_at=at):
        journal.record(verb="presentation request withdrawn", by=by, organisation_id=None, object=row, at=at)


@transaction.atomic
def delete(row: PresentationRequest, *, by: Person, at: datetime) -> None:
    """Delete a request with its answer: what was shown is kept no longer than who asked wants it."""
    if row.person_id != by.pk:
        raise NotVisible
    journal.record(verb="presentation request deleted", by=by, organisation_id=None, object=row, at=at)
    row.delete()


def behind(secret: str) -> PresentationRequest | None:
    """The request of these addresses, open or not."""
    return PresentationRequest.objects.select_related("person").filter(secret_sha256=_digest(secret)).first()


def open_request(secret: str, *, at: datetime) -> PresentationRequest:
    row = behind(secret)
    if row is None or not row.is_open(at):
        raise RequestOver
    return row


def request_object(secret: str, public_url: str, *, wallet_nonce: str = "", at: datetime) -> str:
    """The signed request (RFC 9101) for the wallet that asks for it now."""
    row = open_request(secret, at=at)
    if not receipts.identity_of_requests():
        raise RequestOver
    signer, kid = receipts.signer_of_requests(at=at)
    return openid4vp.sign(
        request_of(row, secret, public_url, signed=True),
        signer,
        kid=kid,
        at=at,
        until=min(row.expires_at, at + OBJECT_LIVES),
        wallet_nonce=wallet_nonce,
    )


# The answer


def receive(
    secret: str,
    said: Mapping[str, str],
    public_url: str,
    *,
    sources: Sources,
    checks: Sequence[Check],
    at: datetime,
) -> PresentationRequest:
    """Judge what a wallet sent and keep it as the answer; the first one that is an answer is the only one."""
    row = open_request(secret, at=at)
    ANSWERS.take(row.public_id, at=at)
    signed = _way(said.get("state", ""), secret)
    if "error" in said:
        word = said["error"]
        return _keep(row, declined=word if word in REASONS else "other", at=at)
    token = _token(said.get("vp_token", ""))
    asked = request_of(row, secret, public_url, signed=signed)
    try:
        judged = judging.judge(
            token,
            query=dcql.read(row.dcql_query),
            audience=asked.client_id,
            nonce=asked.nonce,
            sources=sources,
            checks=checks,
            at=at,
        )
    except CairnError as error:
        raise AnswerRefused(error.code, error.message) from error
    return _keep(row, presentations=token, judged=judged, at=at)


def _way(state: str, secret: str) -> bool:
    """Whether the wallet had the signed link; ``AnswerRefused`` for a state that is not of this request."""
    for signed in (True, False):
        if compare_digest(state.encode(), state_of(secret, signed=signed).encode()):
            return signed
    raise AnswerRefused("answer-state", "state is not the one of the request")


def _token(text: str) -> dict[str, Any]:
    if not text or len(text) > LONGEST_ANSWER:
        raise AnswerRefused("answer-malformed", "vp_token is missing or too long")
    try:
        return parse_json(text.encode())
    except CairnError as error:
        raise AnswerRefused("answer-malformed", "vp_token is no JSON object") from error


@transaction.atomic
def _keep(
    row: PresentationRequest,
    *,
    declined: str = "",
    presentations: dict[str, Any] | None = None,
    judged: judging.Judged | None = None,
    at: datetime,
) -> PresentationRequest:
    findings = [
        {
            "wanted": each.wanted,
            "problem": each.problem,
            "report": None if each.report is None else each.report.to_document(),
        }
        for each in (judged.shown if judged else ())
    ]
    still_open = PresentationRequest.objects.filter(
        pk=row.pk, answered_at=None, withdrawn_at=None, expires_at__gt=at
    )
    changed = {
        "answered_at": at,
        "declined": declined,
        "presentations": presentations,
        "findings": findings,
        "accepted": judged is not None and judged.accepted,
    }
    if not still_open.update(**changed):
        raise RequestOver
    for name, value in changed.items():
        setattr(row, name, value)
    journal.record(
        verb="presentation received",
        by=None,
        organisation_id=None,
        object=row,
        details={"accepted": row.accepted, "declined": declined},
        at=at,
    )
    return row


# Housekeeping and one's own data


def forget_old(*, at: datetime) -> int:
    """Delete what has been read long since: requests, their answers, and presentations whose link is over."""
    over = at - KEPT_FOR
    requests = PresentationRequest.objects.filter(Q(answered_at__lt=over) | Q(expires_at__lt=over))
    ended = Presentation.objects.filter(Q(expires_at__lt=over) | Q(ended_at__lt=over))
    return requests.delete()[0] + ended.delete()[0]


def export_data(person: Person) -> dict[str, Any]:
    """What this app knows about a person."""
    return {
        "requests": [
            {
                "asker": each.asker,
                "purpose": each.purpose,
                "query": each.dcql_query,
                "created_at": each.created_at.isoformat(),
                "expires_at": each.expires_at.isoformat(),
                "answered_at": each.answered_at.isoformat() if each.answered_at else None,
                "answer": each.presentations,
            }
            for each in PresentationRequest.objects.visible_to(person)
        ],
        "shown": [
            {
                "to": each.reader,
                "way": each.way,
                "credentials": each.names,
                "at": each.created_at.isoformat(),
                "expires_at": each.expires_at.isoformat() if each.expires_at else None,
                "ended_at": each.ended_at.isoformat() if each.ended_at else None,
                "opened": each.opened,
            }
            for each in Presentation.objects.visible_to(person)
        ],
    }
