# SPDX-License-Identifier: Apache-2.0
"""``issuing.disk``: a disk that fails or is full at every n-th call, and a database that fails at every
n-th statement (G3, F6, F7; SQLite's own method).

The call of the system: strace attaches to whoever writes, the worker on SQLite and its backend on
PostgreSQL, and lets the n-th write or sync of a database file fail with EIO or ENOSPC. The statement: the
worker's connection raises before the n-th statement is sent, or after it was obeyed; the same for commits,
whose answer may be lost. Then the worker goes on as the server's loop would, somebody finishes, and the
invariant must hold.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prove import invariant, kills
from prove.apart import POSTGRESQL, Apart
from prove.campaign import Failure
from prove.road import World, close_connections, work_and_tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from cairn_server.issuing.models import Batch
    from prove.road import Child

# What can be tried is counted first; at full scale all of it is.
CALLS = "write,pwrite64,pwritev,fsync,fdatasync,ftruncate"
ERRORS = ("EIO", "ENOSPC")
FEWEST = 6
PATIENCE = 60.0


class Disk(Apart):
    name = "issuing.disk"
    promise = "whichever write or statement fails, what was confirmed is there, whole and once"
    module = "prove.disk"
    controls = ("stored in two pieces",)


def tries(world: World, random: Random, scale: float) -> Iterator[Failure | None]:
    kills.pace(world)
    failed = 0
    statements, commits = _counted(world)
    cases: list[tuple[str, int, bool]] = [
        (kind, number, after)
        for kind, most in (("statement", statements), ("commit", commits))
        for number in range(1, most + 1)
        for after in (False, True)
    ]
    for kind, number, after in _some(random, cases, scale):
        batch = world.new_list()
        worker = world.fork(partial(_work_on_sand, world, batch, kind=kind, number=number, after=after))
        worker.wait()
        failed += b"!" in worker.told
        what = f"{kind} {number} failed {'after' if after else 'before'} it was done"
        yield _judged(world, batch, worker, what)
    if not failed:
        yield Failure("no statement failed")
    if (reason := _no_strace()) is not None:
        print(f"SKIPPED failing calls of the system: {reason}", file=sys.stderr)
        return
    yield from _calls(world, random, scale)


def _calls(world: World, random: Random, scale: float) -> Iterator[Failure | None]:
    calls = _calls_of_a_list(world)
    if calls < 3 * 3:
        yield Failure(f"only {calls} calls were seen: three chunks have more commits than that")
    failed = 0
    cases = [(error, number) for number in range(1, calls + 1) for error in ERRORS]
    for error, number in _some(random, cases, scale):
        batch = world.new_list()
        worker, trace = _traced(world, batch, f"inject={CALLS}:error={error}:when={number}")
        failed += "(INJECTED)" in trace
        yield _judged(world, batch, worker, f"call {number} answered {error}")
    if not failed:
        yield Failure("no call was made to fail")


def _some(random: Random, cases: list[Any], scale: float) -> list[Any]:
    """All of them at full scale, in any order; else a sample."""
    return random.sample(cases, min(len(cases), max(FEWEST, round(len(cases) * scale))))


def _judged(world: World, batch: Batch, worker: Child, what: str) -> Failure | None:
    from cairn_server.issuing.models import BatchChunk

    if worker.ended:
        return Failure(f"{what}: the worker ended with {worker.ended}")
    close_connections()
    _wait_for_database()
    done = BatchChunk.objects.filter(batch=batch, state="done").count()
    if done < worker.acknowledged:
        return Failure(f"{what}: {worker.acknowledged} chunks were acknowledged and {done} are stored")
    world.finish(batch)
    wrong = invariant.wrong_with(world, batch)
    return None if wrong is None else Failure(f"{what}: {wrong}")


def _wait_for_database() -> None:
    """PostgreSQL starts itself anew when one of its processes could not keep its word."""
    from django.db import OperationalError, connection

    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.ensure_connection()
        except OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def _work_through(world: World, batch: Batch, pipe: int) -> None:
    """As the loop of the server: what fails is tried again, on a new connection (config/runner.py)."""
    from django.db import DatabaseError, InterfaceError

    until = time.monotonic() + PATIENCE
    while True:
        try:
            work_and_tell(world, batch, pipe)
        except (DatabaseError, InterfaceError, OSError):
            os.write(pipe, b"!")
            if time.monotonic() > until:
                raise
            close_connections()
            time.sleep(0.05)
        else:
            return


# Statements


class Sand:
    """Counts what a connection does, and lets one of it fail."""

    def __init__(self, pipe: int, kind: str, number: int, *, after: bool) -> None:
        self._pipe, self._kind, self._number, self._after = pipe, kind, number, after
        self.seen = {"statement": 0, "commit": 0}

    def statement(self, execute: Callable[..., Any], *given: Any) -> Any:
        return self._done("statement", lambda: execute(*given))

    def commit(self, commit: Callable[[], None]) -> None:
        self._done("commit", commit)

    def _done(self, kind: str, do: Callable[[], Any]) -> Any:
        from django.db import OperationalError

        self.seen[kind] += 1
        fails = (kind, self.seen[kind]) == (self._kind, self._number)
        if fails and not self._after:
            os.write(self._pipe, b"!")
            raise OperationalError("made to fail before it was done")
        answer = do()
        if fails:
            os.write(self._pipe, b"!")
            raise OperationalError("made to fail after it was done")
        return answer


def _work_on_sand(world: World, batch: Batch, pipe: int, *, kind: str, number: int, after: bool) -> None:
    with _on(Sand(pipe, kind, number, after=after)):
        _work_through(world, batch, pipe)


@contextlib.contextmanager
def _on(sand: Sand) -> Iterator[None]:
    from django.db import connection

    commit = connection._commit
    connection._commit = lambda: sand.commit(commit)
    try:
        with connection.execute_wrapper(sand.statement):
            yield
    finally:
        connection._commit = commit


def _counted(world: World) -> tuple[int, int]:
    batch = world.new_list()

    def counting(pipe: int) -> None:
        sand = Sand(pipe, "", 0, after=False)
        with _on(sand):
            _work_through(world, batch, pipe)
        os.write(pipe, b"[%d,%d]" % (sand.seen["statement"], sand.seen["commit"]))

    worker = world.fork(counting)
    worker.wait()
    world.finish(batch)
    statements, _, commits = worker.told.partition(b"[")[2].rstrip(b"]").partition(b",")
    return int(statements), int(commits)


# Calls of the system


def _no_strace() -> str | None:
    if shutil.which("strace") is None:
        return "strace is not installed"
    probe = ["strace", "-o", "/dev/null", "-e", "inject=fsync:error=EIO:when=999", "true"]
    ended = subprocess.run(probe, capture_output=True, text=True, check=False)
    return None if ended.returncode == 0 else ended.stderr.strip()[:200]


def _calls_of_a_list(world: World) -> int:
    batch = world.new_list()
    worker, trace = _traced(world, batch, f"trace={CALLS}")
    world.finish(batch)
    assert not worker.ended, worker.ended
    return sum("(" in line and "+++" not in line for line in trace.splitlines())


def _traced(world: World, batch: Batch, expression: str) -> tuple[Child, str]:
    """A worker whose writes to the database are watched, from the moment at which it has a connection."""
    go, trace = world.folder / "go", world.folder / "trace"
    go.unlink(missing_ok=True)
    trace.write_text("")
    worker = world.fork(partial(_work_when_told, world, batch, go))
    worker.wait_for(b"]")
    watched = int(worker.told.partition(b"[")[2].partition(b"]")[0])
    command = ["strace", "-f", "-qq", "-o", str(trace), "-p", str(watched), "-e", expression]
    if not expression.startswith("trace="):
        command += ["-e", f"trace={CALLS}"]
    for path in _files(world):
        command += ["-P", str(path)]
    strace = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_traced(watched)
        go.touch()
        worker.wait()
    finally:
        strace.terminate()
        strace.wait()
    return worker, trace.read_text()


def _work_when_told(world: World, batch: Batch, go: Path, pipe: int) -> None:
    from django.db import connection

    connection.ensure_connection()
    writer = connection.connection.info.backend_pid if world.engine == POSTGRESQL else os.getpid()
    os.write(pipe, b"[%d]" % writer)
    while not go.exists():
        time.sleep(0.005)
    _work_through(world, batch, pipe)


def _files(world: World) -> list[Path]:
    """Where the database keeps what it must not lose."""
    from django.db import connection

    if world.engine == POSTGRESQL:
        from prove.crashes import Server

        wal = Server.of(world).data / "pg_wal"
        return [each for each in wal.iterdir() if each.is_file()]
    name = connection.settings_dict["NAME"]
    return [Path(f"{name}{ending}") for ending in ("", "-wal", "-journal")]


def _wait_until_traced(process: int) -> None:
    until = time.monotonic() + PATIENCE
    status = Path(f"/proc/{process}/status")
    while "TracerPid:\t0\n" in status.read_text():
        if time.monotonic() > until:
            raise TimeoutError("strace does not attach")
        time.sleep(0.005)


BROKEN = {"stored in two pieces": partial(kills.in_two_pieces, seconds=0)}
