# SPDX-License-Identifier: Apache-2.0
"""What the tests of the road begin with, and what has to be true at its end."""

from __future__ import annotations

import multiprocessing
import os
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connections
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.conftest import sources_of

import cairn
from cairn_server.issuing import chunks
from cairn_server.issuing.chunks import leases, steps
from cairn_server.issuing.models import Batch, Credential, SecuredCredential
from cairn_server.journal import services as journal
from cairn_server.journal.models import Entry
from cairn_server.tlog.models import PendingLeaf

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from multiprocessing.context import ForkProcess

AFTER_THE_LEASE = MONDAY + leases.LEASE + timedelta(seconds=1)


FULL = {
    "narrative": 'Glazed "by hand" \\ with 100 %\tcare\nand a second line: Ω, 東京, 🙂',
    "evidence_url": "https://college.example/portfolio/7?page=1&x=%20y#top",
    "evidence_name": "Portfolio",
    "evidence_description": "Six bowls.",
    "expiry_date": "2030-01-31",
    "language": "nl",
    "license_number": "L-77",
    "identifiers": [{"type": "sisSourcedId", "value": "S-1"}, {"type": "systemId", "value": "S-2"}],
    "evidence": [{"url": "https://college.example/film", "name": "Film"}, {"description": "Only words"}],
    "results": [{"value": "12", "status": "Completed"}],
    "result_status": "Completed",
}


def everything(batch: Batch) -> dict[int, bytes]:
    """The stored bytes by row, after a look at all that has to be true of a list that is done (INV)."""
    batch.refresh_from_db()
    found = list(Credential.objects.filter(batch=batch).order_by("batch_number"))
    assert batch.state == "done"
    assert batch.awarded == batch.total == len(found)
    assert {each.batch_number for each in found} == set(batch.rows.values_list("number", flat=True))
    for what in ("public_id", "request_key", "subject_id"):
        assert len({getattr(each, what) for each in found}) == len(found)
    indexes = [(each.status_list_id, each.status_index) for each in found]
    assert len(set(indexes)) == len(indexes)
    secured = {
        each.credential_id: each for each in SecuredCredential.objects.select_related("leaf", "dictionary")
    }
    assert set(secured) == {each.pk for each in found}
    assert PendingLeaf.objects.count() == len(found)
    sources = sources_of(found[0])
    for each in found:
        row = secured[each.pk]
        report = cairn.Verifier(sources).examine(row.bytes(), at=TUESDAY)
        assert report.verdict is cairn.Verdict.VERIFIED
        assert row.sha256 == row.leaf.secured_sha256 == report.sha256
    assert Entry.objects.filter(verb="credentials awarded").count() == batch.chunks.count()
    assert journal.broken_link(batch.organisation.public_id) is None
    return {each.batch_number: secured[each.pk].bytes() for each in found}


def in_another_process(work: Callable[[], None]) -> int | None:
    child = begun(work)
    child.join(60)
    return child.exitcode


def begun(work: Callable[[], None]) -> ForkProcess:
    """Another process that does this; connections are not shared across a fork."""
    for connection in connections.all():
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    return child


def work_until(step: str, by: signal.Signals) -> None:
    """A worker with one chunk, whom a signal meets at this step."""

    def met(reached: str) -> None:
        if reached == step:
            os.kill(os.getpid(), by)

    steps.reached = met
    chunks.work_off(now=lambda: MONDAY, worker="met", most=1)
