# SPDX-License-Identifier: Apache-2.0
"""The tables of a credential's life after its award: how it stood when, what renews it, what was counted.

``Credential.standing`` says how it stands today; ``StandingChange`` says how it stood on any day, and is
never changed (a trigger holds that line: append_only.py). Reasons are free text and may name people, so they
stand once for everything that was done by an act, in ``StandingAct``, where they can be erased.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import Person, random_id
from cairn_server.achievements.models import Achievement, AchievementVersion
from cairn_server.organisations.models import Organisation

REMINDER_DAYS = [90, 30, 7]
# Beyond this many at once, a second person agrees first.
APPROVE_ABOVE = 20


def reminder_days() -> list[int]:
    return list(REMINDER_DAYS)


class Standing(models.TextChoices):
    """How a credential stands. Its end by date is none of these: the dates say that."""

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    REVOKED = "revoked", _("Revoked")


class LifePolicy(models.Model):
    """What one organisation has decided about the life of its credentials; without a row, the usual."""

    organisation = models.OneToOneField(
        Organisation, primary_key=True, on_delete=models.PROTECT, related_name="life_policy"
    )
    approve_above = models.PositiveIntegerField(default=APPROVE_ABOVE)
    # Days before the end of a credential at which its holder is reminded; none at all is a decision too.
    reminder_days = models.JSONField(default=reminder_days)

    class Meta:
        verbose_name_plural = "life policies"

    def __str__(self) -> str:
        return str(self.organisation_id)


class TokenIntent(models.Model):
    """A ``vc+jwt`` that somebody asked for, until it is signed: on record before the key is used.

    The credential itself was signed long before, as a part of a list; this is the same statement once more.
    """

    credential = models.OneToOneField(
        "Credential", primary_key=True, on_delete=models.CASCADE, related_name="token_intent"
    )
    # As ``Credential.intent``: what stands before and after the signature, and what that is over.
    intent = models.JSONField()
    intent_sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"token of {self.credential_id}"


class StandingAct(models.Model):
    """One decision about how credentials stand: about one, or about a hundred thousand."""

    class State(models.TextChoices):
        AWAITING = "awaiting", _("Waiting for approval")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="standing_acts")
    to = models.CharField(max_length=9, choices=Standing.choices)
    # The one column that may be emptied later: somebody's own words, which may name people.
    reason = models.CharField(max_length=500, blank=True, default="")
    # A new credential stands in the place of what is withdrawn here: said kindly, and without alarm.
    replaced = models.BooleanField(default=False)
    # Of a suspension that ends by itself.
    until = models.DateTimeField(null=True, blank=True)
    # Null is the server: the end of a suspension that was given a date.
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    approved_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DONE)
    # Whether the holders get a message.
    tells = models.BooleanField(default=True)
    total = models.PositiveIntegerField(default=1)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="only_suspensions_end_by_themselves",
                condition=Q(until__isnull=True) | Q(to=Standing.SUSPENDED, until__gt=F("at")),
            ),
            # The second person is somebody else.
            models.CheckConstraint(
                name="nobody_approves_their_own_act",
                condition=Q(by__isnull=True) | Q(approved_by__isnull=True) | ~Q(by=F("approved_by")),
            ),
        ]
        indexes = [
            models.Index(fields=["state"], condition=Q(state__in=["awaiting", "running"]), name="acts_open")
        ]

    def __str__(self) -> str:
        return f"{self.to} {self.public_id}"

    def counts(self) -> dict[str, int]:
        """How many credentials are in each state of the act."""
        found = dict(self.changes.order_by().values_list("state").annotate(n=models.Count("id")))
        return {state: found.get(state, 0) for state in StandingChange.State.values}


class StandingChange(models.Model):
    """One credential in one act. Once it is done (``at``), it is never changed and never deleted."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        # It stood like that already, or is revoked for good.
        SKIPPED = "skipped", _("Nothing to change")

    act = models.ForeignKey(StandingAct, on_delete=models.PROTECT, related_name="changes")
    credential = models.ForeignKey(
        "issuing.Credential", on_delete=models.PROTECT, related_name="standing_changes"
    )
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    # When the signed list that says so began to hold.
    at = models.DateTimeField(null=True, blank=True)
    # Leaf and message written; of a large act they follow the lists.
    told = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["act", "credential"], name="changed_once_by_an_act"),
            models.CheckConstraint(
                name="done_has_its_moment", condition=Q(state="waiting") ^ Q(at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["credential", "at"], name="changes_of_a_credential"),
            models.Index(fields=["act"], condition=Q(state="waiting") | Q(told=False), name="changes_to_do"),
        ]

    def __str__(self) -> str:
        return f"{self.act_id} {self.credential_id} {self.state}"


