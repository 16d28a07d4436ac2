# SPDX-License-Identifier: Apache-2.0
"""The desk of reviewers and of authors: queues, a judgement, a mark, the editors."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.urls import reverse
from server.tests import learning
from server.tests.conftest import MONDAY

from cairn_server.assessments import services as taking
from cairn_server.assessments.models import Attempt
from cairn_server.assessments.services import Given
from cairn_server.organisations.models import Membership
from cairn_server.projects import reviewing, services
from cairn_server.projects.models import Review

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpResponse
    from django.test import Client

    from cairn_server.accounts.models import Person
    from cairn_server.assessments.models import Answer
    from cairn_server.organisations.models import Organisation
    from cairn_server.projects.models import Work


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def home(organisation: Organisation) -> str:
    return f"/organisations/{organisation.public_id}"


@pytest.fixture
def work(organisation: Organisation, issuer: Person, learner: Person) -> Work:
    made = services.begin(learning.project(organisation, by=issuer), by=learner, at=MONDAY)
    services.write_statement(made, by=learner, statement="They are even.", at=MONDAY)
    services.hand_in(made, by=learner, at=MONDAY)
    return made


@pytest.fixture
def waiting(organisation: Organisation, issuer: Person, learner: Person) -> Answer:
    attempt = taking.begin(
        learning.assessment(organisation, learning.ESSAY, by=issuer), by=learner, at=MONDAY
    )
    taking.save_answers(attempt, by=learner, given={1: Given(text="Too <b>fast</b>.")}, at=MONDAY)
    return taking.hand_in(attempt, by=learner, at=MONDAY).answers.get()


def text_of(response: HttpResponse) -> str:
    return html.unescape(response.content.decode())


def test_a_reviewer_takes_judges_and_is_done(
    home: str, work: Work, reviewer: Person, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(reviewer)
    queue = text_of(client.get(f"{home}/reviews"))
    page = client.post(f"{home}/reviews/seats/{work.current.public_id}")["Location"]

    missing = client.post(page, {"c1": "c1-l2", "do": "decide"})
    unexplained = client.post(page, {**learning.POOR, "do": "decide"})
    client.post(page, {**learning.POOR, "feedback": "Thin walls.", "do": "decide"})

    work.refresh_from_db()
    assert "Six bowls" in queue
    assert (missing.status_code, unexplained.status_code) == (422, 422)
    assert "Choose a level." in text_of(missing)
    assert "Say what is missing" in text_of(unexplained)
    assert work.state == "changes"
    assert "You found it not enough yet" in text_of(client.get(page))


def test_a_colleague_is_given_a_seat_by_issuers_alone(
    home: str,
    work: Work,
    issuer: Person,
    reviewer: Person,
    auditor: Person,
    signed_in: Callable[[Person], Client],
) -> None:
    seat = f"{home}/reviews/seats/{work.current.public_id}"
    refused = signed_in(reviewer).post(seat, {"colleague": issuer.public_id}).status_code

    signed_in(issuer).post(seat, {"colleague": auditor.public_id})
    nobody = Review.objects.count()
    signed_in(issuer).post(seat, {"colleague": reviewer.public_id})

    assert (refused, nobody) == (403, 0)
    assert [reviewer] == [each.reviewer for each in Review.objects.all()]


def test_one_opinion_does_not_lead_the_other(
    organisation: Organisation,
    home: str,
    issuer: Person,
    reviewer: Person,
    learner: Person,
    signed_in: Callable[[Person], Client],
) -> None:
    work = services.begin(learning.project(organisation, by=issuer, reviewers=2), by=learner, at=MONDAY)
    services.write_statement(work, by=learner, statement="x", at=MONDAY)
    services.hand_in(work, by=learner, at=MONDAY)
    seats = {each: reviewing.take(work.current, by=each, at=MONDAY) for each in (issuer, reviewer)}
    reviewing.decide(seats[issuer], by=issuer, levels=learning.POOR, feedback="First words.", at=MONDAY)
    client, page = signed_in(reviewer), f"{home}/reviews/{seats[reviewer].public_id}"
    before = text_of(client.get(page))

    client.post(page, {**learning.POOR, "feedback": "Second words.", "do": "decide"})

    assert "First words." not in before
    assert "First words." in text_of(client.get(page))


def test_a_seat_is_opened_by_its_owner_alone(
    home: str,
    work: Work,
    reviewer: Person,
    signed_in: Callable[[Person], Client],
    request: pytest.FixtureRequest,
) -> None:
    """B135 B138"""
    page = f"{home}/reviews/{reviewing.take(work.current, by=reviewer, at=MONDAY).public_id}"
    expected = {"owner": 404, "issuer": 404, "auditor": 403, "learner": 404, "outsider": 404}

    found = {who: signed_in(request.getfixturevalue(who)).get(page).status_code for who in expected}
    mine = signed_in(reviewer)
    before = mine.get(page).status_code
    Membership.objects.filter(person=reviewer).delete()

    assert expected == found
    assert (before, mine.get(page).status_code) == (200, 404)


def test_a_seat_is_given_back(
    home: str, work: Work, reviewer: Person, signed_in: Callable[[Person], Client]
) -> None:
    page = f"{home}/reviews/{reviewing.take(work.current, by=reviewer, at=MONDAY).public_id}"

    signed_in(reviewer).post(page, {"do": "release"})

    assert not Review.objects.exists()


def test_an_answer_is_marked_without_a_name(
    home: str, waiting: Answer, reviewer: Person, learner: Person, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(reviewer)
    page = f"{home}/reviews/answers/{waiting.attempt.public_id}/1"
    shown = client.get(page).content.decode()
    too_many = client.post(page, {"points": "5"})

    client.post(page, {"points": "4", "remark": "Good."})

    assert learner.name not in shown
    assert "Too &lt;b&gt;fast&lt;/b&gt;." in shown
    assert too_many.status_code == 422
    assert Attempt.objects.get().passed


def test_an_answer_is_marked_by_reviewers_of_the_organisation(
    home: str, waiting: Answer, signed_in: Callable[[Person], Client], request: pytest.FixtureRequest
) -> None:
    """B135 B141"""
    page = f"{home}/reviews/answers/{waiting.attempt.public_id}/1"
    expected = {"auditor": 403, "learner": 404, "outsider": 404}

    found = {
        who: signed_in(request.getfixturevalue(who)).post(page, {"points": "4"}).status_code
        for who in expected
    }

    waiting.refresh_from_db()
    assert expected == found
    assert waiting.points is None


def test_what_is_not_to_be_marked_is_not_shown(
    organisation: Organisation,
    home: str,
    issuer: Person,
    learner: Person,
    signed_in: Callable[[Person], Client],
) -> None:
    """An answer of an attempt that is open is nobody's to read."""
    attempt = taking.begin(
        learning.assessment(organisation, learning.ESSAY, by=issuer), by=learner, at=MONDAY
    )

    assert signed_in(issuer).get(f"{home}/reviews/answers/{attempt.public_id}/1").status_code == 404


