# SPDX-License-Identifier: Apache-2.0
"""After a key was stolen: the same awards to the same people, under another key.

What the stolen key signed is refused by every verifier, genuine or not. So each of those credentials is
awarded again on the road that lists take (chunks/): same person, same achievement, same day of the award, a
new identifier and a new key. Old and new name each other, the old ones are revoked with the kind words that
they were replaced, and the holders are told. Whatever interrupts it, ``begin`` again finds what is left.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from cairn_server.errors import Refusal
from cairn_server.issuing import batches, standing, status_lists, storage
from cairn_server.issuing.chunks.making import derived, email_salt
from cairn_server.issuing.life import Standing, StandingAct
from cairn_server.issuing.models import (
    Batch,
    BatchChunk,
    BatchRow,
    Credential,
    SecuredCredential,
)
from cairn_server.issuing.patterns import TEXTS, Award
from cairn_server.journal import services as journal
from cairn_server.organisations import identity, roles
from cairn_server.organisations.installation import require_awarding_allowed
from cairn_server.organisations.models import Organisation, SigningKey
from cairn_server.organisations.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.chunks.planning import Line
    from cairn_server.issuing.models import CredentialQuerySet

# Keys of rows begin like this, so the same award is not made twice, by this road or by that of corrections.
REPLACEMENT = "replacement:"


class NotCompromised(Refusal):
    def __init__(self) -> None:
        super().__init__("not-compromised", _("Only what a compromised key signed is awarded again."))


class NothingToReissue(Refusal):
    def __init__(self) -> None:
        super().__init__("nothing-to-reissue", _("Nothing is left that it signed and that still counts."))


def signed_with(key: SigningKey) -> CredentialQuerySet:
    """Every credential that this key signed.

    Of lists the chunks know it. A single award says it in its record, which is looked at where the time is
    right: there are few of those, and no column could be more exact.
    """
    # As it is now: the name is fixed with the first award, perhaps after this row was read.
    organisation = Organisation.objects.get(pk=key.organisation_id)
    ranges = Q(pk__in=())
    done = BatchChunk.objects.filter(
        batch__organisation=organisation, key=key.fragment, state=BatchChunk.State.DONE
    )
    for batch, some in groupby(done.order_by("batch", "first"), key=lambda chunk: chunk.batch_id):
        numbers = Q(pk__in=())
        for first, last in _joined(some):
            numbers |= Q(batch_number__gte=first, batch_number__lte=last)
        ranges |= Q(batch=batch) & numbers
    return (
        Credential.objects.signed()
        .filter(organisation=organisation)
        .filter(ranges | Q(pk__in=_single_awards(organisation, key)))
    )


def _joined(some: Iterable[BatchChunk]) -> Iterator[tuple[int, int]]:
    """The ranges of consecutive chunks as one range each."""
    first, last = 0, -1
    for chunk in some:
        if chunk.first > last + 1 and last >= 0:
            yield first, last
            first = chunk.first
        elif last < 0:
            first = chunk.first
        last = chunk.last
    if last >= 0:
        yield first, last


def _single_awards(organisation: Organisation, key: SigningKey) -> list[int]:
    method = identity.verification_method(organisation, key).encode()
    records = (
        SecuredCredential.objects.filter(
            credential__organisation=organisation,
            credential__batch__isnull=True,
            format=SecuredCredential.Format.JSON,
            leaf__created_at__gte=key.created_at,
        )
        .select_related("dictionary")
        .order_by("pk")
    )
    if key.retired_at is not None:
        records = records.filter(leaf__created_at__lte=key.retired_at)
    # Quoted: "#key-1" is the beginning of "#key-10" too.
    return [
        each.credential_id
        for each in records.iterator(chunk_size=1_000)
        if b'"' + method + b'"' in each.bytes()
    ]


def waiting(key: SigningKey, *, at: datetime) -> CredentialQuerySet:
    """What would be awarded again: it counts, has not ended, and nothing stands in its place.

    What is suspended waits for whoever suspended it; a copy that a renewal has followed is history.
    """
    return (
        signed_with(key)
        .newest()
        .filter(standing=Standing.ACTIVE)
        .filter(Q(valid_until__isnull=True) | Q(valid_until__gt=at))
        .filter(~Exists(Credential.objects.filter(replaces=OuterRef("pk"))))
    )


def left_to_begin(key: SigningKey, *, at: datetime) -> int:
    """How many would be awarded again by ``begin``."""
    return waiting(key, at=at).count() - len(_queued(key.organisation))


@transaction.atomic
def begin(key: SigningKey, *, by: Person, at: datetime) -> list[Batch]:
    """Queue everything for another award; the background work does it. Again is harmless: what is queued, or
    awarded again already, is left out."""
    organisation = Organisation.objects.select_for_update().get(pk=key.organisation_id)
    roles.require(by, Role.OWNER, organisation)
    roles.require_signer(by, organisation)
    require_awarding_allowed(organisation)
    key = organisation.signing_keys.get(pk=key.pk)
    if key.state != SigningKey.State.COMPROMISED:
        raise NotCompromised
    found = waiting(key, at=at).order_by("version", "pk").values_list("version", "pk", "public_id")
    made = [
        _queue(organisation, version, [(pk, public_id) for _version, pk, public_id in some], by=by, at=at)
        for version, some in groupby(found.iterator(chunk_size=10_000), key=lambda row: row[0])
    ]
    started = [batch for batch in made if batch is not None]
    if not started:
        raise NothingToReissue
    journal.record(
        verb="re-issue started",
        by=by,
        organisation_id=organisation.public_id,
        object=key,
        details={
            "key": key.fragment,
            "batches": [batch.public_id for batch in started],
            "credentials": sum(batch.total for batch in started),
        },
        at=at,
    )
    return started


def _queue(
    organisation: Organisation, version: int, old: list[tuple[int, str]], *, by: Person, at: datetime
) -> Batch | None:
    queued = _queued(organisation)
    rows = [
        (REPLACEMENT + public_id, {"replaces": pk})
        for pk, public_id in old
        if REPLACEMENT + public_id not in queued
    ]
    if not rows:
        return None
    batch = Batch.objects.create(
        organisation=organisation,
        version_id=version,
        kind=Batch.Kind.REISSUE,
        state=Batch.State.QUEUED,
        total=len(rows),
        started_by=by,
        created_at=at,
        # Two people have agreed already, and holders are to know soon.
        release_at=at,
    )
    storage.copy_rows(batch, ((number, key, values) for number, (key, values) in enumerate(rows, 1)))
    batches._cut(batch)
    return batch


def _queued(organisation: Organisation) -> set[str]:
    """The rows that are on their way: in a batch that is not over."""
    return set(
        BatchRow.objects.filter(
            batch__organisation=organisation,
            batch__kind=Batch.Kind.REISSUE,
            batch__finished_at__isnull=True,
            state=BatchRow.State.WAITING,
        )
        .exclude(batch__state=Batch.State.CANCELLED)
        .filter(~Exists(Credential.objects.filter(organisation=organisation, request_key=OuterRef("key"))))
        .values_list("key", flat=True)
    )


# What the road of a chunk asks


def problems(rows: Sequence[Line]) -> dict[int, str]:
    """Rows whose credential is no longer to be replaced, by their primary keys, and why."""
    wanted = {row.pk: int(row.values["replaces"]) for row in rows}
    fine = set(
        Credential.objects.filter(pk__in=wanted.values(), standing=Standing.ACTIVE).values_list(
            "pk", flat=True
        )
    )
    return {
        row: _("It was withdrawn or suspended since the re-issue was started.")
        for row, old in wanted.items()
        if old not in fine
    }


def awards(chunk: BatchChunk, rows: Sequence[Line]) -> Iterator[Award]:
    """The awards of a chunk, from what was awarded before."""
    seed, at, status_list, index_number = chunk.seed, chunk.at, chunk.status_list, chunk.first_index_number
    assert seed is not None, "a planned chunk has its plan (constraint)"
    assert at is not None, "with its moment"
    assert status_list is not None, "its list"
    assert index_number is not None, "and its numbers in that"
    old = Credential.objects.in_bulk([row.values["replaces"] for row in rows])
    for offset, row in enumerate(rows):
        before = old[row.values["replaces"]]
        public_id, _subject, salt = derived(bytes(seed), row.number)
        yield Award(
            number=row.number,
            request_key=row.key,
            public_id=public_id,
            subject_id=before.subject_id,
            name=before.recipient_name,
            email=before.recipient_email,
            awarded_at=before.awarded_at,
            # A signature made today says nothing about yesterday (B156).
            valid_from=at,
            valid_until=before.valid_until,
            index=status_lists.index_of(status_list, index_number + offset),
            email_salt=email_salt(salt),
            leaf_salt=salt,
            language=before.language,
            texts={name: getattr(before, name) for name in TEXTS if getattr(before, name)},
            more=before.more,
            replaces_id=before.pk,
        )


# What follows


def revoke_replaced(*, at: datetime) -> int:
    """Revoke what a finished re-issue has replaced, each batch in one act; how many acts were begun."""
    successors = Credential.objects.filter(
        batch=OuterRef("pk"), replaces__isnull=False, replaces__standing=Standing.ACTIVE
    )
    finished = Batch.objects.filter(
        kind=Batch.Kind.REISSUE, state__in=[Batch.State.DONE, Batch.State.DONE_WITH_ERRORS]
    )
    return sum(_revoke(batch.pk, at=at) for batch in finished.filter(Exists(successors)).order_by("pk"))


@transaction.atomic
def _revoke(batch_id: int, *, at: datetime) -> bool:
    # The lock keeps a second one out until this one's act is there to be seen.
    batch = Batch.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=batch_id)
    begun = StandingAct.objects.filter(state=StandingAct.State.RUNNING, changes__credential=OuterRef("pk"))
    old = Credential.objects.filter(successors__batch=batch, standing=Standing.ACTIVE).filter(~Exists(begun))
    if not old.exists():
        return False
    standing.begin_act(
        StandingAct(
            organisation=batch.organisation,
            to=Standing.REVOKED,
            reason=_("The key that signed it was compromised; it was awarded again."),
            replaced=True,
            tells=False,
            by=batch.started_by,
        ),
        old,
        at=at,
    )
    return True
