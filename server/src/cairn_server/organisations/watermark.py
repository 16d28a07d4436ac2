# SPDX-License-Identifier: Apache-2.0
"""The mark that never goes back (docs/decisions/0009-restored-copies.md).

A restored backup is a database that has forgotten. If it allocated status indexes again, two people
would share one bit, and revoking one would revoke the other. So a tiny store apart from the database
and its backups remembers, for each status list, how many indexes were given out, to whom each range of them
went, and the highest version that was published. Whoever allocates does it in this order:

    watermark.register(list_id)                          before the row of a new list is committed
    watermark.require_not_behind(list_id, count, …)      in the transaction, with the list's row locked
    COMMIT
    watermark.claim(list_id, first, last, holder, …)     after the commit, before anybody is told

A claim is compared and set: whoever is second with a number loses it, so of two copies of one database that
go on at the same time one stops before it has signed. A claim that its holder repeats changes nothing.

A crash between the commit and the claim leaves the database ahead of its mark, which is harmless:
nobody was told, and whoever goes on with that work claims first. The other way round, a database behind its
mark, is never harmless: it is an older copy, and the installation goes into recovery.

The store is a SQLite file where all of the work is done on one machine, and a PostgreSQL database of its
own where it is not. Its identity is a random name that the database remembers, so that another store, or a
new one, is not taken for it.

It lives here, not in config, because issuing calls it and may not import config; config only says
where the store is (``install``) and compares at start.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from django.utils.translation import gettext_lazy as _

from cairn.errors import UnavailableError
from cairn_server.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
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


class WatermarkAway(UnavailableError):  # noqa: N818
    """The store does not answer: nothing new is given out until it does."""

    def __init__(self, why: object) -> None:
        super().__init__("watermark-unavailable", f"the watermark cannot be reached: {why}")


class Answer(Protocol):
    def fetchall(self) -> Sequence[Any]: ...


class Store(Protocol):
    """One transaction on the store: parameters as ``?``."""

    def __call__(self, statement: str, *values: object) -> Answer: ...


_TABLES = (
    "CREATE TABLE IF NOT EXISTS mark ("
    "list_id TEXT PRIMARY KEY, count INTEGER NOT NULL, version INTEGER NOT NULL)",
    # Who has which numbers of a list that still gives some out.
    "CREATE TABLE IF NOT EXISTS claim (list_id TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
    " holder TEXT NOT NULL, PRIMARY KEY (list_id, first))",
    "CREATE TABLE IF NOT EXISTS identity (singleton INTEGER PRIMARY KEY, name TEXT NOT NULL)",
)
_RAISE = (
    "INSERT INTO mark (list_id, count, version) VALUES (?, ?, ?) ON CONFLICT (list_id) DO UPDATE SET"
    " count = CASE WHEN excluded.count > mark.count THEN excluded.count ELSE mark.count END,"
    " version = CASE WHEN excluded.version > mark.version THEN excluded.version ELSE mark.version END"
)


class Watermark(ABC):
    """Every number in it only ever grows."""

    @abstractmethod
    def _transaction(self) -> Any:
        """A ``Store``, and durable when the context ends."""

    def identity(self) -> str:
        """The name of this very store; its first use gives it one."""
        with self._transaction() as store:
            store(
                "INSERT INTO identity (singleton, name) VALUES (1, ?) ON CONFLICT (singleton) DO NOTHING",
                secrets.token_hex(16),
            )
            return str(store("SELECT name FROM identity").fetchall()[0][0])

    def register(self, list_id: str) -> None:
        """Announce a list before it exists, so that a list without a mark is known to be foreign."""
        self.advance(list_id, count=0, version=0)

    def advance(self, list_id: str, *, count: int, version: int) -> None:
        """Raise the mark; a lower number than the stored one changes nothing."""
        with self._transaction() as store:
            store(_RAISE, list_id, count, version)

    def claim(self, list_id: str, *, first: int, last: int, holder: str, version: int) -> None:
        """These numbers are given out, and to whom; refused when one of them is somebody else's."""
        with self._transaction() as store:
            # Writes first: on either database the row is ours until the end, and others wait.
            store(_RAISE, list_id, last + 1, version)
            taken = store(
                "SELECT first, last, holder FROM claim WHERE list_id = ? AND first <= ? AND last >= ?",
                list_id,
                last,
                first,
            ).fetchall()
            if [tuple(each) for each in taken] == [(first, last, holder)]:
                return
            if taken:
                raise DatabaseBehind
            store(
                "INSERT INTO claim (list_id, first, last, holder) VALUES (?, ?, ?, ?)",
                *(list_id, first, last, holder),
            )

    def require_not_behind(self, list_id: str, *, count: int, version: int) -> None:
        """Refuse when the list, as the database knows it, has less than was once given out."""
        with self._transaction() as store:
            found = store("SELECT count, version FROM mark WHERE list_id = ?", list_id).fetchall()
        if found and (count < found[0][0] or version < found[0][1]):
            raise DatabaseBehind

    def marks(self) -> dict[str, Mark]:
        with self._transaction() as store:
            rows = store("SELECT list_id, count, version FROM mark").fetchall()
        return {row[0]: Mark(*row) for row in rows}

    def forget_claims(self, list_ids: Iterable[str]) -> None:
        """Of lists that give out nothing any more: their marks are enough."""
        with self._transaction() as store:
            for list_id in list_ids:
                store("DELETE FROM claim WHERE list_id = ?", list_id)

    def forget_all_but(self, list_ids: Iterable[str]) -> None:
        """Drop the marks of lists that a confirmed recovery has given up: they are in no database now."""
        kept = set(list_ids)
        with self._transaction() as store:
            gone = [row[0] for row in store("SELECT list_id FROM mark").fetchall() if row[0] not in kept]
            for list_id in gone:
                store("DELETE FROM claim WHERE list_id = ?", list_id)
                store("DELETE FROM mark WHERE list_id = ?", list_id)


