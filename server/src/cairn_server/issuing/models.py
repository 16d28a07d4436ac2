# SPDX-License-Identifier: Apache-2.0
"""What was awarded, exactly as it was signed.

``SecuredCredential.secured`` is the record; every other column is an index of it. Rows are never deleted:
a credential that was awarded keeps its address for good, whatever happens to its standing.
"""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import Person, random_id
from cairn_server.achievements.models import AchievementVersion
from cairn_server.organisations.models import Organisation
from cairn_server.tlog.models import PendingLeaf

# The least that Bitstring Status List 1.0 allows, so that one bit hides among many.
STATUS_LIST_CAPACITY = 131_072


def new_permutation_key() -> bytes:
    return secrets.token_bytes(32)


def no_bits() -> bytes:
    return bytes(STATUS_LIST_CAPACITY // 8)


class StatusList(models.Model):
    """The state behind one pair of lists: revocation, and suspension at the same index.

    ``next_number`` only ever grows. The index of an award is a keyed permutation of it (status_lists.py), so
    one number guards against reuse and still no two indexes tell which award came first.
    """

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    # Signed into every credential of the list, so it stays when the installation moves to another address.
    address = models.URLField(max_length=500)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="status_lists")
    capacity = models.PositiveIntegerField(default=STATUS_LIST_CAPACITY)
    next_number = models.PositiveIntegerField(default=0)
    permutation_key = models.BinaryField(max_length=32, default=new_permutation_key)
    # Plain bits, most significant first, as the encoded list has them.
    revoked = models.BinaryField(default=no_bits)
    suspended = models.BinaryField(default=no_bits)
    # Counts every signed state of the pair.
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    # After a restore nobody knows which numbers were given out since the backup: no more are taken from it.
    sealed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="no_number_beyond_capacity", condition=Q(next_number__lte=F("capacity"))
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class Purpose(models.TextChoices):
    REVOCATION = "revocation"
    SUSPENSION = "suspension"


class StatusListVersion(models.Model):
    """One signed state of one list. GET serves these bytes; nothing is ever signed on a GET."""

    list = models.ForeignKey(StatusList, on_delete=models.PROTECT, related_name="versions")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    version = models.PositiveIntegerField()
    secured = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["list", "purpose", "version"], name="status_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.list_id}/{self.purpose} {self.version}"


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, person: Person) -> BatchQuerySet:
        return self.filter(organisation__in=Organisation.objects.visible_to(person))


