# SPDX-License-Identifier: Apache-2.0
"""The members of a JSON Web Key (RFC 7517, RFC 7518 §6, RFC 8037 §2), read without goodwill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from cairn.errors import MalformedError, UnsupportedError
from cairn.keys.algorithms import Algorithm
from cairn.keys.encodings import base64url_decode, base64url_encode

if TYPE_CHECKING:
    from collections.abc import Mapping

_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_JOSE_NAMES: Final = {
    Algorithm.ED25519: ("EdDSA", "Ed25519"),
    Algorithm.P256: ("ES256",),
    Algorithm.P384: ("ES384",),
    Algorithm.P521: ("ES512",),
    Algorithm.RSA: ("RS256",),
}


def algorithm_of(jwk: Mapping[str, object]) -> Algorithm:
    """Which of our algorithms this key is for."""
    match jwk.get("kty"), jwk.get("crv"):
        case "OKP", "Ed25519":
            return Algorithm.ED25519
        case "EC", "P-256":
            return Algorithm.P256
        case "EC", "P-384":
            return Algorithm.P384
        case "EC", "P-521":
            return Algorithm.P521
        case "RSA", None:
            return Algorithm.RSA
        case str(kty), None | str():
            raise UnsupportedError(
                "key-type", f"JWKs of this curve or of the type {kty[:20]!r} are not known"
            )
        case _:
            raise MalformedError("jwk", "'kty' of a JWK is a string, and so is 'crv'")


def refuse_private_members(jwk: Mapping[str, object]) -> None:
    """A public key that carries its private half is named, never repeated (B61)."""
    if exposed := _PRIVATE_MEMBERS & jwk.keys():
        members = ", ".join(sorted(exposed))
        raise MalformedError("jwk-private", f"this public JWK has private members: {members}")


def check_use(jwk: Mapping[str, object], algorithm: Algorithm, operation: Literal["sign", "verify"]) -> None:
    """A key that says what it is for may not be used for anything else (RFC 7517 §4.2-4.4, B43)."""
    if jwk.get("use", "sig") != "sig":
        raise MalformedError("jwk-use", "'use' of this JWK says that it is not for signatures")
    operations = jwk.get("key_ops", [operation])
    if not isinstance(operations, list) or operation not in operations:
        raise MalformedError("jwk-use", f"'key_ops' of this JWK does not have {operation!r}")
    names = _JOSE_NAMES[algorithm]
    if jwk.get("alg", names[0]) not in names:
        expected = " or ".join(names)
        raise MalformedError("jwk-algorithm", f"'alg' of this JWK is not {expected}, as its key demands")


def octets(jwk: Mapping[str, object], member: str, length: int | None = None) -> bytes:
    """The bytes of one member, which has exactly the stated length."""
    value = jwk.get(member)
    if not isinstance(value, str):
        raise MalformedError("jwk", f"this JWK needs {member!r} as a base64url string")
    decoded = base64url_decode(value)
    if length is not None and len(decoded) != length:
        raise MalformedError("key-length", f"{member!r} of this JWK has {len(decoded)} bytes, not {length}")
    return decoded


def number(jwk: Mapping[str, object], member: str) -> int:
    """A Base64urlUInt, which has no leading zero bytes (RFC 7518 §2)."""
    encoded = octets(jwk, member)
    if encoded[0] == 0:
        raise MalformedError("jwk", f"{member!r} of this JWK has leading zero bytes")
    return int.from_bytes(encoded, "big")


def number_text(value: int) -> str:
    """A positive number as Base64urlUInt."""
    return base64url_encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))
