# SPDX-License-Identifier: Apache-2.0

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('presenting', '0001_tables'),
    ]

    operations = [
        migrations.AddField(
            model_name='presentation',
            name='held_ids',
            field=models.JSONField(default=list),
        ),
    ]
