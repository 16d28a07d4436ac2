# SPDX-License-Identifier: Apache-2.0
"""Which algorithms there are, and which keys of theirs are too weak or too odd to be used at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import isqrt
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from cairn.errors import MalformedError


class Algorithm(StrEnum):
    """The kinds of key that Cairn signs and verifies with."""

    ED25519 = "Ed25519"
    P256 = "P-256"
    P384 = "P-384"
    P521 = "P-521"
    RSA = "RSA"


ED25519_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_ED25519_P: Final = 2**255 - 19
# The y coordinates of the eight points whose order divides 8: orders 4, 1, 2, and 8 twice. The sign counts
# for nothing: with either such a y is of small order, or spells x = 0 with a sign.
_ED25519_SMALL_ORDER_Y: Final = (
    0,
    1,
    _ED25519_P - 1,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
)
# So few encodings are refused, those of a y that is not below p included, that all of them can be listed.
ED25519_REFUSED_POINTS: Final = frozenset(
    (sign << 255 | y).to_bytes(32, "little")
    for y in (*_ED25519_SMALL_ORDER_Y, *range(_ED25519_P, 2**255))
    for sign in (0, 1)
)


def is_strict_ed25519_point(encoding: bytes) -> bool:
    """Whether these 32 bytes encode a y below p that is not of small order (RFC 8032 §5.1.3, B53).

    Of a small-order key one signature fits every message. Whether the point is on the curve is for the
    library to say.
    """
    return encoding not in ED25519_REFUSED_POINTS


@dataclass(frozen=True, slots=True)
class Curve:
    """One of the NIST curves (SP 800-186 §3.2.1) and the digest that goes with it."""

    curve: ec.EllipticCurve
    digest: hashes.HashAlgorithm
    size: int  # of a coordinate and of a scalar, in bytes
    order: int
    signing: ec.ECDSA = field(init=False)
    """How to sign (RFC 6979) and how to verify."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "signing", ec.ECDSA(self.digest, deterministic_signing=True))


CURVES: Final = {
    Algorithm.P256: Curve(
        ec.SECP256R1(),
        hashes.SHA256(),
        32,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ),
    Algorithm.P384: Curve(
        ec.SECP384R1(),
        hashes.SHA384(),
        48,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ),
    Algorithm.P521: Curve(
        ec.SECP521R1(),
        hashes.SHA512(),
        66,  # 521 bits; the seven above them are zero
        2**521 - 2**260 + 0xA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
    ),
}


_RSA_BITS: Final = range(2048, 8192 + 1)
_RSA_EXPONENTS: Final = range(65537, 2**32, 2)
_FERMAT_STEPS: Final = 100
# Keys from the generator of CVE-2017-15361 (ROCA) are powers of 65537 modulo every small prime.
_ROCA_RESIDUES: Final = {
    prime: frozenset(pow(65537, power, prime) for power in range(prime))
    for prime in range(3, 168, 2)
    if all(prime % divisor for divisor in range(3, isqrt(prime) + 1, 2))
}


def check_rsa_numbers(modulus: int, exponent: int) -> None:
    """Refuse RSA keys that are small, costly or easily factored (B43)."""
    if modulus.bit_length() not in _RSA_BITS:
        raise MalformedError(
            "key-length", f"an RSA key has 2,048 to 8,192 bits, not {modulus.bit_length():,}"
        )
    if exponent not in _RSA_EXPONENTS:
        raise MalformedError("key-weak", "an RSA exponent is an odd number from 65,537 to below 2³²")
    if any(modulus % prime == 0 for prime in (2, *_ROCA_RESIDUES)):
        raise MalformedError("key-weak", "this RSA modulus has a small factor")
    if all(modulus % prime in residues for prime, residues in _ROCA_RESIDUES.items()):
        raise MalformedError("key-weak", "this RSA key is of a generator whose keys can be factored (ROCA)")
    # Fermat's method finds primes that lie close together at once; an honest key never falls in a few steps.
    middle = isqrt(modulus - 1) + 1
    for candidate in range(middle, middle + _FERMAT_STEPS):
        square = candidate * candidate - modulus
        if isqrt(square) ** 2 == square:
            raise MalformedError("key-weak", "the two primes of this RSA key lie too close together")
