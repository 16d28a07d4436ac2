# SPDX-License-Identifier: Apache-2.0
"""Who has to have seen an entry, and whether they have (did:webvh 1.0, §DID witnesses).

    did-witness.json = [{"versionId": "3-Qm…", "proof": [{…}, …]}, …]

A witness signs ``{"versionId": …}``, and with it everything before that version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cairn.canonical import Limits, parse_json
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.webvh.entries import MAX_LOG, Watch, read_entries, signer_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LIMITS: Final = Limits(size=MAX_LOG)
_MAX_PROOFS: Final = 1_000


def needs_witnesses(log: bytes) -> bool:
    """Whether the log names witnesses, so that their file has to be asked for."""
    try:
        return any(entry.said.get("witness") for entry in read_entries(log))
    except CairnError:
        return False


def watches(parameters: Sequence[Watch]) -> list[Watch]:
    """Who had to see each entry, from what was in force after each of them.

    New witnesses begin after the entry that names them; only where there were none, they begin with it. So
    nobody gets rid of witnesses without their seeing it.
    """
    before = [Watch(), *parameters]
    return [
        earlier if earlier.threshold else own for earlier, own in zip(before[:-1], parameters, strict=True)
    ]


def check_witnesses(version_ids: Sequence[str], demanded: Sequence[Watch], file: bytes | None) -> None:
    """``UnavailableError`` unless for every entry enough of its witnesses have signed it or a later one."""
    if not any(watch.threshold for watch in demanded):
        return
    seen = _last_seen(version_ids, {each for watch in demanded for each in watch.witnesses}, file)
    for position, watch in enumerate(demanded):
        have = sum(seen.get(witness, -1) >= position for witness in watch.witnesses)
        if have < watch.threshold:
            raise UnavailableError(
                "webvh-witness",
                f"Only {have} of {watch.threshold} witnesses that the identifier demands have confirmed its "
                f"version {position + 1}.",
            )


def _last_seen(version_ids: Sequence[str], witnesses: set[str], file: bytes | None) -> dict[str, int]:
    """The position of the last entry that each witness has signed.

    Proofs for versions that are not in the log, by others, or that do not match count for nothing.
    """
    positions = {version_id: position for position, version_id in enumerate(version_ids)}
    seen: dict[str, int] = {}
    for version_id, proof in _proofs(file):
        position = positions.get(version_id)
        witness = str(proof.get("verificationMethod")).partition("#")[0]
        if position is None or witness not in witnesses or seen.get(witness, -1) >= position:
            continue
        try:
            signer_of({"versionId": version_id}, proof)
        except MalformedError:
            continue
        seen[witness] = position
    return seen


def _proofs(file: bytes | None) -> list[tuple[str, Mapping[str, Any]]]:
    if file is None:
        return []
    # The one parser reads objects; this file is the one list of our standards.
    document = parse_json(b'{"entries":' + file + b"}", limits=_LIMITS)
    entries = document["entries"]
    if not isinstance(entries, list) or len(document) > 1:
        raise MalformedError("webvh-witness-file", "The file of witnesses is not a list.")
    found: list[tuple[str, Mapping[str, Any]]] = []
    for entry in entries:
        members = entry if isinstance(entry, dict) else {}
        version_id, proofs = members.get("versionId"), members.get("proof")
        proofs = [proofs] if isinstance(proofs, dict) else proofs
        if not isinstance(version_id, str) or not isinstance(proofs, list):
            raise MalformedError("webvh-witness-file", "The file of witnesses is not one of their proofs.")
        found += [(version_id, proof) for proof in proofs if isinstance(proof, dict)]
    if len(found) > _MAX_PROOFS:
        raise MalformedError("limit-webvh", "The file of witnesses is too long.")
    return found
