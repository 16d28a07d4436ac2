# SPDX-License-Identifier: Apache-2.0
"""Webhooks over the API: make endpoints, see what was sent to them, stop and start them, send again.

The secret of an endpoint is in the answer that makes it and nowhere else; who has lost it makes a new one.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.module_loading import import_string
from ninja import Query, Router, Schema, Status
from pydantic import Field

from cairn_server.api.ids import MessageId, RandomId
from cairn_server.api.v1.paging import Paging, Strict, page
from cairn_server.api.v1.tokens import needs, token_of
from cairn_server.organisations.models import Scope
from cairn_server.webhooks import events, services, signing
from cairn_server.webhooks.models import Endpoint, Message

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from cairn.fetch import HttpPoster
    from cairn_server.organisations.models import ApiToken

router = Router()

Events = Annotated[
    list[str],
    Field(
        max_length=100, description="What it is told of: " + ", ".join(f"`{each}`" for each in events.BY_TYPE)
    ),
]


class EndpointIn(Strict):
    """An https address in the public internet, and what it shall be told of."""

    url: Annotated[str, Field(min_length=1, max_length=2048)]
    events: Events


class EndpointOut(Schema):
    """``why`` it is disabled: a ``person`` stopped it, it is ``gone`` (410), it was ``silent`` for five days,
    or its organisation was ``closed``."""

    id: str
    url: str
    events: list[str]
    state: Literal["active", "disabled"]
    why: Literal["person", "gone", "silent", "closed"] | None
    failing_since: datetime | None
    created_at: datetime

    @staticmethod
    def resolve_id(endpoint: Endpoint) -> str:
        return endpoint.public_id

    @staticmethod
    def resolve_why(endpoint: Endpoint) -> str | None:
        return endpoint.why or None


class SecretOut(EndpointOut):
    secret: Annotated[str, Field(description="Shown in this answer only")]
    earlier_counts_until: Annotated[
        datetime | None, Field(description="Until then messages are signed with the secret before it as well")
    ]

    @staticmethod
    def resolve_secret(endpoint: Endpoint) -> str:
        return signing.current_secret(endpoint, key=settings.SECRET_KEY)

    @staticmethod
    def resolve_earlier_counts_until(endpoint: Endpoint) -> datetime | None:
        return endpoint.earlier_until


class EndpointPage(Schema):
    items: list[EndpointOut]
    next: str | None


class EndpointFilters(Paging):
    state: Literal["active", "disabled"] | None = None


class MessageOut(Schema):
    """One event for one endpoint. ``answers`` are what came back, the last twenty: a status, or a problem."""

    id: str
    type: str
    journal: int | None
    state: Literal["due", "sent", "failed"]
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    answers: list[dict[str, Any]]

    @staticmethod
    def resolve_id(message: Message) -> str:
        return message.public_id

    @staticmethod
    def resolve_journal(message: Message) -> int | None:
        return message.number


class MessagePage(Schema):
    items: list[MessageOut]
    next: str | None


class MessageFilters(Paging):
    # A message's id is longer than the others'.
    cursor: Annotated[MessageId | None, Field(description="“next” of the page before")] = None
    state: Literal["due", "sent", "failed"] | None = None


@router.get(
    "/webhooks",
    response=EndpointPage,
    **needs(Scope.WEBHOOKS_READ),
    summary="List webhook endpoints, newest first",
    operation_id="listWebhooks",
)
def list_webhooks(request: HttpRequest, filters: Query[EndpointFilters]) -> dict[str, Any]:
    rows = endpoints_of(token_of(request))
    wanted = rows.filter(state=filters.state) if filters.state else rows
    items, following = page(rows, wanted, filters, newest_by="created_at")
    return {"items": items, "next": following}


@router.post(
    "/webhooks",
    response={201: SecretOut},
    **needs(Scope.WEBHOOKS_WRITE),
    summary="Make an endpoint; its secret is in this answer only",
    operation_id="createWebhook",
)
def create_webhook(request: HttpRequest, body: EndpointIn) -> Status[Endpoint]:
    token = token_of(request)
    made = services.create_endpoint(
        token.organisation,
        by=token.created_by,
        url=body.url,
        events=body.events,
        poster=poster(),
        at=timezone.now(),
    )
    return Status(201, made)


@router.get(
    "/webhooks/{random_id:endpoint_id}",
    response=EndpointOut,
    **needs(Scope.WEBHOOKS_READ),
    summary="Read an endpoint",
    operation_id="getWebhook",
)
def get_webhook(request: HttpRequest, endpoint_id: RandomId) -> Endpoint:
    return endpoint_of(token_of(request), endpoint_id)


@router.put(
    "/webhooks/{random_id:endpoint_id}",
    response=EndpointOut,
    **needs(Scope.WEBHOOKS_WRITE),
    summary="Change the address and the events of an endpoint; its secret stays",
    operation_id="changeWebhook",
)
def change_webhook(request: HttpRequest, endpoint_id: RandomId, body: EndpointIn) -> Endpoint:
    token = token_of(request)
    return services.change_endpoint(
        endpoint_of(token, endpoint_id),
        by=token.created_by,
        url=body.url,
        events=body.events,
        poster=poster(),
        at=timezone.now(),
    )


@router.delete(
    "/webhooks/{random_id:endpoint_id}",
    response={204: None},
    **needs(Scope.WEBHOOKS_WRITE),
    summary="Remove an endpoint and its messages",
    operation_id="removeWebhook",
)
def remove_webhook(request: HttpRequest, endpoint_id: RandomId) -> Status[None]:
    token = token_of(request)
    services.remove_endpoint(endpoint_of(token, endpoint_id), by=token.created_by, at=timezone.now())
    return Status(204, None)


@router.post(
    "/webhooks/{random_id:endpoint_id}/secret",
    response=SecretOut,
    **needs(Scope.WEBHOOKS_WRITE),
    summary="Make a new secret; the one before counts for another day",
    operation_id="replaceWebhookSecret",
)
def replace_webhook_secret(request: HttpRequest, endpoint_id: RandomId) -> Endpoint:
    token = token_of(request)
    return services.replace_secret(endpoint_of(token, endpoint_id), by=token.created_by, at=timezone.now())


@router.post(
    "/webhooks/{random_id:endpoint_id}/test",
    response={201: MessageOut},
    **needs(Scope.WEBHOOKS_WRITE),
    summary="Send a test message",
    operation_id="testWebhook",
)
def test_webhook(request: HttpRequest, endpoint_id: RandomId) -> Status[Message]:
    token = token_of(request)
    sent = services.send_test(endpoint_of(token, endpoint_id), by=token.created_by, at=timezone.now())
    return Status(201, sent)


@router.post(
    "/webhooks/{random_id:endpoint_id}/disable",
    response=EndpointOut,
    **needs(Scope.WEBHOOKS_WRITE),
    summary="Stop an endpoint; what happens meanwhile waits",
    operation_id="disableWebhook",
)
def disable_webhook(request: HttpRequest, endpoint_id: RandomId) -> Endpoint:
    token = token_of(request)
    return services.stop_endpoint(endpoint_of(token, endpoint_id), by=token.created_by, at=timezone.now())


@router.post(
    "/webhooks/{random_id:endpoint_id}/enable",
    response=EndpointOut,
    **needs(Scope.WEBHOOKS_WRITE),
    summary="Start an endpoint again; what waited is sent",
    operation_id="enableWebhook",
)
def enable_webhook(request: HttpRequest, endpoint_id: RandomId) -> Endpoint:
    token = token_of(request)
    return services.start_endpoint(endpoint_of(token, endpoint_id), by=token.created_by, at=timezone.now())


@router.get(
    "/webhooks/{random_id:endpoint_id}/messages",
    response=MessagePage,
    **needs(Scope.WEBHOOKS_READ),
    summary="List the messages of an endpoint, newest first",
    operation_id="listWebhookMessages",
)
def list_webhook_messages(
    request: HttpRequest, endpoint_id: RandomId, filters: Query[MessageFilters]
) -> dict[str, Any]:
    rows = endpoint_of(token_of(request), endpoint_id).messages.all()
    wanted = rows.filter(state=filters.state) if filters.state else rows
    items, following = page(rows, wanted, filters, newest_by="created_at")
    return {"items": items, "next": following}


@router.post(
    "/webhooks/{random_id:endpoint_id}/messages/{message_id:message_id}/send-again",
    response=MessageOut,
    **needs(Scope.WEBHOOKS_WRITE),
    summary="Send a message once more, under the same id",
    operation_id="sendWebhookMessageAgain",
)
def send_webhook_message_again(request: HttpRequest, endpoint_id: RandomId, message_id: MessageId) -> Message:
    token = token_of(request)
    message = get_object_or_404(endpoint_of(token, endpoint_id).messages, public_id=message_id)
    return services.send_again(message, by=token.created_by, at=timezone.now())


def poster() -> HttpPoster:
    made: HttpPoster = import_string(settings.WEBHOOK_POSTER)()
    return made


def endpoints_of(token: ApiToken) -> QuerySet[Endpoint]:
    """Of the token's organisation; nothing else exists here (B135)."""
    return Endpoint.objects.filter(organisation=token.organisation)


def endpoint_of(token: ApiToken, public_id: str) -> Endpoint:
    return get_object_or_404(endpoints_of(token), public_id=public_id)
