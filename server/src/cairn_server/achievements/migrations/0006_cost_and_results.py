# SPDX-License-Identifier: Apache-2.0

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('achievements', '0005_catalogue_words'),
        ('organisations', '0005_watermark'),
    ]

    operations = [
        migrations.AddField(
            model_name='achievement',
            name='cost',
            field=models.CharField(blank=True, choices=[('', 'Not said'), ('free', 'Free'), ('sponsored', 'Somebody pays for you'), ('paid', 'Paid elsewhere')], default='', max_length=9),
        ),
        migrations.AddField(
            model_name='achievement',
            name='cost_note',
            field=models.CharField(blank=True, default='', max_length=200),
        ),
        migrations.AddField(
            model_name='achievement',
            name='cost_url',
            field=models.CharField(blank=True, default='', max_length=2000),
        ),
        migrations.AddField(
            model_name='achievementversion',
            name='result_descriptions',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='catalogueentry',
            name='cost',
            field=models.CharField(blank=True, max_length=9, null=True),
        ),
        migrations.AddIndex(
            model_name='catalogueentry',
            index=models.Index(fields=['is_listed', 'cost'], name='catalogue_cost'),
        ),
        migrations.AddConstraint(
            model_name='achievement',
            constraint=models.CheckConstraint(condition=models.Q(('cost__in', ['', 'free', 'sponsored', 'paid'])), name='cost_is_known'),
        ),
    ]
