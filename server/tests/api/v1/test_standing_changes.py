# SPDX-License-Identifier: Apache-2.0
"""Many awards in one decision, and mending one, over the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from cairn_server.issuing import standing
from cairn_server.issuing.life import LifePolicy
from cairn_server.organisations.models import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.api.conftest import Caller

    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation

WRITE, READ = Scope.AWARDS_WRITE, Scope.AWARDS_READ


def body(**changes: object) -> dict[str, object]:
    return {"standing": "revoked", "reason": "The course was not held."} | changes


@pytest.mark.parametrize("which", ["awards", "achievement"])
def test_many_are_revoked_in_one_request(
    caller: Callable[..., Caller], credential: Credential, which: str
) -> None:
    chosen = {"awards": [credential.public_id], "achievement": credential.version.public_id}[which]

    asked = caller(WRITE).post("/standing-changes", body(**{which: chosen}))
    standing.work_off(at=timezone.now())
    answer = caller(READ).get(f"/standing-changes/{asked.json()['id']}")

    assert (asked.status_code, asked.json()["state"]) == (202, "running")
    assert (answer.json()["state"], answer.json()["done"]) == ("done", 1)
    credential.refresh_from_db()
    assert credential.standing == "revoked"


def test_above_the_limit_it_waits_for_somebody_else(
    caller: Callable[..., Caller], credential: Credential, organisation: Organisation
) -> None:
    LifePolicy.objects.create(organisation=organisation, approve_above=0)

    asked = caller(WRITE).post("/standing-changes", body(awards=[credential.public_id]))
    standing.work_off(at=timezone.now())

    assert asked.json()["state"] == "awaiting"
    credential.refresh_from_db()
    assert credential.standing == "active"


@pytest.mark.parametrize(
    ("which", "code"),
    [
        ({}, "which-awards"),
        ({"awards": ["A" * 22], "achievement": "A" * 22}, "which-awards"),
        ({"awards": ["A" * 22]}, "unknown-award"),
    ],
)
def test_what_is_meant_has_to_be_clear(
    caller: Callable[..., Caller], credential: Credential, which: dict[str, object], code: str
) -> None:
    answer = caller(WRITE).post("/standing-changes", body(**which))

    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_suspension_can_have_an_end(caller: Callable[..., Caller], credential: Credential) -> None:
    answer = caller(WRITE).post(
        f"/awards/{credential.public_id}/suspend",
        {"reason": "Under review.", "until": "2099-01-01T00:00:00Z"},
    )

    assert answer.status_code == 200
    credential.refresh_from_db()
    assert credential.suspended_until is not None


def test_an_award_is_mended(caller: Callable[..., Caller], credential: Credential) -> None:
    answer = caller(WRITE).post(
        f"/awards/{credential.public_id}/replace", {"reason": "Wrong name.", "name": "Lena Lind"}
    )

    assert (answer.status_code, answer.json()["recipient"]["name"]) == (201, "Lena Lind")
    credential.refresh_from_db()
    assert credential.standing == "revoked"
