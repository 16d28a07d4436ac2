# SPDX-License-Identifier: Apache-2.0
"""``python -m prove.runner``: runs tests, with or without a changed module, one forked child a question.

Questions come as lines of JSON on the standard input, answers leave on the standard output. This process
imports what the library leans on and never the library itself: a child inherits the first, which takes most
of the time, and imports the second with one module changed. So nothing that was made of the unchanged source
can reach a test of the changed one.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from prove.changing import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import ModuleType

LEANT_ON = (
    *("cryptography.hazmat.primitives.asymmetric.ec", "cryptography.hazmat.primitives.serialization"),
    *("coverage", "defusedxml.ElementTree", "hypothesis", "nacl.bindings", "orjson", "pyld.jsonld"),
    *("pyoxigraph", "pytest", "rfc8785", "_pytest.assertion.rewrite", "yaml", "http.server", "unittest.mock"),
    *("hypothesis.strategies", "hypothesis.internal.conjecture.engine", "prove.reaching", "jsonschema"),
)
# The repository whose library is tested; this file may be of another one.
ROOT = Path.cwd()
# A child may wait so long for something else than a processor; for that it may wait as long as it must.
PATIENCE = 120.0


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
        with contextlib.suppress(ImportError):  # what is not installed is not used by the tests either
            importlib.import_module(name)
    warm: _Warm | None = None
    for line in sys.stdin:
        question = json.loads(line)
        if question.get("function") is None:
            print(json.dumps(_asked(question)), flush=True)
            continue
        if warm is None or warm.files != question["files"]:
            if warm is not None:
                warm.end()
            warm = _Warm(question["files"])
        answer = warm.asked(line)
        if answer is None:
            # It has not even collected its tests; the long way says what is the matter.
            warm.end()
            warm = None
            answer = {"outcome": "not in place"}
        print(json.dumps(answer), flush=True)
    if warm is not None:
        warm.end()


class _Warm:
    """A child that has imported the library and collected test files, and forks for each question.

    Its children exchange the code of one function and run tests. That is the same as importing the changed
    module, as long as nothing has called the function before; ``prove.mutation`` asks for no other.
    """

    def __init__(self, files: list[str]) -> None:
        self.files = files
        reading, self._asking = os.pipe()
        self._hearing, writing = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(self._asking)
            os.close(self._hearing)
            _wait(files, reading, writing)
        os.close(reading)
        os.close(writing)
        self._heard = os.fdopen(self._hearing)

    def asked(self, line: str) -> dict[str, Any] | None:
        try:
            os.write(self._asking, line.encode())
            answer: dict[str, Any] | None = json.loads(self._heard.readline() or "null")
        except BrokenPipeError:
            return None
        return answer

    def end(self) -> None:
        os.close(self._asking)
        self._heard.close()
        os.waitpid(self._child, 0)


def _wait(files: list[str], reading: int, writing: int) -> NoReturn:
    """The life of a warm child."""
    import gc
    from types import FunctionType

    import pytest

    from prove.reaching import Waiting

    os.set_inheritable(writing, False)
    _be_silent()

    def serve(run: Callable[..., dict[str, Any]]) -> None:
        functions: dict[tuple[str, str, int], list[FunctionType]] = {}
        for each in gc.get_objects():
            if isinstance(each, FunctionType):
                code = each.__code__
                key = (code.co_filename, code.co_qualname, code.co_firstlineno)
                functions.setdefault(key, []).append(each)
        # What is there stays there: children that look it over would only copy it.
        gc.collect()
        gc.freeze()
        with os.fdopen(reading) as questions:
            for line in questions:
                question = json.loads(line)
                answer = _in_child(
                    question,
                    lambda asked: _exchange(asked, functions) or run(asked["tests"], asked["test_seconds"]),
                )
                _write_all(writing, json.dumps(answer).encode() + b"\n")

    with contextlib.suppress(BaseException):
        pytest.main(_arguments(files), plugins=[Waiting(files, serve)])
    os._exit(0)


def _exchange(
    question: dict[str, Any], functions: dict[tuple[str, str, int], list[Any]]
) -> dict[str, Any] | None:
    """Give the function its changed code; an answer if that cannot be done here."""
    path, qualname, first = question["path"], question["function"], question["first"]
    change = Change(0, "", "", question["place"], question["choice"])
    pending = [compile(change.made_in(Path(path).read_text()), path, "exec", dont_inherit=True)]
    found = functions.get((path, qualname, first), [])
    while pending:
        code = pending.pop()
        if (code.co_qualname, code.co_firstlineno) == (qualname, first) and found:
            try:
                for function in found:
                    function.__code__ = code
            except ValueError:  # it closes over less than before
                break
            return None
        pending.extend(const for const in code.co_consts if hasattr(const, "co_qualname"))
    return {"outcome": "not in place"}


def _asked(question: dict[str, Any]) -> dict[str, Any]:
    """What tests tell that are imported anew."""
    return _in_child(question, _imported)


def _in_child(question: dict[str, Any], act: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """What a child told, or how it ended when it could not tell."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _run(question, act, writing)
    os.close(writing)
    told = _told(reading, child)
    os.close(reading)
    if told is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    try:
        answer: dict[str, Any] = json.loads(told or b"")
    except ValueError:
        endless = (-signal.SIGXCPU, -signal.SIGPROF, -signal.SIGKILL)
        too_long = told is None or os.waitstatus_to_exitcode(status) in endless
        how = f"ended with {os.waitstatus_to_exitcode(status)}"
        return {"outcome": "took too long" if too_long else "failed", "by": how}
    return answer


