# SPDX-License-Identifier: Apache-2.0
import cairn_server.accounts.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wallets', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ClosedAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('credential_id', models.TextField(unique=True)),
                ('closed_at', models.DateTimeField()),
            ],
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
            ],
            options={
                'ordering': ['name', 'id'],
            },
        ),
        migrations.CreateModel(
            name='CollectionPlace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
            ],
            options={
                'ordering': ['position', 'id'],
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
            ],
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
            ],
        ),
        migrations.CreateModel(
            name='PortfolioPlace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
            ],
            options={
                'ordering': ['position', 'id'],
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
            ],
            options={
                'ordering': ['-created_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='TakenHandle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, unique=True)),
            ],
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='achievement_id',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='arrival',
            field=models.CharField(choices=[('post', 'Delivered to your wallet'), ('file', 'A file you chose'), ('link', 'A link you gave'), ('text', 'A text you pasted')], default='post', max_length=4),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='awarded_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='begins_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='came_from',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='checked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='document',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='ends_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='report',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='issuer_name',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='note',
            field=models.TextField(blank=True, default='', max_length=5000),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='public_id',
            field=models.CharField(default=None, editable=False, max_length=22, null=True),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='skills',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='standing',
            field=models.CharField(choices=[('active', 'Counts'), ('suspended', 'Suspended'), ('revoked', 'Revoked')], default='active', max_length=9),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='superseded_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='supersedes', to='wallets.heldcredential'),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='twin_of',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='twins', to='wallets.heldcredential'),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='verdict',
            field=models.CharField(blank=True, default='', max_length=21),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='visibility',
            field=models.CharField(choices=[('private', 'Only you'), ('link', 'Whoever has a secret link'), ('public', 'Everybody')], default='private', max_length=7),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='words',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='heldcredential',
            name='picture',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AlterField(
            model_name='heldcredential',
            name='format',
            field=models.CharField(max_length=40),
        ),
        migrations.AddIndex(
            model_name='heldcredential',
            index=models.Index(fields=['person', 'credential_id'], name='held_by_credential'),
        ),
        migrations.AddConstraint(
            model_name='heldcredential',
            constraint=models.CheckConstraint(condition=models.Q(('visibility__in', ['private', 'link', 'public'])), name='held_visibility_is_known'),
        ),
        migrations.AddConstraint(
            model_name='heldcredential',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('checked_at__isnull', True), ('verdict', '')), models.Q(models.Q(('verdict', ''), _negated=True), ('checked_at__isnull', False)), _connector='OR'), name='held_verdict_has_its_date'),
        ),
        migrations.AddConstraint(
            model_name='heldcredential',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('superseded_by__isnull', True), models.Q(('superseded_by', models.F('id')), _negated=True), _connector='OR'), models.Q(('twin_of__isnull', True), models.Q(('twin_of', models.F('id')), _negated=True), _connector='OR')), name='held_is_no_copy_of_itself'),
        ),
        migrations.AddField(
            model_name='closedaddress',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='collection',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='collections', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='collectionplace',
            name='collection',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='places', to='wallets.collection'),
        ),
        migrations.AddField(
            model_name='collectionplace',
            name='held',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='places', to='wallets.heldcredential'),
        ),
        migrations.AddField(
            model_name='collection',
            name='held',
            field=models.ManyToManyField(related_name='collections', through='wallets.CollectionPlace', to='wallets.heldcredential'),
        ),
        migrations.AddField(
            model_name='look',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='portfolio',
            name='person',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='portfolio', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='portfolioplace',
            name='collection',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='shown_at', to='wallets.collection'),
        ),
        migrations.AddField(
            model_name='portfolioplace',
            name='held',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='shown_at', to='wallets.heldcredential'),
        ),
        migrations.AddField(
            model_name='portfolioplace',
            name='portfolio',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='places', to='wallets.portfolio'),
        ),
        migrations.AddField(
            model_name='secretlink',
            name='collection',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='links', to='wallets.collection'),
        ),
        migrations.AddField(
            model_name='secretlink',
            name='held',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='links', to='wallets.heldcredential'),
        ),
        migrations.AddField(
            model_name='secretlink',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='collectionplace',
            constraint=models.UniqueConstraint(fields=('collection', 'held'), name='in_a_collection_once'),
        ),
        migrations.AddConstraint(
            model_name='collection',
            constraint=models.UniqueConstraint(fields=('person', 'name'), name='collection_name_once'),
        ),
        migrations.AddConstraint(
            model_name='collection',
            constraint=models.CheckConstraint(condition=models.Q(('visibility__in', ['private', 'link', 'public'])), name='collection_visibility_is_known'),
        ),
        migrations.AddConstraint(
            model_name='collection',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='collection_has_a_name'),
        ),
        migrations.AddConstraint(
            model_name='look',
            constraint=models.UniqueConstraint(fields=('person', 'subject', 'kind', 'day'), name='looks_once_a_day'),
        ),
        migrations.AddConstraint(
            model_name='portfolio',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='portfolio_has_a_name'),
        ),
        migrations.AddConstraint(
            model_name='portfolio',
            constraint=models.CheckConstraint(condition=models.Q(('in_search_engines', False), ('is_public', True), _connector='OR'), name='only_the_public_is_searched'),
        ),
        migrations.AddConstraint(
            model_name='portfolioplace',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('collection__isnull', True), ('held__isnull', False)), models.Q(('collection__isnull', False), ('held__isnull', True)), _connector='OR'), name='a_place_shows_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='portfolioplace',
            constraint=models.UniqueConstraint(fields=('portfolio', 'held'), name='on_a_portfolio_once'),
        ),
        migrations.AddConstraint(
            model_name='portfolioplace',
            constraint=models.UniqueConstraint(fields=('portfolio', 'collection'), name='collection_on_a_portfolio_once'),
        ),
        migrations.AddConstraint(
            model_name='secretlink',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('collection__isnull', True), ('held__isnull', False)), models.Q(('collection__isnull', False), ('held__isnull', True)), _connector='OR'), name='a_link_opens_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='secretlink',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__isnull', True), ('expires_at__gt', models.F('created_at')), _connector='OR'), name='a_link_ends_after_it_began'),
        ),
        migrations.AddConstraint(
            model_name='secretlink',
            constraint=models.CheckConstraint(condition=models.Q(('revoked_at__isnull', True), ('revoked_at__gte', models.F('created_at')), _connector='OR'), name='a_link_is_revoked_after_it_began'),
        ),
        migrations.AddIndex(
            model_name='heldcredential',
            index=models.Index(condition=models.Q(('superseded_by__isnull', True), ('twin_of__isnull', True)), fields=['person', '-received_at', '-id'], name='held_current'),
        ),
        migrations.AddIndex(
            model_name='heldcredential',
            index=models.Index(condition=models.Q(('superseded_by__isnull', True), ('twin_of__isnull', True)), fields=['person', 'ends_at', 'standing'], name='held_current_ends'),
        ),
        migrations.AddIndex(
            model_name='heldcredential',
            index=models.Index(condition=models.Q(('superseded_by__isnull', True), ('twin_of__isnull', True)), fields=['person', 'issuer_id'], name='held_current_issuers'),
        ),
    ]
