# SPDX-License-Identifier: Apache-2.0
"""Whoever was awarded something says whether they want it: the way of an award to its holder.

    letter with a link ── open ──┬── accepted    in the wallet of the account that has proved the address
                           │     └── declined    shown to nobody; may be accepted as long as a link works
                           └── over              after half a year, until somebody sends it again

Nothing comes into a wallet by an address alone. Accepting asks for a proof of the address that is a year old
at most, or for a code that is typed now; and what one person has answered is never offered to the next holder
of the same mailbox. What was accepted belongs to the person, whatever becomes of the address (B146).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts import proving
from cairn_server.accounts.limits import Limit
from cairn_server.accounts.services import verified_addresses
from cairn_server.errors import NotVisible, Refusal
from cairn_server.issuing import analytics, signing
from cairn_server.issuing.answers import MAX_REASON, Answer, ClaimLink
from cairn_server.issuing.models import Credential, SecuredCredential
from cairn_server.issuing.signing import Format
from cairn_server.journal import services as journal
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.wallets import services as wallets
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from cairn_server.accounts.models import AddressProof, Person
    from cairn_server.issuing.models import CredentialQuerySet

Said = Answer.Said

# How long a letter's link works; also how long an award waits for an account with its address.
LIVES = timedelta(days=180)
FIRST_REMINDER = timedelta(days=7)
LAST_REMINDER = timedelta(days=14)
# New letters that the reader of an old one may ask for, for one award.
LETTERS = Limit("claim-letters", burst=2, per_minute=2 / (24 * 60))


class AlreadyAnswered(Refusal):
    """Somebody has it: one answer for whoever comes with the same link later (B145)."""

    status = 410

    def __init__(self, when: datetime) -> None:
        super().__init__("claim-used", _("This link was already used."))
        self.when = when


class ClaimOver(Refusal):
    status = 410

    def __init__(self) -> None:
        super().__init__("claim-expired", _("This link has expired. Ask for a new one."))


class BadReason(Refusal):
    status = 422
    field = "reason"

    def __init__(self) -> None:
        super().__init__(
            "claim-reason",
            _("Write up to %(most)s characters, and no invisible ones.") % {"most": MAX_REASON},
        )


# Links


def new_link(credential: Credential, *, at: datetime, ends: datetime | None = None) -> tuple[ClaimLink, str]:
    """A link for one letter, with its secret. ``ends`` is for a reminder, which prolongs nothing."""
    secret = secrets.token_urlsafe(16)
    expires_at = ends or at + LIVES
    remind_at = expires_at - LAST_REMINDER if ends else at + FIRST_REMINDER
    with transaction.atomic():
        ClaimLink.objects.filter(credential=credential, remind_at__isnull=False).update(remind_at=None)
        link = ClaimLink.objects.create(
            credential=credential,
            secret_sha256=_digest(secret),
            created_at=at,
            expires_at=expires_at,
            remind_at=remind_at if remind_at > at else None,
        )
    return link, secret


def link_behind(secret: str) -> ClaimLink | None:
    """The link that this secret belongs to, whatever has become of it."""
    return (
        ClaimLink.objects.filter(secret_sha256=_digest(secret))
        .select_related("credential__organisation", "credential__version__achievement", "credential__first")
        .first()
    )


def last_link(credential: Credential) -> ClaimLink | None:
    return ClaimLink.objects.filter(credential=credential).order_by("-expires_at", "-pk").first()


def take_letter(link: ClaimLink, *, at: datetime) -> None:
    """Whoever has an old link may have a new letter sent to where that one went: so often and no more."""
    if answer_to(link.credential) is not None:
        raise NotVisible
    LETTERS.take(link.credential.public_id, at=at)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


# How it stands


def answer_to(credential: Credential) -> Answer | None:
    """What was said to this award, of whichever copy of it is asked."""
    return Answer.objects.filter(credential_id=credential.first_id or credential.pk).first()


def is_declined(address_id: str) -> bool:
    """Whether what stands under ``/c/<address_id>`` was declined: then it is shown to nobody."""
    return Answer.objects.filter(credential__public_id=address_id, said=Said.DECLINED).exists()


@dataclass(frozen=True, slots=True)
class Claim:
    """What an issuer reads of it."""

    answer: Answer | None
    link: ClaimLink | None

    def state(self, at: datetime) -> str:
        if self.answer is not None:
            return self.answer.said
        if self.link is None:
            return "waiting"
        return "waiting" if at < self.link.expires_at else "expired"


def claim_of(credential: Credential) -> Claim:
    return Claim(answer_to(credential), last_link(credential.first or credential))


def is_open(credential: Credential, *, at: datetime) -> bool:
    """Whether it can still be answered."""
    link = last_link(credential.first or credential)
    return at < (link.expires_at if link is not None else credential.awarded_at + LIVES)


def held_of(credential: Credential, person: Person) -> HeldCredential | None:
    """Where it is in this person's wallet; None when they have let it go."""
    digest = credential.secured_in(Format.JSON).sha256
    return HeldCredential.objects.filter(person=person, sha256=digest).first()


