# SPDX-License-Identifier: Apache-2.0
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('organisations', '0003_key_life')]

    operations = [
        migrations.AddField(
            model_name='organisation',
            name='approval_above',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name='a second person approves lists above'),
        ),
        migrations.AddField(
            model_name='organisation',
            name='undo_minutes',
            field=models.PositiveIntegerField(default=10, verbose_name='messages of a list wait'),
        ),
    ]
