# SPDX-License-Identifier: Apache-2.0
import cairn_server.accounts.models
import cairn_server.issuing.life
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("achievements", "0002_frozen"),
        ("issuing", "0004_many_settled"),
        ("organisations", "0002_installation_key"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("claimed", "Claimed"), ("shared", "Shared"), ("verified", "Verified")],
                        max_length=8,
                    ),
                ),
                ("count", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Digest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("details", models.JSONField()),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("due_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("problem", models.CharField(blank=True, default="", max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name="LifePolicy",
            fields=[
                (
                    "organisation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="life_policy",
                        serialize=False,
                        to="organisations.organisation",
                    ),
                ),
                ("approve_above", models.PositiveIntegerField(default=20)),
                ("reminder_days", models.JSONField(default=cairn_server.issuing.life.reminder_days)),
            ],
            options={
                "verbose_name_plural": "life policies",
            },
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("days", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RenewalRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=cairn_server.accounts.models.random_id,
                        editable=False,
                        max_length=22,
                        unique=True,
                    ),
                ),
                ("evidence_url", models.URLField(blank=True, default="", max_length=2000)),
                ("note", models.TextField(blank=True, default="", max_length=5000)),
                ("created_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("approved", "Approved"), ("refused", "Refused")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("answer", models.CharField(blank=True, default="", max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name="RenewalRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "needs",
                    models.CharField(
                        choices=[
                            ("nothing", "Nothing: the holder renews it with one click"),
                            ("credential", "Another valid credential of yours: then with one click"),
                            ("evidence", "New evidence, which one of you accepts"),
                            ("assessment", "A new assessment, which one of you confirms"),
                        ],
                        max_length=10,
                    ),
                ),
                ("opens_days", models.PositiveIntegerField(default=90)),
                ("grace_days", models.PositiveIntegerField(default=30)),
                (
                    "instructions",
                    models.TextField(blank=True, default="", help_text="Markdown", max_length=2000),
                ),
                ("fee_note", models.CharField(blank=True, default="", max_length=200)),
                ("reminder_days", models.JSONField(blank=True, null=True)),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="StandingAct",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=cairn_server.accounts.models.random_id,
                        editable=False,
                        max_length=22,
                        unique=True,
                    ),
                ),
                (
                    "to",
                    models.CharField(
                        choices=[("active", "Active"), ("suspended", "Suspended"), ("revoked", "Revoked")],
                        max_length=9,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("replaced", models.BooleanField(default=False)),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("awaiting", "Waiting for approval"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="done",
                        max_length=9,
                    ),
                ),
                ("tells", models.BooleanField(default=True)),
                ("total", models.PositiveIntegerField(default=1)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="StandingChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("done", "Done"), ("skipped", "Nothing to change")],
                        default="waiting",
                        max_length=7,
                    ),
                ),
                ("at", models.DateTimeField(blank=True, null=True)),
                ("told", models.BooleanField(default=True)),
            ],
        ),
        migrations.AddField(
            model_name="credential",
            name="first",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="copies",
                to="issuing.credential",
            ),
        ),
        migrations.AddField(
            model_name="credential",
            name="replaces",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="successors",
                to="issuing.credential",
            ),
        ),
        migrations.AddField(
            model_name="credential",
            name="suspended_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="kind",
            field=models.CharField(
                choices=[
                    ("awarded", "Awarded"),
                    ("revoked", "Revoked"),
                    ("suspended", "Suspended"),
                    ("reinstated", "Reinstated"),
                    ("again", "Sent again"),
                    ("replaced", "Replaced"),
                    ("renewed", "Renewed"),
                    ("ending", "Reminder before the end"),
                    ("answered", "Answer to a request"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="credential",
            index=models.Index(
                condition=models.Q(
                    ("valid_until__isnull", False), models.Q(("standing", "revoked"), _negated=True)
                ),
                fields=["valid_until"],
                name="credentials_that_end",
            ),
        ),
        migrations.AddIndex(
            model_name="credential",
            index=models.Index(
                condition=models.Q(("suspended_until__isnull", False)),
                fields=["suspended_until"],
                name="suspensions_that_end",
            ),
        ),
        migrations.AddIndex(
            model_name="credential",
            index=models.Index(
                condition=models.Q(("first__isnull", False)), fields=["first"], name="copies_of_a_credential"
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaces__isnull", False)), fields=("replaces",), name="one_successor"
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("suspended_until__isnull", True), ("standing", "suspended"), _connector="OR"
                ),
                name="only_a_suspension_ends_by_itself",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.CheckConstraint(
                condition=models.Q(("first__isnull", True), ("replaces__isnull", False), _connector="OR"),
                name="a_copy_replaces_a_copy",
            ),
        ),
        migrations.AddField(
            model_name="dailycount",
            name="batch",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="issuing.batch",
            ),
        ),
        migrations.AddField(
            model_name="dailycount",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="achievements.achievementversion",
            ),
        ),
        migrations.AddField(
            model_name="digest",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="digests",
                to="organisations.organisation",
            ),
        ),
        migrations.AddField(
            model_name="reminder",
            name="credential",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="reminders", to="issuing.credential"
            ),
        ),
        migrations.AddField(
            model_name="renewalrequest",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="renewalrequest",
            name="credential",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="renewal_requests",
                to="issuing.credential",
            ),
        ),
        migrations.AddField(
            model_name="renewalrequest",
            name="decided_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="renewalrule",
            name="achievement",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="renewal_rule",
                to="achievements.achievement",
            ),
        ),
        migrations.AddField(
            model_name="renewalrule",
            name="needed",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="achievements.achievement",
            ),
        ),
        migrations.AddField(
            model_name="standingact",
            name="approved_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="standingact",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="standingact",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="standing_acts",
                to="organisations.organisation",
            ),
        ),
        migrations.AddField(
            model_name="standingchange",
            name="act",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="changes", to="issuing.standingact"
            ),
        ),
        migrations.AddField(
            model_name="standingchange",
            name="credential",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="standing_changes",
                to="issuing.credential",
            ),
        ),
        migrations.AddConstraint(
            model_name="dailycount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("batch__isnull", True)),
                fields=("version", "day", "kind"),
                name="one_count_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="dailycount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("batch__isnull", False)),
                fields=("version", "batch", "day", "kind"),
                name="one_count_a_day_and_list",
            ),
        ),
        migrations.AddConstraint(
            model_name="digest",
            constraint=models.UniqueConstraint(fields=("organisation", "day"), name="one_digest_a_day"),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(fields=("credential", "days"), name="reminded_once"),
        ),
        migrations.AddConstraint(
            model_name="renewalrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("credential",),
                name="one_open_request_a_credential",
            ),
        ),
        migrations.AddConstraint(
            model_name="renewalrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("needed__isnull", False), ("needs", "credential")),
                    models.Q(models.Q(("needs", "credential"), _negated=True), ("needed__isnull", True)),
                    _connector="OR",
                ),
                name="names_the_credential_that_it_needs",
            ),
        ),
        migrations.AddIndex(
            model_name="standingact",
            index=models.Index(
                condition=models.Q(("state__in", ["awaiting", "running"])), fields=["state"], name="acts_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="standingact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until__isnull", True),
                    models.Q(("to", "suspended"), ("until__gt", models.F("at"))),
                    _connector="OR",
                ),
                name="only_suspensions_end_by_themselves",
            ),
        ),
        migrations.AddConstraint(
            model_name="standingact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("by__isnull", True),
                    ("approved_by__isnull", True),
                    models.Q(("by", models.F("approved_by")), _negated=True),
                    _connector="OR",
                ),
                name="nobody_approves_their_own_act",
            ),
        ),
        migrations.AddIndex(
            model_name="standingchange",
            index=models.Index(fields=["credential", "at"], name="changes_of_a_credential"),
        ),
        migrations.AddIndex(
            model_name="standingchange",
            index=models.Index(
                condition=models.Q(("state", "waiting"), ("told", False), _connector="OR"),
                fields=["act"],
                name="changes_to_do",
            ),
        ),
        migrations.AddConstraint(
            model_name="standingchange",
            constraint=models.UniqueConstraint(fields=("act", "credential"), name="changed_once_by_an_act"),
        ),
        migrations.AddConstraint(
            model_name="standingchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "waiting"), ("at__isnull", False), _connector="XOR"),
                name="done_has_its_moment",
            ),
        ),
    ]
