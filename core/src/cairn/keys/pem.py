# SPDX-License-Identifier: Apache-2.0
"""Public keys in PEM (RFC 7468), as the issuers of old badges publish them; to verify with, never to sign."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from cairn.errors import MalformedError, UnsupportedError
from cairn.keys.algorithms import CURVES, Algorithm, check_rsa_numbers
from cairn.keys.public import PublicKey, spki

_LIMIT: Final = 16_384
_RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
_POINT = (serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)


def public_key_of_pem(pem: bytes) -> PublicKey:
    """The one public key of a PEM text, with or without the line ``RSA`` of PKCS #1.

    Refused like any other key when it is weak, and when its private half stands there instead (B61).
    """
    if len(pem) > _LIMIT:
        raise MalformedError("limit-keys", f"a PEM text of {len(pem):,} bytes is too long for one key")
    if b"PRIVATE KEY-----" in pem:
        raise MalformedError("key-private", "this PEM text has a private key in it")
    if pem.count(b"-----BEGIN ") != 1:
        raise MalformedError("key-encoding", "a PEM text has one key, between its two lines of dashes")
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MalformedError("key-encoding", "this is not a public key in PEM") from error
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        check_rsa_numbers(numbers.n, numbers.e)
        return PublicKey(Algorithm.RSA, spki(key))
    if isinstance(key, ed25519.Ed25519PublicKey):
        return PublicKey(Algorithm.ED25519, key.public_bytes(*_RAW))
    if isinstance(key, ec.EllipticCurvePublicKey):
        for algorithm, curve in CURVES.items():
            if curve.curve.name == key.curve.name:
                return PublicKey(algorithm, key.public_bytes(*_POINT))
    raise UnsupportedError("key-type", "PEM keys of this kind are not known here")
