# SPDX-License-Identifier: Apache-2.0
"""Two accounts of one person become one: the attempts of both count, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Max

from cairn_server.assessments.models import Attempt
from cairn_server.assessments.services import hand_in

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person


def move(*, into: Person, other: Person, at: datetime) -> None:
    """What a person has once (``accounts.joining``); the rest of the rows only change their owner."""
    opened = Attempt.objects.filter(person=into, state=Attempt.State.OPEN).values("assessment")
    for twice in Attempt.objects.filter(person=other, state=Attempt.State.OPEN, assessment__in=opened):
        hand_in(twice, by=other, at=at)
    shared = Attempt.objects.filter(person=other, assessment__attempts__person=into)
    for assessment in shared.order_by().values_list("assessment", flat=True).distinct():
        last = Attempt.objects.filter(person=into, assessment=assessment).aggregate(last=Max("number"))[
            "last"
        ]
        theirs = Attempt.objects.filter(person=other, assessment=assessment)
        theirs.update(number=F("number") + last, person=into)
