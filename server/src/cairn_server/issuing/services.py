# SPDX-License-Identifier: Apache-2.0
"""The verbs of issuing: award, withdraw and give back, declare a key compromised, send again.

Awarding is one transaction (docs/explanation/what-is-signed.md, "The order of events"): the intent, the
signature, the bytes, the pending leaves, the message that is owed and the journal entry are all there, or
nothing is. Our own verifier has accepted the bytes before the commit, and nothing outside the database has
happened until then.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from cairn_server.accounts.services import clean_address, verified_addresses
from cairn_server.achievements.models import AchievementVersion
from cairn_server.achievements.services import Archived, InvalidField, is_web_address
from cairn_server.errors import Refusal
from cairn_server.issuing import recipients, signing, status_lists
from cairn_server.issuing.models import (
    Batch,
    Credential,
    Delivery,
    SecuredCredential,
    StatusList,
)
from cairn_server.issuing.signing import Issuer
from cairn_server.journal import services as journal
from cairn_server.organisations import identity
from cairn_server.organisations.installation import require_awarding_allowed
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import require_signer
from cairn_server.tlog.models import PendingLeaf

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import SigningKey

MAX_REASON = 500
# Clocks differ; a start this much before now is now, any earlier is back-dating (B156).
SKEW = timedelta(minutes=5)
LONGEST_AHEAD = timedelta(days=366)


class NotPublished(Refusal):
    def __init__(self) -> None:
        super().__init__("not-published", _("This version is still a draft. Publish it first."))


class RequestKeyReused(Refusal):
    """The same key with another award in it would look like success and award nobody."""

    def __init__(self) -> None:
        super().__init__("idempotency-key-reused", _("This key was used for another award."), status=422)


class AlreadyRevoked(Refusal):
    """Revocation is final: there is nothing that could be done to a revoked credential."""

    def __init__(self) -> None:
        super().__init__(
            "already-revoked", _("This credential is revoked, for good. Award it anew if that was a mistake.")
        )


class AlreadySuspended(Refusal):
    def __init__(self) -> None:
        super().__init__("already-suspended", _("This credential is suspended already."))


class NotSuspended(Refusal):
    def __init__(self) -> None:
        super().__init__("not-suspended", _("This credential is not suspended."))


# Awarding


@dataclass(frozen=True, slots=True)
class Recipient:
    name: str
    email: str
    did: str = ""  # the holder's own identifier, where it is known


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller asks for, read and found good."""

    version: AchievementVersion
    recipient: Recipient
    request_key: str
    awarded_at: datetime
    valid_from: datetime
    valid_until: datetime | None
    texts: dict[str, str] = field(default_factory=dict)


@transaction.atomic
def award(
    *,
    by: Person,
    version: AchievementVersion,
    recipient: Recipient,
    request_key: str,
    at: datetime,
    awarded_on: datetime | None = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    evidence_url: str = "",
    evidence_name: str = "",
    evidence_description: str = "",
    narrative: str = "",
    grade: str = "",
) -> Credential:
    """Award a published version to one person. The same ``request_key`` again is the same award.

    ``awarded_on`` may lie in the past: it says when it was earned. ``valid_from`` may not: a signature made
    today says nothing about yesterday (B156).
    """
    organisation = fresh(version.organisation)
    require_signer(by, organisation)
    wanted = read_award(
        version=version,
        recipient=recipient,
        request_key=request_key,
        at=at,
        awarded_on=awarded_on,
        valid_from=valid_from,
        valid_until=valid_until,
        texts={
            "evidence_url": evidence_url,
            "evidence_name": evidence_name,
            "evidence_description": evidence_description,
            "narrative": narrative,
            "grade": grade,
        },
    )
    status_lists.lock(organisation)
    before = awarded_before(wanted)
    if before is not None:
        return before
    require_awardable(version)
    issuer = Issuer.open(organisation, at=at)
    credential = award_wanted(wanted, issuer=issuer, by=by, batch=None, at=at)
    status_lists.announce([credential.status_list])
    return credential


