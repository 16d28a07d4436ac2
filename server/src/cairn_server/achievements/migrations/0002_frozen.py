# SPDX-License-Identifier: Apache-2.0
"""A published version never changes, whatever program asks.

The service refuses first and in words; this is for the query in a console. A later migration that rebuilds the
table on SQLite drops the trigger with it and has to make it again; a test looks for it.
"""

from django.db import migrations

CREATE = {
    "sqlite": (
        "CREATE TRIGGER achievement_version_frozen BEFORE UPDATE ON achievements_achievementversion"
        " WHEN OLD.state = 'published'"
        " BEGIN SELECT RAISE(ABORT, 'a published version never changes'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION achievement_version_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'a published version never changes'"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER achievement_version_frozen BEFORE UPDATE ON achievements_achievementversion"
        " FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION achievement_version_refuse()",
    ),
}
DROP = {
    "sqlite": ("DROP TRIGGER IF EXISTS achievement_version_frozen",),
    "postgresql": (
        "DROP TRIGGER IF EXISTS achievement_version_frozen ON achievements_achievementversion",
        "DROP FUNCTION IF EXISTS achievement_version_refuse()",
    ),
}


def forwards(apps, schema_editor):
    for statement in CREATE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    for statement in DROP[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("achievements", "0001_initial")]

    operations = [migrations.RunPython(forwards, backwards)]
