# SPDX-License-Identifier: Apache-2.0
"""Bitstring Status List 1.0: a few bits per credential, read and written; and our second list for suspension.

Everything here fails closed. The Token Status List of the IETF is the opposite in four ways (bit order,
compression, prefix, unit of ``ttl``); nothing is shared with it, because a mix-up would show "valid" for what
was revoked (N18).

    encodedList = "u" ‖ base64url(gzip(bits))      bit 0 is the most significant bit of the first byte (§3.2)

Its predecessor, StatusList2021, has other type names, no "u", and is read only.

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
REFRESH: Final = "refresh"
MESSAGE: Final = "message"

BITSTRING: Final = "BitstringStatusListEntry"
STATUS_LIST_2021: Final = "StatusList2021Entry"
# Which list belongs to which entry: the type of the credential, and that of its subject.
_LISTS: Final = {
    BITSTRING: ("BitstringStatusListCredential", "BitstringStatusList"),
    STATUS_LIST_2021: ("StatusList2021Credential", "StatusList2021"),
}
_MAX_SIZE: Final = 8  # bits of one entry: a wider one would bring 512 messages and more

_WITH_SUSPENSION: Final = "#with-suspension"
_INFLATED_LIMIT: Final = 2 * 1024 * 1024  # bytes: sixteen million entries

# Decimal with one spelling per number; the length keeps int() from ever seeing a long text (B17, B78).
_INDEX = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_VALUE = re.compile(r"0x[0-9A-Fa-f]{1,2}", re.ASCII)
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
        return cls.from_bits(_long_enough(_gunzip(base64url_decode(text[1:]), limit)))

    @classmethod
    def decode_2021(cls, text: str, *, limit: int = _INFLATED_LIMIT) -> StatusList:
        """Read the ``encodedList`` of a StatusList2021: the same bits, in base64 of either alphabet.

        Its text says "base64", its examples are base64url; the spelling is under the list's signature.
        """
        bits = _gunzip(base64url_decode(text.rstrip("=").replace("+", "-").replace("/", "_")), limit)
        return cls.from_bits(_long_enough(bits))

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
        bits = self._bits
        if not 0 <= index < 8 * len(bits):
            raise self._outside(index)
        return bool(bits[index >> 3] & 0x80 >> (index & 7))

    def value(self, index: int, size: int) -> int:
        """The value of one entry of ``size`` bits, which begins at ``index * size`` (§3.2).

        The list must hold the minimum of *entries*, so a list of wide entries is longer (§3.2 step 10).
        An entry that begins in the list and ends outside it has no value.
        """
        _long_enough(self.bits, size)
        value = 0
        for position in range(index * size, (index + 1) * size):
            value = value << 1 | self.get(position)
        return value

    def set(self, index: int, value: bool) -> None:
        """Give one entry a value, in place."""
        if not 0 <= index < len(self):
            raise self._outside(index)
        mask = 0x80 >> (index & 7)
        if value:
            self._bits[index >> 3] |= mask
        else:
            self._bits[index >> 3] &= ~mask

    def _outside(self, index: int) -> MalformedError:
        return MalformedError(
            "status-index-range", f"entry {index:,} is not in a status list of {len(self):,} entries"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StatusList) and self._bits == other._bits

    __hash__ = None  # type: ignore[assignment] # it can change

    def __repr__(self) -> str:
        return f"StatusList(length={len(self)}, set={int.from_bytes(self._bits, 'big').bit_count()})"


def _long_enough(bits: bytes, size: int = 1) -> bytes:
    entries = len(bits) * 8 // size
    if entries < MINIMUM_LENGTH:
        raise MalformedError(
            "status-list-length",
            f"the status list has {entries:,} entries; fewer than {MINIMUM_LENGTH:,} hide nobody",
        )
    return bits


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
    """Where a credential's status is kept: a ``BitstringStatusListEntry`` (§2.1) or its predecessor."""

    purpose: str
    index: int
    list_url: str
    id: str | None = None
    size: int = 1
    """Bits of the entry."""
    messages: tuple[str, ...] = ()
    """What each value means, by the value; empty when the entry does not say."""
    type: str = BITSTRING

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> StatusEntry:
        """Read one ``credentialStatus``; other types are unsupported (B80, B85)."""
        kinds = _texts(document.get("type"))
        if len(kinds) != 1 or not isinstance(kinds[0], str) or kinds[0] not in _LISTS:
            raise UnsupportedError("status-type", "status entries of this type are not known here")
        purpose, identifier = document.get("statusPurpose"), document.get("id")
        if not isinstance(purpose, str) or not purpose:
            raise MalformedError("status-purpose", "'statusPurpose' of a status entry is one string")
        list_url = _url(document.get("statusListCredential"), "statusListCredential")
        if identifier is not None and _url(identifier, "id") == list_url:
            raise MalformedError("status-id", "'id' of a status entry is not the URL of its list")
        index = read_index(document.get("statusListIndex"))
        if kinds[0] == STATUS_LIST_2021:
            return cls(purpose, index, list_url, identifier, type=STATUS_LIST_2021)
        size = _size(document.get("statusSize", 1))
        return cls(purpose, index, list_url, identifier, size, _messages(document, size))

    def to_document(self) -> dict[str, Any]:
        """This entry as ``credentialStatus``."""
        document: dict[str, Any] = {"id": self.id} if self.id else {}
        document |= {
            "type": self.type,
            "statusPurpose": self.purpose,
            "statusListIndex": str(self.index),
            "statusListCredential": self.list_url,
        }
        if self.size > 1:
            document["statusSize"] = self.size
        if self.messages:
            document["statusMessage"] = [
                {"status": f"{value:#x}", "message": message} for value, message in enumerate(self.messages)
            ]
        return document


