# SPDX-License-Identifier: Apache-2.0
"""The status instance: an entry of its own for each credential, on a list that anybody can read."""

import json
from urllib.parse import urlsplit

import pytest
from server.tests.api.vc_api.conftest import V2

from cairn.status import StatusList
from cairn_server.api.vc_api.instances import find

CHECKS = ["proof", "credentialStatus"]


@pytest.fixture
def issued(suite, credential):
    issuer = find("status").did
    return suite.issue(
        "status", {**credential, "id": "urn:uuid:1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "issuer": issuer}
    )


def list_of(suite, secured):
    url = secured["credentialStatus"]["statusListCredential"]
    assert url.startswith("https://cairn.example/")
    return suite.get(urlsplit(url).path)


def bits_of(response):
    return StatusList.decode(json.loads(response.content)["credentialSubject"]["encodedList"])


def test_the_entry_is_of_one_bit_and_says_no_more(issued):
    entry = issued["credentialStatus"]

    assert entry.keys() == {"type", "statusPurpose", "statusListIndex", "statusListCredential"}
    assert entry["type"] == "BitstringStatusListEntry"
    assert entry["statusPurpose"] == "revocation"
    assert str(int(entry["statusListIndex"])) == entry["statusListIndex"]


def test_every_credential_has_an_entry_of_its_own(suite, credential):
    indexes = {suite.issue("status", credential)["credentialStatus"]["statusListIndex"] for _ in range(20)}

    assert len(indexes) == 20


def test_the_list_is_a_credential_of_the_same_issuer(suite, issued):
    response = list_of(suite, issued)
    found = json.loads(response.content)

    assert response["Content-Type"] == "application/json"
    path = urlsplit(issued["credentialStatus"]["statusListCredential"]).path
    named = suite.client.get(path, headers={"Accept": "application/vc"})
    assert named["Content-Type"] == "application/vc"
    assert found["@context"] == [V2]
    assert "BitstringStatusListCredential" in found["type"]
    assert found["issuer"] == issued["issuer"]
    subject = found["credentialSubject"]
    assert subject["type"] == "BitstringStatusList"
    assert subject["encodedList"].startswith("u")
    assert len(bits_of(response)) >= 131_072
    assert suite.verifies(found)


def test_the_status_decides_when_it_is_asked_about(suite, issued):
    assert suite.verifies(issued, checks=CHECKS)

    entry = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}
    answer = suite.post(
        "/vc-api/credentials/status", {"credentialId": issued["id"], "credentialStatus": entry}
    )

    assert answer.status_code == 200
    assert bits_of(list_of(suite, issued)).get(int(issued["credentialStatus"]["statusListIndex"]))
    assert not suite.verifies(issued, checks=CHECKS)
    assert suite.verifies(issued, checks=["proof"])


def test_a_status_of_ones_own_is_kept_beside(suite, credential):
    own = {"type": "https://example.org/#OwnStatus"}

    statuses = suite.issue("status", {**credential, "credentialStatus": own})["credentialStatus"]

    assert [each["type"] for each in statuses] == [own["type"], "BitstringStatusListEntry"]


def test_an_entry_that_is_none_is_refused(suite, credential):
    entry = {
        "type": "BitstringStatusListEntry",
        "statusListIndex": True,
        "statusListCredential": "https://example.com",
    }

    suite.refuses_to_issue({**credential, "credentialStatus": entry}, "status")
    suite.refuses_to_issue({**credential, "statusEntry": entry}, "status")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"credentialId": 7, "credentialStatus": {}}, 400),
        ({"credentialId": "urn:uuid:1", "credentialStatus": {"type": "Other"}}, 400),
        (
            {
                "credentialId": "urn:uuid:1",
                "credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "refresh"},
            },
            400,
        ),
        (
            {
                "credentialId": "urn:uuid:00000000-0000-4000-8000-000000000000",
                "credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"},
            },
            404,
        ),
    ],
)
def test_what_cannot_be_revoked(suite, body, status):
    assert suite.post("/vc-api/credentials/status", body).status_code == status


def test_s8_a_list_that_cannot_be_had_is_never_a_yes(suite, credential):
    entry = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": "https://cairn.example/s/nowhere",
    }
    secured = suite.issue("eddsa-rdfc-2022", {**credential, "credentialStatus": entry})

    assert suite.verifies(secured)
    body = {"verifiableCredential": secured, "options": {"checks": CHECKS}}
    answer = suite.post("/vc-api/credentials/verify", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["type"].endswith("status-list#STATUS_RETRIEVAL_ERROR")
