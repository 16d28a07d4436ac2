# SPDX-License-Identifier: Apache-2.0

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wallets', '0003_arrival_from_a_site'),
    ]

    operations = [
        migrations.AddField(
            model_name='heldcredential',
            name='copy',
            field=models.BinaryField(blank=True, null=True),
        ),
    ]
