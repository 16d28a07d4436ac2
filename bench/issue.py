# SPDX-License-Identifier: Apache-2.0
"""Awards in bulk: whole roads against the best that the machine could do, in the same run on one database.

    issue.million       a CSV file becomes durable credentials: read and checked, numbered, signed, each
                        verified by our own verifier, compressed, written with leaf and journal; by two
                        processes, against two that sign as many times with libsodium and COPY rows of 4 KB
    issue.sqlite        the same into SQLite, by one process, beside signing and inserting rows of 4 KB there
    issue.single        one award over HTTP, from the request to its answer, beside two signatures and a plain
                        INSERT of each of the rows that it leaves behind, in one durable transaction
    issue.neighbours    what another organisation's page takes while a list is being worked off, and in the
                        seconds between, in which the worker is stopped: p99 of the one beside the other's
    status.revocations  many revocations in one request, until the published lists say so

``ISSUE_ROWS`` (1,000,000), ``ISSUE_SQLITE_ROWS`` (100,000), ``NEIGHBOURS_ROWS`` (120,000, of which one worker
does some) in ``NEIGHBOURS_SECONDS`` (24), and ``STATUS_REVOCATIONS`` (100,000) make smaller
runs, which show that the cost of one does not depend on their number. Everything is wall time: what counts is
when somebody is done. A whole server is started: the PostgreSQL of the tests, the signer process, workers.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.tests.databases import throw_away_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("issue.million", "issue.sqlite", "issue.single", "issue.neighbours", "status.revocations")
ROWS = int(os.environ.get("ISSUE_ROWS", "1000000"))
SQLITE_ROWS = int(os.environ.get("ISSUE_SQLITE_ROWS", "100000"))
REVOCATIONS = int(os.environ.get("STATUS_REVOCATIONS", "100000"))
# Enough rows that the worker is not done, and enough seconds that p99 is more than the worst of a few pages.
NEIGHBOURS_ROWS = int(os.environ.get("NEIGHBOURS_ROWS", "120000"))
NEIGHBOURS_SECONDS = int(os.environ.get("NEIGHBOURS_SECONDS", "24"))
MEMORY_LIMIT = 1024  # megabytes, of the largest process

# As docs/operators-guide.md says for long lists; both sides of a comparison have them.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB", "checkpoint_timeout": "30min"}


def run(only: str) -> Iterator[dict[str, Any]]:
    """The lines of those whose names begin like this."""
    for name in NAMES:
        if name.startswith(only):
            yield {"name": name, **_RUNS[name]()}


# A server for one comparison


class Server:
    """A data folder, a database and a signer; everything else is done by child processes (issue_child.py)."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DATABASE_URL")},
            "DJANGO_SETTINGS_MODULE": "cairn_server.config.settings",
            "PUBLIC_URL": "https://bench.example",
            "DATA_DIR": str(folder / "data"),
            "LOG_LEVEL": "ERROR",
            "DATABASE_URL": url,
            "SIGNER_SOCKET": str(folder / "signer.sock"),
            "OPEN_FOUNDING": "yes",
        }

    def do(self, *arguments: str) -> dict[str, Any]:
        """One child, to its end; what it told."""
        return self.finish(self.begin(*arguments))

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "bench.issue_child", *arguments]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE)

    @staticmethod
    def finish(child: subprocess.Popen[bytes]) -> dict[str, Any]:
        told, _ = child.communicate()
        if child.returncode:
            raise RuntimeError(f"a child of the benchmark ended with {child.returncode}")
        found: dict[str, Any] = json.loads(told.splitlines()[-1])
        return found

    def together(self, count: int, *arguments: str) -> tuple[float, list[dict[str, Any]]]:
        """So many at once; how long until the last was done, and what each told.

        They start when all of them are ready, so that nobody's imports are measured.
        """
        barrier = self.folder / f"go-{time.monotonic_ns()}"
        children = [self.begin(*arguments, f"--wait={barrier}") for _ in range(count)]
        while len(list(self.folder.glob(f"{barrier.name}.ready.*"))) < count:
            if any(child.poll() for child in children):
                raise RuntimeError("a child of the benchmark did not start")
            time.sleep(0.01)
        began = time.perf_counter()
        barrier.touch()
        told = [self.finish(child) for child in children]
        return time.perf_counter() - began, told


