# SPDX-License-Identifier: Apache-2.0
"""What the holder of a base proof (ecdsa-sd-2023) has, may keep back, and shows.

    the holder's own   the document with its base proof: whoever has it can make any copy of it
    a copy             what others get: all of it, or without the pieces that its holder keeps back

A piece is what a person would choose: a member of an object, and of a list of objects each by itself. No
piece is what the issuer has made mandatory, what says what an object is (``@context``, ``id``, ``type``),
and what a credential of its kind cannot be without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cairn.canonical import parse_json, to_json
from cairn.canonical.json_ld import Names
from cairn.canonical.selection import parse_pointer, select
from cairn.credential.structure import structure_problems
from cairn.errors import CairnError
from cairn.proof import data_integrity, ecdsa_sd
from cairn.proof.fitness import refuse_unstructured

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

EVERYTHING = ("",)

# Told of whatever is shown at all, so nobody can choose them (``selection``).
_ALWAYS_ALONG = ("@context", "id", "type")
# Of these a holder keeps back pieces; what is in other objects belongs together.
_OPENED = frozenset({(), ("credentialSubject",), ("credentialSubject", "achievement"), ("issuer",)})


def is_own(document: Any) -> bool:
    """Whether this is a holder's own copy: a base proof is among its proofs."""
    if not isinstance(document, dict):
        return False
    proofs = document.get("proof")
    return any(
        isinstance(each, dict)
        and each.get("cryptosuite") == data_integrity.ECDSA_SD
        and ecdsa_sd.is_base(each.get("proofValue"))
        for each in (proofs if isinstance(proofs, list) else [proofs])
    )


def is_own_inside(value: Any) -> bool:
    """Whether somebody's own copy lies inside this document."""
    if isinstance(value, list):
        return any(is_own(each) or is_own_inside(each) for each in value)
    if not isinstance(value, dict):
        return False
    return any(is_own(each) or is_own_inside(each) for name, each in value.items() if name != "proof")


def own_copy(data: bytes) -> Mapping[str, Any] | None:
    """The document, if these bytes are a holder's own copy of it; None for anything else."""
    if data.lstrip()[:1] != b"{":
        return None
    try:
        document = parse_json(data)
    except CairnError:
        return None
    return document if is_own(document) else None


def derive(document: Mapping[str, Any], *, selective_pointers: Sequence[str]) -> bytes:
    """The copy that shows what is mandatory and what the pointers choose, if its standard calls it whole."""
    copy = data_integrity.derive(document, selective_pointers=selective_pointers)
    refuse_unstructured({name: value for name, value in copy.items() if name != "proof"})
    return to_json(copy)


def hideable(document: Mapping[str, Any]) -> tuple[str, ...]:
    """JSON pointers to the pieces that the holder may keep back, in the order of the document."""
    free, always = _pieces(document)
    return tuple(
        piece
        for piece in free
        if _is_whole(document, [*always, *(other for other in free if other != piece)])
    )


def pointers_for(document: Mapping[str, Any], show: Collection[str]) -> tuple[str, ...]:
    """What to derive with, so that of all that can be hidden only ``show`` is shown."""
    hidden = {piece for piece in hideable(document) if piece not in show}
    if not hidden:
        return EVERYTHING
    free, always = _pieces(document)
    return (*always, *(piece for piece in free if piece not in hidden))


def enough(document: Mapping[str, Any], asked: Collection[str]) -> frozenset[str]:
    """Of what can be hidden what is asked for, and as little more as its standard lets a copy be.

    Two members of which either will do, an identifier and an id, are no piece that each copy needs.
    """
    pieces = hideable(document)
    wanted = frozenset(pieces) & frozenset(asked)
    for more in (frozenset[str](), *(frozenset({piece}) for piece in pieces)):
        if _is_whole(document, pointers_for(document, wanted | more)):
            return wanted | more
    return frozenset(pieces)


def _is_whole(document: Mapping[str, Any], pointers: Sequence[str]) -> bool:
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    part = select(unsecured, [*_mandatory(document), *pointers], Names())
    return part is not None and not structure_problems(part)


def _mandatory(document: Mapping[str, Any]) -> Sequence[str]:
    return ecdsa_sd.mandatory_pointers(data_integrity.base_proof(document).get("proofValue"))


def _pieces(document: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """All pieces of the document: those that no mandatory pointer names, and those that one does."""
    mandatory = [parse_pointer(pointer) for pointer in _mandatory(document)]
    found = [
        # What is not opened and has something mandatory in it goes along as a whole.
        (path, any(path[: len(each)] == each[: len(path)] for each in mandatory))
        for name, value in document.items()
        if name not in (*_ALWAYS_ALONG, "proof")
        for path in _pieces_of(value, (name,), mandatory)
    ]
    return (
        [_pointer(path) for path, is_named in found if not is_named],
        [_pointer(path) for path, is_named in found if is_named],
    )


def _pieces_of(
    value: Any, path: tuple[str, ...], mandatory: Sequence[tuple[str, ...]]
) -> Iterator[tuple[str, ...]]:
    # What has something mandatory in it is opened, so that the rest of it is not mandatory too.
    is_opened = path in _OPENED or any(
        each[: len(path)] == path for each in mandatory if len(each) > len(path)
    )
    inside: list[tuple[str, Any]] = []
    if isinstance(value, dict) and is_opened:
        inside = [(name, each) for name, each in value.items() if name not in _ALWAYS_ALONG]
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        inside = [(str(index), each) for index, each in enumerate(value)]
    if not inside:
        yield path
    for name, each in inside:
        yield from _pieces_of(each, (*path, name), mandatory)


def _pointer(path: tuple[str, ...]) -> str:
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)
