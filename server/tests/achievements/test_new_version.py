# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from server.tests.conftest import TUESDAY

from cairn_server.achievements import services
from cairn_server.achievements.services import Archived, DraftExists
from cairn_server.errors import NotAllowed, NotVisible


def test_a_change_is_a_new_version_and_the_old_one_stays_as_it_was(issuer, version):
    second = services.new_version(version.achievement, by=issuer, at=TUESDAY)
    services.edit_draft(second, by=issuer, fields={"criteria": "Fire two kilns."}, at=TUESDAY)
    services.publish(second, by=issuer, at=TUESDAY)

    version.refresh_from_db()
    second.refresh_from_db()
    assert (version.number, version.criteria) == (1, "Fire one kiln.")
    assert (second.number, second.criteria, second.name) == (2, "Fire two kilns.", version.name)
    assert second.public_id != version.public_id
    assert version.achievement.published == second


def test_there_is_one_draft_at_a_time(issuer, version):
    services.new_version(version.achievement, by=issuer, at=TUESDAY)

    with pytest.raises(DraftExists):
        services.new_version(version.achievement, by=issuer, at=TUESDAY)


def test_an_archived_achievement_gets_no_new_version(issuer, version):
    services.archive(version.achievement, by=issuer, at=TUESDAY)

    with pytest.raises(Archived):
        services.new_version(version.achievement, by=issuer, at=TUESDAY)


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, version):
    with pytest.raises(NotAllowed):
        services.new_version(version.achievement, by=request.getfixturevalue(who), at=TUESDAY)


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, version):
    with pytest.raises(NotVisible):
        services.new_version(version.achievement, by=outsider, at=TUESDAY)
