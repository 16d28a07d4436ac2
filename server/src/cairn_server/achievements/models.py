# SPDX-License-Identifier: Apache-2.0
"""What can be earned, version by version.

An ``Achievement`` is the lasting idea ("Ceramics, first firing"); an ``AchievementVersion`` is the exact text
that somebody is judged by. Only versions are awarded and addressed (``/a/<public_id>``). A published version
never changes: credentials point at its address, and what an address says must be what it said at the award.
The database holds that line too (a trigger in the first migration), below every code path of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import random_id
from cairn_server.organisations.models import Organisation

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person


class Picture(models.Model):
    """A finished image, addressed by what it is: equal pictures are one row."""

    sha256 = models.CharField(max_length=64, unique=True, help_text="hex digest of the PNG")
    png = models.BinaryField()
    # Our own drawing, from the designer. Empty for uploads: a stranger's SVG is never kept (B112).
    svg = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256[:12]


class AchievementQuerySet(models.QuerySet["Achievement"]):
    def visible_to(self, person: Person) -> AchievementQuerySet:
        """Those of the organisations this person belongs to; to anyone else they do not exist."""
        return self.filter(organisation__in=Organisation.objects.visible_to(person))


class Cost(models.TextChoices):
    """What it costs a learner. Nothing is collected here."""

    NOT_SAID = "", _("Not said")
    FREE = "free", _("Free")
    SPONSORED = "sponsored", _("Somebody pays for you")
    PAID = "paid", _("Paid elsewhere")


class Achievement(models.Model):
    Cost = Cost

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="achievements")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)
    # What is offered instead, once it is archived: its pages lead there.
    replaced_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaces"
    )
    # What it costs today; not of a version, because prices change while what is learned does not.
    cost = models.CharField(max_length=9, choices=Cost.choices, blank=True, default=Cost.NOT_SAID)
    cost_note = models.CharField(max_length=200, blank=True, default="")
    cost_url = models.CharField(max_length=2_000, blank=True, default="")

    objects = AchievementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="only_the_archived_is_replaced",
                condition=Q(replaced_by__isnull=True)
                | (Q(archived_at__isnull=False) & ~Q(replaced_by=models.F("id"))),
            ),
            models.CheckConstraint(name="cost_is_known", condition=Q(cost__in=Cost.values)),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def published(self) -> AchievementVersion | None:
        """The newest published version: the one that is awarded."""
        return self.versions.filter(state=AchievementVersion.State.PUBLISHED).order_by("-number").first()

    @property
    def draft(self) -> AchievementVersion | None:
        return self.versions.filter(state=AchievementVersion.State.DRAFT).first()

    @property
    def current(self) -> AchievementVersion:
        """What a list shows: the published version, or the draft of something never published."""
        newest = self.published or self.draft
        assert newest is not None, "an achievement is created together with its first version"
        return newest


class AchievementVersionQuerySet(models.QuerySet["AchievementVersion"]):
    def visible_to(self, person: Person) -> AchievementVersionQuerySet:
        return self.filter(achievement__in=Achievement.objects.visible_to(person))

    def published(self) -> AchievementVersionQuerySet:
        """Those that anyone may read under /a/<public_id>."""
        return self.filter(state=AchievementVersion.State.PUBLISHED)


class AchievementVersion(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    achievement = models.ForeignKey(Achievement, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)

    name = models.CharField(max_length=120)
    description = models.TextField(max_length=2_000, blank=True, default="")
    criteria = models.TextField(max_length=10_000, blank=True, default="", help_text="Markdown")
    achievement_type = models.CharField(max_length=40, default="MicroCredential")
    # European Qualifications Framework, "1" to "8"; empty when no level is claimed.
    level = models.CharField(max_length=1, blank=True, default="")
    workload_hours = models.PositiveIntegerField(null=True, blank=True)
    credits = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    language = models.CharField(max_length=35, default="en", help_text="BCP 47 tag of the texts")
    validity_days = models.PositiveIntegerField(null=True, blank=True)
    # Objects with target_name, target_url, target_code, target_framework, target_type, target_description.
    alignments = models.JSONField(default=list, blank=True)
    tags = models.JSONField(default=list, blank=True)
    # What results of it mean, where it takes an assessment: objects with key, name, result_type, value_min,
    # value_max, required_value. Written when it is published, out of what it takes (earning).
    result_descriptions = models.JSONField(null=True, blank=True)

    # What the designer was told; empty when the picture was uploaded.
    design = models.JSONField(default=dict, blank=True)
    picture = models.ForeignKey(Picture, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    objects = AchievementVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["achievement", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["achievement"], condition=Q(state="draft"), name="one_draft_per_achievement"
            ),
            models.CheckConstraint(
                name="published_has_its_date_and_picture",
                condition=Q(state="draft", published_at__isnull=True)
                | Q(state="published", published_at__isnull=False, picture__isnull=False),
            ),
            models.CheckConstraint(
                name="level_is_eqf", condition=Q(level__in=["", "1", "2", "3", "4", "5", "6", "7", "8"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"

    @property
    def is_published(self) -> bool:
        return self.state == self.State.PUBLISHED

    @property
    def organisation(self) -> Organisation:
        return self.achievement.organisation

    def address(self, public_url: str) -> str:
        """The permanent address, which is also the ``id`` of the Achievement in every credential."""
        return f"{public_url}/a/{self.public_id}"

    def content(self) -> dict[str, Any]:
        """Everything that makes this version what it is: what a next version starts from."""
        return {name: getattr(self, name) for name in CONTENT}


# The fields of a version that people fill in. Anything else (state, number, addresses, dates) is ours (B139).
CONTENT = (
    "name",
    "description",
    "criteria",
    "achievement_type",
    "level",
    "workload_hours",
    "credits",
    "language",
    "validity_days",
    "alignments",
    "tags",
    "design",
)


class CatalogueEntry(models.Model):
    """What the catalogue says of one achievement: an index of its newest published version.

    Searched by ``words``, in which the database keeps an index of its own (``catalogue.matching``).
    """

    achievement = models.OneToOneField(
        Achievement, primary_key=True, on_delete=models.CASCADE, related_name="catalogue_entry"
    )
    version = models.ForeignKey(AchievementVersion, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    # False while the organisation has left the catalogue, or is closed.
    is_listed = models.BooleanField(default=True)
    name = models.CharField(max_length=120)
    # The name of the issuer as it is in ``words``; a new name is followed (``catalogue.follow_names``).
    issuer_name = models.CharField(max_length=120)
    # Name, issuer, skills, tags and description, without case and accents.
    words = models.TextField()
    kind = models.CharField(max_length=40)
    level = models.CharField(max_length=1, blank=True, default="")
    language = models.CharField(max_length=35)
    workload_hours = models.PositiveIntegerField(null=True, blank=True)
    credits = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    # Null where nobody has said. (A column with a default would have SQLite build the table anew.)
    cost = models.CharField(max_length=9, null=True, blank=True)
    published_at = models.DateTimeField()

    class Meta:
        indexes = [
            # The front of the catalogue, and each filter with its count.
            models.Index(fields=["is_listed", "-published_at", "-achievement"], name="catalogue_newest"),
            models.Index(fields=["is_listed", "kind"], name="catalogue_kind"),
            models.Index(fields=["is_listed", "level"], name="catalogue_level"),
            models.Index(fields=["is_listed", "language"], name="catalogue_language"),
            models.Index(fields=["is_listed", "organisation"], name="catalogue_issuer"),
            models.Index(fields=["is_listed", "workload_hours"], name="catalogue_workload"),
            models.Index(fields=["is_listed", "cost"], name="catalogue_cost"),
        ]

    def __str__(self) -> str:
        return self.name


class CatalogueSkill(models.Model):
    """A skill that an entry aligns with, by the address that its framework gives it."""

    entry = models.ForeignKey(CatalogueEntry, on_delete=models.CASCADE, related_name="skills")
    # SHA-256 of the address, which may be longer than a database likes to index.
    key = models.CharField(max_length=16)
    url = models.TextField()
    name = models.CharField(max_length=300)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "entry"], name="a_skill_once_an_entry")]

    def __str__(self) -> str:
        return self.name


class LeftCatalogue(models.Model):
    """An organisation that wants none of its achievements listed. Their own pages stay public."""

    organisation = models.OneToOneField(
        Organisation, primary_key=True, on_delete=models.CASCADE, related_name="left_catalogue"
    )
    since = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.organisation_id)
