# SPDX-License-Identifier: Apache-2.0
"""Reads a list of recipients as people bring it, and says exactly what is wrong with it.

Nothing here touches a table: text goes in, a ``DryRun`` comes out. Whatever is wrong is a ``Problem`` with
its line, column, value and rule, and a list with a problem awards nobody (B117).
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cairn_server.accounts.services import clean_address
from cairn_server.achievements.services import is_web_address
from cairn_server.organisations.names import has_hidden_characters

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 500
MAX_LINE = 20_000
MAX_COLUMNS = 50
MAX_PROBLEMS = 200  # more than anybody reads; the rest is counted

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

# What columns are called out there (lower case, every run of other characters a space).
ALIASES: dict[str, tuple[str, ...]] = {
    "email": ("email", "e mail", "mail", "recipient", "email address", "e mail address", "recipient email"),
    "name": ("name", "full name", "recipient name"),
    "first_name": ("first name", "given name", "forename"),
    "surname": ("surname", "family name", "last name"),
    "narrative": ("narrative", "comment", "reason"),
    "evidence_url": ("evidence url", "evidence", "evidence link"),
    "evidence_name": ("evidence name",),
    "evidence_description": ("evidence description",),
    "grade": ("grade", "score", "result"),
    "issue_date": ("issue date", "issued on", "issued", "awarded on", "date"),
    "expiry_date": ("expiry date", "expires at", "expired on", "expires on", "expires", "valid until"),
    "external_id": ("external id", "id", "student number", "student id"),
}
_FIELD_OF = {alias: name for name, aliases in ALIASES.items() for alias in aliases}

LONGEST = {
    "name": 200,
    "narrative": 5_000,
    "evidence_url": 2_000,
    "evidence_name": 200,
    "evidence_description": 2_000,
    "grade": 100,
    "external_id": 60,
}
# Prose and marks may begin with a dash or a plus; an address, a name or a number has no reason to.
_PROSE = {"narrative", "evidence_description", "grade"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. ``line`` counts as people do: the header is line 1; 0 is the file as a whole."""

    line: int
    column: str
    value: str
    rule: str

    @property
    def sentence(self) -> str:
        if not self.line:
            return self.rule
        if not self.column:
            return _("Line {line}: {rule}").format(line=self.line, rule=self.rule)
        return _("Line {line}, column *{column}*: '{value}' {rule}").format(
            line=self.line, column=self.column, value=self.value, rule=self.rule
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One person to be awarded, read and found good."""

    line: int
    email: str
    name: str
    narrative: str = ""
    evidence_url: str = ""
    evidence_name: str = ""
    evidence_description: str = ""
    grade: str = ""
    issue_date: str = ""  # ISO dates, so that a row can be stored as JSON
    expiry_date: str = ""
    external_id: str = ""
    # When this very row was awarded before, by an earlier upload of the same list.
    awarded_before: datetime | None = None

    @property
    def key(self) -> str:
        """What makes it the same award when the list comes again: the caller's own id, or who and when."""
        if self.external_id:
            return f"id:{self.external_id}"
        who = hashlib.sha256(f"{self.email}\n{self.issue_date}".encode()).hexdigest()
        return f"row:{who[:40]}"

    def values(self) -> dict[str, str]:
        return {
            name: getattr(self, name) for name in ("email", "name", *sorted(set(LONGEST) - {"name"}), *_DATES)
        }


_DATES = ("issue_date", "expiry_date")


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a list says, before anything happens."""

    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()
    separator: str = ""  # "comma", "semicolon", "tab", "bar"
    encoding: str = ""  # as people call it: "UTF-8", "UTF-16", "Windows-1252"
    columns: dict[str, str] = field(default_factory=dict)  # our field → their header
    ignored: tuple[str, ...] = ()  # their headers that nothing was read from
    more_problems: int = 0
    # A date like 03/04/2026 was met and nobody said yet which is the day.
    asks_day_first: bool = False

    @property
    def ok(self) -> bool:
        return bool(self.rows) and not self.problems

    @property
    def fresh(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.awarded_before is None)

    @property
    def already(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.awarded_before is not None)


class _Unreadable(Exception):  # noqa: N818
    """The list as a whole cannot be read; there are no rows to speak of."""

    def __init__(self, rule: str, *, line: int = 0) -> None:
        super().__init__(rule)
        self.problem = Problem(line, "", "", rule)


def read(text: bytes | str, *, at: datetime, day_first: bool | None = None) -> DryRun:
    """Read a pasted text or an uploaded file. ``day_first`` answers what 03/04/2026 means."""
    encoding = ""
    try:
        plain, encoding = _decoded(text)
        separator = _separator(plain)
        lines = list(_records(plain, separator))
    except _Unreadable as error:
        return DryRun(problems=(error.problem,), encoding=encoding)
    found = DryRun(separator=SEPARATORS[separator], encoding=encoding)
    if not lines:
        return replace(found, problems=(Problem(0, "", "", _("The list is empty.")),))
    (_line, headers), *records = lines
    columns, ignored, problems = _columns(headers)
    if problems:
        return replace(found, problems=tuple(problems))
    reader = _Reader(headers=headers, columns=columns, at=at, day_first=day_first)
    for line, cells in records:
        reader.read(line, cells)
    if len(reader.rows) + len({problem.line for problem in reader.problems}) > MAX_ROWS:
        rule = _("A list may have {most} rows. Divide it.").format(most=MAX_ROWS)
        return replace(found, problems=(Problem(0, "", "", rule),))
    if not records:
        reader.problems.append(Problem(0, "", "", _("The list has a header and no rows.")))
    return replace(
        found,
        rows=tuple(reader.rows),
        problems=tuple(reader.problems[:MAX_PROBLEMS]),
        more_problems=max(0, len(reader.problems) - MAX_PROBLEMS),
        columns={name: headers[place] for name, place in columns.items()},
        ignored=ignored,
        asks_day_first=reader.asks_day_first,
    )


# From bytes to cells


def _decoded(text: bytes | str) -> tuple[str, str]:
    if len(text) > MAX_BYTES:
        raise _Unreadable(_("The list is larger than 2 MB. Divide it."))
    if isinstance(text, str):
        plain, encoding = text, "UTF-8"
    elif text.startswith((b"\xff\xfe", b"\xfe\xff")):  # what Excel writes as "Unicode text"
        try:
            plain, encoding = text.decode("utf-16"), "UTF-16"
        except UnicodeDecodeError as error:
            raise _Unreadable(_("The list cannot be read as UTF-16 text.")) from error
    else:
        plain, encoding = _decoded_bytes(text)
    plain = plain.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(plain.split("\n"), start=1):
        if "\0" in line:
            raise _Unreadable(_("This line holds a NUL character. Is it a text file?"), line=number)
        if len(line) > MAX_LINE:
            raise _Unreadable(_("This line is longer than 20,000 characters."), line=number)
    return plain, encoding


def _decoded_bytes(text: bytes) -> tuple[str, str]:
    try:
        return text.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        pass
    # Not UTF-8 as a whole. If some lines with other letters are, two files were glued together, and half of
    # the names would come out wrong whichever encoding is chosen.
    utf8, other = 0, 0
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            utf8 = utf8 or number
        except UnicodeDecodeError:
            other = other or number
    if utf8:
        rule = _("The list mixes two encodings: line {one} is UTF-8 and this line is not. Save it as UTF-8.")
        raise _Unreadable(rule.format(one=utf8), line=other)
    try:
        return text.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError as error:
        raise _Unreadable(_("The letters of this list cannot be read. Save it as UTF-8.")) from error


def _separator(plain: str) -> str:
    """The one that finds most column names we know in the first line; the comma when none does."""
    header = plain.lstrip("\n").split("\n", 1)[0]

    def known(separator: str) -> int:
        return sum(1 for cell in header.split(separator) if _normal(cell.strip('"')) in _FIELD_OF)

    return max(SEPARATORS, key=known)


def _records(plain: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it begins on; empty ones are skipped, but counted as lines."""
    reader = csv.reader(io.StringIO(plain, newline=""), delimiter=separator, strict=True)
    begins = 1
    try:
        for number, cells in enumerate(reader):
            if number > MAX_ROWS * 2:
                raise _Unreadable(_("A list may have {most} rows. Divide it.").format(most=MAX_ROWS))
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield begins, stripped
            begins = reader.line_num + 1
    except csv.Error as error:
        raise _Unreadable(
            _("a quotation mark is opened here and not closed, or stands inside a cell."), line=begins
        ) from error


def _normal(header: str) -> str:
    return re.sub(r"[\W_]+", " ", header.casefold()).strip()


def _columns(headers: list[str]) -> tuple[dict[str, int], tuple[str, ...], list[Problem]]:
    problems: list[Problem] = []
    columns: dict[str, int] = {}
    ignored: list[str] = []
    if len(headers) > MAX_COLUMNS:
        problems.append(Problem(1, "", "", _("there are more than 50 columns.")))
    for place, header in enumerate(headers):
        name = _FIELD_OF.get(_normal(header))
        if name is None:
            ignored.append(header)
        elif name in columns:
            other = headers[columns[name]]
            problems.append(
                Problem(1, header, header, _("is the same column as “{other}”.").format(other=other))
            )
        else:
            columns[name] = place
    if not columns and not problems:
        rule = _("the first line should name the columns: at least “email” and “name”.")
        return {}, (), [Problem(1, "", "", rule)]
    if "email" not in columns:
        problems.append(
            Problem(1, "", "", _("no column is called “email”. The first line names the columns."))
        )
    if "name" not in columns and not {"first_name", "surname"} & set(columns):
        problems.append(Problem(1, "", "", _("no column is called “name”, or “first name” and “surname”.")))
    return columns, tuple(header for header in ignored if header), problems


# From cells to rows


@dataclass(slots=True)
class _Reader:
    headers: list[str]
    columns: dict[str, int]
    at: datetime
    day_first: bool | None
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    asks_day_first: bool = False
    seen: dict[str, int] = field(default_factory=dict)

    def read(self, line: int, cells: list[str]) -> None:
        before = len(self.problems)
        if len(cells) > len(self.headers):
            rule = _("there are {cells} cells for {columns} columns. Put text with separators into quotes.")
            self.problems.append(
                Problem(line, "", "", rule.format(cells=len(cells), columns=len(self.headers)))
            )
            return
        found = {name: cells[place] if place < len(cells) else "" for name, place in self.columns.items()}
        for name in sorted(found, key="email".__eq__):  # the address last: see _email
            self._check_cell(line, name, found[name])
        row = Row(
            line=line,
            email=self._email(line, found["email"]),
            name=self._name(line, found),
            issue_date=self._date(line, "issue_date", found.get("issue_date", "")),
            expiry_date=self._date(line, "expiry_date", found.get("expiry_date", "")),
            narrative=found.get("narrative", ""),
            evidence_url=found.get("evidence_url", ""),
            evidence_name=found.get("evidence_name", ""),
            evidence_description=found.get("evidence_description", ""),
            grade=found.get("grade", ""),
            external_id=found.get("external_id", ""),
        )
        if len(self.problems) == before:
            self._check_row(row)
        if len(self.problems) == before:
            self.seen[row.key] = line
            self.rows.append(row)

    def wrong(self, line: int, name: str, value: str, rule: str) -> None:
        column = self.headers[self.columns[name]] if name in self.columns else name
        shown = value if len(value) <= 60 else value[:59] + "…"
        self.problems.append(Problem(line, column, shown, rule))

    def _check_cell(self, line: int, name: str, value: str) -> None:
        risky = "=@\t" if name in _PROSE else "=+-@\t"
        if value[:1] and value[0] in risky:
            self.wrong(line, name, value, _("begins with “{sign}”, as a formula does.").format(sign=value[0]))
        if has_hidden_characters(value.replace("\n", "") if name in _PROSE else value):
            self.wrong(line, name, value, _("holds invisible or control characters."))
        longest = LONGEST.get(name, 254)
        if len(value) > longest:
            self.wrong(line, name, value, _("is longer than {longest} characters.").format(longest=longest))

    def _email(self, line: int, value: str) -> str:
        if not value:
            self.wrong(line, "email", value, _("is empty; every row needs an e-mail address."))
            return ""
        if self.problems and (self.problems[-1].line, self.problems[-1].value) == (line, value):
            return ""  # one sentence about one cell is enough
        try:
            return clean_address(value)
        except ValidationError as error:
            if error.code == "address-script":
                # A look-alike letter would send the award to somebody else's mailbox (B130).
                self.wrong(line, "email", value, _("has letters other than A to Z before the @."))
            else:
                self.wrong(line, "email", value, _("is not an e-mail address."))
            return ""

    def _name(self, line: int, found: dict[str, str]) -> str:
        name = found.get("name", "") or " ".join(
            part for part in (found.get("first_name", ""), found.get("surname", "")) if part
        )
        if not name:
            self.wrong(
                line,
                "name" if "name" in self.columns else "surname",
                name,
                _("is empty; every row needs a name."),
            )
        return name

    def _date(self, line: int, name: str, value: str) -> str:
        if not value:
            return ""
        if re.fullmatch(r"\d{5}", value):
            self.wrong(line, name, value, _("is a spreadsheet's number for a day. Write it as 2026-11-23."))
            return ""
        found = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", value, re.ASCII)
        if found:
            return self._day(line, name, value, int(found[1]), int(found[2]), int(found[3]))
        found = re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})", value, re.ASCII)
        if not found:
            self.wrong(line, name, value, _("is not a date. Write it as 2026-11-23."))
            return ""
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        day_first = self.day_first
        if found[2] == "." or first > 12:
            day_first = True  # nobody puts the month first with dots
        elif second > 12:
            day_first = False
        if day_first is None and first != second:
            self.asks_day_first = True
            self.wrong(
                line, name, value, _("can be read in two ways. Say whether the day or the month comes first.")
            )
            return ""
        day, month = (first, second) if day_first else (second, first)
        return self._day(line, name, value, year, month, day)

    def _day(self, line: int, name: str, value: str, year: int, month: int, day: int) -> str:
        try:
            return date(year, month, day).isoformat()
        except ValueError:
            self.wrong(line, name, value, _("is not a day of the calendar."))
            return ""

    def _check_row(self, row: Row) -> None:
        if row.evidence_url and not is_web_address(row.evidence_url):
            self.wrong(row.line, "evidence_url", row.evidence_url, _("is not a full web address."))
        if row.issue_date and date.fromisoformat(row.issue_date) > self.at.date():
            self.wrong(row.line, "issue_date", row.issue_date, _("lies in the future."))
        if row.expiry_date and end_of_day(row.expiry_date) <= self.at:
            self.wrong(row.line, "expiry_date", row.expiry_date, _("is over already."))
        if row.key in self.seen:
            name = "external_id" if row.external_id else "email"
            value = row.external_id or row.email
            rule = _("is in line {line} already.").format(line=self.seen[row.key])
            self.wrong(row.line, name, value, rule)


def end_of_day(day: str) -> datetime:
    """Valid until a day means until it is over."""
    return datetime.combine(date.fromisoformat(day), time(23, 59, 59), tzinfo=UTC)


def start_of_day(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), tzinfo=UTC)


def marked(dry_run: DryRun, awarded: dict[str, datetime]) -> DryRun:
    """The same dry run, with the rows marked that were awarded before (``awarded``: row key → when)."""
    return replace(
        dry_run, rows=tuple(replace(row, awarded_before=awarded.get(row.key)) for row in dry_run.rows)
    )
