# SPDX-License-Identifier: Apache-2.0
"""``cairn webvh create | show | update | deactivate | witness``: the files of a did:webvh (`cairn.webvh`)."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cairn import webvh
from cairn.canonical import parse_json
from cairn.cli.files import ACCEPTED, read_key, say, say_json, write_output
from cairn.errors import CairnError, MalformedError
from cairn.keys import PublicKey
from cairn.webvh.entries import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Callable

_CONTEXT = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    room = commands.add_parser("webvh", help="write the history of a did:webvh, or confirm somebody else's")
    acts = room.add_subparsers(required=True, metavar="ACT")

    act = _act(acts, "create", "make an identifier: print it, and write its first entry", _create)
    act.add_argument("place", help="the host, perhaps with folders: harbour.example:badges")
    _takes_key(act, "--key", "that signs this entry")
    _takes_keys(act, "--issuing-key", "that credentials will be signed with", needed=True)
    _takes_keys(act, "--next-key", "that alone may sign the next entry, announced by its hash")
    _takes_keys(act, "--witness", "of somebody who has to confirm each entry")
    act.add_argument("--threshold", type=int, default=0, metavar="N", help="how many witnesses are enough")
    _takes_output(act)

    act = _act(acts, "show", "verify a history and print the document that is in force", _show)
    act.add_argument("log", type=Path, help="did.jsonl")

    act = _act(acts, "update", "add an entry: another document, other keys, or both", _update)
    act.add_argument("log", type=Path, help="did.jsonl")
    _takes_key(act, "--key", "that may sign this entry")
    act.add_argument("--document", type=Path, help="the new DID document (default: the one in force)")
    _takes_keys(act, "--next-key", "that alone may sign the next entry")
    _takes_output(act)

    act = _act(acts, "deactivate", "add the last entry: nobody can go on from it", _deactivate)
    act.add_argument("log", type=Path, help="did.jsonl")
    _takes_key(act, "--key", "that may sign this entry")
    _takes_output(act)

    act = _act(acts, "witness", "verify somebody's history and confirm it: did-witness.json", _witness)
    act.add_argument("log", type=Path, help="did.jsonl")
    act.add_argument("--key", type=Path, action="append", required=True, help="of a witness; may be repeated")
    _takes_output(act)


def _act(
    acts: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    told: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    act: argparse.ArgumentParser = acts.add_parser(name, help=told)
    act.set_defaults(run=run)
    return act


def _takes_key(act: argparse.ArgumentParser, name: str, told: str) -> None:
    act.add_argument(name, type=Path, required=True, help=f"private key file made by keygen, {told}")


def _takes_keys(act: argparse.ArgumentParser, name: str, told: str, *, needed: bool = False) -> None:
    act.add_argument(
        name,
        metavar="KEY",
        type=_public,
        action="append",
        default=[],
        required=needed,
        help=f"a key {told}; may be repeated",
    )


def _takes_output(act: argparse.ArgumentParser) -> None:
    act.add_argument("-o", "--output", type=Path, help="write here instead of standard output")


def _public(text: str) -> PublicKey:
    """The public half of a key file, or the key that a did:key is."""
    try:
        if text.startswith("did:key:"):
            return PublicKey.from_multikey(text.removeprefix("did:key:"))
        return read_key(Path(text)).public_key
    except (CairnError, OSError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a key file nor a did:key: {error}") from error


def _create(chosen: argparse.Namespace) -> int:
    did = f"did:webvh:{PLACEHOLDER}:{chosen.place}"
    log = webvh.create(
        _document(did, chosen.issuing_key),
        read_key(chosen.key),
        at=_now(),
        next_keys=chosen.next_key,
        witnesses=chosen.witness,
        threshold=chosen.threshold or len(chosen.witness),
    )
    write_output(chosen.output, log)
    if chosen.output is not None:
        say(str(webvh.read_entries(log)[-1].state["id"]))
    return ACCEPTED


def _document(did: str, keys: list[PublicKey]) -> dict[str, Any]:
    names = [f"{did}#key-{number}" for number in range(1, len(keys) + 1)]
    return {
        "@context": _CONTEXT,
        "id": did,
        "verificationMethod": [
            {"id": name, "type": "Multikey", "controller": did, "publicKeyMultibase": key.multikey()}
            for name, key in zip(names, keys, strict=True)
        ],
        "assertionMethod": names,
    }


def _show(chosen: argparse.Namespace) -> int:
    say_json(_in_force(chosen.log.read_bytes()))
    return ACCEPTED


def _in_force(log: bytes) -> dict[str, Any]:
    return dict(webvh.verified_versions(log)[-1].document)


def _update(chosen: argparse.Namespace) -> int:
    log = chosen.log.read_bytes()
    document = _in_force(log) if chosen.document is None else parse_json(chosen.document.read_bytes())
    if document.get("id") != _in_force(log)["id"]:
        raise MalformedError("webvh-log", "the document is of another identifier than the history")
    # Without a next key announced the keys that may update stay as they are.
    later = webvh.update(
        log, document, read_key(chosen.key), at=_after(log), next_keys=chosen.next_key or None
    )
    write_output(chosen.output, later)
    return ACCEPTED


def _deactivate(chosen: argparse.Namespace) -> int:
    log = chosen.log.read_bytes()
    write_output(chosen.output, webvh.deactivate(log, read_key(chosen.key), at=_after(log, entries=2)))
    return ACCEPTED


def _witness(chosen: argparse.Namespace) -> int:
    signers = [read_key(path) for path in chosen.key]
    write_output(chosen.output, webvh.witness(chosen.log.read_bytes(), signers, at=_now()))
    return ACCEPTED


def _now() -> datetime:
    return datetime.now(UTC)


def _after(log: bytes, entries: int = 1) -> datetime:
    """Now, or as much later as it takes: each entry is at least a second younger than the one before it."""
    return max(_now(), webvh.verified_versions(log)[-1].time + timedelta(seconds=entries))
