# SPDX-License-Identifier: Apache-2.0
"""Status lists as strangers fetch them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client
from server.tests.conftest import MONDAY

from cairn import Verifier
from cairn.canonical import parse_json
from cairn.credential import format_datetime
from cairn.proof import status_token
from cairn.status import StatusList, TokenStatusList
from cairn.status.token_list import SUSPENDED, VALID
from cairn_server.api.status import fresh_for, fresh_token_for
from cairn_server.config import sources
from cairn_server.issuing import services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Credential


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def stranger() -> Client:
    return Client(headers={"host": "cairn.example"})


@pytest.fixture(params=["", "/suspension"])
def address(request: pytest.FixtureRequest, credential: Credential) -> str:
    return f"/s/{credential.status_list.public_id}{request.param}"


def test_a_list_is_a_credential_that_a_stranger_accepts(stranger: Client, address: str) -> None:
    answer = stranger.get(address)

    assert answer["Content-Type"] == "application/vc"
    document = parse_json(answer.content)
    assert document["id"] == f"https://cairn.example{address}"
    assert Verifier(sources.build()).examine(answer.content, at=MONDAY).accepted


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/vc"),
        ("text/html", "application/vc"),
        ("application/json", "application/json"),
        ("application/ld+json, application/json;q=0.5", "application/ld+json"),
        ("application/vc+ld+json", "application/vc+ld+json"),
        ("application/vc, application/vc+jwt;q=0.9, application/json;q=0.8", "application/vc"),
    ],
)
def test_n16_one_thing_has_four_names(stranger: Client, address: str, accept: str, content_type: str) -> None:
    answer = stranger.get(address, headers={"accept": accept})

    assert answer["Content-Type"] == content_type
    assert "Accept" in answer["Vary"]
    assert answer.content == stranger.get(address).content


def test_caches_are_told_what_the_issuer_signed(stranger: Client, address: str) -> None:
    answer = stranger.get(address)
    ttl = parse_json(answer.content)["credentialSubject"]["ttl"]

    assert answer["Cache-Control"] == f"public, max-age={ttl // 1000}"
    again = stranger.get(address, headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(("remaining", "seconds"), [(3600, 300), (120, 120), (0, 0), (-5, 0)])
def test_a_list_is_never_fresh_for_longer_than_it_is_valid(remaining: int, seconds: int) -> None:
    ends = format_datetime(MONDAY + timedelta(seconds=remaining))
    document = {"credentialSubject": {"ttl": 300_000}, "validUntil": ends}

    assert fresh_for(document, at=MONDAY) == seconds


def test_b87_it_asks_for_nothing_and_leaves_nothing_behind(stranger: Client, address: str) -> None:
    answer = stranger.get(address)

    assert not answer.cookies
    assert "Cookie" not in answer["Vary"]
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_b142_head_and_options_answer_and_nothing_else_does(stranger: Client, address: str) -> None:
    head = stranger.head(address)

    assert (head.status_code, head.content) == (200, b"")
    assert head["ETag"] == stranger.get(address)["ETag"]
    assert stranger.options(address).status_code == 204
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert stranger.generic(method, address).status_code == 405


def test_a_revocation_is_in_the_list_at_once(stranger: Client, credential: Credential, owner: Person) -> None:
    address = f"/s/{credential.status_list.public_id}"

    def bit(path: str) -> bool:
        document = parse_json(stranger.get(path).content)
        return StatusList.decode(document["credentialSubject"]["encodedList"]).get(credential.status_index)

    assert not bit(address)
    services.revoke(credential, by=owner, reason="issued in error", at=MONDAY)
    assert bit(address)
    assert not bit(f"{address}/suspension")


@pytest.mark.parametrize("name", ["AAAAAAAAAAAAAAAAAAAAAA", "1", "%00", "x" * 300, ""])
def test_a_list_that_does_not_exist_is_not_found(stranger: Client, credential: Credential, name: str) -> None:
    assert stranger.get(f"/s/{name}").status_code == 404
    assert stranger.get(f"/s/{name}/suspension").status_code == 404


# A moment that has passed


@pytest.fixture
def suspended_on_wednesday(owner: Person, credential: Credential) -> Credential:
    services.suspend(credential, by=owner, reason="Under review", at=MONDAY + timedelta(days=2))
    return credential


@pytest.mark.parametrize(("hours", "bits"), [(47, 0), (48, 1), (49, 1)])
def test_the_list_of_then_is_served_as_it_was_signed_then(
    stranger: Client, suspended_on_wednesday: Credential, hours: int, bits: int
) -> None:
    moment = MONDAY + timedelta(hours=hours)
    path = f"/s/{suspended_on_wednesday.status_list.public_id}/suspension"

    with time_machine.travel(MONDAY + timedelta(days=5), tick=False):
        answer = stranger.get(path, {"at": format_datetime(moment)})

    document = parse_json(answer.content)
    listed = StatusList.decode(document["credentialSubject"]["encodedList"])
    assert listed.get(suspended_on_wednesday.status_index) == bool(bits)
    assert answer["Cache-Control"] == "public, max-age=31536000"
    assert Verifier(sources.build()).examine(answer.content, at=moment).accepted


def test_what_may_still_change_is_not_kept(stranger: Client, address: str) -> None:
    answer = stranger.get(address, {"at": format_datetime(MONDAY)})

    assert (answer.status_code, answer["Cache-Control"]) == (200, "public, max-age=0")


@pytest.mark.parametrize(
    ("at", "status", "code"),
    [
        ("2026-11-22T09:00:00Z", 404, None),  # before the first
        ("2026-11-24T09:00:00Z", 400, "moment-ahead"),
        ("2026-11-22", 400, "invalid-moment"),
        ("", 400, "invalid-moment"),
        ("x" * 999, 400, "invalid-moment"),
    ],
)
def test_a_moment_without_a_list_has_none(
    stranger: Client, address: str, at: str, status: int, code: str | None
) -> None:
    answer = stranger.get(address, {"at": at})

    assert answer.status_code == status
    if code:
        assert parse_json(answer.content)["code"] == code


# For tokens


@pytest.fixture
def tokens(credential: Credential) -> str:
    return f"/s/{credential.status_list.public_id}/token"


def test_the_token_list_has_one_name_and_its_own_lifetime(stranger: Client, tokens: str) -> None:
    """Token Status List section 8.1, and 8.2 on CORS: also for whoever would rather have CWT."""
    answer = stranger.get(tokens, headers={"accept": "application/statuslist+cwt"})

    assert answer["Content-Type"] == "application/statuslist+jwt"
    assert answer["Cache-Control"] == "public, max-age=60"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer.cookies
    token = status_token.split(answer.content)
    assert token.claims["sub"] == f"https://cairn.example{tokens}"
    again = stranger.get(tokens, headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert stranger.post(tokens).status_code == 405


@pytest.mark.parametrize(("days", "seconds"), [(0, 60), (7, 0), (8, 0)])
def test_a_token_list_is_never_fresh_for_longer_than_it_counts(
    stranger: Client, tokens: str, days: int, seconds: int
) -> None:
    signed = stranger.get(tokens).content

    assert fresh_token_for(signed, at=MONDAY + timedelta(days=days)) == seconds


@pytest.mark.parametrize(("hours", "value"), [(47, VALID), (48, SUSPENDED), (49, SUSPENDED)])
def test_the_token_list_of_then_is_served_as_it_was_signed_then(
    stranger: Client, suspended_on_wednesday: Credential, hours: int, value: int
) -> None:
    """Token Status List section 8.4 with ``time``, and our own ``at``."""
    moment = MONDAY + timedelta(hours=hours)
    path = f"/s/{suspended_on_wednesday.status_list.public_id}/token"

    with time_machine.travel(MONDAY + timedelta(days=5), tick=False):
        by_time = stranger.get(path, {"time": str(int(moment.timestamp()))})
        by_at = stranger.get(path, {"at": format_datetime(moment)})

    assert by_time.content == by_at.content
    assert by_time["Content-Type"] == "application/statuslist+jwt"
    assert by_time["Cache-Control"] == "public, max-age=31536000"
    claims = status_token.split(by_time.content).claims
    assert claims["iat"] <= moment.timestamp() < claims["exp"]
    listed = TokenStatusList.from_claim(claims["status_list"])
    assert listed.get(suspended_on_wednesday.status_index) == value


@pytest.mark.parametrize("time", ["", "x", "-1", "1e9", "1.5", "99999999999", "٣", "2026-11-23T09:00:00Z"])
def test_b155_a_time_that_is_no_number_is_refused(stranger: Client, tokens: str, time: str) -> None:
    answer = stranger.get(tokens, {"time": time})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-moment")


def test_nobody_knows_the_token_list_of_tomorrow_or_of_before_there_was_one(
    stranger: Client, tokens: str
) -> None:
    tomorrow = stranger.get(tokens, {"time": str(int((MONDAY + timedelta(days=1)).timestamp()))})

    assert (tomorrow.status_code, tomorrow.json()["code"]) == (400, "moment-ahead")
    assert stranger.get(tokens, {"time": "0"}).status_code == 404
    assert stranger.get(f"/s/{'A' * 22}/token").status_code == 404
