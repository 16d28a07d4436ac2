# SPDX-License-Identifier: Apache-2.0
"""Offers to wallets, and the copies that wallets were given.

No secret of an offer stands here: it is found by the digest of what somebody shows. A copy is an award once
more, signed about the key of one wallet; like every signed thing it is on record before the key is used, and
its bytes stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import Person, random_id
from cairn_server.tlog.models import PendingLeaf

if TYPE_CHECKING:
    from datetime import datetime

# Wrong transaction codes; with the fifth the offer is dead (B148).
MOST_TRIES = 5


class CredentialOffer(models.Model):
    """One credential, offered for some minutes to whichever wallet of its holder comes.

    offered ── redeemed ── taken          a wallet has shown the code; it has the credential
       └──────────┴─────── over           time, tries, or a newer offer
    """

    class Code(models.TextChoices):
        """Who is asked for the transaction code that stands on the holder's own page."""

        POSSIBLE = "possible", _("Any wallet; those that can are asked for the code")
        ALWAYS = "always", _("Only a wallet that asks for the code")
        NEVER = "never", _("A wallet that cannot ask for a code")

    class Way(models.TextChoices):
        OPENID4VCI = "openid4vci"
        VC_API = "vc-api"
        BARE = "dccrequest"

    credential = models.ForeignKey("issuing.Credential", on_delete=models.PROTECT, related_name="offers")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    # Of what stands in the addresses of the offer, and of the pre-authorised code that follows from it.
    secret_sha256 = models.CharField(max_length=64, unique=True)
    code_sha256 = models.CharField(max_length=64, unique=True)
    asks = models.CharField(max_length=8, choices=Code.choices, default=Code.POSSIBLE)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)

    way = models.CharField(max_length=10, choices=Way.choices, blank=True, default="")
    redeemed_at = models.DateTimeField(null=True, blank=True)
    token_sha256 = models.CharField(max_length=64, unique=True, null=True, blank=True)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    # The first wallet that has shown its key; nobody else gets anything on this offer.
    holder = models.CharField(max_length=400, blank=True, default="")
    taken_at = models.DateTimeField(null=True, blank=True)
    # What the wallet has made of it, in the word that it sent (OpenID4VCI 1.0, section 11).
    told = models.CharField(max_length=30, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(name="an_offer_has_some_tries", condition=Q(tries__lte=MOST_TRIES)),
            models.CheckConstraint(
                name="redeemed_in_one_way",
                condition=Q(redeemed_at__isnull=True, way="") | Q(redeemed_at__isnull=False) & ~Q(way=""),
            ),
            models.CheckConstraint(
                name="taken_by_the_holder_of_a_key",
                condition=Q(taken_at__isnull=True) | Q(redeemed_at__isnull=False) & ~Q(holder=""),
            ),
            models.CheckConstraint(
                name="a_token_ends",
                condition=Q(token_sha256__isnull=True, token_expires_at__isnull=True)
                | Q(token_sha256__isnull=False, token_expires_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="offers_by_end")]

    def __str__(self) -> str:
        return f"{self.credential_id} until {self.expires_at}"

    def is_open(self, at: datetime) -> bool:
        """Whether a wallet may still begin."""
        return self.redeemed_at is None and at < self.expires_at and self.tries < MOST_TRIES

    def is_at_work(self, at: datetime) -> bool:
        """Whether a wallet has begun and may still finish."""
        ends = self.token_expires_at or self.expires_at
        return self.redeemed_at is not None and self.taken_at is None and at < ends


class UsedNonce(models.Model):
    """A nonce that somebody has signed. One that is only given out leaves no row, so asking costs nothing."""

    sha256 = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.sha256[:12]


class BoundCopy(models.Model):
    """An award as one wallet has it: the same statement about the key of that wallet."""

    class State(models.TextChoices):
        INTENT = "intent"
        SIGNED = "signed"

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    credential = models.ForeignKey(
        "issuing.Credential", on_delete=models.PROTECT, related_name="bound_copies"
    )
    holder = models.CharField(max_length=400)
    format = models.CharField(max_length=10)
    # The fragment of the key that signs, or signed, it: what a stolen key signed is signed again by another.
    key = models.CharField(max_length=100)
    state = models.CharField(max_length=6, choices=State.choices, default=State.INTENT)
    intent = models.JSONField(null=True, blank=True)
    intent_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    secured = models.BinaryField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    leaf = models.OneToOneField(
        PendingLeaf, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name_plural = "bound copies"
        constraints = [
            models.UniqueConstraint(
                fields=["credential", "holder", "format", "key"], name="one_copy_for_a_wallet"
            ),
            models.CheckConstraint(
                name="a_copy_is_intended_or_signed",
                condition=Q(state="intent", intent__isnull=False, secured__isnull=True, leaf__isnull=True)
                | Q(state="signed", intent__isnull=True, secured__isnull=False, leaf__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="copies_to_finish", condition=Q(state="intent"))]

    def __str__(self) -> str:
        return self.public_id

    @property
    def secured_bytes(self) -> bytes:
        """Exactly what was signed; of a copy that is."""
        assert self.secured is not None, "a signed copy has its bytes (constraint)"
        return bytes(self.secured)
