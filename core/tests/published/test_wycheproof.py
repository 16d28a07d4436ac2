# SPDX-License-Identifier: Apache-2.0
"""Wycheproof's tokens and the keys that are none of ours; its signatures and JWKs are in ``tests/keys``.

A payload there is seldom JSON, which ours always is. So each token is taken apart by our own splitter with
an empty payload in its place, and then verified over the octets that it really signs.
"""

import json
from collections import Counter
from dataclasses import replace

import pytest

from cairn import read
from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.keys import PublicKey
from cairn.proof import jws

# Valid by the file, refused by us, and why; everything else gets the published verdict.
# Not verified here (N35); the JWK names the algorithm, so it is refused with the key.
NOT_BUILT = {
    (name, "jwk-algorithm"): count
    for name, count in (("PS256", 8), ("PS384", 4), ("PS512", 4), ("RS384", 4), ("RS512", 4))
}
MISSPELT = {347, 351}  # their JWK says "ES521", which RFC 7518 calls ES512
EMPTY_PAYLOAD = {259}  # a good JWS, and no token of ours: a credential is never empty
# Labelled invalid, and equal byte for byte to the valid 357; all three are symmetric, so refused anyway.
TWINS = {367, 370}
# 9 + 263 + 40 + 63 + 2, and the 24 of NOT_BUILT, are 401.
COUNTED = {"accepted": 9, "refused": 263, "symmetric": 40, "no key of ours": 63, "defective": 2}


def groups(folder, name):
    return json.loads((folder / f"{name}.json").read_bytes())["testGroups"]


def verdict(token, key):
    """Why the signature is refused; None when it holds."""
    if not isinstance(token, str):
        return "not compact"
    try:
        header, payload, signature = token.split(".") if token.count(".") == 2 else ("", "", "")
        if not jws.looks_like_jws(token):
            raise MalformedError("token-malformed", token)
        found = jws.split(f"{header}.e30.{signature}")
        jws.verify(replace(found, signed=f"{header}.{payload}".encode()), key)
    except CairnError as error:
        return error.code
    return None


def test_every_token_gets_its_verdict_or_is_listed(shared_vectors):
    counted = Counter()
    unknown = Counter()
    for group in groups(shared_vectors("wycheproof"), "json_web_signature_test"):
        public = group.get("public") or group.get("publicJwk")
        for test in group["tests"]:
            valid = test["result"] == "valid"
            if public is None:
                # A secret shared by both sides (B42): there is no public key to speak of.
                assert group["private"]["kty"] == "oct"
                counted["symmetric"] += 1
                continue
            try:
                key = PublicKey.from_jwk(public)
            except CairnError as error:
                if not valid:
                    counted["no key of ours"] += 1
                elif test["tcId"] in MISSPELT:
                    counted["defective"] += 1
                else:
                    unknown[public["alg"], error.code] += 1
                continue
            refused = verdict(test["jws"], key)
            assert (refused is None) == (valid and test["tcId"] not in EMPTY_PAYLOAD), (test, refused)
            counted["accepted" if refused is None else "refused"] += 1

    assert counted == COUNTED
    assert unknown == NOT_BUILT


def test_the_twins_are_as_described(shared_vectors):
    tests = {
        test["tcId"]: test
        for group in groups(shared_vectors("wycheproof"), "json_web_signature_test")
        for test in group["tests"]
    }

    assert len(tests) == 401
    for number in TWINS:
        assert tests[number]["jws"] == tests[357]["jws"]
        assert (tests[number]["result"], tests[357]["result"]) == ("invalid", "valid")


def test_no_encrypted_or_symmetric_token_is_a_credential(shared_vectors):
    """B42, B50: whatever the file calls valid, there is nothing in it that a stranger could verify."""
    seen = Counter()
    for group in groups(shared_vectors("wycheproof"), "json_web_crypto_test"):
        for test in group["tests"]:
            token = test.get("jws") or test.get("jwe")
            if isinstance(token, str):
                with pytest.raises(CairnError):
                    read(token.encode())
                seen["compact"] += 1
            else:
                seen["as JSON"] += 1

    assert seen == {"compact": 78, "as JSON": 5}


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("ed448_test", 15),
        ("ecdsa_secp256k1_sha256_p1363_test", 108),
        ("rsa_pss_2048_sha256_mgf1_32_test", 1),
        ("mldsa_65_verify_test", 25),
    ],
)
def test_a_key_of_a_kind_that_is_not_built_is_refused(shared_vectors, name, keys):
    """The signatures of these files are nobody's here, so no key may be taken for one of ours either."""
    refused = 0
    for group in groups(shared_vectors("wycheproof"), name):
        jwk = group.get("publicKeyJwk") or {"kty": "AKP", "alg": "ML-DSA-65", "pub": group["publicKey"]}
        with pytest.raises((MalformedError, UnsupportedError)):
            PublicKey.from_jwk(jwk)
        refused += 1

    assert refused == keys
