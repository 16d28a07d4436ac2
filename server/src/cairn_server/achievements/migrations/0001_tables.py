# SPDX-License-Identifier: Apache-2.0

import cairn_server.accounts.models
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('achievements', '0001_initial'), ('achievements', '0003_replaced_by'), ('achievements', '0004_catalogue'), ('achievements', '0006_cost_and_results')]

    initial = True

    dependencies = [
        ('organisations', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Achievement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('created_at', models.DateTimeField()),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('cost', models.CharField(blank=True, choices=[('', 'Not said'), ('free', 'Free'), ('sponsored', 'Somebody pays for you'), ('paid', 'Paid elsewhere')], default='', max_length=9)),
                ('cost_note', models.CharField(blank=True, default='', max_length=200)),
                ('cost_url', models.CharField(blank=True, default='', max_length=2000)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='achievements', to='organisations.organisation')),
                ('replaced_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaces', to='achievements.achievement')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('replaced_by__isnull', True), models.Q(('archived_at__isnull', False), models.Q(('replaced_by', models.F('id')), _negated=True)), _connector='OR'), name='only_the_archived_is_replaced'), models.CheckConstraint(condition=models.Q(('cost__in', ['', 'free', 'sponsored', 'paid'])), name='cost_is_known')],
            },
        ),
        migrations.CreateModel(
            name='LeftCatalogue',
            fields=[
                ('organisation', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='left_catalogue', serialize=False, to='organisations.organisation')),
                ('since', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Picture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(help_text='hex digest of the PNG', max_length=64, unique=True)),
                ('png', models.BinaryField()),
                ('svg', models.TextField(blank=True, default='')),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='AchievementVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('number', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published')], default='draft', max_length=9)),
                ('name', models.CharField(max_length=120)),
                ('description', models.TextField(blank=True, default='', max_length=2000)),
                ('criteria', models.TextField(blank=True, default='', help_text='Markdown', max_length=10000)),
                ('achievement_type', models.CharField(default='MicroCredential', max_length=40)),
                ('level', models.CharField(blank=True, default='', max_length=1)),
                ('workload_hours', models.PositiveIntegerField(blank=True, null=True)),
                ('credits', models.DecimalField(blank=True, decimal_places=2, max_digits=6, null=True)),
                ('language', models.CharField(default='en', help_text='BCP 47 tag of the texts', max_length=35)),
                ('validity_days', models.PositiveIntegerField(blank=True, null=True)),
                ('alignments', models.JSONField(blank=True, default=list)),
                ('tags', models.JSONField(blank=True, default=list)),
                ('result_descriptions', models.JSONField(blank=True, null=True)),
                ('design', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField()),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('achievement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='achievements.achievement')),
                ('picture', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='achievements.picture')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('achievement', 'number'), name='version_number_once'), models.UniqueConstraint(condition=models.Q(('state', 'draft')), fields=('achievement',), name='one_draft_per_achievement'), models.CheckConstraint(condition=models.Q(models.Q(('published_at__isnull', True), ('state', 'draft')), models.Q(('picture__isnull', False), ('published_at__isnull', False), ('state', 'published')), _connector='OR'), name='published_has_its_date_and_picture'), models.CheckConstraint(condition=models.Q(('level__in', ['', '1', '2', '3', '4', '5', '6', '7', '8'])), name='level_is_eqf')],
            },
        ),
        migrations.CreateModel(
            name='CatalogueEntry',
            fields=[
                ('achievement', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='catalogue_entry', serialize=False, to='achievements.achievement')),
                ('is_listed', models.BooleanField(default=True)),
                ('name', models.CharField(max_length=120)),
                ('issuer_name', models.CharField(max_length=120)),
                ('words', models.TextField()),
                ('kind', models.CharField(max_length=40)),
                ('level', models.CharField(blank=True, default='', max_length=1)),
                ('language', models.CharField(max_length=35)),
                ('workload_hours', models.PositiveIntegerField(blank=True, null=True)),
                ('credits', models.DecimalField(blank=True, decimal_places=2, max_digits=6, null=True)),
                ('cost', models.CharField(blank=True, max_length=9, null=True)),
                ('published_at', models.DateTimeField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='achievements.achievementversion')),
            ],
            options={
                'indexes': [models.Index(fields=['is_listed', '-published_at', '-achievement'], name='catalogue_newest'), models.Index(fields=['is_listed', 'kind'], name='catalogue_kind'), models.Index(fields=['is_listed', 'level'], name='catalogue_level'), models.Index(fields=['is_listed', 'language'], name='catalogue_language'), models.Index(fields=['is_listed', 'organisation'], name='catalogue_issuer'), models.Index(fields=['is_listed', 'workload_hours'], name='catalogue_workload'), models.Index(fields=['is_listed', 'cost'], name='catalogue_cost')],
            },
        ),
        migrations.CreateModel(
            name='CatalogueSkill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=16)),
                ('url', models.TextField()),
                ('name', models.CharField(max_length=300)),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='skills', to='achievements.catalogueentry')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('key', 'entry'), name='a_skill_once_an_entry')],
            },
        ),
    ]
