# SPDX-License-Identifier: Apache-2.0
"""A published assessment and the words of a question never change, whatever program asks.

The services refuse first and in words; this is for the query in a console. A later migration that rebuilds one
of these tables on SQLite drops its trigger and has to make it again; a test looks for it.
"""

from django.db import migrations

from cairn_server import refusals
from cairn_server.refusals import Rule

RULES = (
    Rule(
        "assessments_assessmentversion_frozen",
        "assessments_assessmentversion",
        "UPDATE",
        "OLD.state = 'published'",
        "a published assessment never changes",
    ),
    Rule(
        "assessments_questionversion_frozen",
        "assessments_questionversion",
        "UPDATE",
        "OLD.number > 0",
        "the words of a question never change",
    ),
)


def create(apps, schema_editor):
    refusals.create(schema_editor.connection, RULES)


def drop(apps, schema_editor):
    refusals.drop(schema_editor.connection, RULES)


class Migration(migrations.Migration):
    dependencies = [("assessments", "0001_tables")]

    operations = [migrations.RunPython(create, drop)]
