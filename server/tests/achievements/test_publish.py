# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.achievements import services
from cairn_server.achievements.models import AchievementVersion
from cairn_server.achievements.services import Archived, NotReady, VersionFrozen
from cairn_server.errors import NotAllowed, NotVisible


def test_a_published_version_is_what_is_awarded(issuer, draft):
    services.publish(draft, by=issuer, at=TUESDAY)

    draft.refresh_from_db()
    assert draft.is_published
    assert draft.published_at == TUESDAY
    assert draft.achievement.published == draft
    assert draft.achievement.draft is None
    assert draft in AchievementVersion.objects.published()


def test_what_every_credential_needs_must_be_there(issuer, organisation):
    draft = services.draft_achievement(
        by=issuer, organisation=organisation, fields={"name": "Kiln"}, at=MONDAY
    )

    with pytest.raises(NotReady) as refusal:
        services.publish(draft, by=issuer, at=MONDAY)

    assert refusal.value.missing == ["a description", "criteria"]


def test_publishing_twice_is_refused(issuer, version):
    with pytest.raises(VersionFrozen):
        services.publish(version, by=issuer, at=TUESDAY)


def test_an_archived_achievement_is_not_published(issuer, draft):
    services.archive(draft.achievement, by=issuer, at=MONDAY)

    with pytest.raises(Archived):
        services.publish(draft, by=issuer, at=TUESDAY)


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, draft):
    with pytest.raises(NotAllowed):
        services.publish(draft, by=request.getfixturevalue(who), at=TUESDAY)


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, draft):
    with pytest.raises(NotVisible):
        services.publish(draft, by=outsider, at=TUESDAY)
