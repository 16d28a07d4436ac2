# SPDX-License-Identifier: Apache-2.0
"""Is this a day on which it claims to be valid?"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cairn.checks import old_badges
from cairn.checks.disclosure import not_shown
from cairn.checks.finding import Finding, undecided
from cairn.credential import format_datetime, parse_datetime
from cairn.errors import MalformedError
from cairn.proof import CLOCK_SKEW, Outcome
from cairn.reading import SD_JWT_VC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.materials import Materials


def period(materials: Materials, at: datetime) -> tuple[Finding, ...]:
    """Whether ``at`` lies between its dates, give or take what honest clocks differ (B54)."""
    document = materials.credential.unverified_document
    claims = materials.credential.unverified_claims
    # An SD-JWT VC has its dates in its claims; what else it calls by such a name is its own affair.
    members = {} if materials.credential.format == SD_JWT_VC else document
    try:
        if old_badges.is_old(materials.credential):
            starts, ends = old_badges.dates(materials)
        else:
            starts = _dates(members, ("validFrom", "issuanceDate"), claims, "nbf")
            ends = _dates(members, ("validUntil", "expirationDate"), claims, "exp")
    except MalformedError:
        return (undecided("period", "no-dates", "It has no readable dates."),)
    if materials.credential.is_presentation and not (starts or ends):
        return ()  # a presentation has a moment, which its signature tells, and no period
    since, until = max(starts, default=None), min(ends, default=None)
    details = _details(since, until)
    if since is not None and at + CLOCK_SKEW < since:
        message = f"It is not valid before {details['valid_from']}."
        return (Finding("period", Outcome.FAILED, "not-yet-valid", message, details),)
    if until is not None and at - CLOCK_SKEW > until:
        message = f"It was valid until {details['valid_until']}."
        return (Finding("period", Outcome.FAILED, "expired", message, details),)
    endless = "It shows no end date." if not_shown(materials.credential) else "It has no end date."
    return (_current(details, endless),)


def plain_period(starts: str | None, ends: str | None, at: datetime) -> Finding | None:
    """What `period` finds in a whole badge with these dates and no others, and valid now; None: ask that."""
    try:
        since, until, finding = _plain_period(starts, ends)
    except MalformedError:
        return None
    if (since is not None and at + CLOCK_SKEW < since) or (until is not None and at - CLOCK_SKEW > until):
        return None
    return finding


@lru_cache(maxsize=1024)  # badges of one batch share their dates
def _plain_period(starts: str | None, ends: str | None) -> tuple[datetime | None, datetime | None, Finding]:
    since = None if starts is None else parse_datetime(starts)
    until = None if ends is None else parse_datetime(ends)
    return since, until, _current(MappingProxyType(_details(since, until)), "It has no end date.")


def claimed_period(starts: int | None, ends: int | None, at: datetime) -> Finding | None:
    """The same for an SD-JWT VC, whose dates are claims (RFC 7519 §4.1.4, §4.1.5)."""
    since, until, finding = _claimed_period(starts, ends)
    if (since is not None and at + CLOCK_SKEW < since) or (until is not None and at - CLOCK_SKEW > until):
        return None
    return finding


@lru_cache(maxsize=1024)
def _claimed_period(starts: int | None, ends: int | None) -> tuple[datetime | None, datetime | None, Finding]:
    since = None if starts is None else datetime.fromtimestamp(starts, UTC)
    until = None if ends is None else datetime.fromtimestamp(ends, UTC)
    return since, until, _current(MappingProxyType(_details(since, until)), "It has no end date.")


def _details(since: datetime | None, until: datetime | None) -> dict[str, str]:
    details: dict[str, str] = {}
    if since is not None:
        details["valid_from"] = format_datetime(since)
    if until is not None:
        details["valid_until"] = format_datetime(until)
    return details


def _current(details: Mapping[str, str], endless: str) -> Finding:
    message = f"It is valid until {details['valid_until']}." if "valid_until" in details else endless
    return Finding("period", Outcome.PASSED, "ok", message, details)


def _dates(
    document: Mapping[str, Any], names: tuple[str, ...], claims: Mapping[str, Any], claim: str
) -> list[datetime]:
    found = []
    for name in names:
        if name in document:
            if not isinstance(document[name], str):
                raise MalformedError("date-time", f"{name} is not a date.")
            found.append(parse_datetime(document[name]))
    if claim in claims:
        found.append(datetime.fromtimestamp(claims[claim], UTC))
    return found