@contextlib.contextmanager
def server(*, postgresql: bool) -> Iterator[Server]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cairn-bench-issue-")))
        url = (
            stack.enter_context(throw_away_postgresql(**SETTINGS))
            if postgresql
            else f"sqlite:///{folder / 'cairn.sqlite3'}"
        )
        found = Server(folder, url)
        found.do("prepare")
        signer = subprocess.Popen(
            [sys.executable, "-m", "cairn_server", "signer"], env=found.environment, stdout=subprocess.DEVNULL
        )
        stack.callback(signer.wait)
        stack.callback(signer.terminate)
        while not (folder / "signer.sock").exists():
            if signer.poll() is not None:
                raise RuntimeError("the signer did not start")
            time.sleep(0.05)
        yield found


def write_list(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("Name,E-mail,Student number,Date,Grade\n")
        for number in range(rows):
            file.write(f"Person Number {number},person{number}@people.example,S{number},2026-11-20,B\n")


# The comparisons


def million() -> dict[str, Any]:
    with server(postgresql=True) as found:
        list_file = found.folder / "list.csv"
        write_list(list_file, ROWS)
        reading, (read,) = found.together(1, "read", str(list_file))
        working, workers = found.together(2, "work")
        ours = reading + working
        seen = found.do("look", str(ROWS))
        signing, _ = found.together(2, "sign", str(ROWS // 2))
        copying, _ = found.together(2, "copy", str(ROWS // 2))
        theirs = signing + copying
    peak = max(each["peak_megabytes"] for each in (read, *workers))
    return {
        "per_second": round(ROWS / ours, 1),
        "against": "libsodium signs, then COPY of rows of 4 KB",
        "against_per_second": round(ROWS / theirs, 1),
        "ratio": round(theirs / ours, 3),
        "rows": ROWS,
        "seconds": round(ours, 1),
        "reading_seconds": round(reading, 1),
        "against_seconds": [round(signing, 1), round(copying, 1)],
        "peak_megabytes": round(peak),
        "limit_megabytes": MEMORY_LIMIT,
        **seen,
    }


def sqlite() -> dict[str, Any]:
    with server(postgresql=False) as found:
        list_file = found.folder / "list.csv"
        write_list(list_file, SQLITE_ROWS)
        reading, _ = found.together(1, "read", str(list_file))
        working, workers = found.together(1, "work")
        ours = reading + working
        seen = found.do("look", str(SQLITE_ROWS))
        signing, _ = found.together(1, "sign", str(SQLITE_ROWS))
        copying, _ = found.together(1, "copy", str(SQLITE_ROWS))
        theirs = signing + copying
    return {
        "per_second": round(SQLITE_ROWS / ours, 1),
        "against": "libsodium signs, then inserts of rows of 4 KB",
        "against_per_second": round(SQLITE_ROWS / theirs, 1),
        "ratio": round(theirs / ours, 3),
        "rows": SQLITE_ROWS,
        "peak_megabytes": round(max(each["peak_megabytes"] for each in workers)),
        **seen,
    }


def single() -> dict[str, Any]:
    with server(postgresql=True) as found:
        return found.do("single")


def neighbours() -> dict[str, Any]:
    with server(postgresql=True) as found:
        list_file = found.folder / "list.csv"
        write_list(list_file, min(ROWS, NEIGHBOURS_ROWS))
        found.do("read", str(list_file))
        worker = found.begin("work")
        try:
            told = found.do("visit", str(worker.pid), str(NEIGHBOURS_SECONDS))
            if worker.poll() is not None:
                raise RuntimeError("the list was done before the neighbours had been looked at")
        finally:
            worker.kill()
            worker.communicate()
    return {**told, "least_ratio": 0.83}


def revocations() -> dict[str, Any]:
    with server(postgresql=True) as found:
        list_file = found.folder / "list.csv"
        write_list(list_file, REVOCATIONS)
        found.do("read", str(list_file))
        found.together(2, "work")
        told = found.do("revoke", str(REVOCATIONS))
    return {**told, "limit_seconds": 60, "ratio": round(60 / told["seconds"], 2)}


_RUNS = {
    "issue.million": million,
    "issue.sqlite": sqlite,
    "issue.single": single,
    "issue.neighbours": neighbours,
    "status.revocations": revocations,
}
