# SPDX-License-Identifier: Apache-2.0
"""One grammar for moments: RFC 3339 with a zone, and nothing that ``fromisoformat`` also lets through."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from cairn.errors import MalformedError

# RFC 3339 §5.6. The first and the last year are refused below: moments near them cannot be shifted to UTC.
_DATE_TIME = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?P<fraction>\.[0-9]{1,9})?"
    r"(?P<zone>Z|(?P<sign>[+-])(?P<zone_hour>[0-9]{2}):(?P<zone_minute>[0-9]{2}))"
)


@lru_cache(maxsize=1024)  # badges of one batch share their dates
def parse_datetime(text: str) -> datetime:
    """Read a dateTimeStamp (VCDM 2.0 §4.9) as an aware UTC moment; raise ``MalformedError`` otherwise (B16).

    Week dates, basic format, ``24:00``, leap seconds and missing zones are all refused: a moment that two
    readers could understand differently is no moment.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise MalformedError("date-time", f"{text[:40]!r} is not a date and time with a zone (RFC 3339)")
    part = match.groupdict()
    try:
        moment = datetime(
            int(part["year"]),
            int(part["month"]),
            int(part["day"]),
            int(part["hour"]),
            int(part["minute"]),
            int(part["second"]),
            # Digits beyond microseconds are cut, not rounded: rounding could lift a moment over an edge.
            int((part["fraction"] or ".0")[1:7].ljust(6, "0")),
            tzinfo=_zone(part),
        )
    except ValueError as error:
        raise MalformedError("date-time", f"{text!r} is not a moment that exists: {error}") from error
    if not 1 < moment.year < 9999:
        raise MalformedError("date-time", f"{text!r} is outside the years that can be compared")
    return moment.astimezone(UTC)


@lru_cache(maxsize=1024)
def format_datetime(moment: datetime) -> str:
    """Write an aware moment as ``2026-11-23T10:00:00Z``: UTC and whole seconds, as ``nbf`` has (N23)."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a zone")
    return f"{moment.astimezone(UTC).isoformat()[:19]}Z"


def _zone(part: dict[str, str | None]) -> timezone:
    if part["zone"] == "Z":
        return UTC
    hours, minutes = int(part["zone_hour"] or 0), int(part["zone_minute"] or 0)
    # XML Schema dateTime knows zones up to 14:00 from UTC; RFC 3339 alone would allow 23:59.
    if minutes > 59 or hours * 60 + minutes > 14 * 60:
        raise ValueError("no zone lies further than 14 hours from UTC")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if part["sign"] == "-" else offset)
