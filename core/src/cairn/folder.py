# SPDX-License-Identifier: Apache-2.0
"""Judging a folder of credentials, in as many processes as one likes.

Every file is judged as if it had been given alone. What is shared is the world: a process asks an address
once in a run, so that a hundred thousand badges on one status list fetch it once.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections import Counter, OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from cairn.errors import CairnError, UnavailableError
from cairn.parts import CREDENTIAL
from cairn.proof import Answer, Outcome
from cairn.reading import MAX_CREDENTIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from cairn.checks import Finding
    from cairn.materials import Sources
    from cairn.verifier import Report, Verifier

    # Both are sent to each process, which is why they have to be such as can be.
    MakeVerifier = Callable[[], Verifier]
    Tell = Callable[["Judged"], str]

UNREADABLE = "unreadable"

# Files handed to a process at once: enough that handing over costs nothing, few enough to share out evenly.
_CHUNK = 64
_MAX_FILE = 4 * MAX_CREDENTIAL

# What one run keeps of the world.
_MAX_ANSWERS = 1024
_MAX_KEPT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found of one file. ``verdict`` is that of the report, or that there is none."""

    name: str
    verdict: str
    accepted: bool
    failed: bool
    code: str
    """Why it was not accepted; empty when it was."""
    message: str
    report: Report | None = None


@dataclass(slots=True)
class Summary:
    """How many files had which verdict."""

    verdicts: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    failed: int = 0

    @property
    def files(self) -> int:
        return self.verdicts.total()

    def add(self, judged: Judged) -> None:
        self.verdicts[judged.verdict] += 1
        self.accepted += judged.accepted
        self.failed += judged.failed

    def merge(self, other: Summary) -> None:
        self.verdicts.update(other.verdicts)
        self.accepted += other.accepted
        self.failed += other.failed


def files_in(folder: Path) -> list[str]:
    """The files of a folder and those below it, in the order of their names; hidden ones are left out.

    Links are not followed: they could lead out of the folder, or round in a circle.
    """
    return list(_below(str(folder)))


def _below(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        inside = sorted(entries, key=lambda entry: entry.name)
    for entry in inside:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)
        elif entry.is_file(follow_symlinks=False):
            yield entry.path


def judge_files(
    paths: Sequence[str], make: MakeVerifier, tell: Tell, *, at: datetime, jobs: int
) -> Iterator[tuple[list[str], Summary]]:
    """Some files at a time, in their order: what there is to say of each, and how many had which verdict.

    With more than one job the words are found where the file was judged: a report stays in its process,
    and this one has next to nothing to do.
    """
    if jobs == 1:
        judge = _Judge(make, tell, at)
        yield from map(judge, _chunks(paths))
        return
    with multiprocessing.get_context(_way_to_start()).Pool(jobs, _start, (make, tell, at)) as pool:
        yield from pool.imap(_judge_here, _chunks(paths))


def _way_to_start() -> str:
    # A fork has everything imported already, but it takes along what other threads hold, in whatever state it
    # is; and on macOS the system's own libraries do not bear it.
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"


class _Judge:
    """What a process needs to judge files."""

    def __init__(self, make: MakeVerifier, tell: Tell, at: datetime) -> None:
        self._verifier = make()
        self._tell = tell
        self._at = at

    def __call__(self, names: list[str]) -> tuple[list[str], Summary]:
        summary = Summary()
        told = []
        for name in names:
            judged = judge_file(self._verifier, name, self._at)
            summary.add(judged)
            told.append(self._tell(judged))
        return told, summary


_judge: _Judge | None = None


def _start(make: MakeVerifier, tell: Tell, at: datetime) -> None:
    global _judge  # one for each process of the pool
    _judge = _Judge(make, tell, at)


def _judge_here(names: list[str]) -> tuple[list[str], Summary]:
    assert _judge is not None
    return _judge(names)


def _chunks(names: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def judge_file(verifier: Verifier, name: str, at: datetime) -> Judged:
    """What is found of one file. Never raises: what cannot be read is a finding too."""
    try:
        report = verifier.examine(_read(name), at=at)
    except OSError as error:
        return Judged(name, UNREADABLE, False, False, UNREADABLE, error.strerror or str(error))
    except CairnError as error:
        failed = Answer.of(error).outcome is Outcome.FAILED
        return Judged(name, UNREADABLE, False, failed, error.code, error.message)
    code, message = ("", "") if report.accepted else _reason(report)
    failed = has_failed(report)
    verdict = report.verdict.value
    return Judged(name, verdict, report.accepted, failed and not report.accepted, code, message, report)


def _read(name: str) -> bytes:
    # Without a buffer and a Path, which together cost four times what the reading does.
    with open(name, "rb", buffering=0) as file:  # noqa: PTH123
        data = file.read(_MAX_FILE + 1)
        # One call gives a whole file; nothing but the end of it says that it was all.
        while more := file.read(_MAX_FILE + 1 - len(data)):
            data += more
    return data


def has_failed(report: Report) -> bool:
    """Whether a check said no, of the credential itself or of one inside it."""
    return any(found.outcome is Outcome.FAILED for found in _findings(report))


def _reason(report: Report) -> tuple[str, str]:
    """What speaks against it: a "no" before a doubt, and what is around before what is inside."""
    for outcome in (Outcome.FAILED, Outcome.UNDECIDED):
        for found in _findings(report):
            if found.outcome is outcome and found.code != "not-vouched-for":
                return found.code, found.message
    return "not-checked", "Nothing was checked."


def _findings(report: Report) -> Iterator[Finding]:
    """Those of the credential itself, then those of the credentials inside it."""
    yield from report.findings
    for part in report.parts:
        if part.role == CREDENTIAL:
            yield from _findings(part.report)


class AskOnce:
    """Sources that ask each address once, and remember that one could not be had as well."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._answers: OrderedDict[tuple[str, str, int], bytes | UnavailableError] = OrderedDict()
        self._kept = 0

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        key = (url, accept, limit)
        found = self._answers.get(key)
        if found is None:
            try:
                found = self._sources.fetch(url, accept=accept, limit=limit)
            except UnavailableError as error:
                found = error
            self._keep(key, found)
        if isinstance(found, UnavailableError):
            raise UnavailableError(found.code, found.message)
        return found

    def _keep(self, key: tuple[str, str, int], found: bytes | UnavailableError) -> None:
        self._answers[key] = found
        self._kept += len(found) if isinstance(found, bytes) else 0
        while len(self._answers) > _MAX_ANSWERS or self._kept > _MAX_KEPT:
            _, oldest = self._answers.popitem(last=False)
            self._kept -= len(oldest) if isinstance(oldest, bytes) else 0


_WIDTH = 30
_SECONDS = 0.2


@contextmanager
def progress(total: int, stream: TextIO) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, and nothing anywhere else; what it yields is told how many are done."""
    if not stream.isatty():
        yield lambda done: None
        return
    began = shown = time.monotonic()

    def tell(done: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if done < total and now - shown < _SECONDS:
            return
        shown = now
        full = _WIDTH * done // max(total, 1)
        rate = done / max(now - began, 1e-9)
        stream.write(f"\r[{'#' * full}{' ' * (_WIDTH - full)}] {done:,} of {total:,}, {rate:,.0f} a second ")
        stream.flush()

    try:
        yield tell
    finally:
        stream.write("\n")
