# SPDX-License-Identifier: Apache-2.0
"""A line of cells → one person to be awarded, or everything that is wrong with the line.

What a row says is found good here, once. A million rows take this road, so the usual cell costs a few
comparisons, and a sentence is made only for somebody who reads it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from cairn.credential import RESULT_STATUSES
from cairn_server.accounts.services import clean_address
from cairn_server.achievements.services import is_web_address
from cairn_server.issuing.lists.columns import IDENTITY_TYPES, MOST_REPEATS, base
from cairn_server.issuing.lists.dates import NotADay, end_of_day, read_day
from cairn_server.issuing.lists.problems import Problem, shown
from cairn_server.organisations.names import has_hidden_characters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LONGEST = {
    "name": 200,
    "first_name": 100,
    "surname": 100,
    "narrative": 5_000,
    "evidence_url": 2_000,
    "evidence_name": 200,
    "evidence_description": 2_000,
    "grade": 100,
    "result_status": 20,
    "external_id": 60,
    "license_number": 100,
    "language": 35,
    "did": 400,
    **dict.fromkeys(IDENTITY_TYPES, 200),
}
# Prose and marks may begin with a dash or a plus; an address, a name or a number has no reason to.
_PROSE = ("narrative", "evidence_description", "grade")
_SAFE_START = re.compile(r"[^=+\-@\t'#]")
# What a spreadsheet writes into a cell whose formula went wrong.
_ERRORS = frozenset(
    {"#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA"}
)

# What a credential has beyond the columns of its row (``Credential.more``), by these keys.
MORE = ("license_number", "identifiers", "evidence", "results", "result_status")

# The usual address; everything else is asked of ``clean_address``, which accepts more.
_USUAL_ADDRESS = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
_LANGUAGE = re.compile(r"([a-z]{2,3})(-[a-z]{4})?(-(?:[a-z]{2}|[0-9]{3}))?")
_DID = re.compile(r"did:[a-z0-9]+:[!$-.0-;=@-\[\]-~]+")
_STATUSES = {status.lower(): status for status in RESULT_STATUSES}
_RESULT_COLUMNS = {"value": "grade", "status": "result_status"}
_MOST_REMEMBERED_DAYS = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """One person to be awarded, read and found good. ``values`` is what a batch keeps of it."""

    line: int
    key: str
    values: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.values["name"])

    @property
    def email(self) -> str:
        return str(self.values["email"])


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that awards nobody, as it stands in the file, and everything that is wrong with it."""

    line: int
    cells: list[str]
    problems: list[Problem]


def key_of(email: str, *, issue_date: str = "", external_id: str = "") -> str:
    """What makes it the same award when the list comes again: the caller's own id, or who and when."""
    if external_id:
        return f"id:{external_id}"
    return "row:" + hashlib.sha256(f"{email}\n{issue_date}".encode()).hexdigest()[:40]


def cells_of(values: dict[str, Any], fields: Sequence[str]) -> list[str]:
    """A row as cells again, for the file in which it goes back to be mended."""
    flat = {name: value for name, value in values.items() if isinstance(value, str)}
    for number, each in enumerate(values.get("evidence", ()), start=2):
        flat |= {f"evidence_{member}_{number}": text for member, text in each.items()}
    for number, each in enumerate(values.get("results", ()), start=2):
        flat |= {f"{_RESULT_COLUMNS[member]}_{number}": text for member, text in each.items()}
    by_type = {kind: name for name, kind in IDENTITY_TYPES.items()}
    flat |= {by_type[each["type"]]: each["value"] for each in values.get("identifiers", ())}
    if "name" not in fields:  # the two halves were joined, and are again
        flat["surname" if "surname" in fields else "first_name"] = flat["name"]
    return [flat.get(name, "") for name in fields]


