# SPDX-License-Identifier: Apache-2.0
"""A published version never changes, whatever program asks.

The service refuses first and in words; this is for the query in a console. A later migration that rebuilds the
table on SQLite drops the trigger with it and has to make it again; a test looks for it.
"""

from django.db import migrations

from cairn_server import refusals
from cairn_server.refusals import Rule

RULES = (
    Rule(
        "achievement_version_frozen",
        "achievements_achievementversion",
        "UPDATE",
        "OLD.state = 'published'",
        "a published version never changes",
    ),
)


def create(apps, schema_editor):
    refusals.create(schema_editor.connection, RULES)


def drop(apps, schema_editor):
    refusals.drop(schema_editor.connection, RULES)


class Migration(migrations.Migration):
    dependencies = [("achievements", "0001_tables")]

    operations = [migrations.RunPython(create, drop)]
