# SPDX-License-Identifier: Apache-2.0
"""What a suite's issuer signs, and what it refuses to put a signature under."""

import pytest

from cairn.conformance import W3C_TEST_SUITE
from cairn.conformance.issuing import derive, issue, issue_enveloped
from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import Algorithm, PrivateKey
from cairn.proof import data_integrity
from cairn.testing import NOON, demo_key, key_method

P256 = PrivateKey.from_bytes(Algorithm.P256, bytes(31) + b"\x07")
VC_1 = "https://www.w3.org/2018/credentials/v1"
DATA_INTEGRITY = "https://w3id.org/security/data-integrity/v2"


def with_sd(document, *pointers):
    return issue(
        document,
        P256,
        verification_method=key_method(P256.public_key),
        at=NOON,
        cryptosuite=data_integrity.ECDSA_SD,
        mandatory_pointers=pointers,
        policy=W3C_TEST_SUITE,
    )


def test_what_was_sent_is_signed_as_it_was_sent(credential, signed):
    assert {name: value for name, value in signed(credential).items() if name != "proof"} == credential


def test_vc_1_1_gets_the_context_that_its_proof_needs(credential, signed):
    old = {**credential, "@context": [VC_1], "issuanceDate": "2026-11-23T12:00:00Z"}

    assert signed(old)["@context"] == [VC_1, DATA_INTEGRITY]
    with_one = {**old, "@context": [VC_1, "https://w3id.org/security/data-integrity/v1"]}
    assert signed(with_one)["@context"] == with_one["@context"]


@pytest.mark.parametrize(
    ("change", "error", "code"),
    [
        ({"type": ["VerifiablePresentation"]}, MalformedError, "structure"),
        ({"issuer": None}, MalformedError, "structure"),
        ({"favouriteColour": "blue"}, MalformedError, "data-loss"),
        ({"name": "a\x07b"}, MalformedError, "control-character"),
        ({"proof": {}}, MalformedError, "already-signed"),
        (
            {"@context": ["https://www.w3.org/ns/credentials/v2", "https://a.example"]},
            UnsupportedError,
            "unknown-context",
        ),
    ],
)
@pytest.mark.parametrize("suite", [data_integrity.RDFC, data_integrity.JCS, None], ids=str)
def test_what_no_suite_gets_signed(credential, signed, suite, change, error, code):
    document = {**credential, **change}

    with pytest.raises(error, match=code):
        issue_enveloped(
            document, P256, kid="did:example:a", policy=W3C_TEST_SUITE
        ) if suite is None else signed(document, suite)


def test_pointers_are_for_one_suite_only(credential):
    with pytest.raises(MalformedError, match="options"):
        issue(
            credential,
            demo_key(),
            verification_method=key_method(demo_key().public_key),
            at=NOON,
            cryptosuite=data_integrity.RDFC,
            mandatory_pointers=["/issuer"],
            policy=W3C_TEST_SUITE,
        )


def test_a_pointer_to_nothing_is_refused(credential):
    with pytest.raises(MalformedError, match="pointer-"):
        with_sd(credential, "/credentialSubject/missing")


def test_a_copy_shows_what_is_mandatory_and_what_is_chosen(credential):
    base = with_sd({**credential, "name": "A", "description": "B"}, "/name")

    copy = derive(base, selective_pointers=["/credentialSubject/id"], policy=W3C_TEST_SUITE)

    assert (copy["name"], copy["issuer"], "description" in copy) == ("A", credential["issuer"], False)


def test_an_enveloped_credential(credential):
    envelope = issue_enveloped(credential, P256, kid="did:example:a", policy=W3C_TEST_SUITE)

    assert envelope["type"] == "EnvelopedVerifiableCredential"
    assert envelope["id"].startswith("data:application/vc+jwt,ey")
