# SPDX-License-Identifier: Apache-2.0
"""What is offered in the place of an archived achievement."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("achievements", "0002_frozen")]

    operations = [
        migrations.AddField(
            model_name="achievement",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaces",
                to="achievements.achievement",
            ),
        ),
        migrations.AddConstraint(
            model_name="achievement",
            constraint=models.CheckConstraint(
                condition=models.Q(replaced_by__isnull=True)
                | (models.Q(archived_at__isnull=False) & ~models.Q(replaced_by=models.F("id"))),
                name="only_the_archived_is_replaced",
            ),
        ),
    ]
