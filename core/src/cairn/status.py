# SPDX-License-Identifier: Apache-2.0
"""Bitstring Status List 1.0: one bit per credential, read and written; and our second list for suspension.

Everything here fails closed. The Token Status List of the IETF is the opposite in four ways (bit order,
compression, prefix, unit of ``ttl``); nothing is shared with it, because a mix-up would show "valid" for what
was revoked (N18).

    encodedList = "u" ‖ base64url(gzip(bits))      bit 0 is the most significant bit of the first byte (§3.2)

A badge carries one status entry (N5), so suspension cannot have an entry of its own. A list of Cairn's form
says, under its signature, that a twin with the same length and the same indexes is kept for suspension: the
fragment of its ``credentialSubject.id`` is ``with-suspension``. The twin's URL is the list's and
``/suspension``.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cairn.credential import VC_CONTEXT, format_datetime
from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import base64url_decode, base64url_encode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MINIMUM_LENGTH: Final = 131_072
"""Entries of the shortest list (§2.2): fewer would tell who is asked about."""

REVOCATION: Final = "revocation"
SUSPENSION: Final = "suspension"

_WITH_SUSPENSION: Final = "#with-suspension"
_INFLATED_LIMIT: Final = 2 * 1024 * 1024  # bytes: sixteen million entries

# Decimal with one spelling per number; the length keeps int() from ever seeing a long text (B17, B78).
_INDEX = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,2000}", re.ASCII)


class StatusList:
    """The bits of one list."""

    __slots__ = ("_bits",)

    def __init__(self, length: int = MINIMUM_LENGTH) -> None:
        """A list of ``length`` entries, all unset."""
        if length < MINIMUM_LENGTH or length % 8:
            raise ValueError(f"a status list has whole bytes and at least {MINIMUM_LENGTH:,} entries")
        self._bits = bytearray(length // 8)

    @classmethod
    def from_bits(cls, bits: bytes) -> StatusList:
        """The list with these bits, packed as on the wire."""
        made = cls(len(bits) * 8)
        made._bits[:] = bits
        return made

    @classmethod
    def decode(cls, text: str, *, limit: int = _INFLATED_LIMIT) -> StatusList:
        """Read an ``encodedList``; one that inflates to more than ``limit`` bytes is refused (B77, B79)."""
        if not text.startswith("u"):
            raise MalformedError("status-list-encoding", "'encodedList' is multibase 'u', base64url")
        bits = _gunzip(base64url_decode(text[1:]), limit)
        if len(bits) * 8 < MINIMUM_LENGTH:
            raise MalformedError(
                "status-list-length",
                f"the status list has {len(bits) * 8:,} entries; fewer than {MINIMUM_LENGTH:,} hide nobody",
            )
        return cls.from_bits(bits)

    def encode(self) -> str:
        """The ``encodedList`` of these bits; the same bits give the same text (§3.3)."""
        compress = zlib.compressobj(level=6, wbits=31)  # 31: a gzip member, without name and time
        return "u" + base64url_encode(compress.compress(self._bits) + compress.flush())

    @property
    def bits(self) -> bytes:
        """The packed bits, for keeping."""
        return bytes(self._bits)

    def __len__(self) -> int:
        return len(self._bits) * 8

    def get(self, index: int) -> bool:
        """The value of one entry (§3.2: index 0 is the left-most bit)."""
        self._check(index)
        return bool(self._bits[index >> 3] & 0x80 >> (index & 7))

    def set(self, index: int, value: bool) -> None:
        """Give one entry a value, in place."""
        self._check(index)
        mask = 0x80 >> (index & 7)
        if value:
            self._bits[index >> 3] |= mask
        else:
            self._bits[index >> 3] &= ~mask

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self):
            raise MalformedError(
                "status-index-range", f"entry {index:,} is not in a status list of {len(self):,} entries"
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StatusList) and self._bits == other._bits

    __hash__ = None  # type: ignore[assignment] # it can change

    def __repr__(self) -> str:
        return f"StatusList(length={len(self)}, set={int.from_bytes(self._bits, 'big').bit_count()})"


def _gunzip(packed: bytes, limit: int) -> bytes:
    """Exactly one gzip member with nothing after it, inflated no further than ``limit`` (B77)."""
    inflate = zlib.decompressobj(wbits=31)
    try:
        bits = inflate.decompress(packed, limit + 1)
    except zlib.error as error:
        raise MalformedError("status-list-compression", "the status list is not gzip (RFC 1952)") from error
    if len(bits) > limit:
        raise MalformedError("limit-status-list", f"the status list inflates to more than {limit:,} bytes")
    if not inflate.eof:
        raise MalformedError("status-list-compression", "the gzip data of the status list is cut short")
    if inflate.unused_data:
        raise MalformedError("status-list-compression", "something follows the gzip data of the status list")
    return bits


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """Where a credential's status is kept: a ``BitstringStatusListEntry`` of one bit (§2.1)."""

    purpose: str
    index: int
    list_url: str
    id: str | None = None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> StatusEntry:
        """Read one ``credentialStatus``; other types and wider entries are unsupported (B80, B85)."""
        if document.get("type") not in ("BitstringStatusListEntry", ["BitstringStatusListEntry"]):
            raise UnsupportedError("status-type", "status entries of this type are not known here")
        size = document.get("statusSize", 1)
        if size != 1 or isinstance(size, bool):
            raise UnsupportedError("status-size", "only status entries of one bit are known here")
        purpose, identifier = document.get("statusPurpose"), document.get("id")
        if not isinstance(purpose, str) or not purpose:
            raise MalformedError("status-purpose", "'statusPurpose' of a status entry is one string")
        list_url = _url(document.get("statusListCredential"), "statusListCredential")
        if identifier is not None and _url(identifier, "id") == list_url:
            raise MalformedError("status-id", "'id' of a status entry is not the URL of its list")
        return cls(purpose, _index(document.get("statusListIndex")), list_url, identifier)

    def to_document(self) -> dict[str, str]:
        """This entry as ``credentialStatus``."""
        document = {"id": self.id} if self.id else {}
        return document | {
            "type": "BitstringStatusListEntry",
            "statusPurpose": self.purpose,
            "statusListIndex": str(self.index),
            "statusListCredential": self.list_url,
        }


