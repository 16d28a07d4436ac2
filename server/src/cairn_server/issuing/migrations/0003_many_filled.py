# SPDX-License-Identifier: Apache-2.0
"""What the new columns would have held, had they been there before."""

from hashlib import sha256

from django.db import migrations


def digests(apps, schema_editor):
    secured_credentials = apps.get_model("issuing", "SecuredCredential").objects
    for row in secured_credentials.iterator(chunk_size=500):
        secured_credentials.filter(pk=row.pk).update(digest=sha256(bytes(row.secured)).digest())


def rows(apps, schema_editor):
    credentials = apps.get_model("issuing", "Credential").objects
    lines = apps.get_model("issuing", "BatchRow").objects
    for row in lines.select_related("batch__version", "credential").iterator(chunk_size=500):
        lines.filter(pk=row.pk).update(
            key=row.credential.request_key if row.credential else f"list:{row.batch.version.public_id}:{row.pk}",
            values={**row.values, "line": row.number},
            state="waiting" if row.state == "awarded" else row.state,
        )
        if row.state == "awarded":
            credentials.filter(pk=row.credential_id).update(batch_number=row.number)


def counts(apps, schema_editor):
    credentials = apps.get_model("issuing", "Credential").objects
    lines, chunks = apps.get_model("issuing", "BatchRow").objects, apps.get_model("issuing", "BatchChunk").objects
    for batch in apps.get_model("issuing", "Batch").objects.iterator():
        rows = lines.filter(batch=batch)
        batch.awarded = credentials.filter(batch=batch).count()
        batch.already, batch.failed = (rows.filter(state=state).count() for state in ("already", "failed"))
        batch.release_at = batch.created_at
        # Its messages were written with its awards; what still waits gets its own from the rest of the rows.
        batch.released_at = batch.finished_at
        batch.save()
        if batch.state in ("queued", "running"):
            numbers = sorted(rows.values_list("number", flat=True))
            chunks.create(batch=batch, number=1, first=numbers[0], last=numbers[-1], rows=len(numbers))


class Migration(migrations.Migration):

    dependencies = [('issuing', '0002_many_at_once')]

    operations = [
        migrations.RunPython(digests, migrations.RunPython.noop),
        migrations.RunPython(rows, migrations.RunPython.noop),
        migrations.RunPython(counts, migrations.RunPython.noop),
    ]
