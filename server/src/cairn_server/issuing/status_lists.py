# SPDX-License-Identifier: Apache-2.0
"""Which bit belongs to whom, and the signed lists that say how it stands.

An index is the keyed permutation of a counter. The counter makes reuse impossible to miss (one number only
grows, and the watermark outside the database guards it); the permutation makes indexes tell nothing about the
order of awards.
"""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q

import cairn
from cairn import status
from cairn.errors import CairnError
from cairn_server.accounts.models import random_id
from cairn_server.errors import Refusal
from cairn_server.issuing import token_lists
from cairn_server.issuing.models import Purpose, StatusList, StatusListVersion
from cairn_server.issuing.prepared import Part, Prepared
from cairn_server.issuing.signing import (
    CRYPTOSUITES,
    ITSELF,
    Issuer,
    OwnProductRefused,
    issuer_sources,
    verify_own,
)
from cairn_server.journal import services as journal
from cairn_server.organisations import watermark
from cairn_server.organisations.installation import begin_recovery, require_awarding_allowed
from cairn_server.organisations.keys import SigningRefused, signer_for
from cairn_server.organisations.models import Organisation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

# A verifier may keep a list for a minute, so that a withdrawal is known within it.
TTL = timedelta(minutes=1)
# How long a list may be believed when this server cannot be reached, and how early it is signed anew.
VALID_FOR = timedelta(days=7)
RENEWED_AFTER = timedelta(days=1)

_ROUNDS = 10


def permuted(number: int, *, key: bytes, capacity: int) -> int:
    """The ``number``-th index: a permutation of 0 … capacity - 1 that only the key's holder can predict.

    A balanced Feistel network (Luby and Rackoff: four rounds already pass for random; ten are cheap) over the
    next even number of bits; whatever lands outside the capacity is sent through again until it lands inside
    (cycle walking, Black and Rogaway 2002), which keeps it a permutation.
    """
    if not 0 <= number < capacity:
        raise ValueError(f"there is no number {number} in a list of {capacity}")
    half = ((capacity - 1).bit_length() + 1) // 2
    while True:
        number = _feistel(number, key=key, half=half)
        if number < capacity:
            return number


def number_of(index: int, *, key: bytes, capacity: int) -> int:
    """The number whose index this is: ``permuted`` walked back."""
    if not 0 <= index < capacity:
        raise ValueError(f"there is no index {index} in a list of {capacity}")
    half = ((capacity - 1).bit_length() + 1) // 2
    mask = (1 << half) - 1
    while True:
        left, right = index >> half, index & mask
        for words in reversed(_rounds(key, half)):
            left, right = right ^ words[left], left
        index = left << half | right
        if index < capacity:
            return index


def _feistel(number: int, *, key: bytes, half: int) -> int:
    mask = (1 << half) - 1
    left, right = number >> half, number & mask
    for words in _rounds(key, half):
        left, right = right, left ^ words[right]
    return left << half | right


@lru_cache(maxsize=16)
def _rounds(key: bytes, half: int) -> tuple[tuple[int, ...], ...]:
    """What each round adds to the one half for every value of the other.

    A list has room for 2^17 awards, so half an index has 512 values: they cost as much as a hundred indexes,
    and make all others thirty times as cheap.
    """
    mask = (1 << half) - 1

    def word(turn: int, right: int) -> int:
        digest = hmac.digest(key, bytes([turn]) + right.to_bytes(8, "big"), sha256)
        return int.from_bytes(digest[:8], "big") & mask

    return tuple(tuple(word(turn, right) for right in range(1 << half)) for turn in range(_ROUNDS))


def lock(organisation: Organisation) -> Organisation:
    """One writer at a time for each issuer: two requests with one key, or two first awards, take turns.

    What comes back is the organisation as it is now, and stays until the lock's transaction ends.
    """
    return Organisation.objects.select_for_update().get(pk=organisation.pk)


