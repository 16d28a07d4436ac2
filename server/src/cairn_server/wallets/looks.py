# SPDX-License-Identifier: Apache-2.0
"""The access log: for each thing that somebody shows, on which day and in which way it was looked at.

For its holder alone. No address of a network, no browser, no hour and no stranger is written down; named is
only who named themselves: a reader that the holder showed something to. After a time that the operator sets,
it is gone.

A page that thousands may open is counted in memory and written once in a while (``Tally``); what happens
seldom is written at once.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import F, Max, Sum

from cairn_server.wallets.models import HeldCredential, Look

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from cairn_server.accounts.models import Person

# How long a process collects before it writes.
COLLECT = timedelta(seconds=10)
MAX_WHO = 255
MOST_WAYS = 50


def note(
    person_id: int, subject: str, kind: Look.Kind, *, at: datetime, who: str = "", count: int = 1
) -> None:
    """One more look that day. ``who`` is a reader that named itself, and nobody else."""
    day, who = at.astimezone(UTC).date(), who[:MAX_WHO]
    mine = Look.objects.filter(person_id=person_id, subject=subject, kind=kind, day=day, who=who)
    if not mine.update(count=F("count") + count):
        # Of two that come first at once, one makes the row and both are counted.
        Look.objects.bulk_create(
            [Look(person_id=person_id, subject=subject, kind=kind, day=day, who=who)], ignore_conflicts=True
        )
        mine.update(count=F("count") + count)


def note_shown(person: Person, held_ids: Iterable[str], *, who: str, at: datetime) -> None:
    """A presentation was opened by the reader it was made for, or sent to them; ``who`` is that reader."""
    mine = HeldCredential.objects.visible_to(person).filter(public_id__in=list(held_ids))
    for subject in mine.values_list("public_id", flat=True):
        note(person.pk, subject, Look.Kind.SHOWN, at=at, who=who)


def note_wallet(person: Person, address: str, *, at: datetime) -> None:
    """Its holder put it into a wallet app."""
    for subject in _held_under({address}, person=person).values():
        note(person.pk, subject[1], Look.Kind.WALLET, at=at)


class Tally:
    """Looks at what stands under its own address, in this process; a crash loses seconds of a log of days."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Counter[tuple[str, str, date]] = Counter()
        self._since: datetime | None = None

    def note(self, address: str, kind: Look.Kind, *, at: datetime) -> None:
        """Once more, for what has this address in its document."""
        with self._lock:
            self._seen[address, kind, at.astimezone(UTC).date()] += 1
            if self._since is None:
                self._since = at
            is_due = at - self._since >= COLLECT
        if is_due:
            self.write()

    def write(self) -> int:
        """Add what was collected; how many looks of those somebody holds something of."""
        with self._lock:
            seen, self._seen, self._since = self._seen, Counter(), None
        held = _held_under({address for address, _kind, _day in seen}) if seen else {}
        written = 0
        for (address, kind, day), count in seen.items():
            # What is in nobody's wallet is nobody's log; what was declined has no page.
            if address in held:
                person_id, subject = held[address]
                at = datetime(day.year, day.month, day.day, tzinfo=UTC)
                note(person_id, subject, Look.Kind(kind), at=at, count=count)
                written += count
        return written


_tally = Tally()
note_at = _tally.note


def flush(*, at: datetime) -> int:
    """What the background work calls, so that a quiet process writes what it has."""
    return _tally.write()


def _held_under(addresses: set[str], *, person: Person | None = None) -> dict[str, tuple[int, str]]:
    """Whose wallet what was awarded under these addresses is in. A file that somebody brought is not theirs
    to be told of (B146)."""
    rows = HeldCredential.objects.filter(
        credential_id__in=addresses, source=HeldCredential.Source.AWARDED_HERE
    )
    if person is not None:
        rows = rows.filter(person=person)
    # Of a renewal and what it renews the later stands.
    found = rows.order_by("pk").values_list("credential_id", "person_id", "public_id")
    return {address: (person_id, subject) for address, person_id, subject in found}


# Reading


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a thing was looked at."""

    kind: Look.Kind
    who: str
    count: int
    last: date


def at_all(person: Person, subjects: list[str]) -> tuple[int, date | None]:
    """How often somebody looked at these, and on which day last."""
    found = Look.objects.filter(person=person, subject__in=subjects).aggregate(
        count=Sum("count"), last=Max("day")
    )
    return found["count"] or 0, found["last"]


def by_way(person: Person, subjects: list[str]) -> list[Way]:
    """The same by way and by reader, the latest first."""
    rows = (
        Look.objects.filter(person=person, subject__in=subjects)
        .order_by()
        .values("kind", "who")
        .annotate(times=Sum("count"), last=Max("day"))
        .order_by("-last", "kind", "who")
    )
    return [Way(Look.Kind(row["kind"]), row["who"], row["times"], row["last"]) for row in rows[:MOST_WAYS]]


def log_of(person: Person) -> QuerySet[Look]:
    """The whole log of a person, the last day first."""
    return Look.objects.filter(person=person).order_by("-day", "-count", "pk")


def forget_old(*, at: datetime, days: int) -> int:
    """A log for its holder and no archive."""
    return Look.objects.filter(day__lt=(at - timedelta(days=days)).date()).delete()[0]
