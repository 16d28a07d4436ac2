# SPDX-License-Identifier: Apache-2.0

import cairn_server.accounts.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('portability', '0001_client'),
        ('wallets', '0003_arrival_from_a_site'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        migrations.swappable_dependency(settings.OAUTH2_PROVIDER_APPLICATION_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Host',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('base', models.CharField(max_length=500, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('authorization_url', models.CharField(max_length=2048)),
                ('token_url', models.CharField(max_length=2048)),
                ('revocation_url', models.CharField(blank=True, default='', max_length=2048)),
                ('registration_url', models.CharField(max_length=2048)),
                ('client_id', models.CharField(max_length=500)),
                ('client_secret', models.BinaryField()),
                ('registered_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('scope', models.TextField()),
                ('reads', models.CharField(choices=[('nothing', 'None'), ('public', 'Only what everybody may see'), ('collection', 'Only one collection'), ('all', 'Everything in your wallet')], default='nothing', max_length=10)),
                ('given_at', models.DateTimeField()),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consents', to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL)),
                ('collection', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='wallets.collection')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consents', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-given_at', '-id'],
                'constraints': [models.UniqueConstraint(fields=('person', 'client'), name='one_consent_for_a_site'), models.CheckConstraint(condition=models.Q(('collection__isnull', True), ('reads', 'collection'), _connector='OR'), name='a_collection_is_read_alone')],
            },
        ),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('created_at', models.DateTimeField()),
                ('state_sha256', models.CharField(blank=True, default='', max_length=64)),
                ('code_verifier', models.BinaryField(blank=True, null=True)),
                ('asked_until', models.DateTimeField(blank=True, null=True)),
                ('connected_at', models.DateTimeField(blank=True, null=True)),
                ('scope', models.TextField(blank=True, default='')),
                ('access_token', models.BinaryField(blank=True, null=True)),
                ('refresh_token', models.BinaryField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('busy_until', models.DateTimeField(blank=True, null=True)),
                ('fetched', models.PositiveIntegerField(default=0)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='connections', to=settings.AUTH_USER_MODEL)),
                ('host', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='connections', to='portability.host')),
            ],
            options={
                'ordering': ['-created_at', '-id'],
                'constraints': [models.UniqueConstraint(fields=('person', 'host'), name='one_connection_to_a_host'), models.CheckConstraint(condition=models.Q(models.Q(('access_token', None), ('connected_at', None), ('expires_at', None), ('refresh_token', None)), models.Q(('access_token__isnull', False), ('connected_at__isnull', False), ('expires_at__isnull', False)), _connector='OR'), name='a_connection_has_a_token'), models.CheckConstraint(condition=models.Q(models.Q(('asked_until', None), ('code_verifier', None), ('state_sha256', '')), models.Q(models.Q(('state_sha256', ''), _negated=True), ('asked_until__isnull', False), ('code_verifier__isnull', False)), _connector='OR'), name='an_answer_is_awaited_as_a_whole')],
            },
        ),
    ]
