# SPDX-License-Identifier: Apache-2.0
"""Something that a newcomer can earn at once: a short course of the demonstration's organisation.

Doing it twice is doing it once; what the newcomer changed or archived since is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from cairn_server.achievements import services as achievements
from cairn_server.earning import plans, teaching
from cairn_server.earning.learning import Course
from cairn_server.earning.plans import Asked
from cairn_server.organisations.models import Membership
from cairn_server.organisations.roles import Role

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.organisations.models import Organisation


@transaction.atomic
def ensure_something_to_earn(owner_email: str, *, at: datetime) -> None:
    """``owner_email`` is the owner of the demonstration; where they own nothing open, nothing is made."""
    mine = Membership.objects.filter(
        person__email=owner_email, role=Role.OWNER, organisation__closed_at=None
    ).select_related("organisation", "person")
    first = mine.order_by("pk").first()
    if first is None or Course.objects.filter(organisation=first.organisation).exists():
        return
    _make(first.organisation, by=first.person, at=at)


def _make(organisation: Organisation, *, by: Person, at: datetime) -> AchievementVersion:
    course = teaching.make_course(organisation, by=by, name="Kiln safety in three steps", about=_ABOUT, at=at)
    for name, text, links in _UNITS:
        teaching.add_unit(course, by=by, name=name, text=text, links=links, at=at)
    teaching.open_course(course, by=by, at=at)
    teaching.make_meeting(
        organisation, by=by, name="Open evening in the workshop", about="Every first Tuesday.", at=at
    )
    draft = achievements.draft_achievement(by=by, organisation=organisation, fields=_FIELDS, at=at)
    plan = plans.begin(draft, by=by, at=at)
    assert plan.root is not None, "a plan begins with its root"
    plans.add(plan.root, by=by, asked=Asked(kind="course", course=course), at=at)
    achievements.set_cost(draft.achievement, by=by, cost="free", note="", url="", at=at)
    return plans.publish(draft, by=by, at=at)


_ABOUT = "What everybody reads before they stand beside a kiln for the first time."
_UNITS: tuple[tuple[str, str, list[dict[str, str]]], ...] = (
    (
        "Heat",
        "An electric kiln is at **1,260 °C** when stoneware is fired, and its outside at up to 100 °C.\n\n"
        "- Keep a metre of free space around it.\n"
        "- Open it below 100 °C, and never to have a look.\n"
        "- Wear gloves that are made for it: oven gloves are not.",
        [],
    ),
    (
        "Fumes",
        "Clay and glaze give off water, sulphur and carbon monoxide.\n\n"
        "Run the fan before you switch on, and until the kiln is closed and cold. "
        "If you smell it, leave, and air the room from outside.",
        [{"name": "The workshop's own rules", "url": "https://lakeside.example.org/workshop"}],
    ),
    (
        "If something goes wrong",
        "1. Switch off at the wall, never at the kiln.\n"
        "2. Leave the lid closed.\n"
        "3. Cool a burn under running water for twenty minutes, and call for help.\n\n"
        "You have read all of it? Say so below, and the badge is yours.",
        [],
    ),
)
_FIELDS: dict[str, Any] = {
    "name": "Kiln safety: first steps",
    "description": "Knows what a kiln does to air and skin, and what to do when something goes wrong.",
    "criteria": "You work through the three short units of the course. Nobody has to sign you in.",
    "achievement_type": "Badge",
    "workload_hours": 1,
    "tags": ["ceramics", "health and safety"],
    "design": {
        "shape": "shield",
        "colour": "#7a4a12",
        "accent": "#fbefe2",
        "icon": "flame",
        "lines": ["Kiln safety", "first steps"],
    },
}
