# SPDX-License-Identifier: Apache-2.0
"""Projects over the API, and reviews: what was handed in is read with a seat, and never one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from server.tests import learning
from server.tests.conftest import MONDAY

from cairn_server import attachments
from cairn_server.earning.models import Enrolment
from cairn_server.projects import services
from cairn_server.projects.models import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.api.conftest import Caller

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation
    from cairn_server.projects.models import Project


@pytest.fixture
def machine(caller: Callable[..., Caller]) -> Caller:
    return caller()


@pytest.fixture
def project(organisation: Organisation, owner: Person) -> Project:
    return learning.project(organisation, by=owner)


@pytest.fixture
def hand_in(project: Project, learner: Person) -> Callable[..., Work]:
    def make(by: Person = learner) -> Work:
        work = services.begin(project, by=by, at=MONDAY)
        services.write_statement(work, by=by, statement="Six of them, all even.", at=MONDAY)
        file = attachments.accept("bowls.txt", b"Six bowls.")
        services.add_file(work, by=by, attachment=file, at=MONDAY)
        services.hand_in(work, by=by, at=MONDAY)
        work.refresh_from_db()
        return work

    return make


def test_a_project_is_made_and_published(machine: Caller) -> None:
    made = machine.post("/projects", {**learning.PROJECT, "reviewers": 2, "due_at": "2027-01-01T00:00:00Z"})
    assert made.status_code == 201
    where = f"/projects/{made.json()['id']}"

    published = machine.post(f"{where}/publish").json()

    assert (made.json()["state"], published["state"], published["reviewers"]) == ("draft", "published", 2)
    assert [each["id"] for each in published["rubric"]] == ["c1", "c2"]
    assert machine.get(where).json() == published
    assert machine.get("/projects").json()["items"] == [published]
    again = machine.post(f"{where}/publish")
    assert (again.status_code, again.json()["code"]) == (409, "project-frozen")


def test_a_review_is_taken_and_decided_and_the_award_follows(
    machine: Caller,
    organisation: Organisation,
    owner: Person,
    learner: Person,
    project: Project,
    hand_in: Any,
) -> None:
    enrolment = learning.enrolled(learner, organisation, by=owner, project=project)
    hand_in()
    [waiting] = machine.get("/hand-ins?waiting=true").json()["items"]

    seat = machine.post(f"/hand-ins/{waiting['id']}/reviews").json()
    decided = machine.post(
        f"/reviews/{seat['id']}/decision", {"levels": learning.GOOD, "feedback": "Even walls."}
    ).json()

    assert seat["statement"] == "Six of them, all even."
    assert seat["evidence"] == [{"name": "bowls.txt", "url": "", "media_type": "text/plain; charset=utf-8"}]
    assert (decided["enough"], decided["levels"]) == (True, learning.GOOD)
    assert Work.objects.get().state == "accepted"
    assert Enrolment.objects.get(pk=enrolment.pk).credential is not None
    assert machine.get("/hand-ins?waiting=true").json()["items"] == []
    again = machine.post(f"/reviews/{seat['id']}/decision", {"levels": learning.GOOD})
    assert (again.status_code, again.json()["code"]) == (409, "review-over")


def test_b135_what_was_handed_in_is_not_read_without_a_seat_and_nobody_is_named(
    machine: Caller, foreign_caller: Caller, learner: Person, hand_in: Any
) -> None:
    """B135: the list says that there is something; a token reads the seats of its own person alone."""
    work = hand_in()
    listed = machine.get("/hand-ins").content.decode()
    seat = machine.post(f"/hand-ins/{work.current.public_id}/reviews")

    assert "Six of them" not in listed
    for text in (listed, seat.content.decode()):
        assert learner.email not in text
        assert learner.name not in text
    for path in (f"/reviews/{seat.json()['id']}", f"/projects/{work.project.public_id}"):
        assert foreign_caller.get(path).status_code == 404
    assert foreign_caller.get("/hand-ins").json()["items"] == []
    assert foreign_caller.post(f"/reviews/{seat.json()['id']}/decision", {"levels": {}}).status_code == 404


def test_b174_nobody_judges_their_own_work_with_a_token(machine: Caller, owner: Person, hand_in: Any) -> None:
    """B174: the work of the person behind the token is not there for it."""
    work = hand_in(by=owner)

    assert machine.get("/hand-ins").json()["items"] == []
    assert machine.post(f"/hand-ins/{work.current.public_id}/reviews").status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"levels": {"c1": "c1-l1"}}, "bad-project"),
        ({"levels": {"c1": "c1-l1", "c2": "c9-l9"}, "feedback": "No."}, "bad-project"),
        ({"levels": learning.POOR}, "bad-project"),  # nothing is said of what is missing
        ({"levels": {"c1": 1}}, "invalid-fields"),
        ({"levels": learning.GOOD, "enough": True}, "invalid-fields"),
    ],
)
def test_a_decision_that_cannot_stand_is_refused(
    machine: Caller, hand_in: Any, body: dict[str, Any], code: str
) -> None:
    work = hand_in()
    seat = machine.post(f"/hand-ins/{work.current.public_id}/reviews").json()

    answer = machine.post(f"/reviews/{seat['id']}/decision", body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    work.refresh_from_db()
    assert work.state == "handed-in"


def test_a_rubric_that_cannot_stand_is_refused(machine: Caller) -> None:
    levels = [{"name": "Good", "points": 5}, {"name": "Poor", "points": 0}]

    answer = machine.post(
        "/projects", {"name": "x", "rubric": [{"name": "F", "needed": 0, "levels": levels}]}
    )

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "rubric")


def test_hand_ins_of_one_project(machine: Caller, project: Project, hand_in: Any) -> None:
    hand_in()

    assert len(machine.get(f"/hand-ins?project={project.public_id}").json()["items"]) == 1
    assert machine.get("/hand-ins?project=" + "A" * 22).json()["items"] == []
