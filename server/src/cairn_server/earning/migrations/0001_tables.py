# SPDX-License-Identifier: Apache-2.0

import cairn_server.accounts.models
import cairn_server.earning.learning
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('earning', '0001_initial')]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('achievements', '0001_tables'),
        ('assessments', '0001_tables'),
        ('issuing', '0001_tables'),
        ('organisations', '0001_tables'),
        ('projects', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Course',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('about', models.TextField(blank=True, default='', max_length=2000)),
                ('language', models.CharField(default='en', help_text='BCP 47 tag of the texts', max_length=35)),
                ('created_at', models.DateTimeField()),
                ('opened_at', models.DateTimeField(blank=True, null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='courses', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('sponsor', models.CharField(blank=True, default='', max_length=120)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('achievement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='achievements.achievement')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Meeting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('about', models.TextField(blank=True, default='', max_length=2000)),
                ('created_at', models.DateTimeField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='meetings', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='plan', serialize=False, to='achievements.achievementversion')),
                ('decision', models.CharField(choices=[('rule', 'At once, when everything is met'), ('person', 'After one of your people has agreed')], default='rule', max_length=6)),
                ('created_at', models.DateTimeField()),
                ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('decision__in', ['rule', 'person'])), name='plan_decision_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Signal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(max_length=60)),
                ('email', models.EmailField(max_length=254)),
                ('key', models.CharField(max_length=100)),
                ('at', models.DateTimeField()),
                ('achievement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signals', to='achievements.achievement')),
            ],
            options={
                'indexes': [models.Index(fields=['email', 'achievement', 'name'], name='signals_of_somebody')],
                'constraints': [models.UniqueConstraint(fields=('achievement', 'key'), name='a_signal_once_a_key')],
            },
        ),
        migrations.CreateModel(
            name='Place',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code_sha256', models.CharField(blank=True, max_length=64, null=True, unique=True)),
                ('email', models.EmailField(blank=True, default='', max_length=254)),
                ('taken_at', models.DateTimeField(blank=True, null=True)),
                ('grant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='places', to='earning.grant')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('email', ''), _negated=True), fields=['email'], name='places_by_address')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('code_sha256__isnull', True), models.Q(('email', ''), _negated=True)), models.Q(('code_sha256__isnull', False), ('email', '')), _connector='OR'), name='a_place_is_by_code_or_by_address'), models.UniqueConstraint(condition=models.Q(('email', ''), _negated=True), fields=('grant', 'email'), name='an_address_once_a_grant')],
            },
        ),
        migrations.CreateModel(
            name='Requirement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('position', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('all', 'All of these'), ('any', 'Any one of these'), ('some', 'A number of these'), ('course', 'A course'), ('attendance', 'Being there'), ('project', 'A project'), ('assessment', 'An assessment'), ('holding', 'Holding another credential'), ('signal', 'A signal from another system')], max_length=10)),
                ('least', models.PositiveIntegerField(blank=True, null=True)),
                ('title', models.CharField(blank=True, default='', max_length=200)),
                ('held_issuer', models.CharField(blank=True, default='', max_length=600)),
                ('held_uri', models.CharField(blank=True, default='', max_length=2000)),
                ('signal', models.SlugField(blank=True, default='', max_length=60)),
                ('promise', models.CharField(blank=True, default='', max_length=500)),
                ('assessment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assessments.assessment')),
                ('course', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='earning.course')),
                ('held', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='asked_for_by', to='achievements.achievement')),
                ('meeting', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='earning.meeting')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='children', to='earning.requirement')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='requirements', to='earning.plan')),
                ('project', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.project')),
            ],
            options={
                'ordering': ['position', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('parent__isnull', True)), fields=('plan',), name='one_root_per_plan'), models.UniqueConstraint(condition=models.Q(('signal', ''), _negated=True), fields=('plan', 'signal'), name='a_signal_once_a_plan'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'all'), models.Q(('course__isnull', False), _negated=True), models.Q(('meeting__isnull', False), _negated=True), models.Q(('project__isnull', False), _negated=True), models.Q(('assessment__isnull', False), _negated=True), models.Q(('held__isnull', False), _negated=True), ('held_issuer', ''), ('held_uri', ''), ('signal', ''), ('least__isnull', True)), models.Q(('kind', 'any'), models.Q(('course__isnull', False), _negated=True), models.Q(('meeting__isnull', False), _negated=True), models.Q(('project__isnull', False), _negated=True), models.Q(('assessment__isnull', False), _negated=True), models.Q(('held__isnull', False), _negated=True), ('held_issuer', ''), ('held_uri', ''), ('signal', ''), ('least__isnull', True)), models.Q(('kind', 'some'), models.Q(('course__isnull', False), _negated=True), models.Q(('meeting__isnull', False), _negated=True), models.Q(('project__isnull', False), _negated=True), models.Q(('assessment__isnull', False), _negated=True), models.Q(('held__isnull', False), _negated=True), ('held_issuer', ''), ('held_uri', ''), ('signal', ''), ('least__gte', 1), ('least__isnull', False)), models.Q(('kind', 'course'), ('course__isnull', False), models.Q(('meeting__isnull', False), _negated=True), models.Q(('project__isnull', False), _negated=True), models.Q(('assessment__isnull', False), _negated=True), models.Q(('held__isnull', False), _negated=True), ('held_issuer', ''), ('held_uri', ''), ('signal', ''), ('least__isnull', True)), models.Q(('kind', 'attendance'), models.Q(('course__isnull', False), _negated=True), ('meeting__isnull', False), models.Q(('project__isnull', False), _negated=True), models.Q(('assessment__isnull', False), _negated=True), models.Q(('held__isnull', False), _negated=True), ('held_issuer', ''), ('held_uri', ''), ('signal', ''), ('least__isnull', True)), models.Q(('kind', 'project'), models.Q(('course__isnull', False), _negated=True), models.Q(('meeting__isnull', False), _negated=True), ('project__isnull', False), models.Q(('assessment__isnull', False), _negated=True), models.Q(('held__isnull', False), _negated=True), ('held_issuer', ''), ('held_uri', ''), ('signal', ''), ('least__isnull', True)), models.Q(('kind', 'assessment'), models.Q(('course__isnull', False), _negated=True), models.Q(('meeting__isnull', False), _negated=True), models.Q(('project__isnull', False), _negated=True), ('assessment__isnull', False), models.Q(('held__isnull', False), _negated=True), ('held_issuer', ''), ('held_uri', ''), ('signal', ''), ('least__isnull', True)), models.Q(('kind', 'holding'), models.Q(('course__isnull', False), _negated=True), models.Q(('meeting__isnull', False), _negated=True), models.Q(('project__isnull', False), _negated=True), models.Q(('assessment__isnull', False), _negated=True), ('held__isnull', False), ('held_issuer', ''), ('held_uri', ''), ('signal', ''), ('least__isnull', True)), models.Q(('kind', 'holding'), models.Q(('course__isnull', False), _negated=True), models.Q(('meeting__isnull', False), _negated=True), models.Q(('project__isnull', False), _negated=True), models.Q(('assessment__isnull', False), _negated=True), models.Q(('held__isnull', False), _negated=True), models.Q(('held_issuer', ''), _negated=True), ('signal', ''), ('least__isnull', True)), models.Q(('kind', 'signal'), models.Q(('course__isnull', False), _negated=True), models.Q(('meeting__isnull', False), _negated=True), models.Q(('project__isnull', False), _negated=True), models.Q(('assessment__isnull', False), _negated=True), models.Q(('held__isnull', False), _negated=True), ('held_issuer', ''), ('held_uri', ''), models.Q(('signal', ''), _negated=True), ('least__isnull', True)), _connector='OR'), name='a_requirement_asks_for_what_its_kind_says'), models.CheckConstraint(condition=models.Q(('parent__isnull', False), ('kind__in', ['all', 'any', 'some']), _connector='OR'), name='the_root_is_a_group')],
            },
        ),
        migrations.CreateModel(
            name='RoomCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=cairn_server.earning.learning.new_code, editable=False, max_length=8, unique=True)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='earning.meeting')),
                ('shown_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='a_room_code_ends_after_it_starts')],
            },
        ),
        migrations.CreateModel(
            name='Unit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('position', models.PositiveIntegerField()),
                ('name', models.CharField(max_length=120)),
                ('text', models.TextField(blank=True, default='', help_text='Markdown', max_length=20000)),
                ('links', models.JSONField(blank=True, default=list)),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='units', to='earning.course')),
            ],
            options={
                'ordering': ['position', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Attended',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attended', to='earning.meeting')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('person', 'meeting'), name='at_a_meeting_once')],
            },
        ),
        migrations.CreateModel(
            name='Enrolment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('started_at', models.DateTimeField()),
                ('left_at', models.DateTimeField(blank=True, null=True)),
                ('met_at', models.DateTimeField(blank=True, null=True)),
                ('decision', models.CharField(blank=True, choices=[('approved', 'Agreed'), ('declined', 'Not yet')], default='', max_length=8)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=1000)),
                ('achievement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='enrolments', to='achievements.achievement')),
                ('credential', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='enrolment', to='issuing.credential')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='enrolments', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='enrolments', to='achievements.achievementversion')),
                ('place', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='enrolment', to='earning.place')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('credential__isnull', True), ('left_at__isnull', True), ('met_at__isnull', False)), fields=['achievement'], name='enrolments_met')],
                'constraints': [models.UniqueConstraint(fields=('person', 'achievement'), name='enrolled_once'), models.CheckConstraint(condition=models.Q(('credential__isnull', True), ('met_at__isnull', False), _connector='OR'), name='only_what_is_met_is_awarded'), models.CheckConstraint(condition=models.Q(('decision', ''), ('met_at__isnull', False), _connector='OR'), name='only_what_is_met_is_decided'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decision', '')), models.Q(('decided_at__isnull', False), ('decision__in', ['approved', 'declined'])), _connector='OR'), name='a_decision_has_its_date')],
            },
        ),
        migrations.CreateModel(
            name='UnitDone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='done', to='earning.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('person', 'unit'), name='a_unit_is_done_once')],
            },
        ),
        migrations.CreateModel(
            name='UnitFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('media_type', models.CharField(max_length=100)),
                ('size', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='earning.unit')),
            ],
        ),
    ]