class Batch(models.Model):
    """Many awards of one version, from a list that was checked before."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        DONE_WITH_ERRORS = "problems", _("Done with errors")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="batches")
    version = models.ForeignKey(AchievementVersion, on_delete=models.PROTECT, related_name="batches")
    # Kept through the deletion of an account: what was awarded stays awarded.
    started_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    total = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = BatchQuerySet.as_manager()

    def __str__(self) -> str:
        return self.public_id

    def counts(self) -> dict[str, int]:
        """How many rows are in each state; the four add up to ``total``."""
        found = dict(self.rows.order_by().values_list("state").annotate(n=models.Count("id")))
        return {state: found.get(state, 0) for state in BatchRow.State.values}


class CredentialQuerySet(models.QuerySet["Credential"]):
    def visible_to(self, person: Person) -> CredentialQuerySet:
        """Those that the organisations this person belongs to have awarded."""
        return self.filter(organisation__in=Organisation.objects.visible_to(person))

    def signed(self) -> CredentialQuerySet:
        return self.filter(state=Credential.State.SIGNED)


class Credential(models.Model):
    """One award: whom, what, since when, and how it stands today."""

    class State(models.TextChoices):
        # What was meant to be signed is on record before a key is used.
        INTENT = "intent"
        SIGNED = "signed"

    class Standing(models.TextChoices):
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        REVOKED = "revoked", _("Revoked")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="credentials")
    version = models.ForeignKey(AchievementVersion, on_delete=models.PROTECT, related_name="credentials")
    batch = models.ForeignKey(
        Batch, null=True, blank=True, on_delete=models.PROTECT, related_name="credentials"
    )
    # The caller's own name for this award: the same key again is the same award, never a second one.
    request_key = models.CharField(max_length=100)

    recipient_name = models.CharField(max_length=200)
    recipient_email = models.EmailField(max_length=254)
    subject_id = models.CharField(max_length=400)
    evidence_url = models.URLField(max_length=2_000, blank=True, default="")
    evidence_name = models.CharField(max_length=200, blank=True, default="")
    evidence_description = models.TextField(blank=True, default="")
    narrative = models.TextField(blank=True, default="", help_text="Markdown, about this one award")
    grade = models.CharField(max_length=100, blank=True, default="")

    awarded_at = models.DateTimeField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    issued_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")

    status_list = models.ForeignKey(StatusList, on_delete=models.PROTECT, related_name="credentials")
    status_index = models.PositiveIntegerField()

    state = models.CharField(max_length=6, choices=State.choices, default=State.INTENT)
    # SHA-256 of the canonical bytes of the unsigned document: what the signature was meant to cover.
    intent_sha256 = models.CharField(max_length=64)

    standing = models.CharField(max_length=9, choices=Standing.choices, default=Standing.ACTIVE)
    standing_reason = models.CharField(max_length=500, blank=True, default="")
    standing_at = models.DateTimeField(null=True, blank=True)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "request_key"], name="request_key_once"),
            # The last line against a status index used twice (F11): two awards never share a bit.
            models.UniqueConstraint(fields=["status_list", "status_index"], name="status_index_once"),
            models.CheckConstraint(
                name="valid_for_some_time",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
            ),
            models.CheckConstraint(
                name="withdrawn_has_a_reason_and_a_date",
                condition=Q(standing="active") | (Q(standing_at__isnull=False) & ~Q(standing_reason="")),
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-awarded_at"], name="credentials_newest"),
            models.Index(fields=["recipient_email"], name="credentials_by_address"),
        ]

    def __str__(self) -> str:
        return self.public_id

    def address(self, public_url: str) -> str:
        """The permanent address, which is also the credential's ``id``."""
        return f"{public_url}/c/{self.public_id}"

    def secured_in(self, format: str) -> SecuredCredential:
        return self.secured.get(format=format)


class SecuredCredential(models.Model):
    """The bytes that left the house, and their digest."""

    class Format(models.TextChoices):
        JSON = "vc+ld+json"
        JWT = "vc+jwt"

    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="secured")
    format = models.CharField(max_length=10, choices=Format.choices)
    secured = models.BinaryField()
    # Over the bytes that the log commits to: the JCS form of the document, or the ASCII token.
    sha256 = models.CharField(max_length=64)
    leaf = models.OneToOneField(PendingLeaf, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["credential", "format"], name="one_per_format")]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.format}"


class BatchRow(models.Model):
    """One line of a list; ``values`` is what the dry run read from it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        AWARDED = "awarded", _("Awarded")
        ALREADY = "already", _("Already awarded before")
        FAILED = "failed", _("Failed")

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(help_text="the line in the list, as people count: the header is 1")
    values = models.JSONField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    problem = models.CharField(max_length=500, blank=True, default="")
    credential = models.ForeignKey(
        Credential, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="row_number_once"),
            models.CheckConstraint(
                name="awarded_row_has_its_credential",
                condition=~Q(state__in=["awarded", "already"]) | Q(credential__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} line {self.number}"


class Delivery(models.Model):
    """A message that is owed. Written with the act it tells of, sent afterwards, until it has been."""

    class Kind(models.TextChoices):
        AWARDED = "awarded", _("Awarded")
        REVOKED = "revoked", _("Revoked")
        SUSPENDED = "suspended", _("Suspended")
        REINSTATED = "reinstated", _("Reinstated")
        AGAIN = "again", _("Sent again")

    class State(models.TextChoices):
        DUE = "due", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="deliveries")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    to = models.EmailField(max_length=254)
    # As it was at the act: by the time it is sent, the credential may have moved on.
    reason = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.DUE)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["state", "due_at"], name="deliveries_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.credential_id}"
