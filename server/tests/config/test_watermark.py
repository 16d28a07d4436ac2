# SPDX-License-Identifier: Apache-2.0
"""The database and the store that remembers for it: at start, on several machines, and after an accident."""

from __future__ import annotations

from io import StringIO
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.config import checks
from cairn_server.config import watermark as marks
from cairn_server.organisations.models import Installation
from cairn_server.organisations.watermark import (
    DatabaseBehind,
    FileWatermark,
    SharedWatermark,
    install,
    watermark,
)


@pytest.fixture
def started(installation):
    assert marks.compare_at_start(watermark(), at=MONDAY) == []


def test_the_first_start_remembers_which_store_it_has(started):
    assert Installation.objects.get().watermark_id == watermark().identity()


def test_f11_another_store_is_not_taken_for_it(started, tmp_path):
    other = FileWatermark(tmp_path / "other")
    other.advance("of-another-installation", count=5, version=5)

    problems = marks.compare_at_start(other, at=TUESDAY)

    assert problems == ["the watermark is another one than this database was kept with"]
    assert Installation.objects.get().recovering


def test_f11_a_store_that_was_lost_is_no_clean_slate(started, tmp_path):
    problems = marks.compare_at_start(FileWatermark(tmp_path / "new"), at=TUESDAY)

    assert problems == ["the watermark is missing: what is there has just begun, and remembers nothing"]


@pytest.mark.parametrize("command", ["recover", "confirm_restore"])
def test_the_operator_lets_it_go_on_with_a_new_store(command, started, tmp_path):
    install(FileWatermark(tmp_path / "new"))
    marks.compare_at_start(watermark(), at=TUESDAY)

    call_command(command, stdout=StringIO())

    assert not Installation.objects.get().recovering
    assert marks.compare_at_start(watermark(), at=TUESDAY) == []


def test_a_worker_works_with_the_servers_store_or_not_at_all(started, tmp_path):
    marks.require_shared(watermark())

    with pytest.raises(marks.NotShared, match="WATERMARK_URL"):
        marks.require_shared(FileWatermark(tmp_path / "of-this-machine"))


def test_a_worker_does_not_begin_before_the_server(installation):
    with pytest.raises(marks.NotShared, match="Start the server first"):
        marks.require_shared(watermark())


def test_the_worker_command_says_so(started, tmp_path, monkeypatch):
    monkeypatch.setattr("cairn_server.config.management.commands.worker.connection.vendor", "postgresql")
    monkeypatch.setattr("cairn_server.config.signer.never_open_keys", lambda: None)
    install(FileWatermark(tmp_path / "of-this-machine"))

    with pytest.raises(CommandError, match="another watermark than the server"):
        call_command("worker")


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_store_that_does_not_answer_is_said_in_a_sentence(
    command, started, tmp_path, monkeypatch, settings
):
    commands = f"cairn_server.config.management.commands.{command}"
    monkeypatch.setattr("cairn_server.config.signer.never_open_keys", lambda: None)
    if command == "worker":
        monkeypatch.setattr(f"{commands}.connection.vendor", "postgresql")
    else:
        # What stands before it in the way of a start has its own tests.
        monkeypatch.setattr(f"{commands}.checks.run_checks", lambda **_what: [])
        monkeypatch.setattr(f"{commands}.require_free_port", lambda *_where: None)
        monkeypatch.setattr(f"{commands}.call_command", lambda *_what, **_how: None)
    install(SharedWatermark(f"postgresql://nobody@{quote(str(tmp_path), safe='')}/none"))

    with pytest.raises(CommandError, match="the watermark cannot be reached"):
        call_command(command)


@pytest.mark.parametrize(
    ("url", "complaints"),
    [
        ("", []),
        ("postgresql://a@db.example/cairn_watermark", []),
        ("postgresql://b:secret@db.example:5432/cairn", ["cairn.E014"]),
        ("postgresql://b@db2.example,DB.example:5432/cairn", ["cairn.E014"]),
        ("postgresql://b@db2.example,db.example/cairn_watermark", []),
        ("postgresql://b@db2.example/cairn", []),
    ],
)
def test_it_is_not_in_the_database_that_it_guards(settings, url, complaints):
    settings.DATABASE_URL = "postgresql://a@db.example/cairn"
    settings.WATERMARK_URL = url

    assert [found.id for found in checks.watermark_is_apart(None)] == complaints


def test_f11_a_chunk_waits_in_a_copy_and_none_of_its_rows_fails(installation):
    """Where it is asked; the whole drill is the campaign ``issuing.restores``."""
    Installation.objects.update(recovering=True)
    from cairn_server.organisations.installation import require_awarding_allowed

    with pytest.raises(DatabaseBehind):
        require_awarding_allowed()
