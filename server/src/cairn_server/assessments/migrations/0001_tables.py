# SPDX-License-Identifier: Apache-2.0

import cairn_server.accounts.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('assessments', '0001_initial')]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('organisations', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Assessment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('created_at', models.DateTimeField()),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assessments', to='organisations.organisation')),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='QuestionGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('created_at', models.DateTimeField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='question_groups', to='organisations.organisation')),
            ],
            options={
                'ordering': ['name', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'name'), name='a_group_has_its_own_name')],
            },
        ),
        migrations.CreateModel(
            name='AssessmentVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published')], default='draft', max_length=9)),
                ('name', models.CharField(max_length=120)),
                ('introduction', models.TextField(blank=True, default='', help_text='Markdown')),
                ('draws', models.JSONField(blank=True, default=list)),
                ('shuffles', models.BooleanField(default=True)),
                ('pass_mark', models.PositiveSmallIntegerField(default=70, help_text='per cent of the points')),
                ('minutes', models.PositiveIntegerField(blank=True, null=True)),
                ('most_attempts', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('wait_hours', models.PositiveIntegerField(default=0)),
                ('feedback', models.CharField(choices=[('result', 'The result alone'), ('marks', 'The result, and which answers were right'), ('answers-last', 'The right answers too, once passed or when no attempt is left'), ('answers', 'The right answers too, after every attempt')], default='marks', max_length=12)),
                ('created_at', models.DateTimeField()),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='assessments.assessment')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('assessment', 'number'), name='assessment_version_number_once'), models.UniqueConstraint(condition=models.Q(('state', 'draft')), fields=('assessment',), name='one_draft_per_assessment'), models.CheckConstraint(condition=models.Q(models.Q(('published_at__isnull', True), ('state', 'draft')), models.Q(('published_at__isnull', False), ('state', 'published')), _connector='OR'), name='a_published_assessment_has_its_date'), models.CheckConstraint(condition=models.Q(('pass_mark__lte', 100)), name='a_pass_mark_is_per_cent'), models.CheckConstraint(condition=models.Q(models.Q(('minutes__isnull', True), ('minutes__gte', 1), _connector='OR'), models.Q(('most_attempts__isnull', True), ('most_attempts__gte', 1), _connector='OR')), name='a_limit_leaves_something')],
            },
        ),
        migrations.CreateModel(
            name='Question',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('created_at', models.DateTimeField()),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='questions', to='assessments.questiongroup')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Arrangement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254)),
                ('extra_time', models.PositiveSmallIntegerField(default=0, help_text='per cent of the time limit')),
                ('extra_attempts', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='arrangements', to='assessments.assessment')),
            ],
            options={
                'ordering': ['email'],
                'constraints': [models.UniqueConstraint(fields=('assessment', 'email'), name='one_arrangement_an_address'), models.CheckConstraint(condition=models.Q(('extra_time__lte', 400)), name='extra_time_has_an_end')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('number', models.PositiveSmallIntegerField()),
                ('seed', models.CharField(max_length=32)),
                ('state', models.CharField(choices=[('open', 'In progress'), ('waiting', 'Waits for somebody to mark it'), ('done', 'Marked')], default='open', max_length=7)),
                ('started_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(blank=True, null=True)),
                ('handed_in_at', models.DateTimeField(blank=True, null=True)),
                ('ran_out', models.BooleanField(default=False)),
                ('points', models.PositiveIntegerField(blank=True, null=True)),
                ('possible', models.PositiveIntegerField()),
                ('passed', models.BooleanField(blank=True, null=True)),
                ('marked_at', models.DateTimeField(blank=True, null=True)),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='assessments.assessment')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='assessments.assessmentversion')),
            ],
            options={
                'ordering': ['number'],
                'indexes': [models.Index(condition=models.Q(('state', 'open')), fields=['ends_at'], name='attempts_that_run_out')],
                'constraints': [models.UniqueConstraint(fields=('assessment', 'person', 'number'), name='an_attempt_is_made_once'), models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('assessment', 'person'), name='one_open_attempt'), models.CheckConstraint(condition=models.Q(models.Q(('handed_in_at__isnull', True), ('passed__isnull', True), ('state', 'open')), models.Q(('handed_in_at__isnull', False), ('passed__isnull', True), ('state', 'waiting')), models.Q(('handed_in_at__isnull', False), ('marked_at__isnull', False), ('passed__isnull', False), ('points__isnull', False), ('state', 'done')), _connector='OR'), name='an_attempt_has_what_its_state_says'), models.CheckConstraint(condition=models.Q(('points__isnull', True), ('points__lte', models.F('possible')), _connector='OR'), name='no_more_than_all_points')],
            },
        ),
        migrations.CreateModel(
            name='QuestionVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('single', 'One of several'), ('multiple', 'All that apply'), ('number', 'A number'), ('short', 'A short text')], max_length=8)),
                ('text', models.TextField(help_text='Markdown')),
                ('points', models.PositiveSmallIntegerField(default=1)),
                ('options', models.JSONField(blank=True, default=list)),
                ('value', models.CharField(blank=True, default='', max_length=40)),
                ('tolerance', models.CharField(blank=True, default='', max_length=40)),
                ('accepted', models.JSONField(blank=True, default=list)),
                ('by_hand', models.BooleanField(default=False)),
                ('explanation', models.TextField(blank=True, default='', help_text='Markdown')),
                ('created_at', models.DateTimeField()),
                ('question', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='assessments.question')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('question', 'number'), name='question_version_number_once'), models.CheckConstraint(condition=models.Q(('points__gte', 1), ('points__lte', 100)), name='a_question_has_points'), models.CheckConstraint(condition=models.Q(('by_hand', False), ('kind', 'short'), _connector='OR'), name='only_short_texts_are_marked_by_hand')],
            },
        ),
        migrations.CreateModel(
            name='PoolEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('draw', models.PositiveSmallIntegerField()),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pool', to='assessments.assessmentversion')),
                ('question', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assessments.questionversion')),
            ],
            options={
                'ordering': ['draw', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('version', 'question'), name='in_a_pool_once')],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('chosen', models.JSONField(blank=True, null=True)),
                ('text', models.CharField(blank=True, default='', max_length=500)),
                ('saved_at', models.DateTimeField(blank=True, null=True)),
                ('points', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('remark', models.CharField(blank=True, default='', max_length=1000)),
                ('marked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='assessments.attempt')),
                ('question', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='assessments.questionversion')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('attempt', 'position'), name='one_answer_a_place'), models.UniqueConstraint(fields=('attempt', 'question'), name='asked_once_an_attempt')],
            },
        ),
    ]
