# SPDX-License-Identifier: Apache-2.0

import cairn_server.accounts.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('presenting', '0001_initial')]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Presentation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('way', models.CharField(choices=[('link', 'A link'), ('sent', 'An answer to a request')], max_length=4)),
                ('reader', models.CharField(blank=True, default='', max_length=255)),
                ('audience', models.CharField(blank=True, default='', max_length=200)),
                ('question', models.CharField(blank=True, default='', max_length=200)),
                ('names', models.JSONField(default=list)),
                ('bound', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('token_sha256', models.CharField(blank=True, max_length=64, null=True, unique=True)),
                ('secured', models.BinaryField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('opened', models.PositiveIntegerField(default=0)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='presentations', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at', '-id'],
                'indexes': [models.Index(fields=['person', '-created_at'], name='presentations_by_person'), models.Index(fields=['expires_at'], name='presentations_by_end')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('expires_at__isnull', False), ('secured__isnull', False), ('token_sha256__isnull', False), ('way', 'link')), models.Q(('expires_at__isnull', True), ('secured__isnull', True), ('token_sha256__isnull', True), ('way', 'sent')), _connector='OR'), name='what_a_link_opens_is_kept_and_ends'), models.CheckConstraint(condition=models.Q(('expires_at__isnull', True), ('expires_at__gt', models.F('created_at')), _connector='OR'), name='a_presentation_ends_after_it_began')],
            },
        ),
        migrations.CreateModel(
            name='PresentationRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('secret_sha256', models.CharField(max_length=64, unique=True)),
                ('asker', models.CharField(max_length=120)),
                ('purpose', models.CharField(max_length=500)),
                ('dcql_query', models.JSONField()),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('declined', models.CharField(blank=True, default='', max_length=60)),
                ('presentations', models.JSONField(blank=True, null=True)),
                ('findings', models.JSONField(blank=True, default=list)),
                ('accepted', models.BooleanField(default=False)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='presentation_requests', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at', '-id'],
                'indexes': [models.Index(fields=['person', '-created_at'], name='requests_by_person'), models.Index(fields=['expires_at'], name='requests_by_end')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('asker', ''), _negated=True), models.Q(('purpose', ''), _negated=True)), name='a_request_has_a_name_and_a_reason'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='a_request_ends_after_it_began'), models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', True), ('declined', ''), ('presentations__isnull', True)), models.Q(('answered_at__isnull', False), ('declined', ''), ('presentations__isnull', False)), models.Q(('answered_at__isnull', False), ('presentations__isnull', True), models.Q(('declined', ''), _negated=True)), _connector='OR'), name='an_answer_shows_or_declines'), models.CheckConstraint(condition=models.Q(('accepted', False), ('presentations__isnull', False), _connector='OR'), name='only_what_was_shown_is_accepted')],
            },
        ),
    ]