def allocate(issuer: Issuer, *, at: datetime) -> tuple[StatusList, int]:
    """The next index of this organisation, never given before; inside the transaction that uses it."""
    status_list, first = reserve(issuer, 1, at=at)
    return status_list, index_of(status_list, first)


def reserve(issuer: Issuer, count: int, *, at: datetime) -> tuple[StatusList, int]:
    """So many numbers in a row of one list, and the first of them; inside the transaction that notes them."""
    status_list = _open_list(issuer, room=count, at=at)
    # An older copy of the database would give out the same numbers again: it is refused here, under the lock.
    watermark.require_not_behind(
        status_list.public_id, count=status_list.next_number, version=status_list.version
    )
    first = status_list.next_number
    status_list.next_number = first + count
    status_list.save(update_fields=["next_number"])
    return status_list, first


def index_of(status_list: StatusList, number: int) -> int:
    """The index that belongs to a number of this list."""
    return permuted(number, key=bytes(status_list.permutation_key), capacity=status_list.capacity)


def indexes_of(status_list: StatusList, *, first: int, count: int) -> list[int]:
    """The indexes of so many numbers in a row."""
    key, capacity = bytes(status_list.permutation_key), status_list.capacity
    return [permuted(number, key=key, capacity=capacity) for number in range(first, first + count)]


def _open_list(issuer: Issuer, *, room: int, at: datetime) -> StatusList:
    """The list in use, its row locked; a first or a next one when there is none with so much room."""
    in_use = StatusList.objects.select_for_update().filter(
        organisation=issuer.organisation, sealed_at__isnull=True, next_number__lte=F("capacity") - room
    )
    found = in_use.order_by("pk").first()
    if found is not None:
        return found
    # Of two awards that find no list, one makes it. Nobody waits here with a list locked: the organisation
    # comes first, as everywhere.
    lock(issuer.organisation)
    found = in_use.order_by("pk").first()
    if found is not None:
        return found
    public_id = random_id()
    made = StatusList.objects.create(
        public_id=public_id,
        address=f"{issuer.public_url}/s/{public_id}",
        organisation=issuer.organisation,
        created_at=at,
        # The first state, which nobody has signed yet.
        version=1,
    )
    watermark.register(made.public_id)
    return made


def mark(status_list: StatusList) -> None:
    """Write down bits that have changed, as a version that is to be signed; in the caller's transaction.

    What a withdrawal means is a fact from that commit on. Signing follows (``publish``), because nobody shall
    wait for the signer with the row locked, and what is not committed is not on record for it.
    """
    watermark.require_not_behind(
        status_list.public_id, count=status_list.next_number, version=status_list.version
    )
    status_list.version += 1
    status_list.save(update_fields=["version", "revoked", "suspended"])
    announce([status_list])


# How often somebody else may change a list while its state is being signed. Then that one publishes it.
TRIES = 5
# Until then two who publish one version take the same moment, and so sign the same bytes.
SAME_MOMENT = timedelta(minutes=1)


def publish(status_list: StatusList, *, at: datetime) -> None:
    """Have the list signed as it stands now, and keep that as what is served. Outside of any transaction.

    Nothing to do when it is published already. Two at once are harmless: both sign the same, and whoever is
    second finds it done. A crash between the steps leaves a version to be published, and the background work
    finds it (``renew_status_lists``).
    """
    for _try in range(TRIES):
        prepared = _intend(status_list.pk, at=at)
        if prepared is None:
            return
        signer = signer_for(
            status_list.organisation, purpose="status-list", intent=prepared.reference, key=prepared.forms.key
        )
        try:
            signatures = signer.sign_many(prepared.forms.inputs)
        except SigningRefused as refused:
            if refused.code != "no-such-intent":
                raise
            continue
        _store(prepared, prepared.forms.finished(signatures), at=at)


