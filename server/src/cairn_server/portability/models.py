# SPDX-License-Identifier: Apache-2.0
"""Other sites that were let in, and other hosts that a learner let this server into.

Tokens of sites here are in django-oauth-toolkit's tables, as digests. They are not in backups, and neither
are consents: what was taken back after a backup must not come back with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings  # noqa: TID251 - the name of the user model, which Django keeps there
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication

from cairn_server.accounts.models import random_id
from cairn_server.wallets.models import Collection

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person

LONGEST_URL = 2048


class Client(AbstractApplication):
    """A site that registered itself (RFC 7591). What it says about itself is its own word, and shown as that.

    Beside the columns of django-oauth-toolkit: what Open Badges asks for and gets back.
    """

    # A site registers itself, and is nobody's here.
    user = None
    client_uri = models.CharField(max_length=LONGEST_URL)
    logo_uri = models.CharField(max_length=LONGEST_URL, blank=True, default="")
    tos_uri = models.CharField(max_length=LONGEST_URL, blank=True, default="")
    policy_uri = models.CharField(max_length=LONGEST_URL, blank=True, default="")
    software_id = models.CharField(max_length=255, blank=True, default="")
    software_version = models.CharField(max_length=255, blank=True, default="")
    scope = models.TextField()

    @property
    def host(self) -> str:
        """Whose site it is: the one thing about it that nobody can make up, for codes are sent there."""
        return urlsplit(self.redirect_uris.split()[0]).netloc


class ConsentQuerySet(models.QuerySet["Consent"]):
    def visible_to(self, person: Person) -> ConsentQuerySet:
        return self.filter(person=person)


class Consent(models.Model):
    """What a learner lets one site do. Tokens count for no more than this, and for nothing without it."""

    class Reads(models.TextChoices):
        """Which credentials the site reads."""

        NOTHING = "nothing", _("None")
        PUBLIC = "public", _("Only what everybody may see")
        COLLECTION = "collection", _("Only one collection")
        ALL = "all", _("Everything in your wallet")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="consents")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="consents")
    scope = models.TextField()
    reads = models.CharField(max_length=10, choices=Reads.choices, default=Reads.NOTHING)
    # A collection that is deleted leaves nothing to read: never more than was agreed to.
    collection = models.ForeignKey(
        Collection, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    given_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        ordering = ["-given_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["person", "client"], name="one_consent_for_a_site"),
            models.CheckConstraint(
                name="a_collection_is_read_alone",
                condition=Q(collection__isnull=True) | Q(reads="collection"),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class SpentCode(models.Model):
    """A code that was turned into tokens, as a digest, and which tokens: if it comes again, they are over."""

    sha256 = models.CharField(max_length=64, unique=True)
    consent = models.ForeignKey(Consent, on_delete=models.CASCADE, related_name="spent_codes")
    # The refresh tokens that came of it, one after the other; without them it is one access token.
    token_family = models.UUIDField(null=True, blank=True)
    access_token_sha256 = models.CharField(max_length=64)
    spent_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256


class Host(models.Model):
    """A server elsewhere that keeps credentials, and how this server is known there.

    Everything in it is what the host itself said under its own address, read anew with each connection.
    """

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    # Where its API is, without a slash at the end.
    base = models.CharField(max_length=500, unique=True)
    name = models.CharField(max_length=200)
    authorization_url = models.CharField(max_length=LONGEST_URL)
    token_url = models.CharField(max_length=LONGEST_URL)
    revocation_url = models.CharField(max_length=LONGEST_URL, blank=True, default="")
    # Which registration this is: the address that it was made at.
    registration_url = models.CharField(max_length=LONGEST_URL)
    client_id = models.CharField(max_length=500)
    client_secret = models.BinaryField()
    registered_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.base

    @property
    def netloc(self) -> str:
        return urlsplit(self.base).netloc


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def visible_to(self, person: Person) -> ConnectionQuerySet:
        return self.filter(person=person)

    def open(self) -> ConnectionQuerySet:
        return self.exclude(connected_at=None)


class Connection(models.Model):
    """A host that a learner let this server into, and the tokens that it gave.

    They are sealed with a key that is in no database (``portability.sealing``). While the learner is away at
    the host to agree, ``state_sha256`` says whose answer is awaited, and until when.
    """

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connections")
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="connections")
    created_at = models.DateTimeField()

    state_sha256 = models.CharField(max_length=64, blank=True, default="")
    code_verifier = models.BinaryField(null=True, blank=True)
    asked_until = models.DateTimeField(null=True, blank=True)

    connected_at = models.DateTimeField(null=True, blank=True)
    scope = models.TextField(blank=True, default="")
    access_token = models.BinaryField(null=True, blank=True)
    refresh_token = models.BinaryField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    # One errand at a time: a refresh token that is used twice at once would end the connection.
    busy_until = models.DateTimeField(null=True, blank=True)
    # How many of the host's credentials were looked at in this round.
    fetched = models.PositiveIntegerField(default=0)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["person", "host"], name="one_connection_to_a_host"),
            models.CheckConstraint(
                name="a_connection_has_a_token",
                condition=Q(connected_at=None, access_token=None, refresh_token=None, expires_at=None)
                | Q(connected_at__isnull=False, access_token__isnull=False, expires_at__isnull=False),
            ),
            models.CheckConstraint(
                name="an_answer_is_awaited_as_a_whole",
                condition=Q(state_sha256="", code_verifier=None, asked_until=None)
                | (~Q(state_sha256="") & Q(code_verifier__isnull=False, asked_until__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
