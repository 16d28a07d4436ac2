# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from server.tests.conftest import TUESDAY

from cairn_server.achievements import services
from cairn_server.achievements.services import Archived
from cairn_server.errors import NotAllowed, NotVisible


def test_what_was_published_stays_published(issuer, version):
    services.archive(version.achievement, by=issuer, at=TUESDAY)

    version.achievement.refresh_from_db()
    version.refresh_from_db()
    assert version.achievement.archived_at == TUESDAY
    assert version.is_published


def test_archiving_twice_is_refused(issuer, version):
    services.archive(version.achievement, by=issuer, at=TUESDAY)

    with pytest.raises(Archived):
        services.archive(version.achievement, by=issuer, at=TUESDAY)


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, version):
    with pytest.raises(NotAllowed):
        services.archive(version.achievement, by=request.getfixturevalue(who), at=TUESDAY)


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, version):
    with pytest.raises(NotVisible):
        services.archive(version.achievement, by=outsider, at=TUESDAY)
