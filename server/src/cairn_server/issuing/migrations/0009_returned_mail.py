# SPDX-License-Identifier: Apache-2.0

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('issuing', '0008_signing_intents'),
        ('organisations', '0004_second_person'),
    ]

    operations = [
        migrations.CreateModel(
            name='StoppedAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.EmailField(max_length=254)),
                ('why', models.CharField(choices=[('bounced', 'The address does not exist'), ('complained', 'The reader reported the message as unwanted'), ('unsubscribed', 'The reader wants no reminders')], max_length=12)),
                ('status', models.CharField(blank=True, default='', max_length=12)),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'stopped addresses',
            },
        ),
        migrations.AddField(
            model_name='delivery',
            name='token',
            field=models.CharField(blank=True, default='', max_length=22),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('token', ''), _negated=True), fields=['token'], name='deliveries_by_token'),
        ),
        migrations.AddField(
            model_name='stoppedaddress',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stopped_addresses', to='organisations.organisation'),
        ),
        migrations.AddConstraint(
            model_name='stoppedaddress',
            constraint=models.UniqueConstraint(fields=('organisation', 'address', 'why'), name='an_address_is_stopped_once_for_a_reason'),
        ),
    ]
