# SPDX-License-Identifier: Apache-2.0

import cairn_server.accounts.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('wallets', '0001_initial'), ('wallets', '0002_backpack'), ('wallets', '0003_backpack_filled'), ('wallets', '0004_backpack_addresses')]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='TakenHandle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='ClosedAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('credential_id', models.TextField(unique=True)),
                ('closed_at', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='HeldCredential',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('issuer_id', models.TextField()),
                ('issuer_name', models.TextField(blank=True, default='')),
                ('credential_id', models.TextField()),
                ('achievement_id', models.TextField(blank=True, default='')),
                ('name', models.TextField()),
                ('skills', models.JSONField(blank=True, default=list)),
                ('awarded_at', models.DateTimeField(blank=True, null=True)),
                ('begins_at', models.DateTimeField(blank=True, null=True)),
                ('ends_at', models.DateTimeField(blank=True, null=True)),
                ('words', models.TextField(blank=True, default='')),
                ('format', models.CharField(max_length=40)),
                ('secured', models.BinaryField()),
                ('sha256', models.CharField(max_length=64)),
                ('document', models.JSONField(blank=True, null=True)),
                ('source', models.CharField(choices=[('here', 'Awarded here'), ('imported', 'Imported')], max_length=8)),
                ('arrival', models.CharField(choices=[('post', 'Delivered to your wallet'), ('file', 'A file you chose'), ('link', 'A link you gave'), ('text', 'A text you pasted')], default='post', max_length=4)),
                ('came_from', models.TextField(blank=True, default='')),
                ('received_at', models.DateTimeField()),
                ('verdict', models.CharField(blank=True, default='', max_length=21)),
                ('report', models.JSONField(blank=True, default=dict)),
                ('picture', models.TextField(blank=True, default='')),
                ('checked_at', models.DateTimeField(blank=True, null=True)),
                ('standing', models.CharField(choices=[('active', 'Counts'), ('suspended', 'Suspended'), ('revoked', 'Revoked')], default='active', max_length=9)),
                ('note', models.TextField(blank=True, default='', max_length=5000)),
                ('visibility', models.CharField(choices=[('private', 'Only you'), ('link', 'Whoever has a secret link'), ('public', 'Everybody')], default='private', max_length=7)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='held', to=settings.AUTH_USER_MODEL)),
                ('superseded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='supersedes', to='wallets.heldcredential')),
                ('twin_of', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='twins', to='wallets.heldcredential')),
            ],
            options={
                'indexes': [models.Index(fields=['person', '-received_at'], name='held_by_person'), models.Index(fields=['person', 'credential_id'], name='held_by_credential'), models.Index(condition=models.Q(('superseded_by__isnull', True), ('twin_of__isnull', True)), fields=['person', '-received_at', '-id'], name='held_current'), models.Index(condition=models.Q(('superseded_by__isnull', True), ('twin_of__isnull', True)), fields=['person', 'ends_at', 'standing'], name='held_current_ends'), models.Index(condition=models.Q(('superseded_by__isnull', True), ('twin_of__isnull', True)), fields=['person', 'issuer_id'], name='held_current_issuers')],
                'constraints': [models.UniqueConstraint(fields=('person', 'sha256'), name='held_once'), models.CheckConstraint(condition=models.Q(('visibility__in', ['private', 'link', 'public'])), name='held_visibility_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('checked_at__isnull', True), ('verdict', '')), models.Q(models.Q(('verdict', ''), _negated=True), ('checked_at__isnull', False)), _connector='OR'), name='held_verdict_has_its_date'), models.CheckConstraint(condition=models.Q(models.Q(('superseded_by__isnull', True), models.Q(('superseded_by', models.F('id')), _negated=True), _connector='OR'), models.Q(('twin_of__isnull', True), models.Q(('twin_of', models.F('id')), _negated=True), _connector='OR')), name='held_is_no_copy_of_itself')],
            },
        ),
        migrations.CreateModel(
            name='Look',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=22)),
                ('kind', models.CharField(choices=[('portfolio', 'Portfolio'), ('public', 'Public page'), ('link', 'Secret link'), ('file', 'Download')], max_length=9)),
                ('day', models.DateField()),
                ('count', models.PositiveIntegerField(default=0)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('person', 'subject', 'kind', 'day'), name='looks_once_a_day')],
            },
        ),
        migrations.CreateModel(
            name='Portfolio',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('handle', models.CharField(max_length=30, unique=True)),
                ('handles', models.PositiveSmallIntegerField(default=1)),
                ('name', models.CharField(max_length=120)),
                ('headline', models.CharField(blank=True, default='', max_length=160)),
                ('about', models.TextField(blank=True, default='', help_text='Markdown', max_length=4000)),
                ('is_public', models.BooleanField(default=False)),
                ('in_search_engines', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='portfolio', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='portfolio_has_a_name'), models.CheckConstraint(condition=models.Q(('in_search_engines', False), ('is_public', True), _connector='OR'), name='only_the_public_is_searched')],
            },
        ),
        migrations.CreateModel(
            name='Collection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('description', models.CharField(blank=True, default='', max_length=1000)),
                ('visibility', models.CharField(choices=[('private', 'Only you'), ('link', 'Whoever has a secret link'), ('public', 'Everybody')], default='private', max_length=7)),
                ('created_at', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='collections', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(fields=('person', 'name'), name='collection_name_once'), models.CheckConstraint(condition=models.Q(('visibility__in', ['private', 'link', 'public'])), name='collection_visibility_is_known'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='collection_has_a_name')],
            },
        ),
        migrations.CreateModel(
            name='CollectionPlace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('collection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='places', to='wallets.collection')),
                ('held', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='places', to='wallets.heldcredential')),
            ],
            options={
                'ordering': ['position', 'id'],
                'constraints': [models.UniqueConstraint(fields=('collection', 'held'), name='in_a_collection_once')],
            },
        ),
        migrations.CreateModel(
            name='PortfolioPlace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('collection', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='shown_at', to='wallets.collection')),
                ('held', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='shown_at', to='wallets.heldcredential')),
                ('portfolio', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='places', to='wallets.portfolio')),
            ],
            options={
                'ordering': ['position', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('collection__isnull', True), ('held__isnull', False)), models.Q(('collection__isnull', False), ('held__isnull', True)), _connector='OR'), name='a_place_shows_one_thing'), models.UniqueConstraint(fields=('portfolio', 'held'), name='on_a_portfolio_once'), models.UniqueConstraint(fields=('portfolio', 'collection'), name='collection_on_a_portfolio_once')],
            },
        ),
        migrations.CreateModel(
            name='SecretLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=cairn_server.accounts.models.random_id, editable=False, max_length=22, unique=True)),
                ('name', models.CharField(blank=True, default='', max_length=120)),
                ('token_sha256', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('collection', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='links', to='wallets.collection')),
                ('held', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='links', to='wallets.heldcredential')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at', '-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('collection__isnull', True), ('held__isnull', False)), models.Q(('collection__isnull', False), ('held__isnull', True)), _connector='OR'), name='a_link_opens_one_thing'), models.CheckConstraint(condition=models.Q(('expires_at__isnull', True), ('expires_at__gt', models.F('created_at')), _connector='OR'), name='a_link_ends_after_it_began'), models.CheckConstraint(condition=models.Q(('revoked_at__isnull', True), ('revoked_at__gte', models.F('created_at')), _connector='OR'), name='a_link_is_revoked_after_it_began')],
            },
        ),
        migrations.AddField(
            model_name='Collection',
            name='held',
            field=models.ManyToManyField(related_name='collections', through='wallets.CollectionPlace', to='wallets.heldcredential'),
        ),
    ]
