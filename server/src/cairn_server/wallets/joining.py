# SPDX-License-Identifier: Apache-2.0
"""Two wallets of one person become one: nothing is lost, and nothing becomes more public than it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Max

from cairn_server.wallets import services
from cairn_server.wallets.models import (
    Collection,
    HeldCredential,
    Look,
    Portfolio,
    PortfolioPlace,
    Visibility,
)

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person

# From the one that shows least.
_OPENNESS = list(Visibility)


def move(*, into: Person, other: Person, at: datetime) -> None:
    """What the rules of wallets are about; the rest of the rows only change their owner."""
    _move_held(into, other)
    _move_collections(into, other)
    _move_portfolio(into, other)


def _move_held(into: Person, other: Person) -> None:
    """The same bytes in both are one credential, with the notes, links and places of both."""
    theirs = HeldCredential.objects.filter(person=other)
    mine = dict(HeldCredential.objects.filter(person=into).values_list("sha256", "pk"))
    for twice in theirs.filter(sha256__in=mine).defer("secured", "document", "report"):
        _put_together(HeldCredential.objects.get(pk=mine[twice.sha256]), twice)
    statements = set(theirs.values_list("issuer_id", "credential_id"))
    theirs.update(person=into)
    for issuer_id, credential_id in statements:
        held = HeldCredential.objects.filter(
            person=into, issuer_id=issuer_id, credential_id=credential_id
        ).first()
        assert held is not None, "it was moved a moment ago"
        services.settle_copies(held)


def _put_together(kept: HeldCredential, twice: HeldCredential) -> None:
    if twice.note and twice.note not in kept.note:
        kept.note = f"{kept.note}\n\n{twice.note}".strip()[: services.MAX_NOTE]
    # Each of the two was as open as its holder had made it; its links go on working.
    kept.visibility = max(
        kept.visibility, twice.visibility, key=lambda each: _OPENNESS.index(Visibility(each))
    )
    if twice.source == HeldCredential.Source.AWARDED_HERE:
        kept.source = twice.source
    kept.save(update_fields=["note", "visibility", "source"])
    twice.links.update(held=kept)
    for owner, places in (("collection", twice.places.all()), ("portfolio", twice.shown_at.all())):
        for place in places:
            there = type(place).objects.filter(**{owner: getattr(place, owner), "held": kept})
            if not there.exists():
                place.held = kept
                place.save(update_fields=["held"])
    _move_looks(twice.person_id, twice.public_id, kept)
    HeldCredential.objects.filter(superseded_by=twice).update(superseded_by=None)
    HeldCredential.objects.filter(twin_of=twice).update(twin_of=None)
    twice.delete()


def _move_looks(person_id: int, subject: str, kept: HeldCredential) -> None:
    for look in Look.objects.filter(person_id=person_id, subject=subject):
        same = Look.objects.filter(
            person_id=kept.person_id, subject=kept.public_id, kind=look.kind, day=look.day, who=look.who
        )
        if same.update(count=F("count") + look.count):
            look.delete()
            continue
        look.person_id, look.subject = kept.person_id, kept.public_id
        look.save(update_fields=["person", "subject"])


def _move_collections(into: Person, other: Person) -> None:
    taken = set(Collection.objects.filter(person=into).values_list("name", flat=True))
    for collection in Collection.objects.filter(person=other):
        name, number = collection.name, 2
        while collection.name in taken:
            collection.name = f"{name[:110]} ({number})"
            number += 1
        taken.add(collection.name)
        collection.person = into
        collection.save(update_fields=["name", "person"])


def _move_portfolio(into: Person, other: Person) -> None:
    """There is one to a person: what the other one showed is added to it, after what stands there."""
    mine, theirs = (Portfolio.objects.filter(person=each).first() for each in (into, other))
    if mine is None or theirs is None:
        return
    last = mine.places.aggregate(last=Max("position"))["last"] or 0
    for place in theirs.places.all():
        same = PortfolioPlace.objects.filter(portfolio=mine, held=place.held, collection=place.collection)
        if not same.exists():
            last += 1
            place.portfolio, place.position = mine, last
            place.save(update_fields=["portfolio", "position"])
    # The texts that stay are those of the account that stays; the page that asks says so. The other handle is
    # given to nobody else.
    theirs.delete()
