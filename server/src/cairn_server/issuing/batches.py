# SPDX-License-Identifier: Apache-2.0
"""Lists of awards, once their rows are accepted: started, approved, paused, cancelled, undone, told.

What is signed is signed chunk by chunk (``chunks/``). The verbs here decide whether and when, and each
writes one journal entry.
"""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Window
from django.db.models.functions import Mod, RowNumber
from django.utils.translation import gettext as _

from cairn_server.errors import Refusal
from cairn_server.issuing import chunks, services, storage
from cairn_server.issuing.chunks import leases
from cairn_server.issuing.models import Batch, BatchChunk, BatchRow, Credential, Delivery
from cairn_server.journal import services as journal
from cairn_server.organisations.roles import require_signer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion

State = Batch.State

# Whoever works elsewhere is told that there is something to do. Nobody has to be: a lease is all it takes.
_wake: Callable[[str, int], None] = lambda batch_id, chunks: None  # noqa: E731


def install_wake(wake: Callable[[str, int], None]) -> None:
    """Say how workers hear of chunks: ``wake(batch, how many)``, in the transaction that makes them free."""
    global _wake
    _wake = wake


class ListHasProblems(Refusal):
    def __init__(self) -> None:
        super().__init__("list-has-problems", _("Mend the problems of the list first. Nobody was awarded."))


class NobodyToAward(Refusal):
    def __init__(self) -> None:
        super().__init__("nobody-to-award", _("Everybody on this list has this achievement already."))


class NotInThisState(Refusal):
    """The list has moved on since the page was shown."""

    def __init__(self, batch: Batch) -> None:
        super().__init__(
            "batch-state",
            _("That cannot be done now: the list is in the state “{state}”.").format(
                state=batch.get_state_display()
            ),
        )


class NeedsAnother(Refusal):
    """Whoever started a list does not approve it."""

    def __init__(self) -> None:
        super().__init__(
            "needs-another-person", _("Somebody else approves this list: not the person who started it.")
        )


class MessagesAreOut(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "messages-are-out",
            _("The messages of this list are on their way. Revoke its credentials instead, with a reason."),
        )


# Receiving and starting


@transaction.atomic
def receive(
    *,
    by: Person,
    version: AchievementVersion,
    source_name: str = "",
    list_sha256: str = "",
    at: datetime,
) -> Batch:
    """A list has come; nothing is known of it yet and nobody is awarded."""
    organisation = services.fresh(version.organisation)
    require_signer(by, organisation)
    services.require_awardable(version)
    batch = Batch.objects.create(
        organisation=organisation,
        version=version,
        started_by=by,
        state=State.RECEIVED,
        source_name=source_name[:200],
        list_sha256=list_sha256,
        created_at=at,
    )
    _record("batch received", batch, by=by, at=at, list=list_sha256)
    return batch


def earlier(*, version: AchievementVersion, list_sha256: str) -> Batch | None:
    """The same file, uploaded before for the same version and not taken back."""
    return (
        Batch.objects.filter(organisation=version.organisation, list_sha256=list_sha256, version=version)
        .exclude(state__in=[State.RECEIVED, State.CHECKED, State.CANCELLED])
        .order_by("-pk")
        .first()
    )


@transaction.atomic
def start(batch: Batch, *, by: Person, at: datetime) -> Batch:
    """Let the accepted rows be awarded, or, above the organisation's limit, ask a second person to say so."""
    current = _locked(batch, by)
    if current.state != State.CHECKED:
        raise NotInThisState(current)
    services.require_awardable(current.version)
    waiting = current.rows.filter(state=BatchRow.State.WAITING)
    awarded = Credential.objects.filter(organisation=current.organisation_id, request_key=OuterRef("key"))
    if not waiting.filter(~Exists(awarded)).exists():
        raise NobodyToAward
    _cut(current)
    limit = current.organisation.approval_above
    alone = limit is None or current.waiting <= limit
    current.state = State.QUEUED if alone else State.AWAITING_APPROVAL
    current.started_by = by
    current.release_at = at + timedelta(minutes=current.organisation.undo_minutes)
    current.save(update_fields=["state", "started_by", "release_at"])
    _record(
        "batch started",
        current,
        by=by,
        at=at,
        version=current.version.public_id,
        rows=current.total,
        already=current.already,
    )
    return _told(batch, current)


