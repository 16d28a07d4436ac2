# SPDX-License-Identifier: Apache-2.0
"""One thing to mend, and every rule that a list can break.

A problem keeps the name of its rule and not the sentence: it is found in the background, and read later by
somebody whose language only the page knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from cairn_server.issuing.lists.limits import MAX_SHOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

# In sentences about a cell the value stands before the rule: "'ann@' is not an e-mail address."
RULES = {
    # The file as a whole
    "list-empty": _lazy("The list is empty."),
    "list-no-rows": _lazy("The list has a header and no rows."),
    "list-too-long": _lazy("A list may have {most} rows. Divide it."),
    "list-not-utf-16": _lazy("The list cannot be read as UTF-16 text."),
    "list-letters": _lazy("The letters of this list cannot be read. Save it as UTF-8."),
    "list-not-encoding": _lazy("The list cannot be read as {encoding}. Choose another encoding."),
    "list-old-spreadsheet": _lazy(
        "This is a spreadsheet of the old kind (.xls), or it is protected by a password. "
        "Save it as .xlsx without a password, or as CSV."
    ),
    "list-open-document": _lazy("This is an OpenDocument spreadsheet (.ods). Save it as .xlsx or as CSV."),
    "list-not-spreadsheet": _lazy("This is an archive and not a spreadsheet. Save the list as .xlsx or CSV."),
    "list-spreadsheet-broken": _lazy("The spreadsheet is damaged. Save it again, or save it as CSV."),
    "list-spreadsheet-protected": _lazy("The spreadsheet is protected by a password. Save it without."),
    "list-spreadsheet-large": _lazy(
        "The spreadsheet unpacks to more than can be read. Save it as CSV, or divide it."
    ),
    "list-no-sheet": _lazy("The spreadsheet has no sheet of that name."),
    "list-mixed-encodings": _lazy(
        "The list mixes two encodings: line {one} is UTF-8 and this line is not. Save it as UTF-8."
    ),
    # A line
    "line-nul": _lazy("This line holds a NUL character. Is it a text file?"),
    "line-long": _lazy("This line is longer than {most} characters."),
    "line-quotation": _lazy("a quotation mark is opened here and not closed, or stands inside a cell."),
    "line-cells": _lazy(
        "there are {cells} cells for {columns} columns. Put text with separators into quotes."
    ),
    "line-not-here": _lazy("no row of the list with this line waits to be mended."),
    "line-again": _lazy("this line is in the file twice."),
    "line-unknown": _lazy("the column “Line” says which row this is. Keep it as it was."),
    "line-json": _lazy(
        "this is not a recipient as JSON: an object whose members are texts with known names."
    ),
    "line-json-long": _lazy("this line is too long for one recipient."),
    # The header
    "header-many": _lazy("there are more than {most} columns."),
    "header-unknown": _lazy("the first line should name the columns: at least “email” and “name”."),
    "header-no-email": _lazy("no column is called “email”. The first line names the columns."),
    "header-no-name": _lazy("no column is called “name”, or “first name” and “surname”."),
    "header-no-line": _lazy(
        "no column is called “Line”. Mend the file that was downloaded, and leave that column in it."
    ),
    "header-twice": _lazy("is the same column as “{other}”."),
    # A cell
    "email-empty": _lazy("is empty; every row needs an e-mail address."),
    "email-wrong": _lazy("is not an e-mail address."),
    "email-script": _lazy("has letters other than A to Z before the @."),
    "name-empty": _lazy("is empty; every row needs a name."),
    "name-letters": _lazy("has no letter or digit."),
    "formula": _lazy("begins with “{sign}”, as a formula does."),
    "formula-error": _lazy("is an error of the spreadsheet."),
    "hidden": _lazy("holds invisible or control characters."),
    "long": _lazy("is longer than {longest} characters."),
    "date-number": _lazy("is a spreadsheet's number for a day. Write it as 2026-11-23."),
    "date-wrong": _lazy("is not a date. Write it as 2026-11-23."),
    "date-two-ways": _lazy("can be read in two ways. Say whether the day or the month comes first."),
    "date-no-day": _lazy("is not a day of the calendar."),
    "date-future": _lazy("lies in the future."),
    "date-over": _lazy("is over already."),
    "web-address": _lazy("is not a full web address."),
    "did-wrong": _lazy("is not a DID."),
    "language-wrong": _lazy("is not a language. Write it as “en” or “pt-BR”."),
    "status-wrong": _lazy("is not one of {allowed}."),
    "twice": _lazy("is in line {line} already."),
    "key-other": _lazy("was awarded to somebody else before. A row's id belongs to one award."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """``line`` counts as people do: the header is line 1; 0 is the file as a whole."""

    line: int
    column: str
    value: str
    code: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rule(self) -> str:
        return str(RULES[self.code]).format(**self.details)

    @property
    def sentence(self) -> str:
        if not self.line:
            return self.rule
        if not self.column:
            return _("Line {line}: {rule}").format(line=self.line, rule=self.rule)
        return _("Line {line}, column *{column}*: '{value}' {rule}").format(
            line=self.line, column=self.column, value=self.value, rule=self.rule
        )

    def to_json(self) -> dict[str, Any]:
        return {"column": self.column, "value": self.value, "code": self.code, **self.details}

    @classmethod
    def from_json(cls, line: int, stored: Mapping[str, Any]) -> Problem:
        details = {key: value for key, value in stored.items() if key not in ("column", "value", "code")}
        return cls(line, stored["column"], stored["value"], stored["code"], details)


def shown(value: str) -> str:
    """A wrong value as a sentence can hold it."""
    return value if len(value) <= MAX_SHOWN else value[: MAX_SHOWN - 1] + "…"


class Unreadable(Exception):  # noqa: N818 - an answer to who brought the list, and no accident
    """The list as a whole cannot be read, from here on."""

    def __init__(self, code: str, *, line: int = 0, **details: Any) -> None:
        super().__init__(code)
        self.problem = Problem(line, "", "", code, details)
