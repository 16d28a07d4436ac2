# SPDX-License-Identifier: Apache-2.0
"""How a credential stands, with the reason that no status list can carry.

Public, like the page it belongs to: whoever holds the address, 128 random bits, may ask.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from cairn_server.api.ids import RandomId  # noqa: TC001  ninja reads it to declare the parameter
from cairn_server.api.v1.paging import public_url
from cairn_server.issuing.models import Credential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

router = Router()


class StandingOut(Schema):
    credential: str
    standing: Literal["active", "suspended", "revoked"]
    since: datetime | None
    reason: str

    @staticmethod
    def resolve_credential(credential: Credential, context: Mapping[str, Any]) -> str:
        return credential.address(public_url(context["request"]))

    @staticmethod
    def resolve_since(credential: Credential) -> datetime | None:
        return credential.standing_at

    @staticmethod
    def resolve_reason(credential: Credential) -> str:
        return credential.standing_reason


@router.get(
    "/credentials/{random_id:credential_id}/standing",
    response=StandingOut,
    auth=None,
    summary="How a credential of this server stands, since when and why",
    operation_id="getStanding",
)
def get_standing(request: HttpRequest, credential_id: RandomId) -> Credential:
    return get_object_or_404(Credential.objects.signed(), public_id=credential_id)