# The editors


def test_a_bank_an_assessment_and_its_publication(
    organisation: Organisation, home: str, issuer: Person, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(issuer)
    group = client.post(f"{home}/questions", {"name": "Kilns"})["Location"]
    base = group.replace(home, "").removeprefix("/questions/groups/")
    fields = {"group": base, "text": "Which?", "points": "1", "option-0": "This", "right-0": "on"}
    alone = client.post(f"{group}/new/single", fields)
    client.post(f"{group}/new/single", fields | {"option-1": "That"})
    client.post(f"{group}/new/number", {"group": base, "text": "How many?", "points": "1", "value": "3"})
    client.post(f"{group}/new/short", {"group": base, "text": "What?", "points": "1", "accepted": "a\nb"})
    rules = {
        "name": "All of it",
        "pass_mark": "60",
        "feedback": "marks",
        "shuffles": "on",
        f"draw-{base}": "3",
    }
    page = client.post(f"{home}/assessments/new", rules)["Location"]

    published = client.post(f"{page}/act", {"do": "publish"}, follow=True)

    assert alone.status_code == 422
    assert "2 to 8 answers" in text_of(alone)
    assert "Published. People can take it now." in text_of(published)
    assert [each["count"] if isinstance(each, dict) else 1 for each in range(3)] == [1, 1, 1]
    version = text_of(client.get(f"{page}/versions/1"))
    assert "This" in version
    assert "a, b" in version


def test_a_question_is_changed_and_retired(
    organisation: Organisation, home: str, issuer: Person, signed_in: Callable[[Person], Client]
) -> None:
    made = learning.assessment(organisation, learning.SINGLE, by=issuer)
    version = made.published
    assert version is not None
    question = version.pool.get().question.question
    client, page = signed_in(issuer), f"{home}/questions/{question.public_id}"
    shown = client.get(page).content.decode()
    fields = {
        "group": question.group.public_id,
        "text": "New words?",
        "points": "1",
        "option-0": "a",
        "right-0": "on",
        "option-1": "b",
    }

    client.post(page, fields | {"do": "save"})
    client.post(page, {"do": "retire"})

    question.refresh_from_db()
    assert "About 1240 degrees" in shown
    assert (question.current.text, question.retired_at is not None) == ("New words?", True)


def test_what_cannot_be_published_says_why(
    organisation: Organisation, home: str, issuer: Person, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(issuer)
    rules = {"name": "Empty", "pass_mark": "60", "feedback": "marks"}
    page = client.post(f"{home}/assessments/new", rules)["Location"]

    assert "which questions are asked" in text_of(client.post(f"{page}/act", {"do": "publish"}, follow=True))


def test_more_time_is_arranged_on_the_page(
    organisation: Organisation,
    home: str,
    issuer: Person,
    auditor: Person,
    signed_in: Callable[[Person], Client],
) -> None:
    made = learning.assessment(organisation, learning.SINGLE, by=issuer)
    page = f"{home}/assessments/{made.public_id}"
    fields = {"email": "mia@people.example", "extra_time": "50", "extra_attempts": "1"}

    refused = signed_in(auditor).post(page, fields).status_code
    shown = text_of(signed_in(issuer).post(page, fields, follow=True))

    assert refused == 403
    assert "mia@people.example" in shown
    assert "+50 % time, +1 attempts" in shown


PROJECT_FORM = {
    "name": "Six bowls", "brief": "Throw them.", "reviewers": "1", "criteria": "1",
    "c0-name": "Form", "c0-needed": "1",
    "c0-l0-name": "Not yet", "c0-l0-points": "0", "c0-l1-name": "Good", "c0-l1-points": "5",
}  # fmt: skip


def test_a_project_is_written_and_published(
    organisation: Organisation, home: str, issuer: Person, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(issuer)
    page = client.post(f"{home}/projects/new", PROJECT_FORM | {"do": "save", "due_on": "2026-12-24"})[
        "Location"
    ]

    published = text_of(client.post(f"{page}/act", {"do": "publish"}, follow=True))

    version = organisation.projects.get().published
    assert version is not None
    assert (f"{version.due_at:%Y-%m-%d}", version.rubric[0]["needed"]) == ("2026-12-24", 1)
    assert "Published. People can begin it now." in published


def test_criteria_are_added_and_removed_with_what_was_typed(
    organisation: Organisation, home: str, issuer: Person, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(issuer)

    more = client.post(f"{home}/projects/new", PROJECT_FORM | {"do": "add-criterion"})
    less = client.post(f"{home}/projects/new", PROJECT_FORM | {"do": "remove-criterion-0"})

    assert ("Criterion 2" in text_of(more), 'value="Form"' in text_of(more)) == (True, True)
    assert "Criterion 1" not in text_of(less)
    assert not organisation.projects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"c0-l1-points": "-1"}, "greater than or equal to 0"),
        ({"c0-l1-points": "0", "c0-l0-points": "5"}, "go up from level to level"),
        ({"c0-needed": "4"}, "Say which level"),
        ({"c0-l1-name": "", "c0-l1-points": ""}, "needs 2 to 6 levels"),
        ({"due_on": "tomorrow"}, "Enter a valid date"),
    ],
)
def test_a_rubric_that_cannot_be(
    organisation: Organisation,
    home: str,
    issuer: Person,
    signed_in: Callable[[Person], Client],
    change: dict[str, str],
    words: str,
) -> None:
    answer = signed_in(issuer).post(f"{home}/projects/new", PROJECT_FORM | {"do": "save"} | change)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not organisation.projects.exists()


