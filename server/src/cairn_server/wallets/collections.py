# SPDX-License-Identifier: Apache-2.0
"""Collections: a person's own choice of credentials, in an order of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.wallets.models import Collection, CollectionPlace, HeldCredential, Look

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.utils.functional import _StrOrPromise

    from cairn_server.accounts.models import Person

MOST = 200
MOST_IN_ONE = 500
MAX_NAME = 120
MAX_DESCRIPTION = 1_000


class BadCollection(Refusal):
    """Something about a collection cannot stand; ``field`` says where the message belongs."""

    status = 422

    def __init__(self, code: str, message: _StrOrPromise, field: str = "name") -> None:
        super().__init__(code, message)
        self.field = field


@transaction.atomic
def make(*, by: Person, name: str, description: str = "", at: datetime) -> Collection:
    if Collection.objects.filter(person=by).count() >= MOST:
        raise BadCollection(
            "collection-limit", _("You have %(most)s collections, which is the most.") % {"most": MOST}
        )
    name, description = _clean(by, name, description)
    made = Collection.objects.create(person=by, name=name, description=description, created_at=at)
    journal.record(verb="collection made", by=by, organisation_id=None, object=made, at=at)
    return made


@transaction.atomic
def describe(collection: Collection, *, by: Person, name: str, description: str, at: datetime) -> Collection:
    _own(collection, by)
    collection.name, collection.description = _clean(by, name, description, but=collection)
    collection.save(update_fields=["name", "description"])
    journal.record(verb="collection described", by=by, organisation_id=None, object=collection, at=at)
    return collection


@transaction.atomic
def put(collection: Collection, *, by: Person, held: Sequence[HeldCredential], at: datetime) -> int:
    """Put credentials at the end of a collection; how many were not in it before."""
    _own(collection, by)
    # The lock keeps two tabs from giving one place twice.
    collection = Collection.objects.select_for_update().get(pk=collection.pk)
    if any(each.person_id != by.pk for each in held):
        raise NotVisible
    there = set(collection.places.values_list("held_id", flat=True))
    new = list({each.pk: each for each in held if each.pk not in there}.values())
    if len(there) + len(new) > MOST_IN_ONE:
        raise BadCollection(
            "collection-full",
            _("A collection holds at most %(most)s credentials.") % {"most": MOST_IN_ONE},
            field="collection",
        )
    last = collection.places.aggregate(last=Max("position"))["last"] or 0
    CollectionPlace.objects.bulk_create(
        CollectionPlace(collection=collection, held=each, position=last + number)
        for number, each in enumerate(new, start=1)
    )
    journal.record(
        verb="collection filled",
        by=by,
        organisation_id=None,
        object=collection,
        details={"held": [each.public_id for each in new]},
        at=at,
    )
    return len(new)


@transaction.atomic
def take_out(collection: Collection, *, by: Person, held: HeldCredential, at: datetime) -> None:
    """The credential stays in the wallet."""
    _own(collection, by)
    collection.places.filter(held=held).delete()
    journal.record(
        verb="collection thinned",
        by=by,
        organisation_id=None,
        object=collection,
        details={"held": held.public_id},
        at=at,
    )


@transaction.atomic
def move(collection: Collection, *, by: Person, held: HeldCredential, up: bool, at: datetime) -> None:
    """One place nearer to the beginning, or to the end. At the edge nothing happens."""
    _own(collection, by)
    Collection.objects.select_for_update().get(pk=collection.pk)
    place = collection.places.filter(held=held).first()
    if place is None:
        raise NotVisible
    if not place.move(collection.places.all(), up=up):
        return
    journal.record(
        verb="collection ordered",
        by=by,
        organisation_id=None,
        object=collection,
        details={"held": held.public_id},
        at=at,
    )


@transaction.atomic
def remove(collection: Collection, *, by: Person, at: datetime) -> None:
    """The collection, its links and its place on a portfolio go; the credentials stay."""
    _own(collection, by)
    journal.record(verb="collection removed", by=by, organisation_id=None, object=collection, at=at)
    links = collection.links.values_list("public_id", flat=True)
    Look.objects.filter(person=by, subject__in=[collection.public_id, *links]).delete()
    collection.delete()


def _clean(by: Person, name: str, description: str, but: Collection | None = None) -> tuple[str, str]:
    name, description = " ".join(name.split()), " ".join(description.split())
    if not 0 < len(name) <= MAX_NAME or has_hidden_characters(name):
        raise BadCollection(
            "collection-name", _("Give it a name of up to %(most)s characters.") % {"most": MAX_NAME}
        )
    if len(description) > MAX_DESCRIPTION or has_hidden_characters(description):
        raise BadCollection(
            "collection-description",
            _("Describe it in up to %(most)s characters, without invisible ones.")
            % {"most": MAX_DESCRIPTION},
            field="description",
        )
    others = Collection.objects.filter(person=by, name=name)
    if (others.exclude(pk=but.pk) if but is not None else others).exists():
        raise BadCollection("collection-exists", _("You have a collection of this name."))
    return name, description


def _own(collection: Collection, by: Person) -> None:
    if collection.person_id != by.pk:
        raise NotVisible
