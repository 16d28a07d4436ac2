# SPDX-License-Identifier: Apache-2.0
"""The Token Status List beside each pair of Bitstring lists, for credentials that are tokens.

An SD-JWT VC can only point to a list of the IETF's kind. It is made of the same bits at the same moment, and
one index is one credential in all three lists:

    /s/<id>               W3C, revocation       bit n
    /s/<id>/suspension    W3C, suspension       bit n
    /s/<id>/token         IETF, both            entry n: 0 valid, 1 revoked, 2 suspended

The two kinds are opposite in the order of their bits and in more (N18). This is the only place that knows
both, and what it makes is read back before anybody gets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cairn.canonical import parse_json
from cairn.did import DidDocument, did_web_url, document_for
from cairn.errors import CairnError
from cairn.proof import status_token
from cairn.status import TokenStatus
from cairn.status.token_list import TokenStatusList
from cairn_server.issuing.models import Purpose
from cairn_server.issuing.prepared import Part
from cairn_server.issuing.signing import OwnProductRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from cairn_server.issuing.models import StatusList
    from cairn_server.issuing.signing import Issuer

# Two bits hold what there is: valid, INVALID and SUSPENDED (Token Status List §7.1).
BITS: Final = 2


def address(list_address: str) -> str:
    """Where the token list lies that belongs to the Bitstring list of this address."""
    return f"{list_address}/token"


def pointer(list_address: str, index: int) -> TokenStatus:
    """What a token says of its status, where a W3C credential names this list and index."""
    return TokenStatus(index, address(list_address))


def _spread(byte: int) -> bytes:
    """The eight bits of a bitstring's byte, the highest first, as the low bits of eight entries."""
    return sum(1 << 2 * place for place in range(8) if byte & 0x80 >> place).to_bytes(2, "little")


_FIRST_FOUR, _LAST_FOUR = (bytes(_spread(byte)[half] for byte in range(256)) for half in (0, 1))


def _entries(bits: bytes) -> int:
    octets = bytearray(2 * len(bits))
    octets[0::2], octets[1::2] = bits.translate(_FIRST_FOUR), bits.translate(_LAST_FOUR)
    return int.from_bytes(octets)


def values(revoked: bytes, suspended: bytes) -> TokenStatusList:
    """What two bitstrings say, as one list. Who is revoked is that, suspended or not: it is for good."""
    invalid, waiting = _entries(revoked), _entries(suspended)
    return TokenStatusList(BITS, (invalid | (waiting & ~invalid) << 1).to_bytes(2 * len(revoked)))


def part(
    status_list: StatusList, issuer: Issuer, *, at: datetime, valid_for: timedelta, ttl: timedelta
) -> Part:
    """The list as it stands, finished but for its signature."""
    stands = values(bytes(status_list.revoked), bytes(status_list.suspended))
    return Part.of(
        Purpose.TOKEN.value,
        "base64url",
        issuer.key,
        lambda signer: status_token.sign(
            stands,
            signer,
            uri=address(status_list.address),
            kid=issuer.verification_method,
            at=at,
            expires=at + valid_for,
            ttl=ttl,
        ).encode("ascii"),
    )


def require_own(
    data: bytes, status_list: StatusList, *, method: str, known: Mapping[str, bytes], at: datetime
) -> None:
    """Our product through the reader that everybody uses, with the key that everybody finds."""
    did = method.partition("#")[0]
    try:
        document = (
            DidDocument.read(parse_json(known[did_web_url(did)]), expected_id=did)
            if did.startswith("did:web:")
            else document_for(did)
        )
        key = document.method(method, "assertionMethod")
        if key is None:
            raise OwnProductRefused("token status list", "its key is not the issuer's")
        status_token.check(status_token.split(data), key, uri=address(status_list.address), at=at)
    except CairnError as error:
        raise OwnProductRefused("token status list", str(error)) from error
