# SPDX-License-Identifier: Apache-2.0
"""The append-only record of every act: one hash chain per organisation, one for the installation.

Entries hold identifiers, never names or addresses: whoever is erased elsewhere is then nobody here.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.db.models import Q


class AppendOnly(Exception):  # noqa: N818
    """Somebody tried to change what was written; that is a mistake in the program, never an answer."""


class EntryQuerySet(models.QuerySet["Entry"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("journal entries are never changed")

    def delete(self) -> NoReturn:
        raise AppendOnly("journal entries are never deleted")

    def of(self, organisation_id: str | None) -> EntryQuerySet:
        """The chain of one organisation (its ``public_id``), or of the installation for ``None``."""
        return self.filter(organisation_id=organisation_id or "").order_by("number")


class Entry(models.Model):
    """One act. ``hash`` = SHA-256(previous_hash ‖ JCS(row)), so that no earlier act can change unnoticed."""

    organisation_id = models.CharField(max_length=22, blank=True, default="", db_index=True)
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor_id = models.CharField(max_length=22, blank=True, default="")
    verb = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    details = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id", "number"], name="journal_one_entry_per_number"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="journal_numbers_start_at_one"),
        ]
        ordering = ["organisation_id", "number"]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.organisation_id or 'installation'} {self.number} {self.verb}"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("journal entries are never deleted")


class Head(models.Model):
    """Where a chain ends.

    Two uses: its row lock puts writers of one chain in a queue, and it names the last entry, so that
    a chain cut off at the end is found like one cut in the middle.
    """

    organisation_id = models.CharField(max_length=22, primary_key=True, blank=True)
    number = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.organisation_id or 'installation'} ends at {self.number}"
