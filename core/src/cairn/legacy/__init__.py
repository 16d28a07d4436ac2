# SPDX-License-Identifier: Apache-2.0
"""Badges from before Open Badges 3.0: read and judged, never issued.

    openbadges-1, -2     an assertion, signed (a JWS) or hosted (a page of the issuer)
    openbadges-address   the address of a hosted one, as old pictures hold it
    blockcerts-2         an assertion whose batch has a root in a blockchain
    blockcerts-3         the same for W3C credentials; everything but its proof is judged as theirs

They go down the same corridor as all others: ``recognise`` is asked while reading, ``ask`` while gathering,
and ``problems``, ``signature``, ``issuer``, ``status``, ``period`` and ``remarks`` while judging. What each
kind can prove, and why a hosted badge is never more than "verified with remarks", is told in
docs/explanation/old-badges.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cairn.errors import CairnError
from cairn.legacy import blockcerts, hosted, signed, withdrawal
from cairn.legacy.blockcerts import BLOCKCERTS_2, BLOCKCERTS_3, has_merkle_proof
from cairn.legacy.case import Case
from cairn.legacy.display import as_open_badge
from cairn.legacy.issuers import pages
from cairn.legacy.open_badges import (
    ADDRESS,
    OPEN_BADGES_1,
    OPEN_BADGES_2,
    assertion_problems,
    format_of,
    page_problems,
    period_of,
    says_signed,
    version_of,
)
from cairn.legacy.recipients import subject_of
from cairn.proof.outcome import Answer, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn.credential.shapes import Problem

__all__ = [
    "ADDRESS",
    "BLOCKCERTS_2",
    "BLOCKCERTS_3",
    "FORMATS",
    "OPEN_BADGES_1",
    "OPEN_BADGES_2",
    "Case",
    "as_open_badge",
    "ask",
    "has_merkle_proof",
    "issuer",
    "issuer_id",
    "kind_of",
    "period",
    "problems",
    "recognise",
    "remarks",
    "signature",
    "status",
    "subject",
]

FORMATS: Final = frozenset({OPEN_BADGES_1, OPEN_BADGES_2, ADDRESS, BLOCKCERTS_2})
"""What ``recognise`` tells. Blockcerts 3 are W3C credentials, so ``has_merkle_proof`` tells them."""


def recognise(document: Mapping[str, Any]) -> str | None:
    """Which kind of old badge a document is; None when it is none."""
    found = format_of(document)
    return BLOCKCERTS_2 if found is not None and blockcerts.has_merkle_signature(document) else found


def kind_of(format: str, document: Mapping[str, Any]) -> str:
    """What an old badge says it is, in words for people."""
    if format == ADDRESS:
        return "hosted Open Badge"
    return "Blockcerts 2 certificate" if format == BLOCKCERTS_2 else f"Open Badges {version_of(document)}"


def ask(case: Case) -> None:
    """Ask the case's addresses, each as the judgement will read it; nothing is raised or believed."""
    if case.format in (BLOCKCERTS_2, BLOCKCERTS_3):
        blockcerts.ask(case)
    else:
        signature(case)
        issuer(case)
    status(case, case.gathered_at)


def problems(case: Case) -> list[Problem]:
    """The rules that the badge breaks, as its page has it if it is hosted.

    ``CairnError`` when all that was sent is the address of the page, and it does not answer with a badge.
    """
    assertion = case.document
    if _is_hosted(case):
        try:
            assertion = hosted.hosted_assertion(case)
        except CairnError:
            if case.format == ADDRESS:
                raise
    found = assertion_problems(assertion)
    try:
        whole = pages(case, assertion)
    except CairnError:
        return found  # who cannot be reached breaks no rule; the issuer's check says it
    return found + page_problems(whole.badge.document, whole.issuer.document, version_of(assertion))


def signature(case: Case) -> Answer:
    """Whether what vouches for the badge says the same; the answer has the badge as vouched for."""
    if case.format in (BLOCKCERTS_2, BLOCKCERTS_3):
        return blockcerts.signature(case)
    if _is_hosted(case):
        return hosted.signature(case)
    if case.token is None:
        return Answer(Outcome.FAILED, "no-proof", "It says that it is signed, and it is not.")
    return signed.signature(case)


def issuer(case: Case) -> Answer:
    """Whether what vouches for the badge is its issuer's."""
    if case.format in (BLOCKCERTS_2, BLOCKCERTS_3):
        return blockcerts.issuer(case)
    return hosted.issuer(case) if _is_hosted(case) else signed.issuer(case)


def status(case: Case, at: datetime) -> Answer:
    """Whether the issuer has withdrawn the badge."""
    try:
        if case.format in (BLOCKCERTS_2, BLOCKCERTS_3):
            page = blockcerts.issuer_document(case)
            return withdrawal.by_list(
                case, page.document, str(page.document.get("id")), _names(case.document), at
            )
        if _is_hosted(case):
            url = hosted.address(case)
            return withdrawal.by_its_page(case, hosted.hosted_assertion(case), url, at)
        found = pages(case, case.document)
        return withdrawal.by_list(case, found.issuer.document, found.issuer_id, _names(case.document), at)
    except CairnError as error:
        message = f"We could not ask the issuer whether it was withdrawn: {error.message}"
        return Answer(Outcome.UNDECIDED, error.code, message)


def period(case: Case) -> tuple[datetime | None, datetime | None]:
    """From when to when the badge says that it counts; ``CairnError`` when that cannot be told."""
    return period_of(hosted.hosted_assertion(case) if _is_hosted(case) else case.document)


def remarks(case: Case) -> list[Answer]:
    """What a reader of a vouched-for badge has to know about how it is vouched for."""
    if case.format in (BLOCKCERTS_2, BLOCKCERTS_3):
        return [blockcerts.remark()]
    if _is_hosted(case):
        return [hosted.remark()]
    found = signed.remark(case)
    return [] if found is None else [found]


def subject(case: Case) -> dict[str, Any]:
    """The recipient, as today's credentials name theirs; empty when it cannot be had or compared."""
    try:
        return subject_of(hosted.hosted_assertion(case) if _is_hosted(case) else case.document)
    except CairnError:
        return {}


def issuer_id(case: Case) -> str | None:
    """The address that names the issuer, as far as the pages of the badge lead to one.

    Blockcerts 3 say it themselves, as all W3C credentials do.
    """
    try:
        if case.format == BLOCKCERTS_2:
            return str(blockcerts.issuer_document(case).document.get("id"))
        assertion = hosted.hosted_assertion(case) if _is_hosted(case) else case.document
        return pages(case, assertion).issuer_id
    except CairnError:
        return None


def _is_hosted(case: Case) -> bool:
    """Whether a page is to be believed, also where a token is around what that page says."""
    return case.format == ADDRESS or (case.format != BLOCKCERTS_2 and not says_signed(case.document))


def _names(document: Mapping[str, Any]) -> tuple[str, ...]:
    """What a list of withdrawn badges may call it by."""
    named = (document.get("id"), document.get("uid"))
    return tuple(str(each) for each in named if isinstance(each, str | int))
