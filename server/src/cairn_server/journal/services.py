# SPDX-License-Identifier: Apache-2.0
"""Writing and checking the journal: every verb of a ``services.py`` writes one entry in its transaction."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from django.db import transaction

from cairn.canonical import jcs
from cairn_server.journal.models import Entry, Head

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import Model


class Actor(Protocol):
    """Whoever acts: a person, known here by the random identifier alone."""

    public_id: Any


# Part of the caller's transaction where there is one: an entry that fails takes the act with it, so there is
# nothing to go back to in between.
@transaction.atomic(savepoint=False)
def record(
    *,
    verb: str,
    by: Actor | None,
    organisation_id: str | None,
    object: Model,
    details: Mapping[str, Any] | None = None,
    at: datetime,
) -> Entry:
    """Append one entry to the organisation's chain.

    ``by=None`` is the server itself. ``details`` takes JSON values and no personal data: an entry can
    never be erased, so a name in it could not be either.
    """
    chain = organisation_id or ""
    # The lock is held until the caller's transaction ends: entries of a chain are numbered in the
    # order in which they become visible, so a follower that reads by cursor misses none.
    heads = Head.objects.select_for_update()
    head = heads.filter(organisation_id=chain).first()
    if head is None:
        Head.objects.get_or_create(organisation_id=chain)
        head = heads.get(organisation_id=chain)
    entry = Entry(
        organisation_id=chain,
        number=head.number + 1,
        at=at,
        actor_id=by.public_id if by is not None else "",
        verb=verb,
        object_type=object._meta.label_lower,
        object_id=str(getattr(object, "public_id", None) or object.pk),
        details=dict(details or {}),
        previous_hash=head.hash,
    )
    entry.hash = entry_hash(entry)
    entry.save(force_insert=True)
    head.number, head.hash = entry.number, entry.hash
    head.save(force_update=True)
    return entry


def entry_hash(entry: Entry) -> str:
    """h_n = SHA-256(h_{n-1} ‖ JCS(row)), every column but the row number of the table and the hash itself."""
    row = {
        "organisation": entry.organisation_id,
        "number": entry.number,
        "at": entry.at.isoformat(),
        "actor": entry.actor_id,
        "verb": entry.verb,
        "objectType": entry.object_type,
        "objectId": entry.object_id,
        "details": entry.details,
    }
    return sha256(bytes.fromhex(entry.previous_hash) + jcs(row)).hexdigest()


def broken_link(organisation_id: str | None) -> Entry | Head | None:
    """The first entry that was flipped, moved, inserted or comes after a gap; ``None`` for a whole chain.

    When entries are missing at the end, it is the chain's ``Head`` that no entry answers to.
    """
    previous_hash, number = "", 0
    for entry in Entry.objects.of(organisation_id).iterator():
        number += 1
        if entry.number != number or entry.previous_hash != previous_hash or entry.hash != entry_hash(entry):
            return entry
        previous_hash = entry.hash
    head = Head.objects.filter(organisation_id=organisation_id or "").first()
    if head is None:
        # No head at all is right for a chain that was never written, and for no other.
        return Entry.objects.of(organisation_id).first()
    return head if (head.number, head.hash) != (number, previous_hash) else None


def chains() -> list[str]:
    """Every chain there is, by organisation; the empty string is the installation's own."""
    known = set(Head.objects.values_list("organisation_id", flat=True))
    return sorted(known | set(Entry.objects.order_by().values_list("organisation_id", flat=True).distinct()))
