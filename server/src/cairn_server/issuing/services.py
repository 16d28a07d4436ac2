# SPDX-License-Identifier: Apache-2.0
"""The verbs of issuing: award, declare a key compromised, send again; withdraw and give back are in standing.

Awarding is two short transactions with the signer between them (docs/explanation/what-is-signed.md, "The
order of events"). The first puts on record what will be signed: the number, the document, the key. In the
second the bytes, the pending leaves, the message that is owed and the journal entry are all there, or nothing
is, and our own verifier has accepted the bytes before it commits. Whatever happens between them, the record
is finished later (``finish_awards``), and once.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from cairn.errors import CairnError
from cairn_server.accounts.services import clean_address, verified_addresses
from cairn_server.achievements.models import AchievementVersion
from cairn_server.achievements.services import Archived, InvalidField, is_web_address
from cairn_server.errors import Refusal
from cairn_server.issuing import signing, status_lists
from cairn_server.issuing.delivery import owed
from cairn_server.issuing.lists.rows import LONGEST
from cairn_server.issuing.models import (
    Credential,
    Delivery,
    SecuredCredential,
)
from cairn_server.issuing.prepared import Prepared
from cairn_server.issuing.signing import Issuer
from cairn_server.issuing.standing import (  # noqa: F401 - verbs of issuing, whose chapter is another
    AlreadyRevoked,
    AlreadySuspended,
    NotSuspended,
    reinstate,
    revoke,
    suspend,
)
from cairn_server.journal import services as journal
from cairn_server.organisations import key_changes
from cairn_server.organisations.installation import require_awarding_allowed
from cairn_server.organisations.keys import SigningRefused, signer_for
from cairn_server.organisations.models import KeyChange, Organisation
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import require_signer
from cairn_server.organisations.watermark import DatabaseBehind
from cairn_server.tlog.models import PendingLeaf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import SigningKey

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
    # In whose place it stands, and of a renewal the first copy, whose address and subject it keeps.
    replaces: Credential | None = None
    first: Credential | None = None
    letter: Delivery.Kind = Delivery.Kind.AWARDED


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
    return award_ready(wanted, by=by, at=at)


def award_ready(wanted: Wanted, *, by: Person | None, at: datetime) -> Credential:
    """Award what was read and found good; whoever calls has asked for the right to it.

    That is a role, or the rule of a renewal, which a role has made.
    """
    credential = _intend(wanted, by=by, at=at)
    return credential if credential.state == Credential.State.SIGNED else finish_award(credential, at=at)


# Durable, because the signer signs nothing that is not committed.
@transaction.atomic(durable=True)
def _intend(wanted: Wanted, *, by: Person | None, at: datetime) -> Credential:
    """Put the award on record with everything but its signatures, or find it there."""
    organisation = fresh(wanted.version.organisation)
    status_lists.lock(organisation)
    before = awarded_before(wanted)
    if before is not None:
        return before
    if wanted.replaces is None or wanted.first is not None:
        require_awardable(wanted.version)
    else:
        # A mistake is mended also in what is awarded no more.
        require_awarding_allowed(organisation)
    issuer = Issuer.open(organisation, at=at)
    status_list, index = status_lists.allocate(issuer, at=at)
    credential = Credential(
        organisation=organisation,
        version=wanted.version,
        request_key=wanted.request_key,
        recipient_name=wanted.recipient.name,
        recipient_email=wanted.recipient.email,
        # A fresh identifier for each award, so that two awards of one person cannot be linked by it; the
        # copies of one award are about one subject.
        subject_id=wanted.first.subject_id if wanted.first else wanted.recipient.did or uuid.uuid4().urn,
        replaces=wanted.replaces,
        first=wanted.first,
        awarded_at=wanted.awarded_at,
        valid_from=wanted.valid_from,
        valid_until=wanted.valid_until,
        issued_by=by,
        status_list=status_list,
        status_index=index,
        **wanted.texts,
    )
    _prepare(credential, issuer=issuer, letter=wanted.letter, at=at)
    credential.save(force_insert=True)
    status_lists.claim_index(status_list, index, holder=credential.public_id, at=at)
    return credential


def _prepare(credential: Credential, *, issuer: Issuer, letter: str, at: datetime) -> None:
    document = signing.build(credential, issuer=issuer)
    signing.lint(document, at=max(at, credential.valid_from))
    prepared = signing.prepare(document, issuer=issuer, at=at)
    credential.intent = prepared.to_json() | {"letter": letter}
    credential.intent_sha256 = prepared.digest


def finish_award(credential: Credential, *, at: datetime) -> Credential:
    """Have signed what is on record, verify it, and keep it: by whoever awards, and after a crash by anybody.

    Outside of any transaction. Two at once get the same signatures, and the second finds it done.
    """
    # Again, for the one who comes after a crash: between its commit and here nobody else may have the index.
    try:
        status_lists.claim_index(
            credential.status_list, credential.status_index, holder=credential.public_id, at=at
        )
    except DatabaseBehind:
        # Another copy has given the index to somebody else, and nothing of this award was signed or told.
        Credential.objects.filter(pk=credential.pk, state=Credential.State.INTENT).delete()
        raise
    status_lists.publish(credential.status_list, at=at)
    prepared = Prepared.from_json(credential.intent or {})
    try:
        signatures = _signatures(credential, prepared)
    except SigningRefused as refused:
        credential.refresh_from_db()
        if credential.state == Credential.State.SIGNED:
            return credential
        if refused.code != "key-cannot-sign":
            raise
        # Stolen or grown too old in between. What that key may have signed is nowhere; another one does it.
        prepared = _prepare_again(credential, at=at)
        signatures = _signatures(credential, prepared)
    return _keep(credential, prepared.finished(signatures), method=prepared.method, at=at)


def _signatures(credential: Credential, prepared: Prepared) -> list[bytes]:
    signer = signer_for(
        credential.organisation, purpose="credential", intent=credential.public_id, key=prepared.key
    )
    return signer.sign_many(prepared.inputs)


@transaction.atomic(durable=True)
def _prepare_again(credential: Credential, *, at: datetime) -> Prepared:
    """The same award for the key that signs now: no signature of it has left the house."""
    status_lists.lock(credential.organisation)
    current = Credential.objects.select_related("organisation", "version").get(pk=credential.pk)
    if current.intent is not None:
        issuer = Issuer.open(current.organisation, at=at)
        if current.intent["key"] != issuer.key.fragment:
            _prepare(current, issuer=issuer, letter=current.intent["letter"], at=at)
            current.save(update_fields=["intent", "intent_sha256"])
        credential.intent = current.intent
    return Prepared.from_json(credential.intent or {})


@transaction.atomic(durable=True)
def _keep(credential: Credential, secured: Mapping[str, bytes], *, method: str, at: datetime) -> Credential:
    """Bytes, leaves, message and journal entry of an award whose signatures are there: all of it, or
    nothing."""
    organisation = credential.organisation
    current = Credential.objects.select_for_update().get(pk=credential.pk)
    if current.state == Credential.State.SIGNED:
        return current
    # Against its own columns, never an object read earlier.
    credential, letter = current, Delivery.Kind((current.intent or {})["letter"])
    known = signing.issuer_sources(organisation) | status_lists.list_sources(credential.status_list)
    issuer_did = method.partition("#")[0]
    for format, data in secured.items():
        # A start in the future is no fault: it is judged at its start.
        verified = signing.verify_own(data, known, at=max(at, credential.valid_from), step=f"signed {format}")
        leaf = PendingLeaf.objects.create(
            label=PendingLeaf.Label.ISSUE,
            format=format,
            issuer_did=issuer_did,
            secured_sha256=verified.report.sha256,
            created_at=at,
        )
        SecuredCredential.objects.create(
            credential=credential,
            format=format,
            secured=data,
            digest=sha256(data).digest(),
            sha256=verified.report.sha256,
            leaf=leaf,
        )
    credential.state, credential.intent = Credential.State.SIGNED, None
    credential.save(update_fields=["state", "intent"])
    owe(credential, letter, at=at)
    journal.record(
        verb=f"credential {letter.value}",
        by=credential.issued_by,
        organisation_id=organisation.public_id,
        object=credential,
        details={
            "version": credential.version.public_id,
            "intent": credential.intent_sha256,
            "key": method,
            "batch": None,
        },
        at=at,
    )
    return credential


def finish_awards(*, at: datetime) -> int:
    """Finish what a crash, or a signer that was away, has left on record; how many there were.

    Nothing to tell apart from an award that is being made at this moment, and no need to.
    """
    left = Credential.objects.filter(state=Credential.State.INTENT).select_related(
        "organisation", "version", "status_list__organisation"
    )
    problems = []
    for credential in (waiting := list(left.order_by("pk"))):
        try:
            finish_award(credential, at=at)
        except (Refusal, CairnError, signing.OwnProductRefused) as error:
            problems.append(f"{credential}: {error}")  # one award's trouble is not the others'
    if problems:
        raise AwardsUnfinished(problems)
    return len(waiting)


class AwardsUnfinished(Exception):  # noqa: N818
    """Some awards wait for their signatures. For the log of the background work; nobody else sees it."""


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
        if len(text) > LONGEST[key]:
            raise InvalidField(key, _("Write at most {longest} characters.").format(longest=LONGEST[key]))
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


def owe(credential: Credential, kind: Delivery.Kind, *, at: datetime) -> Delivery:
    delivery = owed(credential, kind, at=at)
    delivery.save(force_insert=True)
    return delivery


# Keys


def declare_key_compromised(
    key: SigningKey, *, by: Person, since: datetime, reason: str, at: datetime
) -> tuple[KeyChange, list[str]]:
    """Stop a key that somebody else may have. What is answered beside the change is as of the one below."""
    change = key_changes.declare_compromised(
        key.organisation, by=by, key=key, since=since, reason=reason, at=at
    )
    return change, _after(change, at=at)


def confirm_key_change(change: KeyChange, *, by: Person, at: datetime) -> tuple[KeyChange, list[str]]:
    """Agree to a change of keys; and sign anew what a compromised key said of others: the lists.

    Without that no credential of any other key could be checked until the background work came by. What is
    answered names the lists that cannot be signed now (a restored copy, no room for another key): the change
    stands all the same, for a stolen key is worse than a silent list.
    """
    change = key_changes.confirm(change, by=by, at=at)
    return change, _after(change, at=at)


def _after(change: KeyChange, *, at: datetime) -> list[str]:
    if change.kind != KeyChange.Kind.COMPROMISE or change.state != KeyChange.State.CONFIRMED:
        return []
    return status_lists.sign_anew(change.organisation, at=at)


# Telling


@transaction.atomic
def send_again(credential: Credential, *, by: Person, at: datetime) -> Delivery:
    """Send the message that brought the award once more, to the address it was awarded to."""
    require_signer(by, fresh(credential.organisation))
    if credential.standing == Credential.Standing.REVOKED:
        raise AlreadyRevoked
    delivery = owe(credential, Delivery.Kind.AGAIN, at=at)
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
                "wallets": sorted({copy.holder for copy in each.bound_copies.all()}),
            }
            for each in awards.select_related("version", "organisation")
            .prefetch_related("bound_copies")
            .order_by("awarded_at")
        ]
    }
