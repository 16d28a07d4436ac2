# SPDX-License-Identifier: Apache-2.0
"""What was promised never changes. A later migration that rebuilds one of these tables on SQLite drops its
triggers and has to make them again; a test looks for them."""

from django.db import migrations

from cairn_server.earning import frozen


def create(apps, schema_editor):
    frozen.create(schema_editor.connection)


def drop(apps, schema_editor):
    frozen.drop(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("earning", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
