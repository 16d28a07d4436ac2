# SPDX-License-Identifier: Apache-2.0
"""The road of a chunk, cut off and taken up again: nothing lost, doubled, or signed without an intent."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from server.tests.conftest import MONDAY
from server.tests.issuing.chunks.conftest import AFTER_THE_LEASE, everything, in_another_process, work_until
from server.tests.issuing.conftest import people

from cairn.canonical import parse_json
from cairn_server.issuing import batches, chunks
from cairn_server.issuing.chunks import leases, making, planning, steps, storing
from cairn_server.issuing.chunks.making import Made
from cairn_server.issuing.models import BatchChunk
from cairn_server.journal.models import Entry
from cairn_server.organisations import keys


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", steps.STEPS)
def test_f1_killed_after_any_step_the_next_worker_finishes_it(step, start, small_chunks, tmp_path):
    batch = start(12)
    told = tmp_path / "signed"

    killed = in_another_process(lambda: _work_until(step, told))

    assert killed == -signal.SIGKILL
    done_before = BatchChunk.objects.filter(state="done").count()
    assert done_before == (1 if step == "stored" else 0)
    chunks.work_off(now=lambda: AFTER_THE_LEASE, worker="next")
    bytes_of = everything(batch)
    if step in ("signed", "examined", "written"):
        # What the dead worker held in its hands is what the next one stored.
        assert sorted(told.read_bytes().split(b"\n")) == sorted(bytes_of[number] for number in range(2, 12))


def _work_until(step: str, told: Any) -> None:
    sign = Made.sign

    def told_of(made: Any) -> list[bytes]:
        secured = sign(made)
        told.write_bytes(b"\n".join(secured))
        return secured

    Made.sign = told_of
    work_until(step, signal.SIGKILL)


def test_f22_a_signer_that_is_away_delays_and_changes_nothing(start, monkeypatch):
    batch = start(3)
    genuine = keys.OrderedSigner.sign_many

    def away(self: Any, inputs: Any) -> Any:
        if self.purpose == "chunk":
            raise keys.SignerUnavailable("it does not answer")
        return genuine(self, inputs)

    with monkeypatch.context() as patch:
        patch.setattr(keys.OrderedSigner, "sign_many", away)
        batches.run_batch(batch, at=MONDAY)
    planned = BatchChunk.objects.get()
    assert (planned.state, planned.attempts) == ("intended", 0)

    chunks.work_off(now=lambda: MONDAY + chunks.SIGNER_BACK_IN * 2, worker="w")

    everything(batch)
    assert BatchChunk.objects.get().intent_sha256 == planned.intent_sha256


@pytest.mark.django_db(transaction=True)
def test_a_list_goes_on_under_a_new_key(start, organisation, small_chunks):
    batch = start(12)
    chunks.work_off(now=lambda: MONDAY, worker="w", most=1)
    keys.new_key(organisation, at=MONDAY)

    chunks.work_off(now=lambda: MONDAY, worker="w")

    methods = {parse_json(each)["proof"]["verificationMethod"][-5:] for each in everything(batch).values()}
    assert methods == {"key-1", "key-2"}


@pytest.mark.django_db(transaction=True)
def test_two_lists_that_meet_at_one_person_award_them_once(accept, issuer):
    one, two = (batches.start(accept(people(3)), by=issuer, at=MONDAY) for _ in range(2))
    lease, other = (leases.claim(at=MONDAY, worker="w", batch=batch) for batch in (one, two))
    # Both are planned before either is stored.
    made = [Made.of(planning.plan(each, at=MONDAY)) for each in (lease, other)]
    making.intend(lease, made[0])
    storing.store(lease, made[0], made[0].sign(), at=MONDAY)

    chunks.work(other, now=lambda: MONDAY)
    chunks.work_off(now=lambda: MONDAY, worker="w")

    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.awarded, two.awarded, two.already, two.state) == (3, 0, 3, "done")
    assert Entry.objects.filter(verb="batch chunk planned anew").count() == 1
