# SPDX-License-Identifier: Apache-2.0

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('organisations', '0001_tables'),
    ]

    operations = [
        migrations.AddField(
            model_name='organisation',
            name='certificate_colour',
            field=models.CharField(default='#1f5a78', max_length=7, validators=[django.core.validators.RegexValidator('\\A#[0-9a-f]{6}\\Z', 'Choose a colour.')], verbose_name='colour of certificates'),
        ),
        migrations.AddField(
            model_name='organisation',
            name='certificate_layout',
            field=models.CharField(choices=[('upright', 'Upright: a page to file'), ('landscape', 'Landscape: a page to hang up')], default='upright', max_length=16, verbose_name='layout of certificates'),
        ),
        migrations.AddConstraint(
            model_name='organisation',
            constraint=models.CheckConstraint(condition=models.Q(('certificate_layout__in', ['upright', 'landscape'])), name='a_certificate_has_a_layout_we_know'),
        ),
    ]
