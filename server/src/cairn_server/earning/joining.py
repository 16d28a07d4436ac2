# SPDX-License-Identifier: Apache-2.0
"""Two accounts of one person become one: what they learned counts once; the farther of two goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cairn_server.earning.learning import Attended, UnitDone
from cairn_server.earning.models import Enrolment

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person


def move(*, into: Person, other: Person, at: datetime) -> None:
    """What a person has once (``accounts.joining``); the rest of the rows only change their owner."""
    UnitDone.objects.filter(person=other, unit__done__person=into).delete()
    Attended.objects.filter(person=other, meeting__attended__person=into).delete()
    for theirs in Enrolment.objects.filter(person=other, achievement__enrolments__person=into):
        mine = Enrolment.objects.get(person=into, achievement=theirs.achievement_id)
        kept, gone = (theirs, mine) if _how_far(theirs) > _how_far(mine) else (mine, theirs)
        place = gone.place
        gone.delete()
        if kept.place is None and place is not None:
            kept.place = place
            kept.save(update_fields=["place"])


def _how_far(enrolment: Enrolment) -> tuple[bool, bool, bool]:
    return enrolment.credential_id is not None, enrolment.met_at is not None, enrolment.left_at is None
