# SPDX-License-Identifier: Apache-2.0
"""The mark that never goes back (F11)."""

import os
import secrets
import sqlite3
import threading
from urllib.parse import quote

import psycopg
import pytest

from cairn_server.organisations.watermark import (
    DatabaseBehind,
    FileWatermark,
    Mark,
    SharedWatermark,
    WatermarkAway,
    behind,
)

# What is true of one that is shared is asked where there is a PostgreSQL.
pytestmark = pytest.mark.django_db


@pytest.fixture(params=["file", "shared"])
def watermark(request, tmp_path):
    """On SQLite the file, and on PostgreSQL the shared one too, in a schema of its own."""
    if request.param == "file":
        yield FileWatermark(tmp_path / "marks" / "watermark.sqlite3")
        return
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        pytest.skip("a shared watermark is a PostgreSQL database")
    schema = f"watermark_{secrets.token_hex(8)}"
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(f"CREATE SCHEMA {schema}")
    try:
        yield SharedWatermark(f"{url}?options=-csearch_path%3D{schema}")
    finally:
        with psycopg.connect(url, autocommit=True) as database:
            database.execute(f"DROP SCHEMA {schema} CASCADE")


def test_it_only_ever_grows(watermark):
    watermark.advance("a", count=5, version=2)
    watermark.advance("a", count=3, version=9)
    watermark.advance("a", count=4, version=1)

    assert watermark.marks() == {"a": Mark("a", 5, 9)}


def test_it_survives_being_opened_again(tmp_path):
    watermark = FileWatermark(tmp_path / "watermark.sqlite3")
    watermark.advance("a", count=5, version=2)

    assert FileWatermark(watermark.path).marks() == {"a": Mark("a", 5, 2)}


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

    assert behind(watermark, lambda: [Mark("a", 5, 2), Mark("new", 0, 0)]) == []
    assert behind(watermark, lambda: [Mark("a", 9, 3)]) == []


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

    assert len(behind(watermark, lambda: lists)) == 1


def test_a_lost_watermark_is_no_clean_slate(watermark):
    assert behind(watermark, lambda: [Mark("a", 5, 2)])
    assert behind(watermark, list) == []


def test_what_others_do_meanwhile_is_no_gap(watermark):
    """A server that starts beside others: awards go on between its two looks."""
    watermark.advance("a", count=5, version=2)

    def lists():
        now = [Mark("a", 6, 2), Mark("b", 1, 1)]
        for each in now:
            watermark.advance(each.list_id, count=each.count, version=each.version)
        watermark.advance("a", count=7, version=2)
        return now

    assert behind(watermark, lists) == []


def test_a_list_that_was_announced_and_never_made_is_harmless(watermark):
    watermark.register("rolled-back")

    assert behind(watermark, list) == []


def test_given_up_lists_are_forgotten(watermark):
    watermark.advance("a", count=5, version=2)
    watermark.advance("b", count=1, version=1)

    watermark.forget_all_but(["a"])

    assert set(watermark.marks()) == {"a"}


# Claims


def claim(watermark, first=0, last=9, holder="h"):
    watermark.claim("a", first=first, last=last, holder=holder, version=1)


def test_a_claim_raises_the_mark_and_is_its_holders_however_often(watermark):
    claim(watermark)
    claim(watermark)

    assert watermark.marks() == {"a": Mark("a", 10, 1)}


@pytest.mark.parametrize(("first", "last", "holder"), [(0, 9, "x"), (0, 4, "h"), (9, 9, "x"), (5, 20, "x")])
def test_f11_a_number_that_is_somebody_elses_is_refused_and_raises_nothing(watermark, first, last, holder):
    claim(watermark)

    with pytest.raises(DatabaseBehind):
        claim(watermark, first, last, holder)

    assert watermark.marks() == {"a": Mark("a", 10, 1)}


def test_two_that_reserved_in_a_row_may_claim_in_any_order(watermark):
    claim(watermark, 10, 19, "second")
    claim(watermark, 0, 9, "first")

    assert watermark.marks() == {"a": Mark("a", 20, 1)}


def test_of_many_that_claim_one_number_one_has_it(watermark):
    refused = []

    def one(holder):
        try:
            claim(watermark, 5, 5, holder)
        except DatabaseBehind:
            refused.append(holder)

    threads = [threading.Thread(target=one, args=(f"h{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 7


def test_a_list_that_gives_out_nothing_more_needs_no_claims(watermark):
    claim(watermark)

    watermark.forget_claims(["a"])

    assert watermark.marks() == {"a": Mark("a", 10, 1)}
    claim(watermark, 0, 9, "whoever")


def test_it_has_a_name_of_its_own(watermark, tmp_path):
    assert watermark.identity() == watermark.identity()
    assert FileWatermark(tmp_path / "another").identity() != watermark.identity()


# One connection for each thread


def test_a_file_that_took_the_others_place_is_written_to(tmp_path):
    """A mark in a file that nobody will open again would be no mark."""
    watermark = FileWatermark(tmp_path / "watermark.sqlite3")
    watermark.advance("a", count=5, version=1)
    for name in ("watermark.sqlite3", "watermark.sqlite3-wal", "watermark.sqlite3-shm"):
        (tmp_path / name).rename(tmp_path / f"old-{name}")

    watermark.advance("a", count=6, version=1)

    assert FileWatermark(watermark.path).marks() == {"a": Mark("a", 6, 1)}


def test_a_fork_has_a_connection_of_its_own(tmp_path):
    watermark = FileWatermark(tmp_path / "watermark.sqlite3")
    claim(watermark, 0, 0, "parent")
    before = watermark._connected()

    child = os.fork()
    if child == 0:
        ended = 1
        try:
            claim(watermark, 1, 1, "child")
            ended = 0 if watermark._connected() is not before else 2
        finally:
            os._exit(ended)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    assert watermark._connected() is before
    claim(watermark, 2, 2, "parent")
    assert watermark.marks() == {"a": Mark("a", 3, 1)}


def test_a_claim_is_on_the_disk_when_it_is_made(tmp_path):
    """Of the write-ahead log too: with less than FULL a power cut could take the last claims back."""
    connection = FileWatermark(tmp_path / "watermark.sqlite3")._connected()

    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_went_wrong_once_is_opened_anew(tmp_path):
    watermark = FileWatermark(tmp_path / "watermark.sqlite3")
    watermark.advance("a", count=5, version=1)
    watermark._connected().close()

    with pytest.raises(sqlite3.Error):
        watermark.advance("a", count=6, version=1)
    watermark.advance("a", count=6, version=1)

    assert watermark.marks() == {"a": Mark("a", 6, 1)}


# On several machines


def test_a_shared_one_that_does_not_answer_gives_out_nothing(tmp_path):
    shared = SharedWatermark(f"postgresql://nobody@{quote(str(tmp_path), safe='')}/none")

    with pytest.raises(WatermarkAway):
        shared.require_not_behind("a", count=0, version=0)
