# SPDX-License-Identifier: Apache-2.0
"""The verbs of issuing: award to one or to many, withdraw and give back, deliver.

Awarding is one transaction (security.md 7.5 with an in-process, deterministic key): the intent, the
signature, the bytes, the pending leaves, the message that is owed and the journal entry are all there, or
nothing is. Our own verifier has accepted the bytes before the commit, and nothing outside the database has
happened until then.
"""

from __future__ import annotations

import uuid
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext as _

import cairn
from cairn.errors import CairnError
from cairn_server.accounts.services import clean_address, verified_addresses
from cairn_server.achievements.models import AchievementVersion
from cairn_server.achievements.services import Archived, InvalidField, is_web_address
from cairn_server.errors import Refusal
from cairn_server.issuing import recipients, signing, status_lists
from cairn_server.issuing.delivery import deliver_due, put_into_wallet
from cairn_server.issuing.models import (
    Batch,
    BatchRow,
    Credential,
    Delivery,
    Purpose,
    SecuredCredential,
    StatusList,
)
from cairn_server.issuing.signing import Format, Issuer
from cairn_server.journal import services as journal
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import require_signer
from cairn_server.organisations.services import require_awarding_allowed
from cairn_server.tlog.models import PendingLeaf
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person
    from cairn_server.issuing.recipients import DryRun, Row

__all__ = [
    "AlreadyRevoked",
    "AlreadySuspended",
    "ListHasProblems",
    "NotPublished",
    "NotSuspended",
    "Recipient",
    "RequestKeyReused",
    "award",
    "check_rows",
    "deliver_due",
    "deliver_waiting",
    "reinstate",
    "renew_status_lists",
    "representation",
    "revoke",
    "run_batch",
    "run_waiting_batches",
    "send_again",
    "start_batch",
    "status_list_credential",
    "suspend",
]

# Few enough that other writers get their turn between two chunks, also where the database has one writer.
CHUNK = 20
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


class ListHasProblems(Refusal):
    def __init__(self) -> None:
        super().__init__("list-has-problems", _("Mend the problems of the list first. Nobody was awarded."))


class NobodyToAward(Refusal):
    def __init__(self) -> None:
        super().__init__("nobody-to-award", _("Everybody on this list has this achievement already."))


# Awarding


@dataclass(frozen=True, slots=True)
class Recipient:
    name: str
    email: str
    did: str = ""  # the holder's own identifier, where it is known


