# SPDX-License-Identifier: Apache-2.0
"""The strings of a document: which of them belong to its shape, and which are gaps in it.

The gaps are found by putting a *sentinel* into each: an absolute IRI that passes through JSON-LD whole,
whether the place turns out to hold an IRI or a literal. A gap that is an IRI then only takes values that pass
through as the sentinel did (`IRI`), because a compact IRI, a relative one or a blank node id would not.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

IRI = re.compile(r"(?:https?|urn|did|mailto):[!#-;=?-\[\]_a-z~]+")
"""What may fill a gap that is an IRI: printable ASCII that N-Quads does not escape, after a scheme that no
context has as a term (`compiler._is_easy_context`)."""

# Strings under these names belong to the shape: JSON-LD looks at them, not only through them. Nor is a
# cryptosuite a value like others: it decides what all the others are signed with.
STATIC_NAMES = frozenset({"@context", "type", "cryptosuite", "proofPurpose"})

MAX_LEAVES = 512

# Random, so that no document can hold one on purpose.
SENTINEL = f"urn:x-gap-{secrets.token_hex(16)}"


class Refused(Exception):  # noqa: N818 - nothing went wrong: the full path is taken
    """This document has no plan; the full path is always there."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A string in a document, in the order in which a dump with sorted keys holds them."""

    text: str
    name: str
    """The key itself, or the key under which a value stands."""
    is_key: bool


def leaves(value: Any, name: str = "") -> Iterator[Leaf]:
    """Every string of a document: keys, in order, each followed by what stands under it."""
    if type(value) is str:
        yield Leaf(value, name, is_key=False)
    elif type(value) is list:
        for item in value:
            yield from leaves(item, name)
    elif type(value) is dict:
        for key in sorted(value):
            yield Leaf(key, key, is_key=True)
            yield from leaves(value[key], key)


def with_gaps(value: Any, sentinels: Iterator[str], name: str = "") -> Any:
    """The document with the next sentinel in each place that is to be a gap, in the order of `leaves`."""
    if type(value) is str:
        return value if name in STATIC_NAMES else next(sentinels)
    if type(value) is list:
        return [with_gaps(item, sentinels, name) for item in value]
    if type(value) is dict:
        return {key: with_gaps(value[key], sentinels, key) for key in sorted(value)}
    return value
