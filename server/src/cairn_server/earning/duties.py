# SPDX-License-Identifier: Apache-2.0
"""What waits for a person: reviews, appeals, answers to mark, awards to agree to; and the letter about it.

One letter for all organisations somebody works for, at most one a day unless they chose otherwise. It comes
when something new waits, and once a week as long as anything does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Max, Q
from django.urls import reverse

from cairn_server.accounts.models import Person
from cairn_server.assessments import services as assessments
from cairn_server.assessments.models import Attempt
from cairn_server.earning.models import Enrolment
from cairn_server.earning.notices import Notice
from cairn_server.issuing import choices
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.roles import SIGNERS, Role
from cairn_server.projects import reviewing
from cairn_server.projects.models import REVIEWERS, Work

if TYPE_CHECKING:
    from datetime import datetime

AGAIN_AFTER = timedelta(days=7)


def look(*, at: datetime) -> int:
    """Write to whoever something waits for; how many letters are owed now."""
    somewhere = Organisation.objects.filter(closed_at=None).filter(
        Q(pk__in=Work.objects.filter(state=Work.State.HANDED_IN).values("project__organisation"))
        | Q(
            pk__in=Work.objects.filter(rounds__appeal__isnull=False, rounds__appeal__decided_at=None).values(
                "project__organisation"
            )
        )
        | Q(pk__in=Attempt.objects.filter(state=Attempt.State.WAITING).values("assessment__organisation"))
        | Q(pk__in=Enrolment.objects.waiting().values("achievement__organisation"))
    )
    people = Person.objects.filter(
        is_active=True, memberships__organisation__in=somewhere, memberships__role__in=REVIEWERS
    )
    return sum(_write(each.pk, at=at) for each in people.distinct().order_by("pk"))


@transaction.atomic
def _write(person_id: int, *, at: datetime) -> bool:
    # Two processes that look at once wait for each other here; the second finds the letter of the first.
    person = Person.objects.select_for_update().filter(pk=person_id).first()
    if person is None:
        return False
    pace = choices.Pace(choices.choice_of(person).duties)
    last = Notice.objects.filter(person=person, kind=Notice.Kind.DUTIES).aggregate(at=Max("created_at"))["at"]
    if pace == choices.Pace.NEVER or (
        last is not None and pace == choices.Pace.DAILY and at < choices.morning_after(last)
    ):
        return False
    waiting = waiting_for(person)
    newest = max((each["newest"] for each in waiting), default=None)
    if newest is None or (last is not None and newest <= last and at < last + AGAIN_AFTER):
        return False
    Notice.objects.create(
        kind=Notice.Kind.DUTIES,
        person=person,
        to=person.email,
        words={"duties": [{"name": each["name"], "n": each["n"]} for each in waiting]},
        path=waiting[0]["path"] if len(waiting) == 1 else reverse("organisations"),
        created_at=at,
        due_at=at,
    )
    return True


def waiting_for(person: Person) -> list[dict[str, Any]]:
    """Of each organisation how much waits, where, and since when the newest of it does."""
    found = []
    mine = Organisation.objects.filter(
        closed_at=None, memberships__person=person, memberships__role__in=REVIEWERS
    )
    for organisation in mine.distinct().order_by("name", "pk"):
        roles = set(organisation.memberships.filter(person=person).values_list("role", flat=True))
        queues = [
            (reviewing.seats_of(organisation, person), "created_at"),
            (reviewing.waiting(organisation, person), "handed_in_at"),
            (reviewing.appeals(organisation, person), "created_at"),
            (assessments.to_mark(person, organisation), "attempt__handed_in_at"),
        ]
        place = "reviews"
        if roles & {Role(each).value for each in SIGNERS}:
            # Nobody agrees to an award of their own.
            to_agree = Enrolment.objects.waiting().filter(achievement__organisation=organisation)
            queues.append((to_agree.exclude(person=person), "met_at"))
        counts = [_count(rows, moment) for rows, moment in queues]
        if not any(n for n, _newest in counts[:4]):
            place = "approvals"
        if any(n for n, _newest in counts):
            found.append(
                {
                    "name": organisation.name,
                    "n": sum(n for n, _newest in counts),
                    "newest": max(newest for _n, newest in counts if newest is not None),
                    "path": reverse(place, args=[organisation.public_id]),
                }
            )
    return found


def _count(rows: Any, moment: str) -> tuple[int, datetime | None]:
    # Some of the queues count the seats of each row, so the rows are found first and then counted.
    keys = rows.order_by().values("pk")
    told = rows.model._base_manager.filter(pk__in=keys).aggregate(n=Count("pk"), newest=Max(moment))
    return told["n"], told["newest"]
