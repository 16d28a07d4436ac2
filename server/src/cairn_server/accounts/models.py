# SPDX-License-Identifier: Apache-2.0
"""People. An account is an e-mail address that somebody proved to read; everything else is optional."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django.conf import settings  # noqa: TID251 - the name of the user model, which Django keeps there
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


def random_id() -> str:
    """An identifier for URLs with 128 random bits: nobody finds a second one by counting (B135)."""
    return secrets.token_urlsafe(16)


class PersonManager(BaseUserManager["Person"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        from cairn_server.accounts.services import clean_address

        person = self.model(email=clean_address(email), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Person:
        """The platform operator: sees the machinery, has no role in any organisation."""
        return self.create_user(email, password, is_staff=True, **fields)

    def get_by_natural_key(self, email: str | None) -> Person:
        return self.get(email__iexact=email or "")


class Person(AbstractBaseUser):
    """Anybody who signs in: roles in organisations are rows elsewhere, a learner needs none."""

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = PersonManager()

    class Meta:
        verbose_name_plural = "people"
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="one_account_per_address",
                violation_error_message=_("There is an account with this address."),
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_superuser(self) -> bool:
        return self.is_staff

    # Django asks these of every account. Nobody has model permissions here: rights come from roles.
    def has_perm(self, perm: str, obj: object = None) -> bool:
        return False

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False


# Wrong codes; with the fifth nothing more is heard about that address (B148).
MOST_TRIES = 5


class AddressProof(models.Model):
    """A code that was sent to an address, and that somebody could read it there on that day.

    A proof that was given stays, with the person it was given for: an address that nobody has proved for
    long may have gone to somebody else since (``accounts.proving``).
    """

    public_id = models.CharField(max_length=22, unique=True, default=random_id, editable=False)
    address = models.EmailField(max_length=254)
    # What the code was asked for: a code for one thing opens no other.
    about = models.CharField(max_length=60)
    code_sha256 = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)
    proven_at = models.DateTimeField(null=True, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="proofs"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_code_has_some_tries", condition=Q(tries__lte=MOST_TRIES)),
            models.CheckConstraint(
                name="whose_it_is_was_proved", condition=Q(person__isnull=True) | Q(proven_at__isnull=False)
            ),
        ]
        indexes = [models.Index(fields=["address", "-proven_at"], name="proofs_of_an_address")]

    def __str__(self) -> str:
        return self.public_id


class Bucket(models.Model):
    """One token bucket of ``accounts.limits``; the key is a digest, so no address is stored."""

    key = models.CharField(max_length=64, primary_key=True)
    full_at = models.FloatField(db_index=True)

    def __str__(self) -> str:
        return self.key