@dataclass(slots=True)
class RowReader:
    """Reads the lines of one file. ``fields`` has our name of each column, or nothing."""

    headers: Sequence[str]
    fields: Sequence[str]
    at: datetime
    day_first: bool | None = None
    # Whether a date was met that can be two days, so that somebody has to be asked.
    asks_day_first: bool = False
    _plan: list[tuple[int, str, bool, int]] = field(init=False)
    _days: dict[str, str] = field(init=False, default_factory=dict)
    _problems: list[Problem] = field(init=False, default_factory=list)
    _line: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._plan = [
            (place, name, base(name)[0] in _PROSE, LONGEST.get(base(name)[0], 254))
            for place, name in enumerate(self.fields)
            if name
        ]
        self._today = self.at.date().isoformat()

    _today: str = field(init=False, default="")

    def read(self, line: int, cells: list[str]) -> Row | BadRow:
        self._line = line
        self._problems = []
        if len(cells) > len(self.headers):
            details = {"cells": len(cells), "columns": len(self.headers)}
            return BadRow(line, cells, [Problem(line, "", "", "line-cells", details)])
        found: dict[str, str] = {}
        for place, name, is_prose, longest in self._plan:
            value = cells[place] if place < len(cells) else ""
            if not value:
                continue
            if not _SAFE_START.match(value):
                value = self._defused(name, value, is_prose)
            if not value.isprintable() and has_hidden_characters(
                value.replace("\n", "").replace("\r", "").replace("\t", "") if is_prose else value
            ):
                self._wrong(name, value, "hidden")
            elif len(value) > longest:
                self._wrong(name, value, "long", longest=longest)
            found[name] = value
        values = self._values(found)
        if self._problems:
            return BadRow(line, cells, self._problems)
        key = key_of(
            values["email"],
            issue_date=values.get("issue_date", ""),
            external_id=values.get("external_id", ""),
        )
        return Row(line, key, values)

    def _wrong(self, name: str, value: str, code: str, **details: Any) -> None:
        if self._problems and self._problems[-1].value == shown(value) and value:
            return  # one sentence about one cell is enough
        column = self.headers[self.fields.index(name)] if name in self.fields else name
        self._problems.append(Problem(self._line, column, shown(value), code, details))

    def _defused(self, name: str, value: str, is_prose: bool) -> str:
        """Without the mark that our own exports put before a formula (B118); with a problem if it is one."""
        if value[0] == "'" and value[1:2] in ("=", "+", "-", "@"):
            value = value[1:]
        if value in _ERRORS:
            self._wrong(name, value, "formula-error")
        if value[0] in ("=@\t" if is_prose else "=+-@\t"):
            self._wrong(name, value, "formula", sign=value[0])
        return value

    def _values(self, found: dict[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {"name": self._name(found)}
        for name in ("narrative", "external_id", "license_number"):
            if name in found:
                values[name] = found[name]
        for name in ("issue_date", "expiry_date"):
            if name in found and (day := self._day(name, found[name])):
                values[name] = day
        if "grade" in found:
            values["grade"] = found["grade"]
        if len(found) > 2:
            self._rarer(found, values)
        values["email"] = self._email(found.get("email", ""))
        return values

    def _email(self, value: str) -> str:
        lower = value.lower()
        if _USUAL_ADDRESS.fullmatch(lower) and len(lower) <= 254:
            return lower
        if not value:
            self._wrong("email", value, "email-empty")
            return ""
        try:
            return clean_address(value)
        except ValidationError as error:
            # A look-alike letter would send the award to somebody else's mailbox (B130).
            self._wrong("email", value, "email-script" if error.code == "address-script" else "email-wrong")
            return ""

    def _name(self, found: dict[str, str]) -> str:
        name = found.get("name", "")
        if not name:
            name = f"{found.get('first_name', '')} {found.get('surname', '')}".strip()
        if not name:
            self._wrong("name" if "name" in self.fields else "surname", name, "name-empty")
        elif not any(map(str.isalnum, name)):
            self._wrong("name", name, "name-letters")
        return name

    def _day(self, name: str, value: str) -> str:
        """The day in ISO 8601; most lists have few different ones."""
        day = self._days.get(value)
        if day is None:
            try:
                day = read_day(value, day_first=self.day_first)
            except NotADay as error:
                self.asks_day_first |= error.code == "date-two-ways"
                self._wrong(name, value, error.code)
                return ""
            if len(self._days) < _MOST_REMEMBERED_DAYS:
                self._days[value] = day
        if name == "issue_date" and day > self._today:
            self._wrong(name, day, "date-future")
        elif name == "expiry_date" and end_of_day(day) <= self.at:
            self._wrong(name, day, "date-over")
        return day

    def _rarer(self, found: dict[str, str], values: dict[str, Any]) -> None:
        evidence = self._evidence(found)
        if evidence:
            values.update({f"evidence_{key}": text for key, text in evidence[0].items()})
        if evidence[1:]:
            values["evidence"] = evidence[1:]
        results = self._results(found)
        if results and "status" in results[0]:
            values["result_status"] = results[0]["status"]
        if results[1:]:
            values["results"] = results[1:]
        identifiers = [
            {"type": kind, "value": found[name]} for name, kind in IDENTITY_TYPES.items() if name in found
        ]
        if identifiers:
            values["identifiers"] = identifiers
        if "did" in found:
            values["did"] = found["did"]
            if not _DID.fullmatch(found["did"]):
                self._wrong("did", found["did"], "did-wrong")
        if "language" in found:
            values["language"] = self._language(found["language"])

    def _evidence(self, found: dict[str, str]) -> list[dict[str, str]]:
        every = []
        for number in range(1, MOST_REPEATS + 1):
            end = f"_{number}" if number > 1 else ""
            one = {
                key: found[f"evidence_{key}{end}"]
                for key in ("url", "name", "description")
                if f"evidence_{key}{end}" in found
            }
            if "url" in one and not is_web_address(one["url"]):
                self._wrong(f"evidence_url{end}", one["url"], "web-address")
            if one:
                every.append(one)
        return every

    def _results(self, found: dict[str, str]) -> list[dict[str, str]]:
        every = []
        for number in range(1, MOST_REPEATS + 1):
            end = f"_{number}" if number > 1 else ""
            one = {"value": found[f"grade{end}"]} if f"grade{end}" in found else {}
            if written := found.get(f"result_status{end}"):
                status = _STATUSES.get(re.sub(r"[\s_-]+", "", written).lower())
                if status is None:
                    allowed = ", ".join(RESULT_STATUSES)
                    self._wrong(f"result_status{end}", written, "status-wrong", allowed=allowed)
                else:
                    one["status"] = status
            # The first result has a place of its own, so it is there even when a later one is given alone.
            if one or number == 1:
                every.append(one)
        return every if any(every) else []

    def _language(self, value: str) -> str:
        written = _LANGUAGE.fullmatch(value.replace("_", "-").lower())
        if written is None:
            self._wrong("language", value, "language-wrong")
            return ""
        return f"{written[1]}{(written[2] or '').title()}{(written[3] or '').upper()}"
