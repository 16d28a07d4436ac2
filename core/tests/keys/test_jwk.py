# SPDX-License-Identifier: Apache-2.0
"""JSON Web Keys of strangers: nothing private, nothing for another purpose, one spelling (B43, B61, B62)."""

from __future__ import annotations

import json

import pytest

from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import Algorithm, PrivateKey, PublicKey

# RFC 8037 appendix A.1 and A.2; RFC 7515 appendix A.3.
OKP = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
OKP_D = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
EC_D = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"


def test_rfc_8037_the_key_and_its_thumbprint() -> None:
    key = PublicKey.from_jwk(OKP)

    assert key.material.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.jwk() == OKP
    assert key.thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_rfc_7638_the_thumbprint_of_an_rsa_key() -> None:
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWK"
        "RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic"
        "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3"
        "XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )

    key = PublicKey.from_jwk({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})

    assert key.thumbprint() == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_b61_a_public_key_with_a_private_member_is_refused_and_not_repeated(member: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        PublicKey.from_jwk({**OKP, member: OKP_D})

    assert refusal.value.code == "jwk-private"
    assert OKP_D not in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"use": "enc"}, "jwk-use"),
        ({"use": ["sig"]}, "jwk-use"),
        ({"key_ops": ["sign"]}, "jwk-use"),
        ({"key_ops": "verify"}, "jwk-use"),
        ({"key_ops": []}, "jwk-use"),
        ({"alg": "ES384"}, "jwk-algorithm"),
        ({"alg": "EdDSA"}, "jwk-algorithm"),
        ({"alg": None}, "jwk-algorithm"),
        ({"kty": "OKP"}, "key-type"),
        ({"kty": "RSA"}, "key-type"),
        ({"kty": "oct"}, "key-type"),
        ({"crv": "P-521"}, "key-length"),
        ({"crv": "secp256k1"}, "key-type"),
        ({"crv": "P-384"}, "key-length"),
        ({"crv": None}, "key-type"),
        ({"kty": None}, "jwk"),
        ({"kty": ["EC"]}, "jwk"),
        ({"crv": {"a": 1}}, "jwk"),
        ({"x": 1}, "jwk"),
        ({"x": None}, "jwk"),
        ({"y": EC["x"]}, "key-point"),
        ({"x": EC["x"][:-1]}, "base64url"),
        ({"x": EC["x"] + "="}, "base64url"),
        ({"x": "AA" + EC["x"]}, "base64url"),
        ({"x": "AAAA" + EC["x"]}, "key-length"),
        ({"x": ""}, "base64url"),
    ],
)
def test_b43_b62_a_key_that_does_not_fit_itself_is_refused(change: dict[str, object], code: str) -> None:
    with pytest.raises((MalformedError, UnsupportedError)) as refusal:
        PublicKey.from_jwk({**EC, **change})

    assert refusal.value.code == code


def test_a_key_that_says_the_right_things_about_itself_is_read() -> None:
    key = PublicKey.from_jwk({**EC, "use": "sig", "key_ops": ["verify"], "alg": "ES256", "kid": "../../etc"})

    assert key.jwk() == EC


def test_x25519_is_a_key_for_something_else() -> None:
    with pytest.raises(UnsupportedError):
        PublicKey.from_jwk({**OKP, "crv": "X25519"})


def test_a_number_with_leading_zeros_is_refused() -> None:
    jwk = PrivateKey.generate(Algorithm.RSA).public_key.jwk()

    with pytest.raises(MalformedError, match="leading zero"):
        PublicKey.from_jwk({**jwk, "e": "AAEAAQ"})


@pytest.mark.parametrize(("public", "private"), [(OKP, OKP_D), (EC, EC_D)])
def test_a_private_jwk_round_trip(public: dict[str, str], private: str) -> None:
    key = PrivateKey.from_jwk({**public, "d": private})

    assert key.to_jwk() == {**public, "d": private}
    assert key.public_key.jwk() == public


def test_a_private_rsa_jwk_round_trip_and_each_of_its_members_is_checked() -> None:
    jwk = PrivateKey.generate(Algorithm.RSA).to_jwk()

    assert PrivateKey.from_jwk(jwk).to_jwk() == jwk
    for member in ("n", "d", "p", "q", "dp", "dq", "qi"):
        broken = {**jwk, member: jwk["p" if member == "q" else "q"]}
        with pytest.raises(MalformedError) as refusal:
            PrivateKey.from_jwk(broken)
        assert jwk["d"] not in str(refusal.value)


def test_a_private_jwk_with_the_public_half_of_another_key_is_refused() -> None:
    other = PrivateKey.generate(Algorithm.ED25519).public_key.jwk()

    with pytest.raises(MalformedError, match="another private key"):
        PrivateKey.from_jwk({**other, "d": OKP_D})


def test_a_jwk_that_is_only_for_verifying_does_not_sign() -> None:
    with pytest.raises(MalformedError, match="key_ops"):
        PrivateKey.from_jwk({**OKP, "d": OKP_D, "key_ops": ["verify"]})


# Cases that refuse a token for other reasons than its key: the mixed key set has one good key in it.
GOOD_KEY_IN_A_BAD_CASE = {1}
PRIVATE = {"d", "p", "q", "dp", "dq", "qi"}


def test_wycheproof_json_web_keys(shared_vectors) -> None:
    """What a case calls wrong about a key is a refusal of the key here; a symmetric key is none of ours."""
    document = json.loads((shared_vectors("wycheproof") / "json_web_key_test.json").read_bytes())
    read = refused = 0
    for group in document["testGroups"]:
        for case, jwk in ((case, jwk) for case in group["tests"] for jwk in group["private"]["keys"]):
            public = {name: value for name, value in jwk.items() if name not in PRIVATE}
            is_good = case["result"] == "valid" or case["tcId"] in GOOD_KEY_IN_A_BAD_CASE
            if is_good and jwk["kty"] != "oct":
                assert PublicKey.from_jwk(public), case["comment"]
                read += 1
                continue
            with pytest.raises((MalformedError, UnsupportedError)):
                PublicKey.from_jwk(public)
            refused += 1

    assert (read, refused) == (2, 28)
