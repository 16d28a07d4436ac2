# SPDX-License-Identifier: Apache-2.0
"""Courses and meetings: made by an issuer, worked through and attended by learners.

A unit is finished by the learner's own word, each in a request of its own: when a browser dies nothing is
lost but the unit in hand. Being there takes a code that only the room has seen.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cairn_server.accounts.limits import Limit
from cairn_server.achievements.services import InvalidField, is_web_address
from cairn_server.earning.learning import (
    CODE_ALPHABET,
    CODE_LENGTH,
    Attended,
    Course,
    Meeting,
    RoomCode,
    Unit,
    UnitDone,
    UnitFile,
)
from cairn_server.errors import Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.models import Organisation, OrganisationClosed
from cairn_server.organisations.names import clean_name, has_hidden_characters
from cairn_server.organisations.roles import SIGNERS, require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import Model

    from cairn_server.accounts.models import Person
    from cairn_server.attachments import Attachment

MOST_UNITS = 100
MOST_LINKS = 20
MOST_FILES = 20
LONGEST_TEXT = 20_000
LONGEST_SHOWN = timedelta(hours=12)
ATTEMPTS = Limit("room-code", burst=6, per_minute=1)


class CourseOpen(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "course-open",
            _("The course is open. Its units are settled; you can still mend what they say."),
        )


class CourseEmpty(Refusal):
    def __init__(self) -> None:
        super().__init__("course-empty", _("A course needs at least one unit."))


class NoSuchCode(Refusal):
    """Never shown, over, or not yet: one answer for all (B145)."""

    def __init__(self) -> None:
        super().__init__("room-code", _("This code does not work now. Look at the screen in the room again."))


# Courses


@transaction.atomic
def make_course(
    organisation: Organisation, *, by: Person, name: str, about: str = "", language: str = "en", at: datetime
) -> Course:
    _may_teach(by, organisation)
    course = Course.objects.create(
        organisation=organisation,
        name=_name(name),
        about=_text("about", about, 2_000),
        language=language,
        created_at=at,
    )
    _note(course, organisation, "course made", by=by, at=at)
    return course


@transaction.atomic
def describe_course(course: Course, *, by: Person, name: str, about: str, at: datetime) -> Course:
    _may_teach(by, course.organisation)
    course.name, course.about = _name(name), _text("about", about, 2_000)
    course.save(update_fields=["name", "about"])
    _note(course, course.organisation, "course changed", by=by, at=at)
    return course


@transaction.atomic
def open_course(course: Course, *, by: Person, at: datetime) -> Course:
    """From now on achievements may promise it, and which units it has is settled."""
    _may_teach(by, course.organisation)
    course = Course.objects.select_for_update().get(pk=course.pk)
    if course.opened_at is not None:
        raise CourseOpen
    if not course.units.exists():
        raise CourseEmpty
    course.opened_at = at
    course.save(update_fields=["opened_at"])
    _note(course, course.organisation, "course opened", by=by, at=at)
    return course


@transaction.atomic
def add_unit(
    course: Course,
    *,
    by: Person,
    name: str,
    text: str = "",
    links: Sequence[dict[str, str]] = (),
    at: datetime,
) -> Unit:
    course = _settling(course, by=by)
    if course.units.count() >= MOST_UNITS:
        raise InvalidField("name", _("A course has at most %(most)s units.") % {"most": MOST_UNITS})
    last = course.units.aggregate(last=Max("position"))["last"]
    unit = Unit.objects.create(
        course=course,
        position=0 if last is None else last + 1,
        name=_name(name),
        text=_text("text", text, LONGEST_TEXT),
        links=_links(links),
    )
    _note(course, course.organisation, "unit added", by=by, at=at, unit=unit.public_id)
    return unit


@transaction.atomic
def change_unit(
    unit: Unit, *, by: Person, name: str, text: str, links: Sequence[dict[str, str]], at: datetime
) -> Unit:
    """Word it better; also in an open course."""
    _may_teach(by, unit.course.organisation)
    unit.name, unit.text = _name(name), _text("text", text, LONGEST_TEXT)
    unit.links = _links(links)
    unit.save(update_fields=["name", "text", "links"])
    _note(unit.course, unit.course.organisation, "unit changed", by=by, at=at, unit=unit.public_id)
    return unit


@transaction.atomic
def remove_unit(unit: Unit, *, by: Person, at: datetime) -> None:
    course = _settling(unit.course, by=by)
    _note(course, course.organisation, "unit removed", by=by, at=at, unit=unit.public_id)
    unit.delete()


@transaction.atomic
def move_unit_up(unit: Unit, *, by: Person, at: datetime) -> None:
    course = _settling(unit.course, by=by)
    units = list(course.units.all())
    place = units.index(unit)
    if place == 0:
        return
    units[place - 1], units[place] = units[place], units[place - 1]
    for position, each in enumerate(units):
        each.position = position
    Unit.objects.bulk_update(units, ["position"])
    _note(course, course.organisation, "unit moved", by=by, at=at, unit=unit.public_id)


@transaction.atomic
def add_file(unit: Unit, *, by: Person, taken: Attachment, at: datetime) -> UnitFile:
    """Something to download, which has been judged by its bytes."""
    organisation = unit.course.organisation
    _may_teach(by, organisation)
    if unit.files.count() >= MOST_FILES:
        raise InvalidField("file", _("A unit has at most %(most)s files.") % {"most": MOST_FILES})
    kept = UnitFile.objects.create(
        unit=unit, name=taken.name, media_type=taken.media_type, size=len(taken.data), content=taken.data
    )
    _note(unit.course, organisation, "unit file added", by=by, at=at, unit=unit.public_id)
    return kept


@transaction.atomic
def remove_file(file: UnitFile, *, by: Person, at: datetime) -> None:
    course = file.unit.course
    _may_teach(by, course.organisation)
    _note(course, course.organisation, "unit file removed", by=by, at=at, unit=file.unit.public_id)
    file.delete()


def _settling(course: Course, *, by: Person) -> Course:
    _may_teach(by, course.organisation)
    course = Course.objects.select_for_update().get(pk=course.pk)
    if course.opened_at is not None:
        raise CourseOpen
    return course


# Learning


@transaction.atomic
def finish_unit(unit: Unit, *, by: Person, at: datetime) -> None:
    """By the learner's own word. The caller knows that they may see it; twice is once."""
    _row, new = UnitDone.objects.get_or_create(person=by, unit=unit, defaults={"at": at})
    if new:
        _note_learner(unit, "unit finished", by=by, at=at)


