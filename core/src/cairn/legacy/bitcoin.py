# SPDX-License-Identifier: Apache-2.0
"""What a raw Bitcoin transaction proves by itself: what it says, and which keys signed that.

    version 4 · inputs n × (previous 32 + 4, script, sequence 4) · outputs n × (value 8, script) · lock time 4
    numbers little-endian, counts and script lengths as CompactSize; with a witness (BIP 144) 00 01 stand
    behind the version, and the witness before the lock time

Its id is the double SHA-256 of that without the witness, reversed. A root stands in an output whose script
is OP_RETURN and 32 bytes: 6a 20 root. Inputs that spend to a key's hash (P2PKH) show key and signature, and
the signature covers every output: so whoever owns the key has signed the root, mined or not. Whether it was
mined, and when, a transaction cannot tell of itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.keys import base58btc_encode
from cairn.keys.secp256k1 import point_of, verify

_MAX_TRANSACTION: Final = 100_000
_MAX_PARTS: Final = 1_000
_SIGHASH_ALL: Final = 1
# What addresses of keys begin with (Base58Check).
_VERSIONS: Final = {"mainnet": b"\x00", "testnet": b"\x6f", "regtest": b"\x6f"}


@dataclass(frozen=True, slots=True)
class _Input:
    previous: bytes  # 36 bytes: transaction and place in it
    script: bytes
    sequence: bytes


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction taken apart; only ``signers`` has looked at a signature."""

    id: str
    scripts: tuple[bytes, ...]
    signers: tuple[bytes, ...]
    """The keys, as compressed points, that signed all of it."""

    def writes(self, root: str) -> bool:
        """Whether it writes this root into the chain."""
        return b"\x6a\x20" + bytes.fromhex(root) in self.scripts


def read_transaction(octets: bytes) -> Transaction:
    """Read a transaction from its bytes, or from their hex as explorers give them."""
    if len(octets) > 2 * _MAX_TRANSACTION:
        raise MalformedError("limit-transaction", "The transaction is larger than we read.")
    if octets[:1] in b"0123456789abcdef":
        try:
            octets = bytes.fromhex(octets.decode("ascii"))
        except ValueError as error:
            raise _malformed() from error
    reader = _Reader(octets)
    version = reader.take(4)
    has_witness = reader.peek(2) == b"\x00\x01"
    if has_witness:
        reader.take(2)
    inputs = [
        _Input(reader.take(36), reader.take(reader.count()), reader.take(4)) for _ in range(reader.parts())
    ]
    start = reader.position
    outputs = [(reader.take(8), reader.take(reader.count())) for _ in range(reader.parts())]
    written = octets[start : reader.position]
    if has_witness:
        for _ in inputs:
            for _ in range(reader.parts()):
                reader.take(reader.count())
    lock_time = reader.take(4)
    if reader.position != len(octets):
        raise _malformed()
    plain = version + _inputs(inputs) + written + lock_time
    signers = [_signer(inputs, place, version, written + lock_time) for place in range(len(inputs))]
    return Transaction(
        sha256(sha256(plain).digest()).digest()[::-1].hex(),
        tuple(script for _, script in outputs),
        tuple(dict.fromkeys(signer for signer in signers if signer is not None)),
    )


def address_of(point: bytes, network: str) -> str:
    """The address of a key on a network (P2PKH)."""
    payload = _VERSIONS[network] + _hash160(point)
    return base58btc_encode(payload + sha256(sha256(payload).digest()).digest()[:4])


def _signer(inputs: list[_Input], place: int, version: bytes, rest: bytes) -> bytes | None:
    """The key that an input shows and that signed everything; None for inputs that prove less."""
    pushed = _pushes(inputs[place].script)
    if len(pushed) != 2 or pushed[0][-1:] != bytes([_SIGHASH_ALL]):
        return None
    signature, shown = pushed[0][:-1], pushed[1]
    try:
        point = point_of(shown)
    except CairnError:
        return None
    # The script of the output that is spent stands in its place, those of the others are empty: to a key
    # that owns it, this script can be told from the key alone.
    code = b"\x76\xa9\x14" + _hash160(shown) + b"\x88\xac"
    signed = [
        _Input(each.previous, code if index == place else b"", each.sequence)
        for index, each in enumerate(inputs)
    ]
    message = version + _inputs(signed) + rest + _SIGHASH_ALL.to_bytes(4, "little")
    digest = sha256(sha256(message).digest()).digest()
    return point if verify(point, digest, signature) else None


def _inputs(inputs: list[_Input]) -> bytes:
    return _size(len(inputs)) + b"".join(
        each.previous + _size(len(each.script)) + each.script + each.sequence for each in inputs
    )


def _pushes(script: bytes) -> list[bytes]:
    """What a script pushes, when it does nothing else."""
    reader, found = _Reader(script), []
    while reader.position < len(script):
        length = reader.take(1)[0]
        if not 1 <= length <= 75 or length > len(script) - reader.position:
            return []
        found.append(reader.take(length))
    return found


def _hash160(octets: bytes) -> bytes:
    try:
        return hashlib.new("ripemd160", sha256(octets).digest(), usedforsecurity=False).digest()
    except ValueError as error:  # some builds of OpenSSL leave it out
        raise UnsupportedError("chain-unknown", "This computer has no RIPEMD-160 for addresses.") from error


def _size(number: int) -> bytes:
    """CompactSize, for counts and lengths."""
    if number < 0xFD:
        return bytes([number])
    if number <= 0xFFFF:
        return b"\xfd" + number.to_bytes(2, "little")
    return b"\xfe" + number.to_bytes(4, "little")


class _Reader:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self.position = 0

    def peek(self, length: int) -> bytes:
        return self._octets[self.position : self.position + length]

    def take(self, length: int) -> bytes:
        found = self.peek(length)
        if len(found) != length:
            raise _malformed()
        self.position += length
        return found

    def count(self) -> int:
        first = self.take(1)[0]
        width = {0xFD: 2, 0xFE: 4, 0xFF: 8}.get(first)
        return first if width is None else int.from_bytes(self.take(width), "little")

    def parts(self) -> int:
        number = self.count()
        if number > _MAX_PARTS:
            raise MalformedError("limit-transaction", "The transaction has more parts than we read.")
        return number


def _malformed() -> CairnError:
    return MalformedError("chain-malformed", "This is not a transaction.")
