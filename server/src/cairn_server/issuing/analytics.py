# SPDX-License-Identifier: Apache-2.0
"""How often credentials are awarded, claimed, shared and verified: counted, and nobody followed.

Awards are rows, so their numbers are exact. Everything else is one counter for each version, list, day and
kind: no address, no browser, no person and no credential is written down with it, so nothing here can be
joined back to anybody. Numbers so small that they would speak of single people are not shown.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Sum
from django.db.models.functions import TruncMonth

from cairn_server.issuing.life import DailyCount
from cairn_server.issuing.models import Batch, Credential

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet

    from cairn_server.achievements.models import Achievement
    from cairn_server.organisations.models import Organisation

Kind = DailyCount.Kind

# Below this many, a number says something about people who can be told apart.
FEWEST = 5
# How long a process collects before it writes: a page that is asked a thousand times writes once.
COLLECT = timedelta(seconds=10)
MONTHS = 12


# Counting


class Tally:
    """What happened since the last writing, in this process; a crash loses seconds of a statistic."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Counter[tuple[str, str, date]] = Counter()
        self._since: datetime | None = None

    def note(self, credential_id: str, kind: str, *, at: datetime) -> None:
        """Once more, for the credential under ``/c/<credential_id>``."""
        with self._lock:
            self._seen[credential_id, kind, at.astimezone(UTC).date()] += 1
            if self._since is None:
                self._since = at
            is_due = at - self._since >= COLLECT
        if is_due:
            self.write()

    def write(self) -> int:
        """Add what was collected to the counters; how many events that were."""
        with self._lock:
            seen, self._seen, self._since = self._seen, Counter(), None
        if not seen:
            return 0
        wanted = Credential.objects.signed().filter(public_id__in={each[0] for each in seen})
        where = {
            public_id: (version, batch)
            for public_id, version, batch in wanted.values_list("public_id", "version", "batch")
        }
        counts: Counter[tuple[int, int | None, date, str]] = Counter()
        for (credential_id, kind, day), n in seen.items():
            # An address that is none of ours is counted nowhere.
            if credential_id in where:
                counts[(*where[credential_id], day, kind)] += n
        for (version, batch, day, kind), n in counts.items():
            add(version=version, batch=batch, day=day, kind=kind, count=n)
        return counts.total()


_tally = Tally()
note = _tally.note


def flush(*, at: datetime) -> int:
    """What the background work calls, so that a quiet process writes what it has."""
    return _tally.write()


def add(*, version: int, batch: int | None, day: date, kind: str, count: int) -> None:
    """Raise one counter; of two processes that make it, one makes it and both raise it."""
    mine = DailyCount.objects.filter(version=version, batch=batch, day=day, kind=kind)
    if mine.update(count=F("count") + count):
        return
    try:
        with transaction.atomic():
            DailyCount.objects.create(version_id=version, batch_id=batch, day=day, kind=kind, count=count)
    except IntegrityError:
        mine.update(count=F("count") + count)


def claimed(credentials: Iterable[Credential], *, at: datetime) -> None:
    """They came into the wallets of their holders; in the transaction that put them there."""
    counts = Counter((each.version_id, each.batch_id) for each in credentials)
    for (version, batch), n in counts.items():
        add(version=version, batch=batch, day=at.astimezone(UTC).date(), kind=Kind.CLAIMED, count=n)


# Reading


