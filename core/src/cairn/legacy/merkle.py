# SPDX-License-Identifier: Apache-2.0
"""The Merkle proofs of Blockcerts: from the fingerprint of one certificate to the root of its batch.

    2017   JSON: ``targetHash``, ``merkleRoot``, ``proof`` [{"left" or "right": hex} …], ``anchors``
    2019   ``proofValue`` = "z" + base58btc of CBOR: [[0, root], [1, target], [2, anchors], [3, path]]
           hashes and transaction ids are bytes that hold, once more in CBOR, the text of their hex
           path     [[0 (left) or 1 (right), hash] …]
           anchor   [[0, chain], [1, network], [2, transaction]]

A step hashes the raw bytes of left and right, with nothing that tells leaves from nodes. So a proof says only
that the target is somewhere below the root, and anybody can make one. Whose root it is, a blockchain tells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from cairn.errors import CairnError, MalformedError
from cairn.keys import multibase_decode
from cairn.proof import cbor

if TYPE_CHECKING:
    from collections.abc import Mapping

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MAX_STEPS: Final = 64  # more than any batch needs
_MAX_ANCHORS: Final = 8

# MerkleProof2019: chains and their networks by number. The third is a rehearsal that touches no chain.
_BITCOIN, _ETHEREUM, _MOCKNET = 0, 1, -1
_NETWORKS: Final = {
    _BITCOIN: {1: "mainnet", 2: "regtest", 3: "testnet"},
    _ETHEREUM: {1: "mainnet", 3: "ropsten", 4: "rinkeby", 5: "goerli", 11155111: "sepolia"},
}
_CHAINS: Final = {_BITCOIN: "btc", _ETHEREUM: "eth"}
# MerkleProof2017: by name, or by kind of anchor when there is none.
_NAMES: Final = {
    "bitcoinmainnet": ("btc", "mainnet"),
    "bitcointestnet": ("btc", "testnet"),
    "bitcoinregtest": ("btc", "regtest"),
    "ethereummain": ("eth", "mainnet"),
    "ethereumropsten": ("eth", "ropsten"),
    "ethereumrinkeby": ("eth", "rinkeby"),
    "mockchain": ("mocknet", ""),
    "mocknet": ("mocknet", ""),
}
_KINDS: Final = {"BTCOpReturn": "btc", "ETHData": "eth", "MockChain": "mocknet"}


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the root is said to have been written."""

    chain: str  # "btc", "eth" or "mocknet"
    network: str
    transaction: str

    @property
    def is_rehearsal(self) -> bool:
        """Whether it says itself that it was written nowhere that counts."""
        return self.chain == "mocknet" or self.network == "regtest"

    @property
    def url(self) -> str:
        """The anchor as a BLINK URI, which is also what sources are asked for its transaction by."""
        return f"blink:{self.chain}:{self.network}:{self.transaction}"


@dataclass(frozen=True, slots=True)
class MerkleProof:
    """What a certificate says of its own fingerprint; true of anything until it is compared."""

    target: str
    root: str
    steps: tuple[tuple[str, str], ...]  # ("left" or "right", hash)
    anchors: tuple[Anchor, ...]

    def leads_to_root(self) -> bool:
        """Whether the steps lead from the target to the root."""
        reached = bytes.fromhex(self.target)
        for side, sibling in self.steps:
            other = bytes.fromhex(sibling)
            reached = sha256(other + reached if side == "left" else reached + other).digest()
        return reached.hex() == self.root


def read_2017(signature: Mapping[str, Any]) -> MerkleProof:
    """The ``signature`` of a Blockcerts 2 certificate."""
    steps = []
    for step in _list(signature, "proof", _MAX_STEPS):
        if not isinstance(step, dict) or len(step) != 1 or not step.keys() <= {"left", "right"}:
            raise _malformed("a step of its path is neither left nor right")
        [(side, sibling)] = step.items()
        steps.append((side, _hash(sibling)))
    anchors = tuple(_anchor_2017(each) for each in _list(signature, "anchors", _MAX_ANCHORS))
    return MerkleProof(
        _hash(signature.get("targetHash")), _hash(signature.get("merkleRoot")), tuple(steps), anchors
    )


