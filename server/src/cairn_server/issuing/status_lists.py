# SPDX-License-Identifier: Apache-2.0
"""Which bit belongs to whom, and the signed lists that say how it stands.

An index is the keyed permutation of a counter. The counter makes reuse impossible to miss (one number only
grows, and the watermark outside the database guards it); the permutation makes indexes tell nothing about the
order of awards.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Max, Q

import cairn
from cairn import status
from cairn.errors import CairnError
from cairn_server.accounts.models import random_id
from cairn_server.errors import Refusal
from cairn_server.issuing.models import Purpose, StatusList, StatusListVersion
from cairn_server.issuing.signing import ITSELF, Issuer, OwnProductRefused, issuer_sources, verify_own
from cairn_server.journal import services as journal
from cairn_server.organisations import watermark
from cairn_server.organisations.installation import require_awarding_allowed
from cairn_server.organisations.models import Organisation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

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


def _feistel(number: int, *, key: bytes, half: int) -> int:
    mask = (1 << half) - 1
    left, right = number >> half, number & mask
    for turn in range(_ROUNDS):
        word = hmac.digest(key, bytes([turn]) + right.to_bytes(8, "big"), sha256)
        left, right = right, left ^ int.from_bytes(word[:8], "big") & mask
    return left << half | right


def lock(organisation: Organisation) -> None:
    """One writer at a time for each issuer: two requests with one key, or two first awards, take turns."""
    Organisation.objects.select_for_update().get(pk=organisation.pk)


def allocate(issuer: Issuer, *, at: datetime) -> tuple[StatusList, int]:
    """The next index of this organisation, never given before; inside the transaction that uses it."""
    status_list = _open_list(issuer, at=at)
    # An older copy of the database would give out the same numbers again: it is refused here, under the lock.
    watermark.require_not_behind(
        status_list.public_id, count=status_list.next_number, version=status_list.version
    )
    number = status_list.next_number
    status_list.next_number = number + 1
    status_list.save(update_fields=["next_number"])
    key = bytes(status_list.permutation_key)
    return status_list, permuted(number, key=key, capacity=status_list.capacity)


def _open_list(issuer: Issuer, *, at: datetime) -> StatusList:
    """The list in use, its row locked; a first or a next one when there is none with room."""
    # The organisation's lock comes first: of two awards that find no list, one makes it.
    lock(issuer.organisation)
    in_use = StatusList.objects.select_for_update().filter(
        organisation=issuer.organisation, sealed_at__isnull=True, next_number__lt=F("capacity")
    )
    found = in_use.order_by("pk").first()
    if found is not None:
        return found
    public_id = random_id()
    made = StatusList.objects.create(
        public_id=public_id,
        address=f"{issuer.public_url}/s/{public_id}",
        organisation=issuer.organisation,
        created_at=at,
    )
    watermark.register(made.public_id)
    publish(made, issuer=issuer, at=at)
    return made


def publish(status_list: StatusList, *, issuer: Issuer, at: datetime) -> None:
    """Sign both lists of the pair as they stand, verify them, and keep them as a new version.

    Inside the transaction that changed a bit: a withdrawal and the list that says so are one fact.
    """
    watermark.require_not_behind(
        status_list.public_id, count=status_list.next_number, version=status_list.version
    )
    status_list.version += 1
    status_list.save(update_fields=["version", "revoked", "suspended"])
    main = status_list.address
    at = at.replace(microsecond=0)
    for purpose in Purpose:
        url = main if purpose is Purpose.REVOCATION else status.suspension_url(main)
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
        secured = cairn.sign(document, issuer.signer, verification_method=issuer.verification_method, at=at)
        verify_own(secured, issuer_sources(issuer.organisation), at=at, step="status list", judged_by=ITSELF)
        StatusListVersion.objects.create(
            list=status_list,
            purpose=purpose,
            version=status_list.version,
            secured=secured,
            sha256=sha256(secured).hexdigest(),
            valid_from=at,
            valid_until=at + VALID_FOR,
        )


def announce(status_lists: Iterable[StatusList]) -> None:
    """Raise the marks once the transaction is committed, before anybody is told of it (watermark.py)."""
    for each in {status_list.pk: status_list for status_list in status_lists}.values():
        transaction.on_commit(
            partial(watermark.advance, each.public_id, count=each.next_number, version=each.version)
        )


def changed(bits: bytes | memoryview, index: int, *, value: bool) -> bytes:
    wanted = status.StatusList.from_bits(bytes(bits))
    wanted.set(index, value)
    return wanted.bits


def newest(status_list: StatusList, purpose: Purpose) -> StatusListVersion | None:
    return status_list.versions.filter(purpose=purpose).order_by("-version").first()


def list_sources(status_list: StatusList) -> dict[str, bytes]:
    """The bytes that are served under the addresses of the pair."""
    main = status_list.address
    addresses = {Purpose.REVOCATION: main, Purpose.SUSPENSION: status.suspension_url(main)}
    found = ((url, newest(status_list, purpose)) for purpose, url in addresses.items())
    return {url: bytes(version.secured) for url, version in found if version is not None}


def status_list_credential(public_id: str, purpose: Purpose | str, *, at: datetime) -> bytes:
    """The newest signed state of a list, as stored; ``StatusList.DoesNotExist`` when there is no such list.

    ``at`` changes nothing today: a list is signed anew by the background work, never because somebody asked.
    """
    found = newest(StatusList.objects.get(public_id=public_id), Purpose(purpose))
    if found is None:
        raise StatusList.DoesNotExist
    return bytes(found.secured)


def renew_status_lists(*, at: datetime) -> int:
    """Sign anew what is about to grow old, so that no list expires while this server runs; how many were."""
    wanted = StatusList.objects.annotate(
        signed_at=Max("versions__valid_from"),
        signed_version=Max("versions__version"),
        key_revoked_at=Max("organisation__signing_keys__revoked_at"),
    ).filter(
        Q(signed_at__lte=at - RENEWED_AFTER)
        # After a recovery the counter was raised above what is served (config/watermark.py).
        | Q(signed_version__lt=F("version"))
        # What a compromised key signed is believed no more, and a list that nobody believes would take the
        # credentials of all the other keys with it.
        | Q(signed_at__lte=F("key_revoked_at"))
    )
    due = list(wanted.order_by("pk"))
    problems = _renew_each(due, at=at)
    if problems:
        raise RenewalIncomplete(problems)
    return len(due)


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
        except (Refusal, CairnError, OwnProductRefused) as error:
            problems.append(f"{each}: {error}")  # one issuer's trouble is not the others'
    return problems


class RenewalIncomplete(Exception):  # noqa: N818
    """Some lists could not be signed anew. For the log of the background work; nobody else sees it."""


@transaction.atomic
def _renew(status_list: StatusList, *, at: datetime) -> None:
    require_awarding_allowed()
    organisation = status_list.organisation
    lock(organisation)
    current = StatusList.objects.select_for_update().get(pk=status_list.pk)
    publish(current, issuer=Issuer.open(organisation, at=at), at=at)
    announce([current])
    journal.record(
        verb="status list renewed",
        by=None,
        organisation_id=organisation.public_id,
        object=current,
        details={"version": current.version},
        at=at,
    )
