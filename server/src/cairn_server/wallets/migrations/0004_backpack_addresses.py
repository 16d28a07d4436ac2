# SPDX-License-Identifier: Apache-2.0
import cairn_server.accounts.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wallets', '0003_backpack_filled'),
    ]

    operations = [
        migrations.AlterField(
            model_name='heldcredential',
            name='public_id',
            field=models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True),
        ),
    ]
