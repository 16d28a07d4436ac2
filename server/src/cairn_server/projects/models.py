# SPDX-License-Identifier: Apache-2.0
"""Projects: what is asked, what people hand in for it, and what reviewers say.

A published version never changes (a trigger in the second migration): whoever began by it is judged by it.
Evidence is in the database, in pieces, so that it is in the backups, on every machine, and gone with its
owner. Two rules are constraints here, below every verb: nobody reviews their own work, and nobody reviews one
hand-in twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings  # noqa: TID251 - the name of the user model, which Django keeps there
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import random_id
from cairn_server.organisations import roles
from cairn_server.organisations.models import Organisation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cairn_server.accounts.models import Person

REVIEWERS = (roles.Role.OWNER, roles.Role.ISSUER, roles.Role.REVIEWER)
PIECE = 512 * 1024  # bytes: what a download holds in memory at once


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, person: Person) -> ProjectQuerySet:
        """Those of the organisations this person belongs to; to anyone else they do not exist."""
        return self.filter(organisation__in=Organisation.objects.visible_to(person))


class Project(models.Model):
    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="projects")
    # That of its newest version.
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def published(self) -> ProjectVersion | None:
        """The newest published version: the one that is begun."""
        return self.versions.filter(state=ProjectVersion.State.PUBLISHED).order_by("-number").first()

    @property
    def draft(self) -> ProjectVersion | None:
        return self.versions.filter(state=ProjectVersion.State.DRAFT).first()


class ProjectVersion(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    name = models.CharField(max_length=120)
    brief = models.TextField(blank=True, default="", help_text="Markdown")
    # Objects with id, name, description, needed (an index) and levels, from low to high: objects with id,
    # name, description, points.
    rubric = models.JSONField(default=list, blank=True)
    reviewers = models.PositiveSmallIntegerField(default=1)
    # How often work may come back; None: as often as it takes.
    most_rounds = models.PositiveSmallIntegerField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="project_version_number_once"),
            models.UniqueConstraint(
                fields=["project"], condition=Q(state="draft"), name="one_draft_per_project"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", published_at__isnull=True)
                | Q(state="published", published_at__isnull=False),
                name="a_published_project_has_its_date",
            ),
            models.CheckConstraint(condition=Q(reviewers__in=[1, 2]), name="one_or_two_reviewers"),
            models.CheckConstraint(
                condition=Q(most_rounds__isnull=True) | Q(most_rounds__gte=1), name="a_round_at_least"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"


class Work(models.Model):
    """What one person does for one project, from the first draft to the last word about it."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        HANDED_IN = "handed-in", _("Waits for review")
        CHANGES = "changes", _("Changes asked for")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Not accepted")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="works")
    version = models.ForeignKey(ProjectVersion, on_delete=models.PROTECT, related_name="works")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="works")
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "person"], name="one_work_a_person"),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(decided_at__isnull=False), name="accepted_has_a_date"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def current(self) -> HandIn:
        """The round that is worked on, or that was handed in last."""
        return self.rounds.latest("number")


class HandInQuerySet(models.QuerySet["HandIn"]):
    def seen_by(self, person: Person) -> HandInQuerySet:
        """What a reviewer may open: handed in, with a seat of theirs, for as long as the role lasts (B138).

        A draft is its author's alone, whoever asks.
        """
        organisations = Organisation.objects.filter(
            memberships__person_id=person.pk, memberships__role__in=REVIEWERS
        )
        return self.filter(
            handed_in_at__isnull=False,
            reviews__reviewer_id=person.pk,
            work__project__organisation__in=organisations,
        ).distinct()


class HandIn(models.Model):
    """One round: a draft until it is handed in, and from then on as it was handed in."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    statement = models.TextField(blank=True, default="", help_text="Markdown")
    created_at = models.DateTimeField()
    handed_in_at = models.DateTimeField(null=True, blank=True)
    # How many reviews it takes: one more when two disagree.
    seats = models.PositiveSmallIntegerField()

    objects = HandInQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["work", "number"], name="a_round_has_a_number")]

    def __str__(self) -> str:
        return f"{self.work_id} round {self.number}"


class StoredFile(models.Model):
    """The bytes of a piece of evidence; rounds that kept it share it."""

    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="files")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256[:12]

    def read(self) -> Iterator[bytes]:
        for piece in self.pieces.order_by("number").values_list("data", flat=True).iterator(chunk_size=1):
            yield bytes(piece)


class FilePiece(models.Model):
    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="a_piece_has_its_place")]

    def __str__(self) -> str:
        return f"{self.file_id}: {self.number}"


class Evidence(models.Model):
    """A file or a link of one round."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    hand_in = models.ForeignKey(HandIn, on_delete=models.CASCADE, related_name="evidence")
    name = models.CharField(max_length=120)
    url = models.CharField(max_length=2_000, blank=True, default="")
    file = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.CASCADE, related_name="evidence"
    )
    media_type = models.CharField(max_length=100, blank=True, default="")
    # Its owner wants the link in the credential, where everybody reads it.
    is_public = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(url="", file__isnull=False) | (~Q(url="") & Q(file__isnull=True)),
                name="a_file_or_a_link",
            ),
            models.CheckConstraint(condition=Q(is_public=False) | ~Q(url=""), name="files_stay_private"),
        ]

    def __str__(self) -> str:
        return self.name


class Review(models.Model):
    """A seat at one round: somebody who judges it, or has."""

    class Kind(models.TextChoices):
        REVIEW = "review", _("Review")
        APPEAL = "appeal", _("Appeal")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    hand_in = models.ForeignKey(HandIn, on_delete=models.CASCADE, related_name="reviews")
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.REVIEW)
    # Whose work it is, once more, so that the database can compare.
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="reviews"
    )
    created_at = models.DateTimeField()
    # The level of each criterion, by its id; and whether every one of them is enough.
    levels = models.JSONField(default=dict, blank=True)
    enough = models.BooleanField(null=True, blank=True)
    feedback = models.TextField(blank=True, default="", help_text="Markdown")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["hand_in", "reviewer"], name="nobody_reviews_twice"),
            models.UniqueConstraint(
                fields=["hand_in"], condition=Q(kind="appeal"), name="one_appeal_is_decided_once"
            ),
            models.CheckConstraint(
                condition=Q(reviewer__isnull=True) | ~Q(reviewer=F("learner")),
                name="nobody_reviews_their_own_work",
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, enough__isnull=True)
                | Q(decided_at__isnull=False, enough__isnull=False),
                name="a_review_has_a_verdict",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.hand_in_id}"


class Appeal(models.Model):
    """A learner asks for another pair of eyes; ``Review`` of kind appeal is the answer."""

    hand_in = models.OneToOneField(HandIn, on_delete=models.CASCADE, related_name="appeal")
    reason = models.TextField()
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"appeal of {self.hand_in_id}"


class Extension(models.Model):
    """A later deadline for one person, by the address they are known by: see ``assessments.Arrangement``."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="extensions")
    email = models.EmailField()
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["email"]
        constraints = [models.UniqueConstraint(fields=["project", "email"], name="one_extension_an_address")]

    def __str__(self) -> str:
        return f"{self.project_id}: {self.due_at}"
