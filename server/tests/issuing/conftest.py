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
from cairn_server.issuing import services, status_lists
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
    }
    if organisation.did.startswith("did:web:"):
        answers[did_web_url(organisation.did)] = to_json(did_document(organisation))
    return FixedSources(answers)