class RenewalRule(models.Model):
    """How credentials of an achievement go on after their end. Without a rule they just end."""

    class Needs(models.TextChoices):
        NOTHING = "nothing", _("Nothing: the holder renews it with one click")
        CREDENTIAL = "credential", _("Another valid credential of yours: then with one click")
        EVIDENCE = "evidence", _("New evidence, which one of you accepts")
        ASSESSMENT = "assessment", _("A new assessment, which one of you confirms")

    achievement = models.OneToOneField(Achievement, on_delete=models.PROTECT, related_name="renewal_rule")
    needs = models.CharField(max_length=10, choices=Needs.choices)
    needed = models.ForeignKey(Achievement, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    opens_days = models.PositiveIntegerField(default=90)
    grace_days = models.PositiveIntegerField(default=30)
    instructions = models.TextField(max_length=2_000, blank=True, default="", help_text="Markdown")
    fee_note = models.CharField(max_length=200, blank=True, default="")
    # None: as the organisation has it.
    reminder_days = models.JSONField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="names_the_credential_that_it_needs",
                condition=Q(needs="credential", needed__isnull=False)
                | (~Q(needs="credential") & Q(needed__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.achievement} {self.needs}"

    @property
    def is_one_click(self) -> bool:
        return self.needs in (self.Needs.NOTHING, self.Needs.CREDENTIAL)


class RenewalRequest(models.Model):
    """A holder asks, with what the rule wants; a person answers."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    credential = models.ForeignKey(
        "issuing.Credential", on_delete=models.PROTECT, related_name="renewal_requests"
    )
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    evidence_url = models.URLField(max_length=2_000, blank=True, default="")
    note = models.TextField(max_length=5_000, blank=True, default="")
    created_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    decided_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["credential"], condition=Q(state="waiting"), name="one_open_request_a_credential"
            )
        ]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.state}"


class Reminder(models.Model):
    """That somebody was told ``days`` before the end, so that nobody is told twice."""

    credential = models.ForeignKey("issuing.Credential", on_delete=models.PROTECT, related_name="reminders")
    days = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["credential", "days"], name="reminded_once")]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.days}"


class Digest(models.Model):
    """What an organisation is told of a day: how many credentials end soon, and what waits for an answer."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="digests")
    day = models.DateField()
    # Numbers and names of achievements; nobody's name.
    details = models.JSONField()
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "day"], name="one_digest_a_day")]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.day}"


class DailyCount(models.Model):
    """How often something happened on a day to the credentials of a version and list: a number, nobody's."""

    class Kind(models.TextChoices):
        CLAIMED = "claimed", _("Claimed")
        SHARED = "shared", _("Shared")
        VERIFIED = "verified", _("Verified")

    version = models.ForeignKey(AchievementVersion, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(
        "issuing.Batch", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    day = models.DateField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "day", "kind"], condition=Q(batch__isnull=True), name="one_count_a_day"
            ),
            models.UniqueConstraint(
                fields=["version", "batch", "day", "kind"],
                condition=Q(batch__isnull=False),
                name="one_count_a_day_and_list",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day} {self.count}"
