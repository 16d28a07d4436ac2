# SPDX-License-Identifier: Apache-2.0
"""Histories of did:webvh, exchanged with an npm and a PyPI peer: ours judged by them and theirs by us.

A flow hands one genuine history and its corrupted copies to both, as with credentials.
"""

from __future__ import annotations

import asyncio
import json
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from flows import Flow

from cairn import PrivateKey, webvh
from cairn.credential import format_datetime
from cairn.errors import CairnError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from node_peers import NodePeers

NPM = "didwebvh-ts"
PYPI = "did-webvh"


@dataclass(frozen=True, slots=True)
class History:
    """A log and what its witnesses have signed, as two files."""

    did: str
    log: str
    witnesses: str

    def entries(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [json.loads(line) for line in self.log.splitlines()]


def history_flows_of_node(node: NodePeers, at: datetime) -> Iterator[Flow]:
    def theirs(history: History) -> bool:
        members = {"did": history.did, "log": history.log, "witnesses": history.witnesses}
        return node.verify(NPM, "did-webvh", members, at=format_datetime(at), resources={})[0]

    def made() -> History:
        moments = [format_datetime(at - timedelta(days=days)) for days in (30, 20)]
        return History(**node.issue(NPM, "did-webvh", first=moments[0], second=moments[1]))

    number = node.version(NPM)
    yield Flow(NPM, number, "verify.did-webvh", lambda: _exchange(_ours(at), theirs, at))
    yield Flow(NPM, number, "issue.did-webvh", lambda: _exchange(made(), theirs, at))


def history_flows_of_python(at: datetime) -> Iterator[Flow]:
    try:
        number = version(PYPI)
    except PackageNotFoundError:
        number = "not installed"
    yield Flow(PYPI, number, "verify.did-webvh", lambda: _exchange(_ours(at), _judged_by_pypi, at))
    yield Flow(PYPI, number, "issue.did-webvh", lambda: _exchange(_made_by_pypi(at), _judged_by_pypi, at))


def _exchange(genuine: History, theirs: Callable[[History], bool], at: datetime) -> list[str]:
    complaints = []
    for name, judge in (("we", lambda history: _judged_by_us(history, at)), ("the peer", theirs)):
        if not judge(genuine):
            complaints.append(f"{name} refused the genuine history")
        complaints += [
            f"{name} accepted a copy with {what}"
            for what, copy in _corrupted(genuine)
            if _accepts(judge, copy)
        ]
    return complaints


def _accepts(judge: Callable[[History], bool], history: History) -> bool:
    try:
        return judge(history)
    except Exception:  # noqa: BLE001  a peer that throws has refused
        return False


def _corrupted(genuine: History) -> Iterator[tuple[str, History]]:
    """Copies that differ from what was signed, one difference each."""
    entries = genuine.entries()

    def copy(*changed: dict[str, Any]) -> History:
        return replace(genuine, log="".join(json.dumps(entry) + "\n" for entry in changed))

    for number, entry in enumerate(entries):
        for what, change in (
            ("another document", lambda each: each["state"].update(alsoKnownAs=["https://evil.example/"])),
            ("another time", lambda each: each.update(versionTime="2026-01-02T00:00:00Z")),
            ("other parameters", lambda each: each["parameters"].update(ttl=7)),
            ("another signature", lambda each: each["proof"][0].update(proofValue="z" + "2" * 87)),
        ):
            altered = deepcopy(entry)
            change(altered)
            changed = [altered if each is entry else each for each in entries]
            yield f"{what} in entry {number + 1}", copy(*changed)
    yield "its first entry left out", copy(*entries[1:])
    yield "its entries in another order", copy(*reversed(entries))
    yield "no witnesses", replace(genuine, witnesses="[]")
    other = genuine.did.replace("harbour", "anchor")
    yield "another name", replace(genuine, did=other)


def _judged_by_us(history: History, at: datetime) -> bool:
    try:
        found = webvh.read_history(
            history.did, history.log.encode(), history.witnesses.encode(), at=at
        ).document_for(history.did, at=at)
    except CairnError:
        return False
    return len(found.methods) == 1


def _ours(at: datetime) -> History:
    """Three entries with pre-rotation and two of three witnesses."""
    first, second, third, issuing = (PrivateKey.generate() for _ in range(4))
    watching = [PrivateKey.generate() for _ in range(3)]
    did = "did:webvh:{SCID}:harbour.example"
    document: dict[str, Any] = {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "verificationMethod": [
            {
                "id": f"{did}#key-1",
                "type": "Multikey",
                "controller": did,
                "publicKeyMultibase": issuing.public_key.multikey(),
            }
        ],
        "assertionMethod": [f"{did}#key-1"],
    }
    log = webvh.create(
        document,
        first,
        at=at - timedelta(days=30),
        next_keys=[second.public_key],
        witnesses=[each.public_key for each in watching],
        threshold=2,
    )
    state = json.loads(log)["state"]
    log = webvh.update(log, state, second, at=at - timedelta(days=20), next_keys=[third.public_key])
    state = {**state, "alsoKnownAs": [state["id"].replace("did:webvh", "did:web")]}
    log = webvh.update(log, state, third, at=at - timedelta(days=10))
    seen = webvh.witness(log, watching[:2], at=at - timedelta(days=10))
    return History(state["id"], log.decode(), seen.decode())


def _judged_by_pypi(history: History) -> bool:
    from did_webvh.core.resolver import DidResolver, LocalHistoryResolver
    from did_webvh.verify import WebvhVerifier

    with TemporaryDirectory() as folder:
        log, witnesses = Path(folder, "did.jsonl"), Path(folder, "did-witness.json")
        log.write_text(history.log)
        witnesses.write_text(history.witnesses)
        found = asyncio.run(
            DidResolver(WebvhVerifier()).resolve(history.did, LocalHistoryResolver(log, witnesses))
        )
    return bool(found.document)


def _made_by_pypi(at: datetime) -> History:
    from did_webvh.askar import AskarSigningKey
    from did_webvh.core.hash_utils import DEFAULT_HASH, HashInfo
    from did_webvh.core.proof import di_jcs_sign
    from did_webvh.core.state import DocumentState

    first, second, watching = (AskarSigningKey.generate("ed25519") for _ in range(3))
    did = "did:webvh:{SCID}:harbour.example"
    method = {
        "id": f"{did}#key-1",
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": first.multikey,
    }
    announced = HashInfo.from_name(DEFAULT_HASH).formatted_hash(second.multikey.encode())
    began = DocumentState.initial(
        {
            "updateKeys": [first.multikey],
            "nextKeyHashes": [announced],
            "witness": {"threshold": 1, "witnesses": [{"id": f"did:key:{watching.multikey}"}]},
        },
        {"id": did, "verificationMethod": [method], "assertionMethod": [method["id"]]},
        timestamp=at - timedelta(days=30),
    )
    began.sign(first, timestamp=began.timestamp)
    went_on = began.create_next(
        None, {"updateKeys": [second.multikey], "nextKeyHashes": []}, timestamp=at - timedelta(days=20)
    )
    went_on.sign(second, timestamp=went_on.timestamp)
    seen = {"versionId": went_on.version_id}
    proof = di_jcs_sign(seen, watching, timestamp=went_on.timestamp)
    log = f"{began.history_json()}\n{went_on.history_json()}\n"
    return History(went_on.document_id, log, json.dumps([{**seen, "proof": [proof]}]))