def award_wanted(
    wanted: Wanted, *, issuer: Issuer, by: Person, batch: Batch | None, at: datetime
) -> Credential:
    """One award inside the caller's transaction, in the order of docs/explanation/what-is-signed.md."""
    status_list, index = status_lists.allocate(issuer, at=at)
    credential = Credential(
        organisation=issuer.organisation,
        version=wanted.version,
        batch=batch,
        request_key=wanted.request_key,
        recipient_name=wanted.recipient.name,
        recipient_email=wanted.recipient.email,
        # A fresh identifier for each award, so that two awards of one person cannot be linked by it.
        subject_id=wanted.recipient.did or uuid.uuid4().urn,
        awarded_at=wanted.awarded_at,
        valid_from=wanted.valid_from,
        valid_until=wanted.valid_until,
        issued_by=by,
        status_list=status_list,
        status_index=index,
        **wanted.texts,
    )
    document = signing.build(credential, issuer=issuer)
    signing.lint(document, at=max(at, wanted.valid_from))
    credential.intent_sha256 = signing.intent_digest(document)
    credential.save(force_insert=True)

    known = signing.issuer_sources(issuer.organisation) | status_lists.list_sources(status_list)
    for format, secured in signing.sign_all(document, issuer=issuer, at=at).items():
        # A start in the future is no fault: it is judged at its start.
        verified = signing.verify_own(secured, known, at=max(at, wanted.valid_from), step=f"signed {format}")
        leaf = PendingLeaf.objects.create(
            label=PendingLeaf.Label.ISSUE,
            format=format,
            issuer_did=issuer.did,
            secured_sha256=verified.report.sha256,
            created_at=at,
        )
        SecuredCredential.objects.create(
            credential=credential, format=format, secured=secured, sha256=verified.report.sha256, leaf=leaf
        )
    credential.state = Credential.State.SIGNED
    credential.save(update_fields=["state"])
    _owe(credential, Delivery.Kind.AWARDED, at=at)
    journal.record(
        verb="credential awarded",
        by=by,
        organisation_id=issuer.organisation.public_id,
        object=credential,
        details={
            "version": wanted.version.public_id,
            "intent": credential.intent_sha256,
            "key": issuer.verification_method,
            "batch": batch.public_id if batch is not None else None,
        },
        at=at,
    )
    return credential


def read_award(
    *,
    version: AchievementVersion,
    recipient: Recipient,
    request_key: str,
    at: datetime,
    awarded_on: datetime | None,
    valid_from: datetime | None,
    valid_until: datetime | None,
    texts: dict[str, str],
) -> Wanted:
    name, email = recipient.name.strip(), recipient.email
    if not name or len(name) > 200 or has_hidden_characters(name) or not any(map(str.isalnum, name)):
        raise InvalidField("name", _("Write the name of the person, without invisible characters."))
    try:
        email = clean_address(email)
    except ValidationError as error:
        raise InvalidField("email", error.messages[0]) from error
    if recipient.did and not _is_did(recipient.did):
        raise InvalidField("did", _("This is not a DID."))
    if not 1 <= len(request_key) <= 100:
        raise InvalidField("request_key", _("A request key has 1 to 100 characters."))
    texts = {key: value.strip().replace("\r\n", "\n").replace("\r", "\n") for key, value in texts.items()}
    for key, text in texts.items():
        if len(text) > recipients.LONGEST[key]:
            raise InvalidField(
                key, _("Write at most {longest} characters.").format(longest=recipients.LONGEST[key])
            )
        if has_hidden_characters(text.replace("\n", "").replace("\t", "")):
            raise InvalidField(key, _("Leave out invisible and control characters."))
    if texts["evidence_url"] and not is_web_address(texts["evidence_url"]):
        raise InvalidField("evidence_url", _("Write a full web address."))

    now = at.replace(microsecond=0)  # what is signed has whole seconds (N23)
    starts = valid_from.replace(microsecond=0) if valid_from else now
    if starts < now - SKEW:
        raise InvalidField("valid_from", _("A credential cannot be valid from before it is awarded."))
    if starts > now + LONGEST_AHEAD:
        raise InvalidField("valid_from", _("The start may be one year ahead at most."))
    ends = valid_until.replace(microsecond=0) if valid_until else None
    if ends is None and version.validity_days is not None:
        ends = starts + timedelta(days=version.validity_days)
    if ends is not None and ends <= max(starts, now):
        raise InvalidField("valid_until", _("The end lies before the start, or is over already."))
    awarded = awarded_on.replace(microsecond=0) if awarded_on else now
    if awarded > now + SKEW:
        raise InvalidField("awarded_on", _("The day of the award lies in the future."))
    return Wanted(
        version=version,
        recipient=Recipient(name, email, recipient.did),
        request_key=request_key,
        awarded_at=awarded,
        valid_from=starts,
        valid_until=ends,
        texts=texts,
    )


