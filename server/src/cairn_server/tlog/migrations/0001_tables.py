# SPDX-License-Identifier: Apache-2.0

import cairn_server.tlog.models
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('tlog', '0001_initial'), ('tlog', '0002_fewer_indexes')]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='PendingLeaf',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('salt', models.BinaryField(default=cairn_server.tlog.models.new_salt, max_length=32)),
                ('label', models.CharField(choices=[('issue', 'Issue'), ('revoke', 'Revoke')], max_length=6)),
                ('format', models.CharField(max_length=10)),
                ('issuer_did', models.TextField()),
                ('secured_sha256', models.CharField(max_length=64)),
                ('state', models.CharField(choices=[('pending', 'Pending')], default='pending', max_length=7)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('label', 'revoke')), fields=('secured_sha256',), name='revoked_once'), models.CheckConstraint(condition=models.Q(('format__in', ['vc+ld+json', 'vc+jwt'])), name='leaf_format_is_known')],
            },
        ),
    ]
