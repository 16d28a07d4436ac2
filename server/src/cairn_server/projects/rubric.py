# SPDX-License-Identifier: Apache-2.0
"""A rubric: criteria, each with levels from low to high and the lowest that is enough. Pure.

The verdict follows from the levels. A reviewer judges each criterion and never "all in all", so two reviewers
who disagree can see where, and a learner reads what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from cairn_server.errors import Refusal
from cairn_server.organisations.names import has_hidden_characters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_CRITERIA = 12
MAX_LEVELS = 6
MAX_NAME = 120
MAX_DESCRIPTION = 500
MAX_POINTS = 1_000


class BadProject(Refusal):
    """Something about a project cannot stand; ``field`` says where the message belongs."""

    status = 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__("bad-project", message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Level:
    id: str
    name: str
    description: str
    points: int


@dataclass(frozen=True, slots=True)
class Criterion:
    id: str
    name: str
    description: str
    needed: int
    levels: tuple[Level, ...]

    def place(self, level_id: str) -> int | None:
        return next((place for place, level in enumerate(self.levels) if level.id == level_id), None)


Rubric = tuple[Criterion, ...]


def read(stored: Sequence[Mapping[str, Any]]) -> Rubric:
    """The rubric of a version, as ``checked`` has written it."""
    return tuple(
        Criterion(
            id=each["id"],
            name=each["name"],
            description=each["description"],
            needed=each["needed"],
            levels=tuple(Level(**level) for level in each["levels"]),
        )
        for each in stored
    )


def checked(given: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The criteria that an author wrote, with identifiers of their places, or a refusal."""
    criteria = [_criterion(number, each) for number, each in enumerate(given, start=1)]
    if len(criteria) > MAX_CRITERIA:
        raise BadProject("rubric", _("A rubric has %(most)s criteria at most.") % {"most": MAX_CRITERIA})
    if len({each["name"].casefold() for each in criteria}) != len(criteria):
        raise BadProject("rubric", _("Two criteria have the same name."))
    return criteria


def _criterion(number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    name = _text(given["name"], MAX_NAME)
    if not name:
        raise BadProject("rubric", _("Criterion %(number)s has no name.") % {"number": number})
    levels = [
        {
            "id": f"c{number}-l{place}",
            "name": _text(each["name"], MAX_NAME),
            "description": _text(each.get("description", ""), MAX_DESCRIPTION),
            "points": each["points"],
        }
        for place, each in enumerate(given["levels"], start=1)
    ]
    if not 2 <= len(levels) <= MAX_LEVELS or not all(each["name"] for each in levels):
        raise BadProject(
            "rubric",
            _("“%(name)s” needs 2 to %(most)s levels, each with a name.")
            % {"name": name, "most": MAX_LEVELS},
        )
    points = [each["points"] for each in levels]
    if any(not isinstance(each, int) or not 0 <= each <= MAX_POINTS for each in points) or points != sorted(
        points
    ):
        raise BadProject(
            "rubric", _("The points of “%(name)s” go up from level to level, from 0.") % {"name": name}
        )
    needed = given["needed"]
    if not isinstance(needed, int) or not 0 <= needed < len(levels):
        raise BadProject("rubric", _("Say which level of “%(name)s” is enough.") % {"name": name})
    return {
        "id": f"c{number}",
        "name": name,
        "description": _text(given.get("description", ""), MAX_DESCRIPTION),
        "needed": needed,
        "levels": levels,
    }


def _text(text: str, most: int) -> str:
    text = " ".join(text.split())
    if len(text) > most or has_hidden_characters(text):
        raise BadProject(
            "rubric", _("Write up to %(most)s characters, without invisible ones.") % {"most": most}
        )
    return text


# Verdicts


def is_complete(rubric: Rubric, levels: Mapping[str, str]) -> bool:
    """Whether every criterion has one of its own levels, and nothing else is said."""
    return set(levels) == {each.id for each in rubric} and all(
        each.place(levels[each.id]) is not None for each in rubric
    )


def is_enough(rubric: Rubric, levels: Mapping[str, str]) -> bool:
    return bool(rubric) and all((each.place(levels[each.id]) or 0) >= each.needed for each in rubric)


def settled(rubric: Rubric, reviews: Sequence[Mapping[str, str]]) -> list[tuple[Criterion, Level]]:
    """One level a criterion out of several reviews: the middle one, and of two the lower."""
    found = []
    for each in rubric:
        places = sorted(each.place(levels[each.id]) or 0 for levels in reviews)
        found.append((each, each.levels[places[(len(places) - 1) // 2]]))
    return found
