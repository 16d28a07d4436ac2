# SPDX-License-Identifier: Apache-2.0
"""Courses, units and meetings: each verb, who may not, and codes that cannot be guessed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server import attachments
from cairn_server.accounts.limits import TooMany
from cairn_server.achievements.services import InvalidField
from cairn_server.earning import teaching
from cairn_server.earning.learning import CODE_ALPHABET, Attended, Meeting, RoomCode, UnitDone
from cairn_server.earning.teaching import CourseEmpty, CourseOpen, NoSuchCode
from cairn_server.errors import NotAllowed
from cairn_server.journal.models import Entry
from cairn_server.organisations.models import OrganisationClosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.earning.learning import Course
    from cairn_server.organisations.models import Organisation


@pytest.fixture
def closed(organisation: Organisation, issuer: Person) -> Course:
    """Not open yet, with two units."""
    made = teaching.make_course(organisation, by=issuer, name="Kilns", at=MONDAY)
    for name in ("Heat", "Fumes"):
        teaching.add_unit(made, by=issuer, name=name, at=MONDAY)
    return made


@pytest.fixture
def meeting(organisation: Organisation, issuer: Person) -> Meeting:
    return teaching.make_meeting(organisation, by=issuer, name="Kiln day", at=MONDAY)


def text_file() -> attachments.Attachment:
    return attachments.accept("notes.txt", b"Keep the kiln closed.")


# Courses


def test_units_are_added_moved_worded_and_removed(closed: Course, issuer: Person) -> None:
    fumes = closed.units.get(name="Fumes")
    teaching.move_unit_up(fumes, by=issuer, at=MONDAY)
    assert [each.name for each in closed.units.all()] == ["Fumes", "Heat"]

    links = [{"name": "", "url": "https://kilns.example/fumes"}]
    teaching.change_unit(fumes, by=issuer, name="Smoke", text="Air.", links=links, at=MONDAY)
    teaching.remove_unit(closed.units.get(name="Heat"), by=issuer, at=MONDAY)

    [left] = closed.units.all()
    assert (left.name, left.links[0]["name"]) == ("Smoke", "https://kilns.example/fumes")


def test_an_open_course_can_be_worded_better_and_nothing_else(closed: Course, issuer: Person) -> None:
    opened = teaching.open_course(closed, by=issuer, at=MONDAY)
    unit = opened.units.get(name="Heat")

    teaching.change_unit(unit, by=issuer, name="Heat", text="Clearer.", links=[], at=TUESDAY)

    for act in (
        lambda: teaching.add_unit(opened, by=issuer, name="More", at=TUESDAY),
        lambda: teaching.remove_unit(unit, by=issuer, at=TUESDAY),
        lambda: teaching.move_unit_up(unit, by=issuer, at=TUESDAY),
        lambda: teaching.open_course(opened, by=issuer, at=TUESDAY),
    ):
        with pytest.raises(CourseOpen):
            act()


def test_an_empty_course_is_not_opened(organisation: Organisation, issuer: Person) -> None:
    made = teaching.make_course(organisation, by=issuer, name="Nothing", at=MONDAY)

    with pytest.raises(CourseEmpty):
        teaching.open_course(made, by=issuer, at=MONDAY)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/here", "data:text/html,x", "https://a b.example"])
def test_a_link_is_a_web_address(closed: Course, issuer: Person, url: str) -> None:
    """B18 B125"""
    with pytest.raises(InvalidField):
        teaching.add_unit(closed, by=issuer, name="Links", links=[{"name": "x", "url": url}], at=MONDAY)


def test_a_closed_organisation_teaches_no_more(
    organisation: Organisation, owner: Person, closed: Course
) -> None:
    organisation.closed_at = MONDAY
    organisation.save(update_fields=["closed_at"])
    closed.organisation.refresh_from_db()

    with pytest.raises(OrganisationClosed):
        teaching.add_unit(closed, by=owner, name="More", at=TUESDAY)


def test_only_signers_teach(
    organisation: Organisation,
    closed: Course,
    meeting: Meeting,
    reviewer: Person,
    auditor: Person,
    learner: Person,
    outsider: Person,
    issuer: Person,
) -> None:
    """B135 B141: each verb."""
    unit = closed.units.get(name="Heat")
    file = teaching.add_file(unit, by=issuer, taken=text_file(), at=MONDAY)
    before = Entry.objects.count()
    for by in (reviewer, auditor, learner, outsider):
        for verb in (
            lambda by=by: teaching.make_course(organisation, by=by, name="Mine", at=MONDAY),
            lambda by=by: teaching.describe_course(closed, by=by, name="Mine", about="", at=MONDAY),
            lambda by=by: teaching.open_course(closed, by=by, at=MONDAY),
            lambda by=by: teaching.add_unit(closed, by=by, name="Mine", at=MONDAY),
            lambda by=by: teaching.change_unit(unit, by=by, name="Mine", text="", links=[], at=MONDAY),
            lambda by=by: teaching.remove_unit(unit, by=by, at=MONDAY),
            lambda by=by: teaching.move_unit_up(unit, by=by, at=MONDAY),
            lambda by=by: teaching.add_file(unit, by=by, taken=text_file(), at=MONDAY),
            lambda by=by: teaching.remove_file(file, by=by, at=MONDAY),
            lambda by=by: teaching.make_meeting(organisation, by=by, name="Mine", at=MONDAY),
            lambda by=by: teaching.show_code(meeting, by=by, minutes=5, at=MONDAY),
            lambda by=by: teaching.hide_code(meeting, by=by, at=MONDAY),
        ):
            with pytest.raises(NotAllowed):
                verb()
    assert before == Entry.objects.count()


def test_a_unit_is_finished_once_and_can_be_reopened(closed: Course, learner: Person) -> None:
    unit = closed.units.get(name="Heat")

    teaching.finish_unit(unit, by=learner, at=MONDAY)
    teaching.finish_unit(unit, by=learner, at=TUESDAY)
    assert UnitDone.objects.get().at == MONDAY
    teaching.reopen_unit(unit, by=learner, at=TUESDAY)

    assert not UnitDone.objects.exists()


# Being there


def test_the_code_in_the_room_puts_one_on_the_list(meeting: Meeting, issuer: Person, learner: Person) -> None:
    code = teaching.show_code(meeting, by=issuer, minutes=30, at=MONDAY)

    spelled = f" {code.code[:4].lower()} {code.code[4:]}"
    assert teaching.attend(by=learner, code=spelled, at=MONDAY) == meeting
    teaching.attend(by=learner, code=code.code, at=MONDAY)

    assert Attended.objects.get().person == learner


def test_every_no_to_a_code_is_the_same(meeting: Meeting, issuer: Person, learner: Person) -> None:
    """B145: never shown, over, replaced, ended, not a code at all."""
    over = teaching.show_code(meeting, by=issuer, minutes=1, at=MONDAY - timedelta(hours=1))
    replaced = teaching.show_code(meeting, by=issuer, minutes=30, at=MONDAY - timedelta(minutes=5))
    ended = teaching.show_code(meeting, by=issuer, minutes=30, at=MONDAY - timedelta(minutes=4))
    teaching.hide_code(meeting, by=issuer, at=MONDAY - timedelta(minutes=3))

    answers = set()
    for number, code in enumerate(("BCDFGHJK", over.code, replaced.code, ended.code, "", "x" * 40)):
        with pytest.raises(NoSuchCode) as refused:
            teaching.attend(by=learner, code=code, at=MONDAY + timedelta(minutes=number))
        answers.add((refused.value.code, str(refused.value.message), refused.value.status))

    assert len(answers) == 1
    assert not Attended.objects.exists()


def test_codes_cannot_be_tried_one_after_the_other(meeting: Meeting, issuer: Person, learner: Person) -> None:
    """B145 B149: a failed try counts, and then the right code is refused as well."""
    code = teaching.show_code(meeting, by=issuer, minutes=30, at=MONDAY)
    for _try in range(6):
        with pytest.raises(NoSuchCode):
            teaching.attend(by=learner, code="BCDFGHJK", at=MONDAY)

    with pytest.raises(TooMany):
        teaching.attend(by=learner, code=code.code, at=MONDAY)

    assert teaching.attend(by=learner, code=code.code, at=MONDAY + timedelta(minutes=2)) == meeting


def test_a_code_works_while_it_is_shown(meeting: Meeting, issuer: Person, learner: Person) -> None:
    code = teaching.show_code(meeting, by=issuer, minutes=30, at=MONDAY)

    assert code.is_current(MONDAY + timedelta(minutes=29, seconds=59))
    for moment in (timedelta(seconds=-1), timedelta(minutes=30)):
        with pytest.raises(NoSuchCode):
            teaching.attend(by=learner, code=code.code, at=MONDAY + moment)


def test_a_new_code_takes_the_place_of_the_old_one_even_in_the_same_second(
    meeting: Meeting, issuer: Person
) -> None:
    first = teaching.show_code(meeting, by=issuer, minutes=30, at=MONDAY)
    second = teaching.show_code(meeting, by=issuer, minutes=30, at=MONDAY)

    assert teaching.code_of(meeting, at=MONDAY) == second
    assert not RoomCode.objects.filter(pk=first.pk).exists()


@pytest.mark.parametrize("minutes", [0, -5, 721])
def test_a_code_is_shown_for_minutes(meeting: Meeting, issuer: Person, minutes: int) -> None:
    with pytest.raises(InvalidField):
        teaching.show_code(meeting, by=issuer, minutes=minutes, at=MONDAY)


def test_a_code_has_no_letters_that_are_mistaken(meeting: Meeting, issuer: Person) -> None:
    assert not set("01OILAEU") & set(CODE_ALPHABET)
    assert len(teaching.show_code(meeting, by=issuer, minutes=5, at=MONDAY).code) == 8


def test_the_journal_of_the_issuer_does_not_say_who_learns_when(
    course: Course, learner: Person, person: Callable[..., Person]
) -> None:
    unit = course.units.get(name="Heat")

    teaching.finish_unit(unit, by=learner, at=MONDAY)

    entry = Entry.objects.get(verb="unit finished")
    assert entry.organisation_id == ""
