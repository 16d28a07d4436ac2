# SPDX-License-Identifier: Apache-2.0
"""What the tests of earning begin with: an open course of two units, and an achievement that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from server.tests.conftest import MONDAY

from cairn_server.achievements import services as achievements
from cairn_server.earning import plans, services, teaching
from cairn_server.earning.plans import Asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.earning.learning import Course
    from cairn_server.earning.models import Enrolment, Plan, Requirement
    from cairn_server.organisations.models import Organisation

FIELDS: dict[str, Any] = {
    "name": "First firing",
    "description": "Fires stoneware in an electric kiln.",
    "criteria": "Fire **one** kiln without help.",
}


@pytest.fixture
def course(issuer: Person, organisation: Organisation) -> Course:
    made = teaching.make_course(organisation, by=issuer, name="Kiln safety", at=MONDAY)
    for name in ("Heat", "Fumes"):
        teaching.add_unit(made, by=issuer, name=name, text=f"About {name}.", at=MONDAY)
    return teaching.open_course(made, by=issuer, at=MONDAY)


@pytest.fixture
def draft(issuer: Person, organisation: Organisation) -> AchievementVersion:
    return achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)


@pytest.fixture
def plan(issuer: Person, draft: AchievementVersion) -> Plan:
    return plans.begin(draft, by=issuer, at=MONDAY)


@pytest.fixture
def root(plan: Plan) -> Requirement:
    assert plan.root is not None
    return plan.root


@pytest.fixture
def ask(issuer: Person, root: Requirement) -> Callable[..., Requirement]:
    """One more requirement: ``ask("course", course=course)``; below the root, or below ``parent``."""

    def make(kind: str, *, parent: Requirement | None = None, **fields: Any) -> Requirement:
        return plans.add(parent or root, by=issuer, asked=Asked(kind=kind, **fields), at=MONDAY)

    return make


@pytest.fixture
def publish(issuer: Person, plan: Plan) -> Callable[[], AchievementVersion]:
    return lambda: plans.publish(plan.version, by=issuer, at=MONDAY)


@pytest.fixture
def version(
    ask: Callable[..., Requirement], publish: Callable[[], AchievementVersion], course: Course
) -> AchievementVersion:
    """Published: it takes the course, and nobody has to agree."""
    ask("course", course=course)
    return publish()


@pytest.fixture
def enrolment(version: AchievementVersion, learner: Person) -> Enrolment:
    return services.start(version, by=learner, name="Lena Lindholm", at=MONDAY)


def finish(course: Course, person: Person) -> None:
    for unit in course.units.all():
        teaching.finish_unit(unit, by=person, at=MONDAY)
