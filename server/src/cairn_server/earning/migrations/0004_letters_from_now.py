# SPDX-License-Identifier: Apache-2.0
"""What was decided before there were letters about it is not told now: readers begin where journals end."""

from django.db import migrations


def begin_here(apps, schema_editor):
    Head = apps.get_model("journal", "Head")
    Follower = apps.get_model("earning", "Follower")
    Organisation = apps.get_model("organisations", "Organisation")
    here = schema_editor.connection.alias
    ends = dict(Head.objects.using(here).values_list("organisation_id", "number"))
    for organisation in Organisation.objects.using(here).iterator():
        Follower.objects.using(here).get_or_create(
            organisation=organisation, defaults={"cursor": ends.get(organisation.public_id, 0)}
        )


class Migration(migrations.Migration):

    dependencies = [
        ("earning", "0003_letters"),
        ("journal", "0002_append_only"),
        ("organisations", "0001_tables"),
    ]

    operations = [migrations.RunPython(begin_here, migrations.RunPython.noop)]
