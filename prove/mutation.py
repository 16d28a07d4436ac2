# SPDX-License-Identifier: Apache-2.0
"""``mutation``: when the source of the verifier is changed, its tests notice (G18, H19).

First every test is run once and the lines that it reaches are noted. Then a change is made, and of the tests
that reach it those of the module's own twins are run, and if they pass, the quick ones of the others. A
change that none of them notices is a survivor, and at least 95 of 100 must be noticed. What survives is
listed in PROOF.md. Changes of which somebody has shown that they change nothing stand in
``prove.equivalent`` with the reason, and are not tried.

A change counts as noticed if a test fails that passes, alone, without it. One that keeps the tests busy for
much longer than usual is noticed too, and listed apart. Answers are kept until the library or its tests
change, so that an interrupted run goes on where it was; after that they only say which test to ask first.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from unittest import mock

from prove import ledger
from prove.campaign import Campaign, Failure
from prove.changing import Change, Function, changes, function_around
from prove.equivalent import EQUIVALENT
from prove.reaching import IMPORTING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from random import Random

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "core/src/cairn"
TESTS = ROOT / "core/tests"
GUARDED = ("proof/*.py", "checks/*.py", "canonical/*.py", "status/*.py", "verifier.py")
KEPT = ROOT / ".prove"
AT_LEAST = 0.95
FEWEST = 20
# What the tests of other modules may take, of one file and of all; what a test may take, beside so many times
# what it took without the change.
FILE_SECONDS = 2.0
ENOUGH_SECONDS = 20.0
CPU_SECONDS = 10
TEST_SECONDS = 2.0
TIMES_LONGER = 5
RECORDING_SECONDS = 600
# So much of it is asked at a time; to import a file of tests takes some time, too.
AT_A_TIME = 4.0
IMPORT_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Mutant:
    path: Path
    change: Change

    @property
    def module(self) -> str:
        parts = self.path.relative_to(SOURCE.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def key(self) -> str:
        return f"{self.path.relative_to(SOURCE)}:{self.change.place}:{self.change.choice}"

    @property
    def without_place(self) -> str:
        """The same after lines have been put in above."""
        return f"{self.path.relative_to(SOURCE)}: {self.change.before} -> {self.change.after}"

    def __str__(self) -> str:
        return f"{self.path.relative_to(SOURCE)}:{self.change}"


@dataclass(frozen=True, slots=True)
class Answer:
    outcome: str
    by: str = ""


# Of each file the tests to run, by name; None for all.
Tests = dict[str, "list[str] | None"]
Ask = Any  # what ``_runners`` hands out


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
        endless: list[str] = []
        with _runners() as ask, ThreadPoolExecutor(_processors()) as pool:
            reached = Reached.recorded(ask, pool.map)
            if reached.failing:
                yield from (Failure(f"{each}: fails without any change") for each in reached.failing)
                return
            kept = Kept()
            answers = pool.map(lambda mutant: kept.answer(mutant, ask, reached), chosen)
            for tried, (mutant, answer) in enumerate(zip(chosen, answers, strict=True), start=1):
                if answer.outcome == "passed":
                    survivors.append(str(mutant))
                    print(f"mutation: survived: {mutant}", file=sys.stderr, flush=True)
                elif answer.outcome == "took too long":
                    endless.append(str(mutant))
                if len(survivors) == tried > allowed:
                    # Tests that notice nothing at all: no list of it is needed.
                    pool.shutdown(cancel_futures=True)
                    yield Failure(f"the first {tried} changes were not noticed")
                    return
                yield None
            noticing = sorted(kept.noticing())
            alone = pool.map(lambda test: ask({test.partition("::")[0]: [test]}), noticing)
            for test, told in zip(noticing, alone, strict=True):
                if told["outcome"] != "passed":
                    yield Failure(f"{test}: fails alone and without any change")
        if len(survivors) > allowed:
            yield Failure(f"{len(survivors)} of {len(chosen)} changes were not noticed")
        ledger.list_survivors(survivors, endless, tried=len(chosen), possible=len(everything))

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """Tests that test nothing, and no memory of those that did."""
        nothing = [{_name(TESTS / "test_tree.py"): None}]
        with (
            mock.patch.object(Reached, "rounds", return_value=nothing),
            mock.patch.object(
                Kept, "answer", lambda _, mutant, ask, reached: asked(mutant, ask, reached, "")
            ),
        ):
            yield


def mutants() -> Iterator[Mutant]:
    """Every change of every guarded module that is not known to change nothing."""
    for pattern in GUARDED:
        for path in sorted(SOURCE.glob(pattern)):
            source = path.read_text()
            lines = source.splitlines()
            for change in changes(source):
                where = lines[change.line - 1].strip()
                if (str(path.relative_to(SOURCE)), where, change.before, change.after) not in EQUIVALENT:
                    yield Mutant(path, change)


def twins(path: Path) -> list[str]:
    """The tests that carry the module's name; of a package's own module, all tests of the package."""
    folder = TESTS / path.relative_to(SOURCE).parent
    found = [] if path.name == "__init__.py" else sorted(folder.glob(f"test_{path.stem}*.py"))
    return [_name(each) for each in found or sorted(folder.glob("test_*.py"))]


def test_files() -> list[str]:
    return [_name(path) for path in sorted(TESTS.rglob("test_*.py"))]


@dataclass(frozen=True, slots=True)
class Reached:
    """What each test reaches when nothing is changed, and how long it takes."""

    # Module, line, test file: the tests of that file, or None when all of them may lean on the line.
    lines: Mapping[str, Mapping[int, Tests]]
    seconds: Mapping[str, Mapping[str, float]]
    failing: Sequence[str]

    @classmethod
    def recorded(cls, ask: Ask, each: Callable[..., Any]) -> Reached:
        """As it was noted before, and noted now for tests that are new or lean on something new."""
        guarded = [str(SOURCE / pattern) for pattern in GUARDED]
        page = KEPT / "reached.json"
        files = test_files()
        shared = _digest(lambda path: not path.name.startswith("test_"))
        before = json.loads(page.read_text()) if page.exists() else {}

        def noted(file: str) -> dict[str, Any]:
            digest = hashlib.sha256(shared.encode() + (ROOT / file).read_bytes()).hexdigest()
            if before.get(file, {}).get("digest") == digest:
                known: dict[str, Any] = before[file]
                return known
            answer = {"digest": digest, **ask({file: None}, guarded=guarded)}
            if answer["outcome"] == "passed":
                with lock:
                    before[file] = answer
                    page.write_text(json.dumps(before))
            return answer

        lock = threading.Lock()
        KEPT.mkdir(exist_ok=True)
        told = list(each(noted, files))
        failing = [answer["by"] for answer in told if answer["outcome"] != "passed"]
        lines: dict[str, dict[int, Tests]] = {}
        for file, answer in zip(files, told, strict=True):
            names = list(answer.get("seconds", ()))
            for module, found in answer.get("lines", {}).items():
                for line, numbers in found.items():
                    tests = None if IMPORTING in numbers else [names[number] for number in numbers]
                    lines.setdefault(module, {}).setdefault(int(line), {})[file] = tests
        seconds = {file: answer.get("seconds", {}) for file, answer in zip(files, told, strict=True)}
        return cls(lines, seconds, failing)

    def rounds(self, mutant: Mutant) -> list[Tests]:
        """The tests that could notice a change: the module's own first, then others, then all of its own."""
        found = self._reaching(mutant)
        own = twins(mutant.path)
        first = {file: found[file] for file in own if file in found}
        rounds = [first] if first else []
        folder = _name(TESTS / mutant.path.relative_to(SOURCE).parent)
        others = {file: self._quick(file, names) for file, names in found.items() if file not in own}
        spent = 0.0
        for file in sorted(
            others,
            # What reaches it in a test comes before what only imports it, a neighbour before a stranger.
            key=lambda file: (
                found[file] is None,
                not file.startswith(folder),
                self.takes({file: others[file]}),
            ),
        ):
            spent += self.takes({file: others[file]})
            if spent > ENOUGH_SECONDS:
                break
            if not rounds or rounds[-1] is first or self.takes(rounds[-1]) > AT_A_TIME:
                rounds.append({})
            rounds[-1][file] = others[file]
        rest: Tests = {file: None for file in own if found.get(file) is not None}
        if rest:
            rounds.append(rest)
        return rounds

    def exchangeable(self, mutant: Mutant) -> Function | None:
        """The function that is changed, if nothing calls it while the module's own tests are imported.

        Then its code can be exchanged afterwards, and nothing is there that was made by the unchanged one.
        """
        function = function_around(mutant.path.read_text(), mutant.change.lines)
        if function is None:
            return None
        of_module, own = self.lines.get(_name(mutant.path), {}), twins(mutant.path)
        on_import = (of_module.get(line, {}).get(file, ()) is None for line in function.body for file in own)
        return None if any(on_import) else function

    def takes(self, tests: Tests) -> float:
        """Seconds, without any change."""
        return IMPORT_SECONDS * len(tests) + sum(self._times(tests))

    def longest(self, tests: Tests) -> float:
        return max(self._times(tests), default=0.0)

    def _times(self, tests: Tests) -> Iterator[float]:
        for file, names in tests.items():
            yield from (self.seconds[file][name] for name in (self.seconds[file] if names is None else names))

    def _quick(self, file: str, names: Sequence[str] | None) -> list[str]:
        """The quickest of these tests of one file, or of all of them, that take ``FILE_SECONDS`` together."""
        seconds = self.seconds[file]
        chosen = sorted(seconds if names is None else names, key=lambda name: (seconds[name], name))
        spent = accumulate(seconds[name] for name in chosen)
        return [name for name, until in zip(chosen, spent, strict=True) if until <= FILE_SECONDS]

    def _reaching(self, mutant: Mutant) -> Tests:
        found: Tests = {}
        of_module = self.lines.get(_name(mutant.path), {})
        for line in mutant.change.lines:
            for file, names in of_module.get(line, {}).items():
                before = found.get(file, [])
                found[file] = None if names is None or before is None else [*before, *names]
        for file, names in found.items():
            if names is not None:
                # The quick ones first.
                found[file] = sorted(set(names), key=lambda name: (self.seconds[file][name], name))
        return found


