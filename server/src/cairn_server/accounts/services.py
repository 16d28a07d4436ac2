# SPDX-License-Identifier: Apache-2.0
"""What happens to people: addresses, second factors, taking one's data, and leaving."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cairn_server.journal import services as journal

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser

    from cairn_server.accounts.models import Person

LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets


def clean_address(address: str) -> str:
    """The one spelling in which an address is stored, compared and written to (B130, CVE-2019-19844).

    ASCII only, lower case. Unicode has letters that fold onto others (``ı``, ``ß``, ``K``), so a
    comparison that folds them could send one person's code to another's mailbox. Domains in other
    scripts are stored in their ASCII form; a local part in another script is refused.
    """
    local, at, domain = address.strip().rpartition("@")
    try:
        ascii_domain = domain if domain.isascii() else _in_ascii(domain)
    except UnicodeError as error:
        raise ValidationError(_("Enter a valid e-mail address."), code="invalid") from error
    if not local.isascii():
        raise ValidationError(
            _("Only the letters A to Z can stand before the @ of an e-mail address."), code="address-script"
        )
    cleaned = f"{local}{at}{ascii_domain}".lower()
    validate_email(cleaned)
    if len(cleaned) > LONGEST_ADDRESS:
        raise ValidationError(_("Enter a valid e-mail address."), code="invalid")
    return cleaned


def _in_ascii(domain: str) -> str:
    return unicodedata.normalize("NFC", domain).encode("idna").decode("ascii")


def verified_addresses(person: Person | AnonymousUser) -> set[str]:
    """The addresses this person has proved to read, in the stored spelling."""
    if not person.is_authenticated:
        return set()
    rows = EmailAddress.objects.filter(user_id=person.pk, verified=True)
    return {address.lower() for address in rows.values_list("email", flat=True)}


def person_with_address(address: str) -> Person | None:
    """Who proved to read this address. An unverified claim to it counts for nothing (B146)."""
    try:
        address = clean_address(address)
    except ValidationError:
        return None
    row = EmailAddress.objects.filter(email=address, verified=True).select_related("user").first()
    return row.user if row is not None and row.user.is_active else None


def has_second_factor(person: Person | AnonymousUser | None) -> bool:
    """An authenticator app or a passkey; recovery codes alone are only a way back."""
    if person is None or not person.is_authenticated:
        return False
    factors = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return Authenticator.objects.filter(user_id=person.pk, type__in=factors).exists()


@transaction.atomic
def update_person(*, by: Person, name: str, language: str, at: datetime) -> None:
    by.name, by.language = name, language
    by.save(update_fields=["name", "language"])
    journal.record(verb="account changed", by=by, organisation_id=None, object=by, at=at)


def export_data(person: Person) -> dict[str, Any]:
    """What ``accounts`` knows about a person; the page that offers the download adds the other areas."""
    return {
        "id": person.public_id,
        "email": person.email,
        "name": person.name,
        "language": person.language,
        "joined_at": person.joined_at.isoformat(),
        "last_signed_in_at": person.last_login.isoformat() if person.last_login else None,
        "addresses": [
            {"email": row.email, "verified": row.verified, "primary": row.primary}
            for row in EmailAddress.objects.filter(user_id=person.pk).order_by("email")
        ],
        "second_factors": [
            {"type": row.type, "created_at": row.created_at.isoformat()}
            for row in Authenticator.objects.filter(user_id=person.pk).order_by("created_at")
        ],
    }


def forget_old_sessions(*, at: datetime) -> int:
    """Delete the sessions that ended; nobody could use them, and nobody needs to know of them."""
    return Session.objects.filter(expire_date__lt=at).delete()[0]


@transaction.atomic
def delete_account(*, by: Person, at: datetime) -> None:
    """Erase the person: account, addresses, second factors, wallet, memberships.

    What an organisation awarded to them stays that organisation's record, and the credential stays
    valid in the hands of whoever holds its file. Tables above this one say through their foreign keys
    what goes and what stays; the last owner of an open organisation is refused there.
    """
    journal.record(verb="account deleted", by=by, organisation_id=None, object=by, at=at)
    by.delete()
