# SPDX-License-Identifier: Apache-2.0
"""Question banks and assessments over the API: all of it goes in, and what is right never comes out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from server.tests import learning
from server.tests.conftest import MONDAY

from cairn_server.assessments import services
from cairn_server.assessments.models import Assessment, QuestionVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.api.conftest import Caller

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

SECRETS = ("Cone six", "Bisque firing", "12.5", '"right"', '"accepted"', '"value"', '"explanation"')


@pytest.fixture
def machine(caller: Callable[..., Caller]) -> Caller:
    return caller()


@pytest.fixture
def group(machine: Caller) -> str:
    answer = machine.post("/question-groups", {"name": "Kilns"})
    assert answer.status_code == 201
    return str(answer.json()["id"])


def write(machine: Caller, group: str, question: dict[str, Any], **more: Any) -> Any:
    return machine.post(f"/question-groups/{group}/questions", {**question, **more})


def test_an_assessment_is_made_and_published(machine: Caller, group: str) -> None:
    for each in (learning.SINGLE, learning.NUMBER, learning.SHORT, learning.ESSAY):
        assert write(machine, group, each).status_code == 201
    draws = [{"group": group, "count": 3}]

    made = machine.post("/assessments", {"name": "Kilns and clay", "draws": draws, "minutes": 30}).json()
    published = machine.post(f"/assessments/{made['id']}/publish").json()

    assert (made["state"], made["draws"], made["minutes"]) == ("draft", draws, 30)
    assert (published["state"], published["version"]) == ("published", 1)
    assert published == machine.get(f"/assessments/{made['id']}").json()
    assert machine.get("/assessments").json()["items"] == [published]
    again = machine.post(f"/assessments/{made['id']}/publish")
    assert (again.status_code, again.json()["code"]) == (409, "assessment-frozen")


def test_b173_what_is_right_is_in_no_answer(
    machine: Caller, group: str, organisation: Organisation, owner: Person, learner: Person
) -> None:
    """B173: neither to its author nor to anybody; and no attempt says who made it or what was answered."""
    said = [write(machine, group, each) for each in (learning.SINGLE, learning.NUMBER, learning.SHORT)]
    made = machine.post("/assessments", {"name": "All", "draws": [{"group": group, "count": 3}]})
    where = f"/assessments/{made.json()['id']}"
    said += [made, machine.post(f"{where}/publish"), machine.get(where), machine.get("/assessments")]
    said += [machine.get(f"/question-groups/{group}/questions"), machine.get("/question-groups")]
    attempt = services.begin(Assessment.objects.get(), by=learner, at=MONDAY)
    services.hand_in(attempt, by=learner, at=MONDAY)
    said.append(machine.get(f"{where}/attempts"))

    for answer in said:
        assert answer.status_code < 300
        for secret in (*SECRETS, "1240", learner.email, learner.name):
            assert secret not in answer.content.decode(), secret
    # The wrong options are not there either: whoever reads all but one, knows the one.
    assert "800 degrees" not in said[0].content.decode()
    [told] = said[-1].json()["items"]
    assert (told["state"], told["percent"], told["passed"]) == ("done", 0, False)


def test_attempts_are_told_by_state(
    machine: Caller, organisation: Organisation, owner: Person, learner: Person
) -> None:
    what = learning.assessment(organisation, learning.SINGLE, by=owner)
    services.begin(what, by=learner, at=MONDAY)
    where = f"/assessments/{what.public_id}/attempts"

    assert [each["percent"] for each in machine.get(f"{where}?state=open").json()["items"]] == [None]
    assert machine.get(f"{where}?state=done").json()["items"] == []
    assert machine.get(f"{where}?state=lost").status_code == 422


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({**learning.SINGLE, "options": []}, "options"),
        ({**learning.SINGLE, "options": [{"text": "A", "right": True}] * 2}, "options"),
        ({**learning.NUMBER, "value": "twelve"}, "value"),
        ({**learning.SHORT, "accepted": []}, "accepted"),
    ],
)
def test_a_question_that_cannot_stand_is_refused_at_its_field(
    machine: Caller, group: str, question: dict[str, Any], field: str
) -> None:
    answer = write(machine, group, question)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad-question")
    assert answer.json()["errors"][0]["field"] == field
    assert not QuestionVersion.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"points": "2"}, {"points": True}, {"kind": "essay"}, {"state": "published"}, {"text": "x" * 2001}],
)
def test_b139_a_field_of_the_wrong_kind_or_of_ours_is_refused(
    machine: Caller, group: str, wrong: dict[str, Any]
) -> None:
    answer = write(machine, group, learning.SINGLE, **wrong)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-fields")


def test_b135_the_groups_of_others_do_not_exist(machine: Caller, group: str, foreign_caller: Caller) -> None:
    assert write(foreign_caller, group, learning.SHORT).status_code == 404
    taken = foreign_caller.post("/assessments", {"name": "Mine", "draws": [{"group": group, "count": 1}]})
    assert taken.status_code == 404
    assert foreign_caller.get("/question-groups").json()["items"] == []


def test_pages_follow_each_other(machine: Caller) -> None:
    for number in range(3):
        machine.post("/question-groups", {"name": f"Group {number}"})

    first = machine.get("/question-groups?limit=2").json()
    second = machine.get(f"/question-groups?limit=2&cursor={first['next']}").json()

    assert [each["name"] for each in first["items"] + second["items"]] == ["Group 2", "Group 1", "Group 0"]
    assert second["next"] is None
    assert "options" not in json.dumps(first)
