# SPDX-License-Identifier: Apache-2.0
import cairn_server.accounts.models
import cairn_server.issuing.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('achievements', '0002_frozen'),
        ('organisations', '0001_initial'),
        ('tlog', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('problems', 'Done with errors')], default='queued', max_length=8)),
                ('total', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='organisations.organisation')),
                ('started_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='achievements.achievementversion')),
            ],
        ),
        migrations.CreateModel(
            name='StatusList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('address', models.URLField(max_length=500)),
                ('capacity', models.PositiveIntegerField(default=131072)),
                ('next_number', models.PositiveIntegerField(default=0)),
                ('permutation_key', models.BinaryField(default=cairn_server.issuing.models.new_permutation_key, max_length=32)),
                ('revoked', models.BinaryField(default=cairn_server.issuing.models.no_bits)),
                ('suspended', models.BinaryField(default=cairn_server.issuing.models.no_bits)),
                ('version', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('sealed_at', models.DateTimeField(blank=True, null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='status_lists', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Credential',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('request_key', models.CharField(max_length=100)),
                ('recipient_name', models.CharField(max_length=200)),
                ('recipient_email', models.EmailField(max_length=254)),
                ('subject_id', models.CharField(max_length=400)),
                ('evidence_url', models.URLField(blank=True, default='', max_length=2000)),
                ('evidence_name', models.CharField(blank=True, default='', max_length=200)),
                ('evidence_description', models.TextField(blank=True, default='')),
                ('narrative', models.TextField(blank=True, default='', help_text='Markdown, about this one award')),
                ('grade', models.CharField(blank=True, default='', max_length=100)),
                ('awarded_at', models.DateTimeField()),
                ('valid_from', models.DateTimeField()),
                ('valid_until', models.DateTimeField(blank=True, null=True)),
                ('status_index', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('intent', 'Intent'), ('signed', 'Signed')], default='intent', max_length=6)),
                ('intent_sha256', models.CharField(max_length=64)),
                ('standing', models.CharField(choices=[('active', 'Active'), ('suspended', 'Suspended'), ('revoked', 'Revoked')], default='active', max_length=9)),
                ('standing_reason', models.CharField(blank=True, default='', max_length=500)),
                ('standing_at', models.DateTimeField(blank=True, null=True)),
                ('batch', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credentials', to='issuing.batch')),
                ('issued_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credentials', to='organisations.organisation')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credentials', to='achievements.achievementversion')),
                ('status_list', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credentials', to='issuing.statuslist')),
            ],
        ),
        migrations.CreateModel(
            name='StatusListVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('revocation', 'Revocation'), ('suspension', 'Suspension')], max_length=10)),
                ('version', models.PositiveIntegerField()),
                ('secured', models.BinaryField()),
                ('sha256', models.CharField(max_length=64)),
                ('valid_from', models.DateTimeField()),
                ('valid_until', models.DateTimeField()),
                ('list', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='issuing.statuslist')),
            ],
        ),
        migrations.CreateModel(
            name='BatchRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='the line in the list, as people count: the header is 1')),
                ('values', models.JSONField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('awarded', 'Awarded'), ('already', 'Already awarded before'), ('failed', 'Failed')], default='waiting', max_length=7)),
                ('problem', models.CharField(blank=True, default='', max_length=500)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='issuing.batch')),
                ('credential', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='issuing.credential')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('batch', 'number'), name='row_number_once'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['awarded', 'already']), _negated=True), ('credential__isnull', False), _connector='OR'), name='awarded_row_has_its_credential')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('awarded', 'Awarded'), ('revoked', 'Revoked'), ('suspended', 'Suspended'), ('reinstated', 'Reinstated'), ('again', 'Sent again')], max_length=10)),
                ('to', models.EmailField(max_length=254)),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
                ('created_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('due', 'Waiting'), ('sent', 'Sent'), ('failed', 'Failed')], default='due', max_length=6)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('due_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('problem', models.CharField(blank=True, default='', max_length=500)),
                ('credential', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='issuing.credential')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'indexes': [models.Index(fields=['state', 'due_at'], name='deliveries_due')],
            },
        ),
        migrations.CreateModel(
            name='SecuredCredential',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('format', models.CharField(choices=[('vc+ld+json', 'Json'), ('vc+jwt', 'Jwt')], max_length=10)),
                ('secured', models.BinaryField()),
                ('sha256', models.CharField(max_length=64)),
                ('credential', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='secured', to='issuing.credential')),
                ('leaf', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tlog.pendingleaf')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('credential', 'format'), name='one_per_format')],
            },
        ),
        migrations.AddConstraint(
            model_name='statuslist',
            constraint=models.CheckConstraint(condition=models.Q(('next_number__lte', models.F('capacity'))), name='no_number_beyond_capacity'),
        ),
        migrations.AddIndex(
            model_name='credential',
            index=models.Index(fields=['organisation', '-awarded_at'], name='credentials_newest'),
        ),
        migrations.AddIndex(
            model_name='credential',
            index=models.Index(fields=['recipient_email'], name='credentials_by_address'),
        ),
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.UniqueConstraint(fields=('organisation', 'request_key'), name='request_key_once'),
        ),
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.UniqueConstraint(fields=('status_list', 'status_index'), name='status_index_once'),
        ),
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gt', models.F('valid_from')), _connector='OR'), name='valid_for_some_time'),
        ),
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.CheckConstraint(condition=models.Q(('standing', 'active'), models.Q(('standing_at__isnull', False), models.Q(('standing_reason', ''), _negated=True)), _connector='OR'), name='withdrawn_has_a_reason_and_a_date'),
        ),
        migrations.AddConstraint(
            model_name='statuslistversion',
            constraint=models.UniqueConstraint(fields=('list', 'purpose', 'version'), name='status_version_once'),
        ),
    ]
