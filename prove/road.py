# SPDX-License-Identifier: Apache-2.0
"""The installation that faults are tried on: an organisation, lists, workers that die, a signer with a tap.

Time is the machine's plus what the campaign has let go by, so that a lease can end without anybody waiting.
The signer is a process of its own, as in production, and writes down every order before it answers: what it
signed is known whatever dies afterwards.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from bench import installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.issuing.models import Batch
    from cairn_server.organisations.keys.orders import Order

ROWS_OF_A_CHUNK = 6
ROWS_OF_A_LIST = 18
# Long enough for a busy machine; nobody waits for it to end.
LEASE = timedelta(seconds=30)
SIGNER_PATIENCE = 0.3

BEGUN, ACKNOWLEDGED = b"(", b")"


@dataclass
class World:
    engine: str
    database: str
    version: AchievementVersion
    folder: Path
    passed: timedelta = timedelta()
    signer: int = 0
    _numbers: Iterator[int] = field(default_factory=count)

    @classmethod
    @contextlib.contextmanager
    def on(cls, engine: str) -> Iterator[World]:
        with _database(engine) as url:
            version = installation.start(url)
            world = cls(engine, url, version, Path(os.environ["DATA_DIR"]))
            world._settle()
            try:
                yield world
            finally:
                world.stop_signer()
                close_connections()

    def _settle(self) -> None:
        from django.db import connection

        from cairn_server.organisations.models import Organisation

        if self.engine == "postgresql":
            # Threads of a pool do not live through a fork.
            close_connections()
            connection.settings_dict["OPTIONS"].pop("pool", None)
        Organisation.objects.update(undo_minutes=0)
        settle_process(self.folder)
        self.start_signer()

    # Time

    def now(self) -> datetime:
        return datetime.now(UTC) + self.passed

    def let_pass(self, how_long: timedelta) -> None:
        self.passed += how_long

    # Who does the work

    def owner(self) -> Person:
        from cairn_server.accounts.models import Person

        return Person.objects.get(email="potter@bench.example")

    def new_list(self, rows: int = ROWS_OF_A_LIST, *, started: bool = True) -> Batch:
        """An accepted list of this many people whom nobody has awarded."""
        from cairn_server.issuing import batches, storage
        from cairn_server.issuing.models import Batch

        batch = Batch.objects.create(
            organisation=self.version.organisation,
            version=self.version,
            started_by=self.owner(),
            state=Batch.State.CHECKED,
            total=rows,
            created_at=self.now(),
        )
        name = batch.public_id
        storage.copy_rows(
            batch,
            [
                (
                    number,
                    f"{name}:{number}",
                    {"name": f"Person {number}", "email": f"p{number}.{name}@people.example"},
                )
                for number in range(2, 2 + rows)
            ],
        )
        return batches.start(batch, by=self.owner(), at=self.now()) if started else batch

    def finish(self, *lists: Batch) -> None:
        """What whoever comes next does: the leases have ended, the signer is there, the post leaves."""
        from cairn_server.issuing import batches, chunks, services, status_lists

        self.let_pass(LEASE + chunks.SIGNER_BACK_IN)
        self.start_signer()
        status_lists.publish_waiting(at=self.now())
        services.finish_awards(at=self.now())
        for each in lists:
            chunks.work_off(now=self.now, worker="next", batch=each)
        while batches.release_due(at=self.now()):
            pass
        status_lists.renew_status_lists(at=self.now())

    def fork(self, work: Callable[[int], None]) -> Child:
        """Start ``work`` in another process, with a pipe to tell things by."""
        close_connections()
        reading, writing = os.pipe()
        process = os.fork()
        if process:
            os.close(writing)
            return Child(process, reading)
        os.close(reading)
        return _run(lambda: work(writing))

    # The signer

    @property
    def tap(self) -> Path:
        return self.folder / "signed"

    def start_signer(self) -> None:
        if self.signer and self._signer_lives():
            return
        self.signer = self.fork_quietly(self._sign)

    def fork_quietly(self, work: Callable[[], None]) -> int:
        close_connections()
        process = os.fork()
        if not process:
            _run(work)
        return process

    def _signer_lives(self) -> bool:
        return os.waitpid(self.signer, os.WNOHANG) == (0, 0)

    def _sign(self) -> None:
        from cairn_server.config import signer
        from cairn_server.organisations import keys

        service = Tapped(signer.service(keys.KeyStore(installation.KEK)), self.tap)
        signer.SignerServer(self.folder / "signer.sock", service).serve()

    def kill_signer(self) -> None:
        os.kill(self.signer, signal.SIGKILL)
        os.waitpid(self.signer, 0)
        self.signer = 0

    def stop_signer(self) -> None:
        if self.signer and self._signer_lives():
            self.kill_signer()

    def signed(self, batch: Batch) -> set[str]:
        """Digests of all that was signed for the chunks of this list."""
        wanted = f"chunk {batch.public_id}/"
        if not self.tap.exists():
            return set()
        return {line.split()[2] for line in self.tap.read_text().splitlines() if line.startswith(wanted)}


class Tapped:
    """``Signing`` that notes each order it obeys before anybody has the signatures."""

    def __init__(self, signing: Any, tap: Path) -> None:
        self._signing, self._tap = signing, tap

    def sign(self, order: Order) -> list[bytes]:
        from cairn_server.organisations.keys import intent_digest

        signatures: list[bytes] = self._signing.sign(order)
        with self._tap.open("a") as tap:
            tap.write(f"{order.purpose} {order.intent} {intent_digest(order.inputs)}\n")
        return signatures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._signing, name)


@dataclass
class Child:
    process: int
    pipe: int
    told: bytes = b""
    ended: int | None = None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)

    def wait_for(self, word: bytes = BEGUN) -> None:
        """Until it has said this for the first time, or ended."""
        while word not in self.told:
            piece = os.read(self.pipe, 65_536)
            if not piece:
                return
            self.told += piece

    def wait(self) -> int:
        while piece := os.read(self.pipe, 65_536):
            self.told += piece
        os.close(self.pipe)
        _, status = os.waitpid(self.process, 0)
        self.ended = os.waitstatus_to_exitcode(status)
        return self.ended

    def wait_until_stopped(self) -> None:
        os.waitpid(self.process, os.WUNTRACED)

    def has_ended(self) -> bool:
        """Without waiting, for a child that tells nothing."""
        process, status = os.waitpid(self.process, os.WNOHANG)
        if process:
            os.close(self.pipe)
            self.ended = os.waitstatus_to_exitcode(status)
        return bool(process)

    @property
    def was_killed(self) -> bool:
        return self.ended == -signal.SIGKILL

    @property
    def begun(self) -> int:
        return self.told.count(BEGUN)

    @property
    def acknowledged(self) -> int:
        return self.told.count(ACKNOWLEDGED)


def work_and_tell(
    world: World,
    batch: Batch,
    pipe: int,
    *,
    dies_at: str = "",
    turn: int = 1,
    by: signal.Signals = signal.SIGKILL,
) -> None:
    """A worker. It tells when it has a chunk and when that is stored; a signal may meet it at a step."""
    from cairn_server.issuing import chunks
    from cairn_server.issuing.chunks import steps

    seen = 0

    def reached(step: str) -> None:
        nonlocal seen
        if step == "claimed":
            os.write(pipe, BEGUN)
        if step == dies_at:
            seen += 1
            if seen == turn:
                os.kill(os.getpid(), by)
        if step == "stored":
            os.write(pipe, ACKNOWLEDGED)

    steps.reached = reached
    chunks.work_off(now=world.now, worker=f"worker {os.getpid()}", batch=batch)


def settle_process(folder: Path) -> None:
    """What every process of this world has in common."""
    from cairn_server.issuing import chunks
    from cairn_server.issuing.chunks import leases
    from cairn_server.organisations import keys
    from cairn_server.organisations.keys.client import SignerClient

    client = SignerClient(folder / "signer.sock", patience=SIGNER_PATIENCE)
    keys.install(lambda: client)
    chunks.ROWS, leases.LEASE = ROWS_OF_A_CHUNK, LEASE


def close_connections() -> None:
    """A connection must not be shared across a fork."""
    from django.db import connections

    connections.close_all()
    for connection in connections.all(initialized_only=True):
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def _run(work: Callable[[], None]) -> NoReturn:
    """The rest of a forked process, which must not clean up what belongs to its parent."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    code = 1
    try:
        work()
        code = 0
    except BaseException as error:  # noqa: BLE001  told by the exit code and the log
        print(f"{os.getpid()}: {error!r}", file=sys.stderr)
    finally:
        sys.stderr.flush()
        os._exit(code)


@contextlib.contextmanager
def _database(engine: str) -> Iterator[str]:
    if engine == "sqlite":
        yield ""
        return
    from server.tests.databases import throw_away_postgresql

    with throw_away_postgresql() as url:
        yield url
