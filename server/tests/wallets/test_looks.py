# SPDX-License-Identifier: Apache-2.0
"""The access log: days, ways and counts; named is only whom its holder chose; and none of it is for ever."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, connection, transaction
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.wallets import looks, services
from cairn_server.wallets.models import HeldCredential, Look

OWN = "https://cairn.example/c/" + "A" * 22


@pytest.fixture
def own(keep) -> HeldCredential:
    """As if it had been awarded here."""
    held = keep(id=OWN)
    HeldCredential.objects.update(source=HeldCredential.Source.AWARDED_HERE)
    held.refresh_from_db()
    return held


def rows() -> set[tuple[str, str, int]]:
    return set(Look.objects.values_list("kind", "who", "count"))


def test_looks_at_a_page_are_collected_and_written_for_its_holder(learner, own):
    tally = looks.Tally()
    for _each in range(3):
        tally.note(OWN, Look.Kind.PAGE, at=MONDAY)
    tally.note(OWN, Look.Kind.VERIFY, at=TUESDAY - looks.COLLECT)
    assert Look.objects.get(kind="page").count == 3  # time had gone by, so this process wrote

    tally.write()

    assert rows() == {("page", "", 3), ("verify", "", 1)}
    assert tally.write() == 0


def test_what_a_stranger_brought_of_it_is_not_told_of(keep, learner, outsider):
    """B146: a file of somebody else's in one's wallet opens no log of theirs."""
    keep(id=OWN, holder=outsider)
    tally = looks.Tally()
    tally.note(OWN, Look.Kind.PAGE, at=MONDAY)

    assert tally.write() == 0
    assert not Look.objects.exists()


def test_a_reader_whom_the_holder_chose_is_named(learner, own):
    looks.note_shown(learner, [own.public_id, "B" * 22], who="jobs.example", at=MONDAY)
    looks.note_shown(learner, [own.public_id], who="jobs.example", at=TUESDAY)
    looks.note_wallet(learner, OWN, at=TUESDAY)

    [first, second] = looks.by_way(learner, [own.public_id])
    assert (first.kind, first.who, first.count, first.last) == ("shown", "jobs.example", 2, TUESDAY.date())
    assert (second.kind, second.who, second.count) == ("wallet", "", 1)


def test_the_database_names_no_stranger(learner, own):
    with pytest.raises(IntegrityError), transaction.atomic():
        Look.objects.create(
            person=learner, subject=own.public_id, kind="page", day=MONDAY.date(), who="203.0.113.9", count=1
        )


def test_what_others_hold_is_not_counted_for_them_by_showing_it(outsider, own):
    looks.note_shown(outsider, [own.public_id], who="jobs.example", at=MONDAY)

    assert not Look.objects.exists()


def test_it_is_in_ones_data_and_goes_with_the_credential(learner, own):
    looks.note_shown(learner, [own.public_id], who="jobs.example", at=MONDAY)

    [told] = services.export_data(learner)["looks"]
    assert told == {
        "day": "2026-11-23",
        "kind": "shown",
        "of": own.public_id,
        "shown_to": "jobs.example",
        "count": 1,
    }
    services.let_go(own, by=learner, at=TUESDAY)
    assert not Look.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_none_is_lost(learner, own):
    start = threading.Barrier(4)

    def look() -> None:
        try:
            start.wait(10)
            for _each in range(5):
                looks.note(learner.pk, own.public_id, Look.Kind.PUBLIC, at=MONDAY)
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _each in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert rows() == {("public", "", 20)}