def test_a_later_deadline_on_the_page(
    organisation: Organisation,
    home: str,
    issuer: Person,
    reviewer: Person,
    signed_in: Callable[[Person], Client],
) -> None:
    from datetime import timedelta

    made = learning.project(organisation, by=issuer, due_at=MONDAY + timedelta(days=1))
    page = f"{home}/projects/{made.public_id}"
    fields = {"email": "mia@people.example", "due_on": "2026-12-24"}

    refused = signed_in(reviewer).post(page, fields).status_code
    signed_in(issuer).post(page, fields)

    assert refused == 403
    assert f"{made.extensions.get().due_at:%Y-%m-%d %H:%M}" == "2026-12-24 23:59"


def test_what_is_a_draft_shows_on_no_desk(
    organisation: Organisation,
    home: str,
    issuer: Person,
    learner: Person,
    signed_in: Callable[[Person], Client],
) -> None:
    """B135: not even that somebody has begun writing."""
    made = learning.project(organisation, by=issuer)
    work = services.begin(made, by=learner, at=MONDAY)
    services.write_statement(work, by=learner, statement="Secret draft", at=MONDAY)
    client = signed_in(issuer)

    pages = [text_of(client.get(f"{home}/{page}")) for page in ("reviews", f"projects/{made.public_id}")]

    assert not [page for page in pages if "Secret draft" in page or learner.name in page]
    assert (
        client.post(reverse("review-seat", args=[organisation.public_id, work.current.public_id])).status_code
        == 404
    )