def read_2019(proof_value: object) -> MerkleProof:
    """The ``proofValue`` of a Blockcerts 3 certificate."""
    if not isinstance(proof_value, str) or not proof_value.startswith("z"):
        raise _malformed("its proof value is not in base58btc")
    try:
        members = _pairs(cbor.decode_tree(multibase_decode(proof_value)), {0, 1, 2, 3})
        steps = [
            ({0: "left", 1: "right"}[_number(step[0])], _hash(_inner(step[1])))
            for step in _items(members.get(3, []), _MAX_STEPS)
            if len(step) == 2
        ]
        anchors = tuple(map(_anchor_2019, _items(members.get(2), _MAX_ANCHORS)))
        root, target = _hash(_inner(members.get(0))), _hash(_inner(members.get(1)))
    except KeyError as error:
        raise _malformed("a number in it means nothing") from error
    if len(steps) != len(members.get(3, [])):
        raise _malformed("a step of its path is neither left nor right")
    return MerkleProof(target, root, tuple(steps), anchors)


def _anchor_2017(anchor: object) -> Anchor:
    if not isinstance(anchor, dict) or not isinstance(anchor.get("sourceId"), str):
        raise _malformed("an anchor of it names no transaction")
    named = _NAMES.get(str(anchor.get("chain", "")).lower())
    kind = _KINDS.get(str(anchor.get("type")), "")
    chain, network = named or (kind, "mainnet")
    if not chain or (kind and kind not in (chain, "mocknet") and chain != "mocknet"):
        raise _malformed("an anchor of it is of an unknown kind")
    return Anchor(chain, network, _transaction(chain, anchor["sourceId"]))


def _anchor_2019(anchor: object) -> Anchor:
    members = _pairs(anchor, {0, 1, 2})
    chain = _number(members[0])
    if chain == _MOCKNET:
        # It has no network, so what stands for the transaction moves up by one.
        return Anchor("mocknet", "", str(_inner(members.get(2, members.get(1)))))
    network = _NETWORKS[chain][_number(members[1])]
    return Anchor(_CHAINS[chain], network, _transaction(_CHAINS[chain], _inner(members[2])))


def _transaction(chain: str, named: object) -> str:
    text = str(named).removeprefix("0x")
    if chain != "mocknet" and not _HASH.fullmatch(text):
        raise _malformed("an anchor of it names no transaction")
    return text


def _inner(octets: object) -> object:
    """What a byte string holds once more in CBOR."""
    if not isinstance(octets, bytes):
        raise _malformed("a hash in it is not wrapped as it should be")
    return cbor.decode_tree(octets)


def _pairs(value: object, known: set[int]) -> dict[int, Any]:
    """A list of pairs as what it stands for: each key once."""
    found: dict[int, Any] = {}
    for pair in _items(value, len(known)):
        if len(pair) != 2 or pair[0] not in known or pair[0] in found:
            raise _malformed("a member of it is unknown or there twice")
        found[pair[0]] = pair[1]
    return found


def _items(value: object, most: int) -> list[list[Any]]:
    if not isinstance(value, list) or len(value) > most or not all(isinstance(each, list) for each in value):
        raise _malformed("a list in it is missing, too long or of something else")
    return value


def _list(document: Mapping[str, Any], member: str, most: int) -> list[Any]:
    value = document.get(member)
    if not isinstance(value, list) or len(value) > most:
        raise _malformed(f"{member!r} of it is missing or too long")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise _malformed("a number in it is something else")
    return value


def _hash(value: object) -> str:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise _malformed("a hash in it is not 64 hexadecimal digits")
    return value


def _malformed(reason: str) -> CairnError:
    return MalformedError("merkle-malformed", f"The Merkle proof cannot be read: {reason}.")
