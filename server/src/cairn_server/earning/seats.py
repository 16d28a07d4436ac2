# SPDX-License-Identifier: Apache-2.0
"""The tables of places that somebody pays for or gives away: by codes, or by a list of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from cairn_server.accounts.models import Person, random_id
from cairn_server.achievements.models import Achievement
from cairn_server.organisations.models import Organisation

if TYPE_CHECKING:
    from datetime import datetime


class GrantQuerySet(models.QuerySet["Grant"]):
    def visible_to(self, person: Person) -> GrantQuerySet:
        return self.filter(organisation__in=Organisation.objects.visible_to(person))


class Grant(models.Model):
    """A number of places on one achievement, by one sponsor."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="grants")
    achievement = models.ForeignKey(Achievement, on_delete=models.PROTECT, related_name="grants")
    # Who pays, as learners read it; empty for the organisation itself.
    sponsor = models.CharField(max_length=120, blank=True, default="")
    made_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = GrantQuerySet.as_manager()

    def __str__(self) -> str:
        return self.public_id

    def is_open(self, at: datetime) -> bool:
        return self.ended_at is None and at < self.expires_at


class Place(models.Model):
    """One place: whoever has its code, or reads its address, may start with it, once."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="places")
    # Shown once; kept as a hash, as every secret is.
    code_sha256 = models.CharField(max_length=64, null=True, blank=True, unique=True)
    email = models.EmailField(max_length=254, blank=True, default="")
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_place_is_by_code_or_by_address",
                condition=Q(code_sha256__isnull=True) & ~Q(email="") | Q(code_sha256__isnull=False, email=""),
            ),
            models.UniqueConstraint(
                fields=["grant", "email"], condition=~Q(email=""), name="an_address_once_a_grant"
            ),
        ]
        indexes = [models.Index(fields=["email"], name="places_by_address", condition=~Q(email=""))]

    def __str__(self) -> str:
        return f"{self.grant_id}/{self.pk}"
