# SPDX-License-Identifier: Apache-2.0
"""Workers on PostgreSQL: any number of processes on any number of machines, fed by procrastinate.

A job is a nudge and no more: "there is a chunk of this list to sign". What there is to do, and who does it,
stands in the chunks themselves, with a lease (issuing/chunks/). So a job that is lost only delays, until
the next look; one that comes twice finds nothing to do. On SQLite there is one process, and its runner does
all this.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from cairn_server.config.runner import runners_from, stop_all
from cairn_server.issuing import batches, chunks
from cairn_server.issuing.models import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from procrastinate.types import JSONValue

QUEUE = "chunks"
# What the workers' own queue does, and not their runner.
BY_QUEUE = "cairn_server.issuing.batches.run_waiting_batches"
# Jobs for one list at once: a list that is longer is finished by the look that comes every minute.
MOST_NUDGES = 10_000
STOP_SECONDS = 25
NICENESS = 19


def now() -> datetime:
    return datetime.now(UTC)


@app.task(name="cairn.chunk", queue=QUEUE)
def work_on_chunk(batch: str) -> int:
    """One chunk of a list; 0 when others have them all, or it is paused."""
    found = Batch.objects.filter(public_id=batch).first()
    if found is None:
        return 0
    return chunks.work_off(now=now, worker=batches.worker_name(), batch=found, most=1)


@app.periodic(cron="* * * * *")
@app.task(name="cairn.look", queue=QUEUE, queueing_lock="cairn.look")
def look_for_chunks(timestamp: int) -> int:
    """Once a minute one of the workers does what nobody was nudged about, or whose worker is gone."""
    return chunks.work_off(now=now, worker=batches.worker_name())


def wake(batch_id: str, free: int) -> None:
    """In the transaction that makes chunks free: a job that could be seen before it would find nothing."""
    if free and connection.vendor == "postgresql":
        nudge: dict[str, JSONValue] = {"batch": batch_id}
        work_on_chunk.batch_defer(*[nudge] * min(free, MOST_NUDGES))


def give_way() -> None:
    """Where pages and lists share processors, pages come first: somebody waits for them (F21).

    Linux weighs sessions and control groups against each other first, and niceness only within one. A worker
    that is alone in its own keeps that one's share, or on a busy machine no list would ever be done.
    """
    os.nice(NICENESS)


def run_worker(*, tasks: Iterable[tuple[str, float]], outside: Iterable[Iterable[tuple[str, float]]]) -> None:
    """Until it is told to stop; the chunk in hand is finished, or its lease runs out."""
    give_way()
    runners = runners_from([task for task in tasks if task[0] != BY_QUEUE], *outside)
    for runner in runners:
        runner.start()
    try:
        assert isinstance(app.connector, DjangoConnector), "procrastinate runs inside Django here"
        with app.replace_connector(app.connector.get_worker_connector()) as worker:
            # A chunk keeps a processor busy, so one at a time; for more there are more workers.
            worker.run_worker(
                queues=[QUEUE],
                concurrency=1,
                delete_jobs="always",
                shutdown_graceful_timeout=STOP_SECONDS,
            )
    finally:
        stop_all(runners)