def publish_for(organisation: Organisation, *, at: datetime) -> list[str]:
    """Publish what has changed of this organisation's lists; what cannot be now, and why.

    After a commit, by whoever changed something. That it is withdrawn is on record whether or not the signer
    answers, and the background work goes on trying.
    """
    return _publish_each(StatusList.objects.filter(organisation=organisation), at=at)


def _publish_each(status_lists: QuerySet[StatusList], *, at: datetime) -> list[str]:
    problems: list[str] = []
    for each in status_lists.filter(published__lt=F("version")).order_by("pk"):
        try:
            publish(each, at=at)
        except (Refusal, CairnError, OwnProductRefused) as error:
            logger.warning("the list %s could not be published: %s", each, error)
            problems.append(f"{each}: {error}")  # one issuer's trouble is not the others'
    return problems


@dataclass(frozen=True, slots=True)
class _Intended:
    status_list: StatusList
    reference: str
    valid_from: datetime
    forms: Prepared


@transaction.atomic
def _intend(pk: int, *, at: datetime) -> _Intended | None:
    """Put on record what is to be signed; None when this state is published."""
    require_awarding_allowed()
    # The organisation first, as everywhere: who holds a list never waits for its organisation.
    organisation = lock(Organisation.objects.get(status_lists=pk))
    status_list = StatusList.objects.select_for_update().get(pk=pk)
    status_list.organisation = organisation
    if status_list.published >= status_list.version:
        return None
    issuer = Issuer.open(status_list.organisation, at=at)
    key, before = issuer.key.fragment, status_list.intent_at
    if (
        before is not None
        and status_list.intent_key == key
        and abs(at - before) < SAME_MOMENT
        and (found := _prepared(status_list, issuer, at=before)).digest == status_list.intent_sha256
    ):
        return _Intended(status_list, _reference(status_list), before, found)
    at = at.replace(microsecond=0)
    forms = _prepared(status_list, issuer, at=at)
    status_list.intent_key, status_list.intent_sha256, status_list.intent_at = key, forms.digest, at
    status_list.save(update_fields=["intent_key", "intent_sha256", "intent_at"])
    return _Intended(status_list, _reference(status_list), at, forms)


def _reference(status_list: StatusList) -> str:
    return f"{status_list.public_id}/{status_list.version}"


def _prepared(status_list: StatusList, issuer: Issuer, *, at: datetime) -> Prepared:
    """Both lists of the pair as they stand, and the one for tokens, finished but for their signatures."""
    parts = []
    for purpose in (Purpose.REVOCATION, Purpose.SUSPENSION):
        url = _url(status_list, purpose)
        bits = status_list.revoked if purpose is Purpose.REVOCATION else status_list.suspended
        document = status.status_list_document(
            url=url,
            issuer=issuer.did,
            purpose=purpose.value,
            bits=status.StatusList.from_bits(bytes(bits)),
            valid_from=at,
            valid_until=at + VALID_FOR,
            ttl_ms=int(TTL.total_seconds() * 1000),
            subject_id=status.subject_id(url, purpose=purpose.value),
        )
        sign = partial(
            cairn.sign,
            document,
            verification_method=issuer.verification_method,
            at=at,
            cryptosuite=CRYPTOSUITES[issuer.key.public_key.algorithm],
        )
        parts.append(Part.of(purpose.value, "multibase", issuer.key, sign))
    parts.append(token_lists.part(status_list, issuer, at=at, valid_for=VALID_FOR, ttl=TTL))
    return Prepared(issuer.key.fragment, issuer.verification_method, tuple(parts))


def _url(status_list: StatusList, purpose: Purpose) -> str:
    main = status_list.address
    if purpose is Purpose.TOKEN:
        return token_lists.address(main)
    return main if purpose is Purpose.REVOCATION else status.suspension_url(main)


