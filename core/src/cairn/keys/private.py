# SPDX-License-Identifier: Apache-2.0
"""Private keys in memory, and the protocol that every way of signing fulfils."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Protocol, TypeAlias

import nacl.bindings
import nacl.utils
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from cairn.errors import MalformedError
from cairn.keys import jwk as members
from cairn.keys.algorithms import CURVES, Algorithm, check_rsa_numbers
from cairn.keys.encodings import base64url_encode
from cairn.keys.public import PublicKey, material_of_jwk, spki

if TYPE_CHECKING:
    from collections.abc import Mapping


class Signer(Protocol):
    """Whatever can sign: a key in memory, a sealed row, an HSM, a service."""

    @property
    def public_key(self) -> PublicKey: ...

    @property
    def algorithm(self) -> Algorithm: ...

    def sign(self, data: bytes) -> bytes: ...


_Handle: TypeAlias = "bytes | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey"


class PrivateKey:
    """A private key in this process's memory: the plainest ``Signer``.

    It shows itself to nobody: ``repr`` is the same for every key, and ``copy`` and ``pickle`` are refused.
    Signing is deterministic (RFC 8032, RFC 6979, PKCS #1 v1.5), so signing again after a crash gives the same
    bytes, and no bad random number can give the key away.
    """

    __slots__ = ("_curve", "_handle", "_public_key")

    def __init__(self, algorithm: Algorithm, octets: bytes) -> None:
        """From the raw private bytes of ``to_bytes``."""
        self._hold(algorithm, _load_private(algorithm, octets))

    def _hold(self, algorithm: Algorithm, handle: _Handle) -> None:
        self._handle = handle
        self._curve = CURVES.get(algorithm)
        # Always derived, never taken from a caller: an Ed25519 signature made with another public key gives
        # the private one away (RUSTSEC-2022-0093).
        self._public_key = _public_half(algorithm, handle)

    @classmethod
    def generate(cls, algorithm: Algorithm = Algorithm.ED25519) -> PrivateKey:
        """A new key from the operating system's randomness."""
        match algorithm:
            case Algorithm.ED25519:
                return cls(algorithm, nacl.utils.random(32))
            case Algorithm.P256 | Algorithm.P384 | Algorithm.P521:
                made = cls.__new__(cls)
                made._hold(algorithm, ec.generate_private_key(CURVES[algorithm].curve))
                return made
            case Algorithm.RSA:
                return cls(algorithm, _pkcs8(rsa.generate_private_key(65537, 3072)))

    @classmethod
    def from_seed(cls, seed: bytes) -> PrivateKey:
        """The Ed25519 key of this 32-byte seed (RFC 8032 §5.1.5)."""
        return cls(Algorithm.ED25519, seed)

    @classmethod
    def from_bytes(cls, algorithm: Algorithm, octets: bytes) -> PrivateKey:
        """The key whose ``to_bytes`` this is."""
        return cls(algorithm, octets)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> PrivateKey:
        """Read a private JWK whose public members belong to the private ones."""
        algorithm = members.algorithm_of(jwk)
        members.check_use(jwk, algorithm, "sign")
        key = cls(algorithm, _private_octets_of_jwk(jwk, algorithm))
        if key._public_key.material != material_of_jwk(jwk, algorithm):
            raise MalformedError("jwk", "the public members of this JWK belong to another private key")
        return key

    @property
    def public_key(self) -> PublicKey:
        """The half that everyone may have."""
        return self._public_key

    @property
    def algorithm(self) -> Algorithm:
        """What this key signs with."""
        return self._public_key.algorithm

    def sign(self, data: bytes) -> bytes:
        """The signature over ``data`` in the form of the table on top of this module."""
        handle = self._handle
        if isinstance(handle, bytes):
            return nacl.bindings.crypto_sign(data, handle)[:64]
        if isinstance(handle, rsa.RSAPrivateKey):
            return handle.sign(data, padding.PKCS1v15(), hashes.SHA256())
        curve = self._curve
        assert curve is not None  # there is no other kind
        r, s = decode_dss_signature(handle.sign(data, curve.signing))
        return r.to_bytes(curve.size, "big") + s.to_bytes(curve.size, "big")

    def to_bytes(self) -> bytes:
        """The raw private bytes, for sealing: seed (Ed25519), scalar (ECDSA) or PKCS #8 DER (RSA)."""
        handle = self._handle
        if isinstance(handle, bytes):
            return handle[:32]
        if isinstance(handle, rsa.RSAPrivateKey):
            return _pkcs8(handle)
        return handle.private_numbers().private_value.to_bytes(CURVES[self.algorithm].size, "big")

    def to_jwk(self) -> dict[str, str]:
        """This key as a private JWK: the public members and the private ones."""
        handle = self._handle
        if not isinstance(handle, rsa.RSAPrivateKey):
            return {**self._public_key.jwk(), "d": base64url_encode(self.to_bytes())}
        numbers = handle.private_numbers()
        private = {"d": numbers.d, "p": numbers.p, "q": numbers.q}
        private |= {"dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
        return {
            **self._public_key.jwk(),
            **{name: members.number_text(value) for name, value in private.items()},
        }

    def __repr__(self) -> str:
        return "PrivateKey(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is neither copied nor pickled; seal the result of to_bytes() instead")


def _load_private(algorithm: Algorithm, octets: bytes) -> _Handle:
    match algorithm:
        case Algorithm.ED25519:
            if len(octets) != 32:
                raise MalformedError("key-length", f"an Ed25519 seed has 32 bytes, not {len(octets)}")
            return nacl.bindings.crypto_sign_seed_keypair(octets)[1]
        case Algorithm.P256 | Algorithm.P384 | Algorithm.P521:
            curve = CURVES[algorithm]
            scalar = int.from_bytes(octets, "big")
            if len(octets) != curve.size or not 0 < scalar < curve.order:
                raise MalformedError("key-length", f"this is not a private scalar of {algorithm}")
            return ec.derive_private_key(scalar, curve.curve)
        case Algorithm.RSA:
            try:
                key = serialization.load_der_private_key(octets, password=None)
            except (ValueError, TypeError, UnsupportedAlgorithm):
                key = None
            if not isinstance(key, rsa.RSAPrivateKey):
                # Without a cause: nothing of what the library says about private bytes shall reach a log.
                raise MalformedError("key-encoding", "this is not an RSA key in PKCS #8 DER") from None
            return key


def _public_half(algorithm: Algorithm, handle: _Handle) -> PublicKey:
    if isinstance(handle, bytes):
        return PublicKey(algorithm, handle[32:])
    if isinstance(handle, rsa.RSAPrivateKey):
        return PublicKey(algorithm, spki(handle.public_key()))
    return PublicKey.of_curve_point(algorithm, handle.public_key())


def _pkcs8(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _private_octets_of_jwk(jwk: Mapping[str, object], algorithm: Algorithm) -> bytes:
    if algorithm is not Algorithm.RSA:
        return members.octets(jwk, "d", 32 if algorithm is Algorithm.ED25519 else CURVES[algorithm].size)
    n, e, d, p, q, dp, dq, qi = (
        members.number(jwk, member) for member in ("n", "e", "d", "p", "q", "dp", "dq", "qi")
    )
    check_rsa_numbers(n, e)
    try:
        return _pkcs8(rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(e, n)).private_key())
    except ValueError:
        raise MalformedError("jwk", "the members of this private RSA JWK do not belong together") from None
