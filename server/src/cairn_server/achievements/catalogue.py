# SPDX-License-Identifier: Apache-2.0
"""The catalogue: everything that can be earned here and now, found by words and narrowed by facets.

One row an achievement, written in the transaction that publishes it and taken away by the one that archives
it. The words are searched by what each database has for that: FTS5 on SQLite (without it, substrings), a GIN
index on PostgreSQL. Both find the beginnings of words, all of them, in any case and without accents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Case, Count, F, IntegerField, Q, Value, When
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from cairn_server.achievements.models import (
    Achievement,
    AchievementVersion,
    CatalogueEntry,
    CatalogueSkill,
    LeftCatalogue,
)
from cairn_server.journal import services as journal
from cairn_server.organisations.names import folded
from cairn_server.organisations.roles import Role, require

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.db.models import QuerySet
    from django.utils.functional import _StrPromise

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

MOST_WORDS = 8
LONGEST_WORDS = 6_000
MOST_VALUES = 40
# Entries that the background work writes in one look.
AT_ONCE = 500

# Ranges of hours that people think in; the upper end belongs to the range.
WORKLOADS: Mapping[str, tuple[_StrPromise, int, int | None]] = {
    "short": (_("up to 10 hours"), 0, 10),
    "weeks": (_("11 to 50 hours"), 11, 50),
    "months": (_("51 to 150 hours"), 51, 150),
    "long": (_("more than 150 hours"), 151, None),
}
ORDERS: Mapping[str, _StrPromise] = {
    "": _("Best match, then newest"),
    "newest": _("Newest first"),
    "name": _("By name"),
}
WORDS_TABLE = "achievements_catalogue_words"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for. What is no choice finds nothing, and never breaks a query (B155)."""

    text: str = ""
    skill: str = ""
    level: str = ""
    kind: str = ""
    language: str = ""
    issuer: str = ""
    workload: str = ""
    credits: str = ""
    cost: str = ""
    order: str = ""

    @property
    def narrows(self) -> bool:
        return self != Wanted(order=self.order)


@dataclass(frozen=True, slots=True)
class Facet:
    """A value that results have, and how many have it."""

    value: str
    name: str
    count: int


# Searching


