# SPDX-License-Identifier: Apache-2.0
"""The curve of Bitcoin: points in each of their forms, and signatures over them."""

from hashlib import sha256

import pytest
from blockchain import chain_key, jwk, point
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from cairn.errors import CairnError
from cairn.keys import base58btc_encode
from cairn.keys.secp256k1 import point_of, point_of_method, verify

KEY = chain_key()


def test_a_point_has_one_compressed_form():
    assert point_of(point(KEY, compressed=False)) == point(KEY) == point_of(point(KEY))


@pytest.mark.parametrize(
    "encoded", [b"", b"\x00", b"\x02" + b"\xff" * 32, b"\x04" + bytes(64), point(KEY)[:-1]]
)
def test_b62_what_is_no_point_is_refused(encoded):
    with pytest.raises(CairnError) as error:
        point_of(encoded)

    assert error.value.code == "key-point"


def test_a_signature_is_one_keys_over_one_message():
    signature = KEY.sign(b"a root", ec.ECDSA(hashes.SHA256()))

    assert verify(point(KEY), sha256(b"a root").digest(), signature)
    assert not verify(point(KEY), sha256(b"another").digest(), signature)
    assert not verify(point(chain_key(2)), sha256(b"a root").digest(), signature)
    assert not verify(point(KEY), sha256(b"a root").digest(), signature[:-1])
    assert not verify(point(KEY), sha256(b"a root").digest(), b"")


@pytest.mark.parametrize(
    ("method", "found"),
    [
        ({"publicKeyJwk": jwk(KEY)}, point(KEY)),
        ({"publicKeyMultibase": "z" + base58btc_encode(b"\xe7\x01" + point(KEY))}, point(KEY)),
        ({"publicKeyMultibase": "z" + base58btc_encode(b"\xed\x01" + bytes(32))}, None),
        ({"publicKeyMultibase": "uAAAA"}, None),
        ({"publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}}, None),
        ({}, None),
        ({"publicKeyJwk": "x", "publicKeyMultibase": 7}, None),
    ],
)
def test_verification_methods_of_this_curve(method, found):
    assert point_of_method(method) == found


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"d": "AAAA"}, "jwk-private"), ({"x": "AAAA"}, "key-length"), ({"y": "A" * 43}, "key-point")],
)
def test_b61_b62_broken_ones_are_refused(changes, code):
    with pytest.raises(CairnError) as error:
        point_of_method({"publicKeyJwk": {**jwk(KEY), **changes}})

    assert error.value.code == code
