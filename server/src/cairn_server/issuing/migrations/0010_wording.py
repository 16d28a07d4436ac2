# SPDX-License-Identifier: Apache-2.0

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('issuing', '0009_returned_mail'),
        ('organisations', '0004_second_person'),
    ]

    operations = [
        migrations.CreateModel(
            name='Wording',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('awarded', 'Awarded'), ('replaced', 'Replaced'), ('renewed', 'Renewed'), ('ending', 'Reminder before the end')], max_length=10)),
                ('language', models.CharField(blank=True, default='', max_length=35)),
                ('subject', models.CharField(blank=True, max_length=150)),
                ('paragraph', models.TextField(blank=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='wordings', to='organisations.organisation')),
            ],
            options={
                'ordering': ['kind', 'language'],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'kind', 'language'), name='one_wording_of_a_kind_in_a_language')],
            },
        ),
    ]
