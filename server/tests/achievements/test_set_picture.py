# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io

import pytest
from PIL import Image
from server.tests.conftest import TUESDAY

from cairn_server.achievements import services
from cairn_server.achievements.services import VersionFrozen
from cairn_server.achievements.uploads import NotAPicture
from cairn_server.errors import NotAllowed, NotVisible


@pytest.fixture
def upload() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "teal").save(out, "PNG")
    return out.getvalue()


def test_an_upload_takes_the_place_of_the_design(issuer, draft, upload):
    services.set_picture(draft, by=issuer, upload=upload, at=TUESDAY)

    draft.refresh_from_db()
    assert draft.design == {}
    assert draft.picture.svg == ""
    with Image.open(io.BytesIO(bytes(draft.picture.png))) as picture:
        assert picture.size == (600, 600)
        assert picture.getpixel((300, 300))[:3] == (0, 128, 128)
        assert picture.getpixel((300, 20)) == (0, 0, 0, 0)  # beside the broad picture, nothing


def test_the_same_pixels_are_one_row(issuer, draft, upload):
    services.set_picture(draft, by=issuer, upload=upload, at=TUESDAY)
    first = draft.__class__.objects.get(pk=draft.pk).picture_id

    services.set_picture(draft, by=issuer, upload=upload, at=TUESDAY)

    assert draft.__class__.objects.get(pk=draft.pk).picture_id == first


def test_what_is_no_picture_changes_nothing(issuer, draft):
    before = draft.picture_id

    with pytest.raises(NotAPicture):
        services.set_picture(draft, by=issuer, upload=b"GIF89a", at=TUESDAY)

    draft.refresh_from_db()
    assert draft.picture_id == before


def test_a_published_version_keeps_its_picture(issuer, version, upload):
    with pytest.raises(VersionFrozen):
        services.set_picture(version, by=issuer, upload=upload, at=TUESDAY)


def test_a_member_without_the_role_is_refused(reviewer, draft, upload):
    with pytest.raises(NotAllowed):
        services.set_picture(draft, by=reviewer, upload=upload, at=TUESDAY)


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, draft, upload):
    with pytest.raises(NotVisible):
        services.set_picture(draft, by=outsider, upload=upload, at=TUESDAY)
