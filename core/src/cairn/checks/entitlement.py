# SPDX-License-Identifier: Apache-2.0
"""Does anything say that this issuer may award this achievement, if it is somebody else's?

Open Badges 3.0 lets every issuer award every achievement and has no word for being entitled to. So an
achievement with another creator, or with an address on another domain, is one thing that the issuer says
about somebody else. What supports it is that one's own word: an endorsement of the issuer that verifies, or a
list that it publishes. Without one there is a remark and never a "no": nothing is known to be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cairn.checks.controllers import domain_of
from cairn.checks.domain import domain_control
from cairn.checks.finding import Check, Finding
from cairn.checks.trust import achievement_names, answer_of_list
from cairn.checks.vouching import (
    Endorsement,
    WithEndorsements,
    achievements_of,
    endorsements_of_issuer,
)
from cairn.credential.address import is_identifier, is_web
from cairn.credential.structure import BADGE
from cairn.proof import Outcome
from cairn.trust_list import TrustList

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cairn.materials import Materials
    from cairn.trust_list import UnopenedList


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose achievement it is, as far as it says: by the id of its creator, or by the domain of its own."""

    id: str | None
    domain: str | None
    name: str

    def is_by(self, identifier: str) -> bool:
        """Whether this is an identifier of the owner."""
        if self.id is not None:
            return identifier == self.id
        return covers(domain_of(identifier), self.domain)


def entitled(*lists: TrustList | UnopenedList, endorsements: Sequence[bytes] = ()) -> Check:
    """A check that the issuer may award the achievement: its own, or one whose owner vouches for the issuer.

    Asked of ``lists`` that the owner publishes, of endorsements in the credential, and of those supplied.
    """

    def entitlement(materials: Materials, at: datetime) -> tuple[Finding, ...]:
        document = materials.credential.unverified_document
        issuer = materials.unverified_issuer
        # A transcript also lists achievements, which its issuer does not award by that.
        if issuer is None or materials.credential.unverified_kind != BADGE:
            return ()
        achievements = list(achievements_of(document))
        if not achievements:
            return ()
        domains = _domains(materials, issuer, at)
        others = [
            owner
            for achievement in achievements
            for owner in _owners(achievement)
            if owner.id != issuer and not any(covers(own, owner.domain) for own in domains)
        ]
        if not others:
            message = "The achievement is the issuer's own."
            return (Finding("entitlement", Outcome.PASSED, "ok", message, {"issuer": issuer}),)
        vouching = endorsements_of_issuer(materials, at, endorsements)
        kinds = achievement_names(document)
        own_lists = [each for each in lists if isinstance(each, TrustList)]
        return (_said_by(others, issuer, vouching, own_lists, kinds, at),)

    return WithEndorsements(entitlement, tuple(endorsements)) if endorsements else entitlement


def covers(own: str | None, other: str | None) -> bool:
    """Whether a domain is the other one, or one that it lies in; the other way round nobody is the owner."""
    if own is None or other is None:
        return False
    own, other = own.lower(), other.lower()
    return other == own or other.endswith(f".{own}")


def _said_by(
    others: Sequence[Owner],
    issuer: str,
    vouching: Iterable[Endorsement],
    lists: Iterable[TrustList],
    kinds: frozenset[str],
    at: datetime,
) -> Finding:
    """Every one of the owners has to vouch for the issuer; the first who does not is told."""
    details = {"issuer": issuer}
    for owner in others:
        details["creator"] = owner.id or str(owner.domain)
        endorsement = next((each for each in vouching if owner.is_by(each.issuer)), None)
        listing = next(
            (
                each
                for each in lists
                if owner.is_by(each.publisher_id)
                and answer_of_list(each, issuer, kinds, at).outcome is Outcome.PASSED
            ),
            None,
        )
        if endorsement is not None:
            details["endorsed_by"] = endorsement.issuer
        elif listing is not None:
            details["list"] = listing.name
        else:
            message = f"The achievement is by {owner.name}; nothing here says that the issuer may award it."
            return Finding(
                "entitlement", Outcome.UNDECIDED, "entitlement-unknown", message, details, decides=False
            )
    how = f"is on its list {details['list']}" if "list" in details else "has its endorsement"
    message = f"The achievement is by {others[-1].name}, and the issuer {how}."
    return Finding("entitlement", Outcome.PASSED, "ok", message, details)


def _owners(achievement: Mapping[str, Any]) -> Iterator[Owner]:
    """The creator that is named, and the domain of the achievement's own address unless the creator's."""
    creator = achievement.get("creator")
    profile = creator if isinstance(creator, dict) else {"id": creator}
    identifier = profile.get("id")
    creator_id = identifier if is_identifier(identifier) else None
    if creator_id is not None:
        name = profile.get("name")
        yield Owner(creator_id, None, name if isinstance(name, str) and name else creator_id)
    address = achievement.get("id")
    host = urlsplit(str(address)).netloc if is_web(address) else None
    if host is not None and not covers(domain_of(creator_id) if creator_id else None, host):
        yield Owner(None, host, host)


def _domains(materials: Materials, issuer: str, at: datetime) -> tuple[str, ...]:
    """The domains that are the issuer's: its identifier's, or one that says so itself, if it was asked."""
    own = domain_of(issuer)
    if own:
        return (own,)
    return tuple(
        finding.details["domain"]
        for finding in domain_control(materials, at)
        if finding.outcome is Outcome.PASSED
    )
