# SPDX-License-Identifier: Apache-2.0
"""What is asked again before a chunk is signed, and what is on record then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.chunks.conftest import AFTER_THE_LEASE, everything

from cairn_server.issuing import batches, chunks, services, status_lists
from cairn_server.issuing.chunks import leases, planning
from cairn_server.issuing.models import BatchChunk, BatchRow, Credential, StatusList
from cairn_server.organisations import watermark
from cairn_server.organisations.models import Installation


def test_f17_a_chunk_that_nobody_survives_is_set_aside(start):
    batch = start(3)
    for attempt in range(planning.MOST_ATTEMPTS):
        assert leases.claim(at=MONDAY + attempt * 2 * leases.LEASE, worker="dies") is not None

    chunks.work_off(now=lambda: TUESDAY, worker="w")

    batch.refresh_from_db()
    assert (batch.failed, batch.state) == (3, "problems")
    assert leases.claim(at=TUESDAY + timedelta(days=1), worker="w") is None


def test_a_row_that_fails_is_named_and_the_others_go_on(start):
    batch = start(3)
    BatchRow.objects.filter(number=3).update(values={"name": "Person 1", "email": "nobody"})

    batches.run_batch(batch, at=MONDAY)

    row = BatchRow.objects.get(number=3)
    assert (batch.state, batch.awarded, batch.failed) == ("problems", 2, 1)
    assert (row.state, bool(row.problem)) == ("failed", True)


def test_a_row_whose_end_is_over_by_now_is_not_awarded(accept, issuer):
    ends = [(2, "a", {"expiry_date": "2026-11-23"}), (3, "b", {"expiry_date": "2026-11-24"})]
    batch = batches.start(accept(ends), by=issuer, at=MONDAY)

    batches.run_batch(batch, at=TUESDAY)

    assert (batch.awarded, batch.failed) == (1, 1)


def test_lists_that_are_full_are_followed_by_new_ones(start, monkeypatch, small_chunks):
    batch = start(25)
    chunks.work_off(now=lambda: MONDAY, worker="w", most=1)
    StatusList.objects.update(next_number=131_072 - 4)

    chunks.work_off(now=lambda: MONDAY, worker="w")

    batch.refresh_from_db()
    assert batch.awarded == 25
    assert sorted(StatusList.objects.values_list("next_number", flat=True)) == [15, 131_068]


def test_f9_nothing_is_dated_before_the_list_was_received(start):
    batch = start(3)

    chunks.work_off(now=lambda: MONDAY - timedelta(hours=1), worker="back")

    chunk = BatchChunk.objects.get()
    assert (chunk.state, chunk.attempts) == ("waiting", 0)
    chunks.work_off(now=lambda: AFTER_THE_LEASE, worker="right")
    everything(batch)


def test_f9_what_was_planned_by_it_is_planned_anew(start):
    batch = start(3)
    planning.plan(leases.claim(at=MONDAY, worker="ahead"), at=MONDAY + timedelta(days=3653))
    # It has published the list as well.
    status_lists.renew_status_lists(at=AFTER_THE_LEASE)

    chunks.work_off(now=lambda: AFTER_THE_LEASE, worker="right")

    everything(batch)
    assert BatchChunk.objects.get().at == AFTER_THE_LEASE


@pytest.mark.parametrize("planned", [False, True])
def test_f11_a_copy_that_recovers_finishes_nothing_and_fails_nobody(planned, start):
    batch = start(3)
    if planned:
        planning.plan(leases.claim(at=MONDAY, worker="w"), at=MONDAY)
    Installation.objects.update(recovering=True)

    chunks.work_off(now=lambda: AFTER_THE_LEASE, worker="w")

    assert not Credential.objects.exists()
    assert not BatchRow.objects.exclude(state="waiting").exists()
    Installation.objects.update(recovering=False)
    chunks.work_off(now=lambda: AFTER_THE_LEASE + 2 * leases.LEASE, worker="w")
    everything(batch)


@pytest.mark.django_db(transaction=True)
def test_f11_numbers_that_another_copy_has_given_out_are_not_signed_for(start):
    start(3)
    with transaction.atomic():
        planned = planning._plan(leases.claim(at=MONDAY, worker="dies"), at=MONDAY)
    watermark.claim(planned.chunk.status_list.public_id, first=0, last=2, holder="another copy", version=1)

    chunks.work_off(now=lambda: AFTER_THE_LEASE, worker="next", most=1)

    assert not Credential.objects.exists()
    assert Installation.objects.get().recovering
    assert BatchChunk.objects.get().state == "waiting"


@pytest.mark.django_db(transaction=True)
def test_f11_nor_is_a_single_award(award, monkeypatch):
    first = award()
    status_list = StatusList.objects.get()
    genuine = status_lists.claim_index

    def quicker(status_list: StatusList, index: int, *, holder: str, at: Any) -> None:
        genuine(status_list, index, holder="another copy", at=at)
        genuine(status_list, index, holder=holder, at=at)

    monkeypatch.setattr(services.status_lists, "claim_index", _once(quicker, genuine))
    with pytest.raises(watermark.DatabaseBehind):
        award()
    assert not Credential.objects.signed().exclude(pk=first.pk).exists()
    with pytest.raises(services.Unfinished):
        services.finish_awards(at=AFTER_THE_LEASE)

    assert Credential.objects.count() == 1
    assert Installation.objects.get().recovering
    assert StatusList.objects.get().next_number == status_list.next_number + 1, "the number is burnt"


def _once(first: Any, then: Any) -> Any:
    """Another copy is quicker with the claim of this commit; what comes after is as ever."""
    calls = iter([first])
    return lambda *given, **named: next(calls, then)(*given, **named)
