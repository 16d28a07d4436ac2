# SPDX-License-Identifier: Apache-2.0
"""The verbs of webhooks: who may, what is refused, what is written down."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from server.tests.conftest import MONDAY, TUESDAY

from cairn.fetch import HttpPoster
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.journal.models import Entry
from cairn_server.webhooks import sending, services, signing
from cairn_server.webhooks.models import Endpoint, Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.webhooks.receiver import Receiver

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

URL = "https://lms.example/hooks"


def create(
    organisation: Organisation, by: Person, url: str = URL, events: tuple[str, ...] = ("batch.finished",)
):
    return services.create_endpoint(
        organisation, by=by, url=url, events=events, poster=HttpPoster(), at=MONDAY
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://lms.example/hooks",
        "https://lms.example:8443/hooks",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/",
        "https://user:secret@lms.example/",
        "https://lms.example/#part",
        "https://lms.example\\@inside/",
        "ftp://lms.example/",
        "file:///etc/passwd",
        "https://cairn.example/api/v1/awards",  # ourselves
        "",
    ],
)
def test_no_address_inside_and_none_of_ours(organisation: Organisation, owner: Person, url: str) -> None:
    """B89-B95, B101."""
    with pytest.raises(services.BadEndpoint):
        create(organisation, owner, url)

    assert not Endpoint.objects.exists()


@pytest.mark.parametrize("events", [(), ("everything",), ("batch.finished", "endpoint.test")])
def test_only_events_that_there_are(
    organisation: Organisation, owner: Person, events: tuple[str, ...]
) -> None:
    with pytest.raises(services.NoEvents):
        create(organisation, owner, events=events)


def test_an_organisation_has_a_bounded_number(organisation: Organisation, owner: Person) -> None:
    for _ in range(services.MOST_ENDPOINTS):
        create(organisation, owner)

    with pytest.raises(services.TooManyEndpoints):
        create(organisation, owner)


def test_nobody_but_an_owner(
    organisation: Organisation, owner: Person, issuer: Person, outsider: Person
) -> None:
    """B135"""
    endpoint = create(organisation, owner)
    message = services.send_test(endpoint, by=owner, at=MONDAY)

    for person, refused in ((issuer, NotAllowed), (outsider, NotVisible)):
        for verb in (
            lambda by: create(organisation, by),
            lambda by: services.change_endpoint(
                endpoint, by=by, url=URL, events=["batch.finished"], poster=HttpPoster(), at=MONDAY
            ),
            lambda by: services.replace_secret(endpoint, by=by, at=MONDAY),
            lambda by: services.stop_endpoint(endpoint, by=by, at=MONDAY),
            lambda by: services.start_endpoint(endpoint, by=by, at=MONDAY),
            lambda by: services.remove_endpoint(endpoint, by=by, at=MONDAY),
            lambda by: services.send_test(endpoint, by=by, at=MONDAY),
            lambda by: services.send_again(message, by=by, at=MONDAY),
        ):
            with pytest.raises(refused):
                verb(person)


def test_a_secret_is_replaced_and_the_one_before_counts_for_a_day(
    organisation: Organisation, owner: Person
) -> None:
    endpoint = create(organisation, owner)
    before = signing.live_secrets(endpoint, keys=["k"], at=MONDAY)

    services.replace_secret(endpoint, by=owner, at=MONDAY)

    endpoint.refresh_from_db()
    meanwhile = signing.live_secrets(endpoint, keys=["k"], at=TUESDAY - timedelta(seconds=1))
    assert len(meanwhile) == 2
    assert meanwhile[1:] == before
    assert signing.live_secrets(endpoint, keys=["k"], at=TUESDAY) == meanwhile[:1]


def test_the_journal_says_what_was_done_and_never_the_address(
    organisation: Organisation, owner: Person
) -> None:
    """The address may have a password of the receiver in its query."""
    begun = Entry.objects.latest("pk").pk
    endpoint = create(organisation, owner, "https://lms.example/hooks?token=pass-word")
    services.replace_secret(endpoint, by=owner, at=MONDAY)
    services.stop_endpoint(endpoint, by=owner, at=MONDAY)
    services.stop_endpoint(endpoint, by=owner, at=MONDAY)  # already
    services.start_endpoint(endpoint, by=owner, at=MONDAY)
    services.remove_endpoint(endpoint, by=owner, at=MONDAY)

    entries = list(Entry.objects.filter(pk__gt=begun).order_by("pk"))
    assert [entry.verb for entry in entries] == [
        "webhook endpoint created",
        "webhook secret replaced",
        "webhook endpoint stopped",
        "webhook endpoint started",
        "webhook endpoint removed",
    ]
    assert "pass-word" not in str([entry.details for entry in entries])


def test_a_message_is_sent_again_under_the_same_id(
    endpoint: Endpoint, owner: Person, receiver: Receiver, poster: HttpPoster
) -> None:
    message = services.send_test(endpoint, by=owner, at=MONDAY)
    sending.send_due(poster=poster, keys=["k"], at=MONDAY)

    services.send_again(message, by=owner, at=TUESDAY)
    sending.send_due(poster=poster, keys=["k"], at=TUESDAY)

    assert receiver.ids == [message.public_id] * 2
    assert Message.objects.get().state == Message.State.SENT


def test_nothing_is_sent_by_hand_while_it_is_stopped(organisation: Organisation, owner: Person) -> None:
    endpoint = create(organisation, owner)
    message = services.send_test(endpoint, by=owner, at=MONDAY)
    services.stop_endpoint(endpoint, by=owner, at=MONDAY)

    with pytest.raises(services.EndpointStopped):
        services.send_test(endpoint, by=owner, at=MONDAY)
    with pytest.raises(services.EndpointStopped):
        services.send_again(message, by=owner, at=MONDAY)


def test_a_message_of_another_endpoint_is_not_sent_here(
    organisation: Organisation, owner: Person, happens: Callable[..., None]
) -> None:
    first, second = create(organisation, owner), create(organisation, owner)
    message = services.send_test(first, by=owner, at=MONDAY)

    assert not second.messages.filter(pk=message.pk).exists()
