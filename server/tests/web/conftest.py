# SPDX-License-Identifier: Apache-2.0
"""A stranger's browser, a published achievement, and a way to award it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from cairn_server.achievements import services as achievements
from cairn_server.issuing import services as issuing

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation

PAGE = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    cache.clear()


@pytest.fixture
def stranger() -> Client:
    """Somebody with a browser and nothing else."""
    return Client(headers={"host": "cairn.example", **PAGE})


@pytest.fixture
def version(owner: Person, organisation: Organisation) -> AchievementVersion:
    at = timezone.now()
    draft = achievements.draft_achievement(
        by=owner,
        organisation=organisation,
        fields={
            "name": "Ceramics: first firing",
            "description": "Throws and fires a set of bowls.",
            "criteria": "To earn this, you throw **six bowls**.",
            "level": "5",
            "credits": "1",
            "tags": ["stoneware"],
            "alignments": [
                {"target_name": "operate kilns", "target_url": "http://data.europa.eu/esco/skill/1"}
            ],
        },
        at=at,
    )
    return achievements.publish(draft, by=owner, at=at)


@pytest.fixture
def award(owner: Person, version: AchievementVersion) -> Callable[..., Credential]:
    """Award the achievement to Ada, or to whoever is named, just now."""
    count = 0

    def make(name: str = "Ada Lovelace", **more: Any) -> Credential:
        nonlocal count
        count += 1
        return issuing.award(
            by=owner,
            version=more.pop("version", version),
            recipient=issuing.Recipient(name=name, email="ada@people.example"),
            request_key=f"award-{count}",
            at=more.pop("at", None) or timezone.now(),
            **more,
        )

    return make


@pytest.fixture
def credential(award: Callable[..., Credential]) -> Credential:
    return award()
