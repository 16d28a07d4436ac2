# SPDX-License-Identifier: Apache-2.0
"""Does it obey the rules of its standard, and do we know what its words mean?"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cairn.canonical import context_problems, old_contexts
from cairn.checks import old_badges
from cairn.checks.finding import Finding, undecided, without_proof
from cairn.credential import kind_of, structure_problems
from cairn.credential.structure import has_rules
from cairn.proof import Outcome, familiar, sd_jwt
from cairn.reading import SD_JWT_VC

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn.canonical.glance import Glance
    from cairn.materials import Materials


def structure(materials: Materials, at: datetime) -> tuple[Finding, ...]:
    """Required fields and rules of the data models, and whether every context is one that we know (S3)."""
    credential = materials.credential
    if old_badges.is_old(credential):
        return (old_badges.structure(materials),)
    document = without_proof(credential.unverified_document)
    kind = credential.unverified_kind
    if credential.format == SD_JWT_VC:
        return (_sd_jwt_vc_structure(document),)
    unknown = context_problems(document)
    problems = structure_problems(document)
    if problems:
        fields = ", ".join(problem.path for problem in problems)
        details = {"kind": kind, "fields": fields, "rule": problems[0].rule}
        told = "; ".join(f"{problem.path}: {problem.message}" for problem in problems[:5])
        return (Finding("structure", Outcome.FAILED, "structure", f"It breaks the rules. {told}", details),)
    if not has_rules(document):
        message = f"This is a {kind}, which we cannot check yet."
        return (undecided("structure", "unsupported-kind", message, kind=kind),)
    if unknown:
        message = "It uses words whose meaning we do not know."
        named = ", ".join(unknown)
        return (undecided("structure", "unknown-context", message, kind=kind, contexts=named),)
    return (_complete(document),)


def _complete(document: Mapping[str, Any]) -> Finding:
    details = {"kind": kind_of(document)}
    old = old_contexts(document)
    if old:
        details |= {"note": "old-context", "contexts": ", ".join(old)}
    return Finding("structure", Outcome.PASSED, "ok", "It has all the required fields.", details)


def known_to_fit(glance: Glance) -> Finding | None:
    """What a document of a known shape is told when it breaks no rule; None: ask all the rules."""
    found: Finding | None = glance.note("complete", _told_of_shape)
    return found if found is not None and familiar.fits(glance) else None


def _told_of_shape(glance: Glance) -> Finding | None:
    """What is found in documents of this shape that break no rule."""
    document = without_proof(glance.document)
    if context_problems(document):
        return None
    found = _complete(document)
    # One for all of them, so nobody may write into it.
    return replace(found, details=MappingProxyType(dict(found.details)))


def _sd_jwt_vc_structure(claims: Mapping[str, Any]) -> Finding:
    kind = "SD-JWT VC"
    problems = sd_jwt.vc_problems(claims)
    if problems:
        details = {"kind": kind, "fields": ", ".join(problems), "rule": "sd-jwt-vc"}
        told = f"It breaks the rules of SD-JWT VC: {details['fields']}."
        return Finding("structure", Outcome.FAILED, "structure", told, details)
    return Finding("structure", Outcome.PASSED, "ok", "It has all the required fields.", {"kind": kind})


# One for all of them, so nobody may write into it.
SD_JWT_VC_FITS = Finding(
    "structure",
    Outcome.PASSED,
    "ok",
    "It has all the required fields.",
    MappingProxyType({"kind": "SD-JWT VC"}),
)
"""What `structure` finds in an SD-JWT VC with the claims that it needs."""
