# SPDX-License-Identifier: Apache-2.0
"""A published project never changes, whatever program asks.

The services refuse first and in words; this is for the query in a console. A later migration that rebuilds one
of these tables on SQLite drops its trigger and has to make it again; a test looks for it.
"""

from django.db import migrations

from cairn_server import refusals
from cairn_server.refusals import Rule

RULES = (
    Rule(
        "projects_projectversion_frozen",
        "projects_projectversion",
        "UPDATE",
        "OLD.state = 'published'",
        "a published project never changes",
    ),
)


def create(apps, schema_editor):
    refusals.create(schema_editor.connection, RULES)


def drop(apps, schema_editor):
    refusals.drop(schema_editor.connection, RULES)


class Migration(migrations.Migration):
    dependencies = [("projects", "0001_tables")]

    operations = [migrations.RunPython(create, drop)]