@transaction.atomic
def queue_more(batch: Batch, *, by: Person, at: datetime) -> Batch:
    """Award the rows that came after the last chunk: mended ones. A list that was over goes on."""
    current = _locked(batch, by)
    if current.state not in (State.QUEUED, State.RUNNING, State.PAUSED, State.DONE, State.DONE_WITH_ERRORS):
        raise NotInThisState(current)
    services.require_awardable(current.version)
    rows = _cut(current)
    if not rows:
        raise NobodyToAward
    if current.finished_at is not None:
        current.state, current.finished_at = State.QUEUED, None
    # Those who are told now get the same time to be spared a mistake as those who were told first.
    current.release_at = at + timedelta(minutes=current.organisation.undo_minutes)
    current.released_at = None
    current.save(update_fields=["state", "finished_at", "release_at", "released_at"])
    _record("batch continued", current, by=by, at=at, rows=rows)
    return _told(batch, current)


def _cut(batch: Batch) -> int:
    """Cut the waiting rows behind the last chunk into chunks; how many rows there were."""
    last = batch.chunks.order_by("-number").values_list("number", "last").first()
    number, after = last or (0, 0)
    rows = batch.rows.filter(state=BatchRow.State.WAITING, number__gt=after)
    found = rows.aggregate(rows=Count("pk"), last=Max("number"))
    if not found["rows"]:
        return 0
    # The database counts, and tells where a chunk begins and ends: a million numbers stay where they are.
    place = Window(RowNumber(), order_by="number") - 1
    edges = rows.annotate(turn=Mod(place, chunks.ROWS)).filter(turn__in={0, chunks.ROWS - 1})
    places = list(edges.order_by("number").values_list("number", "turn"))
    firsts = [at for at, turn in places if turn == 0]
    lasts = [at for at, turn in places if turn == chunks.ROWS - 1]
    if found["rows"] % chunks.ROWS:
        lasts.append(found["last"])
    BatchChunk.objects.bulk_create(
        [
            BatchChunk(
                batch=batch,
                number=number + turn,
                first=first,
                last=last,
                rows=min(chunks.ROWS, found["rows"] - (turn - 1) * chunks.ROWS),
            )
            for turn, (first, last) in enumerate(zip(firsts, lasts, strict=True), start=1)
        ],
        batch_size=500,
    )
    return int(found["rows"])


@transaction.atomic
def approve(batch: Batch, *, by: Person, at: datetime) -> Batch:
    """The second person's word. Whoever started it cannot give it."""
    current = _locked(batch, by)
    if current.state != State.AWAITING_APPROVAL:
        raise NotInThisState(current)
    if by == current.started_by:
        raise NeedsAnother
    services.require_awardable(current.version)
    current.state, current.approved_by, current.approved_at = State.QUEUED, by, at
    current.release_at = at + timedelta(minutes=current.organisation.undo_minutes)
    current.save(update_fields=["state", "approved_by", "approved_at", "release_at"])
    _record("batch approved", current, by=by, at=at, rows=current.waiting)
    return _told(batch, current)


# Holding and taking back


@transaction.atomic
def pause(batch: Batch, *, by: Person, at: datetime) -> Batch:
    """No chunk is begun from now on; the few that are in work are finished."""
    current = _locked(batch, by)
    if current.state not in (State.QUEUED, State.RUNNING):
        raise NotInThisState(current)
    current.state = State.PAUSED
    current.save(update_fields=["state"])
    _record("batch paused", current, by=by, at=at)
    return _told(batch, current)


@transaction.atomic
def resume(batch: Batch, *, by: Person, at: datetime) -> Batch:
    current = _locked(batch, by)
    if current.state != State.PAUSED:
        raise NotInThisState(current)
    current.state = State.RUNNING if current.begun_at else State.QUEUED
    current.save(update_fields=["state"])
    _record("batch resumed", current, by=by, at=at)
    return _told(batch, current)