def _told(reading: int, child: int) -> bytes | None:
    """All that a child writes until it ends; None when it waits for something that does not come."""
    told = b""
    began = time.monotonic()
    while True:
        if select.select([reading], [], [], 1.0)[0]:
            piece = os.read(reading, 1 << 20)
            if not piece:
                return told
            told += piece
        elif time.monotonic() - began - _busy(child) > PATIENCE:
            return None


def _busy(process: int) -> float:
    """Seconds in which it ran or would have, had there been a processor; 0.0 where nobody tells."""
    try:
        running, ready, _ = Path(f"/proc/{process}/schedstat").read_text().split()
    except OSError:
        return 0.0
    return (int(running) + int(ready)) / 1e9


def _run(question: dict[str, Any], act: Callable[[dict[str, Any]], dict[str, Any]], writing: int) -> NoReturn:
    # What a test starts must not keep the pipe open when the test is gone.
    os.set_inheritable(writing, False)
    seconds = question["cpu_seconds"]
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_AS, (4 * 1024**3, 4 * 1024**3))
    _be_silent()
    answer = {"outcome": "failed", "by": "pytest itself"}
    with contextlib.suppress(BaseException):
        answer = act(question)
    _write_all(writing, json.dumps(answer).encode())
    os._exit(0)


def _imported(question: dict[str, Any]) -> dict[str, Any]:
    """Import all of it anew, the changed module from its changed source, and run the tests."""
    import pytest

    from prove.reaching import Chosen, Recorder

    if question["source"] is not None:
        sys.meta_path.insert(0, _Changed(question["module"], question["path"], question["source"]))
    if question["guarded"]:
        recorder = Recorder(ROOT, question["guarded"])
        return recorder.told(int(pytest.main(_arguments(question["tests"]), plugins=[recorder])))
    chosen = Chosen(question["tests"], question["test_seconds"])
    return chosen.told(int(pytest.main(["-x", *_arguments(question["tests"])], plugins=[chosen])))


def _arguments(files: Iterable[str]) -> list[str]:
    return [
        *("-q", "--no-header", "--tb=no", "-c", os.devnull, f"--rootdir={ROOT}"),
        *("--import-mode=importlib", "-o", f"pythonpath={ROOT / 'core/tests'}"),
        *("-p", "no:django", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider"),
        *("-p", "no:schemathesis", "-p", "no:anyio"),
        *files,
    ]


def _be_silent() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def _write_all(writing: int, told: bytes) -> None:
    while told:
        told = told[os.write(writing, told) :]


if __name__ == "__main__":
    main()
