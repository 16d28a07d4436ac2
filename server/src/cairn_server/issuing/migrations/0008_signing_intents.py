# SPDX-License-Identifier: Apache-2.0

from django.conf import settings
from django.db import migrations, models


def what_is_signed_is_published(apps, schema_editor):
    apps.get_model("issuing", "StatusList").objects.update(published=models.F("version"))


class Migration(migrations.Migration):

    dependencies = [
        ('achievements', '0002_frozen'),
        ('issuing', '0007_lists'),
        ('organisations', '0004_second_person'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='credential',
            name='intent',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='statuslist',
            name='intent_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='statuslist',
            name='intent_key',
            field=models.CharField(blank=True, default='', max_length=100),
        ),
        migrations.AddField(
            model_name='statuslist',
            name='intent_sha256',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='statuslist',
            name='published',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RunPython(what_is_signed_is_published, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('intent__isnull', False), ('state', 'intent')), models.Q(('intent__isnull', True), ('state', 'signed')), _connector='OR'), name='an_intent_is_kept_until_it_is_signed'),
        ),
        migrations.AddConstraint(
            model_name='statuslist',
            constraint=models.CheckConstraint(condition=models.Q(('published__lte', models.F('version'))), name='nothing_is_published_before_it_is_so'),
        ),
    ]
