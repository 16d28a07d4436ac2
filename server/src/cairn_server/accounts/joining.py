# SPDX-License-Identifier: Apache-2.0
"""Two accounts of one person become one: all that either had is in the one that stays.

Both are proved at the time: one by being signed in, the other by a code to one of its addresses. A second
factor is not got round by that: an account that has one is the one to be signed in to. Each area moves what
it has rules about (``Mover``); every other row that names the old account names the new one afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import ManyToOneRel
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts import proving
from cairn_server.accounts.models import Person
from cairn_server.accounts.services import has_second_factor
from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal import services as journal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from django.db.models import Field, Model

    from cairn_server.accounts.models import AddressProof

# They are of a browser or a device, and end with the account they were for.
END_WITH_IT = (Authenticator, UserSession)


class Mover(Protocol):
    """Moves what one area has of ``other`` to ``into``, where a plain change of the name will not do."""

    def __call__(self, *, into: Person, other: Person, at: datetime) -> None: ...


class CannotJoin(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "cannot-join",
            _("That account has a second factor, or is the operator’s. Sign in to it, and join from there."),
        )


def about(person: Person) -> str:
    """What a code for joining is for: this account, and no other act."""
    return f"join:{person.public_id}"


def other_account(proof: AddressProof, *, into: Person, at: datetime) -> Person | None:
    """The account that the proof opens for joining; None where the address has no other one."""
    if proof.about != about(into) or not proving.is_good(proof, proof.address, at=at):
        raise NotVisible
    row = EmailAddress.objects.filter(email=proof.address, verified=True).select_related("user").first()
    return row.user if row is not None and row.user_id != into.pk else None


@transaction.atomic
def join(into: Person, *, proof: AddressProof, movers: Iterable[Mover], at: datetime) -> None:
    """Everything of the account behind ``proof`` goes to ``into``; the other one is then no more."""
    # The lower id first, so that two joins at once wait for each other and do not stand in each other's way.
    found = other_account(proof, into=into, at=at)
    if found is None:
        raise NotVisible
    people = {
        each.pk: each
        for each in Person.objects.select_for_update().filter(pk__in=[into.pk, found.pk]).order_by("pk")
    }
    into, other = people[into.pk], people[found.pk]
    if not other.is_active or other.is_staff or has_second_factor(other):
        raise CannotJoin
    for move in movers:
        move(into=into, other=other, at=at)
    EmailAddress.objects.filter(user=other, verified=False).delete()
    EmailAddress.objects.filter(user=other).update(user=into, primary=False)
    for model, field in references():
        if model not in END_WITH_IT:
            model._base_manager.filter(**{field.name: other}).update(**{field.name: into})
    journal.record(
        verb="accounts joined",
        by=into,
        organisation_id=None,
        object=into,
        details={"other": other.public_id},
        at=at,
    )
    other.delete()


def references() -> Iterator[tuple[type[Model], Field]]:
    """Every column of every table that names a person."""
    for relation in Person._meta.get_fields(include_hidden=True):
        if isinstance(relation, ManyToOneRel):  # a OneToOneRel is one too
            yield relation.related_model, relation.field
