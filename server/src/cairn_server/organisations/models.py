# SPDX-License-Identifier: Apache-2.0
"""Issuers: the organisation, its members, invitations, sealed keys, tokens; and the installation itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings  # noqa: TID251  the name of the account table, as Django wants it
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cairn.credential import Profile
from cairn.keys import PublicKey
from cairn_server.accounts.models import Person, random_id
from cairn_server.errors import Refusal
from cairn_server.organisations import roles
from cairn_server.organisations.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import AnonymousUser
    from django.db.models.deletion import Collector


class Installation(models.Model):
    """This server: one row, made at first start.

    ``public_url`` is inside every credential, so it is written down once and compared at each start.
    ``recovering`` is true in a restored copy until the operator confirms; nothing is awarded then.
    """

    singleton = models.BooleanField(primary_key=True, default=True)
    public_url = models.URLField()
    created_at = models.DateTimeField()
    recovering = models.BooleanField(default=False)
    # Of the store outside that remembers what was given out; empty until the first start.
    watermark_id = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(singleton=True), name="one_installation"),
        ]

    def __str__(self) -> str:
        return self.public_url


class InstallationKey(models.Model):
    """A key of the server itself: it signs receipts of what was checked here, and no credential.

    Each row brings its own data key (``wrapped``, under the KEK), because it belongs to no organisation. The
    newest that is not revoked signs; the others stay in the DID document, or old receipts would not verify.
    """

    fragment = models.CharField(max_length=100, unique=True)
    algorithm = models.CharField(max_length=16)
    multikey = models.CharField(max_length=1000, unique=True)
    sealed = models.BinaryField()
    wrapped = models.BinaryField()
    kek_id = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        # In the order of making, whatever the clock said.
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"installation#{self.fragment}"


class OrganisationClosed(Refusal):
    def __init__(self) -> None:
        super().__init__("organisation-closed", _("This organisation is closed."))


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, person: Person | AnonymousUser) -> OrganisationQuerySet:
        """The organisations that exist for this person: those they belong to (B135)."""
        if not person.is_authenticated or not person.is_active:
            return self.none()
        # A subquery and not a join: several roles of one person must not yield several rows.
        return self.filter(pk__in=Membership.objects.filter(person_id=person.pk).values("organisation_id"))


class CertificateLayout(models.TextChoices):
    UPRIGHT = "upright", _("Upright: a page to file")
    LANDSCAPE = "landscape", _("Landscape: a page to hang up")


# Lake, our own.
CERTIFICATE_COLOUR = "#1f5a78"


class Organisation(models.Model):
    """A tenant that issues. ``did`` is empty until the first award fixes it for ever."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    # What the name looks like (UTS #39): two that look alike cannot both exist here (B130).
    name_skeleton = models.CharField(max_length=480, unique=True, editable=False)
    description = models.TextField(_("description"), max_length=2000, blank=True)
    url = models.URLField(_("website"), max_length=500, blank=True)
    email = models.EmailField(_("contact address"), blank=True)
    logo_png = models.BinaryField(null=True, blank=True)
    did = models.CharField(max_length=500, blank=True)
    requires_second_factor = models.BooleanField(_("ask a second factor of those who sign"), default=True)
    # Above so many awards a list waits for a second person; null: never. In a new organisation it goes with
    # the second factor, the other thing that one stolen password must not be enough for.
    approval_above = models.PositiveIntegerField(
        _("a second person approves lists above"), null=True, blank=True
    )
    # How long the messages of a list wait, so that a wrong list can be undone before anybody was told.
    undo_minutes = models.PositiveIntegerField(_("messages of a list wait"), default=10)
    hashes_email = models.BooleanField(_("put a salted hash of the e-mail into credentials"), default=False)
    linkedin_id = models.CharField(_("LinkedIn company number"), max_length=20, blank=True)
    # How its certificates look on paper. The colour is for lines and bands and never for text.
    certificate_layout = models.CharField(
        _("layout of certificates"),
        max_length=16,
        choices=CertificateLayout.choices,
        default=CertificateLayout.UPRIGHT,
    )
    certificate_colour = models.CharField(
        _("colour of certificates"),
        max_length=7,
        default=CERTIFICATE_COLOUR,
        validators=[RegexValidator(r"\A#[0-9a-f]{6}\Z", _("Choose a colour."))],
    )
    # Counts only while there is one owner: with two, two decide about keys.
    one_person_keys = models.BooleanField(_("the only owner decides alone about keys"), default=False)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["did"], condition=~Q(did=""), name="no_two_organisations_share_an_identity"
            ),
            models.CheckConstraint(
                condition=Q(certificate_layout__in=CertificateLayout.values),
                name="a_certificate_has_a_layout_we_know",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def profile(self) -> Profile:
        """How a credential describes its issuer (Open Badges 3.0 Profile); ``id`` is the fixed DID."""
        return Profile(
            id=self.did,
            name=self.name,
            description=self.description or None,
            url=self.url or None,
            email=self.email or None,
        )

    def locked_for(self, by: Person, needed: Role) -> Organisation:
        """The organisation with its row locked, for whoever may change it.

        The lock comes before the question, so the answer still holds when the change is written.
        """
        locked = Organisation.objects.select_for_update().get(pk=self.pk)
        roles.require(by, needed, locked)
        if locked.closed_at is not None:
            raise OrganisationClosed
        return locked


class LastOwner(Refusal):
    """An organisation that awards always has somebody who answers for it."""

    def __init__(self) -> None:
        super().__init__(
            "last-owner",
            _("The last owner cannot go. Hand the organisation over, or close it, first."),
        )


def keep_an_owner(collector: Collector, field: Any, memberships: Iterable[Any], using: str) -> None:
    """CASCADE, unless it takes the last owner of an open organisation.

    Deleting an account belongs to ``accounts``, which knows no organisations; so the table that would
    be broken refuses. The rows are locked first: of two owners who leave at once, one stays.
    """
    memberships = list(memberships)
    leaving = {cast("Membership", m).person_id for m in memberships}
    ids = sorted({cast("Membership", m).organisation_id for m in memberships})
    for organisation in (
        Organisation.objects.using(using).select_for_update().filter(pk__in=ids).order_by("pk")
    ):
        owners = organisation.memberships.filter(role=Role.OWNER)
        if (
            organisation.closed_at is None
            and owners.filter(person__in=leaving).exists()
            and not owners.exclude(person__in=leaving).exists()
        ):
            raise LastOwner
    models.CASCADE(collector, field, memberships, using)  # type: ignore[arg-type]


class Membership(models.Model):
    """One role of one person in one organisation."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=keep_an_owner, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "person", "role"], name="a_role_is_held_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="a_role_is_one_we_know"),
        ]
        ordering = ["since", "pk"]

    def __str__(self) -> str:
        return f"{self.person_id} {self.role} of {self.organisation_id}"


class Invitation(models.Model):
    """An offer of roles to an address. Only the hash of the token is kept (B147, B153)."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    roles = models.JSONField()
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="accepted_or_withdrawn_never_both",
            )
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.public_id


