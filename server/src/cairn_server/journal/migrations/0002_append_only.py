# SPDX-License-Identifier: Apache-2.0
from django.db import migrations

from cairn_server.journal import append_only


def forwards(apps, schema_editor):
    append_only.create(schema_editor.connection)


def backwards(apps, schema_editor):
    append_only.drop(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("journal", "0001_tables")]

    operations = [migrations.RunPython(forwards, backwards)]
