# SPDX-License-Identifier: Apache-2.0
"""Where an organisation wants to be told, and what it was told: endpoints and the messages to them."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import random_id
from cairn_server.organisations.models import Organisation


def new_salt() -> bytes:
    return secrets.token_bytes(32)


def message_id() -> str:
    # No full stop: the signature is over "id.timestamp.body" (B102).
    return f"msg_{random_id()}"


class Endpoint(models.Model):
    """An address that is told of events of one organisation.

    ``cursor`` is how far in the organisation's journal its messages were made: everything after it is still
    to come, so an endpoint that was stopped misses nothing when it is started again.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("In use")
        DISABLED = "disabled", _("Stopped")

    class Why(models.TextChoices):
        """Why it was stopped."""

        PERSON = "person", _("Somebody here stopped it.")
        GONE = "gone", _("It answered that it is gone for good (410).")
        SILENT = "silent", _("For five days it took no message.")
        CLOSED = "closed", _("The organisation was closed.")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="webhook_endpoints")
    url = models.CharField(max_length=2048)
    events = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    why = models.CharField(max_length=6, choices=Why.choices, blank=True, default="")
    # The secret itself is stored nowhere (signing.py); these are what it is made of, beside the server's own.
    salt = models.BinaryField(default=new_salt)
    earlier_salt = models.BinaryField(null=True)
    earlier_until = models.DateTimeField(null=True)
    cursor = models.PositiveBigIntegerField()
    # In a row, and since when; while there are any, one message at a time is tried, and none before
    # ``not_before``.
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    # It stopped by itself, and its owners are still to be told (letters.py).
    tell_owners_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="active", why="") | (Q(state="disabled") & ~Q(why="")),
                name="an_endpoint_is_stopped_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(earlier_salt__isnull=True, earlier_until__isnull=True)
                | Q(earlier_salt__isnull=False, earlier_until__isnull=False),
                name="an_earlier_secret_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(failures=0, failing_since__isnull=True)
                | Q(failures__gt=0, failing_since__isnull=False),
                name="failures_have_a_beginning",
            ),
            models.CheckConstraint(
                condition=Q(tell_owners_at__isnull=True) | Q(state="disabled"),
                name="owners_are_told_of_what_is_stopped",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Message(models.Model):
    """One event for one endpoint. ``public_id`` and ``body`` are the same in every attempt."""

    class State(models.TextChoices):
        DUE = "due", _("Waiting")
        SENT = "sent", _("Taken")
        FAILED = "failed", _("Given up")

    public_id = models.CharField(max_length=26, unique=True, default=message_id, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="messages")
    # The entry in the organisation's journal; none for a test message.
    number = models.PositiveBigIntegerField(null=True)
    type = models.CharField(max_length=40)
    body = models.TextField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.DUE)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    # Of each attempt: {"at", "status" or "problem"}.
    answers = models.JSONField(default=list)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "number"], name="an_event_is_one_message"),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False)
                | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="a_message_that_was_taken_has_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="due"), name="webhook_messages_due"),
            models.Index(fields=["sent_at"], condition=Q(state="sent"), name="webhook_messages_taken"),
        ]

    def __str__(self) -> str:
        return self.public_id
