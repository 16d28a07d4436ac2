# SPDX-License-Identifier: Apache-2.0
"""Judging a folder of credentials, in as many processes as one likes.

Every file is judged as if it had been given alone. What is shared is the world: a process asks an address
once in a run, so that a hundred thousand badges on one status list fetch it once.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter, OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cairn.errors import CairnError, UnavailableError
from cairn.parts import CREDENTIAL
from cairn.proof import Answer, Outcome
from cairn.reading import MAX_CREDENTIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from cairn.checks import Finding
    from cairn.materials import Sources
    from cairn.verifier import Report, Verifier

    # Called once in each process, which is why it has to be one that can be sent there.
    MakeVerifier = Callable[[], Verifier]

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
    document: dict[str, Any] | None = None
    """The report as JSON, when that was asked for."""


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


def files_in(folder: Path) -> list[Path]:
    """The files of a folder and those below it, in the order of their names; hidden ones are left out.

    Links are not followed: they could lead out of the folder, or round in a circle.
    """
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir():
            found += files_in(path)
        elif path.is_file():
            found.append(path)
    return found


def judge_files(
    paths: Sequence[Path], make: MakeVerifier, *, at: datetime, jobs: int, as_json: bool
) -> Iterator[Judged]:
    """What is found of each file, in the order of the files."""
    chunks = _chunks([str(path) for path in paths], at, as_json)
    if jobs == 1:
        verifier = make()
        for chunk in chunks:
            yield from _judge_chunk(verifier, chunk)
        return
    # A fork would take locks and threads of this process along in whatever state they are.
    with multiprocessing.get_context("spawn").Pool(jobs, _start, (make,)) as pool:
        for judged in pool.imap(_judge_in_process, chunks):
            yield from judged


_Chunk = tuple[list[str], "datetime", bool]
_verifier: Verifier | None = None


def _start(make: MakeVerifier) -> None:
    global _verifier  # one for each process of the pool
    _verifier = make()


def _judge_in_process(chunk: _Chunk) -> list[Judged]:
    assert _verifier is not None
    return _judge_chunk(_verifier, chunk)


def _judge_chunk(verifier: Verifier, chunk: _Chunk) -> list[Judged]:
    names, at, as_json = chunk
    return [_judge(verifier, name, at, as_json=as_json) for name in names]


def _chunks(names: Iterable[str], at: datetime, as_json: bool) -> Iterator[_Chunk]:
    rest = iter(names)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk, at, as_json


def _judge(verifier: Verifier, name: str, at: datetime, *, as_json: bool) -> Judged:
    try:
        with Path(name).open("rb") as file:
            data = file.read(_MAX_FILE + 1)
        report = verifier.examine(data, at=at)
    except OSError as error:
        return Judged(name, UNREADABLE, False, False, UNREADABLE, error.strerror or str(error))
    except CairnError as error:
        failed = Answer.of(error).outcome is Outcome.FAILED
        return Judged(name, UNREADABLE, False, failed, error.code, error.message)
    code, message = ("", "") if report.accepted else _reason(report)
    failed = has_failed(report)
    document = report.to_document() if as_json else None
    verdict = report.verdict.value
    return Judged(name, verdict, report.accepted, failed and not report.accepted, code, message, document)


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
