# SPDX-License-Identifier: Apache-2.0
"""What was awarded, exactly as it was signed.

``SecuredCredential.bytes()`` is the record; every other column is an index of it. Rows are never deleted:
a credential that was awarded keeps its address for good, whatever happens to its standing.

Tables that get a row for each award have the indexes that are asked for and no others, and no foreign-key
triggers for what one chunk says a thousand times over: both cost more than the row itself (docs/explanation/
what-is-stored.md).
"""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import Person, random_id
from cairn_server.achievements.models import AchievementVersion
from cairn_server.issuing import frames
from cairn_server.issuing.answers import Answer, ClaimLink  # noqa: F401 - Django finds an app's tables here
from cairn_server.issuing.choices import LetterChoice  # noqa: F401 - likewise
from cairn_server.issuing.incoming import (  # noqa: F401 - likewise
    ColumnChoice,
    ListFile,
    ListPart,
    ListProblem,
)
from cairn_server.issuing.life import (  # noqa: F401 - Django finds the tables of an app here
    DailyCount,
    Digest,
    LifePolicy,
    Reminder,
    RenewalRequest,
    RenewalRule,
    Standing,
    StandingAct,
    StandingChange,
)
from cairn_server.issuing.offers import (  # noqa: F401 - likewise
    BoundCopy,
    CredentialOffer,
    UsedNonce,
)
from cairn_server.issuing.returned import StoppedAddress  # noqa: F401 - likewise
from cairn_server.issuing.wording import Wording  # noqa: F401 - likewise
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
    # Counts every state of the pair that is or will be signed, and which of them was signed last.
    version = models.PositiveIntegerField(default=0)
    published = models.PositiveIntegerField(default=0)
    # What was meant to be signed as this version: with which key, over what (``intent_digest``), and when.
    intent_key = models.CharField(max_length=100, blank=True, default="")
    intent_sha256 = models.CharField(max_length=64, blank=True, default="")
    intent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    # After a restore nobody knows which numbers were given out since the backup: no more are taken from it.
    sealed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="no_number_beyond_capacity", condition=Q(next_number__lte=F("capacity"))
            ),
            models.CheckConstraint(
                name="nothing_is_published_before_it_is_so", condition=Q(published__lte=F("version"))
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Purpose(models.TextChoices):
    REVOCATION = "revocation"
    SUSPENSION = "suspension"
    # Both at once, as tokens point to them (token_lists.py). No purpose of the W3C's lists.
    TOKEN = "token"  # noqa: S105 - the last word of an address


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
    """Many awards of one version, from a list that was checked before.

        received ─ checked ─┬─ awaiting-approval ─┬─ queued ─ running ─┬─ done
                            └─────────────────────┘     └──── paused ──┤  problems
                                                                       └─ cancelled

    The counts are of rows whose chunk is done; what is in none of them waits.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        CHECKED = "checked", _("Checked")
        AWAITING_APPROVAL = "awaiting-approval", _("Waits for a second person")
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        DONE = "done", _("Done")
        DONE_WITH_ERRORS = "problems", _("Done with errors")
        CANCELLED = "cancelled", _("Cancelled")

    class Kind(models.TextChoices):
        AWARD = "award", _("Awards")
        # The same awards to the same people under another key, after one was compromised.
        REISSUE = "reissue", _("Re-issue")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.AWARD)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="batches")
    version = models.ForeignKey(AchievementVersion, on_delete=models.PROTECT, related_name="batches")
    state = models.CharField(max_length=17, choices=State.choices, default=State.QUEUED)

    source_name = models.CharField(max_length=200, blank=True, default="", help_text="the file, as named")
    # Of the list as it came, so that the same file a second time is known for what it is.
    list_sha256 = models.CharField(max_length=64, blank=True, default="")
    mapping = models.JSONField(default=dict, blank=True, help_text="our field → their column")

    total = models.PositiveIntegerField(default=0)
    awarded = models.PositiveIntegerField(default=0)
    already = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    # Failed once; the rows that took their place are counted above.
    mended = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)

    # Kept through the deletion of an account: what was awarded stays awarded.
    started_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    approved_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    # When the first chunk was begun: what a rate is counted from.
    begun_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # No message leaves before; until then the whole list can be undone without anybody having been told.
    release_at = models.DateTimeField(null=True, blank=True)
    # When the last message of the batch was put into the post.
    released_at = models.DateTimeField(null=True, blank=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="no_more_outcomes_than_rows",
                condition=Q(
                    total__gte=F("awarded") + F("already") + F("failed") + F("mended") + F("cancelled")
                ),
            ),
            models.CheckConstraint(
                name="approved_has_a_date",
                condition=Q(approved_by__isnull=True) | Q(approved_at__isnull=False),
            ),
        ]
        indexes = [
            # Almost every batch is over: what the workers ask for is the handful that is not.
            models.Index(
                fields=["id"],
                name="batches_at_work",
                condition=Q(state__in=["queued", "running", "paused"]) | Q(released_at__isnull=True),
            ),
            models.Index(fields=["organisation", "list_sha256"], name="batches_by_list"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def waiting(self) -> int:
        return self.total - self.awarded - self.already - self.failed - self.mended - self.cancelled

    def counts(self) -> dict[str, int]:
        """How many rows are in each state; they add up to ``total``."""
        return {state: getattr(self, state) for state in BatchRow.State.values}


class CredentialQuerySet(models.QuerySet["Credential"]):
    def visible_to(self, person: Person) -> CredentialQuerySet:
        """Those that the organisations this person belongs to have awarded."""
        return self.filter(organisation__in=Organisation.objects.visible_to(person))

    def signed(self) -> CredentialQuerySet:
        return self.filter(state=Credential.State.SIGNED)

    def under(self, address_id: str) -> CredentialQuerySet:
        """All copies of what stands under ``/c/<address_id>``, the newest first."""
        first = Credential.objects.filter(public_id=address_id).values("pk")
        return self.filter(Q(pk__in=first) | Q(first__in=first)).order_by("-valid_from", "-pk")

    def newest(self) -> CredentialQuerySet:
        """Without the copies that a renewal has followed."""
        renewed = Credential.objects.signed().filter(first__isnull=False, replaces=OuterRef("pk"))
        return self.filter(~Exists(renewed))


class Credential(models.Model):
    """One award: whom, what, since when, and how it stands today."""

    class State(models.TextChoices):
        # What was meant to be signed is on record before a key is used.
        INTENT = "intent"
        SIGNED = "signed"

    Standing = Standing

    public_id = models.CharField(max_length=22, default=random_id, editable=False)
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        related_name="credentials",
        db_index=False,
        db_constraint=False,
    )
    version = models.ForeignKey(
        AchievementVersion, on_delete=models.PROTECT, related_name="credentials", db_constraint=False
    )
    batch = models.ForeignKey(
        Batch,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="credentials",
        db_index=False,
        db_constraint=False,
    )
    # The row of the list, where it came from one.
    batch_number = models.PositiveIntegerField(null=True, blank=True)
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
    # The learner's language as BCP 47 has it, for the letters to them. Not signed.
    language = models.CharField(max_length=35, blank=True, default="")
    # What few awards have: {"evidence": […] from the second on, "results": […] from the second on,
    # "identifiers": [{"type", "value"}], "license_number": "…"}
    more = models.JSONField(null=True, blank=True)

    awarded_at = models.DateTimeField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    issued_by = models.ForeignKey(
        Person, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )

    status_list = models.ForeignKey(
        StatusList, on_delete=models.PROTECT, related_name="credentials", db_index=False, db_constraint=False
    )
    status_index = models.PositiveIntegerField()

    state = models.CharField(max_length=6, choices=State.choices, default=State.INTENT)
    # ``keys.intent_digest`` over what the signatures were meant to be over. Of an award from a list its chunk
    # has it, over all that was signed with it.
    intent_sha256 = models.CharField(max_length=64, blank=True)
    # Everything but the signatures, while the signer is asked (prepared.py); then it has done its work.
    intent = models.JSONField(null=True, blank=True)

    standing = models.CharField(max_length=9, choices=Standing.choices, default=Standing.ACTIVE)
    standing_reason = models.CharField(max_length=500, blank=True, default="")
    standing_at = models.DateTimeField(null=True, blank=True)
    # Of a suspension that ends by itself.
    suspended_until = models.DateTimeField(null=True, blank=True)

    # The one in whose place it stands: corrected, or renewed.
    replaces = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="successors",
        db_index=False,
        db_constraint=False,
    )
    # Of a renewed credential, the first copy: all of its copies have that one's address.
    first = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="copies",
        db_index=False,
        db_constraint=False,
    )

    objects = CredentialQuerySet.as_manager()

    class Meta:
        constraints = [
            # As a constraint it has one index; ``unique=True`` would bring a second one for LIKE.
            models.UniqueConstraint(fields=["public_id"], name="credential_address_once"),
            models.UniqueConstraint(fields=["organisation", "request_key"], name="request_key_once"),
            # The last line against a status index used twice (F11): two awards never share a bit.
            models.UniqueConstraint(fields=["status_list", "status_index"], name="status_index_once"),
            models.UniqueConstraint(
                fields=["batch", "batch_number"], name="one_for_each_line", condition=Q(batch__isnull=False)
            ),
            models.CheckConstraint(
                name="a_line_belongs_to_a_list",
                condition=Q(batch__isnull=True, batch_number__isnull=True)
                | Q(batch__isnull=False, batch_number__isnull=False),
            ),
            models.CheckConstraint(
                name="an_intent_is_kept_until_it_is_signed",
                condition=Q(state="intent", intent__isnull=False) | Q(state="signed", intent__isnull=True),
            ),
            models.CheckConstraint(
                name="valid_for_some_time",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
            ),
            # One at most stands in the place of another: who mends a mended one replaces that.
            models.UniqueConstraint(
                fields=["replaces"], name="one_successor", condition=Q(replaces__isnull=False)
            ),
            models.CheckConstraint(
                name="only_a_suspension_ends_by_itself",
                condition=Q(suspended_until__isnull=True) | Q(standing="suspended"),
            ),
            models.CheckConstraint(
                name="a_copy_replaces_a_copy", condition=Q(first__isnull=True) | Q(replaces__isnull=False)
            ),
            models.CheckConstraint(
                name="withdrawn_has_a_reason_and_a_date",
                condition=Q(standing="active") | (Q(standing_at__isnull=False) & ~Q(standing_reason="")),
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-awarded_at"], name="credentials_newest"),
            models.Index(fields=["recipient_email"], name="credentials_by_address"),
            # Few credentials are of the kinds below, and only those are in these indexes.
            models.Index(
                fields=["valid_until"],
                name="credentials_that_end",
                condition=Q(valid_until__isnull=False) & ~Q(standing="revoked"),
            ),
            models.Index(
                fields=["suspended_until"],
                name="suspensions_that_end",
                condition=Q(suspended_until__isnull=False),
            ),
            models.Index(fields=["first"], name="copies_of_a_credential", condition=Q(first__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.public_id

    def address(self, public_url: str) -> str:
        """The permanent address, also the credential's ``id``: all copies of a renewed one have it."""
        return f"{public_url}/c/{self.address_id}"

    @property
    def address_id(self) -> str:
        return self.public_id if self.first is None else self.first.public_id

    @property
    def successor(self) -> Credential | None:
        """The one that stands in its place: mended, or renewed."""
        return self.successors.filter(state=Credential.State.SIGNED).first()

    @property
    def is_renewal(self) -> bool:
        return self.first_id is not None

    def secured_in(self, format: str) -> SecuredCredential:
        return self.secured.get(format=format)


class Dictionary(models.Model):
    """What the frames of one achievement version have in common; immutable, and named by each of them.

    Its content is the version's own document as it would be signed for nobody: no person is in it. Any zstd
    opens the frames with it as raw content (``zstd -D``).
    """

    version = models.ForeignKey(AchievementVersion, on_delete=models.PROTECT, related_name="dictionaries")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "dictionaries"

    def __str__(self) -> str:
        return self.sha256[:12]


class SecuredCredential(models.Model):
    """The bytes that left the house, and their digests."""

    class Format(models.TextChoices):
        JSON = "vc+ld+json"
        JWT = "vc+jwt"
        # Bound to the key of one wallet, so there are only copies of this form (copies.py).
        SD_JWT = "dc+sd-jwt"

    credential = models.ForeignKey(
        Credential, on_delete=models.PROTECT, related_name="secured", db_index=False
    )
    format = models.CharField(max_length=10, choices=Format.choices)
    # As signed where there is no dictionary, otherwise a zstd frame: ``bytes()`` knows.
    secured = models.BinaryField()
    dictionary = models.ForeignKey(
        Dictionary, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # SHA-256 of exactly the bytes that were signed, asked on every read.
    digest = models.BinaryField(max_length=32)
    # Over the bytes that the log commits to: the JCS form of the document, or the ASCII token.
    sha256 = models.CharField(max_length=64)
    leaf = models.OneToOneField(PendingLeaf, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["credential", "format"], name="one_per_format")]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.format}"

    def bytes(self) -> bytes:
        """Exactly what was signed; `Damaged` when the row does not hold it any more."""
        known = self.dictionary
        return frames.opened(
            bytes(self.secured),
            digest=bytes(self.digest),
            dictionary=None if known is None else (bytes(known.content), known.sha256),
        )


