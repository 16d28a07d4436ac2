# SPDX-License-Identifier: Apache-2.0
"""One line of a log: what it may say, what it hashes to, and who may have signed it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from cairn.canonical import Limits, jcs, parse_json, to_json
from cairn.credential import parse_datetime
from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.keys import Algorithm, PublicKey, base58btc_encode, multibase_decode
from cairn.proof.data_integrity import JCS, hash_input

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

METHOD: Final = "did:webvh:1.0"
PLACEHOLDER: Final = "{SCID}"
MAX_LOG: Final = 1024 * 1024  # bytes, of the log and of the file of its witnesses
MAX_ENTRIES: Final = 1_000
MAX_PROOFS: Final = 16
MAX_KEYS: Final = 64
DEFAULT_TTL: Final = 3_600
_MAX_TTL: Final = 2**31
_LIMITS: Final = Limits(size=256 * 1024, count=10_000)

_ENTRY: Final = frozenset({"versionId", "versionTime", "parameters", "state", "proof"})
_VERSION_ID: Final = re.compile(r"([1-9][0-9]{0,5})-(Qm[1-9A-HJ-NP-Za-km-z]{44})")
SCID: Final = re.compile(r"Qm[1-9A-HJ-NP-Za-km-z]{44}")
# A SHA-256 multihash in base58btc: 0x12 0x20 and 32 bytes, which always begin with "Qm".
_MULTIHASH: Final = b"\x12\x20"
_PROOF: Final = frozenset(
    {"id", "type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"}
)


def multihash(octets: bytes) -> str:
    """``base58btc(multihash(octets, SHA-256))``, the only hash of version 1.0."""
    return base58btc_encode(_MULTIHASH + sha256(octets).digest())


def key_hash(multikey: str) -> str:
    """What ``nextKeyHashes`` holds of a key that nobody has seen yet."""
    return multihash(multikey.encode("ascii"))


@dataclass(frozen=True, slots=True)
class Watch:
    """Which did:keys have to have seen an entry, and how many of them."""

    threshold: int = 0
    witnesses: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the parameter ``witness``."""
        if not self.threshold:
            return {}
        return {"threshold": self.threshold, "witnesses": [{"id": each} for each in self.witnesses]}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is in force after an entry."""

    update_keys: tuple[str, ...] = ()
    next_key_hashes: tuple[str, ...] = ()
    watch: Watch = Watch()
    watchers: tuple[str, ...] = ()
    portable: bool = False
    deactivated: bool = False
    ttl: int = DEFAULT_TTL


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log, with the shape that it must have; nothing in it has been verified."""

    number: int
    version_id: str
    time: datetime
    said: Mapping[str, Any]
    state: Mapping[str, Any]
    proofs: tuple[Mapping[str, Any], ...]
    unsigned: Mapping[str, Any]

    @property
    def did(self) -> str:
        """Whose document this is."""
        return str(self.state["id"])

    def hash_after(self, predecessor: str) -> str:
        """The entry's hash, in which its predecessor's version id, at first the SCID, stands for its own."""
        return multihash(jcs({**self.unsigned, "versionId": predecessor}))


def malformed(code: str, reason: str) -> MalformedError:
    """What is wrong with the history."""
    return MalformedError(code, f"The history of the issuer's identifier cannot be used: {reason}.")


def read_entries(log: bytes) -> list[Entry]:
    """The lines of ``did.jsonl``, each strict JSON."""
    if len(log) > MAX_LOG:
        raise MalformedError("limit-webvh", "The history of the issuer's identifier is too long.")
    lines = log.removesuffix(b"\n").split(b"\n")
    if len(lines) > MAX_ENTRIES:
        raise MalformedError("limit-webvh", "The history of the issuer's identifier is too long.")
    return [_read_entry(line) for line in lines]


def _read_entry(line: bytes) -> Entry:
    entry = parse_json(line, limits=_LIMITS)
    said, state, proofs = entry.get("parameters"), entry.get("state"), entry.get("proof")
    version_id, time = entry.get("versionId"), entry.get("versionTime")
    proofs = [proofs] if isinstance(proofs, dict) else proofs
    match = _VERSION_ID.fullmatch(version_id) if isinstance(version_id, str) else None
    if entry.keys() != _ENTRY or match is None or not isinstance(said, dict):
        raise malformed("webvh-log", "an entry has not the members that it should have")
    if not isinstance(state, dict) or not isinstance(state.get("id"), str):
        raise malformed("webvh-log", "an entry holds no document")
    if not isinstance(proofs, list) or not all(isinstance(each, dict) for each in proofs):
        raise malformed("webvh-log", "an entry has no list of proofs")
    if not isinstance(time, str) or not time.endswith(("Z", "+00:00")):
        raise malformed("webvh-time", "an entry does not say in UTC when it was made")
    return Entry(
        number=int(match[1]),
        version_id=match[0],
        time=parse_datetime(time),
        said=said,
        state=state,
        proofs=tuple(proofs),
        unsigned={name: value for name, value in entry.items() if name != "proof"},
    )


def scid_of(first: Mapping[str, Any], scid: str) -> str:
    """The SCID that this first entry, without its proof, leads to (§SCID generation and verification).

    The text says to replace the SCID in the entry "as a string"; it may also stand in the names of members.
    """
    text = to_json({**first, "versionId": PLACEHOLDER}).replace(scid.encode(), PLACEHOLDER.encode())
    return multihash(jcs(parse_json(text, limits=_LIMITS)))