def _is_did(text: str) -> bool:
    method, _separator, rest = text.removeprefix("did:").partition(":")
    return (
        text.startswith("did:")
        and len(text) <= 400
        and method.isalnum()
        and method.islower()
        and bool(rest)
        and text.isascii()
        and text.isprintable()
        and not set(text) & set(' #?/\\"<>')
    )


def fresh(organisation: Organisation) -> Organisation:
    """As it is now: whether it asks for a second factor is not decided by an object read earlier."""
    return Organisation.objects.get(pk=organisation.pk)


def awarded_before(wanted: Wanted) -> Credential | None:
    found = Credential.objects.filter(
        organisation=wanted.version.organisation, request_key=wanted.request_key
    ).first()
    if found is None:
        return None
    same = (found.version_id, found.recipient_name, found.recipient_email) == (
        wanted.version.pk,
        wanted.recipient.name,
        wanted.recipient.email,
    )
    if not same:
        raise RequestKeyReused
    return found


def require_awardable(version: AchievementVersion) -> None:
    require_awarding_allowed(version.organisation)
    current = AchievementVersion.objects.select_related("achievement").get(pk=version.pk)
    if not current.is_published:
        raise NotPublished
    if current.achievement.archived_at is not None:
        raise Archived


def _owe(credential: Credential, kind: Delivery.Kind, *, at: datetime) -> Delivery:
    told = kind not in (Delivery.Kind.AWARDED, Delivery.Kind.AGAIN)
    return Delivery.objects.create(
        credential=credential,
        kind=kind,
        to=credential.recipient_email,
        reason=credential.standing_reason if told else "",
        created_at=at,
        due_at=at,
    )


# Withdrawing, and giving back


@transaction.atomic
def revoke(credential: Credential, *, by: Person, reason: str, at: datetime) -> Credential:
    """Withdraw it for good. The signed list says so in the same transaction."""
    return _change_standing(
        credential, to=Credential.Standing.REVOKED, kind=Delivery.Kind.REVOKED, by=by, reason=reason, at=at
    )


@transaction.atomic
def suspend(credential: Credential, *, by: Person, reason: str, at: datetime) -> Credential:
    """Withdraw it for the time being. Verifiers other than Cairn may not see it (the twin list is ours)."""
    return _change_standing(
        credential,
        to=Credential.Standing.SUSPENDED,
        kind=Delivery.Kind.SUSPENDED,
        by=by,
        reason=reason,
        at=at,
    )


@transaction.atomic
def reinstate(credential: Credential, *, by: Person, reason: str, at: datetime) -> Credential:
    """Give a suspended credential back."""
    return _change_standing(
        credential, to=Credential.Standing.ACTIVE, kind=Delivery.Kind.REINSTATED, by=by, reason=reason, at=at
    )


