# SPDX-License-Identifier: Apache-2.0
"""Securing mechanisms: what makes a document a credential, and how to tell that it is one.

``sign`` and ``sign_jwt`` are the two ways in which we issue. Both run the structure rules first, because a
signature under a statement that verifiers must refuse cannot be taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cairn.canonical import to_json
from cairn.credential import structure_problems
from cairn.errors import MalformedError
from cairn.proof import data_integrity, jose
from cairn.proof.outcome import CLOCK_SKEW, Answer, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn.keys import Signer

__all__ = ["CLOCK_SKEW", "Answer", "Outcome", "data_integrity", "jose", "sign", "sign_jwt"]


def sign(
    document: Mapping[str, Any],
    signer: Signer,
    *,
    verification_method: str,
    at: datetime,
    cryptosuite: str = data_integrity.RDFC,
) -> bytes:
    """The credential as JSON with one embedded proof: the bytes that are the record."""
    _refuse_unfit(document)
    return to_json(
        data_integrity.sign(
            document,
            signer,
            verification_method=verification_method,
            created=at,
            cryptosuite=cryptosuite,
        )
    )


def sign_jwt(document: Mapping[str, Any], signer: Signer, *, verification_method: str) -> str:
    """The credential as a ``vc+jwt`` token."""
    _refuse_unfit(document)
    return jose.sign(document, signer, kid=verification_method)


def _refuse_unfit(document: Mapping[str, Any]) -> None:
    """Refuse to sign what breaks the rules, is signed already or hides something in its text."""
    if "proof" in document:
        raise MalformedError("already-signed", "The document already has a proof.")
    problems = structure_problems(document)
    if problems:
        told = "; ".join(f"{problem.path}: {problem.message}" for problem in problems[:5])
        raise MalformedError("structure", f"The document breaks rules of its standard. {told}")
    if _hidden_characters(document):
        # RDF libraries disagree on how to escape these, so a signature over them would not travel.
        raise MalformedError("control-character", "The document holds control characters in its text.")


def _hidden_characters(value: Any) -> bool:
    if isinstance(value, str):
        return any((ord(char) < 32 and char not in "\n\t") or 127 <= ord(char) < 160 for char in value)
    if isinstance(value, dict):
        return any(_hidden_characters(key) or _hidden_characters(each) for key, each in value.items())
    return isinstance(value, list) and any(_hidden_characters(each) for each in value)
