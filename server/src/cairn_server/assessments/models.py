# SPDX-License-Identifier: Apache-2.0
"""Questions, the assessments that draw from them, and what people answered.

A question is changed by writing its next version; an assessment, once published, holds on to the versions
that it may draw and to its own rules. So what somebody was asked stays what they were asked. The database
refuses to change either (a trigger in the second migration).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings  # noqa: TID251 - the name of the user model, which Django keeps there
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import random_id
from cairn_server.organisations.models import Organisation

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person

# A form that is sent at the last second arrives a little later.
GRACE = timedelta(seconds=10)


class QuestionGroup(models.Model):
    """Questions of which one is as good as another: an assessment draws some of a group."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="question_groups")
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="a_group_has_its_own_name")
        ]

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    group = models.ForeignKey(QuestionGroup, on_delete=models.PROTECT, related_name="questions")
    created_at = models.DateTimeField()
    # Not drawn by what is published from now on.
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.public_id

    @property
    def current(self) -> QuestionVersion:
        return self.versions.latest("number")


class QuestionVersion(models.Model):
    """The exact words of a question, and what counts as right. Never shown to whoever is asked: see
    ``services.Shown``, which has no place for an answer."""

    class Kind(models.TextChoices):
        SINGLE = "single", _("One of several")
        MULTIPLE = "multiple", _("All that apply")
        NUMBER = "number", _("A number")
        SHORT = "short", _("A short text")

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    text = models.TextField(help_text="Markdown")
    points = models.PositiveSmallIntegerField(default=1)
    # Of a choice: objects with text and right, in the author's order.
    options = models.JSONField(default=list, blank=True)
    # Of a number: as it was written, so that nothing is rounded on the way through a database.
    value = models.CharField(max_length=40, blank=True, default="")
    tolerance = models.CharField(max_length=40, blank=True, default="")
    # Of a short text: what is right without a person looking; and whether one looks at the rest.
    accepted = models.JSONField(default=list, blank=True)
    by_hand = models.BooleanField(default=False)
    # Why it is so: shown afterwards, if the author wants answers shown.
    explanation = models.TextField(blank=True, default="", help_text="Markdown")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["question", "number"], name="question_version_number_once"),
            models.CheckConstraint(condition=Q(points__gte=1, points__lte=100), name="a_question_has_points"),
            models.CheckConstraint(
                condition=Q(by_hand=False) | Q(kind="short"), name="only_short_texts_are_marked_by_hand"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question_id} v{self.number}"


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def visible_to(self, person: Person) -> AssessmentQuerySet:
        """Those of the organisations this person belongs to; to anyone else they do not exist."""
        return self.filter(organisation__in=Organisation.objects.visible_to(person))


class Assessment(models.Model):
    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="assessments")
    # That of its newest version.
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def published(self) -> AssessmentVersion | None:
        """The newest published version: the one that is taken."""
        return self.versions.filter(state=AssessmentVersion.State.PUBLISHED).order_by("-number").first()

    @property
    def draft(self) -> AssessmentVersion | None:
        return self.versions.filter(state=AssessmentVersion.State.DRAFT).first()


class AssessmentVersion(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")

    class Feedback(models.TextChoices):
        """What people see once they have handed in; until then nobody sees any of it."""

        RESULT = "result", _("The result alone")
        MARKS = "marks", _("The result, and which answers were right")
        ANSWERS_LAST = "answers-last", _("The right answers too, once passed or when no attempt is left")
        ANSWERS = "answers", _("The right answers too, after every attempt")

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    name = models.CharField(max_length=120)
    introduction = models.TextField(blank=True, default="", help_text="Markdown")
    # Objects with group (a public id) and count: so many questions of that group.
    draws = models.JSONField(default=list, blank=True)
    shuffles = models.BooleanField(default=True)
    pass_mark = models.PositiveSmallIntegerField(default=70, help_text="per cent of the points")
    minutes = models.PositiveIntegerField(null=True, blank=True)
    most_attempts = models.PositiveSmallIntegerField(null=True, blank=True)
    wait_hours = models.PositiveIntegerField(default=0)
    feedback = models.CharField(max_length=12, choices=Feedback.choices, default=Feedback.MARKS)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["assessment", "number"], name="assessment_version_number_once"),
            models.UniqueConstraint(
                fields=["assessment"], condition=Q(state="draft"), name="one_draft_per_assessment"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", published_at__isnull=True)
                | Q(state="published", published_at__isnull=False),
                name="a_published_assessment_has_its_date",
            ),
            models.CheckConstraint(condition=Q(pass_mark__lte=100), name="a_pass_mark_is_per_cent"),
            models.CheckConstraint(
                condition=(Q(minutes__isnull=True) | Q(minutes__gte=1))
                & (Q(most_attempts__isnull=True) | Q(most_attempts__gte=1)),
                name="a_limit_leaves_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"

    @property
    def size(self) -> int:
        """How many questions somebody is asked."""
        return sum(draw["count"] for draw in self.draws)

    @property
    def rules(self) -> tuple[int | None, ...]:
        """What is promised to whoever starts: see ``services.promise``."""
        return (self.size, self.pass_mark, self.minutes, self.most_attempts, self.wait_hours)


class PoolEntry(models.Model):
    """A question that a published version may draw, in the words that it had then."""

    version = models.ForeignKey(AssessmentVersion, on_delete=models.PROTECT, related_name="pool")
    # Which of its draws: an index into ``draws``.
    draw = models.PositiveSmallIntegerField()
    question = models.ForeignKey(QuestionVersion, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["draw", "pk"]
        constraints = [models.UniqueConstraint(fields=["version", "question"], name="in_a_pool_once")]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.question_id}"


class Arrangement(models.Model):
    """More time or more attempts for one person, by the address they are known by.

    Whether there is an account with that address is not told to whoever arranges it (B144); the account is
    found when its owner begins, and takes the row along when it is deleted.
    """

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="arrangements")
    email = models.EmailField()
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    extra_time = models.PositiveSmallIntegerField(default=0, help_text="per cent of the time limit")
    extra_attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(fields=["assessment", "email"], name="one_arrangement_an_address"),
            models.CheckConstraint(condition=Q(extra_time__lte=400), name="extra_time_has_an_end"),
        ]

    def __str__(self) -> str:
        return f"{self.assessment_id}: +{self.extra_time} %"


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def of(self, person: Person) -> AttemptQuerySet:
        """One's own: nobody else opens an attempt as its taker."""
        return self.filter(person=person)


