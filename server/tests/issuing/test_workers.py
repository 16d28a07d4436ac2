# SPDX-License-Identifier: Apache-2.0
"""Two workers as an operator starts them, on PostgreSQL: they share a list; one that is killed is no loss."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone
from server.tests.conftest import KEK, PUBLIC_URL
from server.tests.issuing.conftest import people

from cairn_server.config import watermark as marks
from cairn_server.issuing import batches, chunks
from cairn_server.issuing.chunks import leases
from cairn_server.issuing.models import Batch, BatchChunk, Credential
from cairn_server.organisations.watermark import watermark

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHIN = 90.0


def command(folder: Path) -> subprocess.Popen[bytes]:
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH")
    settings = connection.settings_dict
    environment = {name: os.environ[name] for name in kept if name in os.environ} | {
        "DATA_DIR": str(folder),
        "WATERMARK_PATH": str(django_settings.WATERMARK_PATH),
        "PUBLIC_URL": PUBLIC_URL,
        "KEY_ENCRYPTION_KEY": KEK.hex(),
        "DATABASE_URL": os.environ.get("DATABASE_URL", "").rpartition("/")[0] + f"/{settings['NAME']}",
    }
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "cairn_server", "worker"],
            cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[object]:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        folder = tmp_path / f"worker-{len(started)}"
        folder.mkdir()
        started.append(command(folder))
        until(lambda: b"ready" in (folder / "log").read_bytes(), folder)
        return started[-1]

    yield start
    for each in started:
        each.terminate()
    for each in started:
        each.wait(60)


def until(true: object, folder: Path | None = None) -> None:
    deadline = time.monotonic() + WITHIN
    while not true():  # type: ignore[operator]
        log = (folder / "log").read_text() if folder else ""
        assert time.monotonic() < deadline, f"it did not happen in time {log}"
        time.sleep(0.1)


def is_done(batch: Batch) -> bool:
    batch.refresh_from_db()
    return batch.state == Batch.State.DONE


@pytest.mark.skipif(connection.vendor != "postgresql", reason="workers need PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_f2_workers_share_a_list_and_one_that_is_killed_is_no_loss(worker, accept, issuer, monkeypatch):
    monkeypatch.setattr(chunks, "ROWS", 25)
    marks.compare_at_start(watermark(), at=timezone.now())  # as the server does before there is a worker
    first, second = worker(), worker()
    batch = batches.start(accept(people(1_000)), by=issuer, at=timezone.now())
    until(lambda: BatchChunk.objects.filter(state="done").count() >= 4)

    os.killpg(first.pid, signal.SIGKILL)
    # What it held is free when its lease is over; nobody here waits two minutes for that.
    BatchChunk.objects.filter(state__in=leases.AT_WORK).update(lease_until=None)

    until(lambda: is_done(batch))
    assert second.poll() is None
    assert batch.awarded == 1_000
    assert len(set(Credential.objects.values_list("status_list", "status_index"))) == 1_000
    assert len(set(BatchChunk.objects.values_list("worker", flat=True))) == 2


@pytest.mark.skipif(connection.vendor != "postgresql", reason="workers are for PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_f21_a_worker_gives_way_to_pages(worker, installation):
    marks.compare_at_start(watermark(), at=timezone.now())  # as the server does before there is a worker
    started = worker()

    def niceness() -> list[int]:
        children = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()
        return [os.getpriority(os.PRIO_PROCESS, int(each)) for each in children]

    until(lambda: 19 in niceness())


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no sessions")
@pytest.mark.django_db
def test_f4_a_session_that_stands_still_in_a_transaction_is_ended():
    """It would hold the locks of everybody else's work."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("2min",)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite has one process")
def test_a_worker_needs_postgresql():
    with pytest.raises(CommandError, match="PostgreSQL"):
        call_command("worker")