@transaction.atomic
def _store(intended: _Intended, secured: Mapping[str, bytes], *, at: datetime) -> None:
    """Verify what was signed, and keep it as the newest; unless it, or a later one, is there already."""
    status_list = StatusList.objects.select_for_update().get(pk=intended.status_list.pk)
    version = intended.status_list.version
    if status_list.published >= version:
        return
    watermark.require_not_behind(
        status_list.public_id, count=status_list.next_number, version=status_list.version
    )
    known, now = issuer_sources(intended.status_list.organisation), max(at, intended.valid_from)
    for purpose in Purpose:
        data = secured[purpose.value]
        if purpose is Purpose.TOKEN:
            token_lists.require_own(data, status_list, method=intended.forms.method, known=known, at=now)
        else:
            verify_own(data, known, at=now, step="status list", judged_by=ITSELF)
        StatusListVersion.objects.create(
            list=status_list,
            purpose=purpose,
            version=version,
            secured=data,
            sha256=sha256(data).hexdigest(),
            valid_from=intended.valid_from,
            valid_until=intended.valid_from + VALID_FOR,
        )
    status_list.published = version
    status_list.save(update_fields=["published"])


def announce(status_lists: Iterable[StatusList]) -> None:
    """Raise the marks once the transaction is committed, before anybody is told of it (watermark.py)."""
    for each in {status_list.pk: status_list for status_list in status_lists}.values():
        transaction.on_commit(
            partial(watermark.advance, each.public_id, count=each.next_number, version=each.version)
        )


def claim(status_list: StatusList, *, first: int, count: int, holder: str, at: datetime) -> None:
    """Have these numbers known as ``holder``'s, outside of the database, before anybody is told of them.

    After a commit, or when the caller's comes. Again is harmless, and is done by whoever takes the work over.
    When another copy of this database has given out one of them, this one stops here.
    """

    def claimed() -> None:
        try:
            watermark.claim(
                status_list.public_id,
                first=first,
                last=first + count - 1,
                holder=holder,
                version=status_list.version,
            )
        except watermark.DatabaseBehind:
            numbers = f"numbers {first} to {first + count - 1} of {status_list}"
            begin_recovery(reasons=[f"another copy of this database has given out {numbers}"], at=at)
            raise

    transaction.on_commit(claimed)


def claim_index(status_list: StatusList, index: int, *, holder: str, at: datetime) -> None:
    number = number_of(index, key=bytes(status_list.permutation_key), capacity=status_list.capacity)
    claim(status_list, first=number, count=1, holder=holder, at=at)


def changed(bits: bytes | memoryview, index: int, *, value: bool) -> bytes:
    wanted = status.StatusList.from_bits(bytes(bits))
    wanted.set(index, value)
    return wanted.bits


def newest(status_list: StatusList, purpose: Purpose) -> StatusListVersion | None:
    return status_list.versions.filter(purpose=purpose).order_by("-version").first()


def newest_at(public_id: str, purpose: Purpose | str, *, moment: datetime) -> StatusListVersion:
    """What was published at that moment, as it was signed then; ``StatusList.DoesNotExist`` for nothing.

    Two versions may begin in one second: the later of them is what the issuer then stood by.
    """
    versions = StatusListVersion.objects.filter(
        list__public_id=public_id, purpose=Purpose(purpose), valid_from__lte=moment
    )
    found = versions.order_by("-version").first()
    if found is None:
        raise StatusList.DoesNotExist
    return found


def list_sources(status_list: StatusList) -> dict[str, bytes]:
    """The bytes that are served under the addresses of the pair, and beside it."""
    newest_ones = StatusListVersion.objects.filter(list=status_list, version=F("list__published"))
    return {_url(status_list, Purpose(each.purpose)): bytes(each.secured) for each in newest_ones}


def published_sources(status_list: StatusList) -> dict[str, bytes]:
    """The same, of a row that was read a moment ago: what was published as its version then."""
    return _published(status_list.public_id, status_list.published)


# What was signed never changes, and a list is signed anew once a day or when something is withdrawn.
@lru_cache(maxsize=64)
def _published(public_id: str, version: int) -> dict[str, bytes]:
    versions = StatusListVersion.objects.filter(list__public_id=public_id, version=version)
    return {
        _url(each.list, Purpose(each.purpose)): bytes(each.secured)
        for each in versions.select_related("list")
    }


