# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from server.tests.conftest import MONDAY

from cairn_server.achievements import services

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.organisations.models import Organisation

FIELDS = {"name": "First firing", "description": "Fires a kiln.", "criteria": "Fire one kiln."}


@pytest.fixture
def draft(issuer: Person, organisation: Organisation) -> AchievementVersion:
    return services.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)


@pytest.fixture
def version(issuer: Person, draft: AchievementVersion) -> AchievementVersion:
    return services.publish(draft, by=issuer, at=MONDAY)


def png(size: tuple[int, int], **options: object) -> bytes:
    """A picture of one colour; ``options`` are Pillow's for saving it."""
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, "PNG", **options)
    return out.getvalue()
