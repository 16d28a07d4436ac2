# SPDX-License-Identifier: Apache-2.0
"""A published project, and its work at each of its stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from server.tests.conftest import MONDAY

from cairn_server import attachments
from cairn_server.projects import authoring, reviewing, services

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation
    from cairn_server.projects.models import Project, Review, Work

LEVELS = [
    {"name": "Not yet", "points": 0},
    {"name": "Good", "points": 5},
    {"name": "Very good", "points": 10},
]
FIELDS: dict[str, Any] = {
    "name": "Six bowls",
    "brief": "Throw and fire **six bowls** of one size.",
    "rubric": [
        {"name": "Form", "description": "Even walls.", "needed": 1, "levels": LEVELS},
        {"name": "Glaze", "needed": 1, "levels": LEVELS},
    ],
}
GOOD = {"c1": "c1-l2", "c2": "c2-l3"}
POOR = {"c1": "c1-l1", "c2": "c2-l2"}


@pytest.fixture
def publish(organisation: Organisation, issuer: Person) -> Callable[..., Project]:
    def make(**fields: Any) -> Project:
        draft = authoring.draft_project(
            by=issuer, organisation=organisation, fields={**FIELDS, **fields}, at=MONDAY
        )
        authoring.publish_project(draft.project, by=issuer, at=MONDAY)
        return draft.project

    return make


@pytest.fixture
def hand_in(learner: Person) -> Callable[..., Work]:
    """The learner's work, handed in with a file, a public link and a statement."""

    def make(project: Project, by: Person = learner) -> Work:
        work = services.begin(project, by=by, at=MONDAY)
        services.write_statement(work, by=by, statement="They are *even*.", at=MONDAY)
        file = attachments.accept("bowls.txt", b"Six bowls.")
        services.add_file(work, by=by, attachment=file, at=MONDAY)
        services.add_link(
            work, by=by, url="https://bowls.example/", name="Pictures", is_public=True, at=MONDAY
        )
        services.hand_in(work, by=by, at=MONDAY)
        work.refresh_from_db()
        return work

    return make


@pytest.fixture
def review(reviewer: Person) -> Callable[..., Review]:
    """Take a seat and decide: ``review(work, GOOD)``."""

    def make(
        work: Work, levels: dict[str, str], by: Person = reviewer, feedback: str = "Thin walls."
    ) -> Review:
        seat = work.current.reviews.filter(reviewer=by, decided_at=None).first()
        seat = seat or reviewing.take(work.current, by=by, at=MONDAY)
        reviewing.decide(seat, by=by, levels=levels, feedback=feedback, at=MONDAY)
        seat.refresh_from_db()
        work.refresh_from_db()
        return seat

    return make
