# SPDX-License-Identifier: Apache-2.0
"""Leaves that wait for the public log.

The log itself comes later; what it will need cannot be made up afterwards. So the transaction that signs a
credential also writes down one row for each secured representation, with the random salt that will hide the
commitment. The entry is computed when a log exists: its origin is part of it.
"""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q


def new_salt() -> bytes:
    return secrets.token_bytes(32)


class PendingLeaf(models.Model):
    """The parts of one log entry, and nothing that names a person: the log will be public."""

    class Label(models.TextChoices):
        ISSUE = "issue"
        REVOKE = "revoke"

    class State(models.TextChoices):
        PENDING = "pending"

    # One salt for each secured representation; its "issue" and its "revoke" leaf share it.
    salt = models.BinaryField(max_length=32, default=new_salt)
    label = models.CharField(max_length=6, choices=Label.choices)
    format = models.CharField(max_length=10)
    # Exactly as in issuer.id: the entry is bound to these characters.
    issuer_did = models.TextField()
    secured_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=7, choices=State.choices, default=State.PENDING)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # That each representation is issued once, its own row says (it has one leaf). A random index over
            # every leaf there is would be the dearest part of issuing a million.
            models.UniqueConstraint(
                fields=["secured_sha256"], condition=Q(label="revoke"), name="revoked_once"
            ),
            # A closed list: what is in a public log stays there, so a new format is a decision, not a string.
            models.CheckConstraint(
                name="leaf_format_is_known",
                condition=Q(format__in=["vc+ld+json", "vc+jwt", "dc+sd-jwt"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.secured_sha256[:12]}"
