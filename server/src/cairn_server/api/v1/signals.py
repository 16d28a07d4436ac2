# SPDX-License-Identifier: Apache-2.0
"""Signals over the API: another system says that somebody met a requirement of an achievement."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from django.http import Http404
from django.utils import timezone
from ninja import Path, Router, Schema
from pydantic import Field

from cairn_server.achievements.models import AchievementVersion
from cairn_server.api.ids import RandomId  # noqa: TC001  ninja reads it to declare the parameter
from cairn_server.api.v1.paging import Strict
from cairn_server.api.v1.tokens import needs, token_of
from cairn_server.earning import services
from cairn_server.organisations.models import Scope

if TYPE_CHECKING:
    from django.http import HttpRequest

    from cairn_server.earning.models import Signal

router = Router()


class SignalIn(Strict):
    """Who met which requirement. The name of the signal is the one that the requirement has."""

    signal: Annotated[str, Field(min_length=1, max_length=60)]
    email: Annotated[str, Field(min_length=3, max_length=254)]


class SignalOut(Schema):
    """What is on record. It says nothing about whether the address has an account here."""

    key: str
    signal: str
    email: str
    at: datetime

    @staticmethod
    def resolve_signal(row: Signal) -> str:
        return row.name


@router.put(
    "/achievements/{random_id:achievement_id}/signals/{key}",
    response=SignalOut,
    **needs(Scope.SIGNALS_WRITE),
    summary="Say that somebody met a requirement; the same key again is the same signal",
    operation_id="putSignal",
)
def put_signal(
    request: HttpRequest,
    achievement_id: RandomId,
    key: Annotated[str, Path(min_length=1, max_length=100)],
    body: SignalIn,
) -> Signal:
    token = token_of(request)
    try:
        return services.signal(
            token.organisation,
            by=token.created_by,
            version_id=achievement_id,
            name=body.signal,
            email=body.email,
            key=key,
            at=timezone.now(),
        )
    except AchievementVersion.DoesNotExist:
        raise Http404 from None
