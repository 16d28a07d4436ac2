# SPDX-License-Identifier: Apache-2.0
import django.db.models.deletion
import cairn_server.accounts.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('achievements', '0002_frozen'),
        ('issuing', '0001_initial'),
        ('organisations', '0002_installation_key'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='batchrow',
            name='awarded_row_has_its_credential',
        ),
        migrations.CreateModel(
            name='BatchChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('first', models.PositiveIntegerField()),
                ('last', models.PositiveIntegerField()),
                ('rows', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('planned', 'Planned'), ('intended', 'Intended'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='waiting', max_length=9)),
                ('worker', models.CharField(blank=True, default='', max_length=100)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('token', models.PositiveIntegerField(default=0)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('first_index_number', models.PositiveIntegerField(blank=True, null=True)),
                ('seed', models.BinaryField(blank=True, max_length=32, null=True)),
                ('at', models.DateTimeField(blank=True, null=True)),
                ('key', models.CharField(blank=True, default='', max_length=100)),
                ('intent_sha256', models.CharField(blank=True, default='', max_length=64)),
                ('awarded', models.PositiveIntegerField(default=0)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('released_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['batch', 'number'],
            },
        ),
        migrations.CreateModel(
            name='Dictionary',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content', models.BinaryField()),
                ('sha256', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'dictionaries',
            },
        ),
        migrations.AddField(
            model_name='batch',
            name='already',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='batch',
            name='approved_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='approved_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='batch',
            name='awarded',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='batch',
            name='begun_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='cancelled',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='batch',
            name='failed',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='batch',
            name='kind',
            field=models.CharField(choices=[('award', 'Awards'), ('reissue', 'Re-issue')], default='award', max_length=7),
        ),
        migrations.AddField(
            model_name='batch',
            name='list_sha256',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='batch',
            name='mapping',
            field=models.JSONField(blank=True, default=dict, help_text='our field → their column'),
        ),
        migrations.AddField(
            model_name='batch',
            name='mended',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='batch',
            name='release_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='released_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='source_name',
            field=models.CharField(blank=True, default='', help_text='the file, as named', max_length=200),
        ),
        migrations.AddField(
            model_name='batchrow',
            name='key',
            field=models.CharField(default='', max_length=100),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='credential',
            name='batch_number',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='credential',
            name='language',
            field=models.CharField(blank=True, default='', max_length=35),
        ),
        migrations.AddField(
            model_name='credential',
            name='more',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='securedcredential',
            name='digest',
            field=models.BinaryField(default=b'', max_length=32),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name='batch',
            name='state',
            field=models.CharField(choices=[('received', 'Received'), ('checked', 'Checked'), ('awaiting-approval', 'Waits for a second person'), ('queued', 'Queued'), ('running', 'Running'), ('paused', 'Paused'), ('done', 'Done'), ('problems', 'Done with errors'), ('cancelled', 'Cancelled')], default='queued', max_length=17),
        ),
        migrations.AlterField(
            model_name='batch',
            name='total',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='batchrow',
            name='batch',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='issuing.batch'),
        ),
        migrations.AlterField(
            model_name='batchrow',
            name='number',
            field=models.PositiveIntegerField(),
        ),
        migrations.AlterField(
            model_name='batchrow',
            name='state',
            field=models.CharField(choices=[('waiting', 'Waiting'), ('awarded', 'Awarded'), ('already', 'Already awarded before'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('mended', 'Mended')], default='waiting', max_length=9),
        ),
        migrations.AlterField(
            model_name='credential',
            name='batch',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credentials', to='issuing.batch'),
        ),
        migrations.AlterField(
            model_name='credential',
            name='intent_sha256',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AlterField(
            model_name='credential',
            name='issued_by',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='credential',
            name='organisation',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='credentials', to='organisations.organisation'),
        ),
        migrations.AlterField(
            model_name='credential',
            name='public_id',
            field=models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22),
        ),
        migrations.AlterField(
            model_name='credential',
            name='status_list',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='credentials', to='issuing.statuslist'),
        ),
        migrations.AlterField(
            model_name='credential',
            name='version',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='credentials', to='achievements.achievementversion'),
        ),
        migrations.AlterField(
            model_name='securedcredential',
            name='credential',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='secured', to='issuing.credential'),
        ),
        migrations.AddField(
            model_name='batchchunk',
            name='batch',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='issuing.batch'),
        ),
        migrations.AddField(
            model_name='batchchunk',
            name='status_list',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='issuing.statuslist'),
        ),
        migrations.AddField(
            model_name='dictionary',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='dictionaries', to='achievements.achievementversion'),
        ),
        migrations.AddField(
            model_name='securedcredential',
            name='dictionary',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='issuing.dictionary'),
        ),
    ]
