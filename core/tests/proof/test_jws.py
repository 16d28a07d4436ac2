# SPDX-License-Identifier: Apache-2.0
"""Compact JWS: the parts that every kind of token shares. What each kind adds is tested with it."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn.canonical import to_json
from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import Algorithm, PrivateKey, base64url_encode
from cairn.proof import jws
from cairn.testing import NOON, demo_key

KEY = demo_key()


def compact(header, payload):
    parts = [base64url_encode(to_json(part)) for part in (header, payload)]
    return f"{'.'.join(parts)}.{base64url_encode(KEY.sign('.'.join(parts).encode()))}"


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        (Algorithm.ED25519, "EdDSA"),
        (Algorithm.P256, "ES256"),
        (Algorithm.P384, "ES384"),
        (Algorithm.P521, "ES512"),
    ],
)
def test_what_is_signed_verifies_and_names_its_algorithm(algorithm, name):
    key = PrivateKey.generate(algorithm)

    token = jws.split(jws.sign({"typ": "x"}, {"a": 1}, key))

    assert token.header == {"alg": name, "typ": "x"}
    assert token.payload == {"a": 1}
    jws.verify(token, key.public_key)
    for other in Algorithm:
        with pytest.raises(MalformedError) as refused:
            jws.verify(token, PrivateKey.generate(other).public_key)
        assert refused.value.code == ("signature-mismatch" if other is algorithm else "key-type")


def test_rsa_keys_do_not_sign_tokens_n35():
    with pytest.raises(UnsupportedError):
        jws.sign({}, {}, PrivateKey.generate(Algorithm.RSA))


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["1", 1.5, True, None, -1, 10**12, [1]])
def test_b54_dates_are_whole_seconds(name, value):
    with pytest.raises(MalformedError) as refused:
        jws.split(compact({"alg": "EdDSA"}, {name: value}))

    assert refused.value.code == "token-date"


def test_n13_a_token_whose_dates_nobody_asks_about_can_be_taken_apart():
    token = compact({"alg": "EdDSA"}, {"iat": "2010-01-01T19:23:24Z"})

    assert jws.take_apart(token).payload == {"iat": "2010-01-01T19:23:24Z"}


@pytest.mark.parametrize(("late", "accepted"), [(0, True), (60, True), (61, False)])
def test_b54_nothing_is_made_in_the_future(late, accepted):
    token = jws.split(compact({"alg": "EdDSA"}, {"iat": int(NOON.timestamp()) + late}))

    if accepted:
        assert jws.issued_at(token, at=NOON) == NOON + timedelta(seconds=late)
        return
    with pytest.raises(MalformedError) as refused:
        jws.issued_at(token, at=NOON)
    assert refused.value.code == "created-in-future"


def test_a_token_without_a_time_has_none():
    assert jws.issued_at(jws.split(compact({"alg": "EdDSA"}, {})), at=NOON) is None


@pytest.mark.parametrize(
    ("kid", "url"),
    [
        ("k1", "did:web:a.example#k1"),
        ("#k1", "did:web:a.example#k1"),
        ("#k:1", "did:web:a.example#k:1"),
        ("did:web:a.example", "did:web:a.example"),
        ("did:web:b.example#k1", "did:web:b.example#k1"),
        ("", None),
        (1, None),
        (None, None),
    ],
)
def test_b44_a_kid_is_a_name_of_the_issuers_key_or_another_url(kid, url):
    token = jws.split(compact({"alg": "EdDSA", "kid": kid}, {}))

    assert jws.method_url(token, "did:web:a.example") == url
    assert jws.method_url(token, None) is None


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("kb+jwt", True),
        ("KB+JWT", True),
        ("application/kb+jwt", True),
        ("jwt", False),
        (None, False),
        ([], False),
    ],
)
def test_b49_media_types_are_compared_in_full_or_short(value, fits):
    assert jws.is_type(value, "kb+jwt") is fits


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"alg": "EdDSA", "crit": []}, "token-critical"),
        ({"alg": "EdDSA", "b64": True}, "token-unencoded"),
        ({"alg": "HS512"}, "symmetric-algorithm"),
        ({"alg": "hs256"}, "symmetric-algorithm"),
        ({}, "token-algorithm"),
    ],
)
def test_b42_b46_b47_what_would_change_the_reading_is_refused_before_reading(header, code):
    with pytest.raises((MalformedError, UnsupportedError)) as refused:
        jws.split(compact(header, {}))

    assert refused.value.code == code


@given(st.text(st.sampled_from("aZ9-_.+=~ \nä"), max_size=12))
def test_the_shape_of_a_token_is_three_parts_of_base64url(text):
    shape = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")

    assert jws.looks_like_jws(text) is (shape.fullmatch(text) is not None)


@pytest.mark.parametrize("header", [{"alg": "EdDSA", "kid": "a"}, {"alg": "EdDSA", "jwk": {"kty": "OKP"}}])
def test_a_header_that_is_kept_cannot_be_written_into(header):
    token = compact(header, {})
    first = jws.split(token).header
    first["alg"] = "none"
    if "jwk" in first:
        first["jwk"]["kty"] = "RSA"

    assert jws.split(token).header == header


def test_a_header_that_is_no_header_is_refused_each_time():
    token = f"e30.e30.{base64url_encode(b'x')}"

    for _ in range(2):
        with pytest.raises(MalformedError) as refused:
            jws.split(token)
        assert refused.value.code == "token-algorithm"


@pytest.mark.parametrize("more", [0, 4])
def test_a_header_may_be_so_long_and_no_longer_b59(more):
    rest = len(to_json({"alg": "EdDSA", "x": ""}))
    header = {"alg": "EdDSA", "x": "x" * ((jws.MAX_HEADER + more) * 3 // 4 - rest)}
    token = compact(header, {})
    assert len(token.partition(".")[0]) == jws.MAX_HEADER + more

    if more:
        with pytest.raises(MalformedError, match="limit-token-header"):
            jws.split(token)
    else:
        assert jws.split(token).header == header
