# SPDX-License-Identifier: Apache-2.0
"""``issuing.leases``: a worker that is stopped for longer than its lease writes nothing when it wakes up
(F2).

It is stopped at a labelled step, as a machine that is suspended is. Its lease ends, another worker takes
the chunk and finishes the list; then the first one goes on where it was. What is stored must not change,
and the invariant must hold. Inside a transaction it holds the chunk's row, so there the others must get
past it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING
from unittest import mock

from prove import invariant
from prove.apart import POSTGRESQL, Apart
from prove.campaign import Failure, times
from prove.road import World, work_and_tell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from cairn_server.issuing.models import Batch

STOPS = 200
CHUNKS = 3
# Between these two steps the worker is in the transaction that stores.
INSIDE = "written"
LONGEST_HOLD = 2.0


class Leases(Apart):
    name = "issuing.leases"
    promise = "a worker that wakes up after its time writes nothing, and one that hangs stops nobody else"
    module = "prove.leases"
    controls = ("no token is asked for", "waits for the one that hangs")
    controlled_on = {"waits for the one that hangs": POSTGRESQL}


def tries(world: World, random: Random, scale: float) -> Iterator[Failure | None]:
    from cairn_server.issuing.chunks import steps

    outside = [step for step in steps.STEPS if step not in (INSIDE, "stored")]
    woken = 0
    for number in range(times(STOPS, scale)):
        step = outside[number % len(outside)]
        failure, went_on = _stopped_outside(world, step, turn=random.randrange(1, CHUNKS + 1))
        woken += went_on
        yield failure
    if world.engine == POSTGRESQL:
        for _ in range(max(3, round(STOPS * scale / 10))):
            yield _stopped_inside(world)
    if not woken:
        yield Failure("no worker went on after it was stopped")


def _stopped_outside(world: World, step: str, *, turn: int) -> tuple[Failure | None, bool]:
    batch = world.new_list()
    zombie = world.fork(lambda pipe: _work_and_stop(world, batch, pipe, step=step, turn=turn))
    zombie.wait_until_stopped()
    world.finish(batch)
    before = _stored(batch)
    if wrong := invariant.wrong_with(world, batch):
        failure: Failure | None = Failure(f"stopped at {step}: {wrong}")
    else:
        failure = None
    os.kill(zombie.process, signal.SIGCONT)
    ended = zombie.wait()
    if ended:
        return Failure(f"stopped at {step}: it ended with {ended} after it woke up"), False
    if zombie.acknowledged >= turn + (step == "stored"):
        return failure or Failure(f"stopped at {step}: it says that it stored what others had stored"), True
    world.finish(batch)
    if _stored(batch) != before:
        return failure or Failure(f"stopped at {step}: what was stored has changed"), True
    wrong_now = invariant.wrong_with(world, batch)
    return failure or (Failure(f"stopped at {step}, woken: {wrong_now}") if wrong_now else None), True


def _stopped_inside(world: World) -> Failure | None:
    """On PostgreSQL: it holds its chunk's row. The others take the other chunks, and do not wait for it."""
    from cairn_server.issuing.chunks import leases

    batch = world.new_list()
    hung = world.fork(lambda pipe: _work_and_stop(world, batch, pipe, step=INSIDE, turn=1))
    hung.wait_until_stopped()
    world.let_pass(2 * leases.LEASE)
    other = world.fork(lambda _pipe: _claim_all(world, batch))
    until = time.monotonic() + LONGEST_HOLD + 8
    while time.monotonic() < until and not other.has_ended():
        time.sleep(0.02)
    waited = other.ended is None
    os.kill(hung.process, signal.SIGCONT)
    hung.wait()
    if waited:
        other.wait()
    world.finish(batch)
    wrong = invariant.wrong_with(world, batch)
    if waited:
        return Failure("a worker waited for one that hangs with a lock")
    return None if wrong is None else Failure(f"hung in the transaction: {wrong}")


def _claim_all(world: World, batch: Batch) -> None:
    from cairn_server.issuing.chunks import leases

    found = 0
    while leases.claim(at=world.now(), worker="other", batch=batch):
        found += 1
    if found != CHUNKS - 1:
        raise AssertionError(f"{found} of {CHUNKS - 1} free chunks could be had")


def _work_and_stop(world: World, batch: Batch, pipe: int, *, step: str, turn: int) -> None:
    work_and_tell(world, batch, pipe, dies_at=step, turn=turn, by=signal.SIGSTOP)


def _stored(batch: Batch) -> set[tuple[int, str]]:
    from cairn_server.issuing.models import SecuredCredential

    return set(SecuredCredential.objects.filter(credential__batch=batch).values_list("credential", "sha256"))


# Broken builds


@contextlib.contextmanager
def _no_token(_world: World) -> Iterator[None]:
    """A worker that takes the chunk for its own, whoever has it by now and whatever became of it."""
    from cairn_server.issuing.chunks import leases
    from cairn_server.issuing.models import BatchChunk

    def own(lease: leases.Lease) -> BatchChunk:
        return BatchChunk.objects.select_related("status_list").get(pk=lease.chunk_id)

    with mock.patch.object(leases.Lease, "own", own):
        yield


@contextlib.contextmanager
def _waits(_world: World) -> Iterator[None]:
    """Claiming without looking whether somebody holds the row."""
    from django.db.models import F

    from cairn_server.issuing.chunks import leases
    from cairn_server.issuing.models import BatchChunk

    def took(chunk_id: int, token: int, *, worker: str, until: object) -> bool:
        chunk = BatchChunk.objects.filter(pk=chunk_id, token=token, state__in=leases.AT_WORK)
        return bool(
            chunk.update(token=token + 1, attempts=F("attempts") + 1, worker=worker, lease_until=until)
        )

    with mock.patch.object(leases, "_took", took):
        yield


BROKEN = {"no token is asked for": _no_token, "waits for the one that hangs": _waits}
