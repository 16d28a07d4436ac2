# SPDX-License-Identifier: Apache-2.0
"""Keys: what signs, what verifies, and how a key is spelled.

Hides two libraries (PyNaCl for Ed25519, cryptography for ECDSA and RSA) behind ``PublicKey`` and
``PrivateKey``: ``public`` and ``private`` are the two halves, ``algorithms`` says which keys are never used,
``jwk`` and ``encodings`` read the spellings, strictly.

    Algorithm   material of the public key            signature                  JOSE name
    Ed25519     32 bytes (RFC 8032 §5.1.5)            R ‖ S, 64 bytes            EdDSA, Ed25519
    P-256       compressed point, 33 bytes            r ‖ s, 64 bytes, SHA-256   ES256
    P-384       compressed point, 49 bytes            r ‖ s, 96 bytes, SHA-384   ES384
    P-521       compressed point, 67 bytes            r ‖ s, 132 bytes, SHA-512  ES512
    RSA         DER SubjectPublicKeyInfo              PKCS #1 v1.5, SHA-256      RS256
"""

from cairn.keys.algorithms import Algorithm
from cairn.keys.encodings import (
    base58btc,
    base58btc_decode,
    base58btc_encode,
    base64url,
    base64url_decode,
    base64url_encode,
    is_base64url,
    multibase_decode,
    multibase_encode,
)
from cairn.keys.private import PrivateKey, Signer
from cairn.keys.public import PublicKey

__all__ = [
    "Algorithm",
    "PrivateKey",
    "PublicKey",
    "Signer",
    "base58btc",
    "base58btc_decode",
    "base58btc_encode",
    "base64url",
    "base64url_decode",
    "base64url_encode",
    "is_base64url",
    "multibase_decode",
    "multibase_encode",
]
