# SPDX-License-Identifier: Apache-2.0
"""The installation itself: the address it was started with, and whether it may award at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists
from django.utils.translation import gettext_lazy as _

from cairn_server.errors import Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.models import Installation, Organisation, OrganisationClosed
from cairn_server.organisations.watermark import DatabaseBehind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_started_at: str | None = None


class MovedMeanwhile(Refusal):
    """Another process has moved the installation: what this one signed would name an address not its own."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            "address-changed",
            _(
                "This server was started with another public address than its database has now."
                " Nothing is signed here until the operator starts it again with the right one."
            ),
        )


def install_address(public_url: str) -> None:
    """Called once at the start of a server: the only address this process may sign under.

    A command or a test that installs none follows the database.
    """
    global _started_at
    _started_at = public_url or None


def remember_installation(*, public_url: str, at: datetime) -> Installation:
    """The one row, made with this address at the first start and never changed by later ones."""
    row, _made = Installation.objects.get_or_create(defaults={"public_url": public_url, "created_at": at})
    return row


def installation() -> Installation:
    return Installation.objects.get()


def public_url() -> str:
    """The address this installation has had since its first start; it is inside every credential."""
    return installation().public_url


@transaction.atomic
def move_installation(*, public_url: str, at: datetime) -> None:
    """Answer from another address from now on. What was signed keeps naming the old one."""
    row = Installation.objects.select_for_update().get()
    old, row.public_url = row.public_url, public_url
    row.save(update_fields=["public_url"])
    journal.record(
        verb="installation moved",
        by=None,
        organisation_id=None,
        object=row,
        details={"from": old, "to": public_url},
        at=at,
    )


@transaction.atomic
def begin_recovery(*, reasons: Iterable[str], at: datetime) -> None:
    """This database may be an older copy: award nothing until the operator has confirmed."""
    row = Installation.objects.select_for_update().get()
    if row.recovering:
        return
    row.recovering = True
    row.save(update_fields=["recovering"])
    journal.record(
        verb="recovery began",
        by=None,
        organisation_id=None,
        object=row,
        details={"reasons": list(reasons)},
        at=at,
    )


@transaction.atomic
def confirm_recovery(*, at: datetime) -> None:
    """The operator says: this copy is the one that goes on. Its status lists were sealed before."""
    row = Installation.objects.select_for_update().first()
    if row is None or not row.recovering:
        raise Refusal(
            "not-recovering", _("This installation is not recovering; there is nothing to confirm.")
        )
    row.recovering = False
    row.save(update_fields=["recovering"])
    journal.record(verb="recovery confirmed", by=None, organisation_id=None, object=row, at=at)


def require_own_address() -> None:
    """Called before anything is signed in the installation's own name: a process for another has none."""
    if _started_at not in (None, installation().public_url):
        raise MovedMeanwhile


def require_awarding_allowed(organisation: Organisation | None = None) -> Installation | None:
    """Called first by whatever allocates a status index or signs; what was read of the installation.

    Not in a restored copy (F11), not in a process that was started for another address, not once closed.

    Inside the transaction that will allocate, so that a recovery that begins meanwhile is seen.
    """
    closed = Organisation.objects.filter(closed_at__isnull=False)
    closed = closed.filter(pk=organisation.pk) if organisation is not None else closed.none()
    row = Installation.objects.annotate(is_closed=Exists(closed)).first()
    if row is not None and row.recovering:
        raise DatabaseBehind
    if row is not None and _started_at not in (None, row.public_url):
        raise MovedMeanwhile
    if row.is_closed if row is not None else closed.exists():
        raise OrganisationClosed
    return row
