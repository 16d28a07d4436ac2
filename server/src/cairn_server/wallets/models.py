# SPDX-License-Identifier: Apache-2.0
"""Credentials that a person holds, kept as the exact bytes that were received, and what they show of them.

Whatever is here is private until its holder says otherwise. Two tables say so: ``visibility`` of a credential
or a collection, and ``SecretLink`` for one reader. A portfolio only chooses among what is public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings  # noqa: TID251 - the name of the user model, which Django keeps there
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import random_id

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from cairn_server.accounts.models import Person


class Visibility(models.TextChoices):
    PRIVATE = "private", _("Only you")
    LINK = "link", _("Whoever has a secret link")
    PUBLIC = "public", _("Everybody")


class HeldCredentialQuerySet(models.QuerySet["HeldCredential"]):
    def visible_to(self, person: Person) -> HeldCredentialQuerySet:
        """One's own, and nobody else's."""
        return self.filter(person=person)

    def public(self) -> HeldCredentialQuerySet:
        """Those that everybody may see today: published, vouched for, and not withdrawn by their issuers."""
        return self.filter(
            visibility=Visibility.PUBLIC, document__isnull=False, standing=HeldCredential.Standing.ACTIVE
        )

    def current(self) -> HeldCredentialQuerySet:
        """Without older copies and second forms of one that is held anyway."""
        return self.filter(superseded_by=None, twin_of=None)


class HeldCredential(models.Model):
    class Source(models.TextChoices):
        AWARDED_HERE = "here", _("Awarded here")
        IMPORTED = "imported", _("Imported")

    class Arrival(models.TextChoices):
        """How it came."""

        POST = "post", _("Delivered to your wallet")
        FILE = "file", _("A file you chose")
        LINK = "link", _("A link you gave")
        TEXT = "text", _("A text you pasted")
        SITE = "site", _("A site you connected")

    class Standing(models.TextChoices):
        """What its issuer said of it when it was checked last."""

        ACTIVE = "active", _("Counts")
        SUSPENDED = "suspended", _("Suspended")
        REVOKED = "revoked", _("Revoked")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="held")
    # Columns are an index of the bytes; a test derives them again.
    issuer_id = models.TextField()
    issuer_name = models.TextField(blank=True, default="")
    credential_id = models.TextField()
    achievement_id = models.TextField(blank=True, default="")
    name = models.TextField()
    # The alignments: objects with name, url, code, framework.
    skills = models.JSONField(default=list, blank=True)
    awarded_at = models.DateTimeField(null=True, blank=True)
    begins_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    # Name, issuer and skills as they are searched for: lower case, without accents.
    words = models.TextField(blank=True, default="")
    format = models.CharField(max_length=40)
    secured = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    # Where ``secured`` is a base proof (ecdsa-sd-2023), out of which anybody could make any copy: the copy of
    # all of it, which is what was judged and what others get.
    copy = models.BinaryField(null=True, blank=True)
    # What the verifier returned of these bytes: all that is ever shown of them.
    document = models.JSONField(null=True, blank=True)

    source = models.CharField(max_length=8, choices=Source.choices)
    arrival = models.CharField(max_length=4, choices=Arrival.choices, default=Arrival.POST)
    # The name of the file or the address of the link, as its holder gave it.
    came_from = models.TextField(blank=True, default="")
    received_at = models.DateTimeField()
    # The same statement by the same issuer under the same id: a newer copy of it, or another form of it.
    superseded_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="supersedes"
    )
    twin_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="twins"
    )

    # The last answer of the verifier, and when it was given.
    verdict = models.CharField(max_length=21, blank=True, default="")
    # What was found, as the verifier writes a report, without the document.
    report = models.JSONField(default=dict, blank=True)
    # Where its picture lies, by its own word; another server's is never loaded (it would tell who looks).
    picture = models.TextField(blank=True, default="")
    checked_at = models.DateTimeField(null=True, blank=True)
    standing = models.CharField(max_length=9, choices=Standing.choices, default=Standing.ACTIVE)

    note = models.TextField(blank=True, default="", max_length=5_000)
    visibility = models.CharField(max_length=7, choices=Visibility.choices, default=Visibility.PRIVATE)

    objects = HeldCredentialQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "sha256"], name="held_once"),
            models.CheckConstraint(
                name="held_visibility_is_known", condition=Q(visibility__in=Visibility.values)
            ),
            models.CheckConstraint(
                name="held_verdict_has_its_date",
                condition=Q(verdict="", checked_at__isnull=True)
                | (~Q(verdict="") & Q(checked_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="held_is_no_copy_of_itself",
                condition=(Q(superseded_by__isnull=True) | ~Q(superseded_by=F("id")))
                & (Q(twin_of__isnull=True) | ~Q(twin_of=F("id"))),
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-received_at"], name="held_by_person"),
            models.Index(fields=["person", "credential_id"], name="held_by_credential"),
            # What every list asks for, answered without a look at rows that hold whole documents.
            models.Index(
                fields=["person", "-received_at", "-id"],
                condition=Q(superseded_by__isnull=True, twin_of__isnull=True),
                name="held_current",
            ),
            models.Index(
                fields=["person", "ends_at", "standing"],
                condition=Q(superseded_by__isnull=True, twin_of__isnull=True),
                name="held_current_ends",
            ),
            models.Index(
                fields=["person", "issuer_id"],
                condition=Q(superseded_by__isnull=True, twin_of__isnull=True),
                name="held_current_issuers",
            ),
        ]

    def __str__(self) -> str:
        return self.credential_id

    @property
    def is_own_copy(self) -> bool:
        """Whether ``secured`` is for its holder alone."""
        return self.copy is not None

    @property
    def for_others(self) -> bytes:
        """The bytes that are judged, and the only ones that anybody else ever gets."""
        return bytes(self.secured if self.copy is None else self.copy)

    @property
    def is_shown(self) -> bool:
        """Whether a page may show it to somebody who was let in: somebody vouches for it, and it counts."""
        return self.document is not None and self.standing == self.Standing.ACTIVE

    def has_ended(self, at: datetime) -> bool:
        return self.ends_at is not None and self.ends_at < at


class CollectionQuerySet(models.QuerySet["Collection"]):
    def visible_to(self, person: Person) -> CollectionQuerySet:
        return self.filter(person=person)


class Collection(models.Model):
    """A person's own choice of credentials, in their own order. A credential may be in several."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="collections")
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=1_000, blank=True, default="")
    visibility = models.CharField(max_length=7, choices=Visibility.choices, default=Visibility.PRIVATE)
    created_at = models.DateTimeField()
    held = models.ManyToManyField(HeldCredential, through="CollectionPlace", related_name="collections")

    objects = CollectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "name"], name="collection_name_once"),
            models.CheckConstraint(
                name="collection_visibility_is_known", condition=Q(visibility__in=Visibility.values)
            ),
            models.CheckConstraint(name="collection_has_a_name", condition=~Q(name="")),
        ]
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class InOrder(models.Model):
    """A place in an order that its holder chooses."""

    position = models.PositiveIntegerField()

    class Meta:
        abstract = True

    def move(self, places: models.QuerySet[Self], *, up: bool) -> bool:
        """One nearer to the beginning of all ``places``, or to the end; False at the edge.

        The caller has locked what they are places of.
        """
        ordered = list(places)
        here = ordered.index(self)
        there = here - 1 if up else here + 1
        if not 0 <= there < len(ordered):
            return False
        ordered[here], ordered[there] = ordered[there], ordered[here]
        for number, place in enumerate(ordered, start=1):
            place.position = number
        places.bulk_update(ordered, ["position"])
        return True


