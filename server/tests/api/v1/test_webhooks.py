# SPDX-License-Identifier: Apache-2.0
"""Webhooks over the API: what a page can do, a program can do with its token, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server.tests.conftest import MONDAY

from cairn.fetch import HttpPoster
from cairn_server.webhooks import sending, services, signing
from cairn_server.webhooks.models import Endpoint, Message
from cairn_server.webhooks.sending import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from django.conf import LazySettings
    from server.tests.api.conftest import Caller

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

BODY = {"url": "https://lms.example/hooks", "events": ["batch.finished", "credential.revoked"]}


@pytest.fixture
def machine(caller: Callable[..., Caller]) -> Caller:
    return caller()


@pytest.fixture
def made(machine: Caller) -> dict[str, Any]:
    return machine.post("/webhooks", BODY).json()  # type: ignore[no-any-return]


def test_the_secret_is_in_the_answer_that_makes_it_and_nowhere_else(
    machine: Caller, settings: LazySettings
) -> None:
    """B153"""
    answer = machine.post("/webhooks", BODY)

    made = answer.json()
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    assert made["secret"] == signing.current_secret(Endpoint.objects.get(), key=settings.SECRET_KEY)
    assert (made["url"], made["events"]) == (BODY["url"], BODY["events"])
    assert (made["state"], made["why"]) == ("active", None)
    for path in ("/webhooks", f"/webhooks/{made['id']}"):
        assert made["secret"] not in machine.get(path).content.decode()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (BODY | {"url": "https://127.0.0.1/"}, 400, "bad-endpoint"),
        (BODY | {"url": "http://lms.example/"}, 400, "bad-endpoint"),
        (BODY | {"events": []}, 400, "no-events"),
        (BODY | {"events": ["endpoint.test"]}, 400, "no-events"),
        (BODY | {"url": ""}, 422, "invalid-fields"),
        (BODY | {"secret": "of my own"}, 422, "invalid-fields"),
    ],
)
def test_what_the_page_refuses_is_refused(
    machine: Caller, body: dict[str, Any], status: int, code: str
) -> None:
    """B89-B95"""
    answer = machine.post("/webhooks", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Endpoint.objects.exists()


def test_they_are_listed_newest_first_a_page_at_a_time(machine: Caller) -> None:
    ids = [machine.post("/webhooks", BODY).json()["id"] for _ in range(3)]
    machine.post(f"/webhooks/{ids[1]}/disable")

    first = machine.get("/webhooks?limit=2").json()
    rest = machine.get(f"/webhooks?limit=2&cursor={first['next']}").json()

    assert [each["id"] for each in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None
    assert [each["id"] for each in machine.get("/webhooks?state=disabled").json()["items"]] == [ids[1]]


def test_it_is_changed_and_keeps_its_secret(
    machine: Caller, made: dict[str, Any], settings: LazySettings
) -> None:
    answer = machine.send(
        "PUT",
        f"/webhooks/{made['id']}",
        b'{"url": "https://other.example/", "events": ["achievement.published"]}',
    )

    endpoint = Endpoint.objects.get()
    assert answer.status_code == 200
    assert "secret" not in answer.json()
    assert (endpoint.url, endpoint.events) == ("https://other.example/", ["achievement.published"])
    assert signing.current_secret(endpoint, key=settings.SECRET_KEY) == made["secret"]


def test_a_new_secret_is_shown_once_and_the_one_before_counts_for_a_day(
    machine: Caller, made: dict[str, Any]
) -> None:
    answer = machine.post(f"/webhooks/{made['id']}/secret").json()

    assert answer["secret"] != made["secret"]
    assert answer["earlier_counts_until"] is not None


def test_it_is_disabled_with_a_reason_and_enabled_again(machine: Caller, made: dict[str, Any]) -> None:
    stopped = machine.post(f"/webhooks/{made['id']}/disable").json()
    refused = machine.post(f"/webhooks/{made['id']}/test")
    started = machine.post(f"/webhooks/{made['id']}/enable").json()

    assert (stopped["state"], stopped["why"]) == ("disabled", "person")
    assert (refused.status_code, refused.json()["code"]) == (409, "endpoint-stopped")
    assert (started["state"], started["why"]) == ("active", None)


def test_a_test_message_is_made_seen_and_sent_again_under_its_id(
    machine: Caller, made: dict[str, Any]
) -> None:
    sent = machine.post(f"/webhooks/{made['id']}/test")
    message = Message.objects.get()
    sending.note(message, Outcome(200), at=MONDAY)
    [listed] = machine.get(f"/webhooks/{made['id']}/messages?state=sent").json()["items"]

    again = machine.post(f"/webhooks/{made['id']}/messages/{message.public_id}/send-again")

    assert sent.status_code == 201
    assert listed["id"] == sent.json()["id"] == message.public_id
    assert listed["answers"] == [{"at": MONDAY.isoformat(), "status": 200}]
    assert (again.status_code, again.json()["state"]) == (200, "due")


def test_messages_come_a_page_at_a_time(machine: Caller, made: dict[str, Any]) -> None:
    for _ in range(3):
        machine.post(f"/webhooks/{made['id']}/test")

    first = machine.get(f"/webhooks/{made['id']}/messages?limit=2").json()
    rest = machine.get(f"/webhooks/{made['id']}/messages?limit=2&cursor={first['next']}").json()

    assert len(first["items"]) == 2
    assert len({each["id"] for each in first["items"] + rest["items"]}) == 3


def test_it_is_removed_with_its_messages(machine: Caller, made: dict[str, Any]) -> None:
    machine.post(f"/webhooks/{made['id']}/test")

    answer = machine.send("DELETE", f"/webhooks/{made['id']}", b"")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not Message.objects.exists()
    assert machine.get(f"/webhooks/{made['id']}").status_code == 404


def test_b135_those_of_another_organisation_do_not_exist(
    machine: Caller, foreign_caller: Caller, made: dict[str, Any], organisation: Organisation, owner: Person
) -> None:
    place = f"/webhooks/{made['id']}"
    sent = machine.post(f"{place}/test").json()["id"]
    own = foreign_caller.post("/webhooks", BODY).json()["id"]

    assert foreign_caller.get("/webhooks").json()["items"][0]["id"] == own
    for method, path in (
        ("GET", place),
        ("PUT", place),
        ("DELETE", place),
        ("GET", f"{place}/messages"),
        ("POST", f"{place}/secret"),
        ("POST", f"{place}/test"),
        ("POST", f"{place}/disable"),
        ("POST", f"{place}/enable"),
        ("POST", f"{place}/messages/{sent}/send-again"),
        # A message of somebody else under an endpoint of one's own.
        ("POST", f"/webhooks/{own}/messages/{sent}/send-again"),
    ):
        body = b'{"url": "https://lms.example/", "events": ["batch.finished"]}' if method == "PUT" else b"{}"
        assert foreign_caller.send(method, path, body).status_code == 404, path
    endpoint = Endpoint.objects.get(public_id=made["id"])
    assert (endpoint.state, endpoint.earlier_salt) == (Endpoint.State.ACTIVE, None)
    assert services.create_endpoint(
        organisation,
        by=owner,
        poster=HttpPoster(),
        at=MONDAY,
        **BODY,  # type: ignore[arg-type]
    )
