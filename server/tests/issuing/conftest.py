# SPDX-License-Identifier: Apache-2.0
"""What the tests of issuing begin with: a published version, an award, and what a stranger could fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from server.tests.conftest import MONDAY, PUBLIC_URL

from cairn.canonical import to_json
from cairn.did import did_web_url
from cairn.testing import FixedSources
from cairn_server.achievements import services as achievements
from cairn_server.issuing import batches, chunks, services, status_lists, storage
from cairn_server.issuing.models import Batch
from cairn_server.issuing.services import Recipient
from cairn_server.organisations.identity import did_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation

FIELDS: dict[str, Any] = {
    "name": "First firing",
    "description": "Fires stoneware in an electric kiln.",
    "criteria": "Fire **one** kiln without help.",
    "level": "3",
    "workload_hours": 24,
}


@pytest.fixture
def version(issuer: Person, organisation: Organisation) -> AchievementVersion:
    draft = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)
    return achievements.publish(draft, by=issuer, at=MONDAY)


@pytest.fixture
def award(issuer: Person, version: AchievementVersion, learner: Person) -> Callable[..., Credential]:
    """Award ``version`` to Lena; every keyword can be said otherwise."""
    made = iter(range(10_000))

    def make(**changes: Any) -> Credential:
        usual: dict[str, Any] = {
            "by": issuer,
            "version": version,
            "recipient": Recipient("Lena Lindholm", learner.email),
            "request_key": f"test:{next(made)}",
            "at": MONDAY,
        }
        return services.award(**usual | changes)

    return make


@pytest.fixture
def credential(award: Callable[..., Credential]) -> Credential:
    return award()


def sources_of(credential: Credential, *, public_url: str = PUBLIC_URL) -> FixedSources:
    """What stands under the public addresses that this credential names: all that a stranger needs."""
    organisation, public_id = credential.organisation, credential.status_list.public_id
    answers = {
        f"{public_url}/s/{public_id}": status_lists.status_list_credential(
            public_id, "revocation", at=MONDAY
        ),
        f"{public_url}/s/{public_id}/suspension": status_lists.status_list_credential(
            public_id, "suspension", at=MONDAY
        ),
        f"{public_url}/s/{public_id}/token": status_lists.status_list_credential(
            public_id, "token", at=MONDAY
        ),
    }
    if organisation.did.startswith("did:web:"):
        answers[did_web_url(organisation.did)] = to_json(did_document(organisation))
    return FixedSources(answers)


# Lists


def row(number: int, **values: Any) -> tuple[int, str, dict[str, Any]]:
    usual = {
        "name": f"Person {number - 2}",
        "email": f"p{number - 2}@people.example",
        "grade": str(number - 2),
        "issue_date": "2026-11-20",
    }
    return number, f"test:{number}", usual | values


def people(count: int) -> list[tuple[int, str, dict[str, Any]]]:
    return [row(number) for number in range(2, 2 + count)]


@pytest.fixture
def accept(issuer: Person, version: AchievementVersion) -> Callable[..., Batch]:
    """A list that was checked and found good."""

    def make(rows: list[tuple[int, str, dict[str, Any]]]) -> Batch:
        batch = Batch.objects.create(
            organisation=version.organisation,
            version=version,
            started_by=issuer,
            state=Batch.State.CHECKED,
            total=len(rows),
            created_at=MONDAY,
        )
        storage.copy_rows(batch, [(number, key, row(number)[2] | values) for number, key, values in rows])
        return batch

    return make


@pytest.fixture
def start(issuer: Person, accept: Callable[..., Batch]) -> Callable[[int], Batch]:
    def make(count: int) -> Batch:
        return batches.start(accept(people(count)), by=issuer, at=MONDAY)

    return make


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "ROWS", 10)