def _index(value: object) -> int:
    if not isinstance(value, str) or not _INDEX.fullmatch(value) or int(value) >= 2**63:
        raise MalformedError("status-index", "'statusListIndex' is a number as a plain decimal string")
    return int(value)


def _url(value: object, member: str) -> str:
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise MalformedError("status-url", f"{member!r} of a status entry is one absolute URL")
    return value


def status_list_document(
    *,
    url: str,
    issuer: str | Mapping[str, Any],
    purpose: str,
    bits: StatusList,
    valid_from: datetime,
    valid_until: datetime,
    ttl_ms: int,
    subject_id: str,
) -> dict[str, Any]:
    """A ``BitstringStatusListCredential`` (§2.2), ready to be signed."""
    return {
        "@context": [VC_CONTEXT],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": format_datetime(valid_from),
        "validUntil": format_datetime(valid_until),
        "credentialSubject": {
            "id": subject_id,
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": bits.encode(),
            "ttl": ttl_ms,
        },
    }


def read_status_list(document: Mapping[str, Any], *, url: str, purpose: str) -> StatusList:
    """The bits of a list credential whose proof and issuer the caller has judged (§3.2, S11, B79-B81).

    Only a list that says where it lives and what it is for is read: with another list's bits a revoked
    credential would look valid.
    """
    if "BitstringStatusListCredential" not in _texts(document.get("type")):
        raise MalformedError("status-list-type", "this is not a BitstringStatusListCredential")
    if document.get("id") != url:
        raise MalformedError("status-list-id", "the 'id' of the status list is not the URL it was asked from")
    if "credentialStatus" in document:
        raise UnsupportedError("status-list-status", "a status list with a status of its own is not followed")
    subject = document.get("credentialSubject")
    if not isinstance(subject, dict) or "BitstringStatusList" not in _texts(subject.get("type")):
        raise MalformedError("status-list-subject", "'credentialSubject' is not one BitstringStatusList")
    if purpose not in _texts(subject.get("statusPurpose")):
        raise MalformedError("status-list-purpose", f"this status list is not kept for {purpose!r}")
    encoded = subject.get("encodedList")
    if not isinstance(encoded, str):
        raise MalformedError("status-list-encoding", "'encodedList' of the status list is not a string")
    return StatusList.decode(encoded)


def subject_id(list_url: str, *, purpose: str = REVOCATION) -> str:
    """``credentialSubject.id`` of a list of Cairn's own form; the main one announces its twin."""
    return list_url + (_WITH_SUSPENSION if purpose == REVOCATION else "#list")


def suspension_url(list_url: str) -> str:
    """Where the suspension twin of one of our lists lies."""
    return list_url + "/suspension"


def has_suspension_twin(document: Mapping[str, Any]) -> bool:
    """Whether this list says that suspensions are kept beside it.

    The mark is under the list's signature: nobody can take the twin away unnoticed, and a twin that cannot be
    had leaves the status open.
    """
    subject, url = document.get("credentialSubject"), document.get("id")
    return isinstance(subject, dict) and isinstance(url, str) and subject.get("id") == url + _WITH_SUSPENSION


def _texts(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list) else (value,)
