# SPDX-License-Identifier: Apache-2.0
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organisations", "0004_second_person")]

    operations = [
        migrations.AddField(
            model_name="installation",
            name="watermark_id",
            field=models.CharField(blank=True, default="", max_length=32),
        ),
    ]
