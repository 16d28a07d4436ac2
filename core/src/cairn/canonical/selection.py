# SPDX-License-Identifier: Apache-2.0
"""Parts of a JSON-LD document, chosen by JSON pointers (RFC 6901; vc-di-ecdsa §3.4.11 to §3.4.13).

A part is a document of its own: every object on the way to what was chosen keeps its id and its type,
because without them it would be another statement.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from cairn.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cairn.canonical.json_ld import Names

_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")

# What an object keeps whenever anything in it is chosen. A context of its own is kept because it says what
# the chosen words mean.
_KEPT = ("@context", "id", "type")

MAX_POINTERS = 1_000

# The chosen members below a value; None stands for all of it.
_Chosen: TypeAlias = "dict[str | int, _Chosen] | None"


def parse_pointer(pointer: str) -> tuple[str, ...]:
    """The reference tokens of a JSON pointer (RFC 6901 §3, §4)."""
    if not isinstance(pointer, str) or not _POINTER.fullmatch(pointer):
        raise MalformedError("pointer-syntax", f"{str(pointer)[:80]!r} is not a JSON pointer (RFC 6901)")
    # In this order: "~01" is "~1", not "/".
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])


def select(document: Mapping[str, Any], pointers: Iterable[str], names: Names) -> dict[str, Any] | None:
    """The part of the document that the pointers choose, None when there are none.

    A pointer that matches nothing is refused: somebody believes to have chosen what is not there. The
    objects of the part have the names of those that they were copied from.
    """
    chosen: dict[str | int, _Chosen] = {}
    root: dict[str | int, _Chosen] = {"": chosen}
    count = 0
    for pointer in pointers:
        count += 1
        if count > MAX_POINTERS:
            raise MalformedError("limit-pointers", f"at most {MAX_POINTERS} pointers are followed")
        _choose(document, pointer, root)
    if not count:
        return None
    part = _copy(document, root[""], names)
    assert isinstance(part, dict)  # the document is an object, and its copy is too
    return part


def _choose(document: Mapping[str, Any], pointer: str, root: dict[str | int, _Chosen]) -> None:
    value: Any = document
    path: list[str | int] = [""]
    for token in parse_pointer(pointer):
        key = _member(value, token)
        if key is None:
            raise MalformedError("pointer-unmatched", f"{pointer[:80]!r} matches nothing in the document")
        value = value[key]
        path.append(key)
    node: dict[str | int, _Chosen] = root
    for key in path[:-1]:
        below = node.setdefault(key, {})
        if below is None:
            return  # all of it is chosen already
        node = below
    node[path[-1]] = None


def _member(value: Any, token: str) -> str | int | None:
    """The key of an object or the index of an array that the token names, None when there is none."""
    if isinstance(value, dict):
        return token if token in value else None
    if isinstance(value, list) and _INDEX.fullmatch(token) and int(token) < len(value):
        return int(token)
    return None


def _copy(value: Any, chosen: _Chosen, names: Names) -> Any:
    """A copy of what is chosen, members and items in the order of the document."""
    if isinstance(value, dict):
        copied = {
            key: _copy(item, None if chosen is None or key in _KEPT else chosen[key], names)
            for key, item in value.items()
            if chosen is None or key in _KEPT or key in chosen
        }
        names.adopt(copied, value)
        return copied
    if isinstance(value, list):
        return [
            _copy(item, None if chosen is None else chosen[index], names)
            for index, item in enumerate(value)
            if chosen is None or index in chosen
        ]
    return value
