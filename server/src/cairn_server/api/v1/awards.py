# SPDX-License-Identifier: Apache-2.0
"""Awards over the API: award once and only once, list, read, withdraw and give back."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Header, Query, Router, Schema, Status
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from cairn.credential import parse_datetime
from cairn.errors import MalformedError
from cairn_server.api.ids import RandomId
from cairn_server.api.v1.achievements import versions_of
from cairn_server.api.v1.paging import Paging, Strict, page, public_url
from cairn_server.api.v1.tokens import needs, token_of
from cairn_server.errors import Refusal
from cairn_server.issuing import services
from cairn_server.issuing.models import Credential
from cairn_server.issuing.services import Recipient
from cairn_server.organisations.models import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.organisations.models import ApiToken

router = Router()

# Visible ASCII, so that a key survives every proxy and log line as it was sent.
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,80}")

# Keys of callers and keys that pages and lists make for themselves can never meet.
KEY_PREFIX = "api:"


def _address(text: str) -> str:
    """The same question that the pages ask of an address, as pydantic wants it answered."""
    try:
        validate_email(text)
    except ValidationError as error:
        raise ValueError(_("This is not an e-mail address.")) from error
    return text


Address = Annotated[str, Field(max_length=254), AfterValidator(_address)]


def _moment(value: object) -> datetime:
    """By the library's own grammar: pydantic also reads numbers, and years that have no UTC (B16)."""
    try:
        return parse_datetime(value if isinstance(value, str) else "")
    except MalformedError as error:
        raise ValueError(_("Write a date and time with its zone, as 2026-11-23T10:00:00Z.")) from error


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]


class RecipientIn(Strict):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    email: Address
    did: Annotated[str, Field(max_length=400, description="The holder's own identifier, if known")] = ""


class AwardIn(Strict):
    achievement: Annotated[RandomId, Field(description="Id of a published achievement version")]
    recipient: RecipientIn
    awarded_on: Annotated[Moment | None, Field(description="Today, unless it was earlier")] = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    evidence_url: Annotated[str, Field(max_length=2000)] = ""
    evidence_name: Annotated[str, Field(max_length=200)] = ""
    evidence_description: Annotated[str, Field(max_length=5000)] = ""
    narrative: Annotated[str, Field(max_length=5000, description="Markdown, about this one award")] = ""
    grade: Annotated[str, Field(max_length=100)] = ""


class RecipientOut(Schema):
    name: str
    email: str


class AwardOut(Schema):
    """One award. ``url`` is the address of the credential, and also its ``id``."""

    id: str
    url: str
    achievement: str
    recipient: RecipientOut
    awarded_at: datetime
    valid_from: datetime
    valid_until: datetime | None
    standing: Literal["active", "suspended", "revoked"]
    standing_reason: str
    standing_at: datetime | None

    @staticmethod
    def resolve_id(credential: Credential) -> str:
        return credential.public_id

    @staticmethod
    def resolve_url(credential: Credential, context: Mapping[str, Any]) -> str:
        return credential.address(public_url(context["request"]))

    @staticmethod
    def resolve_achievement(credential: Credential) -> str:
        return credential.version.public_id

    @staticmethod
    def resolve_recipient(credential: Credential) -> dict[str, str]:
        return {"name": credential.recipient_name, "email": credential.recipient_email}


class AwardPage(Schema):
    items: list[AwardOut]
    next: str | None


class AwardFilters(Paging):
    achievement: Annotated[RandomId | None, Field(description="Id of an achievement version")] = None
    standing: Literal["active", "suspended", "revoked"] | None = None
    email: Annotated[Address | None, Field(description="The recipient's address")] = None
    awarded_from: Moment | None = None
    awarded_before: Moment | None = None


class ReasonIn(Strict):
    reason: Annotated[str, Field(min_length=1, max_length=500, description="Shown on the credential's page")]


