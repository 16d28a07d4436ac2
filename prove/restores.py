# SPDX-License-Identifier: Apache-2.0
"""``issuing.restores``: an old copy of the database never gives out a place again that somebody has (G15,
F11).

Lists are awarded, and at a random moment, while a worker is at it, the database is copied. More is awarded:
that is what the copy does not know. Then the copy is put in place of the database, as after an accident. It
must refuse to award and say why, whatever became of its watermark; and after ``recover`` it must award
again without ever giving out a place that was taken in the time it has forgotten. Last, two copies go on at
the same time: one of them must stop before it has signed.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from prove import invariant, kills
from prove.apart import SQLITE, Apart
from prove.campaign import Failure, times
from prove.road import World, close_connections, work_and_tell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from cairn_server.issuing.models import Batch

DRILLS = 100
# What has become of the watermark meanwhile.
KEPT, MISSING, FOREIGN = "kept", "missing", "another installation's"

# A list and an index in it, and whose that is.
Places = dict[tuple[str, int], str]
_copies = count()


class Restores(Apart):
    name = "issuing.restores"
    promise = "an old copy of the database awards nothing until it is told to, and gives out no place twice"
    module = "prove.restores"
    engines = (SQLITE,)
    controls = ("no watermark", "goes on with its lists", "a claim for whoever asks")


def tries(world: World, random: Random, scale: float) -> Iterator[Failure | None]:
    from cairn_server.config import watermark as marks
    from cairn_server.organisations.watermark import watermark

    seconds = kills.pace(world)
    if problems := marks.compare_at_start(watermark(), at=world.now()):
        yield Failure(f"a database that has forgotten nothing is refused: {problems}")
    forgotten = 0
    for number in range(times(DRILLS, scale)):
        fate = (KEPT, MISSING, KEPT, FOREIGN, KEPT)[number % 5]
        failure, lost = _drill(world, random.uniform(0, seconds), fate)
        forgotten += lost
        yield failure
        if number % 4 == 0:
            yield _two_copies(world)
    if not forgotten:
        yield Failure("no copy had forgotten anything")


def _drill(world: World, after: float, fate: str) -> tuple[Failure | None, int]:
    from cairn_server.config import watermark as marks
    from cairn_server.organisations import installation
    from cairn_server.organisations.watermark import watermark

    batch = world.new_list()
    worker = world.fork(lambda pipe: work_and_tell(world, batch, pipe))
    worker.wait_for()
    time.sleep(after)
    copy = _copied(world)
    worker.wait()
    world.finish(batch)
    _award(world)
    given = _places()
    _put_back(world, copy)
    lost = len(given.keys() - _places().keys())
    _spoil(world, fate)
    # The server starts.
    problems = marks.compare_at_start(watermark(), at=world.now())
    if bool(problems) != installation.installation().recovering:
        return Failure(f"{fate}: it says {problems} and is recovering: {not problems}"), lost
    if (lost or fate != KEPT) and not problems:
        return Failure(f"{fate}: {lost} places were forgotten and nobody has noticed"), lost
    if problems:
        if failure := _awards_all_the_same(world, batch, fate):
            return failure, lost
        marks.confirm(watermark(), at=world.now())
    next_one = world.new_list()
    world.finish(batch, next_one)
    if twice := _given_twice(given):
        return Failure(f"{fate}: {twice}"), lost
    wrong = invariant.wrong_with(world, next_one) or invariant.everywhere()
    return (None if wrong is None else Failure(f"{fate}: {wrong}")), lost


def _awards_all_the_same(world: World, batch: Batch, fate: str) -> Failure | None:
    from cairn_server.errors import Refusal
    from cairn_server.issuing import chunks

    before = _places()
    chunks.work_off(now=world.now, worker="too soon", batch=batch, most=10)
    with contextlib.suppress(Refusal):
        _award(world)
    if _places() != before:
        return Failure(f"{fate}: it awards before anybody has said that it may")
    if batch.rows.filter(state="failed").exists():
        return Failure(f"{fate}: rows have failed because of it")
    return None


def _two_copies(world: World) -> Failure | None:
    """Both have planned with the same numbers before either has said so. The first to say so has them."""
    from cairn_server.config import watermark as marks
    from cairn_server.organisations import installation
    from cairn_server.organisations.watermark import watermark

    batch = world.new_list()
    one = _copied(world)
    planning = world.fork(lambda pipe: work_and_tell(world, batch, pipe, dies_at="planned"))
    planning.wait()
    other = _copied(world)
    _put_back(world, one)
    world.finish(batch)
    given, signed = _places(), world.signed(batch)
    _put_back(world, other)
    world.finish(batch)
    if twice := _given_twice(given):
        return Failure(f"two copies: {twice}")
    if world.signed(batch) != signed:
        return Failure("two copies: the second has signed as well")
    if not installation.installation().recovering:
        return Failure("two copies: the second goes on")
    marks.confirm(watermark(), at=world.now())
    world.finish(batch)
    if twice := _given_twice(given):
        return Failure(f"two copies, recovered: {twice}")
    batch.refresh_from_db()
    if batch.awarded != batch.total:
        return Failure(f"two copies: after the recovery the list is {batch.state}, {batch.counts()}")
    return None


# Places


def _places() -> Places:
    from cairn_server.issuing.models import Credential

    found = Credential.objects.values_list("status_list__public_id", "status_index", "public_id")
    return {(list_id, index): who for list_id, index, who in found}


def _given_twice(before: Places) -> str | None:
    """A place that is somebody else's now. The same one, made again from the same plan, keeps theirs."""
    for place, who in _places().items():
        if before.get(place, who) != who:
            return f"index {place[1]} of list {place[0]} was given to two people"
    return None