class BatchRow(models.Model):
    """One line of a list; ``values`` is what the dry run read from it.

    Written once. Only the few that come to nothing are touched again: a waiting row of a chunk that is done
    was awarded, and ``Credential(batch, batch_number)`` is its credential (``batches.outcomes``).
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        AWARDED = "awarded", _("Awarded")
        ALREADY = "already", _("Already awarded before")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        # It failed, and another row has taken its place since.
        MENDED = "mended", _("Mended")

    batch = models.ForeignKey(
        Batch, on_delete=models.CASCADE, related_name="rows", db_index=False, db_constraint=False
    )
    # Its place in the batch. Rows that were mended come as new ones after the last; the line that people see
    # in their file is in the values.
    number = models.PositiveIntegerField()
    # The credential's request_key: what makes it the same award when the list comes again.
    key = models.CharField(max_length=100)
    values = models.JSONField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    problem = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="row_number_once"),
            models.CheckConstraint(
                name="row_is_touched_only_when_it_comes_to_nothing",
                condition=Q(state__in=["waiting", "already", "failed", "mended"]),
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "number"], name="rows_with_problems", condition=Q(state="failed"))
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} line {self.number}"


class BatchChunk(models.Model):
    """Some hundred consecutive rows: what one worker signs in one piece (``chunks/``).

    Everything that is random in its credentials comes from ``seed``, and signatures are deterministic: done
    twice, also by another worker, it gives the same bytes.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        # Numbers, seed and moment are on record: from here on there is one way to finish it.
        PLANNED = "planned"
        # And so is the digest over all that will be signed.
        INTENDED = "intended"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    number = models.PositiveIntegerField()
    # Of its rows, the numbers of the first and the last.
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)

    # Who works on it, and until when nobody else does. The token only grows, and whoever writes the result
    # has to have the newest: a worker that was stopped and goes on after its lease writes nothing.
    worker = models.CharField(max_length=100, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    token = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)

    status_list = models.ForeignKey(StatusList, null=True, blank=True, on_delete=models.PROTECT)
    first_index_number = models.PositiveIntegerField(null=True, blank=True)
    seed = models.BinaryField(max_length=32, null=True, blank=True)
    at = models.DateTimeField(null=True, blank=True)
    # The fragment of the signing key.
    key = models.CharField(max_length=100, blank=True, default="")
    # ``keys.intent_digest`` over all the bytes to be signed, in the order of the rows.
    intent_sha256 = models.CharField(max_length=64, blank=True, default="")

    awarded = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    # Its messages are in the post.
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["batch", "number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="chunk_number_once"),
            models.CheckConstraint(
                name="planned_chunk_has_its_plan",
                condition=~Q(state__in=["planned", "intended", "done"])
                | Q(awarded=0, state="done")
                | Q(
                    status_list__isnull=False,
                    first_index_number__isnull=False,
                    seed__isnull=False,
                    at__isnull=False,
                )
                & ~Q(key=""),
            ),
            models.CheckConstraint(
                name="nothing_signed_without_an_intent",
                condition=~Q(state__in=["intended", "done"])
                | Q(awarded=0, state="done")
                | ~Q(intent_sha256=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_until", "batch", "number"],
                name="chunks_at_work",
                condition=Q(state__in=["waiting", "planned", "intended"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} chunk {self.number}"


class Delivery(models.Model):
    """A message that is owed. Written with the act it tells of, sent afterwards, until it has been."""

    class Kind(models.TextChoices):
        AWARDED = "awarded", _("Awarded")
        REVOKED = "revoked", _("Revoked")
        SUSPENDED = "suspended", _("Suspended")
        REINSTATED = "reinstated", _("Reinstated")
        AGAIN = "again", _("Sent again")
        REPLACED = "replaced", _("Replaced")
        RENEWED = "renewed", _("Renewed")
        ENDING = "ending", _("Reminder before the end")
        ANSWERED = "answered", _("Answer to a request")
        UNCLAIMED = "unclaimed", _("Reminder to answer")
        EXPIRING = "expiring", _("Last reminder to answer")

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
    # In the Message-ID, the same in every attempt: by it a report that comes back names this message.
    token = models.CharField(max_length=22, blank=True, default="")

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["state", "due_at"], name="deliveries_due"),
            models.Index(fields=["token"], condition=~Q(token=""), name="deliveries_by_token"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.credential_id}"

    @property
    def sender(self) -> Organisation:
        return self.credential.organisation
