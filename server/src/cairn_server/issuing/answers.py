# SPDX-License-Identifier: Apache-2.0
"""What people say to what was awarded to them, and the links in the letters that ask them.

A link's secret is in one letter and nowhere else: here is its digest. An answer belongs to the award, all of
its copies included, and outlives the account of whoever gave it: what somebody has taken is never offered to
the next holder of a mailbox (B146).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import Person

MAX_REASON = 500


class ClaimLink(models.Model):
    """A link in a letter: it opens the question, and the answer asks for a code besides."""

    credential = models.ForeignKey("issuing.Credential", on_delete=models.PROTECT, related_name="claim_links")
    secret_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # When whoever has not answered is asked once more; of an award at most one link has it.
    remind_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_claim_link_ends_after_it_began", condition=Q(expires_at__gt=F("created_at"))
            )
        ]
        indexes = [
            models.Index(
                fields=["remind_at"], name="claims_to_remind_of", condition=Q(remind_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.credential_id} until {self.expires_at}"


class Answer(models.Model):
    """Accepted, or declined; of what nobody has answered there is no row."""

    class Said(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")

    # The first copy of what may have been renewed since.
    credential = models.OneToOneField("issuing.Credential", on_delete=models.PROTECT, related_name="answer")
    said = models.CharField(max_length=8, choices=Said.choices)
    # None once the account is gone, and where somebody declined without one.
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="answers"
    )
    # In the words of whoever declined; their issuer reads it.
    reason = models.CharField(max_length=MAX_REASON, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="only_a_no_has_a_reason", condition=Q(reason="") | Q(said="declined")
            ),
            models.CheckConstraint(
                name="an_answer_is_yes_or_no", condition=Q(said__in=["accepted", "declined"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.said}"