def parameters_after(before: Parameters | None, said: Mapping[str, Any]) -> Parameters:
    """The parameters in force after an entry that says these; None before the first one (§Parameters)."""
    unknown = said.keys() - _READERS.keys() - {"method", "scid"}
    if unknown:
        raise malformed("webvh-log", f"it has parameters that its version does not know: {min(unknown)[:40]}")
    if said.get("method", None if before is None else METHOD) != METHOD:
        raise UnsupportedError("webvh-version", "The identifier is of a version of did:webvh not known here.")
    if ("scid" in said) is (before is not None):
        raise malformed("webvh-log", "the first entry alone says what the identifier's hash is")
    # Null was how early programs wrote "no longer"; readers are asked to go on understanding it.
    values = {
        member: _DEFAULTS[member] if said[name] is None else reader(said[name])
        for name, (member, reader) in _READERS.items()
        if name in said
    }
    after: Parameters = replace(before or Parameters(), **values)
    if before is None and not after.update_keys:
        raise malformed("webvh-log", "nobody may sign its first entry")
    if before is not None and after.portable and not before.portable:
        raise malformed("webvh-log", "it becomes movable after its first entry")
    if before is not None and before.next_key_hashes and not {"updateKeys", "nextKeyHashes"} <= said.keys():
        raise malformed("webvh-rotation", "an entry does not show the keys that were announced")
    return after


def _texts(value: Any) -> tuple[str, ...]:
    texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
    if not texts or len(value) > MAX_KEYS or len(set(value)) != len(value):
        raise malformed("webvh-log", "a parameter is not a short list of different texts")
    return tuple(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise malformed("webvh-log", "a parameter is neither true nor false")
    return value


def _ttl(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_TTL:
        raise malformed("webvh-log", "its 'ttl' is not a number of seconds")
    return int(value)


def _watch(value: Any) -> Watch:
    if value == {}:
        return Watch()
    members = value if isinstance(value, dict) else {}
    listed, threshold = members.get("witnesses"), members.get("threshold")
    ids = [each.get("id") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    if not ids or ids != [each for each in ids if isinstance(each, str) and each.startswith("did:key:z")]:
        raise malformed("webvh-log", "its witnesses are not did:keys")
    if len(ids) > MAX_KEYS or len(set(ids)) != len(ids) or type(threshold) is not int:
        raise malformed("webvh-log", "its witnesses are not different ones with a threshold")
    if not 1 <= threshold <= len(ids):
        raise malformed("webvh-log", "more witnesses are demanded than there are")
    return Watch(threshold, tuple(ids))


_READERS: Final[dict[str, tuple[str, Any]]] = {
    "updateKeys": ("update_keys", _texts),
    "nextKeyHashes": ("next_key_hashes", _texts),
    "witness": ("watch", _watch),
    "watchers": ("watchers", _texts),
    "portable": ("portable", _flag),
    "deactivated": ("deactivated", _flag),
    "ttl": ("ttl", _ttl),
}
_DEFAULTS: Final[dict[str, Any]] = {
    "update_keys": (),
    "next_key_hashes": (),
    "watch": Watch(),
    "watchers": (),
    "portable": False,
    "deactivated": False,
    "ttl": DEFAULT_TTL,
}


def check_proofs(
    document: Mapping[str, Any], proofs: Collection[Mapping[str, Any]], allowed: Collection[str]
) -> None:
    """Refuse an entry unless keys that may do so have signed it, and nobody else has (§Authorized keys).

    As with credentials, one bad proof among good ones is enough for a no (S1).
    """
    if not proofs or len(proofs) > MAX_PROOFS:
        raise malformed("webvh-proof", "an entry is not signed")
    for proof in proofs:
        if signer_of(document, proof) not in allowed:
            raise malformed("webvh-proof", "an entry is signed by a key that may not do so")


def signer_of(document: Mapping[str, Any], proof: Mapping[str, Any]) -> str:
    """The multikey of the did:key that has signed the document with ``eddsa-jcs-2022``."""
    value, url = proof.get("proofValue"), proof.get("verificationMethod")
    is_known = (
        proof.get("type") == "DataIntegrityProof"
        and proof.get("cryptosuite") == JCS
        and proof.get("proofPurpose") == "assertionMethod"
        and not proof.keys() - _PROOF
    )
    if not is_known or not isinstance(value, str) or not isinstance(url, str):
        raise malformed("webvh-proof", "a proof is not of the one kind that is allowed")
    did, _, multikey = url.partition("#")
    if did != f"did:key:{multikey}":
        raise malformed("webvh-proof", "a proof does not name a did:key")
    configuration = {name: each for name, each in proof.items() if name != "proofValue"}
    try:
        if "created" in proof:
            parse_datetime(proof["created"] if isinstance(proof["created"], str) else "")
        key = PublicKey.from_multikey(multikey)
        signature = multibase_decode(value)
        signed = hash_input(document, configuration)
    except CairnError as error:
        raise malformed("webvh-proof", f"a proof cannot be read ({error.code})") from error
    if key.algorithm is not Algorithm.ED25519 or not key.verify(signed, signature):
        raise malformed("webvh-proof", "a signature does not match")
    return multikey
