# SPDX-License-Identifier: Apache-2.0
"""Whose key is it? What the two ways of showing it are refused for stands with the addresses that take them
(``api/openid4vci/test_credential``, ``api/test_exchanges``); here what is said of keys."""

from __future__ import annotations

import pytest
from server.tests.conftest import MONDAY

import cairn
from cairn.canonical import parse_json, to_json
from cairn.did import did_jwk, did_key
from cairn.did import document_for as did_document
from cairn.keys import Algorithm, PrivateKey, base64url_encode
from cairn.proof import data_integrity, jws
from cairn.testing import sample_credential
from cairn_server.wallets import possession
from cairn_server.wallets.possession import Holder, ProofRefused

KEY = PrivateKey.generate(Algorithm.ED25519)
NAMED = {"aud": "https://cairn.example/oid4vci/x", "iat": int(MONDAY.timestamp()), "nonce": "n"}


@pytest.mark.parametrize("did", [did_key(KEY.public_key), did_jwk(KEY.public_key)], ids=["key", "jwk"])
def test_one_key_has_two_names(did):
    assert Holder(did_key(KEY.public_key), KEY.public_key).is_named(did)


@pytest.mark.parametrize(
    "did",
    [
        did_key(PrivateKey.generate(Algorithm.ED25519).public_key),
        "did:web:cairn.example",
        "did:key:x",
        "",
        "urn:uuid:0",
    ],
    ids=["another key", "web", "cut off", "nothing", "urn"],
)
def test_and_no_other(did):
    assert not Holder(did_key(KEY.public_key), KEY.public_key).is_named(did)


@pytest.mark.parametrize(
    "did", ["did:web:cairn.example", "did:jwk:x", "did:key:z6Mk", "key", "did:jwk:" + "A" * 400]
)
def test_a_name_that_says_its_key_elsewhere_is_not_looked_up(did):
    with pytest.raises(ProofRefused):
        possession.holder_of(did)


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.P256])
def test_the_kinds_of_keys_that_wallets_have(algorithm):
    key = PrivateKey.generate(algorithm)
    did = did_jwk(key.public_key)
    proof = jws.sign({"typ": possession.PROOF_TYPE, "kid": f"{did}#0"}, NAMED, key)

    holder, nonce = possession.read_key_proof(proof, audience=NAMED["aud"], at=MONDAY)

    assert (Holder(did, key.public_key), "n") == (holder, nonce)


@pytest.mark.parametrize("algorithm", [Algorithm.P384, Algorithm.P521])
def test_other_kinds_are_refused_in_words(algorithm):
    key = PrivateKey.generate(algorithm)
    proof = jws.sign({"typ": possession.PROOF_TYPE, "jwk": key.public_key.jwk()}, NAMED, key)

    with pytest.raises(ProofRefused) as refused:
        possession.read_key_proof(proof, audience=NAMED["aud"], at=MONDAY)

    assert "Ed25519 or P-256" in refused.value.why


def test_what_some_wallets_leave_out_is_not_missed():
    """Digital Bazaar's client writes no typ, and nbf for iat."""
    claims = {name: value for name, value in NAMED.items() if name != "iat"} | {"nbf": NAMED["iat"]}
    proof = jws.sign({"kid": did_key(KEY.public_key)}, claims, KEY)

    assert possession.read_key_proof(proof, audience=NAMED["aud"], at=MONDAY)[1] == "n"


@pytest.mark.parametrize("proof", ["", "x", "a.b.c", "é", "A" * 9_000])
def test_what_is_no_token_is_refused(proof):
    with pytest.raises(ProofRefused):
        possession.read_key_proof(proof, audience="a", at=MONDAY)


def test_an_unsigned_token_is_refused():
    """B41."""
    head, body, _signature = jws.sign({"kid": did_key(KEY.public_key)}, NAMED, KEY).split(".")

    with pytest.raises(ProofRefused):
        possession.read_key_proof(f"{head}.{body}.", audience=NAMED["aud"], at=MONDAY)


def test_a_presentation_is_its_holders():
    did = did_key(KEY.public_key)
    signed = cairn.sign_presentation(
        [], KEY, verification_method=f"{did}#{did[8:]}", at=MONDAY, challenge="c", domain="d"
    )
    holder = possession.read_presentation(parse_json(signed), challenge="c", domain="d", at=MONDAY)

    assert Holder(did, KEY.public_key) == holder


def test_a_credential_that_names_our_challenge_is_no_presentation():
    """B71: who states something has not shown that they are here."""
    did = did_key(KEY.public_key)
    stated = sample_credential(valid_from=MONDAY).to_document()
    stated["issuer"] = {**stated["issuer"], "id": did}
    signed = data_integrity.sign(
        stated, KEY, verification_method=f"{did}#{did[8:]}", created=MONDAY, challenge="c", domain="d"
    )

    with pytest.raises(ProofRefused) as refused:
        possession.read_presentation(signed, challenge="c", domain="d", at=MONDAY)

    assert refused.value.why == "it is no presentation"


def test_a_name_that_is_too_long_for_its_place_is_refused():
    jwk = KEY.public_key.jwk() | {"kid": "x" * 300}
    did = "did:jwk:" + base64url_encode(to_json(jwk))
    assert did_document(did).methods

    with pytest.raises(ProofRefused) as refused:
        possession.holder_of(did)

    assert refused.value.why == "the name of the key is too long"
