# SPDX-License-Identifier: Apache-2.0
"""Who may see what: private until its holder says otherwise, and again the moment they say so.

    private   nobody but its holder; every secret link to it is dead
    link      whoever has a secret link that still works
    public    everybody, at an address of its own; and secret links work as well

A secret link opens one credential or one collection and shows nothing else: no account, no other credential,
no way to one. Of a collection it shows everything in it, because that is what it was made for; the public
page of a collection shows only what is public itself.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.wallets.models import (
    ClosedAddress,
    Collection,
    HeldCredential,
    SecretLink,
    Visibility,
)

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person

MOST_LINKS = 100
LONGEST_LIFE = timedelta(days=3650)
MAX_NAME = 120
# 128 bits in URL-safe base64 (rule 16: never a UUID).
TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


class NothingToShow(Refusal):
    """Nobody vouches for it today, so it is shown to nobody."""

    def __init__(self) -> None:
        super().__init__(
            "nothing-to-show",
            _("This cannot be shown to others: it was withdrawn, or its signature is not confirmed."),
        )


class BadLink(Refusal):
    status = 422

    def __init__(self, code: str, message: object, field: str = "expires") -> None:
        super().__init__(code, message)  # type: ignore[arg-type]
        self.field = field


class NotAwardedHere(Refusal):
    def __init__(self) -> None:
        super().__init__("not-awarded-here", _("This credential has no page of its own on this server."))


# Visibility


@transaction.atomic
def set_visibility(thing: HeldCredential | Collection, *, by: Person, to: Visibility, at: datetime) -> None:
    """``private`` ends every secret link for good: a door that was shut does not open again by itself."""
    _own(thing, by)
    if to != Visibility.PRIVATE and isinstance(thing, HeldCredential) and not thing.is_shown:
        raise NothingToShow
    thing.visibility = to
    thing.save(update_fields=["visibility"])
    if to == Visibility.PRIVATE:
        thing.links.filter(revoked_at=None).update(revoked_at=at)
    journal.record(
        verb="visibility set",
        by=by,
        organisation_id=None,
        object=thing,
        details={"to": str(to.value)},
        at=at,
    )


# Secret links


@transaction.atomic
def open_link(
    thing: HeldCredential | Collection,
    *,
    by: Person,
    name: str = "",
    expires_at: datetime | None,
    at: datetime,
) -> tuple[SecretLink, str]:
    """A new link and its token, which is told this once. A private thing can be seen by links from now on."""
    _own(thing, by)
    name = " ".join(name.split())
    if len(name) > MAX_NAME or has_hidden_characters(name):
        raise BadLink("link-name", _("Write up to %(most)s characters.") % {"most": MAX_NAME}, "name")
    if expires_at is not None and not at < expires_at <= at + LONGEST_LIFE:
        raise BadLink("link-expiry", _("Choose a day that lies ahead, at most ten years."))
    if thing.links.filter(revoked_at=None).count() >= MOST_LINKS:
        raise BadLink(
            "link-limit", _("There are %(most)s links to this. End one first.") % {"most": MOST_LINKS}, "name"
        )
    if isinstance(thing, HeldCredential) and not thing.is_shown:
        raise NothingToShow
    token = secrets.token_urlsafe(16)
    link = SecretLink.objects.create(
        person=by,
        held=thing if isinstance(thing, HeldCredential) else None,
        collection=thing if isinstance(thing, Collection) else None,
        name=name,
        token_sha256=_digest(token),
        created_at=at,
        expires_at=expires_at,
    )
    if thing.visibility == Visibility.PRIVATE:
        thing.visibility = Visibility.LINK
        thing.save(update_fields=["visibility"])
    journal.record(
        verb="secret link opened",
        by=by,
        organisation_id=None,
        object=link,
        details={"ends": expires_at is not None},
        at=at,
    )
    return link, token


@transaction.atomic
def end_link(link: SecretLink, *, by: Person, at: datetime) -> None:
    if link.person_id != by.pk:
        raise NotVisible
    if link.revoked_at is None:
        link.revoked_at = at
        link.save(update_fields=["revoked_at"])
        journal.record(verb="secret link ended", by=by, organisation_id=None, object=link, at=at)


def opened_by(token: str, *, at: datetime) -> SecretLink | None:
    """The link of this token if it works today; None for every other reason, which nobody is told."""
    if not TOKEN.fullmatch(token):
        return None
    link = SecretLink.objects.select_related("held", "collection").filter(token_sha256=_digest(token)).first()
    if link is None or not link.works(at):
        return None
    thing = link.held or link.collection
    assert thing is not None, "a link opens one thing (database constraint)"
    return link if thing.visibility != Visibility.PRIVATE else None


def shown_by(link: SecretLink) -> list[HeldCredential]:
    """What a link shows: its credential, or what is in its collection in its holder's order."""
    if link.held is not None:
        return [link.held] if link.held.is_shown else []
    assert link.collection is not None
    places = link.collection.places.select_related("held").filter(held__person_id=link.person_id)
    return [place.held for place in places if place.held.is_shown]


def public_in(collection: Collection) -> list[HeldCredential]:
    """What everybody may see of a public collection: of what is in it, that which is public itself."""
    if collection.visibility != Visibility.PUBLIC:
        return []
    places = collection.places.select_related("held").filter(held__in=HeldCredential.objects.public())
    return [place.held for place in places]


# The page at a credential's own address


@transaction.atomic
def close_address(held: HeldCredential, *, by: Person, at: datetime) -> None:
    """Take the page back that stands under the credential's own address, for everybody and at once."""
    _own(held, by)
    if held.source != HeldCredential.Source.AWARDED_HERE:
        raise NotAwardedHere
    ClosedAddress.objects.get_or_create(
        credential_id=held.credential_id, defaults={"person": by, "closed_at": at}
    )
    journal.record(verb="credential page closed", by=by, organisation_id=None, object=held, at=at)


@transaction.atomic
def reopen_address(held: HeldCredential, *, by: Person, at: datetime) -> None:
    _own(held, by)
    ClosedAddress.objects.filter(credential_id=held.credential_id, person=by).delete()
    journal.record(verb="credential page opened", by=by, organisation_id=None, object=held, at=at)


def is_closed(credential_id: str) -> bool:
    """Whether its holder has taken the page at this address back."""
    return ClosedAddress.objects.filter(credential_id=credential_id).exists()


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _own(thing: HeldCredential | Collection, by: Person) -> None:
    if thing.person_id != by.pk:
        raise NotVisible