class Kept:
    """The answers of this run and of earlier ones, one a line."""

    def __init__(self) -> None:
        self._page = KEPT / "changes.jsonl"
        self._tree = _digest()
        self._lock = threading.Lock()
        self._answers: dict[str, Answer] = {}
        self._hints: dict[str, str] = {}
        for line in self._page.read_text().splitlines() if self._page.exists() else ():
            told = json.loads(line)
            if told["tree"] == self._tree:
                self._answers[told["key"]] = Answer(told["outcome"], told["by"])
            if "::" in told["by"]:
                self._hints[told["change"]] = told["by"]

    def answer(self, mutant: Mutant, ask: Ask, reached: Reached) -> Answer:
        known = self._answers.get(mutant.key)
        if known is not None:
            return known
        answer = asked(mutant, ask, reached, self._hints.get(mutant.without_place, ""))
        told = {"tree": self._tree, "key": mutant.key, "change": mutant.without_place}
        with self._lock, self._page.open("a") as page:
            self._answers[mutant.key] = answer
            page.write(json.dumps({**told, "outcome": answer.outcome, "by": answer.by}) + "\n")
        return answer

    def noticing(self) -> set[str]:
        """The tests that noticed something."""
        return {answer.by for answer in self._answers.values() if "::" in answer.by}


