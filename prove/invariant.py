# SPDX-License-Identifier: Apache-2.0
"""What must be true of a list that is over, whatever happened while it was awarded.

Every row has one credential, whole and verifiable, with a place in a status list that nobody else has;
every signature that was ever made for it has its intent on record; every message is owed once; the journal
is whole.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cairn_server.issuing.models import Batch, Credential
    from prove.road import World


def wrong_with(world: World, batch: Batch) -> str | None:
    """The first thing that is wrong with a list that is over, if any is."""
    return next(_wrong(world, batch), None)


def _wrong(world: World, batch: Batch) -> Iterator[str]:
    from cairn_server.issuing.models import Batch, Credential
    from cairn_server.journal.models import Entry

    batch = Batch.objects.select_related("organisation").get(pk=batch.pk)
    found = list(
        Credential.objects.filter(batch=batch).select_related("status_list").order_by("batch_number")
    )
    if batch.state != Batch.State.DONE:
        yield f"the list is {batch.state}, {batch.counts()}"
    if not batch.total == batch.awarded == len(found):
        yield f"of {batch.total} rows {batch.awarded} are counted and {len(found)} are there"
    if {each.batch_number for each in found} != set(batch.rows.values_list("number", flat=True)):
        yield "the credentials are not those of the rows"
    for what in ("public_id", "request_key", "subject_id"):
        if twice := _twice(getattr(each, what) for each in found):
            yield f"{what} {twice} is there twice"
    numbers = [number for each in _entries(batch) for number in [each.details["chunk"]]]
    if sorted(numbers) != sorted(batch.chunks.values_list("number", flat=True)):
        yield f"the journal has entries of the chunks {sorted(numbers)}"
    yield from _in_others_places(found)
    yield from _parts(world, batch, found)
    known = set(batch.chunks.values_list("intent_sha256", flat=True))
    for entry in Entry.objects.filter(object_id=batch.public_id, verb="batch chunk planned anew"):
        known.add(entry.details["intent"])
    if unknown := world.signed(batch) - known:
        yield f"{len(unknown)} signatures were made that nobody had meant to make"


def _entries(batch: Batch) -> Any:
    from cairn_server.journal.models import Entry

    return Entry.objects.filter(object_id=batch.public_id, verb="credentials awarded")


def _in_others_places(found: list[Credential]) -> Iterator[str]:
    from cairn_server.issuing.models import Credential

    for list_id in {each.status_list_id for each in found}:
        own = [each.status_index for each in found if each.status_list_id == list_id]
        # Over all lists and single awards: a place may have been given out in another one.
        given = Credential.objects.filter(status_list=list_id, status_index__in=own)
        if twice := _twice(given.values_list("status_index", flat=True)):
            yield f"status index {twice} was given out twice"


def _parts(world: World, batch: Batch, found: list[Credential]) -> Iterator[str]:
    import cairn
    from cairn_server.issuing import signing, status_lists
    from cairn_server.issuing.models import Delivery, SecuredCredential

    secured = list(
        SecuredCredential.objects.filter(credential__batch=batch).select_related("leaf", "dictionary")
    )
    if sorted(each.credential_id for each in secured) != sorted(each.pk for each in found):
        yield f"{len(found)} credentials have {len(secured)} representations"
    if any(each.leaf is None for each in secured):
        yield "a credential has no pending leaf"
    owed = Counter(Delivery.objects.filter(credential__batch=batch).values_list("credential_id", flat=True))
    if owed != Counter(each.pk for each in found):
        yield f"{len(found)} credentials have {sum(owed.values())} messages owed"
    sources = signing.issuer_sources(batch.organisation)
    for status_list in {each.status_list for each in found}:
        sources |= status_lists.list_sources(status_list)
    materials = None
    for each in secured:
        read = cairn.read(each.bytes())
        materials = materials or cairn.gather(read, signing.KnownBytes(sources), at=world.now())
        report = cairn.judge(materials.about(read), at=world.now())
        if not report.accepted or each.leaf is None or report.sha256 != each.leaf.secured_sha256:
            told = ", ".join(f"{finding.check}: {finding.code}" for finding in report.findings)
            yield f"a stored credential is not accepted ({told})"
            return


def everywhere() -> str | None:
    """What must be true of the whole installation; it takes longer with each list."""
    from django.db.models import Count

    from cairn_server.issuing.models import Credential
    from cairn_server.journal import services as journal
    from cairn_server.journal.models import Entry

    for model, fields in (
        (Credential, ("status_list", "status_index")),
        (Credential, ("organisation", "request_key")),
        (Entry, ("organisation_id", "number")),
    ):
        given = model.objects.order_by().values(*fields).annotate(given=Count("pk"))
        if given.filter(given__gt=1).exists():
            return f"two rows share {' and '.join(fields)}"
    for chain in journal.chains():
        if (link := journal.broken_link(chain)) is not None:
            return f"the journal is broken at {link}"
    return None


def _twice(values: Iterable[Any]) -> Any:
    return next((value for value, times in Counter(values).items() if times > 1), None)
