# SPDX-License-Identifier: Apache-2.0
"""What changed from one version of an achievement to the next, field by field. Pure: no table, no page."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from cairn_server.achievements.models import AchievementVersion

NAMES: dict[str, _StrOrPromise] = {
    "name": _("Name"),
    "description": _("Description"),
    "criteria": _("How it is earned"),
    "achievement_type": _("Kind"),
    "level": _("EQF level"),
    "workload_hours": _("Workload in hours"),
    "credits": _("Credits"),
    "language": _("Language"),
    "validity_days": _("Days of validity"),
    "alignments": _("Skills"),
    "tags": _("Tags"),
}
# Long enough to be compared line by line.
_TEXTS = ("description", "criteria")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text that was changed: “same”, “gone” or “new”."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    name: _StrOrPromise
    before: str
    after: str
    lines: tuple[Line, ...] = ()


def between(older: AchievementVersion, newer: AchievementVersion) -> tuple[Change, ...]:
    """What is said otherwise, in the order of the page; the picture is compared by what it shows."""
    found = [
        _change(field, getattr(older, field), getattr(newer, field))
        for field in NAMES
        if getattr(older, field) != getattr(newer, field)
    ]
    if older.picture_id != newer.picture_id:
        found.append(Change("picture", _("Picture"), "", ""))
    return tuple(found)


def _change(field: str, before: Any, after: Any) -> Change:
    was, now = _written(before), _written(after)
    lines = tuple(_lines(was, now)) if field in _TEXTS else ()
    return Change(field, NAMES[field], was, now, lines)


def _written(value: Any) -> str:
    """A value as people read it: skills and tags by their names."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(str(each["target_name"]) if isinstance(each, dict) else str(each) for each in value)
    return str(value)


def _lines(before: str, after: str) -> list[Line]:
    kinds = {"  ": "same", "- ": "gone", "+ ": "new"}
    return [
        Line(kinds[line[:2]], line[2:])
        for line in difflib.ndiff(before.splitlines(), after.splitlines())
        if line[:2] in kinds  # "? " only points at letters
    ]
