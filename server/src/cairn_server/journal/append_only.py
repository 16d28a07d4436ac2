# SPDX-License-Identifier: Apache-2.0
"""The database's own refusal to change or delete a journal entry.

The model refuses too, but a query in a console, a bulk update or another program does not ask the
model. Whoever owns the database can drop a trigger; the hash chain is what shows that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

CREATE = {
    "sqlite": (
        "CREATE TRIGGER IF NOT EXISTS journal_entry_no_update BEFORE UPDATE ON journal_entry"
        " BEGIN SELECT RAISE(ABORT, 'journal entries are never changed'); END",
        "CREATE TRIGGER IF NOT EXISTS journal_entry_no_delete BEFORE DELETE ON journal_entry"
        " BEGIN SELECT RAISE(ABORT, 'journal entries are never deleted'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION journal_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'journal entries are never changed or deleted'"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE OR REPLACE TRIGGER journal_entry_append_only BEFORE UPDATE OR DELETE ON journal_entry"
        " FOR EACH ROW EXECUTE FUNCTION journal_entry_refuse()",
    ),
}
DROP = {
    "sqlite": (
        "DROP TRIGGER IF EXISTS journal_entry_no_update",
        "DROP TRIGGER IF EXISTS journal_entry_no_delete",
    ),
    "postgresql": (
        "DROP TRIGGER IF EXISTS journal_entry_append_only ON journal_entry",
        "DROP FUNCTION IF EXISTS journal_entry_refuse()",
    ),
}


def create(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for statement in CREATE[connection.vendor]:
            cursor.execute(statement)


def drop(connection: BaseDatabaseWrapper) -> None:
    """For the reverse migration, and for tests that empty their database."""
    with connection.cursor() as cursor:
        for statement in DROP[connection.vendor]:
            cursor.execute(statement)