def _size(value: object) -> int:
    if type(value) is not int or value < 1:
        raise MalformedError("status-size", "'statusSize' is a positive number of bits")
    if value > _MAX_SIZE:
        raise MalformedError(
            "limit-status-size", f"status entries of more than {_MAX_SIZE} bits are not read here"
        )
    return value


def _messages(document: Mapping[str, Any], size: int) -> tuple[str, ...]:
    """One message for each of the 2^size values, whatever their order (§2.1; N14: not ``size`` of them)."""
    if "statusMessage" not in document:
        if size > 1:
            raise MalformedError("status-message", "an entry of several bits says what each value means")
        return ()
    listed = document["statusMessage"]
    told: dict[int, str] = {}
    for each in listed if isinstance(listed, list) else [listed]:
        value, message = (each.get("status"), each.get("message")) if isinstance(each, dict) else (None, None)
        if not isinstance(value, str) or not _VALUE.fullmatch(value) or not isinstance(message, str):
            raise MalformedError("status-message", "each status message has a 'status' 0x… and a 'message'")
        if int(value, 16) in told:
            raise MalformedError("status-message", f"there are two status messages for {value}")
        told[int(value, 16)] = message
    if sorted(told) != list(range(2**size)):
        raise MalformedError("status-message", f"an entry of {size} bits has {2**size} status messages")
    return tuple(told[value] for value in range(2**size))


def read_index(value: object) -> int:
    """The place on a list that ``statusListIndex`` names (B17, B78)."""
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


def read_status_list(
    document: Mapping[str, Any], *, url: str, purpose: str, entry_type: str = BITSTRING
) -> StatusList:
    """The bits of a list credential whose proof and issuer the caller has judged (§3.2, S11, B79-B81).

    Only a list that says where it lives and what it is for is read: with another list's bits a revoked
    credential would look valid.
    """
    credential_type, subject_type = _LISTS[entry_type]
    if credential_type not in _texts(document.get("type")):
        raise MalformedError("status-list-type", f"this is not a {credential_type}")
    if document.get("id") != url:
        raise MalformedError("status-list-id", "the 'id' of the status list is not the URL it was asked from")
    if "credentialStatus" in document:
        raise UnsupportedError("status-list-status", "a status list with a status of its own is not followed")
    subject = document.get("credentialSubject")
    if not isinstance(subject, dict) or subject_type not in _texts(subject.get("type")):
        raise MalformedError("status-list-subject", f"'credentialSubject' is not one {subject_type}")
    if purpose not in _texts(subject.get("statusPurpose")):
        raise MalformedError("status-list-purpose", f"this status list is not kept for {purpose!r}")
    encoded = subject.get("encodedList")
    if not isinstance(encoded, str):
        raise MalformedError("status-list-encoding", "'encodedList' of the status list is not a string")
    return (StatusList.decode if entry_type == BITSTRING else StatusList.decode_2021)(encoded)


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
