# SPDX-License-Identifier: Apache-2.0
"""Finding one's way among thousands of one's own credentials: words, filters, orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, F, Max, Q
from django.utils.translation import gettext_lazy as _

from cairn_server.organisations.names import folded
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet
    from django.db.models.expressions import OrderBy
    from django.utils.functional import _StrPromise

    from cairn_server.accounts.models import Person

# What counts as soon: long enough to do something about it.
SOON = timedelta(days=60)
MOST_WORDS = 8

ORDERS: dict[str, tuple[_StrPromise, tuple[str | OrderBy, ...]]] = {
    "newest": (_("Newest in your wallet"), ("-received_at", "-id")),
    "awarded": (_("Awarded last"), (F("awarded_at").desc(nulls_last=True), "-id")),
    "name": (_("By name"), ("name", "-id")),
    "issuer": (_("By issuer"), ("issuer_name", "name", "-id")),
    "ends": (_("Ending first"), (F("ends_at").asc(nulls_last=True), "-id")),
}
STATES = {
    "": _("Any"),
    "counts": _("Counts today"),
    "soon": _("Ends soon"),
    "ended": _("Has ended"),
    "withdrawn": _("Revoked or suspended"),
    "unchecked": _("Not checked, or not fully"),
}
KEPT = {
    "": _("Current ones"),
    "copies": _("Older copies and other forms"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks their wallet for. An unknown word is no filter, so an address never breaks."""

    text: str = ""
    state: str = ""
    source: str = ""
    issuer: str = ""
    visibility: str = ""
    collection: str = ""
    kept: str = ""
    order: str = "newest"

    @property
    def narrows(self) -> bool:
        return bool(
            self.text
            or self.state
            or self.source
            or self.issuer
            or self.visibility
            or self.collection
            or self.kept
        )


def found(person: Person, wanted: Wanted, *, at: datetime) -> QuerySet[HeldCredential]:
    """One's own credentials that fit; without the bytes and the document, which no list shows."""
    held = HeldCredential.objects.visible_to(person)
    held = held.exclude(superseded_by=None, twin_of=None) if wanted.kept == "copies" else held.current()
    for word in folded(wanted.text).split()[:MOST_WORDS]:
        held = held.filter(words__contains=word)
    held = held.filter(_in_state(wanted.state, at))
    for column in ("source", "visibility"):
        if value := getattr(wanted, column):
            held = held.filter(**{column: value})
    if wanted.issuer:
        held = held.filter(issuer_id=wanted.issuer)
    if wanted.collection:
        held = held.filter(collections__public_id=wanted.collection, collections__person=person)
    _name, order = ORDERS.get(wanted.order, ORDERS["newest"])
    return held.order_by(*order).defer("secured", "document", "report", "skills", "words")


def _in_state(state: str, at: datetime) -> Q:
    withdrawn = ~Q(standing=HeldCredential.Standing.ACTIVE)
    ended = Q(ends_at__lt=at)
    match state:
        case "counts":
            return ~withdrawn & ~Q(verdict="not-verified") & (Q(ends_at__isnull=True) | Q(ends_at__gte=at))
        case "soon":
            return ~withdrawn & Q(ends_at__gte=at, ends_at__lt=at + SOON)
        case "ended":
            return ended
        case "withdrawn":
            return withdrawn
        case "unchecked":
            return Q(verdict__in=["", "could-not-check"])
    return Q()


def ending_soon(person: Person, *, at: datetime) -> int:
    """How many end within the time in which something can still be done."""
    return HeldCredential.objects.visible_to(person).current().filter(_in_state("soon", at)).count()


def issuers_of(person: Person, *, most: int = 200) -> list[tuple[str, str]]:
    """The issuers a person has most from, to choose among: identifier and name."""
    rows = (
        HeldCredential.objects.visible_to(person)
        .current()
        .exclude(issuer_id="")
        .order_by()
        .values_list("issuer_id")
        .annotate(count=Count("id"), newest=Max("id"))
        .order_by("-count", "issuer_id")[:most]
    )
    # By the name that the newest of them gives; one row each, because the rows are large.
    found = HeldCredential.objects.filter(pk__in=[newest for _issuer, _count, newest in rows])
    return sorted(found.values_list("issuer_id", "issuer_name"), key=lambda each: each[1].casefold())
