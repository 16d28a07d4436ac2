# SPDX-License-Identifier: Apache-2.0
"""A published project never changes, whatever program asks.

The services refuse first and in words; this is for the query in a console. A later migration that rebuilds one
of these tables on SQLite drops its trigger and has to make it again; a test looks for it.
"""

from django.db import migrations

# Table, when its rows are frozen, and what is said then.
FROZEN = (
    ("projects_projectversion", "OLD.state = 'published'", "a published project never changes"),
)


def create(connection):
    for table, when, words in FROZEN:
        if connection.vendor == "sqlite":
            yield (
                f"CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table} WHEN {when}"
                f" BEGIN SELECT RAISE(ABORT, '{words}'); END"
            )
        else:
            yield (
                f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN RAISE EXCEPTION '{words}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
            )
            yield (
                f"CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table}"
                f" FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {table}_refuse()"
            )


def drop(connection):
    for table, _when, _words in FROZEN:
        if connection.vendor == "sqlite":
            yield f"DROP TRIGGER IF EXISTS {table}_frozen"
        else:
            yield f"DROP TRIGGER IF EXISTS {table}_frozen ON {table}"
            yield f"DROP FUNCTION IF EXISTS {table}_refuse()"


def forwards(apps, schema_editor):
    for statement in create(schema_editor.connection):
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    for statement in drop(schema_editor.connection):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("projects", "0001_initial")]

    operations = [migrations.RunPython(forwards, backwards)]
