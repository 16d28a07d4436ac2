# SPDX-License-Identifier: Apache-2.0
"""``python -m prove.runner``: runs tests against changed modules, one forked child a question.

Questions come as lines of JSON on the standard input, answers leave on the standard output. This process
imports what the library leans on and never the library itself: a child inherits the first, which takes most
of the time, and imports the second with one module changed.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

LEANT_ON = (
    *("cryptography.hazmat.primitives.asymmetric.ec", "cryptography.hazmat.primitives.serialization"),
    *("defusedxml.ElementTree", "hypothesis", "nacl.bindings", "orjson", "pyld.jsonld", "pyoxigraph"),
    *("pytest", "rfc8785", "_pytest.assertion.rewrite", "yaml", "http.server", "unittest.mock"),
)
ROOT = Path(__file__).parents[1]


class _Changed(importlib.abc.MetaPathFinder):
    """Finds one module with other source than its file has."""

    def __init__(self, name: str, path: str, source: str) -> None:
        self._name, self._path, self._source = name, path, source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = _Loader(fullname, self._path)
        loader.source = self._source
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    source: str

    def get_code(self, fullname: str) -> Any:
        return compile(self.source, self.path, "exec", dont_inherit=True)


def main() -> None:
    for name in LEANT_ON:
        with suppress(ImportError):  # what is not installed is not used by the tests either
            importlib.import_module(name)
    for line in sys.stdin:
        question = json.loads(line)
        began = time.monotonic()
        outcome = _asked(question)
        print(json.dumps({"outcome": outcome, "seconds": time.monotonic() - began}), flush=True)


def _asked(question: dict[str, Any]) -> str:
    """``passed``, or what made the tests notice."""
    child = os.fork()
    if child == 0:
        _run(question)
    deadline = time.monotonic() + 10 * question["cpu_seconds"]
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return {0: "passed", 1: "failed"}.get(code, f"ended with {code}")
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "took too long"


def _run(question: dict[str, Any]) -> NoReturn:
    import pytest

    resource.setrlimit(resource.RLIMIT_CPU, (question["cpu_seconds"], question["cpu_seconds"] + 5))
    resource.setrlimit(resource.RLIMIT_AS, (4 * 1024**3, 4 * 1024**3))
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    if question["source"] is not None:
        sys.meta_path.insert(0, _Changed(question["module"], question["path"], question["source"]))
    arguments = [
        *("-x", "-q", "--no-header", "--tb=no", "-c", os.devnull, f"--rootdir={ROOT}"),
        *("--import-mode=importlib", "-o", f"pythonpath={ROOT / 'core/tests'}"),
        *("-p", "no:django", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider"),
        *("-p", "no:schemathesis", "-p", "no:anyio"),
        *question["tests"],
    ]
    code = 3
    with suppress(BaseException):
        code = int(pytest.main(arguments))
    os._exit(code)


if __name__ == "__main__":
    main()
