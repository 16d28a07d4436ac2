# SPDX-License-Identifier: Apache-2.0
"""Hosted badges: nothing is signed, and a page of the issuer is the whole proof.

The page counts, not the file. The file is only compared with it, so that nobody can show one thing and point
to another. What such a page can prove is what its host says at the moment at which it is asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cairn.canonical import jcs
from cairn.credential import format_datetime
from cairn.credential.shapes import as_list
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.legacy.issuers import domain_of, is_in_scope, pages
from cairn.legacy.open_badges import ADDRESS, format_of, hosted_at, says_signed, version_of
from cairn.proof.outcome import Answer, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.legacy.case import Case
    from cairn.legacy.issuers import Pages

# Reasons of our own; all others are that an address did not answer.
_OURS = frozenset({"hosted-address", "hosted-page", "issuer-document"})
# Members that a page may have and a file not, or write in another way, without saying something else.
_NOT_COMPARED = frozenset({"@context", "type", "badge", "revoked", "revocationReason"})


def address(case: Case) -> str:
    """Where the issuer keeps the badge."""
    found = case.document["id"] if case.format == ADDRESS else hosted_at(case.document)
    if found is None:
        raise UnavailableError("hosted-address", "It does not say where its issuer keeps it.")
    return str(found)


def hosted_assertion(case: Case) -> Mapping[str, Any]:
    """The assertion as the page of its issuer has it."""
    try:
        page = case.page(address(case), "the badge")
    except UnavailableError as error:
        if error.code != "gone":
            raise
        # Open Badges 1.1 and 2.0 withdraw a hosted badge by answering 410.
        message = "The page that vouched for it is gone for good: so issuers withdraw such badges."
        raise MalformedError("hosted-gone", message) from error
    if _is_bare_withdrawal(page.document):
        raise MalformedError("hosted-revoked", "The page of its issuer says that it was revoked.")
    if format_of(page.document) is None:
        raise UnavailableError("hosted-page", "What is there is not an Open Badge of version 1 or 2.")
    return page.document


def hosted_pages(case: Case) -> Pages:
    """The assertion, the badge and the issuer, as their pages have them."""
    return pages(case, hosted_assertion(case))


def signature(case: Case) -> Answer:
    """Whether the page that vouches for the badge says the same as the file. Nothing is signed."""
    try:
        url = address(case)
        assertion = hosted_assertion(case)
        if case.format != ADDRESS:
            _refuse_differences(case.document, assertion)
        elif hosted_at(assertion) != url and version_of(assertion) != "0.5":
            # In 0.5 a badge did not say where it was kept; its origin is compared all the same.
            raise MalformedError("hosted-differs", "The page is about a badge that is kept elsewhere.")
        if says_signed(assertion):
            message = "It is to be believed for a signature, and it has none."
            raise MalformedError("no-proof", message)
        whole = pages(case, assertion).whole()
    except CairnError as error:
        return _no_answer(error)
    host = domain_of(url)
    message = f"Nothing in it is signed. The page that vouches for it is at {host} and says the same."
    details = {"domain": host, "hosted_at": url, "checked_at": format_datetime(case.gathered_at)}
    return Answer(Outcome.PASSED, "hosted", message, whole, (), details)


def issuer(case: Case) -> Answer:
    """Whether the page that vouches for the badge is one of the issuer's."""
    try:
        url, named = address(case), hosted_pages(case)
    except CairnError as error:
        found = _no_answer(error)
        # That a badge was withdrawn says nothing against its issuer.
        withdrawn = error.code in ("hosted-gone", "hosted-revoked")
        return replace(found, outcome=Outcome.UNDECIDED) if withdrawn else found
    details = {"issuer": named.issuer_id, "method": "https", "domain": domain_of(named.issuer_id)}
    if not is_in_scope(url, named):
        message = "The page that vouches for it is not one of the issuer named in it."
        return Answer(Outcome.FAILED, "hosted-scope", message, details=details)
    message = f"The page that vouches for it is the issuer's own: {details['domain']}."
    return Answer(Outcome.PASSED, "hosted", message, details=details)


def remark() -> Answer:
    """What nobody can tell of any badge that is not signed."""
    message = (
        "Its issuer's website says so today. As nothing is signed, nobody can tell what the website said"
        " before, or will say."
    )
    return Answer(Outcome.UNDECIDED, "hosted-today", message)


def _no_answer(error: CairnError) -> Answer:
    """What an error while looking means; of pages that did not answer there is no other reason to tell."""
    if isinstance(error, UnavailableError) and error.code not in _OURS:
        message = f"We could not get the pages that vouch for it: {error.message}"
        return Answer(Outcome.UNDECIDED, "hosted-unreachable", message, details={"reason": error.code})
    return Answer.of(error)


def _is_bare_withdrawal(document: Mapping[str, Any]) -> bool:
    """``{"id": …, "revoked": true}``, which a page may have in the place of a revoked badge."""
    return document.get("revoked") is True and "badge" not in document


def _refuse_differences(sent: Mapping[str, Any], hosted: Mapping[str, Any]) -> None:
    """Refuse a file that says what its page does not say; the page may say more."""
    different = [
        name for name in sent if name not in _NOT_COMPARED and not _same(sent[name], hosted.get(name))
    ]
    if not _same_badge(sent.get("badge"), hosted.get("badge")):
        different.append("badge")
    if not set(map(str, as_list(sent.get("type", [])))) <= set(map(str, as_list(hosted.get("type", [])))):
        different.append("type")
    if different:
        told = ", ".join(sorted(different))
        raise MalformedError(
            "hosted-differs", f"The page of its issuer says something else than this file: {told}."
        )


def _same(one: object, other: object) -> bool:
    # By the canonical form: True is 1 to Python, and not to anybody who reads JSON.
    return jcs({"": one}) == jcs({"": other})


def _same_badge(sent: object, hosted: object) -> bool:
    """The same badge: by its address, or by what is said of it when it stands inside both."""
    if isinstance(sent, dict) and isinstance(hosted, dict):
        return all(_same(value, hosted.get(name)) for name, value in sent.items() if name != "@context")
    names = [badge.get("id") if isinstance(badge, dict) else badge for badge in (sent, hosted)]
    return isinstance(names[0], str) and names[0] == names[1]
