# SPDX-License-Identifier: Apache-2.0
"""Lists, a page at a time, newest first.

A cursor is the public id of the last item seen. It is looked up among the caller's own rows, so there is no
second grammar to parse and a foreign id is as unknown as an invented one (B135, B155). A page stays right
while rows are added, because it is cut by position and never by count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from django.db.models import Model, Q
from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import ConfigDict, Field, ValidationInfo, model_validator

from cairn_server.api.ids import RandomId
from cairn_server.errors import Refusal
from cairn_server.organisations import installation

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)


class Strict(Schema):
    """What a caller sends: a field we do not know is refused, so a slip is noticed (B139)."""

    model_config = ConfigDict(extra="forbid")


class Paging(Strict):
    cursor: Annotated[RandomId | None, Field(description="“next” of the page before")] = None
    limit: Annotated[int, Field(ge=1, le=200, description="How many items a page holds")] = 50

    @model_validator(mode="before")
    @classmethod
    def only_listed_parameters(cls, values: Any, info: ValidationInfo) -> Any:
        """A misspelt filter must not look like one that matched everything (B155)."""
        request: HttpRequest = (info.context or {})["request"]
        unknown = sorted(set(request.GET) - set(cls.model_fields))
        if unknown:
            raise ValueError(_("These parameters are not known: %s.") % ", ".join(unknown))
        return values


def page(
    rows: QuerySet[Row], wanted: QuerySet[Row], paging: Paging, *, newest_by: str
) -> tuple[list[Row], str | None]:
    """One page of ``wanted`` and the cursor of the next, or None on the last page.

    ``rows`` is everything of the caller's that a cursor may point at: an award that was revoked since
    the page before has left ``wanted`` and still marks its place.
    """
    if paging.cursor is not None:
        last: Any = rows.filter(public_id=paging.cursor).first()
        if last is None:
            raise Refusal("unknown-cursor", _("This cursor does not belong to this list."), status=400)
        seen = getattr(last, newest_by)
        wanted = wanted.filter(Q(**{f"{newest_by}__lt": seen}) | Q(**{newest_by: seen, "pk__lt": last.pk}))
    found: list[Any] = list(wanted.order_by(f"-{newest_by}", "-pk")[: paging.limit + 1])
    items = found[: paging.limit]
    return items, items[-1].public_id if len(found) > paging.limit else None


def public_url(request: HttpRequest) -> str:
    """The address that is inside our credentials, asked for once in a request."""
    known: str | None = getattr(request, "_public_url", None)
    if known is None:
        known = installation.public_url()
        remember_public_url(request, known)
    return known


def remember_public_url(request: HttpRequest, known: str) -> None:
    """For whoever has just had it read."""
    request._public_url = known  # type: ignore[attr-defined]