class CollectionPlace(InOrder):
    """A credential's place in a collection."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="places")
    held = models.ForeignKey(HeldCredential, on_delete=models.CASCADE, related_name="places")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collection", "held"], name="in_a_collection_once"),
        ]
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.collection_id}/{self.position}"


class SecretLink(models.Model):
    """Lets whoever has it see one credential or one collection, and nothing else.

    The token is 128 random bits and is told once; here is only its digest, so that nobody who reads the table
    can use it (B153).
    """

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    held = models.ForeignKey(
        HeldCredential, null=True, blank=True, on_delete=models.CASCADE, related_name="links"
    )
    collection = models.ForeignKey(
        Collection, null=True, blank=True, on_delete=models.CASCADE, related_name="links"
    )
    # For whom it was made: the holder's own word, never shown to who opens it.
    name = models.CharField(max_length=120, blank=True, default="")
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_link_opens_one_thing",
                condition=Q(held__isnull=False, collection__isnull=True)
                | Q(held__isnull=True, collection__isnull=False),
            ),
            models.CheckConstraint(
                name="a_link_ends_after_it_began",
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
            ),
            models.CheckConstraint(
                name="a_link_is_revoked_after_it_began",
                condition=Q(revoked_at__isnull=True) | Q(revoked_at__gte=F("created_at")),
            ),
        ]
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.public_id

    def works(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


class ClosedAddress(models.Model):
    """The page under a credential's own address, taken back by its holder: it then answers nobody.

    Kept by the address that is in the document, because what stands there is not this app's business.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    credential_id = models.TextField(unique=True)
    closed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.credential_id


