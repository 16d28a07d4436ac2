# SPDX-License-Identifier: Apache-2.0
"""``issuing.database``: PostgreSQL that stops at once, dies, or cuts connections while lists are awarded
(G2, F4).

Two workers are at work. They do what the server's own loops do when the database fails: drop the connection
and look again. What was acknowledged must be there afterwards, and the invariant must hold.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from prove import invariant, kills
from prove.apart import POSTGRESQL, Apart
from prove.campaign import Failure
from prove.road import World, close_connections, work_and_tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from cairn_server.issuing import models
    from prove.road import Child

RESTARTS, POSTMASTERS, TERMINATIONS = 200, 50, 400
CUTS = 5  # in one list, so 2,000 in all
PATIENCE = 60.0


class Crashes(Apart):
    name = "issuing.database"
    promise = "whenever the database stops, dies or hangs up, what was confirmed is there, whole and once"
    module = "prove.crashes"
    engines = (POSTGRESQL,)
    controls = ("commits that are not on the disk", "stored in two pieces")


@dataclass
class Server:
    """The throw-away server of this world, taken by the neck."""

    state: Path

    @classmethod
    def of(cls, world: World) -> Server:
        return cls(Path(unquote(urlsplit(world.database).netloc.partition("@")[2])))

    @property
    def data(self) -> Path:
        return self.state / "data"

    @property
    def postmaster(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def stop(self, number: signal.Signals) -> None:
        process = self.postmaster
        os.kill(process, number)
        until = time.monotonic() + PATIENCE
        while _lives(process):
            if time.monotonic() > until:
                raise TimeoutError("PostgreSQL does not stop")
            time.sleep(0.01)

    def start(self) -> None:
        binary, *options = shlex.split((self.data / "postmaster.opts").read_text())
        own = [each for each in options if each not in ("-D", str(self.data))]
        command = [str(Path(binary).with_name("pg_ctl")), "-D", str(self.data), "-w", "-o", shlex.join(own)]
        command += ["-l", str(self.state / "log"), "start"]
        if os.getuid() == 0:
            command = ["runuser", "-u", "nobody", "--", *command]
        until = time.monotonic() + PATIENCE
        # After a kill its children need a moment to notice, and hold the shared memory until then.
        while subprocess.run(command, cwd=self.state, capture_output=True, check=False).returncode:
            if time.monotonic() > until:
                raise TimeoutError("PostgreSQL does not start")
            time.sleep(0.1)


def _lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def tries(world: World, random: Random, scale: float) -> Iterator[Failure | None]:
    server = Server.of(world)
    pace = kills.pace(world)
    faults = (
        [("an immediate restart", partial(_restart, server, signal.SIGQUIT))]
        * max(4, round(RESTARTS * scale))
        + [("a killed postmaster", partial(_restart, server, signal.SIGKILL))]
        * max(2, round(POSTMASTERS * scale))
        + [("cut connections", _cut_connections)] * max(6, round(TERMINATIONS * scale))
    )
    random.shuffle(faults)
    interrupted = acknowledged = 0
    for what, fault in faults:
        batch = world.new_list()
        workers = [world.fork(partial(_work_through, world, batch)) for _ in range(2)]
        for worker in workers:
            worker.wait_for()
        time.sleep(random.uniform(0, 0.5 * pace))
        fault()
        for worker in workers:
            worker.wait()
        # Each time the database fails a worker says so.
        interrupted += any(b"!" in each.told for each in workers)
        acknowledged += sum(each.acknowledged for each in workers)
        yield _judged(world, batch, workers, what)
    wrong = invariant.everywhere()
    yield None if wrong is None else Failure(wrong)
    if interrupted < 0.5 * len(faults):
        yield Failure(f"only {interrupted} of {len(faults)} faults came while a worker needed the database")
    if not acknowledged:
        yield Failure("no work was done")


def _judged(world: World, batch: models.Batch, workers: list[Child], what: str) -> Failure | None:
    from cairn_server.issuing.models import Batch, BatchChunk

    if not Batch.objects.filter(pk=batch.pk).exists():
        return Failure(f"{what}: an accepted list is gone")
    if ended := [each.ended for each in workers if each.ended]:
        return Failure(f"{what}: a worker ended with {ended}")
    acknowledged = sum(each.acknowledged for each in workers)
    done = BatchChunk.objects.filter(batch=batch, state="done").count()
    if done < acknowledged:
        return Failure(f"{what}: {acknowledged} chunks were acknowledged and {done} are stored")
    world.finish(batch)
    wrong = invariant.wrong_with(world, batch)
    return None if wrong is None else Failure(f"{what}: {wrong}")


def _work_through(world: World, batch: models.Batch, pipe: int) -> None:
    """A worker whose database fails, as the loop of the server has it (config/runner.py)."""
    from django.db import DatabaseError, InterfaceError

    until = time.monotonic() + PATIENCE
    while True:
        try:
            work_and_tell(world, batch, pipe)
        except (DatabaseError, InterfaceError):
            os.write(pipe, b"!")
            if time.monotonic() > until:
                raise
            close_connections()
            time.sleep(0.05)
        else:
            return


def _restart(server: Server, number: signal.Signals) -> None:
    close_connections()
    server.stop(number)
    server.start()


def _cut_connections() -> None:
    from django.db import connection

    for _ in range(CUTS):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        time.sleep(0.03)


# Broken builds


@contextlib.contextmanager
def _not_on_the_disk(world: World) -> Iterator[None]:
    """A server that acknowledges what a crash takes back."""
    from django.db import connection

    with connection.cursor() as cursor:
        for setting in ("synchronous_commit = off", "wal_writer_delay = '10s'"):
            cursor.execute(f"ALTER SYSTEM SET {setting}")
        cursor.execute("SELECT pg_reload_conf()")
    close_connections()
    time.sleep(0.2)
    yield


BROKEN: dict[str, Callable[[World], contextlib.AbstractContextManager[None]]] = {
    "commits that are not on the disk": _not_on_the_disk,
    "stored in two pieces": partial(kills.in_two_pieces, seconds=0.1),
}
