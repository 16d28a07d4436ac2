# SPDX-License-Identifier: Apache-2.0

import cairn_server.accounts.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('projects', '0001_initial')]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('organisations', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('created_at', models.DateTimeField()),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='projects', to='organisations.organisation')),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='ProjectVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published')], default='draft', max_length=9)),
                ('name', models.CharField(max_length=120)),
                ('brief', models.TextField(blank=True, default='', help_text='Markdown')),
                ('rubric', models.JSONField(blank=True, default=list)),
                ('reviewers', models.PositiveSmallIntegerField(default=1)),
                ('most_rounds', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='projects.project')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('project', 'number'), name='project_version_number_once'), models.UniqueConstraint(condition=models.Q(('state', 'draft')), fields=('project',), name='one_draft_per_project'), models.CheckConstraint(condition=models.Q(models.Q(('published_at__isnull', True), ('state', 'draft')), models.Q(('published_at__isnull', False), ('state', 'published')), _connector='OR'), name='a_published_project_has_its_date'), models.CheckConstraint(condition=models.Q(('reviewers__in', [1, 2])), name='one_or_two_reviewers'), models.CheckConstraint(condition=models.Q(('most_rounds__isnull', True), ('most_rounds__gte', 1), _connector='OR'), name='a_round_at_least')],
            },
        ),
        migrations.CreateModel(
            name='Extension',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254)),
                ('due_at', models.DateTimeField()),
                ('created_at', models.DateTimeField()),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='extensions', to='projects.project')),
            ],
            options={
                'ordering': ['email'],
                'constraints': [models.UniqueConstraint(fields=('project', 'email'), name='one_extension_an_address')],
            },
        ),
        migrations.CreateModel(
            name='Work',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('handed-in', 'Waits for review'), ('changes', 'Changes asked for'), ('accepted', 'Accepted'), ('refused', 'Not accepted')], default='draft', max_length=9)),
                ('created_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='works', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='works', to='projects.project')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='works', to='projects.projectversion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('project', 'person'), name='one_work_a_person'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'accepted'), _negated=True), ('decided_at__isnull', False), _connector='OR'), name='accepted_has_a_date')],
            },
        ),
        migrations.CreateModel(
            name='HandIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('number', models.PositiveSmallIntegerField()),
                ('statement', models.TextField(blank=True, default='', help_text='Markdown')),
                ('created_at', models.DateTimeField()),
                ('handed_in_at', models.DateTimeField(blank=True, null=True)),
                ('seats', models.PositiveSmallIntegerField()),
                ('work', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rounds', to='projects.work')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('work', 'number'), name='a_round_has_a_number')],
            },
        ),
        migrations.CreateModel(
            name='StoredFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField()),
                ('work', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='projects.work')),
            ],
        ),
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('hand_in', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='appeal', to='projects.handin')),
            ],
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('kind', models.CharField(choices=[('review', 'Review'), ('appeal', 'Appeal')], default='review', max_length=6)),
                ('created_at', models.DateTimeField()),
                ('levels', models.JSONField(blank=True, default=dict)),
                ('enough', models.BooleanField(blank=True, null=True)),
                ('feedback', models.TextField(blank=True, default='', help_text='Markdown')),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('hand_in', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reviews', to='projects.handin')),
                ('learner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reviewer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='reviews', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('hand_in', 'reviewer'), name='nobody_reviews_twice'), models.UniqueConstraint(condition=models.Q(('kind', 'appeal')), fields=('hand_in',), name='one_appeal_is_decided_once'), models.CheckConstraint(condition=models.Q(('reviewer__isnull', True), models.Q(('reviewer', models.F('learner')), _negated=True), _connector='OR'), name='nobody_reviews_their_own_work'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('enough__isnull', True)), models.Q(('decided_at__isnull', False), ('enough__isnull', False)), _connector='OR'), name='a_review_has_a_verdict')],
            },
        ),
        migrations.CreateModel(
            name='FilePiece',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('data', models.BinaryField()),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pieces', to='projects.storedfile')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('file', 'number'), name='a_piece_has_its_place')],
            },
        ),
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('url', models.CharField(blank=True, default='', max_length=2000)),
                ('media_type', models.CharField(blank=True, default='', max_length=100)),
                ('is_public', models.BooleanField(default=False)),
                ('hand_in', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='evidence', to='projects.handin')),
                ('file', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='evidence', to='projects.storedfile')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('file__isnull', False), ('url', '')), models.Q(models.Q(('url', ''), _negated=True), ('file__isnull', True)), _connector='OR'), name='a_file_or_a_link'), models.CheckConstraint(condition=models.Q(('is_public', False), models.Q(('url', ''), _negated=True), _connector='OR'), name='files_stay_private')],
            },
        ),
    ]
