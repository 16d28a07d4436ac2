# SPDX-License-Identifier: Apache-2.0
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('issuing', '0003_many_filled'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='batchrow',
            name='credential',
        ),
        migrations.AddIndex(
            model_name='batch',
            index=models.Index(condition=models.Q(('state__in', ['queued', 'running', 'paused']), ('released_at__isnull', True), _connector='OR'), fields=['id'], name='batches_at_work'),
        ),
        migrations.AddIndex(
            model_name='batch',
            index=models.Index(fields=['organisation', 'list_sha256'], name='batches_by_list'),
        ),
        migrations.AddIndex(
            model_name='batchrow',
            index=models.Index(condition=models.Q(('state', 'failed')), fields=['batch', 'number'], name='rows_with_problems'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(('total__gte', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('awarded'), '+', models.F('already')), '+', models.F('failed')), '+', models.F('mended')), '+', models.F('cancelled')))), name='no_more_outcomes_than_rows'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by__isnull', True), ('approved_at__isnull', False), _connector='OR'), name='approved_has_a_date'),
        ),
        migrations.AddConstraint(
            model_name='batchrow',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'already', 'failed', 'mended'])), name='row_is_touched_only_when_it_comes_to_nothing'),
        ),
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.UniqueConstraint(fields=('public_id',), name='credential_address_once'),
        ),
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.UniqueConstraint(condition=models.Q(('batch__isnull', False)), fields=('batch', 'batch_number'), name='one_for_each_line'),
        ),
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('batch__isnull', True), ('batch_number__isnull', True)), models.Q(('batch__isnull', False), ('batch_number__isnull', False)), _connector='OR'), name='a_line_belongs_to_a_list'),
        ),
        migrations.AddIndex(
            model_name='batchchunk',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'planned', 'intended'])), fields=['lease_until', 'batch', 'number'], name='chunks_at_work'),
        ),
        migrations.AddConstraint(
            model_name='batchchunk',
            constraint=models.UniqueConstraint(fields=('batch', 'number'), name='chunk_number_once'),
        ),
        migrations.AddConstraint(
            model_name='batchchunk',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['planned', 'intended', 'done']), _negated=True), models.Q(('awarded', 0), ('state', 'done')), models.Q(('at__isnull', False), ('first_index_number__isnull', False), ('seed__isnull', False), ('status_list__isnull', False), models.Q(('key', ''), _negated=True)), _connector='OR'), name='planned_chunk_has_its_plan'),
        ),
        migrations.AddConstraint(
            model_name='batchchunk',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['intended', 'done']), _negated=True), models.Q(('awarded', 0), ('state', 'done')), models.Q(('intent_sha256', ''), _negated=True), _connector='OR'), name='nothing_signed_without_an_intent'),
        ),
    ]
