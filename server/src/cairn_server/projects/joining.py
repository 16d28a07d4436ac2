# SPDX-License-Identifier: Apache-2.0
"""Two accounts of one person become one: two works for one project become one with the rounds of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Max

from cairn_server.projects.models import HandIn, Review, StoredFile, Work

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person

_STATES = Work.State
# From the one that has come least far.
_ORDER = (_STATES.DRAFT, _STATES.REFUSED, _STATES.CHANGES, _STATES.HANDED_IN, _STATES.ACCEPTED)


def move(*, into: Person, other: Person, at: datetime) -> None:
    """What a person has once (``accounts.joining``); the rest of the rows only change their owner."""
    both = (into, other)
    # It was one person all along: nobody judges one work twice, and nobody judges their own. What was said
    # stays, without a name; a seat where nothing was said is free again.
    Review.objects.filter(reviewer__in=both, learner__in=both).update(reviewer=None)
    Review.objects.filter(reviewer=other, hand_in__reviews__reviewer=into).update(reviewer=None)
    for theirs in Work.objects.filter(person=other, project__works__person=into):
        mine = Work.objects.get(person=into, project=theirs.project_id)
        kept, gone = (theirs, mine) if _how_far(theirs) > _how_far(mine) else (mine, theirs)
        _put_before(gone, kept)
        gone.delete()


def _how_far(work: Work) -> int:
    return _ORDER.index(Work.State(work.state))


def _put_before(gone: Work, kept: Work) -> None:
    """The rounds of the one come first: what counts of the other is its latest."""
    shift = gone.rounds.aggregate(most=Max("number"))["most"] or 0
    for each in kept.rounds.order_by("-number"):
        HandIn.objects.filter(pk=each.pk).update(number=each.number + shift)
    gone.rounds.update(work=kept)
    StoredFile.objects.filter(work=gone).update(work=kept)
