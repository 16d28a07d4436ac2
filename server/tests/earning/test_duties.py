# SPDX-License-Identifier: Apache-2.0
"""The letter to whoever something waits for: once a day at most, and nothing about one's own work."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from server.tests import learning
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY

from cairn_server.assessments import services as assessments
from cairn_server.earning import duties, notices
from cairn_server.earning.models import Notice
from cairn_server.issuing import choices
from cairn_server.issuing.choices import Pace
from cairn_server.organisations.models import Membership
from cairn_server.organisations.roles import Role
from cairn_server.projects import reviewing
from cairn_server.projects import services as projects

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation
    from cairn_server.projects.models import Project, Work

MORNING = TUESDAY.replace(hour=6)


@pytest.fixture
def project(organisation: Organisation, owner: Person) -> Project:
    return learning.project(organisation, by=owner)


@pytest.fixture
def hand_in(project: Project, person: Callable[..., Person]) -> Callable[..., Work]:
    def make(name: str, at: Any = MONDAY, by: Person | None = None) -> Work:
        who = by or person(name)
        work = projects.begin(project, by=who, at=at)
        projects.write_statement(work, by=who, statement="Six of them.", at=at)
        projects.hand_in(work, by=who, at=at)
        work.refresh_from_db()
        return work

    return make


def told(who: Person) -> list[list[dict[str, Any]]]:
    rows = Notice.objects.filter(kind="duties", person=who).order_by("pk")
    return [each.words["duties"] for each in rows]


def test_everything_that_waits_is_in_one_letter(
    organisation: Organisation,
    owner: Person,
    reviewer: Person,
    learner: Person,
    hand_in: Any,
    auditor: Person,
) -> None:
    hand_in("Anna")
    hand_in("Berta")
    what = learning.assessment(organisation, learning.ESSAY, by=owner)
    attempt = assessments.begin(what, by=learner, at=MONDAY)
    assessments.save_answers(attempt, by=learner, given={1: assessments.Given(text="Damp.")}, at=MONDAY)
    assessments.hand_in(attempt, by=learner, at=MONDAY)

    duties.look(at=MONDAY)
    notices.send_due(at=MONDAY)

    letters = {message.to[0]: message for message in mail.outbox}
    assert set(letters) >= {owner.email, reviewer.email}
    assert auditor.email not in letters
    message = letters[reviewer.email]
    assert message.subject == "3 things wait for your decision"
    assert f"{PUBLIC_URL}/organisations/{organisation.public_id}/reviews\n" in message.body
    assert "Anna" not in message.body


def test_nothing_of_ones_own_waits_for_one(reviewer: Person, hand_in: Any) -> None:
    """B174"""
    hand_in("", by=reviewer)

    duties.look(at=MONDAY)

    assert told(reviewer) == []


def test_it_comes_once_a_day_and_only_when_something_is_new(reviewer: Person, hand_in: Any) -> None:
    hand_in("Anna")
    for minutes in (0, 10, 600):
        duties.look(at=MONDAY + timedelta(minutes=minutes))
    hand_in("Berta", at=MONDAY + timedelta(hours=1))
    duties.look(at=MORNING - timedelta(seconds=1))
    assert len(told(reviewer)) == 1

    for days in range(3):
        duties.look(at=MORNING + timedelta(days=days))
    assert [each[0]["n"] for each in told(reviewer)] == [1, 2]

    # What nobody touches is not forgotten for ever.
    duties.look(at=MORNING + duties.AGAIN_AFTER)
    assert len(told(reviewer)) == 3


@pytest.mark.parametrize(("pace", "letters"), [(Pace.NOW, 2), (Pace.DAILY, 1), (Pace.NEVER, 0)])
def test_how_often_is_everybodys_own_choice(reviewer: Person, hand_in: Any, pace: Pace, letters: int) -> None:
    usual = dict.fromkeys(choices.NAMES, Pace.NOW)
    choices.choose(by=reviewer, at=MONDAY, **{**usual, "duties": pace})
    hand_in("Anna")
    duties.look(at=MONDAY)
    later = MONDAY + timedelta(hours=1)
    hand_in("Berta", at=later)

    duties.look(at=later)

    assert len(told(reviewer)) == letters


def test_what_somebody_has_decided_waits_no_longer(reviewer: Person, hand_in: Any) -> None:
    work = hand_in("Anna")
    seat = reviewing.take(work.current, by=reviewer, at=MONDAY)
    reviewing.decide(seat, by=reviewer, levels=learning.GOOD, feedback="", at=MONDAY)

    assert duties.look(at=MONDAY) == 0


def test_who_is_no_reviewer_any_more_gets_none(
    organisation: Organisation, reviewer: Person, hand_in: Any
) -> None:
    """B138"""
    hand_in("Anna")
    Membership.objects.filter(person=reviewer, organisation=organisation).delete()

    duties.look(at=MONDAY)

    assert told(reviewer) == []


def test_awards_wait_for_those_who_sign(
    organisation: Organisation,
    owner: Person,
    reviewer: Person,
    member: Callable[..., Person],
    learner: Person,
) -> None:
    from cairn_server.earning.models import Enrolment, Plan

    approver = member("Ida", Role.ISSUER)
    project = learning.project(organisation, by=owner, name="A jug")
    enrolment = learning.enrolled(learner, organisation, by=owner, project=project)
    # As if the issuer had asked for a person's word when it was published.
    from django.db import connection

    from cairn_server import refusals
    from cairn_server.earning.frozen import RULES

    refusals.drop(connection, RULES)
    Plan.objects.update(decision=Plan.Decision.PERSON)
    refusals.create(connection, RULES)
    Enrolment.objects.filter(pk=enrolment.pk).update(met_at=MONDAY)

    duties.look(at=MONDAY)

    assert told(reviewer) == []
    assert told(approver)[0][0]["n"] == 1
    assert Notice.objects.get(person=approver).path.endswith("/approvals")
