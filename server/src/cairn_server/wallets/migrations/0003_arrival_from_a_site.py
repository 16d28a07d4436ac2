# SPDX-License-Identifier: Apache-2.0

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wallets', '0002_looks'),
    ]

    operations = [
        migrations.AlterField(
            model_name='heldcredential',
            name='arrival',
            field=models.CharField(choices=[('post', 'Delivered to your wallet'), ('file', 'A file you chose'), ('link', 'A link you gave'), ('text', 'A text you pasted'), ('site', 'A site you connected')], default='post', max_length=4),
        ),
    ]
