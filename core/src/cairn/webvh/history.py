# SPDX-License-Identifier: Apache-2.0
"""A whole log, verified from its first entry to its last, and which keys it lists when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from cairn.credential import parse_datetime
from cairn.did import RELATIONSHIPS, DidDocument, VerificationMethod
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.proof.outcome import CLOCK_SKEW
from cairn.webvh.entries import (
    METHOD,
    SCID,
    Entry,
    Parameters,
    Watch,
    check_proofs,
    key_hash,
    malformed,
    parameters_after,
    read_entries,
    scid_of,
)
from cairn.webvh.witnesses import check_witnesses, watches

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_PREFIX = METHOD.rpartition(":")[0] + ":"


@dataclass(frozen=True, slots=True)
class Version:
    """One verified state of the identifier."""

    number: int
    id: str
    time: datetime
    did: str
    document: Mapping[str, Any]
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class History:
    """All verified versions, the oldest first."""

    scid: str
    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        """What is in force as far as this log knows."""
        return self.versions[-1]

    def version_at(self, moment: datetime) -> Version | None:
        """The version in force at a moment; None before the first."""
        return next((each for each in reversed(self.versions) if each.time <= moment), None)

    def version_named(self, version_id: str) -> Version | None:
        """The version of this id."""
        return next((each for each in self.versions if each.id == version_id), None)

    def document_for(self, did: str, *, at: datetime, claimed: datetime | None = None) -> DidDocument:
        """The keys of ``did`` as they stand at a moment, and with them those that were taken out before.

        A key that is no longer listed has the time at which that happened in ``retired``, and every key the
        time since when it was listed: what that means for a signature is for ``refuse_key_out_of_use`` to
        say. Where a name has stood for several keys, ``claimed``, the time at which something says that it
        was signed, chooses which is tried; it proves nothing.
        """
        known = [each for each in self.versions if each.time <= at + CLOCK_SKEW]
        if not any(each.did == did for each in known):
            raise malformed("webvh-moved", "it is that of another identifier")
        keys = _Keys(did)
        for version in known:
            keys.go_on(version)
        return keys.document(claimed)


def read_history(did: str, log: bytes, witnesses: bytes | None, *, at: datetime) -> History:
    """Verify the log of ``did`` as it was found at a moment (§Read).

    ``MalformedError`` when it breaks a rule, ``UnavailableError`` when too few witnesses have confirmed it.
    """
    history, demanded = _verify_large(log) if len(log) > _LARGE else _verify_small(log)
    if history.newest.time > at + CLOCK_SKEW:
        raise malformed("webvh-time", "its newest entry was made in the future")
    if not did.startswith(f"{_PREFIX}{history.scid}:"):
        raise malformed("webvh-scid", "it is that of another identifier")
    if not any(version.did == did for version in history.versions):
        raise malformed("webvh-moved", "it is that of another identifier")
    check_witnesses([version.id for version in history.versions], demanded, witnesses)
    return history


def verified_versions(log: bytes) -> tuple[Version, ...]:
    """The versions of a log that its witnesses have not seen yet."""
    return _verify(log)[0].versions


def _verify(log: bytes) -> tuple[History, list[Watch]]:
    """The history, and who had to see each of its entries."""
    entries = read_entries(log)
    versions: list[Version] = []
    scid = entries[0].said.get("scid")
    if not isinstance(scid, str) or not SCID.fullmatch(scid):
        raise malformed("webvh-scid", "its first entry does not say what the identifier's hash is")
    for entry in entries:
        versions.append(_next(entry, versions[-1] if versions else None, scid))
    return History(scid, tuple(versions)), watches([each.parameters.watch for each in versions])


# An issuer's history is read for each of its badges, and several times for each. Few large ones are kept, so
# that memory stays bounded.
_LARGE = 64 * 1024
_verify_small = lru_cache(maxsize=64)(_verify)
_verify_large = lru_cache(maxsize=2)(_verify)


def _next(entry: Entry, before: Version | None, scid: str) -> Version:
    """One entry after another one, or the first."""
    if before is not None and before.parameters.deactivated:
        raise malformed("webvh-chain", "it goes on after its end")
    parameters = parameters_after(None if before is None else before.parameters, entry.said)
    if before is None and scid_of(entry.unsigned, scid) != scid:
        raise malformed("webvh-scid", "its first entry is not the one that the identifier was made from")
    number, predecessor = (1, scid) if before is None else (before.number + 1, before.id)
    if entry.number != number or entry.version_id != f"{number}-{entry.hash_after(predecessor)}":
        raise malformed("webvh-chain", f"its entry {number} was changed, left out or put elsewhere")
    if before is not None and entry.time <= before.time:
        raise malformed("webvh-time", f"its entry {number} is not later than the one before it")
    check_proofs(entry.unsigned, entry.proofs, _may_sign(parameters, before))
    if not entry.did.startswith(f"{_PREFIX}{scid}:"):
        raise malformed("webvh-moved", f"its entry {number} is about another identifier")
    if before is not None and entry.did != before.did:
        _check_move(entry, before)
    return Version(number, entry.version_id, entry.time, entry.did, entry.state, parameters)


def _may_sign(after: Parameters, before: Version | None) -> tuple[str, ...]:
    """Whose signature an entry needs (§Authorized keys)."""
    if before is None:
        return after.update_keys
    announced = before.parameters.next_key_hashes
    if not announced:
        return before.parameters.update_keys
    # Pre-rotation: the keys are those of this entry, and the one before has promised them.
    if not all(key.isascii() and key_hash(key) in announced for key in after.update_keys):
        raise malformed("webvh-rotation", "an entry has keys that were not announced")
    return after.update_keys


def _check_move(entry: Entry, before: Version) -> None:
    also_known_as = entry.state.get("alsoKnownAs")
    if not before.parameters.portable:
        raise malformed("webvh-moved", "it moves although it is not one that may")
    if not isinstance(also_known_as, list) or before.did not in also_known_as:
        raise malformed("webvh-moved", "it moves without saying from where")


@dataclass(slots=True)
class _Holding:
    """A key under a name, from when to when."""

    method: VerificationMethod
    relationships: frozenset[str]


class _Keys:
    """The keys of one identifier while its versions are gone through."""

    def __init__(self, did: str) -> None:
        self._did = did
        self._holdings: list[_Holding] = []
        self._unreadable: Mapping[str, CairnError] = {}
        self._unreadable_uses: dict[str, frozenset[str]] = {}

    def go_on(self, version: Version) -> None:
        """The next version: what it lists goes on or begins, what it does not list ends."""
        document = DidDocument.read(version.document, expected_id=version.did)
        # After the end of an identifier it has no keys, whatever its last document still lists.
        listed = {} if version.parameters.deactivated else self._listed(document, version.did)
        for holding in self._holdings:
            method = holding.method
            if method.retired is not None:
                continue
            again = listed.get(method.id)
            if again is None or again.method.public_key != method.public_key:
                holding.method = replace(method, retired=version.time)
                continue
            del listed[method.id]
            holding.method = replace(method, revoked=again.method.revoked, expires=again.method.expires)
            holding.relationships = again.relationships
        for holding in listed.values():
            holding.method = replace(holding.method, since=version.time)
            self._holdings.append(holding)
        self._unreadable = {
            self._renamed(name, version.did): error for name, error in document.defects.items()
        }
        self._unreadable_uses = {
            self._renamed(name, version.did): _uses(document, name) for name in document.defects
        }

    def document(self, claimed: datetime | None) -> DidDocument:
        """The keys that names stand for: the one in use, or at the claimed time the one that was."""
        chosen: dict[str, _Holding] = {}
        for holding in self._holdings:
            name = holding.method.id
            if name not in chosen or not _in_use(chosen[name].method, claimed):
                chosen[name] = holding
        uses = {name: holding.relationships for name, holding in chosen.items()}
        uses |= {name: found for name, found in self._unreadable_uses.items() if name not in chosen}
        return DidDocument(
            self._did,
            tuple(holding.method for holding in chosen.values()),
            {
                each: frozenset(name for name, found in uses.items() if each in found)
                for each in RELATIONSHIPS
            },
            {name: error for name, error in self._unreadable.items() if name not in chosen},
        )

    def _listed(self, document: DidDocument, own: str) -> dict[str, _Holding]:
        """The document's own keys, under the names they have for this identifier, which may have moved."""
        holdings = {}
        for method in document.methods:
            controller = self._did if method.controller == own else method.controller
            renamed = replace(method, id=self._renamed(method.id, own), controller=controller)
            holdings[renamed.id] = _Holding(renamed, _uses(document, method.id))
        return holdings

    def _renamed(self, name: str, own: str) -> str:
        return self._did + name.removeprefix(own) if name.startswith(f"{own}#") else name


