# SPDX-License-Identifier: Apache-2.0
"""did:key resolution over HTTP."""

from urllib.parse import quote

import pytest

from cairn.did import did_key
from cairn.testing import demo_key

KEY = demo_key().public_key
DID = did_key(KEY)
METHOD = f"{DID}#{KEY.multikey()}"
MEDIA_TYPE = 'application/ld+json;profile="https://w3id.org/did-resolution"'


def resolved(suite, url, **query):
    response = suite.get(f"/vc-api/identifiers/{quote(url, safe='')}", **query)
    assert response["Content-Type"] == MEDIA_TYPE
    return response.status_code, response.json()


def test_a_document(suite):
    status, body = resolved(suite, DID)

    assert (status, body["didDocument"]["id"]) == (200, DID)
    assert body.keys() >= {"@context", "didDocument", "didDocumentMetadata", "didResolutionMetadata"}


def test_a_method(suite):
    status, body = resolved(suite, METHOD)

    assert (status, body["didDocument"]["controller"]) == (200, DID)


@pytest.mark.parametrize(
    ("url", "query", "code"),
    [
        (DID.replace("did:", "notDid:"), {}, "invalidDid"),
        (DID.replace(":z6", ":6"), {}, "invalidDid"),
        (f"{DID}/^bar^/?query=`#{KEY.multikey()}", {}, "invalidDidUrl"),
        (DID, {"publicKeyFormat": "unknown"}, "unsupportedPublicKeyType"),
        (
            METHOD,
            {"publicKeyFormat": "Ed25519VerificationKey2018", "enableExperimentalPublicKeyTypes": "false"},
            "invalidPublicKeyType",
        ),
        (
            METHOD,
            {"publicKeyFormat": "Ed25519VerificationKey2018", "enableExperimentalPublicKeyTypes": "true"},
            "unsupportedPublicKeyType",
        ),
    ],
)
def test_an_error_stands_in_both_kinds_of_metadata(suite, url, query, code):
    status, body = resolved(suite, url, **query)

    assert 400 <= status < 500
    assert body["didResolutionMetadata"]["error"] == body["didDereferencingMetadata"]["error"] == code
