# SPDX-License-Identifier: Apache-2.0
"""A spreadsheet is opened here, in a process of its own, with little to break (B116, B120).

    parent ── the file, as standard input ──> child: unpacks, parses, keeps to ``limits``
           <── its sheets, then rows, a few hundred at a time ──

``spreadsheet`` refuses what a hostile file could cost, bound by bound. This is the wall behind them: should a
parser be talked into more than they foresee, it has a little memory and some seconds, no environment and no
open files but the list, and what ends is not the process that serves people.

What comes back is JSON, one value a line, and believed no more than the file was.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from cairn_server.issuing.lists.limits import (
    MAX_UNPACKED,
    READER_MEMORY,
    READER_SECONDS,
    READER_SECONDS_PER_MEGABYTE,
)
from cairn_server.issuing.lists.problems import Unreadable
from cairn_server.issuing.lists.spreadsheet import SpreadsheetTable

if TYPE_CHECKING:
    from collections.abc import Iterator

# Rows that go together; fewer when they are long.
_ROWS, _LETTERS = 200, 1 << 18
# One line of what comes back: rows up to _LETTERS, and one more that may be as long as a row can be.
_MOST = 1 << 26

# What the child ends with when it found that the list cannot be read; anything else is an accident.
_UNREADABLE = 3

# The same code as here, wherever it was imported from; `-I` looks at no variable and at no folder of a user.
_RUN = (
    "import sys; sys.path[:0] = sys.argv[1:2];"
    " from cairn_server.issuing.lists import apart; sys.exit(apart.main(sys.argv[2:]))"
)
_ROOT = str(Path(__file__).parents[3])


class ApartTable:
    """A sheet of a spreadsheet, like ``SpreadsheetTable``, that another process reads.

    ``file`` is copied for it, and its position then follows the child's, so that it says how far one is.
    """

    encoding = ""
    separator = ""

    def __init__(self, file: BinaryIO, *, sheet: str = "") -> None:
        self._file = file
        self._child: _Child | None = _Child(file, sheet)
        told = self._child.told()
        self.sheets: tuple[str, ...] = tuple(map(str, told["sheets"]))
        self.sheet = str(told["sheet"])
        self.formulas = 0

    def lines(self) -> Iterator[tuple[int, list[str], str]]:
        """Each row with anything in it; the child ends with the one who asks."""
        child, self._child = self._child, None
        if child is None:
            child = _Child(self._file, self.sheet)
            child.told()
        try:
            while "rows" in (told := child.told()):
                self._file.seek(told["at"])
                for number, cells in told["rows"]:
                    yield number, cells, ""
            self.formulas = told["formulas"]
        finally:
            child.end()


class _Child:
    def __init__(self, file: BinaryIO, sheet: str) -> None:
        with tempfile.TemporaryFile() as copy:
            file.seek(0)
            shutil.copyfileobj(file, copy, 1 << 20)
            seconds = READER_SECONDS + READER_SECONDS_PER_MEGABYTE * (copy.tell() >> 20)
            copy.seek(0)
            self._process = subprocess.Popen(  # noqa: S603 - our own module and interpreter
                [sys.executable, "-I", "-c", _RUN, _ROOT, str(seconds), sheet],
                stdin=copy,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
            )
        self.end = weakref.finalize(self, _end, self._process)

    def told(self) -> Any:
        """The next thing that the child says. Raises ``Unreadable`` when that is its end."""
        answers: IO[bytes] | None = self._process.stdout
        assert answers is not None, "asked for above"
        line = answers.readline(_MOST)
        if line.endswith(b"\n"):
            # Not the strict parser of what strangers send: a cell may hold half a letter, and keys are ours.
            told = json.loads(line)  # noqa: TID251
            if "code" not in told:
                return told
            raise Unreadable(told["code"], line=told["line"], **told["details"])
        if len(line) == _MOST:
            raise Unreadable("list-spreadsheet-large")
        code = self._process.wait()
        if code < 0:  # a signal: the processor time is used up, or the kernel wanted its memory back
            raise Unreadable("list-spreadsheet-large")
        raise RuntimeError(f"the process that reads spreadsheets ended with {code}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    if process.stdout is not None:
        process.stdout.close()
    process.wait()


# The child


def main(arguments: list[str]) -> int:
    seconds, sheet = int(arguments[0]), arguments[1]
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (READER_MEMORY, READER_MEMORY))
    # The texts that cells share are kept in a file without a name.
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_UNPACKED, MAX_UNPACKED))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _read(sys.stdin.fileno(), sheet)
    except Unreadable as error:
        found = error.problem
        _tell({"code": found.code, "line": found.line, "details": found.details})
        return _UNREADABLE
    except MemoryError:
        _tell({"code": "list-spreadsheet-large", "line": 0, "details": {}})
        return _UNREADABLE
    except BrokenPipeError:
        # Nobody wants the rest. Nothing is left to be written, not even at the end of the interpreter.
        sys.stdout = None
    return 0


def _read(file: int, sheet: str) -> None:
    with open(file, "rb", closefd=False) as content:
        table = SpreadsheetTable(content, sheet=sheet)
        _tell({"sheets": table.sheets, "sheet": table.sheet})
        rows: list[tuple[int, list[str]]] = []
        letters = 0
        for number, cells, _wrong in table.lines():
            rows.append((number, cells))
            letters += sum(map(len, cells))
            if len(rows) == _ROWS or letters > _LETTERS:
                _tell({"rows": rows, "at": content.tell()})
                rows, letters = [], 0
        if rows:
            _tell({"rows": rows, "at": content.tell()})
        _tell({"formulas": table.formulas})


def _tell(value: Any) -> None:
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()