def _award(world: World) -> None:
    from cairn_server.issuing import services

    services.award(
        by=world.owner(),
        version=world.version,
        recipient=services.Recipient("Ada Adams", "ada@bench.example"),
        request_key=f"restores:{next(_copies)}",
        at=world.now(),
    )


# The database and its watermark, as files


def _file() -> Path:
    from django.db import connection

    return Path(connection.settings_dict["NAME"])


def _copied(world: World) -> Path:
    """As a backup tool copies it: one moment of a database that is being written to."""
    copy = world.folder / f"copy-{next(_copies)}.sqlite3"
    with (
        contextlib.closing(sqlite3.connect(_file())) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy


def _put_back(world: World, copy: Path) -> None:
    """The copy in the place of the database, while nothing runs."""
    world.stop_signer()
    close_connections()
    for ending in ("-wal", "-shm"):
        _file().with_name(_file().name + ending).unlink(missing_ok=True)
    copy.replace(_file())
    world.signer = 0
    world.start_signer()


def _spoil(world: World, fate: str) -> None:
    from django.conf import settings

    from cairn_server.organisations.watermark import FileWatermark

    path = Path(settings.WATERMARK_PATH)
    if fate != KEPT:
        path.unlink()
    if fate == FOREIGN:
        FileWatermark(path).advance("of-another-installation", count=5, version=5)


# Broken builds


@contextlib.contextmanager
def _no_watermark(_world: World) -> Iterator[None]:
    from cairn_server.config import watermark as marks
    from cairn_server.organisations.watermark import FileWatermark

    with (
        mock.patch.object(marks, "behind", return_value=[]),
        mock.patch.object(FileWatermark, "require_not_behind", return_value=None),
        mock.patch.object(FileWatermark, "claim", return_value=None),
    ):
        yield


@contextlib.contextmanager
def _same_lists(_world: World) -> Iterator[None]:
    """A recovery that believes the copy: its lists go on where they were when it was made."""
    from cairn_server.config import watermark as marks
    from cairn_server.organisations import installation

    def confirm(watermark: object, *, at: object) -> None:
        installation.confirm_recovery(at=at)  # type: ignore[arg-type]
        watermark.path.unlink()  # type: ignore[attr-defined]
        marks.Installation.objects.update(watermark_id=watermark.identity())  # type: ignore[attr-defined]

    with (
        mock.patch.object(marks, "confirm", confirm),
        mock.patch.object(marks, "seal_status_lists", return_value=0),
    ):
        yield


@contextlib.contextmanager
def _whoever_asks(_world: World) -> Iterator[None]:
    """A mark that is only raised, and not compared."""
    from cairn_server.organisations.watermark import FileWatermark

    def claim(self: FileWatermark, list_id: str, *, first: int, last: int, holder: str, version: int) -> None:
        self.advance(list_id, count=last + 1, version=version)

    with mock.patch.object(FileWatermark, "claim", claim):
        yield


BROKEN = {
    "no watermark": _no_watermark,
    "goes on with its lists": _same_lists,
    "a claim for whoever asks": _whoever_asks,
}
