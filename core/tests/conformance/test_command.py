# SPDX-License-Identifier: Apache-2.0
"""The JOSE and COSE suite's command: a file, a verification method, a feature; a result in four words."""

import json

import pytest

from cairn.canonical import to_json
from cairn.conformance import W3C_TEST_SUITE
from cairn.conformance.command import FEATURES, issue, pointers_of, verify
from cairn.errors import MalformedError
from cairn.keys import PrivateKey

KEY = PrivateKey.from_seed(bytes(31) + b"\x01")
METHOD = {
    "id": "https://issuer.example/vc#key-1",
    "type": "JsonWebKey",
    "controller": "https://issuer.example/vc",
    "publicKeyJwk": KEY.public_key.jwk(),
    "secretKeyJwk": KEY.to_jwk(),
}


def issued(document, feature="credential_jose", key=METHOD, **more):
    return issue(to_json(document), key, feature=feature, policy=W3C_TEST_SUITE, **more)


def verified(data, feature="credential_jose", key=METHOD):
    return verify(data, key, feature=feature, policy=W3C_TEST_SUITE)["result"]


def test_the_six_features():
    assert FEATURES == (
        "credential_jose",
        "credential_sdjwt",
        "credential_cose",
        "presentation_jose",
        "presentation_sdjwt",
        "presentation_cose",
    )


@pytest.mark.parametrize("feature", FEATURES)
def test_what_is_issued_verifies(credential, presentation, feature):
    document = credential if feature.startswith("credential") else presentation

    answer = issued(document, feature)

    assert answer["result"] == "success"
    assert verified(answer["data"].encode() + b"\n", feature) == "success"


def test_a_no_is_a_failure(credential):
    answer = issued({**credential, "issuer": None})

    assert answer["result"] == "failure"
    assert "issuer" in answer["data"]
    assert verified(b"not a token") == "failure"
    assert verified("ü".encode()) == "failure"
    assert verified(json.dumps(credential).encode()) == "failure"


def test_a_document_that_cannot_be_read_is_a_failure():
    assert issue(b"{", METHOD, feature="credential_jose", policy=W3C_TEST_SUITE)["result"] == "failure"


def test_could_not_tell_is_its_own_word(credential):
    unknown = {**credential, "@context": [*credential["@context"], "https://example.org/unknown"]}

    assert issued(unknown)["result"] == "indeterminate"


@pytest.mark.parametrize("member", ["publicKeyJwk", "secretKeyJwk", "id"])
def test_a_key_that_cannot_be_used_is_an_error(credential, member):
    key = {name: value for name, value in METHOD.items() if name != member}

    if member == "publicKeyJwk":
        assert verified(b"a.b.c", key=key) == "error"
    else:
        assert issued(credential, key=key)["result"] == "error"


def test_paths_become_pointers(credential):
    assert pointers_of('["credentialSubject.phones[0]", "holder", "a~b.c"]') == [
        "/credentialSubject/phones/0",
        "/holder",
        "/a~0b/c",
    ]
    subject = {"id": "did:example:subject", "name": "Jane"}
    answer = issued(
        {**credential, "credentialSubject": subject},
        "credential_sdjwt",
        disclosable='["credentialSubject.name"]',
    )
    assert answer["data"].count("~") == 2


@pytest.mark.parametrize("text", ["{}", "[1]", '["a..b"]', '["[0]"]', "[", '[], "more": []'])
def test_what_is_no_list_of_paths(credential, text):
    if text != '[], "more": []':
        with pytest.raises(MalformedError):
            pointers_of(text)
    assert issued(credential, "credential_sdjwt", disclosable=text)["result"] in ("error", "success")
