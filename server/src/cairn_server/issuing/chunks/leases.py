# SPDX-License-Identifier: Apache-2.0
"""Who works on a chunk, and until when nobody else does.

A token that only grows goes with each lease, and whoever writes has to have the newest one: a worker that was
stopped and wakes up after its lease finds that its token is old, and writes nothing (F2).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import F, Q

from cairn_server.issuing.models import Batch, BatchChunk

if TYPE_CHECKING:
    from datetime import datetime

# Many times what a chunk takes. When it is over, somebody else begins anew.
LEASE = timedelta(minutes=2)

AT_WORK = (BatchChunk.State.WAITING, BatchChunk.State.PLANNED, BatchChunk.State.INTENDED)

# Of one list, how many free chunks are tried before the next list is looked at.
_TRIED = 8


class LostLease(Exception):  # noqa: N818 - named for what happened
    """Somebody else has this chunk by now, or it is done: whatever was made of it here is thrown away."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write the result of one chunk, as long as nobody got a newer token."""

    chunk_id: int
    token: int

    def own(self) -> BatchChunk:
        """The chunk, its row locked; inside a transaction."""
        found = (
            BatchChunk.objects.select_for_update(of=("self",))
            .select_related("status_list")
            .filter(pk=self.chunk_id, token=self.token, state__in=AT_WORK)
            .first()
        )
        if found is None:
            raise LostLease
        return found


def claim(*, at: datetime, worker: str, batch: Batch | None = None) -> Lease | None:
    """The next free chunk of any batch that is at work; a small list is not behind a large one for long."""
    open_batches = Batch.objects.filter(
        Q(state__in=[Batch.State.QUEUED, Batch.State.RUNNING])
        # What was signed for, or may have been, is finished also when the rest is cancelled.
        | Q(state=Batch.State.CANCELLED, finished_at__isnull=True)
    )
    ids = [batch.pk] if batch is not None else list(open_batches.values_list("pk", flat=True))
    random.shuffle(ids)
    for batch_id in ids:
        free = BatchChunk.objects.filter(
            Q(lease_until__isnull=True)
            | Q(lease_until__lt=at)
            # Nobody gives a lease for that long: it was taken by a clock that ran ahead (F9).
            | Q(lease_until__gt=at + 2 * LEASE),
            batch_id=batch_id,
            state__in=AT_WORK,
        )
        if batch is not None:
            free = free.filter(batch__in=open_batches)
        for chunk_id, token in free.order_by("number").values_list("pk", "token")[:_TRIED]:
            if _took(chunk_id, token, worker=worker, until=at + LEASE):
                return Lease(chunk_id, token + 1)
    return None


@transaction.atomic
def _took(chunk_id: int, token: int, *, worker: str, until: datetime) -> bool:
    """Take the chunk, unless somebody was quicker or holds its row: who hangs there holds up nobody (F2)."""
    found = BatchChunk.objects.select_for_update(
        skip_locked=connection.features.has_select_for_update_skip_locked
    )
    if found.filter(pk=chunk_id, token=token, state__in=AT_WORK).first() is None:
        return False
    taken = BatchChunk.objects.filter(pk=chunk_id, token=token, state__in=AT_WORK).update(
        token=token + 1, attempts=F("attempts") + 1, worker=worker[:100], lease_until=until
    )
    return bool(taken)


def give_back(lease: Lease, *, until: datetime) -> None:
    """Not this worker's fault, so it does not count as an attempt."""
    BatchChunk.objects.filter(pk=lease.chunk_id, token=lease.token).update(
        lease_until=until, attempts=F("attempts") - 1
    )
