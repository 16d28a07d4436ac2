# SPDX-License-Identifier: Apache-2.0
"""An award as a ``vc+jwt`` token: those of lists have none until somebody asks for it here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from cairn_server.api.ids import RandomId  # noqa: TC001  ninja reads it to declare the parameter
from cairn_server.api.v1.awards import awards_of
from cairn_server.api.v1.paging import public_url
from cairn_server.api.v1.tokens import needs, token_of
from cairn_server.issuing import as_token
from cairn_server.organisations.models import Scope

if TYPE_CHECKING:
    from django.http import HttpRequest

router = Router()


class AwardTokenOut(Schema):
    url: Annotated[
        str, Field(description="Where it can be fetched from now on, by everybody with the address")
    ]
    token: Annotated[str, Field(description="The same statement as the record, as application/vc+jwt")]


@router.post(
    "/awards/{random_id:award_id}/token",
    response=AwardTokenOut,
    **needs(Scope.AWARDS_WRITE),
    summary="Sign an award as a token (JWT) too; again is the same token",
    operation_id="signAwardAsToken",
)
def sign_award_as_token(request: HttpRequest, award_id: RandomId) -> dict[str, Any]:
    token = token_of(request)
    credential = get_object_or_404(awards_of(token), public_id=award_id)
    made = as_token.sign_as_token(credential, by=token.created_by, at=timezone.now())
    return {"url": f"{credential.address(public_url(request))}.jwt", "token": made.bytes().decode("ascii")}
