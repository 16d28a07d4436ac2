# SPDX-License-Identifier: Apache-2.0
"""What we never put a signature under, in whatever form: it could not be taken back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cairn.credential import structure_problems
from cairn.errors import MalformedError
from cairn.proof import familiar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.canonical.glance import Glance

_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def refuse_unfit(document: Mapping[str, Any]) -> Glance:
    """Refuse to sign what breaks the rules, is signed already or hides something in its text.

    What comes back is the look at the document that this took.
    """
    if "proof" in document:
        raise MalformedError("already-signed", "The document already has a proof.")
    glance = familiar.SHAPES.glance(document)
    if not familiar.fits(glance):
        refuse_unstructured(document)
        glance.accepted()
    # In ASCII without an escape the only control character left is DEL, and no glance takes that.
    if not glance.is_plain_text and has_hidden_characters(document):
        # RDF libraries disagree on how to escape these, so a signature over them would not travel.
        raise MalformedError("control-character", "The document holds control characters in its text.")
    return glance


def refuse_unstructured(document: Mapping[str, Any]) -> None:
    """Refuse what breaks the rules of its standard, and say where."""
    problems = structure_problems(document)
    if problems:
        told = "; ".join(f"{problem.path}: {problem.message}" for problem in problems[:5])
        raise MalformedError("structure", f"The document breaks rules of its standard. {told}")


def has_hidden_characters(value: Any) -> bool:
    """Whether any text in the value holds a control character other than a line feed or a tab."""
    if isinstance(value, str):
        return _HIDDEN.search(value) is not None
    if isinstance(value, dict):
        return any(has_hidden_characters(key) or has_hidden_characters(each) for key, each in value.items())
    return isinstance(value, list) and any(has_hidden_characters(each) for each in value)
