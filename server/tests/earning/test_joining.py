# SPDX-License-Identifier: Apache-2.0
"""One person learned under two accounts: what each did counts once, and nothing of it is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils.module_loading import import_string
from server.tests import learning
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.accounts import joining, proving
from cairn_server.assessments import services as assessments
from cairn_server.assessments.models import Attempt
from cairn_server.config.settings import JOINS
from cairn_server.earning import services, teaching
from cairn_server.earning.learning import UnitDone
from cairn_server.earning.models import Enrolment
from cairn_server.projects import reviewing
from cairn_server.projects import services as projects
from cairn_server.projects.models import Review, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.earning.learning import Course
    from cairn_server.earning.models import Requirement
    from cairn_server.organisations.models import Organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(person: Callable[..., Person]) -> Person:
    return person("Lena2", email="lena@school.example", password="some words of the past")


def join(into: Person, other: Person) -> None:
    proof, code = proving.ask(other.email, about=joining.about(into), at=TUESDAY)
    proved = proving.prove(proof.public_id, code, about=joining.about(into), at=TUESDAY)
    joining.join(into, proof=proved, movers=[import_string(name) for name in JOINS], at=TUESDAY)


def test_units_and_meetings_count_once_and_the_farther_way_goes_on(
    course: Course,
    ask: Callable[..., Requirement],
    publish: Callable[[], AchievementVersion],
    learner: Person,
    old: Person,
) -> None:
    ask("course", course=course)
    version = publish()
    first, second = course.units.order_by("position")
    for each in (learner, old):
        services.start(version, by=each, name="Lena", at=MONDAY)
        teaching.finish_unit(first, by=each, at=MONDAY)
    teaching.finish_unit(second, by=old, at=MONDAY)
    Enrolment.objects.filter(person=old).update(met_at=MONDAY)
    farther = Enrolment.objects.get(person=old)

    join(learner, old)

    assert set(UnitDone.objects.filter(person=learner).values_list("unit", flat=True)) == {
        first.pk,
        second.pk,
    }
    assert Enrolment.objects.get(person=learner) == farther


def test_attempts_of_both_are_numbered_one_after_the_other_and_one_is_open(
    organisation: Organisation, owner: Person, learner: Person, old: Person
) -> None:
    made = learning.assessment(organisation, learning.SHORT, by=owner, attempts=5)
    for each in (learner, old):
        learning.enrolled(each, organisation, by=owner, assessment=made)
        assessments.begin(made, by=each, at=MONDAY)

    join(learner, old)

    attempts = Attempt.objects.filter(person=learner, assessment=made).order_by("number")
    assert [(each.number, each.state) for each in attempts] == [(1, "open"), (2, "done")]


def test_two_works_become_one_with_the_rounds_and_files_of_both(
    organisation: Organisation, owner: Person, learner: Person, old: Person
) -> None:
    asked = learning.project(organisation, by=owner)
    for each in (learner, old):
        learning.enrolled(each, organisation, by=owner, project=asked)
        work = projects.begin(asked, by=each, at=MONDAY)
        projects.add_link(
            work,
            by=each,
            url=f"https://{each.pk}.example/bowls",
            name="Bowls",
            is_public=False,
            at=MONDAY,
        )
    projects.hand_in(Work.objects.get(person=old), by=old, at=MONDAY)

    join(learner, old)

    work = Work.objects.get(person=learner)
    assert (work.state, [each.number for each in work.rounds.order_by("number")]) == ("handed-in", [1, 2])
    assert work.current.handed_in_at == MONDAY
    links = [each.evidence.get().url for each in work.rounds.order_by("number")]
    assert links == [f"https://{learner.pk}.example/bowls", f"https://{old.pk}.example/bowls"]


def test_whoever_judged_their_own_work_under_another_name_loses_the_name_and_not_the_word(
    organisation: Organisation, owner: Person, learner: Person, reviewer: Person
) -> None:
    asked = learning.project(organisation, by=owner)
    learning.enrolled(learner, organisation, by=owner, project=asked)
    work = projects.begin(asked, by=learner, at=MONDAY)
    projects.add_link(
        work, by=learner, url="https://bowls.example/", name="Bowls", is_public=False, at=MONDAY
    )
    projects.hand_in(work, by=learner, at=MONDAY)
    reviewing.take(work.current, by=reviewer, at=MONDAY + timedelta(hours=1))

    join(learner, reviewer)

    seat = Review.objects.get()
    assert (seat.reviewer, seat.learner) == (None, learner)
