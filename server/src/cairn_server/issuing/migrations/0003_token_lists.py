# SPDX-License-Identifier: Apache-2.0

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('issuing', '0002_standing_history'),
    ]

    operations = [
        migrations.AlterField(
            model_name='securedcredential',
            name='format',
            field=models.CharField(choices=[('vc+ld+json', 'Json'), ('vc+jwt', 'Jwt'), ('dc+sd-jwt', 'Sd Jwt')], max_length=10),
        ),
        migrations.AlterField(
            model_name='statuslistversion',
            name='purpose',
            field=models.CharField(choices=[('revocation', 'Revocation'), ('suspension', 'Suspension'), ('token', 'Token')], max_length=10),
        ),
    ]