@dataclass(frozen=True, slots=True)
class Line:
    """The numbers of one achievement, list or month. None is a number too small to be shown."""

    label: str
    awarded: int
    claimed: int | None
    shared: int | None
    verified: int | None

    def numbers(self) -> tuple[int | None, ...]:
        return (self.awarded, self.claimed, self.shared, self.verified)


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the page and the file say of one stretch of time."""

    since: date
    until: date
    total: Line
    by_achievement: tuple[Line, ...]
    by_month: tuple[Line, ...]
    by_list: tuple[Line, ...]


def shown(people: int, count: int) -> int | None:
    """A count as it may be shown: never of fewer than five people, and rounded down to fives.

    Rounding keeps a reader from learning, by comparing two tables or two days, what one person did.
    """
    if people < FEWEST or count < FEWEST:
        return None
    return count - count % FEWEST


def figures(
    organisation: Organisation, *, since: date, until: date, achievement: Achievement | None = None
) -> Figures:
    """From the first day of one month to the last of another, both inclusive."""
    ever = Credential.objects.signed().filter(
        organisation=organisation,
        first__isnull=True,  # a renewal is no new award
        awarded_at__lt=_start(until + timedelta(days=1)),
    )
    counts = DailyCount.objects.filter(
        version__achievement__organisation=organisation, day__gte=since, day__lte=until
    )
    if achievement is not None:
        ever = ever.filter(version__achievement=achievement)
        counts = counts.filter(version__achievement=achievement)
    lists = Batch.objects.filter(pk__in=ever.values("batch")).select_related("version").order_by("-pk")
    called = [(each.pk, f"{each.version.name} · {each.created_at.date().isoformat()}") for each in lists]
    read = _Reader(ever, counts, since)
    return Figures(
        since,
        until,
        total=read.total(),
        by_achievement=read.by("version__achievement", _names(organisation)),
        by_month=read.by_month(list(_months(since, until))),
        by_list=read.by("batch", called),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """The rows and counters of one question, and the same sums over them in three ways.

    Whether a number is small enough to speak of single people is asked of all who were ever awarded, and not
    of those of this time: others look at old awards too.
    """

    ever: QuerySet[Credential]
    counts: QuerySet[DailyCount]
    since: date

    @property
    def awards(self) -> QuerySet[Credential]:
        return self.ever.filter(awarded_at__gte=_start(self.since))

    def total(self) -> Line:
        counted = dict(self.counts.order_by().values_list("kind").annotate(n=Sum("count")))
        return _line("", self.awards.count(), counted, among=self.ever.count())

    def by(self, group: str, labels: list[tuple[int, str]]) -> tuple[Line, ...]:
        awarded, ever = (
            dict(rows.order_by().values_list(group).annotate(n=Count("pk")))
            for rows in (self.awards, self.ever)
        )
        counted = self._counted(self.counts.values_list(group, "kind"))
        return tuple(
            _line(label, awarded.get(key, 0), counted.get(key, {}), among=ever[key])
            for key, label in labels
            if key in ever
        )

    def by_month(self, months: list[date]) -> tuple[Line, ...]:
        rows = self.awards.order_by().annotate(month=TruncMonth("awarded_at", tzinfo=UTC))
        awarded = {month.date(): n for month, n in rows.values_list("month").annotate(n=Count("pk"))}
        counted = self._counted(self.counts.annotate(month=TruncMonth("day")).values_list("month", "kind"))
        everybody = self.ever.filter(awarded_at__lt=_start(self.since)).count()
        lines = []
        for month in months:
            everybody += awarded.get(month, 0)
            label = month.isoformat()[:7]
            lines.append(_line(label, awarded.get(month, 0), counted.get(month, {}), among=everybody))
        return tuple(lines)

    @staticmethod
    def _counted(rows: QuerySet[DailyCount, tuple[Any, str]]) -> dict[Any, dict[str, int]]:
        found: dict[Any, dict[str, int]] = {}
        for key, kind, n in rows.order_by().annotate(n=Sum("count")):
            found.setdefault(key, {})[kind] = n
        return found


def _line(label: str, awarded: int, found: Mapping[str, int], *, among: int) -> Line:
    return Line(
        label,
        awarded,
        claimed=shown(among, found.get(Kind.CLAIMED, 0)),
        shared=shown(among, found.get(Kind.SHARED, 0)),
        verified=shown(among, found.get(Kind.VERIFIED, 0)),
    )


def _names(organisation: Organisation) -> list[tuple[int, str]]:
    names: dict[int, str] = {}
    versions = organisation.achievements.filter(versions__state="published").values_list(
        "pk", "versions__name", "versions__number"
    )
    for pk, name, _number in sorted(versions, key=lambda each: each[2]):
        names[pk] = name
    return sorted(names.items(), key=lambda pair: pair[1].casefold())


def _months(since: date, until: date) -> Iterable[date]:
    month = since.replace(day=1)
    while month <= until:
        yield month
        month = (month + timedelta(days=32)).replace(day=1)


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
