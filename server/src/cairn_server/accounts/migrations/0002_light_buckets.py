# SPDX-License-Identifier: Apache-2.0
"""Buckets need not survive a crash: one that is absent is full. Without the log each request is spared a
write to the disk for every limit that it is counted in."""

from django.db import migrations


def unlogged(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE accounts_bucket SET UNLOGGED")


def logged(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE accounts_bucket SET LOGGED")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_tables")]

    operations = [migrations.RunPython(unlogged, logged)]