def _change_standing(
    credential: Credential,
    *,
    to: Credential.Standing,
    kind: Delivery.Kind,
    by: Person,
    reason: str,
    at: datetime,
) -> Credential:
    organisation = fresh(credential.organisation)
    require_signer(by, organisation)
    # A closed organisation still answers for what it awarded; a restored copy waits.
    require_awarding_allowed()
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON or has_hidden_characters(reason.replace("\n", " ")):
        raise InvalidField("reason", _("Give a reason, in at most 500 characters."))
    status_lists.lock(organisation)
    current = Credential.objects.select_for_update().get(pk=credential.pk)
    _require_change(current.standing, to)
    status_list = StatusList.objects.select_for_update().get(pk=current.status_list_id)
    index = current.status_index
    status_list.revoked = status_lists.changed(
        status_list.revoked, index, value=to == Credential.Standing.REVOKED
    )
    status_list.suspended = status_lists.changed(
        status_list.suspended, index, value=to == Credential.Standing.SUSPENDED
    )
    status_lists.publish(status_list, issuer=Issuer.open(organisation, at=at), at=at)
    status_lists.announce([status_list])
    current.standing, current.standing_reason, current.standing_at = to, reason, at
    current.save(update_fields=["standing", "standing_reason", "standing_at"])
    if to == Credential.Standing.REVOKED:
        _log_revocation(current, at=at)
    _owe(current, kind, at=at)
    journal.record(
        verb=f"credential {kind.value}",
        by=by,
        organisation_id=organisation.public_id,
        object=current,
        # The reason is somebody's free text and may name people: it stays in the row (journal: no names).
        details={"list": status_list.public_id, "version": status_list.version},
        at=at,
    )
    credential.refresh_from_db()
    return credential


@transaction.atomic
def revoke_key(key: SigningKey, *, by: Person, reason: str, at: datetime) -> list[str]:
    """Declare a key compromised, and sign anew what it said of others: the lists of what is withdrawn.

    Without that no credential of any other key could be checked, and nothing could be awarded, until the
    background work came by. What is answered names the lists that cannot be signed now (a restored copy, no
    room for another key): the declaration stands all the same, for a stolen key is worse than a silent list.
    """
    organisation = key.organisation
    identity.revoke_key(organisation, by=by, key=key, reason=reason, at=at)
    return status_lists.sign_anew(organisation, at=at)


def _require_change(standing: str, to: Credential.Standing) -> None:
    if standing == Credential.Standing.REVOKED:
        raise AlreadyRevoked
    if to == Credential.Standing.SUSPENDED and standing == Credential.Standing.SUSPENDED:
        raise AlreadySuspended
    if to == Credential.Standing.ACTIVE and standing != Credential.Standing.SUSPENDED:
        raise NotSuspended


def _log_revocation(credential: Credential, *, at: datetime) -> None:
    """A second leaf for each representation, with the salt of the first, so that the two belong together."""
    for secured in credential.secured.select_related("leaf"):
        PendingLeaf.objects.create(
            salt=secured.leaf.salt,
            label=PendingLeaf.Label.REVOKE,
            format=secured.format,
            issuer_did=secured.leaf.issuer_did,
            secured_sha256=secured.sha256,
            created_at=at,
        )


# Telling


@transaction.atomic
def send_again(credential: Credential, *, by: Person, at: datetime) -> Delivery:
    """Send the message that brought the award once more, to the address it was awarded to."""
    require_signer(by, fresh(credential.organisation))
    if credential.standing == Credential.Standing.REVOKED:
        raise AlreadyRevoked
    delivery = _owe(credential, Delivery.Kind.AGAIN, at=at)
    journal.record(
        verb="credential sent again",
        by=by,
        organisation_id=credential.organisation.public_id,
        object=credential,
        at=at,
    )
    return delivery


def export_data(person: Person) -> dict[str, Any]:
    """What issuing knows about a person as a learner: the awards to their addresses."""
    awards = Credential.objects.signed().filter(recipient_email__in=verified_addresses(person))
    return {
        "awards": [
            {
                "id": each.public_id,
                "achievement": each.version.name,
                "organisation": each.organisation.name,
                "name": each.recipient_name,
                "email": each.recipient_email,
                "awarded_at": each.awarded_at.isoformat(),
                "standing": each.standing,
                "reason": each.standing_reason,
            }
            for each in awards.select_related("version", "organisation").order_by("awarded_at")
        ]
    }
