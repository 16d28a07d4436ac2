# SPDX-License-Identifier: Apache-2.0
"""How a credential stands, and how it stood, with the reasons that no status list can carry.

Public, like the page it belongs to: whoever holds the address, 128 random bits, may ask. Nobody has to
believe it: the lists that were signed then say the same, and ``lists`` says where they are.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from pydantic import Field

from cairn.errors import MalformedError
from cairn.status import suspension_url
from cairn_server import past
from cairn_server.api.ids import RandomId  # noqa: TC001  ninja reads it to declare the parameter
from cairn_server.api.v1.paging import public_url
from cairn_server.issuing import history
from cairn_server.issuing.life import Standing
from cairn_server.issuing.models import Credential

if TYPE_CHECKING:
    from django.http import HttpRequest

    from cairn_server.issuing.life import StandingChange

router = Router()

Word = Literal["active", "suspended", "revoked"]


class ChangeOut(Schema):
    """One change: since when it stood like this, until when that was announced, and why."""

    standing: Word
    at: datetime
    until: datetime | None
    replaced: bool
    reason: str


class StandingOut(Schema):
    credential: str
    standing: Word
    since: datetime | None
    reason: str
    until: datetime | None
    replaced_by: Annotated[str | None, Field(description="Address of the one that stands in its place")]
    replaces: Annotated[str | None, Field(description="Address of the one in whose place it stands")]
    lists: Annotated[list[str], Field(description="The signed lists that say so, as of that moment")]
    history: Annotated[list[ChangeOut], Field(description="Every change until then, the newest first")]


class Moment(Schema):
    at: Annotated[
        str | None,
        Field(max_length=40, description="A day or a moment that has passed: how did it stand then?"),
    ] = None


@router.get(
    "/credentials/{random_id:credential_id}/standing",
    response=StandingOut,
    auth=None,
    summary="How a credential of this server stands or stood, since when and why",
    operation_id="getStanding",
)
def get_standing(request: HttpRequest, credential_id: RandomId, then: Query[Moment]) -> dict[str, Any]:
    moment = past.moment_of(then.at, now=timezone.now()) if then.at else None
    if then.at and moment is None:
        raise MalformedError("invalid-moment", _("Give a day or a moment that has passed."))
    copies = (
        Credential.objects.signed().under(credential_id).select_related("status_list", "first", "replaces")
    )
    credential = (copies.filter(valid_from__lte=moment) if moment else copies).first() or copies.last()
    if credential is None:
        raise Http404
    changes = history.changes_of(credential)
    if moment is not None:
        changes = changes.filter(at__lte=moment)
    return _told(credential, list(changes), public_url(request), moment)


def _told(
    credential: Credential, changes: list[StandingChange], here: str, moment: datetime | None
) -> dict[str, Any]:
    last = changes[0] if changes else None
    successor, before = credential.successor, credential.replaces
    is_mended = before is not None and not credential.is_renewal
    address = credential.status_list.address
    return {
        "credential": credential.address(here),
        "standing": last.act.to if last else Standing.ACTIVE,
        "since": last.at if last else None,
        "reason": last.act.reason if last else "",
        "until": last.act.until if last else None,
        "replaced_by": successor.address(here) if successor and not successor.is_renewal else None,
        "replaces": before.address(here) if before and is_mended else None,
        "lists": [past.address_at(each, moment) for each in (address, suspension_url(address))],
        "history": [
            {
                "standing": change.act.to,
                "at": change.at,
                "until": change.act.until,
                "replaced": change.act.replaced,
                "reason": change.act.reason,
            }
            for change in changes
        ],
    }
