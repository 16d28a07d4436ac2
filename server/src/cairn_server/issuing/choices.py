# SPDX-License-Identifier: Apache-2.0
"""Which letters somebody with an account gets, and how often.

What nobody can end: that something was revoked, suspended, given back or mended, and the answer to a request.
Whoever has no account ends reminders by the link in each of them (``returned``).
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import Person
from cairn_server.accounts.services import person_with_address
from cairn_server.journal import services as journal

if TYPE_CHECKING:
    from cairn_server.issuing.models import Delivery

# When letters of a day are sent together, in UTC.
MORNING = time(6, 0)


class Pace(models.TextChoices):
    NOW = "now", _("At once")
    DAILY = "daily", _("Together, once a day")
    NEVER = "never", _("Never; I look into my wallet")


class LetterChoice(models.Model):
    """What one person has chosen; without a row, everything at once."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="letter_choice")
    awards = models.CharField(max_length=5, choices=Pace.choices, default=Pace.NOW)
    reminders = models.CharField(max_length=5, choices=Pace.choices, default=Pace.NOW)
    endings = models.CharField(max_length=5, choices=Pace.choices, default=Pace.NOW)
    # About one's work, and places that are given to one (earning.notices).
    decisions = models.CharField(max_length=5, choices=Pace.choices, default=Pace.NOW)
    # What waits for one as a reviewer or an approver. It comes again and again, so once a day is the usual.
    duties = models.CharField(max_length=5, choices=Pace.choices, default=Pace.DAILY)

    class Meta:
        app_label = "issuing"
        constraints = [
            models.CheckConstraint(
                name="a_letter_has_a_known_pace",
                condition=Q(
                    awards__in=Pace.values,
                    reminders__in=Pace.values,
                    endings__in=Pace.values,
                    decisions__in=Pace.values,
                    duties__in=Pace.values,
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.awards} {self.reminders} {self.endings}"


# Which kinds of message each choice is about (Delivery.Kind).
ABOUT = {
    "awarded": "awards",
    "renewed": "awards",
    "unclaimed": "reminders",
    "expiring": "reminders",
    "ending": "endings",
}
NAMES = (*dict.fromkeys(ABOUT.values()), "decisions", "duties")


def choice_of(person: Person) -> LetterChoice:
    return LetterChoice.objects.filter(person=person).first() or LetterChoice(person=person)


@transaction.atomic
def choose(
    *, by: Person, awards: str, reminders: str, endings: str, decisions: str, duties: str, at: datetime
) -> LetterChoice:
    chosen, _new = LetterChoice.objects.update_or_create(
        person=by,
        defaults={
            "awards": Pace(awards),
            "reminders": Pace(reminders),
            "endings": Pace(endings),
            "decisions": Pace(decisions),
            "duties": Pace(duties),
        },
    )
    journal.record(verb="letters chosen", by=by, organisation_id=None, object=by, at=at)
    return chosen


def pace_of(delivery: Delivery) -> Pace:
    """How its reader wants this message; at once for whoever we do not know."""
    name = ABOUT.get(delivery.kind)
    reader = person_with_address(delivery.to) if name else None
    if name is None or reader is None:
        return Pace.NOW
    return Pace(getattr(choice_of(reader), name))


def morning_after(moment: datetime) -> datetime:
    """The next morning: what is owed before it is sent then, together."""
    morning = datetime.combine(moment.date(), MORNING, moment.tzinfo)
    return morning if moment < morning else morning + timedelta(days=1)


def move(*, into: Person, other: Person, at: datetime) -> None:
    """Of two accounts that become one, the choice of the one that stays counts (``accounts.joining``)."""
    if LetterChoice.objects.filter(person=into).exists():
        LetterChoice.objects.filter(person=other).delete()
