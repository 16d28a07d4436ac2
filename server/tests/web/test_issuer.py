# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from django.utils import timezone

from cairn.canonical import parse_json
from cairn_server.achievements import services

UNKNOWN = "A" * 22


def address(organisation, ending: str = "") -> str:
    return f"/i/{organisation.public_id}{ending}"


def test_the_page_shows_what_it_awards_and_how_to_recognise_it(stranger, credential, organisation):
    page = stranger.get(address(organisation)).content.decode()

    organisation.refresh_from_db()
    assert "Ceramics: first firing" in page
    assert organisation.did in page
    assert address(organisation, "/did.json") in page


def test_drafts_and_archived_achievements_are_not_on_it(stranger, owner, version, organisation):
    at = timezone.now()
    services.draft_achievement(by=owner, organisation=organisation, fields={"name": "Secret plan"}, at=at)
    services.archive(version.achievement, by=owner, at=at)

    page = stranger.get(address(organisation)).content.decode()

    assert "Secret plan" not in page
    assert "Ceramics" not in page
    assert "Nothing published yet" in page


def test_machines_get_the_profile(stranger, credential, organisation):
    organisation.refresh_from_db()

    for path, accept in (
        (address(organisation), "application/ld+json"),
        (address(organisation, ".json"), "*/*"),
    ):
        response = stranger.get(path, headers={"accept": accept})
        assert response["Content-Type"] == "application/ld+json"
        assert parse_json(response.content)["id"] == organisation.did


def test_before_the_first_award_the_address_stands_in_for_the_identity(stranger, organisation):
    profile = parse_json(stranger.get(address(organisation, ".json")).content)

    assert profile["id"] == f"https://cairn.example{address(organisation)}"
    assert "has not awarded anything yet" in stranger.get(address(organisation)).content.decode()


def test_a_logo_is_served_and_a_missing_one_is_404(stranger, organisation):
    assert stranger.get(address(organisation, "/image.png")).status_code == 404
    organisation.logo_png = b"\x89PNG\r\n\x1a\n"
    organisation.save()

    response = stranger.get(address(organisation, "/image.png"))

    assert (response.status_code, response["Content-Type"]) == (200, "image/png")


@pytest.mark.parametrize("ending", ["", ".json", "/image.png"])
def test_an_unknown_one_is_404(stranger, db, ending):
    assert stranger.get(f"/i/{UNKNOWN}{ending}").status_code == 404


def test_a_website_that_is_no_web_address_is_no_link(stranger, organisation):
    type(organisation).objects.update(url="javascript:alert(1)")

    assert "javascript:" not in stranger.get(address(organisation)).content.decode()  # B125


def test_a_closed_organisation_says_so(stranger, organisation):
    type(organisation).objects.update(closed_at=timezone.now())

    assert "stopped awarding on" in stranger.get(address(organisation)).content.decode()