def waiting_for(person: Person, *, at: datetime) -> CredentialQuerySet:
    """Awards to the person's addresses that nobody has answered; without those that waited for too long."""
    return (
        Credential.objects.signed()
        .newest()
        .filter(recipient_email__in=verified_addresses(person))
        .filter(~_answered(), _in_time(at))
        .order_by("-awarded_at", "-id")
    )


def theirs(person: Person, *, at: datetime) -> CredentialQuerySet:
    """What this person may act upon as its holder: accepted, or waiting for them by a fresh address."""
    return Credential.objects.signed().filter(
        Exists(_answers().filter(said=Said.ACCEPTED, person=person))
        | (Q(recipient_email__in=proving.fresh_addresses(person, at=at)) & ~_answered() & _in_time(at))
    )


def known_of(person: Person) -> CredentialQuerySet:
    """All that may be told to this person of what was awarded to them: answered by them, or by nobody."""
    # A list of ids: those a database looks up. For a join on either side of "or" it reads a whole table.
    answered = list(Answer.objects.filter(person=person).values_list("credential_id", flat=True))
    unanswered = Q(recipient_email__in=verified_addresses(person)) & ~_answered()
    return Credential.objects.signed().filter(Q(pk__in=answered) | Q(first__in=answered) | unanswered)


def require_holder(credential: Credential, person: Person, *, at: datetime) -> None:
    """For all others there is nothing."""
    if not theirs(person, at=at).filter(pk=credential.pk).exists():
        raise NotVisible


def _answers() -> QuerySet[Answer]:
    return Answer.objects.filter(credential_id=Coalesce(OuterRef("first_id"), OuterRef("pk")))


def _answered() -> Exists:
    return Exists(_answers())


def _in_time(at: datetime) -> Q:
    """As ``is_open``, asked of many."""
    links = ClaimLink.objects.filter(credential_id=Coalesce(OuterRef("first_id"), OuterRef("pk")))
    return Q(Exists(links.filter(expires_at__gt=at))) | (Q(~Exists(links)) & Q(awarded_at__gt=at - LIVES))


# Answering


@transaction.atomic
def accept(credential: Credential, *, by: Person, at: datetime) -> HeldCredential:
    """Into this person's wallet, verified on the way. To accept it twice is the same as once."""
    first = _locked(credential)
    before = answer_to(first)
    if before is not None and before.said == Said.ACCEPTED:
        if before.person_id != by.pk:
            raise AlreadyAnswered(before.at)
        return _hand_over(first, holder=by, at=at)
    _require_fresh(first, by, at=at)
    if not is_open(first, at=at):
        raise ClaimOver
    _note(first, Said.ACCEPTED, verb="credential accepted", person=by, at=at)
    return _hand_over(first, holder=by, at=at)


