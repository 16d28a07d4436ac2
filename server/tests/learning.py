# SPDX-License-Identifier: Apache-2.0
"""An assessment, a project, and somebody who works on an achievement that asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.tests.conftest import MONDAY

from cairn_server.achievements import services as achievements
from cairn_server.assessments import authoring as assessing
from cairn_server.earning import plans
from cairn_server.earning import services as earning
from cairn_server.earning.plans import Asked
from cairn_server.projects import authoring as projects

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.assessments.models import Assessment
    from cairn_server.earning.models import Enrolment
    from cairn_server.organisations.models import Organisation
    from cairn_server.projects.models import Project

SINGLE: dict[str, Any] = {
    "kind": "single",
    "text": "At what temperature does **stoneware** mature?",
    "points": 2,
    "options": [
        {"text": "About 1240 degrees", "right": True},
        {"text": "About 800 degrees", "right": False},
        {"text": "About 600 degrees", "right": False},
    ],
    "explanation": "Cone six to ten, says the maker.",
}
MULTIPLE: dict[str, Any] = {
    "kind": "multiple",
    "text": "Which of these are glazes?",
    "points": 2,
    "options": [
        {"text": "Celadon", "right": True},
        {"text": "Tenmoku", "right": True},
        {"text": "Bisque", "right": False},
    ],
}
NUMBER: dict[str, Any] = {
    "kind": "number",
    "text": "How far does this clay shrink, in per cent?",
    "points": 2,
    "value": "12.5",
    "tolerance": "0.5",
}
SHORT: dict[str, Any] = {
    "kind": "short",
    "text": "What is the first firing called?",
    "accepted": ["Bisque firing"],
}
ESSAY: dict[str, Any] = {"kind": "short", "text": "Why do pots crack?", "points": 4, "by_hand": True}
LEVELS = [
    {"name": "Not yet", "points": 0},
    {"name": "Good", "points": 5},
    {"name": "Very good", "points": 10},
]
PROJECT: dict[str, Any] = {
    "name": "Six bowls",
    "brief": "Throw and fire **six bowls** of one size.",
    "rubric": [
        {"name": "Form", "description": "Even walls.", "needed": 1, "levels": LEVELS},
        {"name": "Glaze", "needed": 1, "levels": LEVELS},
    ],
}
GOOD = {"c1": "c1-l2", "c2": "c2-l3"}
POOR = {"c1": "c1-l1", "c2": "c2-l2"}


def assessment(
    organisation: Organisation, *questions: dict[str, Any], by: Person, at: datetime = MONDAY, **rules: Any
) -> Assessment:
    """Published, with all of these questions."""
    name = rules.pop("name", "Kilns and clay")
    group = assessing.make_group(by=by, organisation=organisation, name=f"For {name}", at=at)
    for fields in questions:
        assessing.write_question(by=by, group=group, fields=fields, at=at)
    draws = [{"group": group.public_id, "count": len(questions)}]
    draft = assessing.draft_assessment(
        by=by, organisation=organisation, fields={"name": name, "draws": draws, **rules}, at=at
    )
    assessing.publish_assessment(draft.assessment, by=by, at=at)
    return draft.assessment


def project(organisation: Organisation, *, by: Person, at: datetime = MONDAY, **fields: Any) -> Project:
    """Published."""
    draft = projects.draft_project(by=by, organisation=organisation, fields={**PROJECT, **fields}, at=at)
    projects.publish_project(draft.project, by=by, at=at)
    return draft.project


def asking_for(
    organisation: Organisation, *, by: Person, at: datetime = MONDAY, **what: Assessment | Project
) -> AchievementVersion:
    """A published achievement that takes this: ``asking_for(organisation, by=owner, project=…)``."""
    draft = achievements.draft_achievement(
        by=by,
        organisation=organisation,
        fields={"name": "Potter", "description": "Throws and fires.", "criteria": "Throw and fire."},
        at=at,
    )
    plan = plans.begin(draft, by=by, at=at)
    assert plan.root is not None
    for kind, leaf in what.items():
        plans.add(plan.root, by=by, asked=Asked(kind=kind, **{kind: leaf}), at=at)  # type: ignore[arg-type]
    return plans.publish(draft, by=by, at=at)


def enrolled(
    person: Person,
    organisation: Organisation,
    *,
    by: Person,
    at: datetime = MONDAY,
    **what: Assessment | Project,
) -> Enrolment:
    version = asking_for(organisation, by=by, at=at, **what)
    return earning.start(version, by=person, name=person.name, at=at)
