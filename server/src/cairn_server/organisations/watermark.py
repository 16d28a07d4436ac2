# SPDX-License-Identifier: Apache-2.0
"""The mark that never goes back (docs/decisions/0009-restored-copies.md).

A restored backup is a database that has forgotten. If it allocated status indexes again, two people
would share one bit, and revoking one would revoke the other. So a tiny store apart from the database
and its backups remembers, for each status list, how many indexes were given out and the highest version
that was published. Whoever allocates does it in this order:

    watermark.register(list_id)                        before the row of a new list is committed
    watermark.require_not_behind(list_id, count, …)    in the transaction, with the list's row locked
    COMMIT
    watermark.advance(list_id, count, version)         after the commit, before anybody is told

A crash between the commit and ``advance`` leaves the database ahead of its mark, which is harmless:
nobody was told, and the next start levels the mark up. The other way round, a database behind its
mark, is never harmless: it is an older copy, and the installation goes into recovery.

It lives here, not in config, because issuing calls it and may not import config; config only says
where the file is (``install``) and compares at start.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from cairn_server.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class DatabaseBehind(Refusal):
    """The database is an older copy than the one that gave out these indexes."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            "recovering",
            _("This is a restored copy. Nothing is awarded until the operator confirms the recovery."),
        )


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """How far one status list has come."""

    list_id: str
    count: int
    version: int


class Watermark:
    """A small SQLite file. Every number in it only ever grows."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def register(self, list_id: str) -> None:
        """Announce a list before it exists, so that a list without a mark is known to be foreign."""
        self.advance(list_id, count=0, version=0)

    def advance(self, list_id: str, *, count: int, version: int) -> None:
        """Raise the mark; a lower number than the stored one changes nothing."""
        with closing(self._open()) as database, database:
            database.execute(
                "INSERT INTO mark (list_id, count, version) VALUES (?, ?, ?) ON CONFLICT (list_id) DO UPDATE"
                " SET count = max(count, excluded.count), version = max(version, excluded.version)",
                (list_id, count, version),
            )

    def require_not_behind(self, list_id: str, *, count: int, version: int) -> None:
        """Refuse when the list, as the database knows it, has less than was once given out."""
        with closing(self._open()) as database:
            row = database.execute("SELECT count, version FROM mark WHERE list_id = ?", (list_id,)).fetchone()
        if row is not None and (count < row[0] or version < row[1]):
            raise DatabaseBehind

    def marks(self) -> dict[str, Mark]:
        with closing(self._open()) as database:
            rows = database.execute("SELECT list_id, count, version FROM mark").fetchall()
        return {row[0]: Mark(*row) for row in rows}

    def forget_all_but(self, list_ids: Iterable[str]) -> None:
        """Drop the marks of lists that a confirmed recovery has given up: they are in no database now."""
        kept = set(list_ids)
        with closing(self._open()) as database, database:
            gone = [row[0] for row in database.execute("SELECT list_id FROM mark") if row[0] not in kept]
            database.executemany("DELETE FROM mark WHERE list_id = ?", [(list_id,) for list_id in gone])

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            # Not by SQLite, which would let in whomever the umask does.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        database = sqlite3.connect(self.path, timeout=20)
        # A mark that a power cut can take back would be no mark.
        database.execute("PRAGMA synchronous = FULL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS mark ("
            "list_id TEXT PRIMARY KEY, count INTEGER NOT NULL, version INTEGER NOT NULL)"
        )
        return database


def behind(watermark: Watermark, lists: Iterable[Mark]) -> list[str]:
    """What the database (``lists``) is missing, in words; empty when it is at or above every mark.

    A list that has given out indexes and has no mark is as bad as a list behind its mark: the
    watermark is new or belongs to another installation, and cannot say what was given out.
    """
    marks, known, problems = watermark.marks(), {}, []
    for found in lists:
        known[found.list_id] = found
        mark = marks.get(found.list_id)
        if mark is None:
            if found.count or found.version:
                problems.append(f"status list {found.list_id} has no mark")
        elif found.count < mark.count or found.version < mark.version:
            problems.append(
                f"status list {found.list_id} is at {found.count}/{found.version},"
                f" its mark at {mark.count}/{mark.version}"
            )
    problems += [
        f"status list {mark.list_id} has a mark at {mark.count}/{mark.version} and is not in the database"
        for mark in marks.values()
        if mark.list_id not in known and (mark.count or mark.version)
    ]
    return problems


_installed: Watermark | None = None


def install(watermark: Watermark) -> None:
    """Say where the marks are; called once by config at start, and by tests."""
    global _installed
    _installed = watermark


def watermark() -> Watermark:
    if _installed is None:
        raise RuntimeError("this process was started without a watermark")
    return _installed


def register(list_id: str) -> None:
    watermark().register(list_id)


def require_not_behind(list_id: str, *, count: int, version: int) -> None:
    watermark().require_not_behind(list_id, count=count, version=version)


def advance(list_id: str, *, count: int, version: int) -> None:
    watermark().advance(list_id, count=count, version=version)
