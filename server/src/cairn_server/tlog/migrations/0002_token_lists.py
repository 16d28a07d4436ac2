# SPDX-License-Identifier: Apache-2.0

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tlog', '0001_tables'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='pendingleaf',
            name='leaf_format_is_known',
        ),
        migrations.AddConstraint(
            model_name='pendingleaf',
            constraint=models.CheckConstraint(condition=models.Q(('format__in', ['vc+ld+json', 'vc+jwt', 'dc+sd-jwt'])), name='leaf_format_is_known'),
        ),
    ]
