# SPDX-License-Identifier: Apache-2.0
"""The mark that never goes back (F11)."""

import threading

import pytest

from cairn_server.organisations.watermark import DatabaseBehind, Mark, Watermark, behind


@pytest.fixture
def watermark(tmp_path):
    return Watermark(tmp_path / "marks" / "watermark.sqlite3")


def test_it_only_ever_grows(watermark):
    watermark.advance("a", count=5, version=2)
    watermark.advance("a", count=3, version=9)
    watermark.advance("a", count=4, version=1)

    assert watermark.marks() == {"a": Mark("a", 5, 9)}


def test_it_survives_being_opened_again(watermark):
    watermark.advance("a", count=5, version=2)

    assert Watermark(watermark.path).marks() == {"a": Mark("a", 5, 2)}


@pytest.mark.parametrize(("count", "version"), [(4, 2), (5, 1), (0, 0)])
def test_an_older_copy_is_refused(watermark, count, version):
    watermark.advance("a", count=5, version=2)

    with pytest.raises(DatabaseBehind):
        watermark.require_not_behind("a", count=count, version=version)


@pytest.mark.parametrize(("count", "version"), [(5, 2), (6, 2), (5, 3)])
def test_the_same_copy_goes_on(watermark, count, version):
    watermark.advance("a", count=5, version=2)

    watermark.require_not_behind("a", count=count, version=version)
    watermark.require_not_behind("new", count=0, version=0)


def test_many_writers_lose_no_mark(watermark):
    threads = [
        threading.Thread(target=watermark.advance, args=("a",), kwargs={"count": n, "version": 20 - n})
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert watermark.marks() == {"a": Mark("a", 19, 20)}


def test_a_database_at_or_above_its_marks_is_fine(watermark):
    watermark.register("new")
    watermark.advance("a", count=5, version=2)

    assert behind(watermark, [Mark("a", 5, 2), Mark("new", 0, 0)]) == []
    assert behind(watermark, [Mark("a", 9, 3)]) == []


@pytest.mark.parametrize(
    "lists",
    [
        [],  # the list is gone
        [Mark("a", 4, 2)],  # indexes are gone
        [Mark("a", 5, 1)],  # a revocation is gone
        [Mark("a", 5, 2), Mark("b", 1, 1)],  # the marks are another installation's, or lost
    ],
)
def test_what_is_missing_is_named(watermark, lists):
    watermark.advance("a", count=5, version=2)

    assert len(behind(watermark, lists)) == 1


def test_a_lost_watermark_is_no_clean_slate(watermark):
    assert behind(watermark, [Mark("a", 5, 2)])
    assert behind(watermark, []) == []


def test_a_list_that_was_announced_and_never_made_is_harmless(watermark):
    watermark.register("rolled-back")

    assert behind(watermark, []) == []


def test_given_up_lists_are_forgotten(watermark):
    watermark.advance("a", count=5, version=2)
    watermark.advance("b", count=1, version=1)

    watermark.forget_all_but(["a"])

    assert set(watermark.marks()) == {"a"}
