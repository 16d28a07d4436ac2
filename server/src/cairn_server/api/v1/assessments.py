# SPDX-License-Identifier: Apache-2.0
"""Question banks and assessments over the API: write questions, draft, publish, and how attempts went.

What counts as right goes in and never comes out, whoever asks: no answer of this module has a field for it
(B173). Who took an assessment is not told either: how people get on is theirs, until an award says so.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field, StrictBool, StrictInt

from cairn_server.api.ids import RandomId
from cairn_server.api.v1.paging import Paging, Strict, page
from cairn_server.api.v1.tokens import needs, token_of
from cairn_server.assessments import authoring, questions
from cairn_server.assessments.models import Assessment, AssessmentVersion, Attempt, Question, QuestionGroup
from cairn_server.organisations.models import Scope

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from cairn_server.organisations.models import ApiToken

router = Router()

Kinds = Literal["single", "multiple", "number", "short"]
Feedbacks = Literal["result", "marks", "answers", "answers-last"]


# The bank


class GroupIn(Strict):
    """A group holds questions of which one is as good as another: assessments draw some of it."""

    name: Annotated[str, Field(min_length=1, max_length=authoring.MAX_NAME)]


class GroupOut(Schema):
    id: str
    name: str
    created_at: datetime

    @staticmethod
    def resolve_id(group: QuestionGroup) -> str:
        return group.public_id


class GroupPage(Schema):
    items: list[GroupOut]
    next: str | None


class OptionIn(Strict):
    text: Annotated[str, Field(min_length=1, max_length=questions.MAX_OPTION)]
    right: StrictBool


class QuestionIn(Strict):
    """``options`` are for single and multiple, ``value`` and ``tolerance`` for a number, ``accepted`` and
    ``by_hand`` for a short text."""

    kind: Kinds
    text: Annotated[str, Field(min_length=1, max_length=questions.MAX_TEXT, description="Markdown")]
    points: Annotated[StrictInt, Field(ge=1, le=questions.MAX_POINTS)] = 1
    explanation: Annotated[str, Field(max_length=questions.MAX_TEXT, description="Markdown")] = ""
    options: Annotated[list[OptionIn], Field(max_length=questions.MAX_OPTIONS)] = []
    value: Annotated[str, Field(max_length=40, description="In digits")] = ""
    tolerance: Annotated[str, Field(max_length=40, description="In digits")] = ""
    accepted: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=questions.MAX_OPTION)]],
        Field(max_length=questions.MAX_ACCEPTED),
    ] = []
    by_hand: Annotated[StrictBool, Field(description="A person marks what is not accepted by itself")] = False


class QuestionOut(Schema):
    """A question as it may be read: without what is right, and without the options."""

    id: str
    version: int
    kind: Kinds
    text: str
    points: int
    by_hand: bool
    retired: bool

    @staticmethod
    def of(question: Question) -> QuestionOut:
        current = question.current
        return QuestionOut.model_validate(
            {
                "id": question.public_id,
                "version": current.number,
                "kind": current.kind,
                "text": current.text,
                "points": current.points,
                "by_hand": current.by_hand,
                "retired": question.retired_at is not None,
            }
        )


class QuestionPage(Schema):
    items: list[QuestionOut]
    next: str | None


@router.get(
    "/question-groups",
    response=GroupPage,
    **needs(Scope.ASSESSMENTS_READ),
    summary="List groups of questions, newest first",
    operation_id="listQuestionGroups",
)
def list_question_groups(request: HttpRequest, filters: Query[Paging]) -> dict[str, Any]:
    rows = groups_of(token_of(request))
    items, following = page(rows, rows, filters, newest_by="created_at")
    return {"items": items, "next": following}


@router.post(
    "/question-groups",
    response={201: GroupOut},
    **needs(Scope.ASSESSMENTS_WRITE),
    summary="Make a group of questions",
    operation_id="createQuestionGroup",
)
def create_question_group(request: HttpRequest, body: GroupIn) -> Status[QuestionGroup]:
    token = token_of(request)
    made = authoring.make_group(
        by=token.created_by, organisation=token.organisation, name=body.name, at=timezone.now()
    )
    return Status(201, made)


@router.get(
    "/question-groups/{random_id:group_id}/questions",
    response=QuestionPage,
    **needs(Scope.ASSESSMENTS_READ),
    summary="List the questions of a group, without what is right",
    operation_id="listQuestions",
)
def list_questions(request: HttpRequest, group_id: RandomId, filters: Query[Paging]) -> dict[str, Any]:
    group = get_object_or_404(groups_of(token_of(request)), public_id=group_id)
    rows = Question.objects.filter(group=group)
    items, following = page(rows, rows, filters, newest_by="created_at")
    return {"items": [QuestionOut.of(each) for each in items], "next": following}


@router.post(
    "/question-groups/{random_id:group_id}/questions",
    response={201: QuestionOut},
    **needs(Scope.ASSESSMENTS_WRITE),
    summary="Write a question into a group",
    operation_id="createQuestion",
)
def create_question(request: HttpRequest, group_id: RandomId, body: QuestionIn) -> Status[QuestionOut]:
    token = token_of(request)
    group = get_object_or_404(groups_of(token), public_id=group_id)
    made = authoring.write_question(
        by=token.created_by, group=group, fields=body.model_dump(), at=timezone.now()
    )
    return Status(201, QuestionOut.of(made.question))


# Assessments


class DrawIn(Strict):
    group: RandomId
    count: Annotated[StrictInt, Field(ge=1, le=authoring.MAX_QUESTIONS)]


class AssessmentIn(Strict):
    name: Annotated[str, Field(min_length=1, max_length=authoring.MAX_NAME)]
    introduction: Annotated[str, Field(max_length=authoring.MAX_INTRODUCTION, description="Markdown")] = ""
    draws: Annotated[list[DrawIn], Field(max_length=authoring.MAX_DRAWS)] = []
    shuffles: StrictBool = True
    feedback: Annotated[Feedbacks, Field(description="What learners see afterwards")] = "marks"
    pass_mark: Annotated[StrictInt, Field(ge=1, le=100, description="Per cent")] = 70
    minutes: Annotated[StrictInt | None, Field(ge=1, le=authoring.MAX_MINUTES)] = None
    most_attempts: Annotated[StrictInt | None, Field(ge=1, le=authoring.MAX_ATTEMPTS)] = None
    wait_hours: Annotated[StrictInt, Field(ge=0, le=authoring.MAX_WAIT_HOURS)] = 0


class DrawOut(Schema):
    group: str
    count: int


class AssessmentOut(Schema):
    """An assessment by its newest version, which is the draft where there is one."""

    id: str
    name: str
    version: int
    state: Literal["draft", "published"]
    introduction: str
    draws: list[DrawOut]
    shuffles: bool
    feedback: str
    pass_mark: int
    minutes: int | None
    most_attempts: int | None
    wait_hours: int
    created_at: datetime
    published_at: datetime | None
    archived_at: datetime | None

    @staticmethod
    def of(assessment: Assessment) -> AssessmentOut:
        newest: AssessmentVersion = max(assessment.versions.all(), key=lambda each: each.number)
        return AssessmentOut.model_validate(
            {
                "id": assessment.public_id,
                "name": newest.name,
                "version": newest.number,
                "state": newest.state,
                "introduction": newest.introduction,
                "draws": newest.draws,
                "shuffles": newest.shuffles,
                "feedback": newest.feedback,
                "pass_mark": newest.pass_mark,
                "minutes": newest.minutes,
                "most_attempts": newest.most_attempts,
                "wait_hours": newest.wait_hours,
                "created_at": newest.created_at,
                "published_at": newest.published_at,
                "archived_at": assessment.archived_at,
            }
        )


class AssessmentPage(Schema):
    items: list[AssessmentOut]
    next: str | None


class AttemptOut(Schema):
    """One attempt, and nobody's name."""

    id: str
    version: int
    number: int
    state: Literal["open", "waiting", "done"]
    started_at: datetime
    handed_in_at: datetime | None
    percent: Annotated[int | None, Field(description="Once it is marked")]
    passed: bool | None

    @staticmethod
    def of(attempt: Attempt) -> AttemptOut:
        return AttemptOut.model_validate(
            {
                "id": attempt.public_id,
                "version": attempt.version.number,
                "number": attempt.number,
                "state": attempt.state,
                "started_at": attempt.started_at,
                "handed_in_at": attempt.handed_in_at,
                "percent": attempt.percent if attempt.state == Attempt.State.DONE else None,
                "passed": attempt.passed,
            }
        )


