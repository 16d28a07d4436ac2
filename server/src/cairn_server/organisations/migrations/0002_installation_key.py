# SPDX-License-Identifier: Apache-2.0

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organisations", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="InstallationKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("fragment", models.CharField(max_length=100, unique=True)),
                ("algorithm", models.CharField(max_length=16)),
                ("multikey", models.CharField(max_length=1000, unique=True)),
                ("sealed", models.BinaryField()),
                ("wrapped", models.BinaryField()),
                ("kek_id", models.CharField(max_length=16)),
                ("created_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={"ordering": ["pk"]},
        ),
    ]
