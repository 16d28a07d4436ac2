# SPDX-License-Identifier: Apache-2.0
"""The verbs of webhooks: owners make, change, stop and start endpoints, and have messages sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cairn.errors import CairnError
from cairn.fetch import HttpPoster, Url
from cairn_server.errors import Refusal
from cairn_server.journal import services as journal
from cairn_server.journal.models import Head
from cairn_server.organisations import installation
from cairn_server.organisations.roles import Role
from cairn_server.webhooks import events
from cairn_server.webhooks.models import Endpoint, Message, new_salt

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

MOST_ENDPOINTS = 20
# While receivers are given the new one, the secret before it counts as well.
EARLIER_SECRET_COUNTS = timedelta(hours=24)


class BadEndpoint(Refusal):
    status = 400
    field = "url"

    def __init__(self) -> None:
        super().__init__(
            "bad-endpoint",
            _("Use an https address in the public internet, on the usual port and not on this server."),
        )


class NoEvents(Refusal):
    status = 400
    field = "events"

    def __init__(self) -> None:
        super().__init__("no-events", _("Choose at least one of the listed events."))


class TooManyEndpoints(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "too-many-endpoints", _("An organisation has at most %d endpoints.") % MOST_ENDPOINTS
        )


class EndpointStopped(Refusal):
    def __init__(self) -> None:
        super().__init__("endpoint-stopped", _("This endpoint is stopped. Start it again first."))


@transaction.atomic
def create_endpoint(
    organisation: Organisation,
    *,
    by: Person,
    url: str,
    events: Iterable[str],
    poster: HttpPoster,
    at: datetime,
) -> Endpoint:
    """An endpoint that is told of what happens from now on."""
    organisation = organisation.locked_for(by, Role.OWNER)
    if organisation.webhook_endpoints.count() >= MOST_ENDPOINTS:
        raise TooManyEndpoints
    head = Head.objects.filter(organisation_id=organisation.public_id).first()
    endpoint = Endpoint.objects.create(
        organisation=organisation,
        url=_clean_url(url, poster),
        events=_clean_events(events),
        cursor=head.number if head is not None else 0,
        created_at=at,
    )
    _record("webhook endpoint created", endpoint, by=by, at=at, events=endpoint.events)
    return endpoint


@transaction.atomic
def change_endpoint(
    endpoint: Endpoint, *, by: Person, url: str, events: Iterable[str], poster: HttpPoster, at: datetime
) -> Endpoint:
    """Another address or other events; messages that wait go to the new address."""
    current = _locked(endpoint, by)
    current.url, current.events = _clean_url(url, poster), _clean_events(events)
    current.save(update_fields=["url", "events"])
    _record("webhook endpoint changed", current, by=by, at=at, events=current.events)
    return current


@transaction.atomic
def replace_secret(endpoint: Endpoint, *, by: Person, at: datetime) -> Endpoint:
    """A new secret; for a day, messages are signed with the one before as well."""
    current = _locked(endpoint, by)
    current.earlier_salt, current.earlier_until = current.salt, at + EARLIER_SECRET_COUNTS
    current.salt = new_salt()
    current.save(update_fields=["salt", "earlier_salt", "earlier_until"])
    _record("webhook secret replaced", current, by=by, at=at)
    return current


@transaction.atomic
def stop_endpoint(endpoint: Endpoint, *, by: Person, at: datetime) -> Endpoint:
    current = _locked(endpoint, by)
    if current.state == Endpoint.State.ACTIVE:
        stop(current, Endpoint.Why.PERSON, by=by, at=at)
    return current


@transaction.atomic
def start_endpoint(endpoint: Endpoint, *, by: Person, at: datetime) -> Endpoint:
    """Go on where it was stopped: what waits, and what has happened since, is told now."""
    current = _locked(endpoint, by)
    if current.state == Endpoint.State.DISABLED:
        current.state, current.why = Endpoint.State.ACTIVE, ""
        current.failures, current.failing_since, current.not_before = 0, None, None
        current.tell_owners_at = None
        current.save(
            update_fields=["state", "why", "failures", "failing_since", "not_before", "tell_owners_at"]
        )
        current.messages.filter(state=Message.State.DUE).update(due_at=at, attempts=0)
        _record("webhook endpoint started", current, by=by, at=at)
    return current


@transaction.atomic
def remove_endpoint(endpoint: Endpoint, *, by: Person, at: datetime) -> None:
    """It and its messages are gone; what they told of stands in the journal."""
    current = _locked(endpoint, by)
    _record("webhook endpoint removed", current, by=by, at=at)
    current.delete()


@transaction.atomic
def send_test(endpoint: Endpoint, *, by: Person, at: datetime) -> Message:
    """A message that tells of nothing, to see whether it arrives and its signature is understood."""
    current = _locked(endpoint, by)
    if current.state != Endpoint.State.ACTIVE:
        raise EndpointStopped
    message = current.messages.create(
        type=events.TEST,
        body=events.body_of_test(current.organisation.public_id, at=at),
        created_at=at,
        due_at=at,
    )
    # Somebody waits for it; what kept others back does not keep this one.
    Endpoint.objects.filter(pk=current.pk).update(not_before=None)
    _record("webhook tested", current, by=by, at=at)
    return message


@transaction.atomic
def send_again(message: Message, *, by: Person, at: datetime) -> Message:
    """The same message once more, with the same ``webhook-id``, whatever became of it before."""
    endpoint = _locked(message.endpoint, by)
    if endpoint.state != Endpoint.State.ACTIVE:
        raise EndpointStopped
    current = endpoint.messages.get(pk=message.pk)
    current.state, current.sent_at = Message.State.DUE, None
    current.attempts, current.due_at = 0, at
    current.save(update_fields=["state", "sent_at", "attempts", "due_at"])
    _record("webhook sent again", endpoint, by=by, at=at, message=current.public_id)
    return current


def stop(endpoint: Endpoint, why: Endpoint.Why, *, by: Person | None, at: datetime) -> None:
    """In the caller's transaction, with the endpoint locked; its messages wait.

    What a person did, people know of; an endpoint that stops by itself is told to the owners (letters.py).
    """
    endpoint.state, endpoint.why = Endpoint.State.DISABLED, why
    endpoint.tell_owners_at = at if why in (Endpoint.Why.GONE, Endpoint.Why.SILENT) else None
    endpoint.save(update_fields=["state", "why", "tell_owners_at"])
    _record("webhook endpoint stopped", endpoint, by=by, at=at, why=str(why))


def _locked(endpoint: Endpoint, by: Person) -> Endpoint:
    # The organisation first, as everywhere, so that two verbs never wait for each other.
    endpoint.organisation.locked_for(by, Role.OWNER)
    return Endpoint.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=endpoint.pk)


def _clean_url(url: str, poster: HttpPoster) -> str:
    """An address that by its text may be visited, and is not ours (B101).

    Where its name leads is judged when we go there, each time anew.
    """
    try:
        poster.require_visitable(url)
        host = Url.parse(url).host
    except CairnError as error:
        raise BadEndpoint from error
    if host.rstrip(".") == urlsplit(installation.public_url()).hostname:
        raise BadEndpoint
    return url


def _clean_events(wanted: Iterable[str]) -> list[str]:
    chosen = sorted(set(wanted))
    if not chosen or not set(chosen) <= set(events.BY_TYPE):
        raise NoEvents
    return chosen


def _record(verb: str, endpoint: Endpoint, *, by: Person | None, at: datetime, **details: Any) -> None:
    # Never the address: it may have a password of the receiver in it.
    journal.record(
        verb=verb,
        by=by,
        organisation_id=endpoint.organisation.public_id,
        object=endpoint,
        details=details,
        at=at,
    )
