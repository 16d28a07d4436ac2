# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from server.tests.conftest import TUESDAY

from cairn_server.achievements import services
from cairn_server.achievements.models import AchievementVersion
from cairn_server.achievements.services import InvalidField, VersionFrozen
from cairn_server.errors import NotAllowed, NotVisible


def test_the_named_fields_change_and_the_others_stay(issuer, draft):
    services.edit_draft(draft, by=issuer, fields={"level": "4", "tags": ["clay", "clay", ""]}, at=TUESDAY)

    draft.refresh_from_db()
    assert (draft.level, draft.tags, draft.name) == ("4", ["clay"], "First firing")


def test_another_design_makes_another_picture(issuer, draft):
    before = draft.picture_id

    services.edit_draft(draft, by=issuer, fields={"design": {"shape": "shield", "icon": "flame"}}, at=TUESDAY)

    draft.refresh_from_db()
    assert draft.picture_id != before
    assert draft.design["shape"] == "shield"


def test_a_logo_that_the_organisation_does_not_have_is_refused(issuer, draft):
    with pytest.raises(InvalidField):
        services.edit_draft(draft, by=issuer, fields={"design": {"logo": True}}, at=TUESDAY)


def test_b156_a_published_version_is_frozen(issuer, version):
    with pytest.raises(VersionFrozen):
        services.edit_draft(version, by=issuer, fields={"criteria": "Nothing at all."}, at=TUESDAY)


def test_a_published_version_is_frozen_also_for_someone_who_read_it_as_a_draft(issuer, draft):
    as_it_was = AchievementVersion.objects.get(pk=draft.pk)
    services.publish(draft, by=issuer, at=TUESDAY)

    with pytest.raises(VersionFrozen):
        services.edit_draft(as_it_was, by=issuer, fields={"criteria": "Nothing at all."}, at=TUESDAY)


def test_b156_the_database_itself_refuses_to_change_a_published_version(version):
    """The line below every code path: a bulk update, a console, another program."""
    with pytest.raises(DatabaseError), transaction.atomic():
        AchievementVersion.objects.filter(pk=version.pk).update(criteria="Nothing at all.")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE achievements_achievementversion SET state = 'draft', published_at = NULL WHERE id = %s",
            [version.pk],
        )

    version.refresh_from_db()
    assert (version.criteria, version.state) == ("Fire one kiln.", "published")


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, draft):
    with pytest.raises(NotAllowed):
        services.edit_draft(draft, by=request.getfixturevalue(who), fields={"level": "4"}, at=TUESDAY)


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, draft):
    with pytest.raises(NotVisible):
        services.edit_draft(draft, by=outsider, fields={"level": "4"}, at=TUESDAY)