@transaction.atomic
def reopen_unit(unit: Unit, *, by: Person, at: datetime) -> None:
    """Not done after all."""
    deleted, _of_what = UnitDone.objects.filter(person=by, unit=unit).delete()
    if deleted:
        _note_learner(unit, "unit reopened", by=by, at=at)


def _note_learner(unit: Unit, verb: str, *, by: Person, at: datetime) -> None:
    # In the person's own chain: what somebody learns when is not their teacher's to read.
    journal.record(verb=verb, by=by, organisation_id=None, object=unit, at=at)


# Meetings


@transaction.atomic
def make_meeting(
    organisation: Organisation, *, by: Person, name: str, about: str = "", at: datetime
) -> Meeting:
    _may_teach(by, organisation)
    meeting = Meeting.objects.create(
        organisation=organisation, name=_name(name), about=_text("about", about, 2_000), created_at=at
    )
    _note(meeting, organisation, "meeting made", by=by, at=at)
    return meeting


@transaction.atomic
def show_code(meeting: Meeting, *, by: Person, minutes: int, at: datetime) -> RoomCode:
    """A fresh code for the screen in the room. An earlier one of the same meeting ends with it."""
    _may_teach(by, meeting.organisation)
    lasts = timedelta(minutes=minutes)
    if isinstance(minutes, bool) or not timedelta(minutes=1) <= lasts <= LONGEST_SHOWN:
        raise InvalidField("minutes", _("Write a number of minutes from 1 to 720."))
    _end_codes(meeting, at=at)
    code = RoomCode.objects.create(meeting=meeting, shown_by=by, starts_at=at, ends_at=at + lasts)
    _note(meeting, meeting.organisation, "room code shown", by=by, at=at, minutes=str(minutes))
    return code


@transaction.atomic
def hide_code(meeting: Meeting, *, by: Person, at: datetime) -> None:
    """The room is full: the code ends now."""
    _may_teach(by, meeting.organisation)
    if _end_codes(meeting, at=at):
        _note(meeting, meeting.organisation, "room code hidden", by=by, at=at)


def _end_codes(meeting: Meeting, *, at: datetime) -> int:
    # One that was shown in this very second has no time left to end in; it is as if it had not been.
    meeting.codes.filter(starts_at__gte=at).delete()
    return meeting.codes.filter(ends_at__gt=at).update(ends_at=at)


def code_of(meeting: Meeting, *, at: datetime) -> RoomCode | None:
    """The one that works now."""
    return meeting.codes.filter(starts_at__lte=at, ends_at__gt=at).first()


def attend(*, by: Person, code: str, at: datetime) -> Meeting:
    """Be there, by the code on the screen. Tries are counted, and every "no" is the same (B145)."""
    # Outside of the transaction: a try counts also when it fails.
    ATTEMPTS.take(by.public_id, at=at)
    typed = "".join(each for each in code.upper() if each in CODE_ALPHABET)
    with transaction.atomic():
        found = (
            RoomCode.objects.filter(code=typed, starts_at__lte=at, ends_at__gt=at)
            .select_related("meeting__organisation")
            .first()
            if len(typed) == CODE_LENGTH
            else None
        )
        if found is None:
            raise NoSuchCode
        _row, new = Attended.objects.get_or_create(person=by, meeting=found.meeting, defaults={"at": at})
        if new:
            _note(found.meeting, found.meeting.organisation, "meeting attended", by=by, at=at)
        return found.meeting


# What is written


def _may_teach(by: Person, organisation: Organisation) -> None:
    require(by, SIGNERS, organisation)
    if organisation.closed_at is not None:
        raise OrganisationClosed


def _name(name: str) -> str:
    cleaned = clean_name(name)
    if len(cleaned) > 120:
        raise InvalidField("name", _("Write at most %(most)s characters.") % {"most": 120})
    return cleaned


def _text(field: str, text: str, longest: int) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > longest:
        raise InvalidField(field, _("Write at most %(most)s characters.") % {"most": longest})
    if has_hidden_characters(text.replace("\n", "").replace("\t", "")):
        raise InvalidField(field, _("Leave out invisible and control characters."))
    return text


def _links(links: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    if len(links) > MOST_LINKS:
        raise InvalidField("links", _("A unit has at most %(most)s links.") % {"most": MOST_LINKS})
    found = []
    for link in links:
        if not is_web_address(link["url"]):
            raise InvalidField(
                "links", _("“%(url)s” is not a full web address.") % {"url": link["url"][:100]}
            )
        found.append(
            {"name": _name(link["name"]) if link["name"].strip() else link["url"], "url": link["url"]}
        )
    return found


def _note(
    what: Model, organisation: Organisation, verb: str, *, by: Person, at: datetime, **details: Any
) -> None:
    journal.record(
        verb=verb, by=by, organisation_id=organisation.public_id, object=what, details=details, at=at
    )