@dataclass(frozen=True, slots=True)
class _Wanted:
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
    organisation = _current(version.organisation)
    require_signer(by, organisation)
    wanted = _read_award(
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
    _lock(organisation)
    before = _awarded_before(wanted)
    if before is not None:
        return before
    _require_awardable(version)
    issuer = Issuer.open(organisation, at=at)
    credential = _award(wanted, issuer=issuer, by=by, batch=None, at=at)
    status_lists.announce([credential.status_list])
    return credential


def _award(wanted: _Wanted, *, issuer: Issuer, by: Person, batch: Batch | None, at: datetime) -> Credential:
    """One award inside the caller's transaction, in the order of security.md 7.5 (steps 2 to 7)."""
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


def _read_award(
    *,
    version: AchievementVersion,
    recipient: Recipient,
    request_key: str,
    at: datetime,
    awarded_on: datetime | None,
    valid_from: datetime | None,
    valid_until: datetime | None,
    texts: dict[str, str],
) -> _Wanted:
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
    return _Wanted(
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


def _current(organisation: Organisation) -> Organisation:
    """As it is now: whether it asks for a second factor is not decided by an object read earlier."""
    return Organisation.objects.get(pk=organisation.pk)


def _lock(organisation: Organisation) -> None:
    """One writer at a time for each issuer: two requests with one key, or two first awards, take turns."""
    Organisation.objects.select_for_update().get(pk=organisation.pk)


def _awarded_before(wanted: _Wanted) -> Credential | None:
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


def _require_awardable(version: AchievementVersion) -> None:
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


# Many at once


def check_rows(
    *,
    by: Person,
    version: AchievementVersion,
    text: bytes | str,
    at: datetime,
    day_first: bool | None = None,
) -> DryRun:
    """Read a list and say what would happen; nothing does.

    Rows that this version was awarded for before are marked, so that the same list twice awards nobody twice.
    """
    require_signer(by, _current(version.organisation))
    dry_run = recipients.read(text, at=at, day_first=day_first)
    keys = {_row_key(version, row): row.key for row in dry_run.rows}
    before = Credential.objects.filter(organisation=version.organisation, request_key__in=keys).values_list(
        "request_key", "awarded_at"
    )
    return recipients.marked(dry_run, {keys[request_key]: awarded for request_key, awarded in before})


def _row_key(version: AchievementVersion, row: Row) -> str:
    """The key of a row's award: the same person in the same list for the same version is the same award."""
    return f"list:{version.public_id}:{row.key}"


@transaction.atomic
def start_batch(*, by: Person, version: AchievementVersion, dry_run: DryRun, at: datetime) -> Batch:
    """Write the rows down; the background work awards them. A list with a problem awards nobody (B117)."""
    organisation = _current(version.organisation)
    require_signer(by, organisation)
    _require_awardable(version)
    if not dry_run.ok:
        raise ListHasProblems
    keys = {_row_key(version, row): row for row in dry_run.rows}
    before = {
        found.request_key: found
        for found in Credential.objects.filter(organisation=organisation, request_key__in=keys)
    }
    if len(before) == len(keys):
        raise NobodyToAward
    batch = Batch.objects.create(
        organisation=organisation, version=version, started_by=by, total=len(dry_run.rows), created_at=at
    )
    BatchRow.objects.bulk_create(
        BatchRow(
            batch=batch,
            number=row.line,
            values=row.values(),
            credential=before.get(key),
            state=BatchRow.State.ALREADY if key in before else BatchRow.State.WAITING,
        )
        for key, row in keys.items()
    )
    journal.record(
        verb="batch started",
        by=by,
        organisation_id=organisation.public_id,
        object=batch,
        details={"version": version.public_id, "rows": batch.total, "already": len(before)},
        at=at,
    )
    return batch


def run_waiting_batches(*, at: datetime) -> int:
    """Carry on with every batch that is not done, also one that a crash interrupted; how many there were."""
    waiting = Batch.objects.filter(state__in=[Batch.State.QUEUED, Batch.State.RUNNING]).order_by("pk")
    for batch in waiting:
        run_batch(batch, at=at)
    return len(waiting)


def run_batch(batch: Batch, *, at: datetime) -> None:
    """Award the waiting rows, chunk by chunk, each in one transaction.

    After a crash the rows of the chunk are waiting still, and nothing of it was signed; the row's key would
    catch it even if it had been.
    """
    while _run_chunk(batch, at=at):
        pass
    batch.refresh_from_db()


@transaction.atomic
def _run_chunk(batch: Batch, *, at: datetime) -> bool:
    """Work on some rows; False when none are left."""
    batch = (
        Batch.objects.select_for_update()
        .select_related("version__achievement__organisation")
        .get(pk=batch.pk)
    )
    rows = list(batch.rows.filter(state=BatchRow.State.WAITING)[:CHUNK])
    if not rows:
        return _finish(batch, at=at)
    if batch.state == Batch.State.QUEUED:
        batch.state = Batch.State.RUNNING
        batch.save(update_fields=["state"])
    by, organisation = batch.started_by, batch.organisation
    try:
        # Asked again for every chunk: a right that ended stops the work that leans on it (B138).
        require_signer(by, organisation)
        _require_awardable(batch.version)
    except Refusal as refusal:
        batch.rows.filter(state=BatchRow.State.WAITING).update(
            state=BatchRow.State.FAILED, problem=str(refusal.message)[:500]
        )
        return True
    assert by is not None, "require_signer refuses nobody"
    _lock(organisation)
    issuer = Issuer.open(organisation, at=at)
    touched = [status_list for row in rows if (status_list := _run_row(row, batch, issuer, by, at=at))]
    status_lists.announce(touched)
    return True


def _run_row(row: BatchRow, batch: Batch, issuer: Issuer, by: Person, *, at: datetime) -> StatusList | None:
    values = recipients.Row(line=row.number, **row.values)
    try:
        wanted = _read_award(
            version=batch.version,
            recipient=Recipient(values.name, values.email),
            request_key=_row_key(batch.version, values),
            at=at,
            awarded_on=recipients.start_of_day(values.issue_date) if values.issue_date else None,
            valid_from=None,
            valid_until=recipients.end_of_day(values.expiry_date) if values.expiry_date else None,
            texts={
                key: getattr(values, key) for key in recipients.LONGEST if key not in ("name", "external_id")
            },
        )
        row.credential, row.state = _awarded_before(wanted), BatchRow.State.ALREADY
        if row.credential is None:
            with transaction.atomic():  # a row that fails leaves nothing behind, and the others go on
                row.credential = _award(wanted, issuer=issuer, by=by, batch=batch, at=at)
            row.state = BatchRow.State.AWARDED
    except (Refusal, signing.OwnProductRefused) as refusal:
        row.credential, row.state, row.problem = None, BatchRow.State.FAILED, str(refusal.message)[:500]
    row.save(update_fields=["credential", "state", "problem"])
    return row.credential.status_list if row.state == BatchRow.State.AWARDED and row.credential else None


def _finish(batch: Batch, *, at: datetime) -> bool:
    if batch.state in (Batch.State.DONE, Batch.State.DONE_WITH_ERRORS):
        return False
    counts = batch.counts()
    failed = counts[BatchRow.State.FAILED]
    batch.state = Batch.State.DONE_WITH_ERRORS if failed else Batch.State.DONE
    batch.finished_at = at
    batch.save(update_fields=["state", "finished_at"])
    journal.record(
        verb="batch finished",
        by=batch.started_by,
        organisation_id=batch.organisation.public_id,
        object=batch,
        details=counts,
        at=at,
    )
    return False


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
    organisation = _current(credential.organisation)
    require_signer(by, organisation)
    # A closed organisation still answers for what it awarded; a restored copy waits.
    require_awarding_allowed()
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON or has_hidden_characters(reason.replace("\n", " ")):
        raise InvalidField("reason", _("Give a reason, in at most 500 characters."))
    _lock(organisation)
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


def _require_change(standing: str, to: Credential.Standing) -> None:
    if standing == Credential.Standing.REVOKED:
        raise AlreadyRevoked
    if to == Credential.Standing.SUSPENDED and standing == Credential.Standing.SUSPENDED:
        raise AlreadySuspended
    if to == Credential.Standing.ACTIVE and standing != Credential.Standing.SUSPENDED:
        raise NotSuspended


def _log_revocation(credential: Credential, *, at: datetime) -> None:
    """A second leaf for each representation, with the salt of the first (transparency-log.md 2.1)."""
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
    require_signer(by, _current(credential.organisation))
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


def deliver_waiting(person: Person, *, at: datetime) -> int:
    """Put into a wallet what was awarded to the addresses this person has proved to read; how many were new.

    Called when an address is verified, and harmless at any other time.
    """
    held = HeldCredential.objects.filter(person=person).values("sha256")
    waiting = SecuredCredential.objects.filter(
        format=Format.JSON,
        credential__state=Credential.State.SIGNED,
        credential__recipient_email__in=verified_addresses(person),
    ).exclude(sha256__in=held)
    found = list(waiting.select_related("credential__organisation"))
    for secured in found:
        put_into_wallet(secured, holder=person, at=at)
    return len(found)


# What is served


MEDIA_TYPES = {
    "json": "application/vc",
    "jwt": "application/vc+jwt",
    "png": "image/png",
    "svg": "image/svg+xml",
}


def representation(credential: Credential, format: str) -> tuple[bytes, str]:
    """The stored bytes in one of four forms, with their media type. Nothing is signed here, only wrapped."""
    if format == "jwt":
        return bytes(credential.secured_in(Format.JWT).secured), MEDIA_TYPES["jwt"]
    record = bytes(credential.secured_in(Format.JSON).secured)
    if format == "json":
        return record, MEDIA_TYPES["json"]
    picture = credential.version.picture
    assert picture is not None, "a published version has its picture (database constraint)"
    if format == "png":
        return cairn.bake(bytes(picture.png), record), MEDIA_TYPES["png"]
    if format == "svg":
        return cairn.bake((picture.svg or _framed(bytes(picture.png))).encode(), record), MEDIA_TYPES["svg"]
    raise ValueError(f"there is no form {format!r}; there are {', '.join(MEDIA_TYPES)}")


def _framed(png: bytes) -> str:
    """An SVG around the pixels of an upload, whose own SVG is never kept (B112)."""
    data = b64encode(png).decode("ascii")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 600" width="600" height="600">'
        f'<image width="600" height="600" href="data:image/png;base64,{data}"/></svg>'
    )


def status_list_credential(public_id: str, purpose: Purpose | str, *, at: datetime) -> bytes:
    """The newest signed state of a list, as stored; ``StatusList.DoesNotExist`` when there is no such list.

    ``at`` changes nothing today: a list is signed anew by the background work, never because somebody asked.
    """
    found = status_lists.newest(StatusList.objects.get(public_id=public_id), Purpose(purpose))
    if found is None:
        raise StatusList.DoesNotExist
    return bytes(found.secured)


# Upkeep


def renew_status_lists(*, at: datetime) -> int:
    """Sign anew what is about to grow old, so that no list expires while this server runs; how many were."""
    due = StatusList.objects.annotate(
        signed_at=Max("versions__valid_from"), signed_version=Max("versions__version")
    ).filter(
        # After a recovery the counter was raised above what is served (config/watermark.py).
        Q(signed_at__lte=at - status_lists.RENEWED_AFTER) | Q(signed_version__lt=F("version"))
    )
    renewed = 0
    problems: list[str] = []
    for each in due.order_by("pk"):
        try:
            _renew(each, at=at)
            renewed += 1
        except (Refusal, CairnError) as error:
            problems.append(f"{each}: {error}")  # one issuer's trouble is not the others'
    if problems:
        raise RenewalIncomplete(problems)
    return renewed


class RenewalIncomplete(Exception):  # noqa: N818
    """Some lists could not be signed anew. For the log of the background work; nobody else sees it."""


@transaction.atomic
def _renew(status_list: StatusList, *, at: datetime) -> None:
    require_awarding_allowed()
    organisation = status_list.organisation
    _lock(organisation)
    current = StatusList.objects.select_for_update().get(pk=status_list.pk)
    status_lists.publish(current, issuer=Issuer.open(organisation, at=at), at=at)
    status_lists.announce([current])
    journal.record(
        verb="status list renewed",
        by=None,
        organisation_id=organisation.public_id,
        object=current,
        details={"version": current.version},
        at=at,
    )


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