def search(wanted: Wanted) -> QuerySet[CatalogueEntry]:
    """The entries that fit, in the order that was asked for."""
    found = _filtered(wanted).select_related("version", "organisation")
    newest = ("-published_at", "-achievement")
    match wanted.order:
        case "name":
            return found.order_by("name", "-achievement")
        case "newest":
            return found.order_by(*newest)
    text = folded(wanted.text)
    if not text:
        return found.order_by(*newest)
    # The words begin with the name: what is called so comes before what only mentions it.
    called_so = Case(
        When(words__startswith=text, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    return found.order_by(called_so, *newest)


def facets(wanted: Wanted) -> dict[str, list[Facet]]:
    """Of each filter the values there are, with counts: how many there would be with that one instead."""
    return {
        "level": _counts("level", replace(wanted, level="")),
        "kind": _counts("kind", replace(wanted, kind="")),
        "language": _counts("language", replace(wanted, language="")),
        "issuer": _issuers(replace(wanted, issuer="")),
        "skill": _skills(replace(wanted, skill="")),
        "workload": _workloads(replace(wanted, workload="")),
        "cost": _counts("cost", replace(wanted, cost="")),
    }


def _filtered(wanted: Wanted) -> QuerySet[CatalogueEntry]:
    found = matching(CatalogueEntry.objects.filter(is_listed=True), wanted.text)
    for column in ("level", "kind", "language", "cost"):
        if value := getattr(wanted, column):
            found = found.filter(**{column: value})
    if wanted.issuer:
        found = found.filter(organisation__public_id=wanted.issuer)
    if wanted.skill:
        found = found.filter(pk__in=CatalogueSkill.objects.filter(key=wanted.skill).values("entry"))
    if wanted.credits:
        found = found.filter(credits__isnull=False)
    if wanted.workload:
        found = found.filter(_in_range(wanted.workload))
    return found


def _in_range(workload: str) -> Q:
    if workload not in WORKLOADS:
        return Q(pk__in=[])
    _name, least, most = WORKLOADS[workload]
    return Q(workload_hours__gte=least) & (Q() if most is None else Q(workload_hours__lte=most))


def matching(entries: QuerySet[CatalogueEntry], text: str) -> QuerySet[CatalogueEntry]:
    """Those that have every word of ``text``, or words that begin with it. No text: all of them."""
    words = re.findall(r"\w+", folded(text))[:MOST_WORDS]
    if not words:
        return entries if not text.strip() else entries.none()
    # Words are letters, digits and underscores: nothing in them is a sign of either query language.
    if connection.vendor == "postgresql":
        table = connection.ops.quote_name(CatalogueEntry._meta.db_table)
        sql = (
            f"SELECT achievement_id FROM {table}"  # noqa: S608 - no value is in the text
            " WHERE to_tsvector('simple', words) @@ to_tsquery('simple', %s)"
        )
        asked = " & ".join(f"'{word}':*" for word in words)
        return entries.filter(pk__in=RawSQL(sql, [asked]))  # noqa: S611
    if has_full_text():
        sql = f"SELECT rowid FROM {WORDS_TABLE} WHERE {WORDS_TABLE} MATCH %s"  # noqa: S608 - as above
        asked = " ".join(f'"{word}"*' for word in words)
        return entries.filter(pk__in=RawSQL(sql, [asked]))  # noqa: S611
    for word in words:
        entries = entries.filter(words__contains=word)
    return entries


def has_full_text() -> bool:
    """Whether the migration found FTS5 in this SQLite."""
    return _has_words(str(connection.settings_dict["NAME"]))


@cache
def _has_words(database: str) -> bool:
    return WORDS_TABLE in connection.introspection.table_names()


def _counts(column: str, wanted: Wanted) -> list[Facet]:
    rows = _filtered(wanted).order_by().values_list(column).annotate(n=Count("pk")).order_by("-n", column)
    return [Facet(value, value, count) for value, count in rows[:MOST_VALUES] if value]


def _issuers(wanted: Wanted) -> list[Facet]:
    rows = (
        _filtered(wanted)
        .order_by()
        .values_list("organisation__public_id", "organisation__name")
        .annotate(n=Count("pk"))
        .order_by("-n", "organisation__name")
    )
    return [Facet(public_id, name, count) for public_id, name, count in rows[:MOST_VALUES]]


def _skills(wanted: Wanted) -> list[Facet]:
    skills = CatalogueSkill.objects.filter(entry__is_listed=True)
    if wanted.narrows:
        skills = CatalogueSkill.objects.filter(entry__in=_filtered(wanted).order_by().values("pk"))
    rows = skills.order_by().values_list("key").annotate(n=Count("pk")).order_by("-n", "key")[:MOST_VALUES]
    counted = list(rows)
    names = dict(
        CatalogueSkill.objects.filter(key__in=[key for key, _n in counted]).values_list("key", "name")
    )
    return [Facet(key, names.get(key, ""), count) for key, count in counted]


def _workloads(wanted: Wanted) -> list[Facet]:
    counts = _filtered(wanted).aggregate(**{name: Count("pk", filter=_in_range(name)) for name in WORKLOADS})
    return [Facet(name, name, counts[name]) for name in WORKLOADS if counts[name]]


def skill_key(url: str) -> str:
    return sha256(url.encode()).hexdigest()[:16]


# Keeping it


def list_version(version: AchievementVersion) -> CatalogueEntry:
    """Write the entry of what is published now; in the transaction of whoever publishes."""
    achievement, organisation = version.achievement, version.organisation
    assert version.published_at is not None, "only what is published is listed"
    skills = {
        each["target_url"]: each["target_name"] for each in version.alignments if each.get("target_url")
    }
    entry, _new = CatalogueEntry.objects.update_or_create(
        achievement=achievement,
        defaults={
            "version": version,
            "organisation": organisation,
            "is_listed": is_listed(organisation),
            "name": version.name,
            "issuer_name": organisation.name,
            "words": _words(version, organisation, skills.values()),
            "kind": version.achievement_type,
            "level": version.level,
            "language": version.language,
            "workload_hours": version.workload_hours,
            "credits": version.credits,
            "cost": achievement.cost or None,
            "published_at": version.published_at,
        },
    )
    entry.skills.all().delete()
    CatalogueSkill.objects.bulk_create(
        CatalogueSkill(entry=entry, key=skill_key(url), url=url, name=name) for url, name in skills.items()
    )
    return entry


def follow_cost(achievement: Achievement) -> None:
    """In the transaction of whoever says what it costs."""
    CatalogueEntry.objects.filter(achievement=achievement).update(cost=achievement.cost or None)


def unlist(achievement: Achievement) -> None:
    """What is archived cannot be earned any more; in the transaction of whoever archives."""
    CatalogueEntry.objects.filter(achievement=achievement).delete()


def is_listed(organisation: Organisation) -> bool:
    left = LeftCatalogue.objects.filter(organisation=organisation).exists()
    return organisation.closed_at is None and not left


@transaction.atomic
def set_listed(organisation: Organisation, *, by: Person, listed: bool, at: datetime) -> None:
    """Whether the organisation stands in the catalogue. Each page of its own stays public either way."""
    require(by, Role.OWNER, organisation)
    if listed == (not LeftCatalogue.objects.filter(organisation=organisation).exists()):
        return
    if listed:
        LeftCatalogue.objects.filter(organisation=organisation).delete()
    else:
        LeftCatalogue.objects.create(organisation=organisation, since=at)
    entries = CatalogueEntry.objects.filter(organisation=organisation)
    entries.update(is_listed=listed and organisation.closed_at is None)
    journal.record(
        verb="catalogue joined" if listed else "catalogue left",
        by=by,
        organisation_id=organisation.public_id,
        object=organisation,
        at=at,
    )


def catch_up(*, at: datetime) -> int:
    """List what was published before there was a catalogue, and follow organisations that have another name
    or are closed since; how many entries were written."""
    closed = CatalogueEntry.objects.filter(is_listed=True, organisation__closed_at__isnull=False)
    count = closed.update(is_listed=False)
    missing = Achievement.objects.filter(
        archived_at=None, catalogue_entry=None, versions__state=AchievementVersion.State.PUBLISHED
    ).distinct()
    renamed = Achievement.objects.exclude(catalogue_entry__issuer_name=F("organisation__name")).filter(
        catalogue_entry__isnull=False
    )
    for achievement in (*missing[:AT_ONCE], *renamed[:AT_ONCE]):
        newest = achievement.published
        assert newest is not None, "the question asked for that"
        with transaction.atomic():
            list_version(newest)
        count += 1
    return count


def _words(version: AchievementVersion, organisation: Organisation, skills: Iterable[str]) -> str:
    said = [version.name, organisation.name, *skills, *version.tags, version.description]
    return folded(" ".join(said))[:LONGEST_WORDS]
