# SPDX-License-Identifier: Apache-2.0
"""How two rates are compared so that the ratio means something on another machine.

Both sides alternate in short batches in one process on one core and are charged CPU time, so what else the
machine does meanwhile costs neither. The rate of a side is the median of the fastest quarter of its batches.
Results are checked outside the clock, batch by batch: a rate of wrong answers is not a rate.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

BATCHES = int(os.environ.get("BENCH_BATCHES", "24"))
BATCH_SECONDS = 0.040
AT_ONCE = 20
"""Results that are kept until they are checked: whoever answers requests lets go of what was answered."""

# Beyond this the fast quarter and the whole tell different stories, and the run is repeated once.
UNEVEN = 0.10


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: what it is called, one unit of work, and whether its result is right."""

    name: str
    work: Callable[[int], Any]
    right: Callable[[int, Any], bool]
    rate: Callable[[], float] | None = None
    """For a side that works in a process of its own and measures one batch of it there."""

    @classmethod
    def elsewhere(cls, name: str, rate: Callable[[], float]) -> Side:
        return cls(name, lambda number: number, lambda _number, _result: True, rate)


@dataclass(frozen=True, slots=True)
class Comparison:
    name: str
    ours: Side
    theirs: Side


@dataclass(frozen=True, slots=True)
class Rates:
    fast: float
    all: float


def run(comparison: Comparison) -> dict[str, str | float]:
    """The line that ``make bench`` prints for a comparison."""
    ours, theirs = _alternate(comparison)
    if _uneven(ours) or _uneven(theirs):
        print(f"{comparison.name}: the batches were uneven, measuring again", file=sys.stderr)
        ours, theirs = _alternate(comparison)
        if _uneven(ours) or _uneven(theirs):
            print(f"{comparison.name}: still uneven; other work is slowing this one down", file=sys.stderr)
    return {
        "name": comparison.name,
        "per_second": round(ours.fast, 1),
        "against": comparison.theirs.name,
        "against_per_second": round(theirs.fast, 1),
        "ratio": float(f"{ours.fast / theirs.fast:.4g}"),
        "median_ratio": float(f"{ours.all / theirs.all:.4g}"),
        "batches": BATCHES,
        "load": round(os.getloadavg()[0], 1),
    }


def pin_to_one_core() -> None:
    """Stay on one core, so that no migration falls into one side's batch."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _alternate(comparison: Comparison) -> tuple[Rates, Rates]:
    sides = (comparison.ours, comparison.theirs)
    sizes = [1 if side.rate else _batch_size(side) for side in sides]
    # What was set up before the clock started is not looked through again and again while it runs.
    gc.collect()
    gc.freeze()
    positions = [0, 0]
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(BATCHES):
        for which, side in enumerate(sides):
            start = positions[which]
            rates[which].append(side.rate() if side.rate else _batch(side, start, sizes[which]))
            positions[which] = start + sizes[which]
    return _summary(rates[0]), _summary(rates[1])


def _batch_size(side: Side) -> int:
    """How much work fills a batch; finding out is the warm-up as well."""
    size = 1
    while True:
        seconds = size / _batch(side, 0, size)
        if seconds >= BATCH_SECONDS / 2:
            return max(1, round(size * BATCH_SECONDS / seconds))
        size *= 2


def _batch(side: Side, start: int, size: int) -> float:
    work, seconds = side.work, 0.0
    for first in range(start, start + size, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, start + size))
        began = time.process_time()
        results = [work(number) for number in numbers]
        seconds += time.process_time() - began
        for number, result in zip(numbers, results, strict=True):
            if not side.right(number, result):
                raise AssertionError(f"{side.name}: wrong result for number {number}")
        results.clear()
    return size / max(seconds, 1e-9)


def _summary(rates: list[float]) -> Rates:
    fastest = sorted(rates)[-max(1, len(rates) // 4) :]
    return Rates(fast=median(fastest), all=median(rates))


def _uneven(rates: Rates) -> bool:
    return rates.fast > rates.all * (1 + UNEVEN)