class AttemptPage(Schema):
    items: list[AttemptOut]
    next: str | None


class AttemptFilters(Paging):
    state: Literal["open", "waiting", "done"] | None = None


@router.get(
    "/assessments",
    response=AssessmentPage,
    **needs(Scope.ASSESSMENTS_READ),
    summary="List assessments, newest first",
    operation_id="listAssessments",
)
def list_assessments(request: HttpRequest, filters: Query[Paging]) -> dict[str, Any]:
    rows = assessments_of(token_of(request))
    items, following = page(rows, rows.prefetch_related("versions"), filters, newest_by="created_at")
    return {"items": [AssessmentOut.of(each) for each in items], "next": following}


@router.post(
    "/assessments",
    response={201: AssessmentOut},
    **needs(Scope.ASSESSMENTS_WRITE),
    summary="Draft an assessment",
    operation_id="createAssessment",
)
def create_assessment(request: HttpRequest, body: AssessmentIn) -> Status[AssessmentOut]:
    token = token_of(request)
    made = authoring.draft_assessment(
        by=token.created_by, organisation=token.organisation, fields=body.model_dump(), at=timezone.now()
    )
    return Status(201, AssessmentOut.of(made.assessment))


@router.get(
    "/assessments/{random_id:assessment_id}",
    response=AssessmentOut,
    **needs(Scope.ASSESSMENTS_READ),
    summary="Read an assessment: its rules, and no question",
    operation_id="getAssessment",
)
def get_assessment(request: HttpRequest, assessment_id: RandomId) -> AssessmentOut:
    found = get_object_or_404(assessments_of(token_of(request)), public_id=assessment_id)
    return AssessmentOut.of(found)


