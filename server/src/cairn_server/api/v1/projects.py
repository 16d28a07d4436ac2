# SPDX-License-Identifier: Apache-2.0
"""Projects and their reviews over the API: draft, publish, see what waits, take a seat, decide.

What a learner handed in is read with a seat at it and no other way, as on the desk: the person behind the
token has to take one first, and never at their own work. Who the learner is stays unsaid.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import AwareDatetime, Field, StrictInt

from cairn_server.api.ids import RandomId
from cairn_server.api.v1.paging import Paging, Strict, page
from cairn_server.api.v1.tokens import needs, token_of
from cairn_server.earning import services as earning
from cairn_server.organisations.models import Scope
from cairn_server.projects import authoring, reviewing
from cairn_server.projects import rubric as rubrics
from cairn_server.projects.models import HandIn, Project, ProjectVersion, Review, Work

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from cairn_server.organisations.models import ApiToken

router = Router()

WorkState = Literal["handed-in", "changes", "accepted", "refused", "draft"]


class LevelIn(Strict):
    name: Annotated[str, Field(min_length=1, max_length=rubrics.MAX_NAME)]
    description: Annotated[str, Field(max_length=rubrics.MAX_DESCRIPTION)] = ""
    points: Annotated[StrictInt, Field(ge=0, le=rubrics.MAX_POINTS)]


class CriterionIn(Strict):
    """``needed`` is the place of the lowest level that is enough, counted from 0."""

    name: Annotated[str, Field(min_length=1, max_length=rubrics.MAX_NAME)]
    description: Annotated[str, Field(max_length=rubrics.MAX_DESCRIPTION)] = ""
    needed: Annotated[StrictInt, Field(ge=0, lt=rubrics.MAX_LEVELS)]
    levels: Annotated[list[LevelIn], Field(min_length=2, max_length=rubrics.MAX_LEVELS)]


class ProjectIn(Strict):
    name: Annotated[str, Field(min_length=1, max_length=authoring.MAX_NAME)]
    brief: Annotated[str, Field(max_length=authoring.MAX_BRIEF, description="Markdown")] = ""
    rubric: Annotated[list[CriterionIn], Field(max_length=rubrics.MAX_CRITERIA)] = []
    reviewers: Annotated[StrictInt, Field(ge=1, le=2)] = 1
    most_rounds: Annotated[StrictInt | None, Field(ge=1, le=authoring.MAX_ROUNDS)] = None
    due_at: AwareDatetime | None = None


class LevelOut(Schema):
    id: str
    name: str
    description: str
    points: int


class CriterionOut(Schema):
    id: str
    name: str
    description: str
    needed: int
    levels: list[LevelOut]


class ProjectOut(Schema):
    """A project by its newest version, which is the draft where there is one."""

    id: str
    name: str
    version: int
    state: Literal["draft", "published"]
    brief: str
    rubric: list[CriterionOut]
    reviewers: int
    most_rounds: int | None
    due_at: datetime | None
    created_at: datetime
    published_at: datetime | None
    archived_at: datetime | None

    @staticmethod
    def of(project: Project) -> ProjectOut:
        newest: ProjectVersion = max(project.versions.all(), key=lambda each: each.number)
        return ProjectOut.model_validate(
            {
                "id": project.public_id,
                "name": newest.name,
                "version": newest.number,
                "state": newest.state,
                "brief": newest.brief,
                "rubric": newest.rubric,
                "reviewers": newest.reviewers,
                "most_rounds": newest.most_rounds,
                "due_at": newest.due_at,
                "created_at": newest.created_at,
                "published_at": newest.published_at,
                "archived_at": project.archived_at,
            }
        )


class ProjectPage(Schema):
    items: list[ProjectOut]
    next: str | None


@router.get(
    "/projects",
    response=ProjectPage,
    **needs(Scope.PROJECTS_READ),
    summary="List projects, newest first",
    operation_id="listProjects",
)
def list_projects(request: HttpRequest, filters: Query[Paging]) -> dict[str, Any]:
    rows = projects_of(token_of(request))
    items, following = page(rows, rows.prefetch_related("versions"), filters, newest_by="created_at")
    return {"items": [ProjectOut.of(each) for each in items], "next": following}


@router.post(
    "/projects",
    response={201: ProjectOut},
    **needs(Scope.PROJECTS_WRITE),
    summary="Draft a project",
    operation_id="createProject",
)
def create_project(request: HttpRequest, body: ProjectIn) -> Status[ProjectOut]:
    token = token_of(request)
    made = authoring.draft_project(
        by=token.created_by, organisation=token.organisation, fields=body.model_dump(), at=timezone.now()
    )
    return Status(201, ProjectOut.of(made.project))


@router.get(
    "/projects/{random_id:project_id}",
    response=ProjectOut,
    **needs(Scope.PROJECTS_READ),
    summary="Read a project with its rubric",
    operation_id="getProject",
)
def get_project(request: HttpRequest, project_id: RandomId) -> ProjectOut:
    return ProjectOut.of(get_object_or_404(projects_of(token_of(request)), public_id=project_id))


@router.post(
    "/projects/{random_id:project_id}/publish",
    response=ProjectOut,
    **needs(Scope.PROJECTS_WRITE),
    summary="Publish the draft; from then on this version never changes",
    operation_id="publishProject",
)
def publish_project(request: HttpRequest, project_id: RandomId) -> ProjectOut:
    token = token_of(request)
    found = get_object_or_404(projects_of(token), public_id=project_id)
    authoring.publish_project(found, by=token.created_by, at=timezone.now())
    return ProjectOut.of(found)


# What was handed in


class HandInOut(Schema):
    """That something was handed in: what it is, is read with a seat at it."""

    id: str
    project: str
    round: int
    state: Annotated[WorkState, Field(description="Of the work, by its latest round")]
    handed_in_at: datetime

    @staticmethod
    def of(row: HandIn) -> HandInOut:
        return HandInOut.model_validate(
            {
                "id": row.public_id,
                "project": row.work.project.public_id,
                "round": row.number,
                "state": row.work.state,
                "handed_in_at": row.handed_in_at,
            }
        )


class HandInPage(Schema):
    items: list[HandInOut]
    next: str | None


class HandInFilters(Paging):
    project: RandomId | None = None
    waiting: Annotated[bool, Field(description="Only those with a free seat")] = False


class EvidenceOut(Schema):
    """A link, or the name of a file: files are opened on the page, where nothing active is served."""

    name: str
    url: str
    media_type: str


class ReviewOut(Schema):
    """A seat, with everything that it takes to judge."""

    id: str
    hand_in: str
    kind: Literal["review", "appeal"]
    statement: str
    evidence: list[EvidenceOut]
    rubric: list[CriterionOut]
    levels: dict[str, str]
    enough: bool | None
    feedback: str
    decided_at: datetime | None

    @staticmethod
    def of(review: Review) -> ReviewOut:
        hand_in = review.hand_in
        return ReviewOut.model_validate(
            {
                "id": review.public_id,
                "hand_in": hand_in.public_id,
                "kind": review.kind,
                "statement": hand_in.statement,
                "evidence": [
                    EvidenceOut(name=each.name, url=each.url, media_type=each.media_type)
                    for each in hand_in.evidence.all()
                ],
                "rubric": hand_in.work.version.rubric,
                "levels": review.levels,
                "enough": review.enough,
                "feedback": review.feedback,
                "decided_at": review.decided_at,
            }
        )


class DecisionIn(Strict):
    """A level for every criterion, by their ids. Whether it is enough follows from them."""

    levels: Annotated[
        dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=40)]],
        Field(max_length=rubrics.MAX_CRITERIA),
    ]
    feedback: Annotated[str, Field(max_length=reviewing.MAX_FEEDBACK, description="Markdown")] = ""


@router.get(
    "/hand-ins",
    response=HandInPage,
    **needs(Scope.WORK_READ),
    summary="List what was handed in for projects, newest first, without names or contents",
    operation_id="listHandIns",
)
def list_hand_ins(request: HttpRequest, filters: Query[HandInFilters]) -> dict[str, Any]:
    token = token_of(request)
    rows = hand_ins_of(token)
    wanted = rows.filter(work__project__public_id=filters.project) if filters.project else rows
    if filters.waiting:
        free = reviewing.waiting(token.organisation, token.created_by).order_by().values("pk")
        wanted = wanted.filter(pk__in=free)
    items, following = page(rows, wanted, filters, newest_by="handed_in_at")
    return {"items": [HandInOut.of(each) for each in items], "next": following}


@router.post(
    "/hand-ins/{random_id:hand_in_id}/reviews",
    response={201: ReviewOut},
    **needs(Scope.REVIEWS_WRITE),
    summary="Take a free seat at a hand-in, and read it",
    operation_id="takeReview",
)
def take_review(request: HttpRequest, hand_in_id: RandomId) -> Status[ReviewOut]:
    token = token_of(request)
    found = get_object_or_404(hand_ins_of(token), public_id=hand_in_id)
    made = reviewing.take(found, by=token.created_by, at=timezone.now())
    return Status(201, ReviewOut.of(made))


@router.get(
    "/reviews/{random_id:review_id}",
    response=ReviewOut,
    **needs(Scope.WORK_READ),
    summary="Read a seat of the person behind the token, with what was handed in",
    operation_id="getReview",
)
def get_review(request: HttpRequest, review_id: RandomId) -> ReviewOut:
    return ReviewOut.of(get_object_or_404(seats_of(token_of(request)), public_id=review_id))


@router.post(
    "/reviews/{random_id:review_id}/decision",
    response=ReviewOut,
    **needs(Scope.REVIEWS_WRITE),
    summary="Decide: a level for every criterion, and feedback for the learner",
    operation_id="decideReview",
)
def decide_review(request: HttpRequest, review_id: RandomId, body: DecisionIn) -> ReviewOut:
    token, at = token_of(request), timezone.now()
    found = get_object_or_404(seats_of(token), public_id=review_id)
    work = reviewing.decide(found, by=token.created_by, levels=body.levels, feedback=body.feedback, at=at)
    if work.state == Work.State.ACCEPTED:
        earning.reconsider(work.person, at=at)
    return ReviewOut.of(seats_of(token).get(pk=found.pk))


def projects_of(token: ApiToken) -> QuerySet[Project]:
    """Of the token's organisation; nothing else exists here (B135)."""
    return Project.objects.visible_to(token.created_by).filter(organisation=token.organisation)


def hand_ins_of(token: ApiToken) -> QuerySet[HandIn]:
    """What was handed in there, but for one's own: whoever is behind the token does not judge it (B174)."""
    return (
        HandIn.objects.filter(work__project__organisation=token.organisation)
        .exclude(handed_in_at=None)
        .exclude(work__person=token.created_by)
        .select_related("work__project__organisation", "work__version", "work__person")
    )


def seats_of(token: ApiToken) -> QuerySet[Review]:
    """The seats of the person behind the token."""
    return Review.objects.filter(
        reviewer=token.created_by, hand_in__work__project__organisation=token.organisation
    ).select_related(
        "hand_in__work__version", "hand_in__work__project__organisation", "hand_in__work__person"
    )