def status_list_credential(public_id: str, purpose: Purpose | str, *, at: datetime) -> bytes:
    """The newest signed state of a list, as stored; ``StatusList.DoesNotExist`` when there is no such list.

    ``at`` changes nothing today: a list is signed anew by the background work, never because somebody asked.
    """
    found = newest(StatusList.objects.get(public_id=public_id), Purpose(purpose))
    if found is None:
        raise StatusList.DoesNotExist
    return bytes(found.secured)


def publish_waiting(*, at: datetime) -> int:
    """Publish what has changed and is not signed yet: a crash came between, or the signer was away."""
    due = StatusList.objects.filter(published__lt=F("version")).count()
    if problems := _publish_each(StatusList.objects.all(), at=at):
        raise RenewalIncomplete(problems)
    return due


def renew_status_lists(*, at: datetime) -> int:
    """Sign anew what is about to grow old, so that no list expires while this server runs; how many were."""
    wanted = StatusList.objects.annotate(
        signed_at=Max("versions__valid_from"),
        key_revoked_at=Max("organisation__signing_keys__revoked_at"),
        has_tokens=Exists(_token_list_of(OuterRef("pk"))),
    ).filter(
        Q(signed_at__lte=at - RENEWED_AFTER)
        # By a clock that ran ahead: nobody believes it before that date has come (F9).
        | Q(signed_at__gt=at + SAME_MOMENT)
        # What a compromised key signed is believed no more, and a list that nobody believes would take the
        # credentials of all the other keys with it.
        | Q(signed_at__lte=F("key_revoked_at"))
        # After a recovery the counter was raised above what is served (config/watermark.py).
        | Q(published__lt=F("version"))
        # Published by a release that had no list for tokens.
        | Q(has_tokens=False)
    )
    due = list(wanted.order_by("pk"))
    problems = _renew_each(due, at=at)
    if problems:
        raise RenewalIncomplete(problems)
    return len(due)


def _token_list_of(pk: int | OuterRef) -> QuerySet[StatusListVersion]:
    return StatusListVersion.objects.filter(list=pk, purpose=Purpose.TOKEN, version=F("list__published"))


def require_token_list(status_list: StatusList, *, at: datetime) -> None:
    """See to it that a token can point to this list, also one that a release before had published.

    Outside of any transaction, like every publication.
    """
    if not _token_list_of(status_list.pk).exists():
        _renew(status_list, at=at)
        publish(status_list, at=at)


def sign_anew(organisation: Organisation, *, at: datetime) -> list[str]:
    """Sign all lists of an organisation with the key that it has now; which of them could not be, and why.

    A list that cannot be signed at this moment stays due in ``renew_status_lists``.
    """
    return _renew_each(StatusList.objects.filter(organisation=organisation).order_by("pk"), at=at)


def _renew_each(lists: Iterable[StatusList], *, at: datetime) -> list[str]:
    problems: list[str] = []
    for each in lists:
        try:
            _renew(each, at=at)
            publish(each, at=at)
        except (Refusal, CairnError, OwnProductRefused) as error:
            problems.append(f"{each}: {error}")  # one issuer's trouble is not the others'
    return problems


class RenewalIncomplete(Exception):  # noqa: N818
    """Some lists could not be signed anew. For the log of the background work; nobody else sees it."""


@transaction.atomic
def _renew(status_list: StatusList, *, at: datetime) -> None:
    """A new version with the same bits, unless one waits to be published anyway."""
    require_awarding_allowed()
    organisation = status_list.organisation
    lock(organisation)
    current = StatusList.objects.select_for_update().get(pk=status_list.pk)
    if current.published < current.version:
        return
    mark(current)
    journal.record(
        verb="status list renewed",
        by=None,
        organisation_id=organisation.public_id,
        object=current,
        details={"version": current.version},
        at=at,
    )