@router.post(
    "/assessments/{random_id:assessment_id}/publish",
    response=AssessmentOut,
    **needs(Scope.ASSESSMENTS_WRITE),
    summary="Publish the draft; from then on this version never changes",
    operation_id="publishAssessment",
)
def publish_assessment(request: HttpRequest, assessment_id: RandomId) -> AssessmentOut:
    token = token_of(request)
    found = get_object_or_404(assessments_of(token), public_id=assessment_id)
    authoring.publish_assessment(found, by=token.created_by, at=timezone.now())
    return AssessmentOut.of(found)


@router.get(
    "/assessments/{random_id:assessment_id}/attempts",
    response=AttemptPage,
    **needs(Scope.WORK_READ),
    summary="List the attempts at an assessment, newest first, without names or answers",
    operation_id="listAttempts",
)
def list_attempts(
    request: HttpRequest, assessment_id: RandomId, filters: Query[AttemptFilters]
) -> dict[str, Any]:
    found = get_object_or_404(assessments_of(token_of(request)), public_id=assessment_id)
    rows = Attempt.objects.filter(assessment=found)
    wanted = rows.filter(state=filters.state) if filters.state else rows
    items, following = page(rows, wanted.select_related("version"), filters, newest_by="started_at")
    return {"items": [AttemptOut.of(each) for each in items], "next": following}


def groups_of(token: ApiToken) -> QuerySet[QuestionGroup]:
    """Of the token's organisation; nothing else exists here (B135)."""
    return QuestionGroup.objects.filter(organisation=token.organisation)


def assessments_of(token: ApiToken) -> QuerySet[Assessment]:
    return Assessment.objects.visible_to(token.created_by).filter(organisation=token.organisation)
