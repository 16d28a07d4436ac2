# SPDX-License-Identifier: Apache-2.0
"""Which test reaches which line, so that a change is shown to the tests that could notice it and to no other.

Plugins of pytest for the children of ``prove.runner``: one records the lines that each test runs, one runs
chosen tests and stops at the first that fails, and one has all tests at hand and runs those that it is asked
for. Random tests try the same values in all of them: whether a change is noticed is no matter of luck.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coverage
import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

# What runs while a test file is imported: every test of the file may lean on it.
IMPORTING = -1


class _Plugin:
    """What both have in common: the first thing that failed, and how the whole ended."""

    def __init__(self) -> None:
        self._failed: list[str] = []

    def pytest_sessionstart(self) -> None:
        hypothesis.settings.register_profile(
            "same every time", deadline=None, derandomize=True, database=None
        )
        hypothesis.settings.load_profile("same every time")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._failed.append(report.nodeid.partition("::")[0])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.append(report.nodeid)

    def told(self, code: int) -> dict[str, Any]:
        # With nothing to run, nothing was noticed.
        if code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            return {"outcome": "passed"}
        return {"outcome": "failed", "by": self._failed[0] if self._failed else f"exit code {code}"}


class Chosen(_Plugin):
    """Runs of each file all tests (None) or those with the given names, in their order.

    A test that takes more than so many seconds of processor time ends the process (SIGPROF).
    """

    def __init__(self, tests: Mapping[str, Sequence[str] | None], seconds: float) -> None:
        super().__init__()
        self._tests, self._seconds = tests, seconds

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, self._seconds)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        order = {
            name: number
            for number, name in enumerate(name for names in self._tests.values() for name in names or ())
        }
        whole = {file for file, names in self._tests.items() if names is None}
        chosen = [item for item in items if item.nodeid in order or item.nodeid.partition("::")[0] in whole]
        items[:] = sorted(chosen, key=lambda item: order.get(item.nodeid, 0))


class Waiting(Chosen):
    """Collects tests and then lets ``serve`` run some of them, as often as it likes."""

    def __init__(self, files: Sequence[str], serve: Callable[[Callable[..., dict[str, Any]]], None]) -> None:
        super().__init__(dict.fromkeys(files), 0.0)
        self._serve = serve

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        def run(tests: Mapping[str, Sequence[str] | None], seconds: float) -> dict[str, Any]:
            self._tests, self._seconds = tests, seconds
            items = list(session.items)
            self.pytest_collection_modifyitems(items)
            for item, following in zip(items, [*items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if self._failed:
                    break
            return self.told(pytest.ExitCode.TESTS_FAILED if self._failed else pytest.ExitCode.OK)

        self._serve(run)
        return True


class Recorder(_Plugin):
    """Notes for each line of the guarded modules which tests run it, and how long each test takes."""

    def __init__(self, root: Path, guarded: Sequence[str]) -> None:
        super().__init__()
        self._root = root
        self._seconds: dict[str, float] = {}
        self._coverage = coverage.Coverage(data_file=None, config_file=False, include=list(guarded))
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        super().pytest_runtest_logreport(report)
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration

    def told(self, code: int) -> dict[str, Any]:
        self._coverage.stop()
        found = self._coverage.get_data()
        numbers = {name: number for number, name in enumerate(self._seconds)}
        lines = {
            str(Path(file).relative_to(self._root)): {
                line: sorted(numbers.get(name, IMPORTING) for name in names)
                for line, names in found.contexts_by_lineno(file).items()
            }
            for file in found.measured_files()
        }
        return {**super().told(code), "seconds": self._seconds, "lines": lines}
