# SPDX-License-Identifier: Apache-2.0
"""``issuing.clocks``: a clock that jumps in the middle of a list makes no back-dated signature (G14, F9).

A worker's clock jumps at one of the moments at which it is read, and stays there until the worker finds
nothing more to do. Then it is put right, and the list is finished. Nothing may be dated before its list was
accepted, the invariant must hold, and the list must be over soon: not when a clock's wrong date has come.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING
from unittest import mock

from prove import invariant
from prove.apart import Apart
from prove.campaign import Failure, times
from prove.road import LEASE, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from random import Random

    from cairn_server.issuing.models import Batch

JUMPS = {
    "a second ahead": timedelta(seconds=1),
    "a second back": timedelta(seconds=-1),
    "a minute ahead": timedelta(minutes=1),
    "a minute back": timedelta(minutes=-1),
    "an hour ahead": timedelta(hours=1),
    "an hour back": timedelta(hours=-1),
    "a day ahead": timedelta(days=1),
    "a day back": timedelta(days=-1),
    "a year back": timedelta(days=-365),
    "ten years ahead": timedelta(days=3653),
    "to 2038": timedelta(days=4440),
    "a century ahead": timedelta(days=36525),
}
READINGS = 12  # claim, plan and store of three chunks, and the look that finds nothing more
ROUNDS = 100
BACK_DATED = timedelta(minutes=2)


class Clocks(Apart):
    name = "issuing.clocks"
    promise = "whatever a worker's clock says, nothing is dated before it was meant, nor waits for that date"
    module = "prove.clocks"
    controls = ("dated by the clock alone", "a lease for ten years")


def tries(world: World, random: Random, scale: float) -> Iterator[Failure | None]:
    world.finish(_warm(world))
    readings = random.sample(range(1, READINGS + 1), READINGS)
    # Each jump at least once, whatever the scale, and each at every reading in the course of time.
    cases = [
        (name, readings[(turn + place) % READINGS])
        for turn in range(READINGS)
        for place, name in enumerate(JUMPS)
    ]
    jumped = 0
    for number in range(times(len(JUMPS) * ROUNDS, scale)):
        name, reading = cases[number % len(cases)]
        clock = Clock(world, JUMPS[name], at_reading=reading)
        batch = world.new_list()
        yield _worked(world, batch, clock, f"{name} at reading {reading}")
        jumped += clock.has_jumped
        # Whatever a clock has left behind in this list's chunks is not the next one's trouble.
        world.let_pass(LEASE)
    if jumped < len(JUMPS):
        yield Failure(f"only {jumped} clocks jumped while a list was in work")


def _warm(world: World) -> Batch:
    return world.new_list()


class Clock:
    def __init__(self, world: World, jump: timedelta, *, at_reading: int) -> None:
        self._world, self._jump, self._left = world, jump, at_reading

    @property
    def has_jumped(self) -> bool:
        return self._left <= 0

    def __call__(self) -> datetime:
        self._left -= 1
        return self._world.now() + (self._jump if self.has_jumped else timedelta())


def _worked(world: World, batch: Batch, clock: Callable[[], datetime], what: str) -> Failure | None:
    from cairn_server.issuing import chunks
    from cairn_server.issuing.models import Credential

    # Not for ever: while the clock is wrong a chunk may be refused again and again.
    chunks.work_off(now=clock, worker="jumps", batch=batch, most=10)
    dated = Credential.objects.filter(batch=batch).values_list("valid_from", flat=True)
    if early := [each for each in dated if each < batch.created_at - BACK_DATED]:
        return Failure(f"{what}: {len(early)} awards are dated {early[0]}, and were meant {batch.created_at}")
    for _ in range(3):
        world.finish(batch)
    ahead = [each for each in dated.all() if each > world.now()]
    if ahead and (max(ahead) - world.now()) > timedelta(days=7):
        return Failure(f"{what}: an award is dated {max(ahead)}")
    if ahead:
        # Stored while the clock was ahead by less than a list is valid. They are true from then on.
        return _late(world, batch, what)
    wrong = invariant.wrong_with(world, batch)
    return None if wrong is None else Failure(f"{what}: {wrong}")


def _late(world: World, batch: Batch, what: str) -> Failure | None:
    with mock.patch.object(World, "now", _after(World.now)):
        wrong = invariant.wrong_with(world, batch)
    return None if wrong is None else Failure(f"{what}: {wrong}")


def _after(now: Callable[[World], datetime]) -> Callable[[World], datetime]:
    return lambda world: now(world) + timedelta(days=1, minutes=5)


# Broken builds


@contextlib.contextmanager
def _by_the_clock(_world: World) -> Iterator[None]:
    from cairn_server.issuing import signing
    from cairn_server.issuing.chunks import planning, storing

    with (
        mock.patch.object(planning, "_require_time", return_value=None),
        mock.patch.object(signing, "OwnProductRefused", _Never),
        mock.patch.object(storing, "examine", _believing(storing.examine)),
    ):
        yield


class _Never(Exception):  # noqa: N818
    pass


def _believing(examine: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """Our own verifier asked as if it were the time that it is: a list may be newer than what names it."""
    from datetime import UTC, datetime

    def asked(*given: object, at: datetime) -> list[str]:
        return examine(*given, at=max(at, datetime.now(UTC) + timedelta(days=1)))

    return asked


@contextlib.contextmanager
def _for_ten_years(_world: World) -> Iterator[None]:
    """Claiming as if every lease had been given by the right clock."""
    from cairn_server.issuing.chunks import leases

    class Long:
        """``at + 2 * LEASE`` is never reached; ``at + LEASE`` is what it was."""

        def __rmul__(self, _times: int) -> timedelta:
            return timedelta(days=365 * 5_000)

        def __radd__(self, at: datetime) -> datetime:
            return at + LEASE

    with mock.patch.object(leases, "LEASE", Long()):
        yield


BROKEN = {"dated by the clock alone": _by_the_clock, "a lease for ten years": _for_ten_years}
