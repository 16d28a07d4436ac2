# SPDX-License-Identifier: Apache-2.0
"""One call in a process of its own, with little time and memory, and what it cost (H13)."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

MEBIBYTE = 1024 * 1024
# Processor time is what is promised; on a busy machine the clock on the wall says little. This only ends a
# child that waits for something.
PATIENCE = 5


@dataclass(frozen=True, slots=True)
class Told:
    """How a call ended: ``answer`` is what it returned, None when the child died of something."""

    answer: str | None
    ended: str
    cpu_seconds: float
    extra_mebibytes: float


def in_child(call: Callable[[], str], *, cpu_seconds: int, mebibytes: int) -> Told:
    """Fork, limit, call, measure. The child inherits what is imported, so only the call is measured."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _answer(call, writing, cpu_seconds, mebibytes)
    os.close(writing)
    told = _read_until_closed(reading, child, seconds=60.0 + PATIENCE * cpu_seconds)
    _, status, used = os.wait4(child, 0)
    try:
        found: dict[str, Any] = json.loads(told)
    except ValueError:
        number = os.waitstatus_to_exitcode(status)
        ended = f"signal {signal.Signals(-number).name}" if number < 0 else f"exit code {number}"
        return Told(None, ended, used.ru_utime + used.ru_stime, 0.0)
    return Told(found["answer"], found["ended"], found["cpu"], found["extra"])


def _read_until_closed(reading: int, child: int, *, seconds: float) -> bytes:
    told = b""
    deadline = time.monotonic() + seconds
    while select.select([reading], [], [], max(0.0, deadline - time.monotonic()))[0]:
        piece = os.read(reading, 65_536)
        if not piece:
            break
        told += piece
    else:
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    return told


def _answer(call: Callable[[], str], writing: int, cpu_seconds: int, mebibytes: int) -> NoReturn:
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds + 1, cpu_seconds + 2))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    # A backstop for the machine's sake, well above what is promised and measured.
    most = pages * resource.getpagesize() + 4 * mebibytes * MEBIBYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    before = resource.getrusage(resource.RUSAGE_SELF)
    answer: str | None = None
    try:
        answer = call()
        ended = "returned"
    except BaseException as error:  # noqa: BLE001  told to the parent, which calls it a failure
        ended = repr(error)[:500]
    after = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "answer": answer,
        "ended": ended,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "extra": (after.ru_maxrss - before.ru_maxrss) / 1024,
    }
    os.write(writing, json.dumps(told).encode())
    os._exit(0)
