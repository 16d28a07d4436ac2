# SPDX-License-Identifier: Apache-2.0
"""The short way without one of its guards each: what ``verify.short`` must notice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from unittest import mock

import orjson

from cairn import plain, verifier
from cairn.canonical import glance, lifted, plan, shapes
from cairn.canonical.glance import Glance
from cairn.canonical.lines import Node
from cairn.canonical.shapes import Shapes
from cairn.checks import recall, withdrawal
from cairn.credential.deferred import Residue
from cairn.keys import multibase_decode
from cairn.proof import familiar, familiar_sd_jwt, familiar_token
from cairn.reading import Unverified

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from cairn.canonical.glance import Layout

_ANYTHING = re.compile(".*", re.DOTALL)


def _replaced(owner: Any, name: str, value: Any) -> Callable[[], AbstractContextManager[Any]]:
    # Built-in functions are no members of a module until they are replaced.
    return lambda: mock.patch.object(owner, name, value, create=name == "any")


class _Everything:
    """Whatever checks are asked, these are the ones."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def _known_text(known: Shapes, data: bytes) -> Glance | None:
    """Does not look at what is in the gaps."""
    form: tuple[Layout, list[str]] | None = known._forms.find(data.decode("utf-8", "replace"))
    return None if form is None else Glance.of_text(known, data, *form)


def _careless_split(written: bytes) -> lifted.Lifted:
    """Takes what stands between the strings together, whatever is written in the strings."""
    parts = written.decode().split('"')
    return lifted.Lifted(written, "".join(parts[::2]), parts[1::2])


def _odd_split(written: bytes) -> lifted.Lifted:
    """Takes a text with escapes of its own for one that N-Quads writes like JSON."""
    parts = written.decode().split('"')
    return lifted.Lifted(written, '"'.join(parts[::2]), parts[1::2])


def _parsed_somehow(data: bytes) -> dict[str, Any] | None:
    """Reads what the last of several members with one name says, and numbers as they come out."""
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return found if type(found) is dict else None


def _numbered_hash(node: Node, values: Sequence[bytes]) -> bytes:
    """Tells nodes apart by a number when nothing else does."""
    hashed = _HASH(node, values)
    return hashed[:-1] + bytes([hashed[-1] ^ node.number])


_HASH = Node.hash


def _all_shown(payload: bytes, disclosures: Sequence[bytes]) -> dict[str, Any] | None:
    """Shows every disclosure, signed or not."""
    told = familiar_sd_jwt._plain_payload(payload)
    shown = familiar_sd_jwt._disclosed(disclosures) if disclosures else {}
    if told is None or shown is None:
        return None
    told = {name: value for name, value in told.items() if name not in ("_sd", "_sd_alg")}
    return {**told, **dict(shown.values())} if familiar_sd_jwt._is_plain(told) else None


def _no_claims(payload: bytes) -> Any:
    """Forgets what the claims of a token say."""
    found = _LIFTED(payload)
    return None if found is None else ({}, found[1])


_LIFTED = familiar_token._lifted

BROKEN: dict[str, tuple[str, Callable[[], AbstractContextManager[Any]]]] = {
    "any string passes for an IRI": ("iris", _replaced(glance, "_IRIS", _ANYTHING)),
    "any known string passes for an IRI": ("known_iris", _replaced(plan, "IRI", _ANYTHING)),
    "a signature has several spellings": ("spelled", _replaced(familiar, "read_signature", multibase_decode)),
    "ids are always apart": ("ids", _replaced(plan.Identities, "are_apart", lambda *_: True)),
    "every rule holds": ("iris", _replaced(Residue, "holds", lambda *_: True)),
    "everything is covered": ("iris", _replaced(Glance, "is_covered", lambda *_: True)),
    "objects are never alike": ("alike", _replaced(Node, "hash", _numbered_hash)),
    "a statement is there once": ("alike", _replaced(plan, "any", lambda _: False)),
    "escapes are the same": ("texts", _replaced(lifted, "_split", _odd_split)),
    "odd characters are none": ("texts", _replaced(shapes, "_ODD", b"")),
    "gaps of a known text are not looked at": ("texts", _replaced(Shapes, "_known_text", _known_text)),
    "lists run into each other": ("moved", _replaced(lifted, "_split", _careless_split)),
    "a parser loses nothing": ("spelled", _replaced(shapes, "parse_whole", _parsed_somehow)),
    "every number is strict": ("numbers", _replaced(Glance, "is_strict", True)),
    "every dump is canonical": ("numbers", _replaced(Glance, "is_plain", True)),
    "a document is as it was read": ("meddled", _replaced(Unverified, "is_as_read", True)),
    "a token is as it was read": (
        "meddled",
        _replaced(Unverified, "parts", lambda read: read._kept and read._kept.parts),
    ),
    "another token is the same one": (
        "meddled",
        _replaced(Unverified, "seen_token", property(lambda read: read._seen)),
    ),
    "claims say nothing else": ("claims", _replaced(familiar_token, "_lifted", _no_claims)),
    "whatever is in a token is easy": ("claims", _replaced(familiar_token, "_is_easy", lambda _: True)),
    "whatever is disclosed was signed": ("disclosures", _replaced(familiar_sd_jwt, "_claims", _all_shown)),
    "anything may be disclosed": ("disclosures", _replaced(familiar_sd_jwt, "_NOT_DISCLOSED", frozenset())),
    "all checks are the usual ones": ("checks", _replaced(verifier, "RECALLED", _Everything())),
    "nothing is inside": ("inside", _replaced(plain, "unfold", lambda _: ())),
    "every key is its issuer's for good": (
        "issuers",
        _replaced(recall, "_kept", lambda _, names: recall._KEPT_KEYS.get(names)),
    ),
    "a judged list stays as it was": (
        "status",
        _replaced(withdrawal, "_next_change", lambda *_: withdrawal._FAR),
    ),
}
"""For each guard the scenes in which it is noticed that it is gone, and a build without it."""
