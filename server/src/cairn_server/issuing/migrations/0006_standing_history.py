# SPDX-License-Identifier: Apache-2.0
"""What is withdrawn today gets its first line of history, and history the trigger that keeps it.

A later migration that rebuilds the table on SQLite drops the triggers with it and has to make them again; a
test looks for them.
"""

from django.db import migrations

from cairn_server.issuing import append_only


def fill(apps, schema_editor):
    Credential = apps.get_model("issuing", "Credential")
    StandingAct = apps.get_model("issuing", "StandingAct")
    StandingChange = apps.get_model("issuing", "StandingChange")
    for credential in Credential.objects.filter(standing_at__isnull=False).iterator():
        act = StandingAct.objects.create(
            organisation_id=credential.organisation_id,
            to=credential.standing,
            reason=credential.standing_reason,
            at=credential.standing_at,
            finished_at=credential.standing_at,
        )
        StandingChange.objects.create(act=act, credential=credential, state="done", at=credential.standing_at)


def create(apps, schema_editor):
    append_only.create(schema_editor.connection)


def drop(apps, schema_editor):
    append_only.drop(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("issuing", "0005_life")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(create, drop),
    ]
