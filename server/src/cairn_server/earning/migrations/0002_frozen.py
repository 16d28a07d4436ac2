# SPDX-License-Identifier: Apache-2.0
"""What was promised never changes. A later migration that rebuilds one of these tables on SQLite drops its
triggers and has to make them again; a test looks for them."""

from django.db import migrations

from cairn_server import refusals
from cairn_server.earning.frozen import RULES


def create(apps, schema_editor):
    refusals.create(schema_editor.connection, RULES)


def drop(apps, schema_editor):
    refusals.drop(schema_editor.connection, RULES)


class Migration(migrations.Migration):
    dependencies = [("earning", "0001_tables")]

    operations = [migrations.RunPython(create, drop)]
