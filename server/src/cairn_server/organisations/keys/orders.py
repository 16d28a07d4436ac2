# SPDX-License-Identifier: Apache-2.0
"""What is asked of a signer, and how much of it at once.

An order names the key, what the signature is for (``purpose``) and where it is on record that this was to
be signed (``intent``); with it come the bytes. A signer signs nothing that is not on record, so whoever looks
at the database afterwards knows of every signature there can be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from cairn_server.organisations.keys.refusals import SigningRefused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cairn.keys import Algorithm

# A chunk of a batch is a thousand hash inputs of 64 bytes; a token is a whole credential.
MOST_INPUTS = 1_000
LONGEST_INPUT = 64 * 1024
MOST_BYTES = 8 * 1024 * 1024

RECEIPT = "receipt"
# A request for presentations (RFC 9101), which says of itself what it is.
REQUEST = "presentation-request"
# The installation's own keys belong to no organisation.
INSTALLATION = ""


@dataclass(frozen=True, slots=True)
class Order:
    """Sign these inputs, in this order, with this key."""

    organisation: str  # public_id; INSTALLATION for the installation's own key
    key: str  # fragment
    purpose: str
    intent: str
    inputs: tuple[bytes, ...] = field(repr=False)

    def require_bounds(self) -> None:
        if (
            not 1 <= len(self.inputs) <= MOST_INPUTS
            or any(len(each) > LONGEST_INPUT for each in self.inputs)
            or sum(map(len, self.inputs)) > MOST_BYTES
        ):
            raise SigningRefused("order-out-of-bounds", status=413)


@dataclass(frozen=True, slots=True)
class Intent:
    """What is on record: that these inputs shall be signed with this key."""

    organisation: str
    key: str
    sha256: str
    at: datetime


def intent_digest(inputs: Iterable[bytes]) -> str:
    """SHA-256 over, for each input, its length (4 bytes, big-endian) and itself.

    With the lengths, because two lists that only break the same bytes at different places are not the same.
    """
    digest = sha256()
    for each in inputs:
        digest.update(len(each).to_bytes(4, "big"))
        digest.update(each)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Making:
    """Make a key pair: for whom, under which name, of which kind, kept by whom."""

    organisation: str
    fragment: str
    algorithm: Algorithm
    custody: str


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key under the KEK, as it goes into its row."""

    wrapped: bytes
    kek_id: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class Made:
    """The public half, and what the keeper needs to find the private one again."""

    multikey: str
    sealed: bytes
    # New with this key: the organisation's first one, or the one that each key of the installation brings.
    data_key: Wrapped | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a key signs, how long its private half is kept, and how much it signs in a minute."""

    cryptoperiod: timedelta = timedelta(days=730)
    # After the last signature; in that time a mistake can still be looked into.
    destroyed_after: timedelta = timedelta(days=30)
    # What was begun with a key is finished with it; longer than any batch is stuck without anybody looking.
    retiring_for: timedelta = timedelta(days=1)
    per_minute: int = 60_000


class Signing(Protocol):
    """Who signs: the signer process as its clients see it, and the very same behind the socket."""

    def sign(self, order: Order) -> list[bytes]: ...

    def make(self, making: Making) -> Made: ...

    def destroy(self, organisation: str, fragment: str) -> None: ...

    def broken_keys(self) -> list[str]: ...

    def kek_id(self) -> str: ...
