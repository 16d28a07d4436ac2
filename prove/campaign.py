# SPDX-License-Identifier: Apache-2.0
"""What a campaign is: tries, failures, and a control.

A campaign that finds nothing proves something only if it would have found something. So each one runs again
on a build that is broken on purpose, and that run must fail ("red"); otherwise the campaign is worthless.
"""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

# What is told about a failure on the standard error, at most so many times.
SHOWN = 10
SHOWN_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Failure:
    """One broken promise, with enough to repeat it."""

    what: str


class Campaign(ABC):
    """``attempts`` yields None for a promise that held and a ``Failure`` for one that did not."""

    name: str
    # One sentence for PROOF.md: what is promised, to somebody who has not read the code.
    promise: str

    @abstractmethod
    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        """All tries of one run. ``scale`` shrinks random tries; an enumerated list always runs whole."""

    @abstractmethod
    def broken_build(self) -> AbstractContextManager[Any]:
        """Breaks what the campaign guards, for as long as the context lasts."""

    def broken_builds(self) -> Mapping[str, Callable[[], AbstractContextManager[Any]]]:
        """One for each guard, where there are several; each by itself must turn the campaign red."""
        return {"the guard": self.broken_build}

    def run(self, *, seed: int, scale: float) -> dict[str, Any]:
        """The line that ``make prove`` prints."""
        began = time.monotonic()
        tried, failures = 0, 0
        for failure in self.attempts(Random(seed), scale):
            tried += 1
            if failure is not None:
                failures += 1
                if failures <= SHOWN:
                    print(f"{self.name}: {failure.what[:SHOWN_CHARACTERS]}", file=sys.stderr)
        controls = self._controls(seed, scale)
        return {
            "name": self.name,
            "tried": tried,
            "failures": failures,
            "control_red": all(controls.values()),
            "controls": controls,
            "seed": seed,
            "seconds": round(time.monotonic() - began, 1),
        }

    def _controls(self, seed: int, scale: float) -> dict[str, bool]:
        """For each broken build whether it was noticed."""
        noticed: dict[str, bool] = {}
        for guard, broken in self.broken_builds().items():
            with broken():
                found = self.attempts(Random(seed), scale)
                noticed[guard] = any(failure is not None for failure in found)
            if not noticed[guard]:
                print(f"{self.name}: did not notice its broken build: {guard}", file=sys.stderr)
        return noticed


def times(count: int, scale: float) -> int:
    """How often a random try is made; never so seldom that the control could not show anything."""
    return max(20, round(count * scale))
