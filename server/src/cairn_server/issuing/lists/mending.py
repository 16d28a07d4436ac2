# SPDX-License-Identifier: Apache-2.0
"""The file with the rows that have problems, as it goes out and as it comes back.

It has the columns of the list as they were, then ``Line`` and ``Problem``. Who mends it leaves the line as
it is: by it a mended row takes the place of the one that was wrong, and no other row can be changed. The file
may come back in another form than it went out (saved by a spreadsheet, as XLSX); columns are found by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from cairn_server.issuing.lists.checking import Reading, begun
from cairn_server.issuing.lists.columns import LINE, PROBLEM, normal
from cairn_server.issuing.lists.problems import Problem, Unreadable
from cairn_server.issuing.lists.rows import BadRow, Row, RowReader

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence
    from datetime import datetime


def header(reading: Reading) -> list[str]:
    return [*reading.headers, LINE, PROBLEM]


def line_of(cells: Sequence[str], problems: Sequence[Problem], *, columns: int, line: int) -> list[object]:
    """One row of the file that goes out. A row with too many cells keeps them beside the problem."""
    kept = [*cells[:columns], *[""] * (columns - len(cells))]
    said = " ".join(
        f"{problem.column}: {problem.rule}" if problem.column else problem.rule for problem in problems
    )
    return [*kept, line, said, *cells[columns:]]


def read_mended(
    file: BinaryIO, reading: Reading, *, waiting: Container[int], at: datetime, most_rows: int
) -> Iterator[Row | BadRow | Problem]:
    """Each row of a file that came back, with the line that it had in the list.

    ``waiting`` has the lines that may be mended; what is no such row is told of as a problem and nothing
    else. Raises ``Unreadable`` when the file does not say the lines.
    """
    _table, headers, lines = begun(file, Reading())
    place, fields = _columns(headers, reading)
    reader = RowReader(headers=headers, fields=fields, at=at, day_first=reading.day_first)
    seen: set[int] = set()
    for number, (here, cells, wrong) in enumerate(lines, start=1):
        if number > most_rows:
            raise Unreadable("list-too-long", most=f"{most_rows:,}")
        said = cells[place] if place < len(cells) else ""
        line = int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0
        if wrong or not line:
            yield Problem(here, "", "", wrong or "line-unknown")
            continue
        if line not in waiting or line in seen:
            yield Problem(line, "", "", "line-again" if line in seen else "line-not-here")
            continue
        seen.add(line)
        yield reader.read(line, cells[: len(headers)])


def _columns(headers: Sequence[str], reading: Reading) -> tuple[int, tuple[str, ...]]:
    """Where the line stands, and our field for each column, by name; of two of one name, in order."""
    names = [normal(each) for each in headers]
    if normal(LINE) not in names:
        raise Unreadable("header-no-line")
    # The last one, for the list may have had a column of that name itself.
    place = len(names) - 1 - names[::-1].index(normal(LINE))
    theirs = [(normal(each), field) for each, field in zip(reading.headers, reading.fields, strict=True)]
    fields = []
    for number, name in enumerate(names):
        match = next((each for each in theirs if each[0] == name and number != place), None)
        fields.append(match[1] if match is not None else "")
        if match is not None:
            theirs.remove(match)
    if "email" not in fields:
        raise Unreadable("header-no-email", line=1)
    return place, tuple(fields)
