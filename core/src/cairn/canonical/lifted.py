# SPDX-License-Identifier: Apache-2.0
"""A document taken apart: what stands between its strings, and the strings.

A dump with sorted keys is split at the quotes. Every other part is then a string, key or value, and what is
between them is the structure: brackets, commas, numbers, `true`, `false` and `null`. That the parts are what
they seem rests on two things: the dump is our own, and no quote in it is part of a string.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from cairn.canonical.gaps import SENTINEL

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DOCUMENT = 64 * 1024

# Anything but plain JSON is refused by the dump, not written in some way of its own.
_ONLY_JSON = (
    orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
)
_SORTED = orjson.OPT_SORT_KEYS | _ONLY_JSON


@dataclass(frozen=True, slots=True)
class Lifted:
    """What `lift` makes of a document."""

    written: bytes
    structure: str
    strings: list[str]
    """As JSON writes them, which is here as N-Quads does: `lift` sees to that."""

    def is_of(self, document: Mapping[str, Any]) -> bool:
        """Whether the document still says what was lifted from it."""
        return dump(document) == self.written


def dump(document: Mapping[str, Any]) -> bytes | None:
    """The document with sorted keys; None when it is not plain JSON."""
    try:
        return orjson.dumps(document, option=_SORTED)
    except orjson.JSONEncodeError:
        return None


def spelled(value: Mapping[str, Any]) -> bytes | None:
    """The value as JSON with its members in their order; None when it is not plain JSON."""
    try:
        return orjson.dumps(value, option=_ONLY_JSON)
    except orjson.JSONEncodeError:
        return None


def lift(document: Mapping[str, Any]) -> Lifted | None:
    """Take a document apart, whoever made it; None when that cannot be done without doubt."""
    written = dump(document)
    # What has no JSON form of its own (a UUID, a tuple, NaN) was written as if it had; then this differs.
    if written is None or len(written) > MAX_DOCUMENT or orjson.loads(written) != document:
        return None
    return _split(written)


def lift_parsed(document: Mapping[str, Any]) -> Lifted | None:
    """Take a document apart that a JSON parser has just made, so that it holds nothing else."""
    written = dump(document)
    return None if written is None or len(written) > MAX_DOCUMENT else _split(written)


def _split(written: bytes) -> Lifted | None:
    text = written.decode()
    # JSON and N-Quads write a line feed and the like the same way, other control characters differently.
    if "\\" in text and ('\\"' in text or "\\u" in text):
        return None
    if "\x7f" in text or SENTINEL in text:
        return None
    parts = text.split('"')
    # Joined with what no part contains: with nothing between, `[],["x"]` and `["x"],[]` would be one shape.
    return Lifted(written, '"'.join(parts[::2]), parts[1::2])
