# SPDX-License-Identifier: Apache-2.0

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('issuing', '0003_token_lists'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='letterchoice',
            name='a_letter_has_a_known_pace',
        ),
        migrations.AddField(
            model_name='letterchoice',
            name='decisions',
            field=models.CharField(choices=[('now', 'At once'), ('daily', 'Together, once a day'), ('never', 'Never; I look into my wallet')], default='now', max_length=5),
        ),
        migrations.AddField(
            model_name='letterchoice',
            name='duties',
            field=models.CharField(choices=[('now', 'At once'), ('daily', 'Together, once a day'), ('never', 'Never; I look into my wallet')], default='daily', max_length=5),
        ),
        migrations.AlterField(
            model_name='wording',
            name='kind',
            field=models.CharField(choices=[('awarded', 'Awarded'), ('replaced', 'Replaced'), ('renewed', 'Renewed'), ('ending', 'Reminder before the end'), ('accepted', 'Project accepted'), ('changes', 'Changes asked for in a project'), ('result', 'Answers marked'), ('place', 'Place given')], max_length=10),
        ),
        migrations.AddConstraint(
            model_name='letterchoice',
            constraint=models.CheckConstraint(condition=models.Q(('awards__in', ['now', 'daily', 'never']), ('decisions__in', ['now', 'daily', 'never']), ('duties__in', ['now', 'daily', 'never']), ('endings__in', ['now', 'daily', 'never']), ('reminders__in', ['now', 'daily', 'never'])), name='a_letter_has_a_known_pace'),
        ),
    ]
