# SPDX-License-Identifier: Apache-2.0
"""Which version of an assessment was promised. Adding a column that may be empty rebuilds no table, so the
triggers of ``0002_frozen`` stay; what was published before is taken by the rules of the day."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assessments", "0002_frozen"), ("earning", "0004_letters_from_now")]

    operations = [
        migrations.AddField(
            "requirement",
            "assessment_version",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="assessments.assessmentversion",
            ),
        ),
    ]
