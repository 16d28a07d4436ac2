# SPDX-License-Identifier: Apache-2.0
"""The history of what was withdrawn gets the triggers that keep it.

A later migration that rebuilds the table on SQLite drops the triggers with it and has to make them again; a
test looks for them.
"""

from django.db import migrations

from cairn_server.issuing import append_only


def create(apps, schema_editor):
    append_only.create(schema_editor.connection)


def drop(apps, schema_editor):
    append_only.drop(schema_editor.connection)


class Migration(migrations.Migration):
    replaces = [("issuing", "0006_standing_history")]
    dependencies = [("issuing", "0001_tables")]

    operations = [migrations.RunPython(create, drop)]
