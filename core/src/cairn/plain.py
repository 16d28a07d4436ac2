# SPDX-License-Identifier: Apache-2.0
"""Which credentials are plain badges: one signature, and nothing inside that has a verdict of its own.

Whether one is follows from its shape, so it is found out once for all badges of a shape. It lets every step
leave out what it would only do to find that there is nothing to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cairn import legacy
from cairn.credential.structure import BADGE, nodes
from cairn.parts import unfold
from cairn.reading import EMBEDDED, TOKEN

if TYPE_CHECKING:
    from cairn.reading import Unverified

# What is asked about beyond the usual: texts known by their digest.
_DIGESTS = ("digestSRI", "digestMultibase")


def is_plain(credential: Unverified) -> bool:
    """Whether the credential is of a known shape, and badges of that shape are plain."""
    glance = credential.glance
    # A token may hold what could stand alone, proof and all, so the format is no part of the shape.
    note = f"plain {credential.format}"
    return glance is not None and bool(glance.note(note, lambda _: _is_plain(credential)))


def _is_plain(credential: Unverified) -> bool:
    # All of this looks at keys, at types and at what kind of value is where, and at no other string.
    document = credential.unverified_document
    return (
        credential.unverified_kind == BADGE
        and _has_one_signature(credential)
        and not legacy.has_merkle_proof(document)
        and not unfold(credential)
        and not any(name in node for _, node in nodes(document) for name in _DIGESTS)
    )


def _has_one_signature(credential: Unverified) -> bool:
    proof = credential.unverified_document.get("proof")
    if credential.format == TOKEN:
        return proof is None
    return credential.format == EMBEDDED and isinstance(proof, dict) and "jwt" not in proof
