# SPDX-License-Identifier: Apache-2.0
"""Random tries on every core: each stream has a seed of its own, so that any of them can be repeated alone.

What is tried depends on the seeds and never on how many processes there are. The workers are forked, so that
whatever was made or broken before is there as well.
"""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

# Below this many a second process costs more than it brings.
FEWEST_STREAMS = 2
_work: list[Callable[..., Any]] = []


def in_processes(
    work: Callable[..., Any], streams: Sequence[tuple[Any, ...]], *, processes: int | None = None
) -> Iterator[Any]:
    """What ``work`` answers for each stream, in their order; a worker that dies is an exception here."""
    count = min(processes or len(os.sched_getaffinity(0)), len(streams))
    if count < FEWEST_STREAMS:
        yield from _one_after_another(work, streams)
        return
    forked = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(count, mp_context=forked, initializer=_remember, initargs=(work,))
    try:
        yield from pool.map(_answer, streams)
    finally:
        # Who has seen enough, as a control has after its first failure, does not wait for the rest.
        pool.shutdown(cancel_futures=True)


def _one_after_another(work: Callable[..., Any], streams: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    for stream in streams:
        yield work(*stream)


def _remember(work: Callable[..., Any]) -> None:
    _work[:] = [work]


def _answer(stream: tuple[Any, ...]) -> Any:
    return _work[0](*stream)