@router.get(
    "/awards",
    response=AwardPage,
    **needs(Scope.AWARDS_READ),
    summary="List awards, newest first",
    operation_id="listAwards",
)
def list_awards(request: HttpRequest, filters: Query[AwardFilters]) -> dict[str, Any]:
    rows = awards_of(token_of(request))
    wanted = rows
    if filters.achievement is not None:
        wanted = wanted.filter(version__public_id=filters.achievement)
    if filters.standing is not None:
        wanted = wanted.filter(standing=filters.standing)
    if filters.email is not None:
        wanted = wanted.filter(recipient_email__iexact=filters.email)
    if filters.awarded_from is not None:
        wanted = wanted.filter(awarded_at__gte=filters.awarded_from)
    if filters.awarded_before is not None:
        wanted = wanted.filter(awarded_at__lt=filters.awarded_before)
    items, following = page(rows, wanted, filters, newest_by="awarded_at")
    return {"items": items, "next": following}


@router.post(
    "/awards",
    response={200: AwardOut, 201: AwardOut},
    **needs(Scope.AWARDS_WRITE),
    summary="Award an achievement",
    description=(
        "Send a fresh Idempotency-Key with each award. The same key with the same body answers 200 with "
        "the award that was made the first time; with another body it is refused."
    ),
    operation_id="createAward",
)
def create_award(
    request: HttpRequest, body: AwardIn, idempotency_key: Annotated[str, Header(alias="Idempotency-Key")]
) -> Status[Credential]:
    token = token_of(request)
    if IDEMPOTENCY_KEY.fullmatch(idempotency_key) is None:
        detail = _("An Idempotency-Key has 1 to 80 visible ASCII characters.")
        raise Refusal("idempotency-key", detail, status=400)
    request_key = KEY_PREFIX + idempotency_key
    version = _version(token, body.achievement)
    before = Credential.objects.filter(organisation=token.organisation, request_key=request_key).exists()
    details = body.model_dump(exclude={"achievement", "recipient"}, exclude_unset=True)
    credential = services.award(
        version=version,
        recipient=Recipient(**body.recipient.model_dump()),
        request_key=request_key,
        by=token.created_by,
        at=timezone.now(),
        **details,
    )
    return Status(200 if before else 201, credential)


def _version(token: ApiToken, public_id: str) -> AchievementVersion:
    version = versions_of(token).filter(public_id=public_id).first()
    if version is None:
        # In the body, so the address is right and the field is wrong; same words for a foreign id (B135).
        raise Refusal("unknown-achievement", _("There is no such achievement version."), status=422)
    return version


@router.get(
    "/awards/{random_id:award_id}",
    response=AwardOut,
    **needs(Scope.AWARDS_READ),
    summary="Read an award",
    operation_id="getAward",
)
def get_award(request: HttpRequest, award_id: RandomId) -> Credential:
    return get_object_or_404(awards_of(token_of(request)), public_id=award_id)


@router.post(
    "/awards/{random_id:award_id}/revoke",
    response=AwardOut,
    **needs(Scope.AWARDS_WRITE),
    summary="Revoke an award, for good",
    operation_id="revokeAward",
)
def revoke_award(request: HttpRequest, award_id: RandomId, body: ReasonIn) -> Credential:
    return _change(request, award_id, body, services.revoke)


@router.post(
    "/awards/{random_id:award_id}/suspend",
    response=AwardOut,
    **needs(Scope.AWARDS_WRITE),
    summary="Suspend an award; verifiers other than Cairn may not see it",
    operation_id="suspendAward",
)
def suspend_award(request: HttpRequest, award_id: RandomId, body: ReasonIn) -> Credential:
    return _change(request, award_id, body, services.suspend)


@router.post(
    "/awards/{random_id:award_id}/reinstate",
    response=AwardOut,
    **needs(Scope.AWARDS_WRITE),
    summary="Give a suspended award back",
    operation_id="reinstateAward",
)
def reinstate_award(request: HttpRequest, award_id: RandomId, body: ReasonIn) -> Credential:
    return _change(request, award_id, body, services.reinstate)


def _change(request: HttpRequest, award_id: str, body: ReasonIn, verb: Callable[..., object]) -> Credential:
    token = token_of(request)
    credential = get_object_or_404(awards_of(token), public_id=award_id)
    verb(credential, by=token.created_by, reason=body.reason, at=timezone.now())
    credential.refresh_from_db()
    return credential


def awards_of(token: ApiToken) -> QuerySet[Credential]:
    """The signed awards of the token's organisation, as far as its person may see them (B135)."""
    return (
        Credential.objects.visible_to(token.created_by)
        .filter(organisation=token.organisation)
        .signed()
        .select_related("version")
    )
