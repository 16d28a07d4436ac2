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
from cairn_server.achievements.models import AchievementVersion
from cairn_server.api.ids import RandomId
from cairn_server.api.v1.achievements import versions_of
from cairn_server.api.v1.paging import Paging, Strict, page, public_url, remember_public_url
from cairn_server.api.v1.tokens import needs, token_of
from cairn_server.errors import Refusal
from cairn_server.issuing import replacing, services, standing
from cairn_server.issuing.life import Standing, StandingAct
from cairn_server.issuing.models import Credential
from cairn_server.issuing.services import Recipient
from cairn_server.organisations.models import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

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


class UnknownAchievement(Refusal):
    """In the body, so the address is right and the field is wrong; same words for a foreign id (B135)."""

    def __init__(self) -> None:
        super().__init__("unknown-achievement", _("There is no such achievement version."), status=422)


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


class SuspendIn(ReasonIn):
    until: Annotated[Moment | None, Field(description="It is given back by itself then")] = None


class ReplaceIn(ReasonIn):
    """What was wrong, said anew; what is left out stays as it is."""

    name: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    email: Address | None = None
    evidence_url: Annotated[str | None, Field(max_length=2000)] = None
    evidence_name: Annotated[str | None, Field(max_length=200)] = None
    evidence_description: Annotated[str | None, Field(max_length=5000)] = None
    narrative: Annotated[str | None, Field(max_length=5000)] = None
    grade: Annotated[str | None, Field(max_length=100)] = None


class ChangeIn(ReasonIn):
    """Which awards: each by its id, or all of a list, or all of an achievement version. One of the three."""

    awards: Annotated[list[RandomId], Field(max_length=8_000)] = []
    batch: Annotated[RandomId | None, Field(description="Id of a list that was awarded")] = None
    achievement: Annotated[RandomId | None, Field(description="Id of an achievement version")] = None
    standing: Literal["active", "suspended", "revoked"]
    until: Annotated[Moment | None, Field(description="Of a suspension that ends by itself")] = None
    tell: Annotated[bool, Field(description="Tell every holder by e-mail")] = True


class ChangeOut(Schema):
    """One decision about many awards, and how far it has come."""

    id: str
    standing: Literal["active", "suspended", "revoked"]
    state: Literal["awaiting", "running", "done", "cancelled"]
    total: int
    waiting: int
    done: int
    skipped: int
    requested_at: datetime
    finished_at: datetime | None

    @staticmethod
    def of(act: StandingAct) -> dict[str, Any]:
        return {
            "id": act.public_id,
            "standing": act.to,
            "state": act.state,
            "total": act.total,
            "requested_at": act.at,
            "finished_at": act.finished_at,
            **act.counts(),
        }


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
    details = body.model_dump(exclude={"achievement", "recipient"}, exclude_unset=True)
    try:
        awarded = services.award_or_find(
            organisation=token.organisation,
            version_id=body.achievement,
            recipient=Recipient(**body.recipient.model_dump()),
            request_key=request_key,
            by=token.created_by,
            at=timezone.now(),
            **details,
        )
    except AchievementVersion.DoesNotExist:
        raise UnknownAchievement from None
    if awarded.public_url is None:
        return Status(200, awarded.credential)
    remember_public_url(request, awarded.public_url)
    return Status(201, awarded.credential)


def published_version(token: ApiToken, public_id: str) -> AchievementVersion:
    version = versions_of(token).filter(public_id=public_id).first()
    if version is None:
        raise UnknownAchievement
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
    return _change(request, award_id, body, standing.revoke)


@router.post(
    "/awards/{random_id:award_id}/suspend",
    response=AwardOut,
    **needs(Scope.AWARDS_WRITE),
    summary="Suspend an award; verifiers other than Cairn may not see it",
    operation_id="suspendAward",
)
def suspend_award(request: HttpRequest, award_id: RandomId, body: SuspendIn) -> Credential:
    return _change(request, award_id, body, standing.suspend)


@router.post(
    "/awards/{random_id:award_id}/reinstate",
    response=AwardOut,
    **needs(Scope.AWARDS_WRITE),
    summary="Give a suspended award back",
    operation_id="reinstateAward",
)
def reinstate_award(request: HttpRequest, award_id: RandomId, body: ReasonIn) -> Credential:
    return _change(request, award_id, body, standing.reinstate)


def _change(request: HttpRequest, award_id: str, body: ReasonIn, verb: Callable[..., object]) -> Credential:
    token = token_of(request)
    credential = get_object_or_404(awards_of(token), public_id=award_id)
    verb(credential, by=token.created_by, at=timezone.now(), **body.model_dump())
    credential.refresh_from_db()
    return credential


@router.post(
    "/awards/{random_id:award_id}/replace",
    response={201: AwardOut},
    **needs(Scope.AWARDS_WRITE),
    summary="Mend an award: a new one takes its place, and this one is revoked as replaced",
    operation_id="replaceAward",
)
def replace_award(request: HttpRequest, award_id: RandomId, body: ReplaceIn) -> Status[Credential]:
    token = token_of(request)
    credential = get_object_or_404(awards_of(token), public_id=award_id)
    said = body.model_dump(exclude={"reason"}, exclude_none=True)
    mended = replacing.replace(credential, by=token.created_by, reason=body.reason, at=timezone.now(), **said)
    return Status(201, mended)


@router.post(
    "/standing-changes",
    response={202: ChangeOut},
    **needs(Scope.AWARDS_WRITE),
    summary="Revoke, suspend or reinstate up to 100,000 awards in one decision",
    description=(
        "Above the organisation's limit it waits until somebody else has approved it in the pages. What "
        "stands like that already is left out."
    ),
    operation_id="changeStanding",
)
def change_standing(request: HttpRequest, body: ChangeIn) -> Status[dict[str, Any]]:
    token = token_of(request)
    act = standing.change_many(
        organisation=token.organisation,
        credentials=_chosen(token, body),
        to=Standing(body.standing),
        by=token.created_by,
        reason=body.reason,
        until=body.until,
        tells=body.tell,
        at=timezone.now(),
    )
    return Status(202, ChangeOut.of(act))


def _chosen(token: ApiToken, body: ChangeIn) -> QuerySet[Credential]:
    if sum(map(bool, (body.awards, body.batch, body.achievement))) != 1:
        raise Refusal("which-awards", _("Give one of: awards, batch, achievement."), status=422)
    if body.batch:
        return awards_of(token).filter(batch__public_id=body.batch)
    if body.achievement:
        return awards_of(token).filter(version__public_id=body.achievement)
    wanted = set(body.awards)
    found = awards_of(token).filter(public_id__in=wanted)
    if found.count() != len(wanted):
        # In the body, so the address is right and a field is wrong; same words for a foreign id (B135).
        raise Refusal("unknown-award", _("One of these awards does not exist."), status=422)
    return found


@router.get(
    "/standing-changes/{random_id:change_id}",
    response=ChangeOut,
    **needs(Scope.AWARDS_READ),
    summary="How far a decision about many awards has come",
    operation_id="getStandingChange",
)
def get_standing_change(request: HttpRequest, change_id: RandomId) -> dict[str, Any]:
    token = token_of(request)
    acts = StandingAct.objects.filter(organisation=token.organisation)
    return ChangeOut.of(get_object_or_404(acts, public_id=change_id))


def awards_of(token: ApiToken) -> QuerySet[Credential]:
    """The signed awards of the token's organisation, as far as its person may see them (B135)."""
    return (
        Credential.objects.visible_to(token.created_by)
        .filter(organisation=token.organisation)
        .signed()
        .select_related("version")
    )
