# SPDX-License-Identifier: Apache-2.0
"""A chunk that comes to nothing says so, and is planned anew or given up."""

from __future__ import annotations

from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.chunks.conftest import everything

from cairn_server.issuing import chunks
from cairn_server.issuing.chunks import leases, making, planning
from cairn_server.issuing.chunks.making import Made
from cairn_server.issuing.models import BatchChunk
from cairn_server.journal.models import Entry


def test_what_was_meant_long_ago_is_not_signed_with_that_date(start):
    batch = start(3)
    lease = leases.claim(at=MONDAY, worker="gone")
    making.intend(lease, Made.of(planning.plan(lease, at=MONDAY)))
    lapsed = BatchChunk.objects.get()

    chunks.work_off(now=lambda: TUESDAY, worker="w")

    everything(batch)
    assert BatchChunk.objects.get().at == TUESDAY
    assert BatchChunk.objects.get().first_index_number == 3, "three numbers are gone for ever"
    entry = Entry.objects.get(verb="batch chunk planned anew")
    assert entry.details["intent"] == lapsed.intent_sha256
