# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server.tests.conftest import MONDAY

from cairn.fetch import HttpPoster
from cairn_server.webhooks import sending, services
from cairn_server.webhooks.models import Endpoint, Message
from cairn_server.webhooks.sending import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

URL = "https://lms.example/hooks"


@pytest.fixture
def client(owner: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(owner)


@pytest.fixture
def own(organisation: Organisation) -> str:
    return f"/organisations/{organisation.public_id}/webhooks"


@pytest.fixture
def endpoint(organisation: Organisation, owner: Person) -> Endpoint:
    return services.create_endpoint(
        organisation, by=owner, url=URL, events=["batch.finished"], poster=HttpPoster(), at=MONDAY
    )


def test_a_secret_is_shown_once(client: Client, own: str) -> None:
    """B153"""
    page = client.post(f"{own}/new", {"url": URL, "events": ["batch.finished"]})

    secret = page.context["secret"]
    assert secret.startswith("whsec_")
    assert secret in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    endpoint = Endpoint.objects.get()
    for address in (own, f"{own}/{endpoint.public_id}", f"{own}/{endpoint.public_id}/edit"):
        assert secret not in client.get(address).content.decode()


def test_an_address_inside_is_an_error_beside_the_field(client: Client, own: str) -> None:
    page = client.post(f"{own}/new", {"url": "https://127.0.0.1/", "events": ["batch.finished"]})

    assert page.status_code == 422
    assert "url" in page.context["form"].errors


def test_a_new_secret_takes_the_place_of_the_old(client: Client, own: str, endpoint: Endpoint) -> None:
    address = f"{own}/{endpoint.public_id}/act"
    secrets = [client.post(address, {"act": "secret"}).context["secret"] for _ in range(2)]

    assert len(set(secrets)) == 2


def test_what_was_answered_can_be_read_and_sent_again(
    client: Client, own: str, endpoint: Endpoint, owner: Person
) -> None:
    message = services.send_test(endpoint, by=owner, at=MONDAY)
    sending.note(message, Outcome(status=500), at=MONDAY)
    Message.objects.update(state=Message.State.FAILED)

    page = client.get(f"{own}/{endpoint.public_id}").content.decode()
    assert message.public_id in page
    assert "500" in page
    assert "Since 23 November 2026" in page

    client.post(f"{own}/{endpoint.public_id}/act", {"act": "again", "message": message.public_id})
    assert Message.objects.get().state == Message.State.DUE


def test_a_message_of_elsewhere_is_not_there(
    client: Client, own: str, endpoint: Endpoint, elsewhere: Organisation, outsider: Person
) -> None:
    """B135"""
    other = services.create_endpoint(
        elsewhere, by=outsider, url=URL, events=["batch.finished"], poster=HttpPoster(), at=MONDAY
    )
    message = services.send_test(other, by=outsider, at=MONDAY)

    page = client.post(f"{own}/{endpoint.public_id}/act", {"act": "again", "message": message.public_id})

    assert page.status_code == 404
    assert client.get(f"{own}/{other.public_id}").status_code == 404


def test_stopping_says_why_and_starting_goes_on(client: Client, own: str, endpoint: Endpoint) -> None:
    address = f"{own}/{endpoint.public_id}"

    client.post(f"{address}/act", {"act": "stop"})
    assert "Somebody here stopped it." in client.get(address).content.decode()
    assert client.post(f"{address}/act", {"act": "test"}).status_code == 302
    assert not Message.objects.exists()

    client.post(f"{address}/act", {"act": "start"})
    endpoint.refresh_from_db()
    assert endpoint.state == Endpoint.State.ACTIVE


def test_an_endpoint_is_changed_and_removed(client: Client, own: str, endpoint: Endpoint) -> None:
    address = f"{own}/{endpoint.public_id}"

    client.post(f"{address}/edit", {"url": f"{URL}/2", "events": ["credential.revoked"]})
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.events) == (f"{URL}/2", ["credential.revoked"])

    client.post(f"{address}/remove")
    assert not Endpoint.objects.exists()
