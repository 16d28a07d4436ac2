# SPDX-License-Identifier: Apache-2.0
"""``status.allocation``: a status index is given to one award, whoever asks at the same time (G5).

Several processes take indexes from one organisation's list in one SQLite database, each in a transaction of
its own, as awarding does. An index that occurs twice is a failure: one revocation would withdraw two awards.
"""

from __future__ import annotations

import multiprocessing
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

from bench import installation
from prove.campaign import Campaign, Failure, times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

# The least with which a careless allocator is sure to be caught.
FEWEST = 400
ALLOCATIONS = 10_000
WRITERS = 4

Place = tuple[int, int]


class Allocation(Campaign):
    name = "status.allocation"
    promise = "no place in a status list is given out twice"

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        _open_a_list()
        before = _given()
        each = -(-max(FEWEST, times(ALLOCATIONS, scale)) // WRITERS)
        seen: set[Place] = set()
        for place in _taken_by_many(each):
            yield Failure(f"index {place[1]} of list {place[0]} was given twice") if place in seen else None
            seen.add(place)
        counted = _given() - before
        if counted != each * WRITERS:
            yield Failure(f"{each * WRITERS} indexes were given and {counted} were counted")

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """An allocator that reads the counter and writes it back without holding the row in between."""
        installation.start()
        with mock.patch("cairn_server.issuing.status_lists.allocate", _careless):
            yield


def _open_a_list() -> None:
    """A first award fixes the organisation's identity and opens its list."""
    version = installation.start()

    from django.utils import timezone

    from cairn_server.accounts.models import Person
    from cairn_server.issuing import services
    from cairn_server.issuing.services import Recipient

    services.award(
        by=Person.objects.get(),
        version=version,
        recipient=Recipient("Ada Adams", "ada@bench.example"),
        request_key="prove:first",
        at=timezone.now(),
    )


def _given() -> int:
    from django.db.models import Sum

    from cairn_server.issuing.models import StatusList

    return int(StatusList.objects.aggregate(total=Sum("next_number"))["total"] or 0)


def _taken_by_many(each: int) -> Iterator[Place]:
    from django.db import connections

    # A connection must not be shared across a fork.
    connections.close_all()
    with multiprocessing.get_context("fork").Pool(WRITERS) as writers:
        for places in writers.imap_unordered(_take, [each] * WRITERS):
            yield from places


def _take(count: int) -> list[Place]:
    """One writer: so many allocations, each in a transaction as awarding has it."""
    from django.db import transaction
    from django.utils import timezone

    from cairn_server.issuing import status_lists
    from cairn_server.issuing.signing import Issuer
    from cairn_server.organisations.models import Organisation

    at = timezone.now()
    with transaction.atomic():
        issuer = Issuer.open(Organisation.objects.get(), at=at)
    taken = []
    for _ in range(count):
        with _around(status_lists.allocate, transaction.atomic()):
            status_list, index = status_lists.allocate(issuer, at=at)
        taken.append((status_list.pk, index))
    return taken


@contextmanager
def _around(allocate: Any, atomic: Any) -> Iterator[None]:
    """The transaction, except for the broken build: on SQLite it would serialise even a careless writer."""
    if allocate is _careless:
        yield
        return
    with atomic:
        yield


def _careless(issuer: Any, *, at: Any) -> tuple[Any, int]:
    from cairn_server.issuing.models import StatusList
    from cairn_server.issuing.status_lists import permuted

    found = StatusList.objects.order_by("pk").first()
    assert found is not None
    time.sleep(0.001)  # what any other work between reading and writing would take
    StatusList.objects.filter(pk=found.pk).update(next_number=found.next_number + 1)
    return found, permuted(found.next_number, key=bytes(found.permutation_key), capacity=found.capacity)
