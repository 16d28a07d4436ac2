# SPDX-License-Identifier: Apache-2.0
"""One worker for each chunk, and nothing written by one whose time is over."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from server.tests.conftest import MONDAY
from server.tests.issuing.chunks.conftest import AFTER_THE_LEASE, begun, everything, work_until

from cairn_server.issuing import chunks
from cairn_server.issuing.chunks import leases, making, planning, storing
from cairn_server.issuing.chunks.making import Made
from cairn_server.issuing.models import Credential

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess


def test_f2_a_worker_that_was_stopped_past_its_lease_writes_nothing(start):
    batch = start(3)
    zombie = leases.claim(at=MONDAY, worker="zombie")
    made = Made.of(planning.plan(zombie, at=MONDAY))
    making.intend(zombie, made)
    secured = made.sign()
    chunks.work_off(now=lambda: AFTER_THE_LEASE, worker="next")
    before = everything(batch)

    with pytest.raises(leases.LostLease):
        storing.store(zombie, made, secured, at=AFTER_THE_LEASE)

    assert everything(batch) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["marked", "intended", "signed", "examined"])
def test_f2_a_process_that_is_stopped_and_continued_leaves_it_to_the_one_after(step, start):
    batch = start(3)
    zombie = stopped_at(step)
    other = leases.claim(at=AFTER_THE_LEASE, worker="next")
    made = Made.of(planning.plan(other, at=AFTER_THE_LEASE))
    making.intend(other, made)

    continued(zombie)

    assert not Credential.objects.exists(), "the chunk is still in work, and in other hands"
    storing.store(other, made, made.sign(), at=AFTER_THE_LEASE)
    everything(batch)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite one process writes at a time")
@pytest.mark.django_db(transaction=True)
def test_f2_one_that_hangs_with_a_lock_holds_up_nobody(start, small_chunks):
    batch = start(12)
    hung = stopped_at("written")

    taken = [leases.claim(at=AFTER_THE_LEASE, worker="next", batch=batch) for _ in range(2)]

    assert taken[0] is not None, "the other chunk"
    assert taken[1] is None, "not the one that is locked"
    storing.store(taken[0], made := _made(taken[0]), made.sign(), at=AFTER_THE_LEASE)
    continued(hung)
    everything(batch)


def _made(lease: leases.Lease) -> Made:
    made = Made.of(planning.plan(lease, at=AFTER_THE_LEASE))
    making.intend(lease, made)
    return made


def stopped_at(step: str) -> ForkProcess:
    zombie = begun(lambda: work_until(step, signal.SIGSTOP))
    _pid, status = os.waitpid(zombie.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    return zombie


def continued(zombie: ForkProcess) -> None:
    os.kill(zombie.pid, signal.SIGCONT)
    zombie.join(60)
    assert zombie.exitcode == 0


@pytest.mark.parametrize("step", ["plan", "intend"])
def test_f2_nor_does_it_change_a_plan(step, start):
    start(3)
    zombie = leases.claim(at=MONDAY, worker="zombie")
    made = Made.of(planning.plan(zombie, at=MONDAY))
    other = leases.claim(at=AFTER_THE_LEASE, worker="next")
    assert other.token > zombie.token

    with pytest.raises(leases.LostLease):
        planning.plan(zombie, at=MONDAY) if step == "plan" else making.intend(zombie, made)


def test_nobody_gets_a_chunk_that_somebody_works_on(start, small_chunks):
    start(12)

    one, other, none = (leases.claim(at=MONDAY, worker=name) for name in ("a", "b", "c"))

    assert one.chunk_id != other.chunk_id
    assert none is None


def test_f9_a_lease_from_a_clock_that_ran_ahead_holds_nobody_up(start):
    start(3)
    leases.claim(at=MONDAY + timedelta(days=3653), worker="ahead")

    assert leases.claim(at=MONDAY, worker="right") is not None
