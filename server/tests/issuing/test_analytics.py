# SPDX-License-Identifier: Apache-2.0
"""Counted, and nobody followed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.issuing import analytics, claiming
from cairn_server.issuing.analytics import Kind, Tally, figures, shown
from cairn_server.issuing.life import DailyCount
from cairn_server.issuing.models import SecuredCredential
from cairn_server.issuing.services import Recipient

NOVEMBER = {"since": date(2026, 11, 1), "until": date(2026, 11, 30)}


@pytest.fixture
def ten(award):
    return [award(recipient=Recipient(f"P{n}", f"p{n}@people.example")) for n in range(10)]


@pytest.fixture
def tally():
    return Tally()


def test_what_is_noted_is_one_number_a_day(award, tally):
    one, other = award(), award()
    for credential in (one, one, other):
        tally.note(credential.public_id, Kind.VERIFIED, at=MONDAY)
    tally.write()

    [row] = DailyCount.objects.values()
    assert {key: row[key] for key in ("version_id", "batch_id", "day", "kind", "count")} == {
        "version_id": one.version_id,
        "batch_id": None,
        "day": MONDAY.date(),
        "kind": "verified",
        "count": 3,
    }


def test_no_column_could_name_anybody():
    """The whole table: whoever adds a column to it thinks about this sentence first."""
    names = {field.name for field in DailyCount._meta.get_fields()}

    assert names == {"id", "version", "batch", "day", "kind", "count"}


def test_a_busy_page_writes_once_in_ten_seconds(credential, tally, django_assert_num_queries):
    with django_assert_num_queries(0):
        for n in range(100):
            tally.note(credential.public_id, Kind.VERIFIED, at=MONDAY + timedelta(milliseconds=n))

    tally.note(credential.public_id, Kind.VERIFIED, at=MONDAY + timedelta(seconds=10))

    assert DailyCount.objects.get().count == 101


def test_what_is_none_of_ours_is_counted_nowhere(db, tally):
    tally.note("A" * 22, Kind.VERIFIED, at=MONDAY)

    assert tally.write() == 0
    assert not DailyCount.objects.exists()


def test_two_days_are_two_numbers(credential, tally):
    tally.note(credential.public_id, Kind.SHARED, at=MONDAY)
    tally.note(credential.public_id, Kind.SHARED, at=TUESDAY)
    tally.write()

    assert list(DailyCount.objects.order_by("day").values_list("day", "count")) == [
        (MONDAY.date(), 1),
        (TUESDAY.date(), 1),
    ]


def test_a_credential_in_a_wallet_is_claimed_once(credential, learner):
    secured = SecuredCredential.objects.get(credential=credential, format="vc+ld+json")

    claiming.put_into_wallet(secured, holder=learner, at=TUESDAY)
    claiming.put_into_wallet(secured, holder=learner, at=TUESDAY)

    assert DailyCount.objects.get(kind="claimed").count == 1


# What is shown


@pytest.mark.parametrize(
    ("people", "count", "seen"),
    [(10, 7, 5), (10, 5, 5), (10, 4, None), (4, 40, None), (5, 12, 10), (100, 0, None)],
)
def test_small_numbers_are_hidden_and_others_rounded_down(people, count, seen):
    assert shown(people, count) == seen


def test_the_figures_of_a_month(organisation, ten, tally):
    for credential in ten[:7]:
        tally.note(credential.public_id, Kind.VERIFIED, at=TUESDAY)
    tally.write()

    found = figures(organisation, **NOVEMBER)

    assert found.total.numbers() == (10, None, None, 5)
    assert [(line.label, line.numbers()) for line in found.by_month] == [("2026-11", (10, None, None, 5))]
    assert [(line.label, line.awarded) for line in found.by_achievement] == [("First firing", 10)]


def test_of_four_people_only_the_awards_are_shown(organisation, award, tally):
    for n in range(4):
        credential = award(recipient=Recipient(f"P{n}", f"p{n}@people.example"))
        for _look in range(50):
            tally.note(credential.public_id, Kind.VERIFIED, at=TUESDAY)
    tally.write()

    assert figures(organisation, **NOVEMBER).total.numbers() == (4, None, None, None)


def test_old_awards_are_looked_at_too(organisation, ten, tally):
    """In December nothing was awarded; who looks then looks at what there is."""
    for _look in range(20):
        tally.note(ten[0].public_id, Kind.VERIFIED, at=TUESDAY + timedelta(days=20))
    tally.write()

    found = figures(organisation, since=date(2026, 12, 1), until=date(2026, 12, 31))

    assert found.total.numbers() == (0, None, None, 20)


def test_what_happens_elsewhere_is_not_ours(elsewhere, ten, tally):
    tally.note(ten[0].public_id, Kind.VERIFIED, at=TUESDAY)
    tally.write()

    found = figures(elsewhere, **NOVEMBER)

    assert (found.total.numbers(), found.by_achievement) == ((0, None, None, None), ())


def test_one_achievement_alone(organisation, ten, version):
    assert figures(organisation, achievement=version.achievement, **NOVEMBER).total.awarded == 10


def test_two_processes_that_count_the_same_lose_nothing(credential, monkeypatch):
    """Between looking and writing another process has made the row."""
    counter = {"version": credential.version_id, "batch": None, "day": MONDAY.date(), "kind": Kind.SHARED}
    analytics.add(**counter, count=5)
    real = DailyCount.objects.filter

    class NotThereYet:
        def __init__(self, rows):
            self.rows, self.looks = rows, 0

        def update(self, **change):
            self.looks += 1
            return 0 if self.looks == 1 else self.rows.update(**change)

    monkeypatch.setattr(DailyCount.objects, "filter", lambda **wanted: NotThereYet(real(**wanted)))
    analytics.add(**counter, count=2)

    assert DailyCount.objects.get().count == 7