class Look(models.Model):
    """That somebody looked: how often a day, at what, in which way. Who, only of readers of the holder's own
    choice: an asker that was answered, or whom a presentation was made for."""

    class Kind(models.TextChoices):
        PORTFOLIO = "portfolio", _("Portfolio")
        PUBLIC = "public", _("Public page")
        LINK = "link", _("Secret link")
        FILE = "file", _("Download")
        PAGE = "page", _("Its own page")
        VERIFY = "verify", _("Checked for genuineness")
        SHOWN = "shown", _("Shown by you")
        WALLET = "wallet", _("Put into a wallet app")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    # The public_id of the credential, collection, link or portfolio.
    subject = models.CharField(max_length=22)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    day = models.DateField()
    # To whom its holder showed it, in the holder's word or by the host that it was sent to.
    who = models.CharField(max_length=255, blank=True, default="")
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "subject", "kind", "day", "who"], name="looks_once_a_day"
            ),
            # Whoever came by a page or a link is a stranger, and stays one.
            models.CheckConstraint(condition=Q(who="") | Q(kind="shown"), name="only_own_readers_are_named"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.count}"


class TakenHandle(models.Model):
    """A handle that somebody has or had: it is never given to anybody else, so old links lead to nobody else.

    Its digest alone, and no person: what is left of somebody who has gone says nothing about them.
    """

    sha256 = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.sha256[:12]


class Portfolio(models.Model):
    """What a person shows to everybody under an address of their own."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="portfolio"
    )
    handle = models.CharField(max_length=30, unique=True)
    # How many this person has taken, the present one included.
    handles = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=120)
    headline = models.CharField(max_length=160, blank=True, default="")
    about = models.TextField(max_length=4_000, blank=True, default="", help_text="Markdown")
    is_public = models.BooleanField(default=False)
    # Asked for by its holder, never a default.
    in_search_engines = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="portfolio_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="only_the_public_is_searched", condition=Q(in_search_engines=False) | Q(is_public=True)
            ),
        ]

    def __str__(self) -> str:
        return self.handle


class PortfolioPlace(InOrder):
    """A credential or a collection on a portfolio."""

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="places")
    held = models.ForeignKey(
        HeldCredential, null=True, blank=True, on_delete=models.CASCADE, related_name="shown_at"
    )
    collection = models.ForeignKey(
        Collection, null=True, blank=True, on_delete=models.CASCADE, related_name="shown_at"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_place_shows_one_thing",
                condition=Q(held__isnull=False, collection__isnull=True)
                | Q(held__isnull=True, collection__isnull=False),
            ),
            models.UniqueConstraint(fields=["portfolio", "held"], name="on_a_portfolio_once"),
            models.UniqueConstraint(
                fields=["portfolio", "collection"], name="collection_on_a_portfolio_once"
            ),
        ]
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.portfolio_id}/{self.position}"
