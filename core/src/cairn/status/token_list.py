# SPDX-License-Identifier: Apache-2.0
"""Token Status List of the IETF: a few bits per token, read and written.

    lst = base64url(zlib(octets))      entry 0 is in the least significant bits of the first octet (§4.1)

The Bitstring Status List of the W3C is the opposite in four ways (bit order, compression, prefix, unit of
``ttl``), so nothing is shared with it and no type here is one of its types: a mix-up would show "valid" for
what was revoked (N18). The signed token around a list is the business of ``proof.status_token``.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cairn.credential.address import is_web
from cairn.errors import MalformedError
from cairn.keys import base64url_decode, base64url_encode

if TYPE_CHECKING:
    from collections.abc import Mapping

# §7.1. What else there may be is between the issuer and those who know the issuer's own rules.
VALID: Final = 0
INVALID: Final = 1
SUSPENDED: Final = 2

_WIDTHS: Final = (1, 2, 4, 8)
_INFLATED_LIMIT: Final = 2 * 1024 * 1024  # octets: two million entries of the widest kind


class TokenStatusList:
    """The values of one list, ``bits`` wide each."""

    __slots__ = ("_octets", "bits")

    def __init__(self, bits: int, octets: bytes) -> None:
        """The list whose packed values these are."""
        if type(bits) is not int or bits not in _WIDTHS:
            raise MalformedError("status-list-bits", "'bits' of a status list is 1, 2, 4 or 8")
        self.bits = bits
        self._octets = bytearray(octets)

    @classmethod
    def empty(cls, bits: int, length: int) -> TokenStatusList:
        """A list of ``length`` entries, all of them VALID."""
        return cls(bits, bytes(-(-length * bits // 8)))

    @classmethod
    def from_claim(cls, claim: object, *, limit: int = _INFLATED_LIMIT) -> TokenStatusList:
        """Read ``status_list`` of a status list token (§4.2); inflated to ``limit`` at most (B77)."""
        if not isinstance(claim, dict) or not isinstance(claim.get("lst"), str):
            raise MalformedError("status-list-claim", "'status_list' is an object with 'bits' and 'lst'")
        return cls(claim.get("bits", 0), _inflate(base64url_decode(claim["lst"]), limit))

    def to_claim(self) -> dict[str, Any]:
        """This list as ``status_list``; the same values give the same text (§4.1: the highest level)."""
        return {"bits": self.bits, "lst": base64url_encode(zlib.compress(bytes(self._octets), 9))}

    @property
    def octets(self) -> bytes:
        """The packed values, for keeping."""
        return bytes(self._octets)

    def __len__(self) -> int:
        return len(self._octets) * 8 // self.bits

    def get(self, index: int) -> int:
        """The value of one entry."""
        octet, shift = self._place(index)
        return self._octets[octet] >> shift & (1 << self.bits) - 1

    def set(self, index: int, value: int) -> None:
        """Give one entry a value, in place."""
        octet, shift = self._place(index)
        widest = (1 << self.bits) - 1
        if not 0 <= value <= widest:
            raise ValueError(f"an entry of {self.bits} bits holds 0 to {widest}, not {value}")
        self._octets[octet] = self._octets[octet] & ~(widest << shift) | value << shift

    def _place(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            raise MalformedError(
                "status-index-range", f"entry {index:,} is not in a status list of {len(self):,} entries"
            )
        octet, bit = divmod(index * self.bits, 8)
        return octet, bit

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TokenStatusList) and self.bits == other.bits and self._octets == other._octets
        )

    __hash__ = None  # type: ignore[assignment] # it can change

    def __repr__(self) -> str:
        return f"TokenStatusList(bits={self.bits}, length={len(self)})"


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """Where a token's status is kept: ``status.status_list`` of the token (§6.2)."""

    index: int
    uri: str

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> TokenStatus | None:
        """What the ``status`` claim says; None without one, ``MalformedError`` for an unknown kind."""
        if "status" not in claims:
            return None
        status = claims["status"]
        entry = status.get("status_list") if isinstance(status, dict) else None
        if not isinstance(entry, dict):
            raise MalformedError("status-type", "statuses of this kind are not known here")
        index, uri = entry.get("idx"), entry.get("uri")
        # An integer here, text there: the two kinds of list differ in this as well (B17, B78).
        if type(index) is not int or index < 0:
            raise MalformedError("status-index", "'idx' of a token's status is a number")
        if not isinstance(uri, str) or not is_web(uri):
            raise MalformedError("status-url", "'uri' of a token's status is a web address")
        return cls(index, uri)

    def to_claim(self) -> dict[str, Any]:
        """This pointer as the ``status`` claim."""
        return {"status_list": {"idx": self.index, "uri": self.uri}}


def _inflate(packed: bytes, limit: int) -> bytes:
    """Exactly one ZLIB stream (RFC 1950) with nothing after it, inflated no further than ``limit`` (B77)."""
    inflate = zlib.decompressobj(wbits=15)
    try:
        octets = inflate.decompress(packed, limit + 1)
    except zlib.error as error:
        raise MalformedError("status-list-compression", "the status list is not ZLIB (RFC 1950)") from error
    if len(octets) > limit:
        raise MalformedError("limit-status-list", f"the status list inflates to more than {limit:,} bytes")
    if not inflate.eof or inflate.unused_data:
        raise MalformedError("status-list-compression", "the ZLIB data of the status list is cut or followed")
    return octets
