# SPDX-License-Identifier: Apache-2.0
"""A moment that has passed: how it is asked about, and where the evidence of then is found.

Whether something counted on a day is judged like everything else, with the same checks over the same bytes,
only that ``at`` is that day and the issuer's status lists are those that were signed then. A Cairn server
serves them under the address that is in the credential, with ``?at=`` added. Another server answers with its
list of today, and that says nothing of then: the check ends in "could not tell".
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from cairn.credential import format_datetime, parse_datetime
from cairn.errors import CairnError

if TYPE_CHECKING:
    from cairn import Sources


# As our own lists have it, and those of every other installation of Cairn.
_LIST = re.compile(r"/s/[A-Za-z0-9_-]{22}(/suspension|/token)?")


def moment_of(text: str, *, now: datetime) -> datetime | None:
    """The moment that a person or a program means; None for what is none, or lies ahead.

    A day alone means its end, in UTC: on the day of a change, what came of it.
    """
    text = text.strip()
    try:
        if len(text) == 10:
            end = datetime.combine(date.fromisoformat(text), time.min, UTC) + timedelta(days=1, seconds=-1)
            # Today has not ended, so it is asked about now.
            return end if end < now else now if end.date() == now.date() else None
        moment = parse_datetime(text)
    except (CairnError, ValueError, OverflowError):
        return None
    return moment if moment <= now else None


def address_at(url: str, at: datetime | None) -> str:
    """The address of a status list as it was then, where we know how to ask for that."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if at is None or parts.query or not _LIST.fullmatch(parts.path):
        return url
    return f"{url}?at={quote(format_datetime(at.replace(microsecond=0)), safe=':')}"


class ListsOfThen:
    """Sources that ask for the status lists of a moment, and for everything else as it is."""

    def __init__(self, sources: Sources, at: datetime) -> None:
        self.sources = sources
        self.at = at

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        return self.sources.fetch(address_at(url, self.at), accept=accept, limit=limit)
