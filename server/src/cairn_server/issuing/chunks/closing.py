# SPDX-License-Identifier: Apache-2.0
"""How a chunk ends: done, failed, or taken back to be planned anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from cairn_server.issuing.chunks.leases import AT_WORK, Lease, LostLease
from cairn_server.issuing.models import Batch, BatchChunk, BatchRow
from cairn_server.journal import services as journal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def finish(
    chunk: BatchChunk,
    *,
    awarded: int,
    at: datetime,
    state: BatchChunk.State = BatchChunk.State.DONE,
) -> None:
    """Close the chunk, and with the last one the batch; inside the transaction that says what came of it."""
    chunk.state, chunk.awarded, chunk.finished_at, chunk.lease_until = state, awarded, at, None
    if not awarded:
        chunk.released_at = at
    chunk.save(update_fields=["state", "awarded", "finished_at", "lease_until", "released_at"])
    batch = Batch.objects.select_for_update(of=("self",)).get(pk=chunk.batch_id)
    if batch.finished_at is not None or batch.chunks.filter(state__in=AT_WORK).exists():
        return
    batch.finished_at = at
    if batch.state != Batch.State.CANCELLED:
        batch.state = Batch.State.DONE_WITH_ERRORS if batch.failed else Batch.State.DONE
    batch.save(update_fields=["state", "finished_at"])
    journal.record(
        verb="batch finished",
        by=batch.started_by,
        organisation_id=batch.organisation.public_id,
        object=batch,
        details=batch.counts(),
        at=at,
    )


def fail(chunk: BatchChunk, problem: str, *, at: datetime) -> None:
    """None of its waiting rows comes to anything, and each says why."""
    awarded = chunk.batch.credentials.filter(batch_number__gte=chunk.first, batch_number__lte=chunk.last)
    failed = (
        BatchRow.objects.filter(
            batch=chunk.batch_id,
            number__gte=chunk.first,
            number__lte=chunk.last,
            state=BatchRow.State.WAITING,
        )
        .exclude(number__in=awarded.values("batch_number"))
        .update(state=BatchRow.State.FAILED, problem=problem[:500])
    )
    Batch.objects.filter(pk=chunk.batch_id).update(failed=F("failed") + failed)
    finish(chunk, awarded=0, at=at, state=BatchChunk.State.FAILED)


def plan_anew(lease: Lease, *, why: str, at: datetime, without: Mapping[int, str] | None = None) -> None:
    """Take a plan back of which nothing was stored. Its numbers are never given out again.

    Rows ``without`` which it may work are told why they failed.
    """
    with transaction.atomic():
        try:
            chunk = lease.own()
        except LostLease:
            return
        for number, problem in (without or {}).items():
            BatchRow.objects.filter(batch=chunk.batch_id, number=number).update(
                state=BatchRow.State.FAILED, problem=problem[:500]
            )
        if without:
            Batch.objects.filter(pk=chunk.batch_id).update(failed=F("failed") + len(without))
        note_lapsed(chunk, why=why, at=at)
        chunk.state, chunk.lease_until = BatchChunk.State.WAITING, None
        chunk.intent_sha256 = ""
        chunk.save(update_fields=["state", "lease_until", "intent_sha256"])


def note_lapsed(chunk: BatchChunk, *, why: str, at: datetime) -> None:
    """What may have been signed and was thrown away stays in the journal: no signature without an intent."""
    journal.record(
        verb="batch chunk planned anew",
        by=None,
        organisation_id=chunk.batch.organisation.public_id,
        object=chunk.batch,
        details={"chunk": chunk.number, "intent": chunk.intent_sha256, "key": chunk.key, "why": why},
        at=at,
    )
