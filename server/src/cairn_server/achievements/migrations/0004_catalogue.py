# SPDX-License-Identifier: Apache-2.0
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('achievements', '0003_replaced_by'),
        ('organisations', '0005_watermark'),
    ]

    operations = [
        migrations.CreateModel(
            name='LeftCatalogue',
            fields=[
                ('organisation', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='left_catalogue', serialize=False, to='organisations.organisation')),
                ('since', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='CatalogueEntry',
            fields=[
                ('achievement', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='catalogue_entry', serialize=False, to='achievements.achievement')),
                ('is_listed', models.BooleanField(default=True)),
                ('name', models.CharField(max_length=120)),
                ('issuer_name', models.CharField(max_length=120)),
                ('words', models.TextField()),
                ('kind', models.CharField(max_length=40)),
                ('level', models.CharField(blank=True, default='', max_length=1)),
                ('language', models.CharField(max_length=35)),
                ('workload_hours', models.PositiveIntegerField(blank=True, null=True)),
                ('credits', models.DecimalField(blank=True, decimal_places=2, max_digits=6, null=True)),
                ('published_at', models.DateTimeField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='achievements.achievementversion')),
            ],
        ),
        migrations.CreateModel(
            name='CatalogueSkill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=16)),
                ('url', models.TextField()),
                ('name', models.CharField(max_length=300)),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='skills', to='achievements.catalogueentry')),
            ],
        ),
        migrations.AddIndex(
            model_name='catalogueentry',
            index=models.Index(fields=['is_listed', '-published_at', '-achievement'], name='catalogue_newest'),
        ),
        migrations.AddIndex(
            model_name='catalogueentry',
            index=models.Index(fields=['is_listed', 'kind'], name='catalogue_kind'),
        ),
        migrations.AddIndex(
            model_name='catalogueentry',
            index=models.Index(fields=['is_listed', 'level'], name='catalogue_level'),
        ),
        migrations.AddIndex(
            model_name='catalogueentry',
            index=models.Index(fields=['is_listed', 'language'], name='catalogue_language'),
        ),
        migrations.AddIndex(
            model_name='catalogueentry',
            index=models.Index(fields=['is_listed', 'organisation'], name='catalogue_issuer'),
        ),
        migrations.AddIndex(
            model_name='catalogueentry',
            index=models.Index(fields=['is_listed', 'workload_hours'], name='catalogue_workload'),
        ),
        migrations.AddConstraint(
            model_name='catalogueskill',
            constraint=models.UniqueConstraint(fields=('key', 'entry'), name='a_skill_once_an_entry'),
        ),
    ]
