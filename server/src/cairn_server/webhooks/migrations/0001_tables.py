# SPDX-License-Identifier: Apache-2.0

import cairn_server.accounts.models
import cairn_server.webhooks.models
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('webhooks', '0001_initial'), ('webhooks', '0002_told_owners')]

    initial = True

    dependencies = [
        ('organisations', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Endpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('url', models.CharField(max_length=2048)),
                ('events', models.JSONField(default=list)),
                ('state', models.CharField(choices=[('active', 'In use'), ('disabled', 'Stopped')], default='active', max_length=8)),
                ('why', models.CharField(blank=True, choices=[('person', 'Somebody here stopped it.'), ('gone', 'It answered that it is gone for good (410).'), ('silent', 'For five days it took no message.'), ('closed', 'The organisation was closed.')], default='', max_length=6)),
                ('salt', models.BinaryField(default=cairn_server.webhooks.models.new_salt)),
                ('earlier_salt', models.BinaryField(null=True)),
                ('earlier_until', models.DateTimeField(null=True)),
                ('cursor', models.PositiveBigIntegerField()),
                ('failures', models.PositiveIntegerField(default=0)),
                ('failing_since', models.DateTimeField(null=True)),
                ('not_before', models.DateTimeField(null=True)),
                ('tell_owners_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='webhook_endpoints', to='organisations.organisation')),
            ],
            options={
                'ordering': ['created_at', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'active'), ('why', '')), models.Q(('state', 'disabled'), models.Q(('why', ''), _negated=True)), _connector='OR'), name='an_endpoint_is_stopped_for_a_reason'), models.CheckConstraint(condition=models.Q(models.Q(('earlier_salt__isnull', True), ('earlier_until__isnull', True)), models.Q(('earlier_salt__isnull', False), ('earlier_until__isnull', False)), _connector='OR'), name='an_earlier_secret_has_an_end'), models.CheckConstraint(condition=models.Q(models.Q(('failing_since__isnull', True), ('failures', 0)), models.Q(('failing_since__isnull', False), ('failures__gt', 0)), _connector='OR'), name='failures_have_a_beginning'), models.CheckConstraint(condition=models.Q(('tell_owners_at__isnull', True), ('state', 'disabled'), _connector='OR'), name='owners_are_told_of_what_is_stopped')],
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.webhooks.models.message_id, editable=False, max_length=26, unique=True)),
                ('number', models.PositiveBigIntegerField(null=True)),
                ('type', models.CharField(max_length=40)),
                ('body', models.TextField()),
                ('state', models.CharField(choices=[('due', 'Waiting'), ('sent', 'Taken'), ('failed', 'Given up')], default='due', max_length=6)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('due_at', models.DateTimeField()),
                ('created_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(null=True)),
                ('answers', models.JSONField(default=list)),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='webhooks.endpoint')),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('state', 'due')), fields=['due_at'], name='webhook_messages_due'), models.Index(condition=models.Q(('state', 'sent')), fields=['sent_at'], name='webhook_messages_taken')],
                'constraints': [models.UniqueConstraint(fields=('endpoint', 'number'), name='an_event_is_one_message'), models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('state', 'sent')), models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at__isnull', True)), _connector='OR'), name='a_message_that_was_taken_has_a_time')],
            },
        ),
    ]
