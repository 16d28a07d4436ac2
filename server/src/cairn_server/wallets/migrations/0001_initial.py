# SPDX-License-Identifier: Apache-2.0
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HeldCredential',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issuer_id', models.TextField()),
                ('credential_id', models.TextField()),
                ('name', models.TextField()),
                ('format', models.CharField(max_length=10)),
                ('secured', models.BinaryField()),
                ('sha256', models.CharField(max_length=64)),
                ('source', models.CharField(choices=[('here', 'Awarded here'), ('imported', 'Imported')], max_length=8)),
                ('received_at', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='held', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['person', '-received_at'], name='held_by_person')],
                'constraints': [models.UniqueConstraint(fields=('person', 'sha256'), name='held_once')],
            },
        ),
    ]
