# SPDX-License-Identifier: Apache-2.0
"""What authors do: a bank of questions, assessments that draw from it, and arrangements for single people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils.translation import gettext as _

from cairn_server.accounts.services import clean_address
from cairn_server.assessments import questions
from cairn_server.assessments.models import (
    Answer,
    Arrangement,
    Assessment,
    AssessmentVersion,
    Attempt,
    PoolEntry,
    Question,
    QuestionGroup,
    QuestionVersion,
)
from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.models import OrganisationClosed
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import SIGNERS, Role, require

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.db.models import Model

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

MAX_NAME = 120
MAX_INTRODUCTION = 5_000
# With eight options each, all of them are one form of less than 500 fields.
MAX_QUESTIONS = 50
MAX_DRAWS = 20
MAX_MINUTES = 24 * 60
MAX_ATTEMPTS = 100
MAX_WAIT_HOURS = 24 * 365
MAX_EXTRA_TIME = 400
# Below that a share says something about single people, and nothing about a question.
FEWEST = 5


class BadAssessment(Refusal):
    """Something about an assessment cannot stand; ``field`` says where the message belongs."""

    status = 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__("bad-assessment", message)
        self.field = field


class AssessmentFrozen(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "assessment-frozen",
            _("This version is published and cannot be changed. Start a new one instead."),
        )


class AssessmentArchived(Refusal):
    def __init__(self) -> None:
        super().__init__("assessment-archived", _("This assessment is archived."))


# The bank


@transaction.atomic
def make_group(*, by: Person, organisation: Organisation, name: str, at: datetime) -> QuestionGroup:
    organisation = _opened(organisation, by)
    name = _name(name)
    if organisation.question_groups.filter(name=name).exists():
        raise BadAssessment("name", _("There is a group of this name."))
    made = QuestionGroup.objects.create(organisation=organisation, name=name, created_at=at)
    _record("question group made", by, organisation, made, at)
    return made


@transaction.atomic
def rename_group(group: QuestionGroup, *, by: Person, name: str, at: datetime) -> None:
    organisation = _opened(group.organisation, by)
    group.name = _name(name)
    if organisation.question_groups.filter(name=group.name).exclude(pk=group.pk).exists():
        raise BadAssessment("name", _("There is a group of this name."))
    group.save(update_fields=["name"])
    _record("question group renamed", by, organisation, group, at)


@transaction.atomic
def write_question(
    *,
    by: Person,
    group: QuestionGroup,
    fields: Mapping[str, Any],
    at: datetime,
    question: Question | None = None,
) -> QuestionVersion:
    """A new question, or the next version of one. Published assessments keep the words that they had."""
    organisation = _opened(group.organisation, by)
    if question is not None and question.group.organisation_id != organisation.pk:
        raise NotVisible
    found = questions.checked(fields)
    if question is None:
        question = Question.objects.create(group=group, created_at=at)
        number = 1
    else:
        number = question.current.number + 1
        question.group = group
        question.save(update_fields=["group"])
    made = QuestionVersion.objects.create(question=question, number=number, created_at=at, **found)
    _record("question written", by, organisation, question, at, {"version": number})
    return made


@transaction.atomic
def retire_question(question: Question, *, by: Person, retired: bool, at: datetime) -> None:
    """Not drawn by what is published from now on, or drawn again."""
    organisation = _opened(question.group.organisation, by)
    question.retired_at = at if retired else None
    question.save(update_fields=["retired_at"])
    _record("question retired" if retired else "question taken back", by, organisation, question, at)


# Assessments


@transaction.atomic
def draft_assessment(
    *, by: Person, organisation: Organisation, fields: Mapping[str, Any], at: datetime
) -> AssessmentVersion:
    organisation = _opened(organisation, by)
    found = _checked(fields, organisation)
    assessment = Assessment.objects.create(organisation=organisation, name=found["name"], created_at=at)
    version = AssessmentVersion.objects.create(assessment=assessment, number=1, created_at=at, **found)
    _record("assessment drafted", by, organisation, assessment, at, {"version": 1})
    return version


@transaction.atomic
def edit_assessment(
    assessment: Assessment, *, by: Person, fields: Mapping[str, Any], at: datetime
) -> AssessmentVersion:
    """Write the draft; after a publication that is the next version."""
    organisation = _opened(assessment.organisation, by)
    if assessment.archived_at is not None:
        raise AssessmentArchived
    found = _checked(fields, organisation)
    draft = assessment.draft
    if draft is None:
        number = assessment.versions.latest("number").number + 1
        draft = AssessmentVersion(assessment=assessment, number=number, created_at=at)
    for name, value in found.items():
        setattr(draft, name, value)
    draft.save()
    if assessment.published is None:
        assessment.name = draft.name
        assessment.save(update_fields=["name"])
    _record("assessment edited", by, organisation, assessment, at, {"version": draft.number})
    return draft


@transaction.atomic
def publish_assessment(assessment: Assessment, *, by: Person, at: datetime) -> AssessmentVersion:
    """Freeze the draft, with the questions that it may draw in the words that they have now."""
    organisation = _opened(assessment.organisation, by)
    draft = assessment.draft
    if draft is None:
        raise AssessmentFrozen
    if not draft.draws:
        raise BadAssessment("draws", _("Say first which questions are asked."))
    for number, draw in enumerate(draft.draws):
        group = organisation.question_groups.get(public_id=draw["group"])
        there = group.questions.filter(retired_at=None)
        if there.count() < draw["count"]:
            raise BadAssessment(
                "draws",
                _("“%(group)s” has %(count)s questions, fewer than are drawn.")
                % {"group": group.name, "count": there.count()},
            )
        PoolEntry.objects.bulk_create(
            PoolEntry(version=draft, draw=number, question=each.current) for each in there
        )
    draft.state, draft.published_at = AssessmentVersion.State.PUBLISHED, at
    draft.save(update_fields=["state", "published_at"])
    assessment.name = draft.name
    assessment.save(update_fields=["name"])
    _record("assessment published", by, organisation, assessment, at, {"version": draft.number})
    return draft


@transaction.atomic
def archive_assessment(assessment: Assessment, *, by: Person, at: datetime) -> None:
    """Nobody begins it any more. Attempts that are open go on, and results stay."""
    organisation = assessment.organisation.locked_for(by, Role.ISSUER)
    assessment.archived_at = at
    assessment.save(update_fields=["archived_at"])
    _record("assessment archived", by, organisation, assessment, at)


# One person


@transaction.atomic
def arrange(
    assessment: Assessment, *, by: Person, email: str, extra_time: int, extra_attempts: int, at: datetime
) -> Arrangement | None:
    """More time or attempts for one person; nothing more takes an arrangement away.

    An attempt that is open gets its time too: whoever notices in the room can still help.
    """
    organisation = _opened(assessment.organisation, by)
    try:
        email = clean_address(email)
    except ValidationError as error:
        raise BadAssessment("email", error.messages[0]) from error
    if not 0 <= extra_time <= MAX_EXTRA_TIME:
        raise BadAssessment("extra_time", _("Give 0 to %(most)s per cent more.") % {"most": MAX_EXTRA_TIME})
    if not 0 <= extra_attempts <= MAX_ATTEMPTS:
        raise BadAssessment("extra_attempts", _("Give 0 to %(most)s attempts more.") % {"most": MAX_ATTEMPTS})
    _record("assessment arranged", by, organisation, assessment, at)
    if not extra_time and not extra_attempts:
        Arrangement.objects.filter(assessment=assessment, email=email).delete()
        made = None
    else:
        made, _new = Arrangement.objects.update_or_create(
            assessment=assessment,
            email=email,
            defaults={"extra_time": extra_time, "extra_attempts": extra_attempts, "created_at": at},
        )
    running = Attempt.objects.select_for_update(of=("self",)).filter(
        assessment=assessment,
        state=Attempt.State.OPEN,
        ends_at__gte=at,
        person__emailaddress__email=email,
        person__emailaddress__verified=True,
    )
    for attempt in running.select_related("version"):
        attempt.ends_at = ends_at(attempt.version, begun=attempt.started_at, extra_time=extra_time)
        attempt.save(update_fields=["ends_at"])
    return made


def ends_at(version: AssessmentVersion, *, begun: datetime, extra_time: int) -> datetime | None:
    if version.minutes is None:
        return None
    return begun + timedelta(minutes=version.minutes) * (100 + extra_time) / 100


# What the answers say about the questions


@dataclass(frozen=True, slots=True)
class Tally:
    """How one question was answered; ``share`` is None where too few people answered (``FEWEST``)."""

    question: QuestionVersion
    people: int
    share: int | None


def tallies(assessment: Assessment) -> list[Tally]:
    """Each question that was asked, and how many per cent of the answers had all its points."""
    of_done = Answer.objects.filter(
        attempt__assessment=assessment, attempt__state=Attempt.State.DONE, points__isnull=False
    )
    counted = {
        row["question"]: row
        for row in of_done.order_by()
        .values("question")
        .annotate(
            people=Count("attempt__person", distinct=True),
            asked=Count("pk"),
            right=Count("pk", filter=Q(points=F("question__points"))),
        )
    }
    found = QuestionVersion.objects.filter(pk__in=counted).select_related("question__group")
    return [
        Tally(
            each,
            counted[each.pk]["people"],
            counted[each.pk]["right"] * 100 // counted[each.pk]["asked"]
            if counted[each.pk]["people"] >= FEWEST
            else None,
        )
        for each in found.order_by("question__group__name", "question_id", "number")
    ]


def _opened(organisation: Organisation, by: Person) -> Organisation:
    """The organisation, for whoever may design what it awards; not locked, since nothing here is counted."""
    require(by, SIGNERS, organisation)
    if organisation.closed_at is not None:
        raise OrganisationClosed
    return organisation


def _checked(fields: Mapping[str, Any], organisation: Organisation) -> dict[str, Any]:
    found = {
        "name": _name(fields["name"]),
        "introduction": _prose(fields.get("introduction", "")),
        "draws": _draws(fields.get("draws", ()), organisation),
        "shuffles": bool(fields.get("shuffles", True)),
        "feedback": fields.get("feedback") or AssessmentVersion.Feedback.MARKS,
        "pass_mark": _within("pass_mark", fields.get("pass_mark", 70), 1, 100),
        "wait_hours": _within("wait_hours", fields.get("wait_hours") or 0, 0, MAX_WAIT_HOURS),
    }
    for name, most in (("minutes", MAX_MINUTES), ("most_attempts", MAX_ATTEMPTS)):
        value = fields.get(name)
        found[name] = None if value is None else _within(name, value, 1, most)
    if found["feedback"] not in AssessmentVersion.Feedback.values:
        raise BadAssessment("feedback", _("Choose what is shown afterwards."))
    return found


def _draws(given: Iterable[Mapping[str, Any]], organisation: Organisation) -> list[dict[str, Any]]:
    draws = [
        {"group": each["group"], "count": _within("draws", each["count"], 1, MAX_QUESTIONS)} for each in given
    ]
    groups = [each["group"] for each in draws]
    if len(set(groups)) != len(groups):
        raise BadAssessment("draws", _("One group is named twice. Draw more questions of it instead."))
    if organisation.question_groups.filter(public_id__in=groups).count() != len(groups):
        raise NotVisible
    if len(draws) > MAX_DRAWS or sum(each["count"] for each in draws) > MAX_QUESTIONS:
        raise BadAssessment(
            "draws", _("An assessment asks %(most)s questions at most.") % {"most": MAX_QUESTIONS}
        )
    return draws


def _within(field: str, value: object, least: int, most: int) -> int:
    if not isinstance(value, int) or not least <= value <= most:
        raise BadAssessment(
            field, _("Write a number from %(least)s to %(most)s.") % {"least": least, "most": most}
        )
    return value


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME or has_hidden_characters(name):
        raise BadAssessment("name", _("Give it a name of up to %(most)s characters.") % {"most": MAX_NAME})
    return name


def _prose(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if len(text) > MAX_INTRODUCTION or has_hidden_characters(text.replace("\n", "").replace("\t", "")):
        raise BadAssessment(
            "introduction",
            _("Write up to %(most)s characters, without invisible ones.") % {"most": MAX_INTRODUCTION},
        )
    return text


def _record(
    verb: str,
    by: Person,
    organisation: Organisation,
    what: Model,
    at: datetime,
    details: Mapping[str, Any] | None = None,
) -> None:
    journal.record(
        verb=verb, by=by, organisation_id=organisation.public_id, object=what, details=details, at=at
    )
