# SPDX-License-Identifier: Apache-2.0
"""What the usual checks find in a plain badge that passes them all, without asking each of them in full.

A badge is plain by its shape (`cairn.plain`). What the checks look at beyond the shape is asked here of the
badge itself, every time, by the same functions wherever a value decides. Where what vouches for a badge has
not plainly passed, there is no answer here, and the checks are asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cairn.checks.controllers import resolver
from cairn.checks.dates import period
from cairn.checks.finding import Check, Finding
from cairn.checks.resources import resources
from cairn.checks.rules import known_to_fit, structure
from cairn.checks.schemas import schema
from cairn.checks.signature import bind_to_issuer, look_at_token, proof
from cairn.checks.withdrawal import not_withdrawn, status
from cairn.credential import issuer_id
from cairn.plain import is_plain
from cairn.proof import Outcome, familiar, jose, jws
from cairn.reading import TOKEN

if TYPE_CHECKING:
    from datetime import datetime

    from cairn.did import VerificationMethod
    from cairn.materials import Materials
    from cairn.proof import Answer
    from cairn.proof.outcome import Resolve
    from cairn.reading import Unverified

RECALLED: tuple[Check, ...] = (structure, schema, proof, status, period, resources)
"""The checks whose findings are told here; whoever asks others asks them one by one."""

# Issuers who are keys: their document follows from their name, and so does all that is found about the key.
_OWN_KEYS = ("did:key:", "did:jwk:")


@dataclass(frozen=True, slots=True)
class _Kept:
    """Such a key, and what is found about it."""

    method: VerificationMethod
    finding: Finding


_KEPT_KEYS: dict[tuple[str, str, str], _Kept] = {}
_MAX_KEPT_KEYS = 256


def recall(materials: Materials, at: datetime) -> tuple[Finding, ...] | None:
    """What those checks find if everything that vouches for a badge passes; None: ask them."""
    credential = materials.credential
    glance = credential.glance
    document = credential.unverified_document
    # A look at a document that was written into since says nothing about it.
    if glance is None or not is_plain(credential) or not glance.is_of(document):
        return None
    if materials.earlier is not None:
        return None  # what was kept from an earlier look may have its own word on the issuer's keys
    fits = known_to_fit(glance)
    issuer = issuer_id(document)
    if fits is None or issuer is None:
        return None
    answer, kept = _answer(materials, issuer, at)
    if answer is None or answer.outcome is not Outcome.PASSED:
        return None
    bound = bind_to_issuer(materials, answer) if kept is None else kept.finding
    if bound.outcome is not Outcome.PASSED:
        return None
    glance.accepted()
    listed = not_withdrawn(materials, issuer, at) if "credentialStatus" in document else None
    return (
        _copy(fits),
        *(schema(materials, at) if "credentialSchema" in document else ()),
        Finding(
            "signature", Outcome.PASSED, answer.code, answer.message, answer.details, document=answer.document
        ),
        _copy(bound),
        *(status(materials, at) if listed is None else (listed,)),
        *period(materials, at),
    )


def _answer(materials: Materials, issuer: str, at: datetime) -> tuple[Answer | None, _Kept | None]:
    """What is said of the signature, and what is known of its key."""
    named = _named_key(materials.credential, issuer)
    if named is None:
        return None, None  # unsigned, or signed in a way that is asked about in full
    names = (issuer, named, materials.credential.format)
    kept = _KEPT_KEYS.get(names)
    resolve = resolver(materials) if kept is None else lambda _: kept.method
    answer = _look(materials, resolve, at)
    if kept is None and answer is not None and _may_be_kept(answer, issuer):
        if len(_KEPT_KEYS) >= _MAX_KEPT_KEYS:
            _KEPT_KEYS.clear()
        _KEPT_KEYS[names] = _Kept(resolve(named), bind_to_issuer(materials, answer))
    return answer, kept


def _may_be_kept(answer: Answer, issuer: str) -> bool:
    return answer.outcome is Outcome.PASSED and issuer.startswith(_OWN_KEYS)


def _look(materials: Materials, resolve: Resolve, at: datetime) -> Answer | None:
    if materials.credential.format == TOKEN:
        return look_at_token(materials.credential, resolve, at)
    assert materials.credential.glance is not None  # `recall` has looked
    return familiar.check(materials.credential.glance, resolve, at=at)


def _named_key(credential: Unverified, issuer: str) -> str | None:
    """What the one signature calls its key."""
    if credential.format == TOKEN:
        parts = credential.parts()
        return jws.method_url(parts, issuer) if isinstance(parts, jose.Token) else None
    proof = credential.unverified_document.get("proof")
    named = proof.get("verificationMethod") if isinstance(proof, dict) else None
    return named if isinstance(named, str) else None


def _copy(found: Finding) -> Finding:
    """A finding that is kept, for one report of its own."""
    return Finding(found.check, found.outcome, found.code, found.message, dict(found.details))
