# SPDX-License-Identifier: Apache-2.0
"""What every list of the signed-in pages has in common: pages of rows, and the same rows as CSV."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, StreamingHttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.db.models import QuerySet

ROWS_PER_PAGE = 25

# A spreadsheet runs a cell that begins with one of these (B118).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def page_of(request: HttpRequest, rows: QuerySet[Any] | Sequence[Any]) -> Page:
    """The page that ``?page=`` asks for; a page that is not there is the nearest one, never an error."""
    return Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))


class DateInput(forms.DateInput):
    """The browser's own date field, which speaks ISO 8601 whatever the language of the page."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def between(rows: QuerySet[Any], column: str, since: date | None, until: date | None) -> QuerySet[Any]:
    """The rows of these days, both included, in UTC."""
    if since:
        rows = rows.filter(**{f"{column}__gte": datetime.combine(since, time.min, UTC)})
    if until and until < date.max:
        rows = rows.filter(**{f"{column}__lt": datetime.combine(until + timedelta(days=1), time.min, UTC)})
    return rows


def query_of(request: HttpRequest) -> str:
    """What ``?q=`` looks for."""
    return request.GET.get("q", "").strip()[:200]


def matches(query: str, *texts: str) -> bool:
    """Whether one of the texts has the words in it, for lists that no database searches."""
    return any(query.casefold() in text.casefold() for text in texts)


def wants_csv(request: HttpRequest) -> bool:
    return request.GET.get("format") == "csv"


def csv_download(name: str, header: Iterable[str], rows: Iterable[Iterable[object]]) -> StreamingHttpResponse:
    """The rows as a CSV file, written as they are read: an export is never held in memory whole."""

    def lines() -> Iterator[str]:
        writer = csv.writer(_Echo())
        # Spreadsheets take the byte order mark as the word that this is UTF-8.
        yield "\ufeff" + writer.writerow([harmless(cell) for cell in header])
        for row in rows:
            yield writer.writerow([harmless(cell) for cell in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def harmless(cell: object) -> str:
    """The cell as text that a spreadsheet shows and never runs (B118)."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class _Echo:
    """A file that gives back what is written to it, so that csv.writer returns each line."""

    def write(self, line: str) -> str:
        return line
