# SPDX-License-Identifier: Apache-2.0
"""Public keys in PEM are the keys that they are everywhere else, with the same refusals."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from old_badges import pem, rsa_key, signing_key

from cairn.errors import CairnError
from cairn.keys import Algorithm, PrivateKey
from cairn.keys.pem import public_key_of_pem

PKCS1 = (serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)


def ed25519_key():
    return ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (signing_key(), Algorithm.P256),
        (ec.derive_private_key(7, ec.SECP384R1()), Algorithm.P384),
        (ec.derive_private_key(7, ec.SECP521R1()), Algorithm.P521),
        (rsa_key(), Algorithm.RSA),
        (ed25519_key(), Algorithm.ED25519),
    ],
)
def test_keys_of_every_algorithm_are_read(key, algorithm):
    assert public_key_of_pem(pem(key)).algorithm is algorithm


def test_it_is_the_same_key():
    assert public_key_of_pem(pem(ed25519_key())) == PrivateKey.from_seed(bytes(range(32))).public_key
    assert public_key_of_pem(rsa_key().public_key().public_bytes(*PKCS1)) == public_key_of_pem(pem(rsa_key()))


PRIVATE = rsa_key().private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "key-encoding"),
        (b"<html>", "key-encoding"),
        (b"-----BEGIN PUBLIC KEY-----\n!!!\n-----END PUBLIC KEY-----\n", "key-encoding"),
        (pem(signing_key()) * 2, "key-encoding"),
        (PRIVATE, "key-private"),
        (pem(signing_key()) + PRIVATE, "key-private"),
        (pem(signing_key()) + b" " * 20_000, "limit-keys"),
        (pem(rsa.generate_private_key(65537, 1024)), "key-length"),
        (pem(rsa.generate_private_key(3, 2048)), "key-weak"),
        (pem(dsa.generate_private_key(2048)), "key-type"),
        (pem(ed448.Ed448PrivateKey.generate()), "key-type"),
        (pem(ec.derive_private_key(7, ec.SECP256K1())), "key-type"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_b43_b61_what_is_no_key_to_believe_is_refused(text, code):
    with pytest.raises(CairnError) as error:
        public_key_of_pem(text)

    assert error.value.code == code
    assert "BEGIN" not in str(error.value)
