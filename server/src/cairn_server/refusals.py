# SPDX-License-Identifier: Apache-2.0
"""What the database itself refuses, whatever program asks: one rule, said in the words of either database.

Services refuse first and say more; this is for the query in a console. On SQLite a migration that rebuilds a
table drops the triggers on it and has to make them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper


class Rule(NamedTuple):
    """A change that is refused. All of it is text of ours, and none of it is a value."""

    name: str
    table: str
    event: str
    """``INSERT``, ``DELETE``, ``UPDATE`` or ``UPDATE OF`` some columns."""
    when: str
    """When it is refused: an expression over ``NEW`` and ``OLD`` that both databases read."""
    words: str


def create(connection: BaseDatabaseWrapper, rules: Sequence[Rule]) -> None:
    with connection.cursor() as cursor:
        for name, table, event, when, words in rules:
            if connection.vendor == "sqlite":
                cursor.execute(
                    f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event} ON {table} WHEN {when}"
                    f" BEGIN SELECT RAISE(ABORT, '{words}'); END"
                )
                continue
            row = "OLD" if event == "DELETE" else "NEW"
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN IF {when} THEN RAISE EXCEPTION '{words}'"
                f" USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {row}; END $$"
            )
            cursor.execute(
                f"CREATE OR REPLACE TRIGGER {name} BEFORE {event} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {name}()"
            )


def drop(connection: BaseDatabaseWrapper, rules: Sequence[Rule]) -> None:
    """For reverse migrations, for restoring a backup, and for tests that empty their database."""
    with connection.cursor() as cursor:
        for name, table, *_rest in rules:
            if connection.vendor == "sqlite":
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
                continue
            cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
            cursor.execute(f"DROP FUNCTION IF EXISTS {name}()")
