# SPDX-License-Identifier: Apache-2.0
"""How a credential stands, for whoever holds its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server.tests.api.conftest import Caller
from server.tests.conftest import TUESDAY

from cairn_server.issuing import services

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Credential


def test_a_revoked_credential_says_since_when_and_why(credential: Credential, owner: Person) -> None:
    services.revoke(credential, by=owner, reason="issued in error", at=TUESDAY)

    answer = Caller().get(f"/credentials/{credential.public_id}/standing")

    assert answer.json() == {
        "credential": f"https://cairn.example/c/{credential.public_id}",
        "standing": "revoked",
        "since": "2026-11-24T09:00:00Z",
        "reason": "issued in error",
    }


def test_a_credential_in_good_standing_has_no_reason(credential: Credential) -> None:
    answer = Caller().get(f"/credentials/{credential.public_id}/standing").json()

    assert (answer["standing"], answer["since"], answer["reason"]) == ("active", None, "")


@pytest.mark.parametrize("name", ["AAAAAAAAAAAAAAAAAAAAAA", "1", "%00", "x" * 300, "..%2f..%2fetc"])
def test_b142_an_id_that_is_none_is_not_found(credential: Credential, name: str) -> None:
    assert Caller().get(f"/credentials/{name}/standing").status_code == 404
