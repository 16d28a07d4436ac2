# SPDX-License-Identifier: Apache-2.0
"""Campaigns on whole installations: each database in a process of its own.

A process has one Django and so one database, and what a campaign breaks on purpose must not be broken for
the next one. So the tries run in a child, ``python -m prove.apart MODULE ENGINE SEED SCALE [BROKEN]``,
which tells one JSON value a line: null, or what is wrong. A child that ends before it says so is a failure
too.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, NoReturn

from prove.campaign import Campaign, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

SQLITE, POSTGRESQL = "sqlite", "postgresql"
REQUIRED = os.environ.get("CAIRN_REQUIRE", "").split(",")


class Apart(Campaign):
    """``module`` has ``tries(world, random, scale)`` and ``BROKEN``, its broken builds by name."""

    module: str
    controls: tuple[str, ...]
    engines: tuple[str, ...] = (SQLITE, POSTGRESQL)
    # On the first engine, if a control does not need another one.
    controlled_on: Mapping[str, str] = {}
    _broken = ""

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        seed = random.randrange(1 << 32)
        engines = self.engines
        if self._broken:
            engines = (self.controlled_on.get(self._broken, self.engines[0]),)
        for engine in engines:
            yield from _told(self.module, engine, seed=seed, scale=scale, broken=self._broken)

    def broken_build(self) -> AbstractContextManager[Any]:
        return self._with(self.controls[0])

    def broken_builds(self) -> Mapping[str, Callable[[], AbstractContextManager[Any]]]:
        return {name: partial(self._with, name) for name in self.controls}

    @contextlib.contextmanager
    def _with(self, name: str) -> Iterator[None]:
        self._broken = name
        try:
            yield
        finally:
            self._broken = ""


def _told(module: str, engine: str, *, seed: int, scale: float, broken: str) -> Iterator[Failure | None]:
    command = [sys.executable, "-m", "prove.apart", module, engine, str(seed), str(scale), broken]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    whole = False
    try:
        for line in child.stdout:
            told = json.loads(line)
            if told == {"end": True}:
                whole = True
            elif told is None:
                yield None
            elif "skipped" in told:
                print(f"SKIPPED {module} on {engine}: {told['skipped']}", file=sys.stderr)
                whole = True
                if engine in REQUIRED:
                    yield Failure(f"{engine} is required: {told['skipped']}")
            else:
                yield Failure(f"{engine}: {told['what']}")
        if not whole:
            yield Failure(f"{engine}: the tries ended by themselves, with exit code {child.wait()}")
    finally:
        # Also when nobody wants to hear more: a broken build needs one failure. It stops its servers itself.
        child.terminate()
        child.wait()


def main(arguments: list[str]) -> int:
    name, engine, seed, scale, broken = arguments
    signal.signal(signal.SIGTERM, _stop)
    from server.tests.databases import NoServer

    from prove.road import World

    module = importlib.import_module(name)
    try:
        with World.on(engine) as world, module.BROKEN[broken](world) if broken else contextlib.nullcontext():
            for failure in module.tries(world, Random(int(seed)), float(scale)):
                print(json.dumps(None if failure is None else {"what": failure.what}), flush=True)
    except NoServer as reason:
        print(json.dumps({"skipped": str(reason)[:300]}), flush=True)
        return 0
    print(json.dumps({"end": True}), flush=True)
    return 0


def _stop(_number: int, _frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