def asked(mutant: Mutant, ask: Ask, reached: Reached, hint: str) -> Answer:
    """The first round of tests that notices the change; ``hint`` is the test that noticed it before."""
    rounds = reached.rounds(mutant)
    file = hint.partition("::")[0]
    if hint in reached.seconds.get(file, ()):
        rounds = [{file: [hint]}, *rounds]
    function = reached.exchangeable(mutant)
    own = twins(mutant.path)
    source = mutant.change.applied(mutant.path.read_text())
    for tests in rounds:
        limits = {
            "seconds": CPU_SECONDS + round(TIMES_LONGER * reached.takes(tests)),
            "test_seconds": TEST_SECONDS + TIMES_LONGER * reached.longest(tests),
        }
        told = {"outcome": "not in place"}
        if function is not None and set(tests) <= set(own):
            told = ask(tests, mutant, function=function, **limits)
        if told["outcome"] == "not in place":
            told = ask(tests, mutant, source, **limits)
        if told["outcome"] != "passed":
            return Answer(told["outcome"], told["by"])
    return Answer("passed")


@contextmanager
def _runners() -> Iterator[Ask]:
    """Processes that run tests, one for each processor; asking waits until one is free."""
    free: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
    started = [_runner() for _ in range(_processors())]
    for runner in started:
        free.put(runner)

    def ask(
        tests: Tests,
        mutant: Mutant | None = None,
        source: str | None = None,
        *,
        function: Function | None = None,
        seconds: int = RECORDING_SECONDS,
        test_seconds: float = RECORDING_SECONDS,
        guarded: Sequence[str] = (),
    ) -> dict[str, Any]:
        question = {
            "module": mutant and mutant.module,
            "path": mutant and str(mutant.path),
            "source": source,
            "tests": tests,
            "cpu_seconds": seconds,
            "test_seconds": test_seconds,
            "guarded": guarded,
        }
        if mutant is not None and function is not None:
            question |= {"function": function.qualname, "first": function.first, "files": twins(mutant.path)}
            question |= {"place": mutant.change.place, "choice": mutant.change.choice}
        runner = free.get()
        try:
            assert runner.stdin is not None
            assert runner.stdout is not None
            runner.stdin.write(json.dumps(question) + "\n")
            runner.stdin.flush()
            answer: dict[str, Any] = json.loads(runner.stdout.readline())
            return answer
        finally:
            free.put(runner)

    try:
        yield ask
    finally:
        for runner in started:
            runner.communicate()


def _runner() -> subprocess.Popen[str]:
    paths = [str(ROOT / "core/src"), str(Path(__file__).parents[1])]
    return subprocess.Popen(
        [sys.executable, "-m", "prove.runner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def _processors() -> int:
    return len(os.sched_getaffinity(0))


def _name(path: Path) -> str:
    """As pytest names a file."""
    return path.relative_to(ROOT).as_posix()


def _digest(counts: Callable[[Path], bool] = lambda _: True) -> str:
    """Of the library and its tests, of all files that count."""
    digest = hashlib.sha256()
    for folder in (SOURCE, TESTS):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and counts(path):
                digest.update(_name(path).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
