# SPDX-License-Identifier: Apache-2.0
"""A finished credential page, kept for as long as its verdict cannot have changed.

A verdict rests on the bytes, the status list, the keys, the dates and our own record. All of that but the
clock is one row per key in the database, and reading it costs far less than judging. The page is kept with
the rows it was judged by: it holds while they are the same, for at most a minute, and never across a date
that it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.core.cache import cache as page_cache
from django.db import connection
from django.db.models import Exists, OuterRef

from cairn_server.issuing.models import Credential, SecuredCredential

MAX_AGE = timedelta(seconds=60)

# What a page rests on. Whoever shows something new of our own record on it adds the column here.
WATCHED = (
    "secured__sha256",
    "valid_from",
    "valid_until",
    "standing",
    "standing_at",
    "standing_reason",
    "suspended_until",
    "status_list__published",
    # Its renewals, which stand under the same address, and what was put in its place.
    "answer__said",
    "copies__public_id",
    "copies__state",
    "copies__standing_at",
    "copies__standing_reason",
    "copies__status_list__published",
    "successors__public_id",
    "successors__state",
    "version__achievement__archived_at",
    "version__achievement__renewal_rule__changed_at",
    "version__public_id",
    "organisation__name",
    "organisation__did",
    "organisation__linkedin_id",
    "organisation__signing_keys__fragment",
    "organisation__signing_keys__state",
    "organisation__signing_keys__revoked_at",
    "has_token",
)

State = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """The page, when it was judged, and by which state; ``until`` is the next of its dates."""

    html: str
    judged_at: datetime
    until: datetime | None
    state: State

    def holds(self, state: State, *, at: datetime) -> bool:
        return (
            self.state == state
            and timedelta(0) <= at - self.judged_at < MAX_AGE
            and (self.until is None or at < self.until)
        )


def state_of(credential_id: str) -> State:
    """Everything but the clock that the verdict on this credential rests on; empty when there is none."""
    sql, parameters = _question()
    with connection.cursor() as cursor:
        cursor.execute(sql, [credential_id if each is _ANY else each for each in parameters])
        return tuple(map(tuple, cursor.fetchall()))


def next_date(found: Credential, *, at: datetime) -> datetime | None:
    """The next moment at which the dates alone change the answer."""
    dates = (found.valid_from, found.valid_until, found.suspended_until)
    return min((date for date in dates if date is not None and date > at), default=None)


def note_complete_check(credential_id: str, *, at: datetime) -> None:
    """Remember that every check had an answer, for the day on which one has none."""
    page_cache.set(f"credential-checked:{credential_id}", at, timeout=None)


def last_complete_check(credential_id: str) -> datetime | None:
    at: datetime | None = page_cache.get(f"credential-checked:{credential_id}")
    return at


_ANY = "(any credential)"


@cache
def _question() -> tuple[str, tuple[Any, ...]]:
    """The SQL, built once: composing the query set takes several times as long as answering it."""
    rows = (
        Credential.objects.signed()
        .filter(public_id=_ANY, secured__format=SecuredCredential.Format.JSON)
        .annotate(
            has_token=Exists(
                SecuredCredential.objects.filter(
                    credential=OuterRef("pk"), format=SecuredCredential.Format.JWT
                )
            )
        )
        .order_by("organisation__signing_keys__pk")
        .values_list(*WATCHED)
    )
    sql, parameters = rows.query.sql_with_params()
    return sql, tuple(_ANY if each == _ANY else each for each in parameters)
