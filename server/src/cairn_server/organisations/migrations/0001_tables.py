# SPDX-License-Identifier: Apache-2.0

import cairn_server.accounts.models
import cairn_server.organisations.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('organisations', '0001_initial'), ('organisations', '0002_installation_key'), ('organisations', '0003_key_life'), ('organisations', '0004_second_person'), ('organisations', '0005_watermark')]

    initial = True

    dependencies = [
        # Nothing here needs these. But every step of theirs costs a look at all tables that people are in, and
        # before ours there are few: a first start takes half as long.
        ('auth', '0012_alter_user_first_name_max_length'),
        ('mfa', '0003_authenticator_type_uniq'),
        ('oauth2_provider', '0022_refreshtoken_token_family_index'),
        ('usersessions', '0001_initial'),
        ('accounts', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='InstallationKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fragment', models.CharField(max_length=100, unique=True)),
                ('algorithm', models.CharField(max_length=16)),
                ('multikey', models.CharField(max_length=1000, unique=True)),
                ('sealed', models.BinaryField()),
                ('wrapped', models.BinaryField()),
                ('kek_id', models.CharField(max_length=16)),
                ('created_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Installation',
            fields=[
                ('singleton', models.BooleanField(default=True, primary_key=True, serialize=False)),
                ('public_url', models.URLField()),
                ('created_at', models.DateTimeField()),
                ('recovering', models.BooleanField(default=False)),
                ('watermark_id', models.CharField(blank=True, default='', max_length=32)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('singleton', True)), name='one_installation')],
            },
        ),
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('name_skeleton', models.CharField(editable=False, max_length=480, unique=True)),
                ('description', models.TextField(blank=True, max_length=2000, verbose_name='description')),
                ('url', models.URLField(blank=True, max_length=500, verbose_name='website')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='contact address')),
                ('logo_png', models.BinaryField(blank=True, null=True)),
                ('did', models.CharField(blank=True, max_length=500)),
                ('requires_second_factor', models.BooleanField(default=True, verbose_name='ask a second factor of those who sign')),
                ('approval_above', models.PositiveIntegerField(blank=True, null=True, verbose_name='a second person approves lists above')),
                ('undo_minutes', models.PositiveIntegerField(default=10, verbose_name='messages of a list wait')),
                ('hashes_email', models.BooleanField(default=False, verbose_name='put a salted hash of the e-mail into credentials')),
                ('linkedin_id', models.CharField(blank=True, max_length=20, verbose_name='LinkedIn company number')),
                ('one_person_keys', models.BooleanField(default=False, verbose_name='the only owner decides alone about keys')),
                ('created_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('did', ''), _negated=True), fields=('did',), name='no_two_organisations_share_an_identity')],
            },
        ),
        migrations.CreateModel(
            name='DataKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1)),
                ('wrapped', models.BinaryField()),
                ('kek_id', models.CharField(max_length=16)),
                ('created_at', models.DateTimeField()),
                ('organisation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='data_key', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('token_sha256', models.CharField(max_length=64, unique=True)),
                ('scopes', models.JSONField(default=list)),
                ('created_at', models.DateTimeField()),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='api_tokens', to='organisations.organisation')),
            ],
            options={
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='SigningKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fragment', models.CharField(max_length=100)),
                ('algorithm', models.CharField(max_length=16)),
                ('multikey', models.CharField(max_length=1000, unique=True)),
                ('custody', models.CharField(default='sealed', max_length=8)),
                ('sealed', models.BinaryField()),
                ('state', models.CharField(choices=[('pending', 'Waits for a second person'), ('active', 'Active'), ('retiring', 'Retiring'), ('retired', 'Retired'), ('destroyed', 'Destroyed'), ('compromised', 'Compromised')], default='active', max_length=16)),
                ('created_at', models.DateTimeField()),
                ('activated_at', models.DateTimeField(blank=True, null=True)),
                ('retiring_at', models.DateTimeField(blank=True, null=True)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('destroyed_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('compromised_from', models.DateTimeField(blank=True, null=True)),
                ('held_at', models.DateTimeField(blank=True, null=True)),
                ('reminded_at', models.DateTimeField(blank=True, null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signing_keys', to='organisations.organisation')),
            ],
            options={
                'ordering': ['created_at', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'fragment'), name='a_key_id_never_changes_meaning'), models.UniqueConstraint(condition=models.Q(('state', 'active')), fields=('organisation',), name='one_active_key_per_organisation'), models.UniqueConstraint(condition=models.Q(('state', 'pending')), fields=('organisation',), name='one_pending_key_per_organisation'), models.CheckConstraint(condition=models.Q(models.Q(('activated_at__isnull', True), ('destroyed_at__isnull', True), ('retired_at__isnull', True), ('retiring_at__isnull', True), ('revoked_at__isnull', True), ('state', 'pending')), models.Q(('activated_at__isnull', False), ('destroyed_at__isnull', True), ('retired_at__isnull', True), ('retiring_at__isnull', True), ('revoked_at__isnull', True), ('state', 'active')), models.Q(('activated_at__isnull', False), ('destroyed_at__isnull', True), ('retired_at__isnull', True), ('retiring_at__isnull', False), ('revoked_at__isnull', True), ('state', 'retiring')), models.Q(('destroyed_at__isnull', True), ('retired_at__isnull', False), ('revoked_at__isnull', True), ('state', 'retired')), models.Q(('destroyed_at__isnull', False), ('revoked_at__isnull', True), ('state', 'destroyed')), models.Q(('compromised_from__isnull', False), ('revoked_at__isnull', False), ('state', 'compromised')), _connector='OR'), name='a_key_has_the_dates_of_its_state'), models.CheckConstraint(condition=models.Q(('destroyed_at__isnull', True), ('sealed', b''), _connector='OR'), name='a_destroyed_key_has_no_private_half'), models.CheckConstraint(condition=models.Q(('compromised_from__isnull', True), ('compromised_from__lte', models.F('revoked_at')), _connector='OR'), name='a_key_is_stolen_before_it_is_revoked')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('issuer', 'Issuer'), ('reviewer', 'Reviewer'), ('auditor', 'Auditor')], max_length=16)),
                ('since', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=cairn_server.organisations.models.keep_an_owner, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='organisations.organisation')),
            ],
            options={
                'ordering': ['since', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('organisation', 'person', 'role'), name='a_role_is_held_once'), models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'issuer', 'reviewer', 'auditor'])), name='a_role_is_one_we_know')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('email', models.EmailField(max_length=254)),
                ('roles', models.JSONField()),
                ('token_sha256', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='organisations.organisation')),
            ],
            options={
                'ordering': ['-created_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('accepted_at__isnull', True), ('withdrawn_at__isnull', True), _connector='OR'), name='accepted_or_withdrawn_never_both')],
            },
        ),
        migrations.CreateModel(
            name='KeyChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('kind', models.CharField(choices=[('replace', 'Replace the key'), ('compromise', 'Declare a key compromised')], max_length=10)),
                ('reason', models.CharField(max_length=500)),
                ('compromised_from', models.DateTimeField(blank=True, null=True)),
                ('state', models.CharField(choices=[('proposed', 'Waits for a second person'), ('confirmed', 'Done'), ('withdrawn', 'Withdrawn')], default='proposed', max_length=9)),
                ('proposed_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('alone', models.BooleanField(default=False)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='key_changes', to='organisations.organisation')),
                ('key', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='organisations.signingkey')),
            ],
            options={
                'ordering': ['-proposed_at', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'proposed')), fields=('key',), name='one_open_change_of_a_key'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'confirmed'), _negated=True), ('alone', True), ('proposed_by__isnull', True), ('decided_by__isnull', True), models.Q(('proposed_by', models.F('decided_by')), _negated=True), _connector='OR'), name='two_people_change_a_key'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'proposed')), models.Q(('decided_at__isnull', False), ('state__in', ['confirmed', 'withdrawn'])), _connector='OR'), name='a_decision_has_a_date'), models.CheckConstraint(condition=models.Q(models.Q(('compromised_from__isnull', True), ('kind', 'replace')), models.Q(('compromised_from__isnull', False), ('kind', 'compromise')), _connector='OR'), name='a_theft_has_a_first_moment')],
            },
        ),
    ]
