# SPDX-License-Identifier: Apache-2.0
"""An award of a list, fetched as a token by a program that takes nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.tests import lists
from server.tests.conftest import MONDAY

from cairn_server.issuing import batches
from cairn_server.issuing.models import Credential

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from server.tests.api.conftest import Caller

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion


def test_it_is_signed_once_and_then_there_for_everybody(
    caller: Callable[..., Caller],
    foreign_caller: Caller,
    version: AchievementVersion,
    owner: Person,
    client: Client,
) -> None:
    lists.started("email,name\nann@people.example,Ann\n", by=owner, version=version)
    batches.run_waiting_batches(at=MONDAY)
    award = Credential.objects.get(recipient_name="Ann").public_id
    public = f"/c/{award}.jwt"
    assert client.get(public, headers={"host": "cairn.example"}).status_code == 404

    foreign = foreign_caller.post(f"/awards/{award}/token")
    first = caller().post(f"/awards/{award}/token")
    again = caller().post(f"/awards/{award}/token")

    assert foreign.status_code == 404
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["url"] == f"https://cairn.example{public}"
    fetched = client.get(public, headers={"host": "cairn.example"})
    assert fetched.content.decode() == first.json()["token"]
    assert fetched["Content-Type"] == "application/vc+jwt"
