# SPDX-License-Identifier: Apache-2.0
"""Credentials that a person holds, kept as the exact bytes that were received."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings  # noqa: TID251 - the name of the user model, which Django keeps there
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person


class HeldCredentialQuerySet(models.QuerySet["HeldCredential"]):
    def visible_to(self, person: Person) -> HeldCredentialQuerySet:
        """One's own, and nobody else's."""
        return self.filter(person=person)


class HeldCredential(models.Model):
    class Source(models.TextChoices):
        AWARDED_HERE = "here", _("Awarded here")
        IMPORTED = "imported", _("Imported")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="held")
    # Columns are an index of the bytes; a test derives them again.
    issuer_id = models.TextField()
    credential_id = models.TextField()
    name = models.TextField()
    format = models.CharField(max_length=10)
    secured = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    source = models.CharField(max_length=8, choices=Source.choices)
    received_at = models.DateTimeField()

    objects = HeldCredentialQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "sha256"], name="held_once")]
        indexes = [models.Index(fields=["person", "-received_at"], name="held_by_person")]

    def __str__(self) -> str:
        return self.credential_id
