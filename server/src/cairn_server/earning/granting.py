# SPDX-License-Identifier: Apache-2.0
"""Places that somebody pays for: granted by an issuer, taken by a learner, once each.

Every "no" to a code is the same "no": whoever tries codes learns nothing from what is answered (B145).
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from cairn_server.accounts.limits import Limit
from cairn_server.accounts.services import clean_address, verified_addresses
from cairn_server.achievements.services import Archived, InvalidField
from cairn_server.earning.learning import CODE_ALPHABET
from cairn_server.earning.seats import Grant, Place
from cairn_server.errors import Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.models import OrganisationClosed
from cairn_server.organisations.names import clean_name
from cairn_server.organisations.roles import SIGNERS, require

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import Achievement
    from cairn_server.organisations.models import Organisation

MOST_PLACES = 1_000
LONGEST_DAYS = 730
# 75 bits: they may be tried for years.
PLACE_CODE_LENGTH = 16
ATTEMPTS = Limit("place-code", burst=10, per_minute=0.5)


class NoPlace(Refusal):
    """Unknown, of another achievement, taken, ended or never given: one answer for all."""

    def __init__(self) -> None:
        super().__init__(
            "no-place",
            _("There is no free place for you with this. Check the code, or ask whoever gave it to you."),
        )


def count_attempt(person: Person, *, at: datetime) -> None:
    """So that codes cannot be tried one after the other; outside of any transaction."""
    ATTEMPTS.take(person.public_id, at=at)


# Granting


def grant_codes(
    achievement: Achievement, *, by: Person, places: int, days: int, sponsor: str = "", at: datetime
) -> tuple[Grant, list[str]]:
    """So many places, each with a code of its own. The codes are shown once; their hashes are kept."""
    if isinstance(places, bool) or not 1 <= places <= MOST_PLACES:
        raise InvalidField("places", _("Write a whole number from 1 to %(most)s.") % {"most": MOST_PLACES})
    codes = [new_place_code() for _each in range(places)]
    made = [Place(code_sha256=digest(code)) for code in codes]
    grant = _grant(achievement, by=by, places=made, days=days, sponsor=sponsor, at=at)
    return grant, codes


def grant_list(
    achievement: Achievement, *, by: Person, emails: Iterable[str], days: int, sponsor: str = "", at: datetime
) -> Grant:
    """A place for each of these addresses: whoever has proved to read one may start."""
    cleaned = []
    for email in emails:
        try:
            cleaned.append(clean_address(email))
        except ValidationError as error:
            raise InvalidField("emails", f"{email[:100]}: {error.messages[0]}") from error
    distinct = list(dict.fromkeys(cleaned))
    if not 1 <= len(distinct) <= MOST_PLACES:
        raise InvalidField("emails", _("Give one to %(most)s addresses, one a line.") % {"most": MOST_PLACES})
    made = [Place(email=email) for email in distinct]
    return _grant(achievement, by=by, places=made, days=days, sponsor=sponsor, at=at)


@transaction.atomic
def _grant(
    achievement: Achievement, *, by: Person, places: list[Place], days: int, sponsor: str, at: datetime
) -> Grant:
    organisation: Organisation = achievement.organisation
    require(by, SIGNERS, organisation)
    if organisation.closed_at is not None:
        raise OrganisationClosed
    if achievement.archived_at is not None:
        raise Archived
    if isinstance(days, bool) or not 1 <= days <= LONGEST_DAYS:
        raise InvalidField("days", _("Write a whole number from 1 to %(most)s.") % {"most": LONGEST_DAYS})
    sponsor = clean_name(sponsor) if sponsor.strip() else ""
    if len(sponsor) > 120:
        raise InvalidField("sponsor", _("Write at most %(most)s characters.") % {"most": 120})
    grant = Grant.objects.create(
        organisation=organisation,
        achievement=achievement,
        sponsor=sponsor,
        made_by=by,
        created_at=at,
        expires_at=at + timedelta(days=days),
    )
    for place in places:
        place.grant = grant
    Place.objects.bulk_create(places)
    journal.record(
        verb="places granted",
        by=by,
        organisation_id=organisation.public_id,
        object=grant,
        details={"places": len(places), "achievement": achievement.public_id},
        at=at,
    )
    return grant


@transaction.atomic
def end_grant(grant: Grant, *, by: Person, at: datetime) -> None:
    """No more places of it are taken. Who has one keeps it."""
    require(by, SIGNERS, grant.organisation)
    if Grant.objects.filter(pk=grant.pk, ended_at=None).update(ended_at=at):
        journal.record(
            verb="grant ended",
            by=by,
            organisation_id=grant.organisation.public_id,
            object=grant,
            at=at,
        )


# Taking


def take_place(achievement: Achievement, *, by: Person, code: str, at: datetime) -> Place:
    """The place of this code, or the one a list has for this person; in the transaction that uses it."""
    open_places = Place.objects.filter(
        grant__achievement=achievement, grant__ended_at=None, grant__expires_at__gt=at, taken_at=None
    )
    if code:
        found = open_places.filter(code_sha256=digest(code))
    else:
        found = open_places.filter(email__in=verified_addresses(by)).exclude(email="")
    for place in found.order_by("grant__expires_at", "pk"):
        # One statement: of two at once, one changes a row.
        if Place.objects.filter(pk=place.pk, taken_at=None).update(taken_at=at):
            place.taken_at = at
            return place
    raise NoPlace


def has_place_for(achievement: Achievement, person: Person, *, at: datetime) -> bool:
    """Whether a list has a free place for them, so that no code has to be asked for."""
    return Place.objects.filter(
        grant__achievement=achievement,
        grant__ended_at=None,
        grant__expires_at__gt=at,
        taken_at=None,
        email__in=verified_addresses(person),
    ).exists()


def new_place_code() -> str:
    """Four groups of four, to be read aloud."""
    letters = [secrets.choice(CODE_ALPHABET) for _each in range(PLACE_CODE_LENGTH)]
    return "-".join("".join(letters[start : start + 4]) for start in range(0, PLACE_CODE_LENGTH, 4))


def digest(code: str) -> str:
    """As people type it: without spaces and hyphens, in any case."""
    return sha256("".join(each for each in code.upper() if each.isalnum()).encode()).hexdigest()