@transaction.atomic
def cancel(batch: Batch, *, by: Person, at: datetime) -> Batch:
    """What is not signed yet is never signed. What is stays, and its learners are told of it."""
    return _told(batch, _cancel(_locked(batch, by), by=by, at=at))


def _cancel(current: Batch, *, by: Person, at: datetime) -> Batch:
    if current.finished_at is not None or current.state == State.CANCELLED:
        raise NotInThisState(current)
    waiting = current.chunks.filter(state=BatchChunk.State.WAITING)
    # Rows that were set aside in a chunk that is planned anew are counted already.
    outside = current.rows.filter(state=BatchRow.State.WAITING)
    rows = 0
    for first, last in waiting.values_list("first", "last"):
        rows += outside.filter(number__gte=first, number__lte=last).count()
    if not current.chunks.exists():
        rows = current.waiting
    waiting.update(state=BatchChunk.State.CANCELLED, finished_at=at, released_at=at, lease_until=None)
    current.state, current.cancelled = State.CANCELLED, current.cancelled + rows
    if not current.chunks.filter(state__in=leases.AT_WORK).exists():
        current.finished_at = at
    if not current.awarded and current.finished_at:
        current.released_at = at
    current.save(update_fields=["state", "cancelled", "finished_at", "released_at"])
    _record("batch cancelled", current, by=by, at=at, cancelled=rows)
    return current


@transaction.atomic
def undo(batch: Batch, *, by: Person, reason: str, at: datetime) -> Batch:
    """Take a list back before anybody was told: nothing more is signed, what was is revoked, no message."""
    from cairn_server.issuing import standing

    current = _locked(batch, by)
    if current.release_at is None or current.release_at <= at or current.released_at is not None:
        raise MessagesAreOut
    if current.chunks.filter(released_at__isnull=False, awarded__gt=0).exists():
        raise MessagesAreOut
    if current.finished_at is None and current.state != State.CANCELLED:
        current = _cancel(current, by=by, at=at)
    signed = Credential.objects.filter(batch=current, standing=Credential.Standing.ACTIVE)
    if signed.exists():
        standing.change_many(
            organisation=current.organisation,
            credentials=signed,
            to=Credential.Standing.REVOKED,
            reason=reason,
            by=by,
            at=at,
            tells=False,
        )
    current.released_at = at
    current.state = State.CANCELLED
    current.save(update_fields=["released_at", "state"])
    _record("batch undone", current, by=by, at=at, revoked=current.awarded)
    return _told(batch, current)


# Telling


@transaction.atomic
def release_now(batch: Batch, *, by: Person, at: datetime) -> Batch:
    """Do not wait for the end of the undo window."""
    current = _locked(batch, by)
    if current.release_at is None or current.released_at is not None:
        raise NotInThisState(current)
    current.release_at = min(at, current.release_at)
    current.save(update_fields=["release_at"])
    _record("batch released", current, by=by, at=at)
    return _told(batch, current)


def release_due(*, at: datetime, most: int = 20) -> int:
    """Put the messages of finished chunks into the post, when their time has come; how many chunks."""
    due = (
        BatchChunk.objects.filter(
            released_at__isnull=True,
            state=BatchChunk.State.DONE,
            awarded__gt=0,
            batch__released_at__isnull=True,
            batch__release_at__lte=at,
        )
        .order_by("batch", "number")
        .values_list("pk", flat=True)[:most]
    )
    released = sum(_release(chunk_id, at=at) for chunk_id in list(due))
    for batch in Batch.objects.filter(
        released_at__isnull=True, release_at__lte=at, finished_at__isnull=False
    ).filter(~Exists(BatchChunk.objects.filter(batch=OuterRef("pk"), released_at__isnull=True))):
        Batch.objects.filter(pk=batch.pk, released_at__isnull=True).update(released_at=at)
    return released