@transaction.atomic
def decline(
    credential: Credential,
    *,
    by: Person | None,
    proof: AddressProof | None = None,
    reason: str = "",
    at: datetime,
) -> None:
    """Not wanted. Whoever has no account shows the proof of the address alone."""
    first = _locked(credential)
    before = answer_to(first)
    if before is not None and before.said == Said.ACCEPTED:
        raise AlreadyAnswered(before.at)
    if proof is None or not proving.is_good(proof, first.recipient_email, at=at):
        if by is None:
            raise NotVisible
        _require_fresh(first, by, at=at)
    if before is None and not is_open(first, at=at):
        raise ClaimOver
    reason = " ".join(reason.split())
    if len(reason) > MAX_REASON or has_hidden_characters(reason):
        raise BadReason
    _note(first, Said.DECLINED, verb="credential declined", person=by, reason=reason, at=at)


def accept_waiting(person: Person, *, at: datetime) -> int:
    """All that waits for this person and may be had without another code; how many that were."""
    fresh = proving.fresh_addresses(person, at=at)
    found = list(waiting_for(person, at=at).filter(recipient_email__in=fresh))
    for credential in found:
        accept(credential, by=person, at=at)
    return len(found)


def follow(credential: Credential, *, at: datetime) -> None:
    """What takes the place of something that was accepted goes where that went: renewed, or mended.

    Where the mistake was the address, it is for somebody else, who is asked.
    """
    before, replaced = answer_to(credential), credential.replaces
    if before is None and replaced is not None and replaced.recipient_email == credential.recipient_email:
        before = answer_to(replaced)
        if before is not None and before.said == Said.ACCEPTED and before.person is not None:
            with transaction.atomic():
                mended = _locked(credential)
                _note(mended, Said.ACCEPTED, verb="credential accepted", person=before.person, at=at)
    if before is not None and before.said == Said.ACCEPTED and before.person is not None:
        put_into_wallet(credential.secured_in(Format.JSON), holder=before.person, at=at)


def put_into_wallet(secured: SecuredCredential, *, holder: Person, at: datetime) -> HeldCredential:
    """Verify our own product, then hand it over; a wallet keeps also what was revoked since."""
    known = signing.issuer_sources(secured.credential.organisation)
    verified = signing.verify_own(secured.bytes(), known, at=at, step="delivery", judged_by=signing.ITSELF)
    is_new = not HeldCredential.objects.filter(person=holder, sha256=secured.sha256).exists()
    held = wallets.receive(
        verified,
        holder=holder,
        secured=secured.bytes(),
        at=at,
        source=HeldCredential.Source.AWARDED_HERE,
    )
    if is_new and not secured.credential.is_renewal:
        analytics.claimed([secured.credential], at=at)
    return held


def _locked(credential: Credential) -> Credential:
    """The first copy, so that of two answers at once one is the first."""
    return (
        Credential.objects.signed()
        .select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=credential.first_id or credential.pk)
    )


def _require_fresh(first: Credential, person: Person, *, at: datetime) -> None:
    if first.recipient_email not in proving.fresh_addresses(person, at=at):
        raise NotVisible


def _note(
    first: Credential, said: Said, *, verb: str, person: Person | None, reason: str = "", at: datetime
) -> None:
    Answer.objects.update_or_create(
        credential=first, defaults={"said": said, "person": person, "reason": reason, "at": at}
    )
    ClaimLink.objects.filter(credential=first, remind_at__isnull=False).update(remind_at=None)
    journal.record(
        verb=verb,
        by=person,
        organisation_id=first.organisation.public_id,
        object=first,
        at=at,
    )


def _hand_over(first: Credential, *, holder: Person, at: datetime) -> HeldCredential:
    """All of its copies, the newest last: that one stands for them."""
    copies = SecuredCredential.objects.filter(
        Q(credential=first) | Q(credential__first=first),
        format=Format.JSON,
        credential__state=Credential.State.SIGNED,
    ).select_related("credential__organisation", "dictionary")
    [*_older, newest] = [
        put_into_wallet(each, holder=holder, at=at)
        for each in copies.order_by(F("credential__valid_from").asc(), "credential__pk")
    ]
    return newest


# Asking once more


def due_reminders(*, at: datetime, limit: int) -> list[tuple[ClaimLink, bool]]:
    """Links whose readers are asked once more, and whether it is the last time."""
    due = ClaimLink.objects.filter(remind_at__lte=at).select_related("credential").order_by("remind_at", "pk")
    return [(link, link.expires_at - at <= LAST_REMINDER) for link in due[:limit]]
