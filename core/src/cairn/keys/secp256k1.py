# SPDX-License-Identifier: Apache-2.0
"""The curve of Bitcoin and Ethereum: to check the signatures under old Blockcerts, and for nothing else.

It is no algorithm of a ``PublicKey``, because no credential of ours is signed with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cairn.errors import CairnError, MalformedError
from cairn.keys import jwk as members
from cairn.keys.encodings import multibase_decode

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX: Final = b"\xe7\x01"  # secp256k1-pub of the multicodec table, as a varint
_SIZE: Final = 32
_DIGEST = ec.ECDSA(Prehashed(hashes.SHA256()))


def point_of(encoded: bytes) -> bytes:
    """A point in compressed form, from either of the forms of SEC 1 §2.3.3."""
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), encoded)
    except ValueError as error:
        raise _no_point() from error
    return key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def point_of_method(method: Mapping[str, object]) -> bytes | None:
    """The point in a verification method; None when its key is of another kind."""
    jwk, multibase = method.get("publicKeyJwk"), method.get("publicKeyMultibase")
    if isinstance(jwk, dict) and jwk.get("crv") == "secp256k1":
        members.refuse_private_members(jwk)
        return point_of(b"\x04" + members.octets(jwk, "x", _SIZE) + members.octets(jwk, "y", _SIZE))
    if isinstance(multibase, str) and multibase.startswith("z"):
        octets = multibase_decode(multibase)
        return point_of(octets.removeprefix(_PREFIX)) if octets.startswith(_PREFIX) else None
    return None


def verify(point: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether a signature in DER is the point's over a message with this SHA-256 digest."""
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), point)
    try:
        key.verify(signature, digest, _DIGEST)
    except InvalidSignature:
        return False
    return True


def _no_point() -> CairnError:
    return MalformedError("key-point", "this is not a point of secp256k1")
