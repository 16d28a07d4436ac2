# SPDX-License-Identifier: Apache-2.0
"""Who may do what in an organisation: the one place that knows.

owner     everything: members, keys, profile, and whatever an issuer does
issuer    designs, publishes, awards, revokes
reviewer  reads requests, awards nothing
auditor   reads all, changes nothing

Roles are rows, several per person. Each question reads them anew, so a right ends with its row: in the
next request, for tokens and open invitations alike (B138).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.services import has_second_factor
from cairn_server.errors import NotAllowed, NotVisible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import AnonymousUser

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ISSUER = "issuer", _("Issuer")
    REVIEWER = "reviewer", _("Reviewer")
    AUDITOR = "auditor", _("Auditor")


READERS = (Role.ISSUER, Role.REVIEWER, Role.AUDITOR)  # the owner is in every group
SIGNERS = (Role.OWNER, Role.ISSUER)


class SecondFactorRequired(NotAllowed):
    """The organisation asks those who sign for a passkey or an authenticator app."""

    def __init__(self) -> None:
        super().__init__(
            "second-factor-required",
            _("This organisation asks for a second factor. Add a passkey or an authenticator app first."),
        )


def roles_of(person: Person | AnonymousUser | None, organisation: Organisation) -> frozenset[Role]:
    """The roles the person holds there, as stored; an owner's row is just ``{OWNER}``."""
    if person is None or not person.is_authenticated or not person.is_active:
        return frozenset()
    rows = organisation.memberships.filter(person_id=person.pk).values_list("role", flat=True)
    return frozenset(Role(row) for row in rows)


def allows(held: Iterable[Role], needed: Role | Iterable[Role]) -> bool:
    wanted = {needed} if isinstance(needed, Role) else set(needed)
    return Role.OWNER in held or bool(wanted & set(held))


def require(
    person: Person | AnonymousUser | None, needed: Role | Iterable[Role], organisation: Organisation
) -> None:
    """Refuse unless the person holds one of the roles; a stranger learns not even that it exists."""
    held = roles_of(person, organisation)
    if not held:
        raise NotVisible
    if not allows(held, needed):
        raise NotAllowed


def require_signer(person: Person | AnonymousUser | None, organisation: Organisation) -> None:
    """For every act that signs, or that changes what a signature says: award, revoke, suspend, keys.

    Whoever has a second factor cannot sign in without it, so having one is the whole question.
    """
    require(person, SIGNERS, organisation)
    if organisation.requires_second_factor and not has_second_factor(person):
        raise SecondFactorRequired
