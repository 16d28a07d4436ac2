# SPDX-License-Identifier: Apache-2.0
"""What was decided before there were letters about it is not told now: readers begin where journals end."""

from django.db import migrations


def begin_here(apps, schema_editor):
    Head = apps.get_model("journal", "Head")
    Follower = apps.get_model("earning", "Follower")
    ends = dict(Head.objects.values_list("organisation_id", "number"))
    for organisation in apps.get_model("organisations", "Organisation").objects.iterator():
        Follower.objects.get_or_create(
            organisation=organisation, defaults={"cursor": ends.get(organisation.public_id, 0)}
        )


class Migration(migrations.Migration):

    dependencies = [
        ("earning", "0003_letters"),
        ("journal", "0002_append_only"),
        ("organisations", "0001_tables"),
    ]

    operations = [migrations.RunPython(begin_here, migrations.RunPython.noop)]
