# SPDX-License-Identifier: Apache-2.0
"""Has the issuer of an old badge taken it back?

    hosted        the page of the badge says ``"revoked": true``, or is gone
    signed 2.0    the issuer's ``revocationList`` is a RevocationList with ``revokedAssertions``
    signed 1.x    it is an object of reasons by ``uid``
    Blockcerts    as signed 2.0

No such list is signed: it is what the issuer's address says when it is asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cairn.credential import format_datetime
from cairn.credential.shapes import as_list
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.legacy.open_badges import OPEN_BADGES_1
from cairn.proof.outcome import CLOCK_SKEW, Answer, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn.legacy.case import Case

_NOT_WITHDRAWN = "The issuer has not withdrawn it."
_NO_LIST = "The issuer keeps no list of withdrawn badges."
_MAX_REASON = 200
# These pages do not say how long they may be used; what is assumed of status lists holds for them too.
_USABLE = timedelta(minutes=5)


def by_its_page(case: Case, assertion: Mapping[str, Any], url: str, at: datetime) -> Answer:
    """What the page of a hosted badge says about it."""
    # Asking for the page of one badge tells its host which badge is being looked at (B87).
    details = _details(case, url) | {"note": "list-url-names-credential"}
    if assertion.get("revoked") is True:
        return _revoked(details, assertion.get("revocationReason"))
    if at - case.gathered_at > _USABLE + CLOCK_SKEW:
        message = "The page of its issuer was asked too long ago."
        return Answer(Outcome.UNDECIDED, "status-list-stale", message, details=details)
    return Answer(Outcome.PASSED, "ok", _NOT_WITHDRAWN, details=details)


def by_list(
    case: Case, issuer: Mapping[str, Any], issuer_id: str, names: tuple[str, ...], at: datetime
) -> Answer:
    """What the issuer's list says about a badge of any of these names."""
    url = issuer.get("revocationList")
    if url is None:
        return Answer(Outcome.PASSED, "no-status", _NO_LIST)
    details: dict[str, str] = {}
    try:
        if not isinstance(url, str):
            raise MalformedError("status-url", "it is not named by one address")
        listed = case.page(url, "a list of withdrawn badges").document
        details = _details(case, url)
        if at - case.gathered_at > _USABLE + CLOCK_SKEW:
            raise UnavailableError("status-list-stale", "it was fetched too long ago")
        reasons = _reasons(listed, issuer_id)
    except CairnError as error:
        message = f"We could not use the issuer's list of withdrawn badges: {error.message}"
        return Answer(Outcome.UNDECIDED, error.code, message, details=details)
    for name in names:
        if name in reasons:
            return _revoked(details, reasons[name])
    if case.format != OPEN_BADGES_1 and "revokedAssertions" not in listed:
        # Only in 1.x any object is a list; what says that nothing is there would be one as well.
        message = "We could not use the issuer's list of withdrawn badges: it has no list of revoked badges"
        return Answer(Outcome.UNDECIDED, "status-list-type", message, details=details)
    return Answer(Outcome.PASSED, "ok", _NOT_WITHDRAWN, details=details)


def _reasons(listed: Mapping[str, Any], issuer_id: str) -> dict[str, Any]:
    """The reason for each name on a list of either version."""
    if "revokedAssertions" not in listed:
        if "id" in listed or "type" in listed:
            raise UnavailableError("status-list-type", "it has no list of revoked badges")
        return {name: reason for name, reason in listed.items() if name != "@context"}
    issuer = listed.get("issuer", issuer_id)
    if (issuer.get("id") if isinstance(issuer, dict) else issuer) != issuer_id:
        raise UnavailableError("status-list-issuer", "it is by somebody else than the issuer")
    reasons: dict[str, Any] = {}
    for entry in as_list(listed["revokedAssertions"]):
        if isinstance(entry, str):
            reasons[entry] = None
        elif isinstance(entry, dict):
            reasons |= {
                str(entry[name]): entry.get("revocationReason") for name in ("id", "uid") if name in entry
            }
        else:
            raise UnavailableError("status-list-type", "an entry of it cannot be read")
    return reasons


def _details(case: Case, url: str) -> dict[str, str]:
    return {"list_url": url, "checked_at": format_datetime(case.gathered_at)}


def _revoked(details: dict[str, str], reason: object) -> Answer:
    told = {"message": reason[:_MAX_REASON]} if isinstance(reason, str) and reason else {}
    return Answer(Outcome.FAILED, "revoked", "The issuer has revoked it.", details=details | told)
