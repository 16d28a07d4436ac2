# SPDX-License-Identifier: Apache-2.0

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('issuing', '0006_standing_history'),
        ('organisations', '0004_second_person'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ListFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('request_key', models.CharField(blank=True, max_length=100, null=True)),
                ('name', models.CharField(blank=True, default='', max_length=200)),
                ('size', models.PositiveBigIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('received_at', models.DateTimeField()),
                ('most_rows', models.PositiveIntegerField()),
                ('reading', models.JSONField(blank=True, default=dict)),
                ('starts_itself', models.BooleanField(default=False)),
                ('leaves_out', models.BooleanField(default=False, help_text='start also without the rows with problems')),
                ('state', models.CharField(choices=[('received', 'Received'), ('waiting', 'Waits to be checked'), ('checking', 'Is being checked'), ('checked', 'Checked'), ('unreadable', 'Cannot be read')], default='received', max_length=10)),
                ('token', models.PositiveIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('position', models.PositiveBigIntegerField(default=0)),
                ('lines', models.PositiveIntegerField(default=0)),
                ('good', models.PositiveIntegerField(default=0)),
                ('already', models.PositiveIntegerField(default=0)),
                ('bad', models.PositiveIntegerField(default=0)),
                ('asks_day_first', models.BooleanField(default=False)),
                ('fatal', models.JSONField(blank=True, null=True)),
                ('begun_at', models.DateTimeField(blank=True, null=True)),
                ('checked_at', models.DateTimeField(blank=True, null=True)),
                ('batch', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='list', to='issuing.batch')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='ListPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
                ('file', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='issuing.listfile')),
            ],
        ),
        migrations.CreateModel(
            name='ListProblem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveIntegerField()),
                ('cells', models.JSONField()),
                ('problems', models.JSONField()),
                ('batch', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='problems', to='issuing.batch')),
            ],
            options={
                'ordering': ['line'],
            },
        ),
        migrations.CreateModel(
            name='ColumnChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('header', models.CharField(max_length=100)),
                ('field', models.CharField(blank=True, default='', max_length=40)),
                ('organisation', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='column_choices', to='organisations.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'header'), name='column_chosen_once')],
            },
        ),
        migrations.AddIndex(
            model_name='listfile',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'checking'])), fields=['id'], name='lists_to_check'),
        ),
        migrations.AddConstraint(
            model_name='listfile',
            constraint=models.UniqueConstraint(condition=models.Q(('request_key__isnull', False)), fields=('organisation', 'request_key'), name='list_request_key_once'),
        ),
        migrations.AddConstraint(
            model_name='listpart',
            constraint=models.UniqueConstraint(fields=('file', 'number'), name='list_part_once'),
        ),
        migrations.AddConstraint(
            model_name='listproblem',
            constraint=models.UniqueConstraint(fields=('batch', 'line'), name='list_problem_once'),
        ),
    ]
