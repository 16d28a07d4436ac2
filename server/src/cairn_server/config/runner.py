# SPDX-License-Identifier: Apache-2.0
"""Background work in the same process: a thread that calls the periodic tasks of the settings.

There is no broker and no second service. What is due stands in the database, written in the same
transaction as the act that made it due; a task looks there, does it, and is safe to be called again. So
a crash here or there only delays.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import close_old_connections, connections
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

logger = logging.getLogger(__name__)

# A task that fails is tried again, at longer and longer intervals, but never given up.
LONGEST_PAUSE = 300.0


@dataclass
class Task:
    """One periodic call, and when it comes next."""

    name: str
    run: Callable[..., Any]
    every: float
    next_at: float = 0.0
    failures: int = 0

    def done(self, now: float) -> None:
        self.failures, self.next_at = 0, now + self.every

    def failed(self, now: float) -> None:
        self.failures += 1
        self.next_at = now + min(self.every * 2**self.failures, LONGEST_PAUSE)


def tasks_from(settings: Iterable[tuple[str, float]]) -> list[Task]:
    return [Task(path, import_string(path), float(every)) for path, every in settings]


def runners_from(tasks: Iterable[tuple[str, float]], *outside: Iterable[tuple[str, float]]) -> list[Runner]:
    """One for our own work, and one for each group that waits for machines of others."""
    return [Runner(tasks_from(group)) for group in (tasks, *outside)]


def stop_all(runners: Iterable[Runner]) -> None:
    """All at the same time: each finishes the task in hand."""
    stopping = list(runners)
    for runner in stopping:
        runner.finish_soon()
    for runner in stopping:
        runner.stop()


class Runner:
    """Calls each task when its time has come, one after the other, until told to stop."""

    def __init__(
        self, tasks: list[Task], *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.tasks = tasks
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="cairn-runner", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish_soon(self) -> None:
        """Start no other task from now on."""
        self._stop.set()

    def stop(self, timeout: float = 20) -> bool:
        """Let the task in hand finish, start no other; False when it did not finish in time."""
        self.finish_soon()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def run_due(self) -> None:
        """Call every task that is due, once."""
        for task in self.tasks:
            at = self._clock()
            if self._stop.is_set():
                return
            if at.timestamp() < task.next_at:
                continue
            try:
                task.run(at=at)
            except Exception:
                task.failed(self._clock().timestamp())
                logger.exception("task %s failed %d times in a row", task.name, task.failures)
            else:
                task.done(self._clock().timestamp())

    def _loop(self) -> None:
        while not self._stop.is_set():
            # A database that was restarted under us has left a dead connection behind.
            close_old_connections()
            self.run_due()
            self._stop.wait(self._pause())
        connections.close_all()

    def _pause(self) -> float:
        now = self._clock().timestamp()
        return max(0.05, min((task.next_at - now for task in self.tasks), default=60.0))
