# SPDX-License-Identifier: Apache-2.0

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('earning', '0002_frozen'),
        ('organisations', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Follower',
            fields=[
                ('organisation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='organisations.organisation')),
                ('cursor', models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('accepted', 'Project accepted'), ('changes', 'Changes asked for'), ('refused', 'Project not accepted'), ('appeal-yes', 'Accepted on appeal'), ('appeal-no', 'Appeal not accepted'), ('result', 'Answers marked'), ('agreed', 'Approved'), ('declined', 'Not approved yet'), ('place', 'Place given'), ('duties', 'Waiting for a decision')], max_length=10)),
                ('number', models.PositiveBigIntegerField(blank=True, null=True)),
                ('to', models.EmailField(max_length=254)),
                ('language', models.CharField(blank=True, default='', max_length=35)),
                ('words', models.JSONField()),
                ('path', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('due', 'Waiting'), ('sent', 'Sent'), ('failed', 'Failed')], default='due', max_length=6)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('due_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('problem', models.CharField(blank=True, default='', max_length=500)),
                ('token', models.CharField(blank=True, default='', max_length=22)),
                ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='organisations.organisation')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'due')), fields=['due_at'], name='notices_due'), models.Index(condition=models.Q(('token', ''), _negated=True), fields=['token'], name='notices_by_token')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('number__isnull', False)), fields=('organisation', 'number', 'to'), name='an_entry_is_told_once'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'duties'), ('number__isnull', True), ('organisation__isnull', True)), models.Q(models.Q(('kind', 'duties'), _negated=True), ('number__isnull', False), ('organisation__isnull', False)), _connector='OR'), name='only_duties_are_nobodys')],
            },
        ),
    ]
