# SPDX-License-Identifier: Apache-2.0
"""A bank of questions and an assessment that draws from it, ready to be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from server.tests.conftest import MONDAY

from cairn_server.assessments import authoring
from cairn_server.assessments.services import Given

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.assessments.models import Assessment, Attempt, QuestionGroup, QuestionVersion
    from cairn_server.organisations.models import Organisation

SINGLE = {
    "kind": "single",
    "text": "At what temperature does stoneware mature?",
    "points": 2,
    "options": [
        {"text": "About 1240 °C", "right": True},
        {"text": "About 800 °C", "right": False},
        {"text": "About 600 °C", "right": False},
    ],
    "explanation": "Cone 6 to 10.",
}
MULTIPLE = {
    "kind": "multiple",
    "text": "Which of these are glazes?",
    "points": 3,
    "options": [
        {"text": "Celadon", "right": True},
        {"text": "Tenmoku", "right": True},
        {"text": "Bisque", "right": False},
    ],
}
NUMBER = {
    "kind": "number",
    "text": "How far does this clay shrink, in per cent?",
    "points": 2,
    "value": "12.5",
    "tolerance": "0.5",
}
SHORT = {"kind": "short", "text": "What is the first firing called?", "accepted": ["Bisque firing"]}
ESSAY = {"kind": "short", "text": "Why do pots crack?", "points": 4, "by_hand": True}


@pytest.fixture
def group(organisation: Organisation, issuer: Person) -> QuestionGroup:
    return authoring.make_group(by=issuer, organisation=organisation, name="Kilns", at=MONDAY)


@pytest.fixture
def ask(group: QuestionGroup, issuer: Person) -> Callable[..., QuestionVersion]:
    """Write a question into the bank."""

    def write(fields: dict[str, Any], **more: Any) -> QuestionVersion:
        return authoring.write_question(by=issuer, group=group, fields={**fields, **more}, at=MONDAY)

    return write


@pytest.fixture
def publish(
    organisation: Organisation, issuer: Person, group: QuestionGroup, ask: Callable[..., QuestionVersion]
) -> Callable[..., Assessment]:
    """An assessment of the named questions, all of them asked: ``publish(SINGLE, NUMBER, minutes=30)``."""

    def make(*fields: dict[str, Any], count: int = 0, **rules: Any) -> Assessment:
        for each in fields:
            ask(each)
        draft = authoring.draft_assessment(
            by=issuer,
            organisation=organisation,
            fields={
                "name": "Kilns and clay",
                "draws": [{"group": group.public_id, "count": count or len(fields)}],
                **rules,
            },
            at=MONDAY,
        )
        authoring.publish_assessment(draft.assessment, by=issuer, at=MONDAY)
        return draft.assessment

    return make


RIGHT_TEXTS = {"number": "12,5", "short": "bisque  FIRING."}


def rightly(attempt: Attempt) -> dict[int, Given]:
    """What somebody answers who knows everything, as a browser sends it."""
    from cairn_server.assessments import questions

    found = {}
    for row in attempt.answers.select_related("question"):
        order = questions.order_of(row, attempt.seed, shuffles=attempt.version.shuffles)
        places = tuple(place for place, index in enumerate(order) if row.question.options[index]["right"])
        text = RIGHT_TEXTS.get(row.question.kind, "")
        found[row.position] = Given(
            places=places, text="It dried too fast." if row.question.by_hand else text
        )
    return found