def _uses(document: DidDocument, name: str) -> frozenset[str]:
    return frozenset(each for each in RELATIONSHIPS if document.lists(name, each))


def _in_use(method: VerificationMethod, claimed: datetime | None) -> bool:
    """Whether a key was listed at the claimed time; without one, whether it still is."""
    if claimed is None or method.since is None:
        return method.retired is None
    return method.since - CLOCK_SKEW <= claimed and (method.retired is None or claimed < method.retired)


def claimed_version(history: History, query: str) -> datetime | None:
    """The time of the version that a DID URL asks for; None when it asks for none (§Reading DID URLs)."""
    if not query:
        return None
    try:
        asked = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=4))
    except ValueError as error:
        raise MalformedError("did-url", "The name of the key has a query that cannot be read.") from error
    version: Version | None = None
    match asked:
        case {"versionId": name} if len(asked) == 1:
            version = history.version_named(name)
        case {"versionTime": time} if len(asked) == 1:
            moment = parse_datetime(time)
            version = history.version_at(moment)
        case {"versionNumber": number} if len(asked) == 1:
            version = next((each for each in history.versions if str(each.number) == number), None)
        case _:
            raise MalformedError("did-url", "The name of the key has a query that is not known here.")
    if version is None:
        raise UnavailableError("webvh-not-found", "The identifier has no such version.")
    return version.time
