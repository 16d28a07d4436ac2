# SPDX-License-Identifier: Apache-2.0
"""Public keys: whoever holds a ``PublicKey`` holds one that is safe to verify with.

Every refusal happens when the key is made. Those of Ed25519 are our own, before any library is asked, so that
a verdict never depends on which library is installed: cryptography alone accepts keys of small order, for
which one signature fits every message.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign_open
from nacl.exceptions import BadSignatureError

from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import jwk as members
from cairn.keys.algorithms import (
    CURVES,
    ED25519_ORDER,
    ED25519_REFUSED_POINTS,
    Algorithm,
    check_rsa_numbers,
    is_strict_ed25519_point,
)
from cairn.keys.encodings import base64url_encode, multibase_decode, multibase_encode

if TYPE_CHECKING:
    from collections.abc import Mapping


@lru_cache(maxsize=1024)
def _check_ed25519(material: bytes) -> None:
    if len(material) != 32:
        raise MalformedError("key-length", f"an Ed25519 key has 32 bytes, this one {len(material)}")
    # Asking the library for the prime-order group refuses mixed order too: of such keys libraries disagree
    # which signatures fit, and no honest key is one.
    if not (is_strict_ed25519_point(material) and crypto_core_ed25519_is_valid_point(material)):
        raise MalformedError("key-point", "this Ed25519 key is not a canonical point of prime order")


@lru_cache(maxsize=1024)
def _load_curve_point(algorithm: Algorithm, material: bytes) -> ec.EllipticCurvePublicKey:
    curve = CURVES[algorithm]
    if len(material) != curve.size + 1:
        raise MalformedError(
            "key-length", f"a {algorithm} key is a compressed point of {curve.size + 1} bytes"
        )
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve.curve, material)
    except ValueError as error:
        raise MalformedError("key-point", f"this is not a point of {algorithm}") from error


@lru_cache(maxsize=256)
def _load_rsa(material: bytes) -> rsa.RSAPublicKey:
    try:
        key = serialization.load_der_public_key(material)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MalformedError("key-encoding", "this is not a DER SubjectPublicKeyInfo") from error
    if not isinstance(key, rsa.RSAPublicKey) or spki(key) != material:
        raise MalformedError("key-encoding", "this is not the canonical DER of an RSA SubjectPublicKeyInfo")
    numbers = key.public_numbers()
    check_rsa_numbers(numbers.n, numbers.e)
    return key


def spki(key: rsa.RSAPublicKey) -> bytes:
    """The canonical DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), the material of RSA keys."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _pkcs1(key: rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)


def _spki_of_pkcs1(material: bytes) -> bytes:
    try:
        key = serialization.load_der_public_key(material)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MalformedError("key-encoding", "this is not a DER RSAPublicKey") from error
    if not isinstance(key, rsa.RSAPublicKey) or _pkcs1(key) != material:
        raise MalformedError("key-encoding", "this is not the canonical DER of an RSAPublicKey")
    return spki(key)


def _rsa_material(modulus: int, exponent: int) -> bytes:
    # Checked before the library sees the numbers: it would take its time over very long ones.
    check_rsa_numbers(modulus, exponent)
    return spki(rsa.RSAPublicNumbers(exponent, modulus).public_key())


