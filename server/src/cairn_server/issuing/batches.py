# SPDX-License-Identifier: Apache-2.0
"""Awarding to many: read a list, say what would happen, write it down, and work it off in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from cairn_server.errors import Refusal
from cairn_server.issuing import recipients, services, signing, status_lists
from cairn_server.issuing.models import Batch, BatchRow, Credential
from cairn_server.issuing.signing import Issuer
from cairn_server.journal import services as journal
from cairn_server.organisations.roles import require_signer

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.issuing.models import StatusList
    from cairn_server.issuing.recipients import DryRun, Row

# Few enough that other writers get their turn between two chunks, also where the database has one writer.
CHUNK = 20


class ListHasProblems(Refusal):
    def __init__(self) -> None:
        super().__init__("list-has-problems", _("Mend the problems of the list first. Nobody was awarded."))


class NobodyToAward(Refusal):
    def __init__(self) -> None:
        super().__init__("nobody-to-award", _("Everybody on this list has this achievement already."))


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
    require_signer(by, services.fresh(version.organisation))
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
    organisation = services.fresh(version.organisation)
    require_signer(by, organisation)
    services.require_awardable(version)
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
        services.require_awardable(batch.version)
    except Refusal as refusal:
        batch.rows.filter(state=BatchRow.State.WAITING).update(
            state=BatchRow.State.FAILED, problem=str(refusal.message)[:500]
        )
        return True
    assert by is not None, "require_signer refuses nobody"
    status_lists.lock(organisation)
    issuer = Issuer.open(organisation, at=at)
    touched = [status_list for row in rows if (status_list := _run_row(row, batch, issuer, by, at=at))]
    status_lists.announce(touched)
    return True


def _run_row(row: BatchRow, batch: Batch, issuer: Issuer, by: Person, *, at: datetime) -> StatusList | None:
    values = recipients.Row(line=row.number, **row.values)
    try:
        wanted = services.read_award(
            version=batch.version,
            recipient=services.Recipient(values.name, values.email),
            request_key=_row_key(batch.version, values),
            at=at,
            awarded_on=recipients.start_of_day(values.issue_date) if values.issue_date else None,
            valid_from=None,
            valid_until=recipients.end_of_day(values.expiry_date) if values.expiry_date else None,
            texts={
                key: getattr(values, key) for key in recipients.LONGEST if key not in ("name", "external_id")
            },
        )
        row.credential, row.state = services.awarded_before(wanted), BatchRow.State.ALREADY
        if row.credential is None:
            with transaction.atomic():  # a row that fails leaves nothing behind, and the others go on
                row.credential = services.award_wanted(wanted, issuer=issuer, by=by, batch=batch, at=at)
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
