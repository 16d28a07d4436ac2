# SPDX-License-Identifier: Apache-2.0
"""Achievements over the API: list, draft, read, publish."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from cairn_server.achievements import services
from cairn_server.achievements.models import Achievement, AchievementVersion
from cairn_server.api.ids import RandomId  # noqa: TC001  ninja reads it to declare the parameter
from cairn_server.api.v1.paging import Paging, Strict, page, public_url
from cairn_server.api.v1.tokens import needs, token_of
from cairn_server.earning import plans
from cairn_server.organisations.models import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from cairn_server.organisations.models import ApiToken

router = Router()


class AlignmentIn(Strict):
    """A skill of a framework (Open Badges 3.0 Alignment)."""

    target_name: Annotated[str, Field(min_length=1, max_length=200)]
    target_url: Annotated[str, Field(min_length=1, max_length=2000)]
    target_code: Annotated[str, Field(max_length=200)] = ""
    target_framework: Annotated[str, Field(max_length=200)] = ""
    target_type: Annotated[str, Field(max_length=60)] = ""
    target_description: Annotated[str, Field(max_length=2000)] = ""


class AchievementIn(Strict):
    """What may be said of an achievement; everything else (state, number, dates, address) is ours (B139)."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    description: Annotated[str, Field(min_length=1, max_length=2000)]
    criteria: Annotated[str, Field(min_length=1, max_length=10_000, description="Markdown")]
    achievement_type: Annotated[str, Field(max_length=40)] = "MicroCredential"
    level: Annotated[str, Field(pattern=r"^[1-8]?$", description="European Qualifications Framework")] = ""
    workload_hours: Annotated[int | None, Field(ge=1, le=100_000)] = None
    credits: Annotated[Decimal | None, Field(ge=0, max_digits=6, decimal_places=2)] = None
    language: Annotated[str, Field(max_length=35, description="BCP 47 tag of the texts")] = "en"
    validity_days: Annotated[int | None, Field(ge=1, le=36_500)] = None
    alignments: Annotated[list[AlignmentIn], Field(max_length=50)] = []
    tags: Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Field(max_length=20)] = []
    design: Annotated[
        dict[str, Any] | None, Field(description="What the image designer is told; absent for the default")
    ] = None


class AchievementOut(Schema):
    """One version of an achievement. ``url`` is its permanent address once it is published."""

    id: str
    url: str
    number: int
    state: Literal["draft", "published"]
    name: str
    description: str
    criteria: str
    achievement_type: str
    level: str
    workload_hours: int | None
    credits: Decimal | None
    language: str
    validity_days: int | None
    alignments: list[dict[str, Any]]
    tags: list[str]
    created_at: datetime
    published_at: datetime | None

    @staticmethod
    def resolve_id(version: AchievementVersion) -> str:
        return version.public_id

    @staticmethod
    def resolve_url(version: AchievementVersion, context: Mapping[str, Any]) -> str:
        return version.address(public_url(context["request"]))


class AchievementPage(Schema):
    items: list[AchievementOut]
    next: str | None


class AchievementFilters(Paging):
    state: Literal["draft", "published"] | None = None


@router.get(
    "/achievements",
    response=AchievementPage,
    **needs(Scope.ACHIEVEMENTS_READ),
    summary="List achievement versions, newest first",
    operation_id="listAchievements",
)
def list_achievements(request: HttpRequest, filters: Query[AchievementFilters]) -> dict[str, Any]:
    rows = versions_of(token_of(request))
    wanted = rows.filter(state=filters.state) if filters.state else rows
    items, following = page(rows, wanted, filters, newest_by="created_at")
    return {"items": items, "next": following}


@router.post(
    "/achievements",
    response={201: AchievementOut},
    **needs(Scope.ACHIEVEMENTS_WRITE),
    summary="Draft an achievement",
    operation_id="createAchievement",
)
def create_achievement(request: HttpRequest, body: AchievementIn) -> Status[AchievementVersion]:
    token = token_of(request)
    fields = body.model_dump(exclude_unset=True)
    version = services.draft_achievement(
        organisation=token.organisation, fields=fields, by=token.created_by, at=timezone.now()
    )
    return Status(201, version)


@router.get(
    "/achievements/{random_id:achievement_id}",
    response=AchievementOut,
    **needs(Scope.ACHIEVEMENTS_READ),
    summary="Read an achievement version",
    operation_id="getAchievement",
)
def get_achievement(request: HttpRequest, achievement_id: RandomId) -> AchievementVersion:
    return get_object_or_404(versions_of(token_of(request)), public_id=achievement_id)


@router.post(
    "/achievements/{random_id:achievement_id}/publish",
    response=AchievementOut,
    **needs(Scope.ACHIEVEMENTS_WRITE),
    summary="Publish a draft; from then on it never changes",
    operation_id="publishAchievement",
)
def publish_achievement(request: HttpRequest, achievement_id: RandomId) -> AchievementVersion:
    token = token_of(request)
    version = get_object_or_404(versions_of(token), public_id=achievement_id)
    plans.publish(version, by=token.created_by, at=timezone.now())
    version.refresh_from_db()
    return version


def versions_of(token: ApiToken) -> QuerySet[AchievementVersion]:
    """The versions of the token's organisation that its person may see; nothing else exists here (B135)."""
    visible = Achievement.objects.visible_to(token.created_by).filter(organisation=token.organisation)
    return AchievementVersion.objects.filter(achievement__in=visible).select_related("achievement")