def _into_wal_mode(database: sqlite3.Connection) -> None:
    """Only one can change a new file, and SQLite tells the others to come again instead of waiting."""
    for _attempt in range(_ATTEMPTS - 1):
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.01)
        else:
            return
    database.execute("PRAGMA journal_mode = WAL")


_ATTEMPTS = 500


class FileWatermark(Watermark):
    """A small SQLite file, for all processes of one machine.

    Each thread keeps its connection, in WAL mode: a claim is then one write to the disk, and not the four of
    opening, journal, table and folder. Whoever copies the file of a server that was killed takes what lies
    beside it (``-wal``) too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._here = threading.local()

    @contextmanager
    def _transaction(self) -> Iterator[Store]:
        database = self._connected()
        try:
            with database:
                database.execute("BEGIN IMMEDIATE")
                yield lambda statement, *values: database.execute(statement, values)
        except sqlite3.Error:
            # Nobody knows what state it is in.
            self._here.kept = None
            database.close()
            raise

    def _connected(self) -> sqlite3.Connection:
        kept: _Kept | None = getattr(self._here, "kept", None)
        if kept is not None and kept.is_of(self.path):
            return kept.database
        if kept is not None and kept.process != os.getpid():
            # From before a fork. Closing it here would meddle with the locks of the other process.
            _others.append(kept.database)
        elif kept is not None:
            kept.database.close()
        database = self._open()
        self._here.kept = _Kept(database, os.getpid(), _file_at(self.path))
        return database

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            # Not by SQLite, which would let in whomever the umask does.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        database = sqlite3.connect(self.path, timeout=20)
        try:
            _into_wal_mode(database)
            # A mark that a power cut can take back would be no mark.
            database.execute("PRAGMA synchronous = FULL")
            for table in _TABLES:
                database.execute(table)
        except sqlite3.Error:
            database.close()
            raise
        return database


@dataclass(frozen=True, slots=True)
class _Kept:
    """A connection, whose it is, and the very file that it writes to."""

    database: sqlite3.Connection
    process: int
    file: tuple[int, int]

    def is_of(self, path: Path) -> bool:
        """Not after a fork, and not when somebody has put another file in its place: a mark that is written
        into a file that nobody will open again would be no mark."""
        return self.process == os.getpid() and self.file == _file_at(path)


# Connections of the process that this one was forked from; never used, and never closed.
_others: list[sqlite3.Connection] = []


def _file_at(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


class SharedWatermark(Watermark):
    """A PostgreSQL database of its own, for workers on several machines; never the one that it guards."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._has_tables = False

    @contextmanager
    def _transaction(self) -> Iterator[Store]:
        try:
            with psycopg.connect(self._url, connect_timeout=10) as database:
                # Not what that server may have been told for the sake of speed.
                database.execute("SET LOCAL synchronous_commit = on")
                if not self._has_tables:
                    # Two that begin at the same moment: the second waits here, and finds the tables.
                    database.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
                    for table in _TABLES:
                        database.execute(table)
                yield lambda statement, *values: database.execute(statement.replace("?", "%s"), values)
            self._has_tables = True
        except psycopg.OperationalError as error:
            raise WatermarkAway(type(error).__name__) from error


# Any number that nobody else locks in that database.
_LOCK = 0x6361_6972_6E


def behind(watermark: Watermark, lists: Callable[[], Iterable[Mark]]) -> list[str]:
    """What the database (``lists``) is missing, in words; empty when it is at or above every mark.

    A list that has given out indexes and has no mark is as bad as a list behind its mark: the
    watermark is new or belongs to another installation, and cannot say what was given out.

    Others may be at work meanwhile: they raise the database and then its mark, and announce a list before
    they make it. So the marks are read before the lists, and who has none is asked about once more.
    """
    marks, problems = watermark.marks(), []
    known = {found.list_id: found for found in lists()}
    announced = marks if known.keys() <= marks.keys() else watermark.marks()
    for found in known.values():
        mark = marks.get(found.list_id)
        if mark is None:
            if (found.count or found.version) and found.list_id not in announced:
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


def claim(list_id: str, *, first: int, last: int, holder: str, version: int) -> None:
    watermark().claim(list_id, first=first, last=last, holder=holder, version=version)
