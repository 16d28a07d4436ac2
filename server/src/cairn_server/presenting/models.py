# SPDX-License-Identifier: Apache-2.0
"""What was asked for and what came of it; and what a holder has shown, to whom, until when.

No address of a request and none of a presentation stands here: both are found by the digest of what somebody
brings (B153).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import Person, random_id

if TYPE_CHECKING:
    from datetime import datetime


class PresentationRequestQuerySet(models.QuerySet["PresentationRequest"]):
    def visible_to(self, person: Person) -> PresentationRequestQuerySet:
        """What this person has asked for."""
        return self.filter(person=person)


class PresentationRequest(models.Model):
    """Somebody asks somebody for credentials: once, for a while, and for a reason.

    open ── answered | declined       a wallet has spoken; nobody else can
      └──── withdrawn | over          who asked has taken it back, or the time has come
    """

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="presentation_requests")
    secret_sha256 = models.CharField(max_length=64, unique=True)
    # What is read by whoever is asked: in whose name, and why.
    asker = models.CharField(max_length=120)
    purpose = models.CharField(max_length=500)
    dcql_query = models.JSONField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    answered_at = models.DateTimeField(null=True, blank=True)
    # The wallet's own word for why it shows nothing (OpenID4VP 1.0, section 8.5).
    declined = models.CharField(max_length=60, blank=True, default="")
    # The ``vp_token`` as it came: with it and the question anybody can judge again.
    presentations = models.JSONField(null=True, blank=True)
    # Of each presentation what was asked for, what the verifier wrote, and our own objection.
    findings = models.JSONField(default=list, blank=True)
    accepted = models.BooleanField(default=False)

    objects = PresentationRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_request_has_a_name_and_a_reason", condition=~Q(asker="") & ~Q(purpose="")
            ),
            models.CheckConstraint(
                name="a_request_ends_after_it_began", condition=Q(expires_at__gt=F("created_at"))
            ),
            models.CheckConstraint(
                name="an_answer_shows_or_declines",
                condition=Q(answered_at__isnull=True, declined="", presentations__isnull=True)
                | Q(answered_at__isnull=False, declined="", presentations__isnull=False)
                | Q(answered_at__isnull=False, presentations__isnull=True) & ~Q(declined=""),
            ),
            models.CheckConstraint(
                name="only_what_was_shown_is_accepted",
                condition=Q(accepted=False) | Q(presentations__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-created_at"], name="requests_by_person"),
            models.Index(fields=["expires_at"], name="requests_by_end"),
        ]
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.public_id

    def is_open(self, at: datetime) -> bool:
        return self.answered_at is None and self.withdrawn_at is None and at < self.expires_at

    def state(self, at: datetime) -> str:
        if self.answered_at is not None:
            return "declined" if self.declined else "answered"
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "open" if at < self.expires_at else "over"


class PresentationQuerySet(models.QuerySet["Presentation"]):
    def visible_to(self, person: Person) -> PresentationQuerySet:
        return self.filter(person=person)


class Presentation(models.Model):
    """What a holder has put together for one reader, and how that reader gets it."""

    class Way(models.TextChoices):
        LINK = "link", _("A link")
        SENT = "sent", _("An answer to a request")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="presentations")
    way = models.CharField(max_length=4, choices=Way.choices)
    # For whom, in the holder's own word; of what was sent, the host that it was sent to.
    reader = models.CharField(max_length=255, blank=True, default="")
    # For whom and in answer to what it was signed, as its holder was told.
    audience = models.CharField(max_length=200, blank=True, default="")
    question = models.CharField(max_length=200, blank=True, default="")
    # What is in it, for the holder's list alone.
    names = models.JSONField(default=list)
    # The same by their ids in the wallet, for the log of each of them.
    held_ids = models.JSONField(default=list)
    # Whether the issuer bound every credential in it to the key that signed it.
    bound = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    token_sha256 = models.CharField(max_length=64, unique=True, null=True, blank=True)
    secured = models.BinaryField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    opened = models.PositiveIntegerField(default=0)

    objects = PresentationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="what_a_link_opens_is_kept_and_ends",
                condition=Q(
                    way="link", token_sha256__isnull=False, secured__isnull=False, expires_at__isnull=False
                )
                | Q(way="sent", token_sha256__isnull=True, secured__isnull=True, expires_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_presentation_ends_after_it_began",
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-created_at"], name="presentations_by_person"),
            models.Index(fields=["expires_at"], name="presentations_by_end"),
        ]
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.public_id

    def works(self, at: datetime) -> bool:
        return self.ended_at is None and self.expires_at is not None and at < self.expires_at
