# SPDX-License-Identifier: Apache-2.0
"""did:key resolution: a document, one of its methods, or an error code in both kinds of metadata."""

import pytest

from cairn.conformance.resolving import resolve
from cairn.did import did_key
from cairn.keys import Algorithm, PrivateKey, multibase_encode
from cairn.testing import demo_key

KEY = demo_key().public_key
DID = did_key(KEY)
NAME = KEY.multikey()


def of_bytes(prefix, zeros):
    """A did:key whose bytes are a prefix and that many zeros."""
    return f"did:key:{multibase_encode(prefix + bytes(zeros))}"


def test_the_document_of_a_key():
    found = resolve(DID)

    document = found.body["didDocument"]
    assert found.error is None
    assert document["id"] == DID
    assert document["verificationMethod"] == [
        {"id": f"{DID}#{NAME}", "type": "Multikey", "controller": DID, "publicKeyMultibase": NAME}
    ]
    assert document["assertionMethod"] == document["authentication"] == [f"{DID}#{NAME}"]
    assert "error" not in found.body["didResolutionMetadata"]


def test_a_version_may_stand_before_the_key():
    assert resolve(f"did:key:1:{NAME}").error is None


def test_a_method_by_its_url():
    assert resolve(f"{DID}#{NAME}").body["didDocument"]["controller"] == DID
    assert resolve(f"{DID}#other").error == "notFound"


@pytest.mark.parametrize("key_format", ["JsonWebKey2020", "Ed25519VerificationKey2020"])
def test_the_formats_of_a_key(key_format):
    method = resolve(f"{DID}#{NAME}", key_format=key_format).body["didDocument"]

    assert method["type"] == key_format
    assert ("publicKeyJwk" in method) is (key_format == "JsonWebKey2020")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (DID.replace("did:", "notDid:"), "invalidDid"),
        (DID.replace(":key:", ":experimental:"), "methodNotSupported"),
        (f"did:key:-4:{NAME}", "invalidDid"),
        (f"did:key:0:{NAME}", "invalidDid"),
        (f"did:key:{NAME[1:]}", "invalidDid"),
        ("did:key:@", "invalidDid"),
        ("did:key", "invalidDid"),
        ("did:key:z0OIl", "invalidDid"),
        (of_bytes(b"\xed\x01", 31), "invalidPublicKeyLength"),
        (of_bytes(b"\xed\x01", 32), "invalidPublicKey"),
        (of_bytes(b"\xee\x77", 32), "invalidPublicKeyType"),
        (f"{DID}/^bar^/?query=`#{NAME}", "invalidDidUrl"),
        (f"{DID}#a#b", "invalidDidUrl"),
    ],
)
def test_what_cannot_be_resolved(url, code):
    found = resolve(url)

    assert found.error == code
    assert found.body["didDocument"] == {}
    assert found.body["didDocumentMetadata"] == {}
    assert found.body["didResolutionMetadata"] == found.body["didDereferencingMetadata"] == {"error": code}
    assert "@context" in found.body


@pytest.mark.parametrize(
    ("key_format", "experimental", "code"),
    [
        ("unknown", False, "unsupportedPublicKeyType"),
        ("Ed25519VerificationKey2018", False, "invalidPublicKeyType"),
        ("X25519KeyAgreementKey2020", False, "invalidPublicKeyType"),
        ("Ed25519VerificationKey2018", True, "unsupportedPublicKeyType"),
    ],
)
def test_formats_that_are_not_for_signatures_or_not_known(key_format, experimental, code):
    assert resolve(DID, key_format=key_format, experimental=experimental).error == code


def test_a_format_for_another_kind_of_key():
    did = did_key(PrivateKey.from_bytes(Algorithm.P256, bytes(31) + b"\x01").public_key)

    assert resolve(did, key_format="Ed25519VerificationKey2020").error == "invalidPublicKeyType"
    assert resolve(did).error is None
