# SPDX-License-Identifier: Apache-2.0
"""How a credential stands, for whoever holds its address."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from server.tests.api.conftest import Caller
from server.tests.conftest import TUESDAY

from cairn_server.issuing import replacing, services

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Credential


DAY = timedelta(days=1)


def test_a_revoked_credential_says_since_when_and_why(credential: Credential, owner: Person) -> None:
    services.revoke(credential, by=owner, reason="issued in error", at=TUESDAY)

    answer = Caller().get(f"/credentials/{credential.public_id}/standing")

    assert answer.json() == {
        "credential": f"https://cairn.example/c/{credential.public_id}",
        "standing": "revoked",
        "since": "2026-11-24T09:00:00Z",
        "reason": "issued in error",
        "until": None,
        "replaced_by": None,
        "replaces": None,
        "lists": [
            credential.status_list.address,
            f"{credential.status_list.address}/suspension",
        ],
        "history": [
            {
                "standing": "revoked",
                "at": "2026-11-24T09:00:00Z",
                "until": None,
                "replaced": False,
                "reason": "issued in error",
            }
        ],
    }


def test_how_it_stood_on_a_day_that_has_passed(credential: Credential, owner: Person) -> None:
    services.suspend(credential, by=owner, reason="under review", at=TUESDAY, until=TUESDAY + DAY)
    services.revoke(credential, by=owner, reason="issued in error", at=TUESDAY + 2 * DAY)

    with time_machine.travel(TUESDAY + 9 * DAY):
        answers = {
            day: Caller().get(f"/credentials/{credential.public_id}/standing?at={day}").json()
            for day in ("2026-11-23", "2026-11-24", "2026-11-27")
        }

    assert {day: (answer["standing"], len(answer["history"])) for day, answer in answers.items()} == {
        "2026-11-23": ("active", 0),
        "2026-11-24": ("suspended", 1),
        "2026-11-27": ("revoked", 2),
    }
    assert answers["2026-11-24"]["lists"][0] == f"{credential.status_list.address}?at=2026-11-24T23:59:59Z"


@pytest.mark.parametrize("moment", ["soon", "2099-01-01", "2026-11-24T09:00:00"])
def test_a_moment_that_is_none_is_refused(credential: Credential, moment: str) -> None:
    answer = Caller().get(f"/credentials/{credential.public_id}/standing?at={moment}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-moment")


def test_a_mended_one_and_the_one_before_name_each_other(credential: Credential, owner: Person) -> None:
    mended = replacing.replace(credential, by=owner, reason="Wrong name.", at=TUESDAY, name="Lena Lind")

    old = Caller().get(f"/credentials/{credential.public_id}/standing").json()
    new = Caller().get(f"/credentials/{mended.public_id}/standing").json()

    assert (old["replaced_by"], new["replaces"]) == (new["credential"], old["credential"])
    assert (old["history"][0]["replaced"], new["standing"]) == (True, "active")


def test_a_credential_in_good_standing_has_no_reason(credential: Credential) -> None:
    answer = Caller().get(f"/credentials/{credential.public_id}/standing").json()

    assert (answer["standing"], answer["since"], answer["reason"]) == ("active", None, "")


@pytest.mark.parametrize("name", ["AAAAAAAAAAAAAAAAAAAAAA", "1", "%00", "x" * 300, "..%2f..%2fetc"])
def test_b142_an_id_that_is_none_is_not_found(credential: Credential, name: str) -> None:
    assert Caller().get(f"/credentials/{name}/standing").status_code == 404