@transaction.atomic
def _release(chunk_id: int, *, at: datetime) -> bool:
    # The conditional update is the claim: of two that come here, one writes the messages.
    if not BatchChunk.objects.filter(pk=chunk_id, released_at__isnull=True).update(released_at=at):
        return False
    chunk = BatchChunk.objects.select_related("batch").get(pk=chunk_id)
    # An undo that is under way has the batch locked, and has set its mark when it is over.
    batch = Batch.objects.select_for_update(of=("self",)).get(pk=chunk.batch_id)
    if batch.released_at is not None:
        return False
    again = batch.kind == Batch.Kind.REISSUE
    letter = Delivery.Kind.REPLACED if again else Delivery.Kind.AWARDED
    told = Credential.objects.filter(
        batch=batch,
        batch_number__gte=chunk.first,
        batch_number__lte=chunk.last,
        standing=Credential.Standing.ACTIVE,
    ).order_by("batch_number")
    storage.insert(
        Delivery,
        same={"kind": letter, "created_at": at, "due_at": at},
        columns=("credential_id", "to"),
        # Read before it is written: during a COPY the connection answers nothing else.
        rows=list(told.values_list("pk", "recipient_email")),
    )
    return True


# Looking


def outcomes(batch: Batch) -> Iterator[tuple[BatchRow, str, str | None]]:
    """Every row with what became of it, and the public identifier of its credential where it has one."""
    done = batch.chunks.filter(state=BatchChunk.State.CANCELLED).values_list("first", "last")
    cancelled = list(done)
    rows = batch.rows.order_by("number").iterator(chunk_size=1_000)
    for some in _some(rows):
        found = dict(
            Credential.objects.filter(
                organisation=batch.organisation_id, request_key__in=[row.key for row in some]
            ).values_list("request_key", "public_id")
        )
        for row in some:
            credential = found.get(row.key)
            if row.state == BatchRow.State.ALREADY:
                yield row, row.state, credential
            elif row.state != BatchRow.State.WAITING:
                yield row, row.state, None
            elif credential is not None:
                yield row, BatchRow.State.AWARDED, credential
            elif any(first <= row.number <= last for first, last in cancelled):
                yield row, BatchRow.State.CANCELLED, None
            else:
                yield row, BatchRow.State.WAITING, None


def _some(rows: Iterator[BatchRow]) -> Iterator[list[BatchRow]]:
    held: list[BatchRow] = []
    for row in rows:
        held.append(row)
        if len(held) == 1_000:
            yield held
            held = []
    if held:
        yield held


# The work


def run_waiting_batches(*, at: datetime, most: int = 5) -> int:
    """Some chunks of whatever waits, also what a crash interrupted; how many. Others get their turn after."""
    return chunks.work_off(now=lambda: at, worker=worker_name(), most=most)


def run_batch(batch: Batch, *, at: datetime) -> None:
    """Work on one list until nothing of it is left to do."""
    chunks.work_off(now=lambda: at, worker=worker_name(), batch=batch)
    batch.refresh_from_db()


def worker_name() -> str:
    """Who holds a lease: for people who look, never for a decision."""
    return f"{socket.gethostname()}:{os.getpid()}"


# Small


def _locked(batch: Batch, by: Person) -> Batch:
    """The batch as it is now, for somebody who may sign for its organisation."""
    require_signer(by, services.fresh(batch.organisation))
    return (
        Batch.objects.select_for_update(of=("self",))
        .select_related("organisation", "version__achievement__organisation", "started_by")
        .get(pk=batch.pk)
    )


def _told(batch: Batch, current: Batch) -> Batch:
    """Tell the workers, if there is work, and let the caller's own object say the same as the database."""
    if current.state in (State.QUEUED, State.RUNNING):
        free = current.chunks.filter(state__in=leases.AT_WORK).count()
        _wake(current.public_id, free)
    batch.refresh_from_db()
    return batch


def _record(verb: str, batch: Batch, *, by: Person, at: datetime, **details: Any) -> None:
    journal.record(
        verb=verb,
        by=by,
        organisation_id=batch.organisation.public_id,
        object=batch,
        details=details,
        at=at,
    )
