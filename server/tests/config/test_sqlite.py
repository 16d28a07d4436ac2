# SPDX-License-Identifier: Apache-2.0
"""The SQLite we run on keeps what it was given (what it could do is in cairn_server.config.sqlite)."""

import sqlite3

import pytest
from django.db import connection, transaction

from cairn_server.config.sqlite import SAFE_VERSION

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("__import__('django.db').db.connection.vendor != 'sqlite'", reason="about SQLite"),
]


def pragma(name):
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return cursor.fetchone()[0]


def test_it_is_free_of_the_wal_bug():
    assert sqlite3.sqlite_version_info >= SAFE_VERSION
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()")
        version = tuple(int(part) for part in cursor.fetchone()[0].split("."))
    assert version >= SAFE_VERSION


def test_it_writes_ahead_and_syncs_each_commit():
    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2  # FULL
    assert pragma("foreign_keys") == 1


def test_a_transaction_takes_its_write_lock_at_the_start():
    with transaction.atomic():
        second = sqlite3.connect(connection.settings_dict["NAME"], timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            second.execute("BEGIN IMMEDIATE")
        second.close()
