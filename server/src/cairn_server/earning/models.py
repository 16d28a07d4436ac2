# SPDX-License-Identifier: Apache-2.0
"""What a version takes to be earned, as a tree; and who is on the way to it.

The tree belongs to one version and is frozen with it: a learner who starts is judged by what was promised
then, for as long as it takes. The database holds that line too (triggers in the first migration).

    Plan ─ Requirement (all of │ any of │ n of)
             ├─ Requirement (a course)
             └─ Requirement (n of) ─ …
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import Person, random_id
from cairn_server.achievements.models import Achievement, AchievementVersion
from cairn_server.assessments.models import Assessment, AssessmentVersion
from cairn_server.earning.learning import (  # noqa: F401 - Django finds the tables of an app here
    Attended,
    Course,
    Meeting,
    RoomCode,
    Unit,
    UnitDone,
    UnitFile,
)
from cairn_server.earning.notices import Follower, Notice  # noqa: F401 - likewise
from cairn_server.earning.seats import Grant, Place  # noqa: F401 - likewise
from cairn_server.issuing.models import Credential
from cairn_server.projects.models import Project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cairn_server.organisations.models import Organisation


class Plan(models.Model):
    """How one version is earned. A version without a plan is awarded by people, as ever."""

    class Decision(models.TextChoices):
        RULE = "rule", _("At once, when everything is met")
        PERSON = "person", _("After one of your people has agreed")

    version = models.OneToOneField(
        AchievementVersion, primary_key=True, on_delete=models.CASCADE, related_name="plan"
    )
    decision = models.CharField(max_length=6, choices=Decision.choices, default=Decision.RULE)
    created_at = models.DateTimeField()
    # In whose name the rule awards: who published it. Kept through the deletion of an account.
    published_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="plan_decision_is_known", condition=Q(decision__in=["rule", "person"])
            )
        ]

    def __str__(self) -> str:
        return str(self.version_id)

    @property
    def root(self) -> Requirement | None:
        return self.requirements.filter(parent=None).first()


def _one_of_each() -> Q:
    """Every kind with exactly the columns that say what it asks for."""
    asks_for: dict[str, Q] = {
        "course": Q(course__isnull=False),
        "meeting": Q(meeting__isnull=False),
        "project": Q(project__isnull=False),
        "assessment": Q(assessment__isnull=False),
        "held": Q(held__isnull=False),
        "issuer": ~Q(held_issuer=""),
        "uri": ~Q(held_uri=""),
        "signal": ~Q(signal=""),
        "least": Q(least__isnull=False, least__gte=1),
    }
    nothing = {**{name: ~asked for name, asked in asks_for.items()}, "least": Q(least__isnull=True)}
    # Of somebody else's credential the achievement may be left open: any one of that issuer.
    free = {"uri"}

    def only(kind: str, *columns: str, leaving: Iterable[str] = ()) -> Q:
        told = Q(kind=kind)
        for name, asked in asks_for.items():
            if name not in leaving:
                told &= asked if name in columns else nothing[name]
        return told

    return (
        only("all")
        | only("any")
        | only("some", "least")
        | only("course", "course")
        | only("attendance", "meeting")
        | only("project", "project")
        | only("assessment", "assessment")
        | only("holding", "held")
        | only("holding", "issuer", leaving=free)
        | only("signal", "signal")
    )


class Requirement(models.Model):
    """One node of the tree: a group, or one thing to be done."""

    class Kind(models.TextChoices):
        ALL = "all", _("All of these")
        ANY = "any", _("Any one of these")
        SOME = "some", _("A number of these")
        COURSE = "course", _("A course")
        ATTENDANCE = "attendance", _("Being there")
        PROJECT = "project", _("A project")
        ASSESSMENT = "assessment", _("An assessment")
        HOLDING = "holding", _("Holding another credential")
        SIGNAL = "signal", _("A signal from another system")

    GROUPS = (Kind.ALL, Kind.ANY, Kind.SOME)

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="requirements")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # Of "a number of these": how many.
    least = models.PositiveIntegerField(null=True, blank=True)
    # What the issuer calls it; empty for the name of what it asks for.
    title = models.CharField(max_length=200, blank=True, default="")

    course = models.ForeignKey(Course, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    meeting = models.ForeignKey(Meeting, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    assessment = models.ForeignKey(
        Assessment, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The version whose rules were promised on the day of publishing.
    assessment_version = models.ForeignKey(
        AssessmentVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Holding: one of this installation; or one of anybody, by the issuer's DID and the achievement's id.
    held = models.ForeignKey(
        Achievement, null=True, blank=True, on_delete=models.PROTECT, related_name="asked_for_by"
    )
    held_issuer = models.CharField(max_length=600, blank=True, default="")
    held_uri = models.CharField(max_length=2_000, blank=True, default="")
    # The name by which another system says that it is met.
    signal = models.SlugField(max_length=60, blank=True, default="")

    # What it took on the day of publishing, in words: what it points to may be worded better since.
    promise = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan"], condition=Q(parent__isnull=True), name="one_root_per_plan"
            ),
            models.UniqueConstraint(
                fields=["plan", "signal"], condition=~Q(signal=""), name="a_signal_once_a_plan"
            ),
            models.CheckConstraint(
                name="a_requirement_asks_for_what_its_kind_says", condition=_one_of_each()
            ),
            models.CheckConstraint(
                name="the_root_is_a_group",
                condition=Q(parent__isnull=False) | Q(kind__in=["all", "any", "some"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def visible_to(self, person: Person) -> EnrolmentQuerySet:
        """One's own, and nobody else's."""
        return self.filter(person=person)

    def going(self) -> EnrolmentQuerySet:
        """Those that an award may still come of."""
        return self.filter(left_at=None, credential=None)

    def waiting(self) -> EnrolmentQuerySet:
        """Those that everything is met of, and that a person has to agree to."""
        return self.going().filter(
            met_at__isnull=False, decision="", version__plan__decision=Plan.Decision.PERSON
        )


class Enrolment(models.Model):
    """One person on the way to one achievement, by the version that was offered when they started.

    started ─ met ─┬─ awarded
                   └─ waits for a person ─┬─ approved ─ awarded
                                          └─ declined, with a reason
    """

    class Decision(models.TextChoices):
        APPROVED = "approved", _("Agreed")
        DECLINED = "declined", _("Not yet")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="enrolments")
    achievement = models.ForeignKey(Achievement, on_delete=models.PROTECT, related_name="enrolments")
    version = models.ForeignKey(AchievementVersion, on_delete=models.PROTECT, related_name="enrolments")
    # As it shall stand in the credential.
    name = models.CharField(max_length=200)
    place = models.OneToOneField(
        Place, null=True, blank=True, on_delete=models.PROTECT, related_name="enrolment"
    )
    started_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    met_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=8, choices=Decision.choices, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=1_000, blank=True, default="")
    credential = models.OneToOneField(
        Credential, null=True, blank=True, on_delete=models.PROTECT, related_name="enrolment"
    )

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        constraints = [
            # One a person and achievement: whoever starts again goes on where they were.
            models.UniqueConstraint(fields=["person", "achievement"], name="enrolled_once"),
            models.CheckConstraint(
                name="only_what_is_met_is_awarded",
                condition=Q(credential__isnull=True) | Q(met_at__isnull=False),
            ),
            models.CheckConstraint(
                name="only_what_is_met_is_decided", condition=Q(decision="") | Q(met_at__isnull=False)
            ),
            models.CheckConstraint(
                name="a_decision_has_its_date",
                condition=Q(decision="", decided_at__isnull=True)
                | Q(decision__in=["approved", "declined"], decided_at__isnull=False),
            ),
        ]
        indexes = [
            # What the background work and the queue ask for: met and not awarded, which is never many.
            models.Index(
                fields=["achievement"],
                name="enrolments_met",
                condition=Q(met_at__isnull=False, credential__isnull=True, left_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def organisation(self) -> Organisation:
        return self.achievement.organisation

    @property
    def request_key(self) -> str:
        """The name of its award for issuing: asked for twice, it is the same award."""
        return f"earned:{self.public_id}"


class Signal(models.Model):
    """Another system's word that somebody met a requirement, by the address it knows them under."""

    achievement = models.ForeignKey(Achievement, on_delete=models.PROTECT, related_name="signals")
    name = models.SlugField(max_length=60)
    email = models.EmailField(max_length=254)
    # The other system's own name for this message: sent twice, it is the same message.
    key = models.CharField(max_length=100)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["achievement", "key"], name="a_signal_once_a_key")]
        indexes = [models.Index(fields=["email", "achievement", "name"], name="signals_of_somebody")]

    def __str__(self) -> str:
        return f"{self.name} {self.key}"
