# SPDX-License-Identifier: Apache-2.0
"""DID documents, security.txt and robots.txt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from cairn.canonical import parse_json
from cairn.did import DidDocument, did_web_url

if TYPE_CHECKING:
    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation


@pytest.fixture
def stranger() -> Client:
    return Client(headers={"host": "cairn.example"})


def test_a_did_document_stands_where_the_did_says(stranger: Client, credential: Credential) -> None:
    did = credential.organisation.did
    answer = stranger.get(did_web_url(did).removeprefix("https://cairn.example"))

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/did+json"
    document = DidDocument.read(parse_json(answer.content), expected_id=did)
    assert len(document.methods) == 1


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/json", "application/json"),
        ("application/did+ld+json", "application/did+ld+json"),
        ("application/ld+json", "application/ld+json"),
        (
            "application/did+json, application/did+ld+json;q=0.9, application/json;q=0.8",
            "application/did+json",
        ),
        ("text/html", "application/did+json"),
    ],
)
def test_it_is_called_what_was_asked_for(
    stranger: Client, credential: Credential, accept: str, content_type: str
) -> None:
    path = f"/i/{credential.organisation.public_id}/did.json"

    assert stranger.get(path, headers={"accept": accept})["Content-Type"] == content_type


def test_it_can_be_read_across_origins_and_kept(stranger: Client, credential: Credential) -> None:
    answer = stranger.get(f"/i/{credential.organisation.public_id}/did.json")

    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Cache-Control"] == "public, max-age=60"
    assert not answer.cookies
    kept = {"if-none-match": answer["ETag"]}
    assert stranger.get(answer.request["PATH_INFO"], headers=kept).status_code == 304


def test_before_the_first_award_there_is_no_identity(stranger: Client, organisation: Organisation) -> None:
    assert organisation.did == ""
    assert stranger.get(f"/i/{organisation.public_id}/did.json").status_code == 404


def test_a_did_key_needs_no_document(stranger: Client, organisation: Organisation) -> None:
    organisation.did = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    organisation.save()

    assert stranger.get(f"/i/{organisation.public_id}/did.json").status_code == 404


def test_security_txt_names_a_contact_and_a_day(stranger: Client, installation: object) -> None:
    lines = stranger.get("/.well-known/security.txt").content.decode().splitlines()
    fields = dict(line.split(": ", 1) for line in lines)

    assert fields["Contact"] == "https://cairn.example/imprint"
    assert fields["Canonical"] == "https://cairn.example/.well-known/security.txt"
    expires = datetime.fromisoformat(fields["Expires"])
    # RFC 9116 §2.5.5: less than a year ahead.
    assert timedelta(0) < expires - datetime.now(UTC) < timedelta(days=365)


def test_robots_stay_out_of_where_people_work_and_may_see_noindex(
    stranger: Client, installation: object
) -> None:
    text = stranger.get("/robots.txt").content.decode()

    assert "Disallow: /organisations/" in text
    assert "Disallow: /c/" not in text


@pytest.mark.django_db
def test_the_icon_is_where_browsers_look_for_it(stranger: Client) -> None:
    answer = stranger.get("/favicon.ico")

    assert answer.status_code == 301
    assert answer["Cache-Control"] == "public, max-age=604800"
    icon = stranger.get(answer["Location"])
    assert icon["Content-Type"].startswith("image/svg+xml")
    assert b"".join(icon.streaming_content).startswith(b"<svg")
    icon.close()
