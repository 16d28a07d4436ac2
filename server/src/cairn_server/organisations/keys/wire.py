# SPDX-License-Identifier: Apache-2.0
"""The language between the signer and those who ask it: one frame there, one frame back.

    frame    uint32 length of the head │ head (JSON, UTF-8) │ body

The head's ``lengths`` says how the body divides. Heads and bodies have limits on both sides, so that neither
can make the other take memory; numbers are big-endian. There is one kind of error answer, and it keeps the
code that the caller's own code knows what to do about.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from cairn.canonical import parse_json, to_json
from cairn.errors import MalformedError, UnavailableError
from cairn_server.errors import Refusal
from cairn_server.organisations.keys.orders import MOST_BYTES, MOST_INPUTS
from cairn_server.organisations.keys.refusals import (
    REFUSED,
    KeyUnavailable,
    SignerUnavailable,
    SigningRefused,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

MOST_HEAD = 64 * 1024


class Hungup(Exception):  # noqa: N818
    """The other side has closed the connection, between two frames or in the middle of one."""


def send(to: socket.socket, head: dict[str, Any], parts: Sequence[bytes] = ()) -> None:
    text = to_json({**head, "lengths": [len(part) for part in parts]})
    to.sendall(b"".join((len(text).to_bytes(4, "big"), text, *parts)))


def receive(source: socket.socket) -> tuple[dict[str, Any], list[bytes]]:
    """The next frame; ``MalformedError`` when it is none, and then nothing that follows can be read
    either."""
    length = int.from_bytes(_exactly(source, 4), "big")
    if not 2 <= length <= MOST_HEAD:
        raise MalformedError("signer-frame", f"a head of {length} bytes")
    head = parse_json(_exactly(source, length))
    lengths = head.pop("lengths", None) if isinstance(head, dict) else None
    if (
        not isinstance(lengths, list)
        or len(lengths) > MOST_INPUTS
        or not all(type(each) is int and each >= 0 for each in lengths)
        or sum(lengths) > MOST_BYTES
    ):
        raise MalformedError("signer-frame", "a head without lengths, or with impossible ones")
    body = _exactly(source, sum(lengths))
    ends = list(accumulate(lengths))
    return head, [body[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def _exactly(source: socket.socket, count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        piece = source.recv(min(count - len(found), 1 << 20))
        if not piece:
            raise Hungup
        found += piece
    return bytes(found)


def error_head(error: Refusal | UnavailableError) -> dict[str, Any]:
    if isinstance(error, Refusal):
        return {"refused": error.code, "message": str(error.message), "status": error.status}
    kind = "unavailable" if isinstance(error, SignerUnavailable) else "broken"
    return {kind: error.code, "message": error.message}


def raise_error(head: dict[str, Any]) -> None:
    """Raise here what was raised there; an answer that is no error passes."""
    message = str(head.get("message", ""))
    if "refused" in head:
        code = str(head["refused"])
        raise SigningRefused(code, REFUSED.get(code, message), int(head.get("status", 409)))
    if "unavailable" in head:
        raise SignerUnavailable(message)
    if "broken" in head:
        raise KeyUnavailable(str(head["broken"]), message)