# Multicodec prefixes as varints (Controlled Identifiers 1.0 §2.2.2; rsa-pub from the multicodec table).
_MULTIKEY_PREFIXES: Final = {
    Algorithm.ED25519: b"\xed\x01",
    Algorithm.P256: b"\x80\x24",
    Algorithm.P384: b"\x81\x24",
    Algorithm.P521: b"\x82\x24",
    Algorithm.RSA: b"\x85\x24",
}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures may be checked with; one that may not cannot be made."""

    algorithm: Algorithm
    material: bytes

    def __post_init__(self) -> None:
        match self.algorithm:
            case Algorithm.ED25519:
                _check_ed25519(self.material)
            case Algorithm.P256 | Algorithm.P384 | Algorithm.P521:
                _load_curve_point(self.algorithm, self.material)
            case Algorithm.RSA:
                _load_rsa(self.material)

    @classmethod
    def of_curve_point(cls, algorithm: Algorithm, point: ec.EllipticCurvePublicKey) -> PublicKey:
        """The key of a point that is on its curve, because the library has it: it is not looked at again."""
        made = object.__new__(cls)
        material = point.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
        object.__setattr__(made, "algorithm", algorithm)
        object.__setattr__(made, "material", material)
        return made

    @classmethod
    def from_multikey(cls, text: str) -> PublicKey:
        """Read ``publicKeyMultibase`` of a Multikey, which is always base58btc (``z6Mk…``, ``zDna…``)."""
        if not text.startswith("z"):
            raise MalformedError("multikey", "a Multikey is written in base58btc, so it begins with 'z'")
        return cls.from_multikey_octets(multibase_decode(text))

    @classmethod
    def from_multikey_octets(cls, octets: bytes) -> PublicKey:
        """Read what a Multikey spells: the multicodec of its kind and the key."""
        for algorithm, prefix in _MULTIKEY_PREFIXES.items():
            if octets.startswith(prefix):
                material = octets[len(prefix) :]
                return cls(algorithm, _spki_of_pkcs1(material) if algorithm is Algorithm.RSA else material)
        raise UnsupportedError("key-type", f"keys of the multicodec {octets[:2].hex()} are not known here")

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> PublicKey:
        """Read a public JWK; one that carries private members is refused without repeating them (B61)."""
        members.refuse_private_members(jwk)
        algorithm = members.algorithm_of(jwk)
        members.check_use(jwk, algorithm, "verify")
        return cls(algorithm, material_of_jwk(jwk, algorithm))

    def multikey(self) -> str:
        """This key as ``publicKeyMultibase`` of a Multikey."""
        return multibase_encode(self.multikey_octets())

    def multikey_octets(self) -> bytes:
        """What a Multikey of this key spells: the multicodec of its kind and the key."""
        material = self.material
        if self.algorithm is Algorithm.RSA:
            material = _pkcs1(_load_rsa(material))
        return _MULTIKEY_PREFIXES[self.algorithm] + material

    def jwk(self) -> dict[str, str]:
        """This key as a public JWK with the required members only."""
        match self.algorithm:
            case Algorithm.ED25519:
                return {"kty": "OKP", "crv": "Ed25519", "x": base64url_encode(self.material)}
            case Algorithm.P256 | Algorithm.P384 | Algorithm.P521:
                point = _load_curve_point(self.algorithm, self.material).public_numbers()
                size = CURVES[self.algorithm].size
                x, y = (base64url_encode(value.to_bytes(size, "big")) for value in (point.x, point.y))
                return {"kty": "EC", "crv": str(self.algorithm), "x": x, "y": y}
            case Algorithm.RSA:
                numbers = _load_rsa(self.material).public_numbers()
                n, e = members.number_text(numbers.n), members.number_text(numbers.e)
                return {"kty": "RSA", "n": n, "e": e}

    def thumbprint(self) -> str:
        """The SHA-256 JWK thumbprint (RFC 7638), a stable name for the key in base64url."""
        canonical = json.dumps(self.jwk(), sort_keys=True, separators=(",", ":"))
        return base64url_encode(hashlib.sha256(canonical.encode("ascii")).digest())

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is this key's over ``message``."""
        match self.algorithm:
            case Algorithm.ED25519:
                return _verify_ed25519(self.material, message, signature)
            case Algorithm.P256 | Algorithm.P384 | Algorithm.P521:
                return _verify_ecdsa(self.algorithm, self.material, message, signature)
            case Algorithm.RSA:
                return _verify_rsa(self.material, message, signature)


def material_of_jwk(jwk: Mapping[str, object], algorithm: Algorithm) -> bytes:
    """The public members of a JWK as the material of a ``PublicKey``."""
    if algorithm is Algorithm.ED25519:
        return members.octets(jwk, "x", 32)
    if algorithm is Algorithm.RSA:
        return _rsa_material(members.number(jwk, "n"), members.number(jwk, "e"))
    curve = CURVES[algorithm]
    x, y = (members.octets(jwk, member, curve.size) for member in ("x", "y"))
    compressed = bytes([2 + y[-1] % 2]) + x
    # Only x and the parity of y are in the compressed form: the rest of y has to be compared (B62).
    if _load_curve_point(algorithm, compressed).public_numbers().y != int.from_bytes(y, "big"):
        raise MalformedError("key-point", f"'x' and 'y' of this JWK are not a point of {algorithm}")
    return compressed


def _verify_ed25519(material: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032 §5.1.7 without cofactor; an R of small order or an S beyond L is refused first (B53)."""
    if len(signature) != 64 or signature[:32] in ED25519_REFUSED_POINTS:
        return False
    # L is 2^252 and a little, so only an S with a bit beyond that has to be compared.
    if signature[63] > 0x0F and int.from_bytes(signature[32:], "little") >= ED25519_ORDER:
        return False
    try:
        crypto_sign_open(signature + message, material)
    except BadSignatureError:
        return False
    return True


def _verify_ecdsa(algorithm: Algorithm, material: bytes, message: bytes, signature: bytes) -> bool:
    """FIPS 186-5 §6.4.2 over r ‖ s (B52). ES256 asks for no particular half of s."""
    curve = CURVES[algorithm]
    if len(signature) != 2 * curve.size:
        return False
    r = int.from_bytes(signature[: curve.size], "big")
    s = int.from_bytes(signature[curve.size :], "big")
    try:
        _load_curve_point(algorithm, material).verify(encode_dss_signature(r, s), message, curve.signing)
    except InvalidSignature:
        return False
    return True


def _verify_rsa(material: bytes, message: bytes, signature: bytes) -> bool:
    try:
        _load_rsa(material).verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
