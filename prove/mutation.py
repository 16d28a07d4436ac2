# SPDX-License-Identifier: Apache-2.0
"""``mutation``: when the source of the verifier is changed, its tests notice (G18, H19).

A change is made, the twin tests of the module are run, and if they pass, all tests of the library. A change
that nobody notices is a survivor, and at least 95 of 100 must be noticed. What survives is listed in
PROOF.md. Changes of which somebody has shown that they change nothing stand in ``prove.equivalent`` with the
reason, and are not tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from unittest import mock

from prove import ledger
from prove.campaign import Campaign, Failure
from prove.changing import Change, changes
from prove.equivalent import EQUIVALENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "core/src/cairn"
TESTS = ROOT / "core/tests"
GUARDED = ("proof/*.py", "checks/*.py", "canonical/*.py", "status/*.py", "verifier.py")
AT_LEAST = 0.95
FEWEST = 20
CPU_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Mutant:
    path: Path
    change: Change

    @property
    def module(self) -> str:
        parts = self.path.relative_to(SOURCE.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def __str__(self) -> str:
        return f"{self.path.relative_to(SOURCE)}:{self.change}"


class Mutation(Campaign):
    """A sample of all changes, as large as ``scale`` says."""

    name = "mutation"
    promise = "of all small changes to the verifier's source, its tests notice at least 95 of 100"

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        everything = list(mutants())
        chosen = everything
        if scale < 1:
            chosen = random.sample(
                everything, min(len(everything), max(FEWEST, round(len(everything) * scale)))
            )
        # By module, so that one tree of tests stays warm in the machine's memory.
        chosen = sorted(chosen, key=lambda mutant: (str(mutant.path), mutant.change.line))
        allowed = (1 - AT_LEAST) * len(chosen)
        survivors: list[str] = []
        paths = sorted({mutant.path for mutant in chosen})
        with _runners() as ask, ThreadPoolExecutor(_processors()) as pool:
            untouched = list(pool.map(lambda path: ask(path, None, twins(path)), paths))
            for path, outcome in zip(paths, untouched, strict=True):
                if outcome != "passed":
                    yield Failure(f"{path.relative_to(SOURCE)}: its tests fail without any change")
            if set(untouched) != {"passed"}:
                return
            answers = pool.map(lambda mutant: _is_noticed(ask, mutant), chosen)
            for mutant, is_noticed in zip(chosen, answers, strict=True):
                if not is_noticed:
                    survivors.append(str(mutant))
                    print(f"mutation: survived: {mutant}", file=sys.stderr, flush=True)
                if len(survivors) > allowed:
                    pool.shutdown(cancel_futures=True)
                    yield Failure(f"{len(survivors)} of {len(chosen)} changes were not noticed")
                    return
                yield None
        ledger.list_survivors(survivors, tried=len(chosen), possible=len(everything))

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """Tests that test nothing."""
        nothing = [str(TESTS / "test_tree.py")]
        with mock.patch(f"{__name__}.twins", return_value=nothing), mock.patch(f"{__name__}.ALL", nothing):
            yield


# What is asked of a change that the twins did not notice.
ALL = [str(TESTS)]


def mutants() -> Iterator[Mutant]:
    """Every change of every guarded module that is not known to change nothing."""
    for pattern in GUARDED:
        for path in sorted(SOURCE.glob(pattern)):
            for change in changes(path.read_text()):
                mutant = Mutant(path, change)
                if (str(path.relative_to(SOURCE)), change.before, change.after) not in EQUIVALENT:
                    yield mutant


def twins(path: Path) -> list[str]:
    """The tests that carry the module's name; of a package's own module, all tests of the package."""
    folder = TESTS / path.relative_to(SOURCE).parent
    if path.name == "__init__.py":
        return [str(folder)]
    found = sorted(folder.glob(f"test_{path.stem}*.py"))
    return [str(each) for each in found or [folder]]


Ask = Any  # (path, source or None, tests) -> outcome


def _is_noticed(ask: Ask, mutant: Mutant) -> bool:
    source = mutant.change.applied(mutant.path.read_text())
    return any(ask(mutant.path, source, tests) != "passed" for tests in (twins(mutant.path), ALL))


@contextmanager
def _runners() -> Iterator[Ask]:
    """Processes that run tests, one for each processor; asking waits until one is free."""
    free: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
    started = [_runner() for _ in range(_processors())]
    for runner in started:
        free.put(runner)

    def ask(path: Path, source: str | None, tests: Sequence[str]) -> str:
        question = {
            "module": Mutant(path, Change(0, "", "")).module,
            "path": str(path),
            "source": source,
            "tests": list(tests),
            "cpu_seconds": CPU_SECONDS,
        }
        runner = free.get()
        try:
            assert runner.stdin is not None
            assert runner.stdout is not None
            runner.stdin.write(json.dumps(question) + "\n")
            runner.stdin.flush()
            return str(json.loads(runner.stdout.readline())["outcome"])
        finally:
            free.put(runner)

    try:
        yield ask
    finally:
        for runner in started:
            runner.communicate()


def _runner() -> subprocess.Popen[str]:
    paths = [str(ROOT / "core/src"), str(ROOT)]
    return subprocess.Popen(
        [sys.executable, "-m", "prove.runner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"},
    )


def _processors() -> int:
    return len(os.sched_getaffinity(0))
