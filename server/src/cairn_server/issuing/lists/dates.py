# SPDX-License-Identifier: Apache-2.0
"""What people write for a day. 03/04/2026 can be two days, until somebody says which comes first."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

# A time behind the day is what systems export; the award has a day.
_ISO = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?",
    re.ASCII,
)
_WRITTEN = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})", re.ASCII)
_NUMBER = re.compile(r"\d{5}(?:\.\d+)?", re.ASCII)


class NotADay(Exception):  # noqa: N818
    """Why a text is no day; the name of a rule in ``problems``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_day(text: str, *, day_first: bool | None) -> str:
    """The day in ISO 8601. ``day_first`` answers what 03/04/2026 means; raises ``NotADay``."""
    found = _ISO.fullmatch(text)
    if found:
        return _iso(int(found[1]), int(found[3]), int(found[4]))
    found = _WRITTEN.fullmatch(text)
    if not found:
        raise NotADay("date-number" if _NUMBER.fullmatch(text) else "date-wrong")
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if found[2] == "." or first > 12:
        day_first = True  # nobody puts the month first with dots
    elif second > 12:
        day_first = False
    if day_first is None and first != second:
        raise NotADay("date-two-ways")
    day, month = (first, second) if day_first else (second, first)
    return _iso(year, month, day)


def says_day_first(text: str) -> bool | None:
    """What one date tells about the others of its column: 23/04/2026 has its day first."""
    found = _WRITTEN.fullmatch(text)
    if not found or found[2] == ".":
        return None
    first, second = int(found[1]), int(found[3])
    if first > 12 >= second:
        return True
    return False if second > 12 >= first else None


def _iso(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise NotADay("date-no-day") from None


def end_of_day(day: str) -> datetime:
    """Valid until a day means until it is over."""
    return datetime.combine(date.fromisoformat(day), time(23, 59, 59), tzinfo=UTC)


def start_of_day(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), tzinfo=UTC)
