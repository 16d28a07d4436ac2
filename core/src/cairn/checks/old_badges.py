# SPDX-License-Identifier: Apache-2.0
"""The findings about badges from before Open Badges 3.0: ``legacy`` answers, here they become findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cairn import legacy
from cairn.checks.finding import Finding, undecided
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.materials import old_badge
from cairn.proof import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from cairn.materials import Materials
    from cairn.proof import Answer
    from cairn.reading import Unverified


def case_of(materials: Materials) -> legacy.Case | None:
    """What ``legacy`` is asked about; None for credentials of today."""
    return old_badge(materials.credential, materials.resource, materials.gathered_at)


def is_old(credential: Unverified) -> bool:
    """Whether even its members are others than those of a W3C credential."""
    return credential.format in legacy.FORMATS


def structure(materials: Materials) -> Finding:
    """Required fields, by the rules of its own version."""
    kind = materials.credential.unverified_kind
    try:
        problems = legacy.problems(_case(materials))
    except MalformedError as error:
        # The page says of itself that it is no badge any more; the check of signatures tells why.
        return undecided("structure", error.code, error.message, kind=kind)
    except CairnError as error:
        message = f"We could not get the badge: {error.message}"
        return undecided("structure", error.code, message, kind=kind)
    if not problems:
        message = "It has all the required fields."
        return Finding("structure", Outcome.PASSED, "ok", message, {"kind": kind})
    fields = ", ".join(problem.path for problem in problems)
    details = {"kind": kind, "fields": fields, "rule": problems[0].rule}
    told = "; ".join(f"{problem.path}: {problem.message}" for problem in problems[:5])
    return Finding("structure", Outcome.FAILED, "structure", f"It breaks the rules. {told}", details)


def proof(case: legacy.Case) -> tuple[Finding, ...]:
    """What vouches for it, whose that is, and what a reader has to know about such a proof."""
    signature, issuer = legacy.signature(case), legacy.issuer(case)
    found = (_finding("signature", signature, signature.document), _finding("issuer", issuer))
    if Outcome.PASSED is not signature.outcome or Outcome.PASSED is not issuer.outcome:
        return found
    remarks = (
        Finding("evidence", told.outcome, told.code, told.message, decides=False)
        for told in legacy.remarks(case)
    )
    return (*found, *remarks)


def status(case: legacy.Case, at: datetime) -> Finding:
    """Whether the issuer has withdrawn it."""
    return _finding("status", legacy.status(case, at))


def dates(materials: Materials) -> tuple[list[datetime], list[datetime]]:
    """From when and to when it counts; ``MalformedError`` when that cannot be read."""
    try:
        begins, ends = legacy.period(_case(materials))
    except UnavailableError as error:
        raise MalformedError("no-dates", "The dates are on a page that did not answer.") from error
    return [begins] if begins else [], [ends] if ends else []


def holder_document(materials: Materials) -> Mapping[str, Any]:
    """What says who the holder is: the document itself, or an old badge's recipient in its words."""
    if not is_old(materials.credential):
        return materials.credential.unverified_document
    return {"credentialSubject": legacy.subject(_case(materials))}


def _case(materials: Materials) -> legacy.Case:
    case = case_of(materials)
    assert case is not None, "asked of old badges only"
    return case


def _finding(check: str, answer: Answer, document: Mapping[str, Any] | None = None) -> Finding:
    return Finding(check, answer.outcome, answer.code, answer.message, answer.details, document=document)