class DataKey(models.Model):
    """The organisation's data key (DEK), wrapped by the installation's key (KEK)."""

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="data_key")
    version = models.PositiveIntegerField(default=1)
    wrapped = models.BinaryField()
    kek_id = models.CharField(max_length=16)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.organisation_id} v{self.version}"


class SigningKey(models.Model):
    """A key the organisation signs with; ``fragment`` is its name in the DID document for ever.

        pending ── active ── retiring ── retired ── destroyed
            any of them ── compromised

    ``retiring`` begins nothing new and finishes what was begun: intents that name it are still signed. The
    public half and all dates stay for good, whatever became of the private half.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Waits for a second person")
        ACTIVE = "active", _("Active")
        RETIRING = "retiring", _("Retiring")
        RETIRED = "retired", _("Retired")
        DESTROYED = "destroyed", _("Destroyed")
        COMPROMISED = "compromised", _("Compromised")

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="signing_keys")
    fragment = models.CharField(max_length=100)
    algorithm = models.CharField(max_length=16)
    multikey = models.CharField(max_length=1000, unique=True)
    # Who keeps the private half (keys/custody.py), and what that one needs to find it: ciphertext, or a name.
    custody = models.CharField(max_length=8, default="sealed")
    sealed = models.BinaryField()
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True)
    retiring_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # Of a compromised key: the first moment at which somebody else may have had it.
    compromised_from = models.DateTimeField(null=True, blank=True)
    # Somebody said that it may be stolen: nothing is signed until a second person has decided.
    held_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "fragment"], name="a_key_id_never_changes_meaning"
            ),
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(state="active"), name="one_active_key_per_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(state="pending"), name="one_pending_key_per_organisation"
            ),
            models.CheckConstraint(
                condition=Q(
                    state="pending",
                    activated_at__isnull=True,
                    retiring_at__isnull=True,
                    retired_at__isnull=True,
                    destroyed_at__isnull=True,
                    revoked_at__isnull=True,
                )
                | Q(
                    state="active",
                    activated_at__isnull=False,
                    retiring_at__isnull=True,
                    retired_at__isnull=True,
                    destroyed_at__isnull=True,
                    revoked_at__isnull=True,
                )
                | Q(
                    state="retiring",
                    activated_at__isnull=False,
                    retiring_at__isnull=False,
                    retired_at__isnull=True,
                    destroyed_at__isnull=True,
                    revoked_at__isnull=True,
                )
                | Q(
                    state="retired",
                    retired_at__isnull=False,
                    destroyed_at__isnull=True,
                    revoked_at__isnull=True,
                )
                | Q(state="destroyed", destroyed_at__isnull=False, revoked_at__isnull=True)
                | Q(state="compromised", revoked_at__isnull=False, compromised_from__isnull=False),
                name="a_key_has_the_dates_of_its_state",
            ),
            models.CheckConstraint(
                condition=Q(destroyed_at__isnull=True) | Q(sealed=b""),
                name="a_destroyed_key_has_no_private_half",
            ),
            models.CheckConstraint(
                condition=Q(compromised_from__isnull=True) | Q(compromised_from__lte=F("revoked_at")),
                name="a_key_is_stolen_before_it_is_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id}#{self.fragment}"

    @property
    def public_key(self) -> PublicKey:
        return PublicKey.from_multikey(self.multikey)

    @property
    def listed(self) -> bool:
        """Whether the DID document names it: not before it may sign, nor if it never did."""
        return self.activated_at is not None or self.revoked_at is not None


class KeyChange(models.Model):
    """One decision about the keys of an organisation: who asked for it, why, and who agreed."""

    class Kind(models.TextChoices):
        REPLACE = "replace", _("Replace the key")
        COMPROMISE = "compromise", _("Declare a key compromised")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Waits for a second person")
        CONFIRMED = "confirmed", _("Done")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="key_changes")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # The key that comes, or the one that goes.
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="changes")
    reason = models.CharField(max_length=500)
    compromised_from = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PROPOSED)
    # Kept through the deletion of an account; the journal knows them by their random identifiers for good.
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    # Decided by the one who proposed it: the organisation had one owner, who had said that this is enough.
    alone = models.BooleanField(default=False)

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(state="proposed"), name="one_open_change_of_a_key"
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed")
                | Q(alone=True)
                | Q(proposed_by__isnull=True)
                | Q(decided_by__isnull=True)
                | ~Q(proposed_by=F("decided_by")),
                name="two_people_change_a_key",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at__isnull=True)
                | Q(state__in=["confirmed", "withdrawn"], decided_at__isnull=False),
                name="a_decision_has_a_date",
            ),
            models.CheckConstraint(
                condition=Q(kind="replace", compromised_from__isnull=True)
                | Q(kind="compromise", compromised_from__isnull=False),
                name="a_theft_has_a_first_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class Scope(models.TextChoices):
    """What a token may do; never more than the person who made it."""

    ACHIEVEMENTS_READ = "achievements:read", _("Read achievements")
    ACHIEVEMENTS_WRITE = "achievements:write", _("Create and publish achievements")
    AWARDS_READ = "awards:read", _("Read awards")
    AWARDS_WRITE = "awards:write", _("Award, revoke, suspend and reinstate")
    ASSESSMENTS_READ = "assessments:read", _("Read assessments and questions, without the answers")
    ASSESSMENTS_WRITE = "assessments:write", _("Write questions, create and publish assessments")
    PROJECTS_READ = "projects:read", _("Read projects")
    PROJECTS_WRITE = "projects:write", _("Create and publish projects")
    WORK_READ = "work:read", _("Read attempts, and what was handed in")
    REVIEWS_WRITE = "reviews:write", _("Take reviews and decide them")
    SIGNALS_WRITE = "signals:write", _("Say that somebody met a requirement")
    WEBHOOKS_READ = "webhooks:read", _("Read webhooks and what was sent")
    WEBHOOKS_WRITE = "webhooks:write", _("Make, change and remove webhooks")
    VERIFY = "verify", _("Verify credentials")


class ApiToken(models.Model):
    """A machine's way in, for one organisation, with the rights of ``created_by`` cut down to ``scopes``."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100)
    token_sha256 = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name
