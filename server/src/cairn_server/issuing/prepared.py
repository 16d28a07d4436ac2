# SPDX-License-Identifier: Apache-2.0
"""A document that is finished but for its signature, as it is kept while the signer is asked.

What a signature will be over is known before there is one. So the document is signed with a stand-in that
writes down what it is given, and the place of its answer in the bytes is remembered. That much is on record
before the key is used; after a crash the record is all that is needed to go on, and no name, salt or clock
is read a second time.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cairn.keys import base64url_decode, base64url_encode, multibase_encode
from cairn_server.organisations.keys import intent_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cairn.keys import Algorithm, PublicKey
    from cairn_server.organisations.models import SigningKey

# How the two forms write a signature down: a Data Integrity proof value, and the last part of a token.
_SPELLINGS: dict[str, Callable[[bytes], str]] = {
    "multibase": multibase_encode,
    "base64url": base64url_encode,
}


class StandIn:
    """A ``Signer`` with the public half of a real one, whose signature is only a place."""

    def __init__(self, public_key: PublicKey) -> None:
        self._public_key = public_key
        self.given = b""
        # Of 64 bytes, like every signature of Ed25519 and P-256; random, so that no document contains it.
        self.place = secrets.token_bytes(64)

    @property
    def public_key(self) -> PublicKey:
        return self._public_key

    @property
    def algorithm(self) -> Algorithm:
        return self._public_key.algorithm

    def sign(self, data: bytes) -> bytes:
        self.given = data
        return self.place


@dataclass(frozen=True, slots=True)
class Part:
    """One secured form: what stands before and after its signature, and what that will be over."""

    name: str
    spelling: str
    before: str
    after: str
    given: bytes

    @classmethod
    def of(cls, name: str, spelling: str, key: SigningKey, sign: Callable[[StandIn], bytes]) -> Part:
        stand_in = StandIn(key.public_key)
        secured = sign(stand_in).decode()
        before, found, after = secured.partition(_SPELLINGS[spelling](stand_in.place))
        assert found, "the signature is written down as it was given"
        return cls(name, spelling, before, after, stand_in.given)

    def finished(self, signature: bytes) -> bytes:
        return f"{self.before}{_SPELLINGS[self.spelling](signature)}{self.after}".encode()


@dataclass(frozen=True, slots=True)
class Prepared:
    """The forms of one statement, and the key they are prepared for. They are signed in one order."""

    key: str  # fragment
    method: str
    parts: tuple[Part, ...]

    @property
    def inputs(self) -> list[bytes]:
        return [part.given for part in self.parts]

    @property
    def digest(self) -> str:
        return intent_digest(self.inputs)

    def finished(self, signatures: Sequence[bytes]) -> dict[str, bytes]:
        return {
            part.name: part.finished(signature)
            for part, signature in zip(self.parts, signatures, strict=True)
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "method": self.method,
            "parts": [
                [part.name, part.spelling, part.before, part.after, base64url_encode(part.given)]
                for part in self.parts
            ],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Prepared:
        parts = tuple(
            Part(name, spelling, before, after, base64url_decode(given))
            for name, spelling, before, after, given in kept["parts"]
        )
        return cls(kept["key"], kept["method"], parts)
