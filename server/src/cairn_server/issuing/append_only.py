# SPDX-License-Identifier: Apache-2.0
"""The database's own refusal to change how credentials stood: a change that is done stays as it was written.

Two things about it may still happen, and neither rewrites history: ``told`` says that leaf and message have
followed, and the words of a reason, which stand in the act, can be erased.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_TABLE = "issuing_standingchange"
_FIXED = "credential_id, act_id, state, at"

CREATE = {
    "sqlite": (
        f"CREATE TRIGGER IF NOT EXISTS standing_change_no_update BEFORE UPDATE OF {_FIXED} ON {_TABLE}"
        " WHEN OLD.state <> 'waiting'"
        " BEGIN SELECT RAISE(ABORT, 'how a credential stood is never changed'); END",
        f"CREATE TRIGGER IF NOT EXISTS standing_change_no_delete BEFORE DELETE ON {_TABLE}"
        " BEGIN SELECT RAISE(ABORT, 'how a credential stood is never deleted'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION standing_change_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'how a credential stood is never changed or deleted'"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE OR REPLACE TRIGGER standing_change_no_update BEFORE UPDATE OF {_FIXED} ON {_TABLE}"
        " FOR EACH ROW WHEN (OLD.state <> 'waiting') EXECUTE FUNCTION standing_change_refuse()",
        f"CREATE OR REPLACE TRIGGER standing_change_no_delete BEFORE DELETE ON {_TABLE}"
        " FOR EACH ROW EXECUTE FUNCTION standing_change_refuse()",
    ),
}
DROP = {
    "sqlite": (
        "DROP TRIGGER IF EXISTS standing_change_no_update",
        "DROP TRIGGER IF EXISTS standing_change_no_delete",
    ),
    "postgresql": (
        f"DROP TRIGGER IF EXISTS standing_change_no_update ON {_TABLE}",
        f"DROP TRIGGER IF EXISTS standing_change_no_delete ON {_TABLE}",
        "DROP FUNCTION IF EXISTS standing_change_refuse()",
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
