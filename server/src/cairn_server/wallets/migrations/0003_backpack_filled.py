# SPDX-License-Identifier: Apache-2.0
"""Rows from before get an address, and the columns that lists ask for, out of their own bytes.

Each was verified when it was received, and its bytes have not changed since. A migration of its own, because
PostgreSQL alters no table in the transaction that has just changed its rows.
"""

from django.db import migrations

from cairn_server.accounts.models import random_id


def forwards(apps, schema_editor):
    from cairn import read
    from cairn.errors import CairnError
    from cairn_server.wallets.services import index_of

    held_credential = apps.get_model("wallets", "HeldCredential")
    for held in held_credential.objects.filter(public_id=None):
        held.public_id = random_id()
        try:
            held.document = dict(read(bytes(held.secured)).unverified_document)
            for column, value in index_of(held.document).items():
                setattr(held, column, value)
        except CairnError:
            held.document = None
        held.save()


class Migration(migrations.Migration):
    dependencies = [("wallets", "0002_backpack")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
