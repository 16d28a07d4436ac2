# SPDX-License-Identifier: Apache-2.0
"""The dry run: what a list looks like before anything is read as final, and then every line of it.

survey(file, …)   how it is written, what its columns are called, its first rows
read(file, …)     each line as a ``Row`` or a ``BadRow``, one at a time
"""

from __future__ import annotations

import hashlib
import secrets
from array import array
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from cairn_server.issuing.lists import columns
from cairn_server.issuing.lists.columns import guessed
from cairn_server.issuing.lists.dates import NotADay, read_day, says_day_first
from cairn_server.issuing.lists.problems import Problem, Unreadable, shown
from cairn_server.issuing.lists.rows import BadRow, Row, RowReader
from cairn_server.issuing.lists.tables import opened
from cairn_server.issuing.lists.text import ENCODINGS, SEPARATORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from cairn_server.issuing.lists.tables import Table

# How far a survey looks for dates that can be two days.
_LINES_SURVEYED = 1_000


@dataclass(frozen=True, slots=True)
class Reading:
    """How a list is to be read: what was found out, and what somebody chose instead. Kept with the batch."""

    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    headers: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    day_first: bool | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Reading:
        lists = {name: tuple(stored[name]) for name in ("headers", "fields")}
        return cls(**{**stored, **lists})

    @property
    def encoding_name(self) -> str:
        return ENCODINGS.get(self.encoding, self.encoding)

    @property
    def separator_name(self) -> str:
        return SEPARATORS.get(self.separator, self.separator)


@dataclass(frozen=True, slots=True)
class Survey:
    """What a list looks like: shown before anything of it is read as final."""

    reading: Reading
    first_rows: tuple[tuple[int, tuple[str, ...]], ...]
    sheets: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    # A date like 03/04/2026 was met.
    asks_day_first: bool = False


def survey(
    file: BinaryIO,
    *,
    chosen: Reading | None = None,
    remembered: Mapping[str, str] | None = None,
    shown_rows: int = 3,
) -> Survey:
    """Look at the beginning of a list. Raises ``Unreadable`` when there is nothing to look at.

    ``day_first`` of the answer is what the dates say themselves, when one of them can be read in one way.
    """
    chosen = chosen or Reading()
    table, headers, lines = begun(file, chosen)
    fields = chosen.fields or guessed(headers, remembered or {})
    problems = columns.problems_of(headers, fields)
    if not chosen.fields:
        problems += columns.undecided(headers, fields)
    rows: list[tuple[int, tuple[str, ...]]] = []
    dates: list[str] = []
    places = [place for place, name in enumerate(fields) if name in ("issue_date", "expiry_date")]
    for line, cells, _wrong in islice(lines, _LINES_SURVEYED):
        if len(rows) < shown_rows:
            rows.append((line, tuple(cells)))
        dates += [cells[place] for place in places if place < len(cells)]
    said = next((said for text in dates if (said := says_day_first(text)) is not None), None)
    return Survey(
        Reading(
            table.encoding,
            table.separator,
            table.sheet,
            tuple(headers),
            tuple(fields),
            chosen.day_first if chosen.day_first is not None else said,
        ),
        tuple(rows),
        table.sheets,
        tuple(problems),
        asks_day_first=any(_is_two_days(text) for text in set(dates)),
    )


def read(file: BinaryIO, reading: Reading, *, at: datetime, most_rows: int) -> Iterator[Row | BadRow]:
    """Every line below the header. Raises ``Unreadable`` where nothing more can be read.

    A person who is there twice, or a number of a row, is a problem of the second line.
    """
    _table, headers, lines = begun(file, reading)
    reader = RowReader(headers=headers, fields=reading.fields, at=at, day_first=reading.day_first)
    seen = Seen()
    count = 0
    for line, cells, wrong in lines:
        count += 1
        if count > most_rows:
            raise Unreadable("list-too-long", most=f"{most_rows:,}")
        if wrong:
            yield BadRow(line, cells, [Problem(line, "", "", wrong)])
            continue
        row = reader.read(line, cells)
        if isinstance(row, Row) and (before := seen.line_of(row.key, line)) is not None:
            row = twice(row, cells, before, reading)
        yield row
    if not count:
        raise Unreadable("list-no-rows")


def twice(row: Row, cells: list[str], before: int, reading: Reading) -> BadRow:
    """The row is in an earlier line already."""
    name = "external_id" if "external_id" in row.values else "email"
    column = reading.headers[reading.fields.index(name)]
    problem = Problem(row.line, column, shown(row.values[name]), "twice", {"line": before})
    return BadRow(row.line, cells, [problem])


def begun(file: BinaryIO, reading: Reading) -> tuple[Table, list[str], Iterator[tuple[int, list[str], str]]]:
    """The list, the names of its columns, and its lines from the next one on."""
    table = opened(
        file,
        encoding=reading.encoding,
        separator=reading.separator,
        sheet=reading.sheet,
        is_header=columns.known,
    )
    lines = table.lines()
    line, headers, wrong = next(lines, (0, [], ""))
    if wrong:
        raise Unreadable(wrong, line=line)
    if not headers:
        raise Unreadable("list-empty")
    while headers and not headers[-1]:  # a separator at the end of the line is no column
        headers.pop()
    return table, headers, lines


def _is_two_days(text: str) -> bool:
    try:
        read_day(text, day_first=None)
    except NotADay as error:
        return error.code == "date-two-ways"
    return False


@dataclass(slots=True)
class Seen:
    """Which keys came already, and in which line: 24 to 48 bytes each, however long they are.

    A hash table with open addressing over two flat arrays; a dictionary of a million keys takes ten times as
    much. Keys are told apart by 64 bits under a secret that nobody can aim at: among a million rows two
    different ones meet once in 37 million lists.
    """

    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    _hashes: array[int] = field(default_factory=lambda: array("Q", [0]) * 1024)
    _lines: array[int] = field(default_factory=lambda: array("I", [0]) * 1024)
    _count: int = 0

    def line_of(self, key: str, line: int) -> int | None:
        """The line in which this key came before; None if it is new, and from now on known."""
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8, key=self._secret)
        value = int.from_bytes(digest.digest(), "big") or 1  # 0 is an empty place
        place = self._place(value)
        if self._hashes[place]:
            return self._lines[place]
        self._hashes[place], self._lines[place] = value, line
        self._count += 1
        if 2 * self._count > len(self._hashes):
            self._grow()
        return None

    def _place(self, value: int) -> int:
        """Where the value is, or where it would go."""
        hashes, mask = self._hashes, len(self._hashes) - 1
        place = value & mask
        while hashes[place] and hashes[place] != value:
            place = (place + 1) & mask
        return place

    def _grow(self) -> None:
        old = zip(self._hashes, self._lines, strict=True)
        self._hashes = array("Q", [0]) * (2 * len(self._hashes))
        self._lines = array("I", [0]) * (2 * len(self._lines))
        for value, line in old:
            if value:
                place = self._place(value)
                self._hashes[place], self._lines[place] = value, line
