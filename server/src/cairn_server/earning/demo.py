# SPDX-License-Identifier: Apache-2.0
"""What a newcomer can earn at the demonstration's organisation: one thing in five minutes, all alone; and
one that takes a course, an evening, an assessment, a project and somebody who agrees.

Doing it twice is doing it once; what the newcomer changed or archived since is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from cairn_server.achievements import services as achievements
from cairn_server.assessments import authoring as assessments
from cairn_server.earning import plans, teaching
from cairn_server.earning.learning import Course
from cairn_server.earning.plans import Asked
from cairn_server.organisations.models import Membership
from cairn_server.organisations.roles import Role
from cairn_server.projects import authoring as projects

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.assessments.models import Assessment
    from cairn_server.organisations.models import Organisation
    from cairn_server.projects.models import Project


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


def _make(organisation: Organisation, *, by: Person, at: datetime) -> None:
    course = teaching.make_course(organisation, by=by, name="Kiln safety in three steps", about=_ABOUT, at=at)
    for name, text, links in _UNITS:
        teaching.add_unit(course, by=by, name=name, text=text, links=links, at=at)
    teaching.open_course(course, by=by, at=at)
    meeting = teaching.make_meeting(
        organisation, by=by, name="Open evening in the workshop", about="Every first Tuesday.", at=at
    )
    _offer(organisation, _SAFETY, Asked(kind="course", course=course), by=by, at=at)
    _offer(
        organisation,
        _FIRING,
        Asked(kind="course", course=course),
        Asked(kind="attendance", meeting=meeting),
        Asked(kind="assessment", assessment=_assessment(organisation, by=by, at=at)),
        Asked(kind="project", project=_project(organisation, by=by, at=at)),
        decision="person",
        by=by,
        at=at,
    )


def _offer(
    organisation: Organisation,
    fields: dict[str, Any],
    *takes: Asked,
    decision: str = "rule",
    by: Person,
    at: datetime,
) -> None:
    draft = achievements.draft_achievement(by=by, organisation=organisation, fields=fields, at=at)
    plan = plans.begin(draft, by=by, at=at)
    assert plan.root is not None, "a plan begins with its root"
    for asked in takes:
        plans.add(plan.root, by=by, asked=asked, at=at)
    plans.set_decision(plan, by=by, decision=decision, at=at)
    achievements.set_cost(draft.achievement, by=by, cost="free", note="", url="", at=at)
    plans.publish(draft, by=by, at=at)


def _assessment(organisation: Organisation, *, by: Person, at: datetime) -> Assessment:
    group = assessments.make_group(by=by, organisation=organisation, name="Firing", at=at)
    for question in _QUESTIONS:
        assessments.write_question(by=by, group=group, fields=question, at=at)
    fields = {
        "name": "Heat, glaze and fumes",
        "introduction": "Four questions about what you have read. You may look things up.",
        "draws": [{"group": group.public_id, "count": len(_QUESTIONS)}],
        "pass_mark": 75,
        "minutes": 20,
        "most_attempts": 3,
    }
    draft = assessments.draft_assessment(by=by, organisation=organisation, fields=fields, at=at)
    assessments.publish_assessment(draft.assessment, by=by, at=at)
    return draft.assessment


def _project(organisation: Organisation, *, by: Person, at: datetime) -> Project:
    draft = projects.draft_project(by=by, organisation=organisation, fields=_LOG, at=at)
    projects.publish_project(draft.project, by=by, at=at)
    return draft.project


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
_QUESTIONS: tuple[dict[str, Any], ...] = (
    {
        "kind": "single",
        "text": "When may the kiln be opened?",
        "options": [
            {"text": "Below 100 °C", "right": True},
            {"text": "Below 600 °C, with gloves", "right": False},
            {"text": "When it is switched off", "right": False},
        ],
        "explanation": "Hotter than that, pots crack in the cold air, and so does skin.",
    },
    {
        "kind": "multiple",
        "text": "Which of these can a firing give off?",
        "options": [
            {"text": "Water", "right": True},
            {"text": "Carbon monoxide", "right": True},
            {"text": "Sulphur", "right": True},
            {"text": "Helium", "right": False},
        ],
    },
    {
        "kind": "number",
        "text": "How hot does a kiln become inside when stoneware is fired, in °C?",
        "value": "1260",
        "tolerance": "40",
    },
    {
        "kind": "short",
        "text": "What do you switch on before the kiln?",
        "accepted": ["The fan", "Fan", "The ventilation", "Ventilation"],
    },
)
_LEVELS = [
    {"name": "Not yet", "points": 0},
    {"name": "Good", "points": 1},
    {"name": "Very good", "points": 2},
]
_LOG: dict[str, Any] = {
    "name": "A firing log",
    "brief": (
        "Fire a kiln and keep a log that somebody else could repeat the firing by.\n\n"
        "- what was in it, and where\n"
        "- the temperature every half hour\n"
        "- what came out, and what you would change"
    ),
    "rubric": [
        {
            "name": "It can be repeated",
            "description": "Load, times and temperatures are there.",
            "needed": 1,
            "levels": _LEVELS,
        },
        {
            "name": "It says what was learnt",
            "description": "What came out is compared with the plan.",
            "needed": 1,
            "levels": _LEVELS,
        },
    ],
}
_SAFETY: dict[str, Any] = {
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
_FIRING: dict[str, Any] = {
    "name": "Firing a kiln",
    "description": "Plans, loads and watches a firing alone, and keeps a log that others can follow.",
    "criteria": (
        "You know what heat and fumes do, you have stood beside a firing in the workshop, and you have fired "
        "a kiln of your own and written down how."
    ),
    "achievement_type": "MicroCredential",
    "level": "3",
    "workload_hours": 12,
    "tags": ["ceramics"],
    "alignments": [
        {
            "target_name": "operate a ceramics kiln",
            "target_url": "http://data.europa.eu/esco/skill/c44fc331-7ca2-4bdf-9790-118f9fd5055a",
            "target_framework": "ESCO",
        }
    ],
    "design": {
        "shape": "stone",
        "colour": "#7c2d12",
        "accent": "#fbefe2",
        "icon": "flame",
        "lines": ["Firing", "a kiln"],
        "ribbon": "12 hours",
    },
}
