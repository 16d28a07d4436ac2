# SPDX-License-Identifier: Apache-2.0

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wallets', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='look',
            name='looks_once_a_day',
        ),
        migrations.AddField(
            model_name='look',
            name='who',
            field=models.CharField(blank=True, default='', max_length=255),
        ),
        migrations.AlterField(
            model_name='look',
            name='kind',
            field=models.CharField(choices=[('portfolio', 'Portfolio'), ('public', 'Public page'), ('link', 'Secret link'), ('file', 'Download'), ('page', 'Its own page'), ('verify', 'Checked for genuineness'), ('shown', 'Shown by you'), ('wallet', 'Put into a wallet app')], max_length=9),
        ),
        migrations.AddConstraint(
            model_name='look',
            constraint=models.UniqueConstraint(fields=('person', 'subject', 'kind', 'day', 'who'), name='looks_once_a_day'),
        ),
        migrations.AddConstraint(
            model_name='look',
            constraint=models.CheckConstraint(condition=models.Q(('who', ''), ('kind', 'shown'), _connector='OR'), name='only_own_readers_are_named'),
        ),
    ]
