# SPDX-License-Identifier: Apache-2.0
"""New entries of a log, for issuers and their witnesses. Nothing is stored and no clock is read here.

    log = create(document, key, at=now, next_keys=[spare.public_key])     the DID is in the document
    log = update(log, document, spare, at=later, next_keys=[…])
    log = deactivate(log, key, at=much_later)

``document`` is written with ``{SCID}`` where the hash will stand; afterwards with the hash. Every new log is
verified before it is given back: what others would refuse does not leave the house.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cairn.canonical import jcs, parse_json, to_json
from cairn.credential import format_datetime
from cairn.did import did_key
from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import Algorithm, multibase_encode
from cairn.proof.data_integrity import JCS, hash_input
from cairn.webvh.entries import METHOD, PLACEHOLDER, Watch, key_hash, multihash, read_entries
from cairn.webvh.history import verified_versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cairn.keys import PublicKey, Signer


def create(
    document: Mapping[str, Any],
    signer: Signer,
    *,
    at: datetime,
    next_keys: Sequence[PublicKey] = (),
    witnesses: Sequence[PublicKey] = (),
    threshold: int = 0,
    portable: bool = True,
    ttl: int | None = None,
) -> bytes:
    """A log of one entry, signed by the key that may make the next one as well, or may announce another.

    ``next_keys`` turns pre-rotation on: only those keys may make the next entry, and nobody has seen them.
    An identifier that may ever move has to be ``portable`` from the beginning.
    """
    parameters: dict[str, Any] = {
        "method": METHOD,
        "scid": PLACEHOLDER,
        "updateKeys": [signer.public_key.multikey()],
        "portable": portable,
    }
    if next_keys:
        parameters["nextKeyHashes"] = _hashes(next_keys)
    if witnesses:
        parameters["witness"] = _watch(witnesses, threshold)
    if ttl is not None:
        parameters["ttl"] = ttl
    preliminary = {
        "versionId": PLACEHOLDER,
        "versionTime": format_datetime(at),
        "parameters": parameters,
        "state": dict(document),
    }
    scid = multihash(jcs(preliminary))
    entry = parse_json(to_json(preliminary).replace(PLACEHOLDER.encode(), scid.encode()))
    return _verified(_signed(entry, scid, 1, signer, at))


def update(
    log: bytes,
    document: Mapping[str, Any],
    signer: Signer,
    *,
    at: datetime,
    update_keys: Sequence[PublicKey] | None = None,
    next_keys: Sequence[PublicKey] | None = None,
    witnesses: Sequence[PublicKey] | None = None,
    threshold: int = 0,
    portable: bool | None = None,
    ttl: int | None = None,
) -> bytes:
    """The log with an entry more.

    What is left out stays as it is. With pre-rotation the signer is one of the announced keys and becomes
    the one that may update, and ``next_keys`` announces the next ones; none turns pre-rotation off.
    """
    newest = verified_versions(log)[-1].parameters
    parameters: dict[str, Any] = {}
    if newest.next_key_hashes:
        update_keys = (signer.public_key,) if update_keys is None else update_keys
        next_keys = () if next_keys is None else next_keys
    if update_keys is not None:
        parameters["updateKeys"] = [key.multikey() for key in update_keys]
    if next_keys is not None:
        parameters["nextKeyHashes"] = _hashes(next_keys)
    if witnesses is not None:
        parameters["witness"] = _watch(witnesses, threshold)
    if portable is not None:
        parameters["portable"] = portable
    if ttl is not None:
        parameters["ttl"] = ttl
    return _append(log, parameters, document, signer, at)


def deactivate(log: bytes, signer: Signer, *, at: datetime) -> bytes:
    """The log with its end: nobody can update the identifier any more (§Deactivate).

    Pre-rotation has to be turned off first, in an entry of its own a second earlier.
    """
    newest = verified_versions(log)[-1]
    if newest.parameters.next_key_hashes:
        log = update(log, newest.document, signer, at=at - timedelta(seconds=1))
    return _append(log, {"deactivated": True, "updateKeys": []}, newest.document, signer, at)


def witness(log: bytes, signers: Sequence[Signer], *, at: datetime) -> bytes:
    """``did-witness.json`` with what these witnesses sign after they have verified the log."""
    newest = verified_versions(log)[-1]
    seen = {"versionId": newest.id}
    return to_json([{**seen, "proof": [_proof(seen, signer, at) for signer in signers]}])


def _append(
    log: bytes, parameters: Mapping[str, Any], document: Mapping[str, Any], signer: Signer, at: datetime
) -> bytes:
    newest = read_entries(log)[-1]
    preliminary = {
        "versionId": newest.version_id,
        "versionTime": format_datetime(at),
        "parameters": dict(parameters),
        "state": dict(document),
    }
    return _verified(log + _signed(preliminary, newest.version_id, newest.number + 1, signer, at))


def _signed(
    preliminary: Mapping[str, Any], predecessor: str, number: int, signer: Signer, at: datetime
) -> bytes:
    entry_hash = multihash(jcs({**preliminary, "versionId": predecessor}))
    entry = {**preliminary, "versionId": f"{number}-{entry_hash}"}
    return to_json({**entry, "proof": [_proof(entry, signer, at)]}) + b"\n"


def _proof(document: Mapping[str, Any], signer: Signer, at: datetime) -> dict[str, str]:
    if signer.algorithm is not Algorithm.ED25519:
        raise UnsupportedError("key-type", f"a history is signed with Ed25519, not {signer.algorithm}")
    configuration = {
        "type": "DataIntegrityProof",
        "cryptosuite": JCS,
        "created": format_datetime(at),
        "verificationMethod": f"{did_key(signer.public_key)}#{signer.public_key.multikey()}",
        "proofPurpose": "assertionMethod",
    }
    value = multibase_encode(signer.sign(hash_input(document, configuration)))
    return {**configuration, "proofValue": value}


def _verified(log: bytes) -> bytes:
    verified_versions(log)
    return log


def _hashes(keys: Sequence[PublicKey]) -> list[str]:
    return [key_hash(key.multikey()) for key in keys]


def _watch(witnesses: Sequence[PublicKey], threshold: int) -> dict[str, Any]:
    if not witnesses:
        return {}
    if not 1 <= threshold <= len(witnesses):
        raise MalformedError("webvh-log", "a threshold is at least one and at most the number of witnesses")
    return Watch(threshold, tuple(map(did_key, witnesses))).to_json()
