# SPDX-License-Identifier: Apache-2.0
"""The tables of what is learned from: courses of units, and meetings that one has been at.

Both belong to an organisation and may be asked for by any number of its achievements. What somebody did is a
row of its own, written at the moment of doing, and belongs to the person: it counts wherever it is asked for.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from cairn_server.accounts.models import Person, random_id
from cairn_server.organisations.models import Organisation

if TYPE_CHECKING:
    from datetime import datetime

# No letter that is read as a digit, no digit that is read as a letter, and no vowels to make words of.
CODE_ALPHABET = "23456789BCDFGHJKMNPQRTVWXZ"
CODE_LENGTH = 8


def new_code() -> str:
    """37 bits: enough for hours, with attempts counted (B145)."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


class CourseQuerySet(models.QuerySet["Course"]):
    def visible_to(self, person: Person) -> CourseQuerySet:
        return self.filter(organisation__in=Organisation.objects.visible_to(person))


class Course(models.Model):
    """Units to work through. Once open, which units there are is settled; their words may still be mended."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="courses")
    name = models.CharField(max_length=120)
    about = models.TextField(max_length=2_000, blank=True, default="")
    language = models.CharField(max_length=35, default="en", help_text="BCP 47 tag of the texts")
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)

    objects = CourseQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """One step of a course."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="units")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    text = models.TextField(max_length=20_000, blank=True, default="", help_text="Markdown")
    # Objects with name and url.
    links = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class UnitFile(models.Model):
    """Something to download beside a unit."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.name


class UnitDone(models.Model):
    """A person has finished a unit, by their own word."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="done")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "unit"], name="a_unit_is_done_once")]

    def __str__(self) -> str:
        return f"{self.unit_id} by {self.person_id}"


class MeetingQuerySet(models.QuerySet["Meeting"]):
    def visible_to(self, person: Person) -> MeetingQuerySet:
        return self.filter(organisation__in=Organisation.objects.visible_to(person))


class Meeting(models.Model):
    """Something that one has to be at: a class, a workshop, a visit. It may be held any number of times."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="meetings")
    name = models.CharField(max_length=120)
    about = models.TextField(max_length=2_000, blank=True, default="")
    created_at = models.DateTimeField()

    objects = MeetingQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class RoomCode(models.Model):
    """What the teacher shows in the room, for as long as people come in."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="codes")
    code = models.CharField(max_length=CODE_LENGTH, unique=True, default=new_code, editable=False)
    shown_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_room_code_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))
            )
        ]

    def __str__(self) -> str:
        return self.code

    def is_current(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


class Attended(models.Model):
    """A person was there."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="attended")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "meeting"], name="at_a_meeting_once")]

    def __str__(self) -> str:
        return f"{self.meeting_id} by {self.person_id}"
