# SPDX-License-Identifier: Apache-2.0

import cairn_server.accounts.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def dates_of_old_keys(apps, schema_editor):
    """Keys were active from the moment they were made, and nobody said since when a stolen one was stolen."""
    keys = apps.get_model("organisations", "SigningKey").objects
    keys.update(activated_at=models.F("created_at"))
    keys.filter(state="revoked").update(state="compromised", compromised_from=models.F("created_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('organisations', '0002_installation_key'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
            ],
            options={
                'ordering': ['-proposed_at', '-pk'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='signingkey',
            name='a_key_that_ended_has_a_date',
        ),
        migrations.AddField(
            model_name='organisation',
            name='one_person_keys',
            field=models.BooleanField(default=False, verbose_name='the only owner decides alone about keys'),
        ),
        migrations.AddField(
            model_name='signingkey',
            name='activated_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='signingkey',
            name='compromised_from',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='signingkey',
            name='custody',
            field=models.CharField(default='sealed', max_length=8),
        ),
        migrations.AddField(
            model_name='signingkey',
            name='destroyed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='signingkey',
            name='held_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='signingkey',
            name='reminded_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='signingkey',
            name='retiring_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(dates_of_old_keys, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='signingkey',
            name='state',
            field=models.CharField(choices=[('pending', 'Waits for a second person'), ('active', 'Active'), ('retiring', 'Retiring'), ('retired', 'Retired'), ('destroyed', 'Destroyed'), ('compromised', 'Compromised')], default='active', max_length=16),
        ),
        migrations.AddConstraint(
            model_name='signingkey',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'pending')), fields=('organisation',), name='one_pending_key_per_organisation'),
        ),
        migrations.AddConstraint(
            model_name='signingkey',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('activated_at__isnull', True), ('destroyed_at__isnull', True), ('retired_at__isnull', True), ('retiring_at__isnull', True), ('revoked_at__isnull', True), ('state', 'pending')), models.Q(('activated_at__isnull', False), ('destroyed_at__isnull', True), ('retired_at__isnull', True), ('retiring_at__isnull', True), ('revoked_at__isnull', True), ('state', 'active')), models.Q(('activated_at__isnull', False), ('destroyed_at__isnull', True), ('retired_at__isnull', True), ('retiring_at__isnull', False), ('revoked_at__isnull', True), ('state', 'retiring')), models.Q(('destroyed_at__isnull', True), ('retired_at__isnull', False), ('revoked_at__isnull', True), ('state', 'retired')), models.Q(('destroyed_at__isnull', False), ('revoked_at__isnull', True), ('state', 'destroyed')), models.Q(('compromised_from__isnull', False), ('revoked_at__isnull', False), ('state', 'compromised')), _connector='OR'), name='a_key_has_the_dates_of_its_state'),
        ),
        migrations.AddConstraint(
            model_name='signingkey',
            constraint=models.CheckConstraint(condition=models.Q(('destroyed_at__isnull', True), ('sealed', b''), _connector='OR'), name='a_destroyed_key_has_no_private_half'),
        ),
        migrations.AddConstraint(
            model_name='signingkey',
            constraint=models.CheckConstraint(condition=models.Q(('compromised_from__isnull', True), ('compromised_from__lte', models.F('revoked_at')), _connector='OR'), name='a_key_is_stolen_before_it_is_revoked'),
        ),
        migrations.AddField(
            model_name='keychange',
            name='decided_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='keychange',
            name='key',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='organisations.signingkey'),
        ),
        migrations.AddField(
            model_name='keychange',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='key_changes', to='organisations.organisation'),
        ),
        migrations.AddField(
            model_name='keychange',
            name='proposed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='keychange',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'proposed')), fields=('key',), name='one_open_change_of_a_key'),
        ),
        migrations.AddConstraint(
            model_name='keychange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'confirmed'), _negated=True), ('alone', True), ('proposed_by__isnull', True), ('decided_by__isnull', True), models.Q(('proposed_by', models.F('decided_by')), _negated=True), _connector='OR'), name='two_people_change_a_key'),
        ),
        migrations.AddConstraint(
            model_name='keychange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'proposed')), models.Q(('decided_at__isnull', False), ('state__in', ['confirmed', 'withdrawn'])), _connector='OR'), name='a_decision_has_a_date'),
        ),
        migrations.AddConstraint(
            model_name='keychange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('compromised_from__isnull', True), ('kind', 'replace')), models.Q(('compromised_from__isnull', False), ('kind', 'compromise')), _connector='OR'), name='a_theft_has_a_first_moment'),
        ),
    ]
