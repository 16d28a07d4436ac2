# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from server.tests.achievements.conftest import FIELDS
from server.tests.conftest import MONDAY

from cairn_server.achievements import services
from cairn_server.achievements.models import Achievement, AchievementVersion
from cairn_server.achievements.services import InvalidField
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.journal.models import Entry


def test_a_draft_is_number_one_and_shows_its_name(issuer, organisation):
    draft = services.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)

    assert (draft.number, draft.state) == (1, "draft")
    assert draft.picture is not None
    assert "First firing" in draft.picture.svg
    assert Entry.objects.of(organisation.public_id).last().verb == "achievement drafted"


def test_a_name_that_the_typeface_cannot_write_still_gets_a_picture(issuer, organisation):
    draft = services.draft_achievement(
        by=issuer, organisation=organisation, fields=FIELDS | {"name": "陶芸入門"}, at=MONDAY
    )

    assert draft.name == "陶芸入門"
    assert "<text" not in draft.picture.svg


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, organisation):
    with pytest.raises(NotAllowed):
        services.draft_achievement(
            by=request.getfixturevalue(who), organisation=organisation, fields=FIELDS, at=MONDAY
        )


def test_b135_to_an_outsider_the_organisation_does_not_exist(outsider, organisation):
    with pytest.raises(NotVisible):
        services.draft_achievement(by=outsider, organisation=organisation, fields=FIELDS, at=MONDAY)


def test_b135_an_outsider_sees_neither_the_achievement_nor_its_versions(outsider, issuer, draft):
    assert draft in AchievementVersion.objects.visible_to(issuer)

    assert not AchievementVersion.objects.visible_to(outsider).exists()
    assert not Achievement.objects.visible_to(outsider).exists()


@pytest.mark.parametrize(
    "name", ["state", "number", "public_id", "published_at", "achievement", "picture", "id"]
)
def test_b139_nothing_but_content_is_taken_from_outside(issuer, organisation, name):
    with pytest.raises(InvalidField) as refusal:
        services.draft_achievement(
            by=issuer, organisation=organisation, fields=FIELDS | {name: "published"}, at=MONDAY
        )

    assert refusal.value.field == name
    assert not AchievementVersion.objects.exists()


ALIGNED = {"target_name": "first aid", "target_url": "http://data.europa.eu/esco/skill/f7464f30"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 121),
        ("name", 7),
        ("name", "Kiln\r\nBcc: x"),  # B128
        ("name", "Ki\u202eln"),  # B129: a bidirectional override
        ("criteria", "one\x00two"),
        ("achievement_type", "Trophy"),
        ("level", "9"),
        ("level", "0"),
        ("workload_hours", 0),
        ("workload_hours", True),
        ("workload_hours", "12"),
        ("credits", "0"),
        ("credits", "NaN"),
        ("credits", "1.234"),
        ("language", "English"),
        ("language", "en_GB"),
        ("validity_days", -1),
        ("validity_days", 36_501),
        ("tags", "clay"),
        ("tags", ["x"] * 21),
        ("alignments", [{"target_name": "first aid"}]),
        ("alignments", [ALIGNED | {"target_url": "javascript:alert(1)"}]),  # B18
        ("alignments", [ALIGNED | {"target_url": "/skill/1"}]),
        ("alignments", [ALIGNED | {"target_url": "https://user@evil.example/"}]),
        ("alignments", [ALIGNED | {"target_type": "Skill"}]),
        ("alignments", [ALIGNED | {"is_staff": "1"}]),
        ("alignments", [ALIGNED] * 51),
    ],
)
def test_what_cannot_stand_in_a_field_is_refused_with_the_name_of_the_field(
    issuer, organisation, field, value
):
    with pytest.raises(InvalidField) as refusal:
        services.draft_achievement(
            by=issuer, organisation=organisation, fields=FIELDS | {field: value}, at=MONDAY
        )

    assert refusal.value.field == field
    assert refusal.value.status == 400
