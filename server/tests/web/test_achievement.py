# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from django.utils import timezone

from cairn.canonical import parse_json
from cairn_server.achievements import services

UNKNOWN = "A" * 22


def address(version, ending: str = "") -> str:
    return f"/a/{version.public_id}{ending}"


def test_the_page_says_how_it_is_earned(stranger, version):
    response = stranger.get(address(version))

    page = response.content.decode()
    assert "<strong>six bowls</strong>" in page
    assert "operate kilns" in page
    assert "Lakeside College" in page
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("accept", ["application/ld+json", "application/json"])
def test_machines_get_the_achievement_as_every_credential_carries_it(stranger, credential, version, accept):
    response = stranger.get(address(version), headers={"accept": accept})

    written = parse_json(response.content)
    assert response["Content-Type"] == accept
    assert "Accept" in response["Vary"]
    assert written.pop("@context")
    carried = parse_json(bytes(credential.secured.get(format="vc+ld+json").secured))
    assert written == carried["credentialSubject"]["achievement"]


def test_the_file_and_the_picture_have_addresses_of_their_own(stranger, version):
    document = stranger.get(address(version, ".json"))
    picture = stranger.get(address(version, "/image.png"))

    assert document["Content-Type"] == "application/ld+json"
    assert picture["Content-Type"] == "image/png"
    assert picture.content == bytes(version.picture.png)
    assert "immutable" in picture["Cache-Control"]
    for response in (document, picture):
        assert response["Access-Control-Allow-Origin"] == "*"
        assert not response.cookies
        again = stranger.get(response.wsgi_request.path, headers={"if-none-match": response["ETag"]})
        assert again.status_code == 304


@pytest.mark.parametrize("ending", ["", ".json", "/image.png"])
def test_a_draft_has_no_public_address(stranger, owner, organisation, ending):
    draft = services.draft_achievement(
        by=owner, organisation=organisation, fields={"name": "Secret plan"}, at=timezone.now()
    )

    assert stranger.get(address(draft, ending)).status_code == 404
    assert stranger.get(f"/a/{UNKNOWN}{ending}").status_code == 404


def test_an_older_version_points_to_the_newer_one(stranger, owner, version):
    at = timezone.now()
    newer = services.publish(services.new_version(version.achievement, by=owner, at=at), by=owner, at=at)

    assert address(newer) in stranger.get(address(version)).content.decode()
    assert "newer version" not in stranger.get(address(newer)).content.decode()


def test_head_works(stranger, version):
    for ending in ("", ".json", "/image.png"):
        assert stranger.head(address(version, ending)).status_code == 200