class Attempt(models.Model):
    """One person, once. The questions are drawn at the start, from ``seed`` and the pool alone."""

    class State(models.TextChoices):
        OPEN = "open", _("In progress")
        WAITING = "waiting", _("Waits for somebody to mark it")
        DONE = "done", _("Marked")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    # That of ``version``: limits count over all versions.
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="attempts")
    version = models.ForeignKey(AssessmentVersion, on_delete=models.PROTECT, related_name="attempts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    seed = models.CharField(max_length=32)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    started_at = models.DateTimeField()
    # The moment at which it ends by itself, extra time included.
    ends_at = models.DateTimeField(null=True, blank=True)
    handed_in_at = models.DateTimeField(null=True, blank=True)
    # Nobody handed it in: its time was over.
    ran_out = models.BooleanField(default=False)
    points = models.PositiveIntegerField(null=True, blank=True)
    possible = models.PositiveIntegerField()
    passed = models.BooleanField(null=True, blank=True)
    marked_at = models.DateTimeField(null=True, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "person", "number"], name="an_attempt_is_made_once"
            ),
            models.UniqueConstraint(
                fields=["assessment", "person"], condition=Q(state="open"), name="one_open_attempt"
            ),
            models.CheckConstraint(
                condition=Q(state="open", handed_in_at__isnull=True, passed__isnull=True)
                | Q(state="waiting", handed_in_at__isnull=False, passed__isnull=True)
                | Q(
                    state="done",
                    handed_in_at__isnull=False,
                    passed__isnull=False,
                    points__isnull=False,
                    marked_at__isnull=False,
                ),
                name="an_attempt_has_what_its_state_says",
            ),
            models.CheckConstraint(
                condition=Q(points__isnull=True) | Q(points__lte=F("possible")),
                name="no_more_than_all_points",
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], condition=Q(state="open"), name="attempts_that_run_out")]

    def __str__(self) -> str:
        return self.public_id

    def takes_answers(self, at: datetime) -> bool:
        return self.state == self.State.OPEN and (self.ends_at is None or at <= self.ends_at + GRACE)

    def left(self, at: datetime) -> timedelta | None:
        """How much time there is; None where time does not count."""
        return max(self.ends_at - at, timedelta()) if self.ends_at is not None else None

    def reaches(self, mark: int) -> bool:
        """Whether its points are as many per cent. Whole numbers on both sides: a share that was rounded
        could pass somebody, or fail them."""
        return self.state == self.State.DONE and (self.points or 0) * 100 >= mark * self.possible

    @property
    def percent(self) -> int:
        """Rounded down, so that nobody who failed reads the pass mark."""
        return (self.points or 0) * 100 // self.possible if self.possible else 0


class Answer(models.Model):
    """One question of an attempt, and what was answered to it so far."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="answers")
    position = models.PositiveSmallIntegerField()
    question = models.ForeignKey(QuestionVersion, on_delete=models.PROTECT, related_name="answers")
    # Of a choice: indexes into the author's options. None: nothing chosen yet.
    chosen = models.JSONField(null=True, blank=True)
    text = models.CharField(max_length=500, blank=True, default="")
    saved_at = models.DateTimeField(null=True, blank=True)
    # None until it is marked.
    points = models.PositiveSmallIntegerField(null=True, blank=True)
    # Kept without a name when the account of whoever marked it goes.
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    remark = models.CharField(max_length=1_000, blank=True, default="")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "position"], name="one_answer_a_place"),
            models.UniqueConstraint(fields=["attempt", "question"], name="asked_once_an_attempt"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.position}"
