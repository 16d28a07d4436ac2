# SPDX-License-Identifier: Apache-2.0
"""How a credential stood, on any day, by the record that its issuer keeps; and forgetting words in it.

The record is only the issuer's word. The signed lists of the time (``status_lists.newest_at``) say the same
to whoever does not want to take it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from cairn_server.issuing.life import StandingAct, StandingChange
from cairn_server.issuing.models import Credential, Delivery
from cairn_server.journal import services as journal
from cairn_server.organisations.roles import Role, require

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from cairn_server.accounts.models import Person


def changes_of(credential: Credential) -> QuerySet[StandingChange]:
    """Every change of how it stands, the newest first."""
    done = credential.standing_changes.filter(state=StandingChange.State.DONE)
    return done.select_related("act__by", "act__approved_by").order_by("-at", "-pk")


def change_before(credential: Credential, at: datetime) -> StandingChange | None:
    """The change that decided how it stood at that moment; none when nothing had happened to it yet."""
    return changes_of(credential).filter(at__lte=at).first()


@transaction.atomic
def erase_reason(act: StandingAct, *, by: Person, at: datetime) -> None:
    """Remove the words of a reason wherever they stand: somebody is named who should not be.

    That, when and by whom it was done stays.
    """
    require(by, Role.OWNER, act.organisation)
    act = StandingAct.objects.select_for_update().get(pk=act.pk)
    told, act.reason = act.reason, ""
    act.save(update_fields=["reason"])
    if told:
        about = act.changes.values("credential")
        touched = Credential.objects.filter(pk__in=about, standing_reason=told)
        # The public page needs some words (constraint): these say what happened to the others.
        touched.update(standing_reason=_("The reason was removed."))
        Delivery.objects.filter(credential__in=about, reason=told).update(reason="")
    journal.record(
        verb="reason erased",
        by=by,
        organisation_id=act.organisation.public_id,
        object=act,
        details={"to": act.to, "credentials": act.total},
        at=at,
    )
