# SPDX-License-Identifier: Apache-2.0
"""Is the issuer one whom the caller knows?

A question of its own, asked only of the lists that the caller has chosen. Whoever is on none of them is
unrecognised, which says something about the lists and nothing about the credential.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cairn.checks.controllers import domain_of
from cairn.checks.finding import Check, Finding
from cairn.checks.vouching import (
    Endorsement,
    WithEndorsements,
    achievements_of,
    endorsements_of_issuer,
)
from cairn.credential import format_datetime
from cairn.proof import Outcome
from cairn.trust_list import Listing, TrustList, UnopenedList

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from cairn.materials import Materials


def issued_by(trusted: Collection[str], label: str) -> Check:
    """A check that the issuer is one of ``trusted``, a list that people know by its ``label``."""
    return recognised_by(TrustList(label, {identifier: Listing() for identifier in trusted}))


def recognised_by(*lists: TrustList | UnopenedList, endorsements: Sequence[bytes] = ()) -> Check:
    """A check that the issuer is on one of these lists, or accredited by somebody who is.

    An accreditation is a verified endorsement of the issuer by an issuer that a list says ``accredits``;
    those carried in the credential are looked at, and ``endorsements`` that the caller has.
    One list that says yes is enough; a list that could not be opened keeps a "no" from being one. Without a
    list nothing is asked, and nothing found.
    """

    def trust(materials: Materials, at: datetime) -> tuple[Finding, ...]:
        if not lists:
            return ()
        issuer = materials.unverified_issuer or ""
        kinds = achievement_names(materials.credential.unverified_document)
        answers = [answer_of_list(each, issuer, kinds, at) for each in lists]
        yes = [answer for answer in answers if answer.outcome is Outcome.PASSED]
        if yes:
            return (_listed(yes, issuer),)
        vouching = endorsements_of_issuer(materials, at, endorsements)
        accredited = _accredited(lists, vouching, issuer, kinds, at)
        if accredited is not None:
            return (accredited,)
        return (_worst(answers, _named(each.name for each in lists)),)

    return WithEndorsements(trust, tuple(endorsements)) if endorsements else trust


def achievement_names(document: Mapping[str, Any]) -> frozenset[str]:
    """What it is awarded for, as a list may name it: kinds of achievements, and their ids."""
    return frozenset(
        value
        for each in achievements_of(document)
        for value in (each.get("achievementType"), each.get("id"))
        if isinstance(value, str)
    )


def answer_of_list(
    chosen: TrustList | UnopenedList, issuer: str, kinds: frozenset[str], at: datetime
) -> Finding:
    """What one list says about one issuer, who awards something of these kinds, at one time."""
    details = {"list": chosen.name, "issuer": issuer}
    if isinstance(chosen, UnopenedList):
        message = f"We could not open {chosen.name}: {chosen.message}"
        return Finding("trust", Outcome.UNDECIDED, chosen.code, message, details)
    if chosen.publisher:
        details["publisher"] = chosen.publisher
    if not _is_current(chosen.valid_from, chosen.valid_until, at):
        message = f"{chosen.name} is not a list for this time. Look for a newer one."
        return Finding("trust", Outcome.UNDECIDED, "trust-list-period", message, details)
    listing = chosen.listing(issuer, domain_of(issuer))
    if listing is None:
        message = f"Unrecognised: the issuer is not in {chosen.name}."
        return Finding("trust", Outcome.FAILED, "unrecognised-issuer", message, details)
    if listing.name:
        details["listed_as"] = listing.name
    for name, moment in (("since", listing.since), ("until", listing.until)):
        if moment is not None:
            details[name] = format_datetime(moment)
    if not _is_current(listing.since, listing.until, at):
        # By the day of asking: whoever has lost recognition still writes the dates of its credentials (S12).
        message = f"Unrecognised: {chosen.name} lists the issuer for another time."
        return Finding("trust", Outcome.FAILED, "recognition-period", message, details)
    if listing.recognised_for and kinds.isdisjoint(listing.recognised_for):
        message = f"Unrecognised: {chosen.name} lists the issuer for other achievements than this."
        details["recognised_for"] = ", ".join(listing.recognised_for)
        return Finding("trust", Outcome.FAILED, "recognised-for-other", message, details)
    return Finding("trust", Outcome.PASSED, "ok", f"The issuer is listed in {chosen.name}.", details)


def _listed(yes: Sequence[Finding], issuer: str) -> Finding:
    named = _named((answer.details["list"] for answer in yes), last="and")
    details = {**yes[0].details, "list": named}
    return Finding("trust", Outcome.PASSED, "ok", f"The issuer is listed in {named}.", details)


def _accredited(
    lists: Iterable[TrustList | UnopenedList],
    endorsements: Iterable[Endorsement],
    issuer: str,
    kinds: frozenset[str],
    at: datetime,
) -> Finding | None:
    """The issuer is on no list, but somebody on one that accredits has endorsed it."""
    for endorsement in endorsements:
        for chosen in lists:
            if isinstance(chosen, UnopenedList) or endorsement.issuer == issuer:
                continue
            listing = chosen.listing(endorsement.issuer, domain_of(endorsement.issuer))
            if listing is None or not listing.accredits:
                continue
            if answer_of_list(chosen, endorsement.issuer, kinds, at).outcome is Outcome.PASSED:
                by = listing.name or endorsement.name or endorsement.issuer
                message = f"The issuer is accredited by {by}, who is listed in {chosen.name}."
                details = {"list": chosen.name, "issuer": issuer, "accredited_by": endorsement.issuer}
                return Finding("trust", Outcome.PASSED, "ok", message, details)
    return None


def _worst(answers: Sequence[Finding], named: str) -> Finding:
    """A list that could not be asked might have said yes, so then there is no "no"."""
    unopened = next((answer for answer in answers if answer.outcome is Outcome.UNDECIDED), None)
    if unopened is not None:
        return unopened
    # Listed, but not for this or not any more, says more than being on none of the others.
    told = next((answer for answer in answers if answer.code != "unrecognised-issuer"), None)
    if told is not None:
        return told
    details = {**answers[0].details, "list": named} if len(answers) > 1 else answers[0].details
    message = f"Unrecognised: the issuer is not in {named}."
    return Finding("trust", Outcome.FAILED, "unrecognised-issuer", message, details)


def _is_current(starts: datetime | None, ends: datetime | None, at: datetime) -> bool:
    return (starts is None or starts <= at) and (ends is None or at <= ends)


def _named(names: Iterable[str], last: str = "or") -> str:
    """``A``, ``A or B``, ``A, B or C``."""
    *others, final = names
    return f"{', '.join(others)} {last} {final}" if others else final
