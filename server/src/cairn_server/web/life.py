# SPDX-License-Identifier: Apache-2.0
"""What the public page of a credential tells of its life: what stands in its place, and what happened when.

From our own records, because no document can hold what comes after it was signed. Whoever has the address,
128 random bits, may read it; who did something is not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from cairn_server.issuing import history, renewal
from cairn_server.issuing.life import Standing
from cairn_server.issuing.models import Credential

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.issuing.life import StandingChange


@dataclass(frozen=True, slots=True)
class Stood:
    """How it stood at one moment, by the record of the issuer."""

    standing: str
    since: datetime | None = None
    reason: str = ""
    until: datetime | None = None
    is_replaced: bool = False


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the history."""

    at: datetime
    words: str
    reason: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that stands beside the credential itself."""

    # In its place, and before it: addresses of other pages.
    successor: str
    predecessor: str
    history: tuple[Happened, ...]
    stage: str
    opens_at: datetime | None
    closes_at: datetime | None
    renew: str


def stands(found: Credential) -> Stood:
    """How it stands now."""
    change = history.changes_of(found).first() if found.standing != Standing.ACTIVE else None
    return Stood(
        found.standing,
        found.standing_at,
        found.standing_reason,
        found.suspended_until,
        is_replaced=change is not None and change.act.replaced,
    )


def stood_at(found: Credential, moment: datetime) -> Stood:
    change = history.change_before(found, moment)
    if change is None:
        return Stood(Standing.ACTIVE)
    act = change.act
    return Stood(act.to, change.at, act.reason, act.until, is_replaced=act.replaced)


def told(found: Credential, *, now: datetime) -> Life:
    successor = found.successor
    offer = renewal.offer(found, at=now)
    is_mended = found.replaces is not None and not found.is_renewal
    return Life(
        successor=reverse("credential", args=[successor.address_id]) if successor else "",
        predecessor=reverse("credential", args=[found.replaces.address_id])
        if is_mended and found.replaces
        else "",
        history=tuple(_history(found)),
        stage=offer.stage.value,
        opens_at=offer.opens_at,
        closes_at=offer.closes_at,
        renew=reverse("wallet-renew", args=[found.address_id]),
    )


def _history(found: Credential) -> list[Happened]:
    """Awards, renewals and changes of all copies under the address, the newest first."""
    copies = list(Credential.objects.signed().under(found.address_id))
    lines = [Happened(copy.valid_from, _("Renewed") if copy.is_renewal else _("Awarded")) for copy in copies]
    # Every copy was changed with the others: told once, from the one that was there first.
    changes: dict[int, StandingChange] = {}
    for copy in reversed(copies):
        for change in history.changes_of(copy):
            changes.setdefault(change.act_id, change)
    for change in changes.values():
        assert change.at is not None  # done has its moment (constraint)
        lines.append(Happened(change.at, _words(change), change.act.reason))
    return sorted(lines, key=lambda line: line.at, reverse=True)


def _words(change: StandingChange) -> str:
    act = change.act
    if act.replaced:
        return _("Replaced by a mended credential")
    if act.to == Standing.REVOKED:
        return _("Revoked")
    if act.to == Standing.ACTIVE:
        return _("Given back") if act.by_id else _("Given back, as announced")
    if act.until is None:
        return _("Suspended")
    return _("Suspended until %(until)s") % {"until": act.until.date().isoformat()}
