# SPDX-License-Identifier: Apache-2.0
"""What reviewers do: take a seat or are given one, judge each criterion, decide appeals.

The last decision settles a round. Two who disagree get a third; an appeal goes to somebody who has judged
nothing of that work before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils.translation import gettext as _

from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.roles import SIGNERS, allows, require, roles_of
from cairn_server.projects import rubric
from cairn_server.projects.authoring import clean_prose
from cairn_server.projects.models import REVIEWERS, Appeal, HandIn, Review, Work
from cairn_server.projects.rubric import BadProject

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

MAX_FEEDBACK = 10_000


class CannotReview(Refusal):
    """This person cannot have this seat; the reason is in the code."""


def _own() -> CannotReview:
    return CannotReview("own-work", _("Nobody reviews their own work."))


# Seats


def waiting(organisation: Organisation, person: Person) -> QuerySet[HandIn]:
    """Rounds with a free seat that this person could take."""
    taken = Count("reviews", filter=Q(reviews__kind=Review.Kind.REVIEW) & ~Q(reviews__reviewer=None))
    done = Count(
        "reviews",
        filter=Q(reviews__kind=Review.Kind.REVIEW, reviews__reviewer=None) & ~Q(reviews__decided_at=None),
    )
    return (
        HandIn.objects.filter(work__project__organisation=organisation, work__state=Work.State.HANDED_IN)
        .exclude(handed_in_at=None)
        .exclude(work__person=person)
        .annotate(seated=taken + done)
        .filter(seated__lt=F("seats"))
        .exclude(reviews__reviewer=person)
        .select_related("work__version")
        .order_by("handed_in_at", "pk")
    )


def appeals(organisation: Organisation, person: Person) -> QuerySet[Appeal]:
    """Appeals that nobody decides yet, and that this person could."""
    return (
        Appeal.objects.filter(hand_in__work__project__organisation=organisation, decided_at=None)
        .exclude(hand_in__work__person=person)
        .exclude(hand_in__work__rounds__reviews__reviewer=person)
        .exclude(hand_in__reviews__in=Review.objects.filter(kind=Review.Kind.APPEAL).exclude(reviewer=None))
        .select_related("hand_in__work__version")
        .order_by("created_at")
    )


def seats_of(organisation: Organisation, person: Person) -> QuerySet[Review]:
    """What this person still has to decide."""
    return (
        Review.objects.filter(
            reviewer=person, decided_at=None, hand_in__work__project__organisation=organisation
        )
        .select_related("hand_in__work__version", "hand_in__work__person")
        .order_by("created_at", "pk")
    )


@transaction.atomic
def take(hand_in: HandIn, *, by: Person, at: datetime) -> Review:
    """A free seat for oneself."""
    require(by, REVIEWERS, hand_in.work.project.organisation)
    return _seat(hand_in, reviewer=by, by=by, at=at)


@transaction.atomic
def assign(hand_in: HandIn, *, by: Person, reviewer: Person, at: datetime) -> Review:
    """A free seat for a colleague."""
    organisation = hand_in.work.project.organisation
    require(by, SIGNERS, organisation)
    if not allows(roles_of(reviewer, organisation), REVIEWERS):
        raise CannotReview("no-reviewer", _("This person does not review in this organisation."))
    return _seat(hand_in, reviewer=reviewer, by=by, at=at)


def _seat(hand_in: HandIn, *, reviewer: Person, by: Person, at: datetime) -> Review:
    work = _locked(hand_in)
    if hand_in.handed_in_at is None:
        raise NotVisible
    if work.person_id == reviewer.pk:
        raise _own()
    if work.state != Work.State.HANDED_IN or work.current != hand_in:
        raise CannotReview("review-over", _("This round is decided already."))
    there = hand_in.reviews.filter(kind=Review.Kind.REVIEW)
    # A seat whose owner has left without a decision is free.
    there.filter(reviewer=None, decided_at=None).delete()
    if there.filter(reviewer=reviewer).exists():
        raise CannotReview("seated-already", _("This person reviews this round already."))
    if there.count() >= HandIn.objects.get(pk=hand_in.pk).seats:
        raise CannotReview("no-seat", _("Enough people review this round."))
    made = Review.objects.create(hand_in=hand_in, learner=work.person, reviewer=reviewer, created_at=at)
    _record("review assigned", by, work, at, {"review": made.public_id, "to": reviewer.public_id})
    return made


@transaction.atomic
def take_appeal(appeal: Appeal, *, by: Person, at: datetime) -> Review:
    """Decide an appeal: for whoever has judged no round of this work."""
    require(by, REVIEWERS, appeal.hand_in.work.project.organisation)
    work = _locked(appeal.hand_in)
    if work.person_id == by.pk:
        raise _own()
    if Review.objects.filter(hand_in__work=work, reviewer=by).exists():
        raise CannotReview(
            "judged-before", _("An appeal is decided by somebody who did not review this work.")
        )
    seats = appeal.hand_in.reviews.filter(kind=Review.Kind.APPEAL)
    seats.filter(reviewer=None, decided_at=None).delete()
    if Appeal.objects.get(pk=appeal.pk).decided_at is not None or seats.exists():
        raise CannotReview("review-over", _("Somebody else decides this appeal."))
    made = Review.objects.create(
        hand_in=appeal.hand_in, kind=Review.Kind.APPEAL, learner=work.person, reviewer=by, created_at=at
    )
    _record("appeal taken", by, work, at, {"review": made.public_id})
    return made


@transaction.atomic
def release(review: Review, *, by: Person, at: datetime) -> None:
    """Give a seat back: one's own, or as an issuer anybody's."""
    organisation = review.hand_in.work.project.organisation
    require(by, REVIEWERS if review.reviewer_id == by.pk else SIGNERS, organisation)
    work = _locked(review.hand_in)
    if Review.objects.get(pk=review.pk).decided_at is not None:
        raise CannotReview("review-over", _("This review is decided already."))
    _record("review released", by, work, at, {"review": review.public_id})
    review.delete()


# Deciding


@transaction.atomic
def decide(review: Review, *, by: Person, levels: Mapping[str, str], feedback: str, at: datetime) -> Work:
    """Judge every criterion. Whether it is enough follows from that; the last review settles the round."""
    organisation = review.hand_in.work.project.organisation
    require(by, REVIEWERS, organisation)
    if review.reviewer_id != by.pk:
        raise NotVisible
    work = _locked(review.hand_in)
    review = Review.objects.get(pk=review.pk)
    if review.decided_at is not None:
        raise CannotReview("review-over", _("This review is decided already."))
    criteria = rubric.read(work.version.rubric)
    if not rubric.is_complete(criteria, levels):
        raise BadProject("levels", _("Choose a level for every criterion."))
    enough = rubric.is_enough(criteria, levels)
    feedback = clean_prose("feedback", feedback, MAX_FEEDBACK)
    if not enough and not feedback:
        raise BadProject("feedback", _("Say what is missing, so that it can be mended."))
    review.levels, review.enough, review.feedback, review.decided_at = dict(levels), enough, feedback, at
    review.save()
    if review.kind == Review.Kind.APPEAL:
        _settle_appeal(review, work, at=at)
    else:
        _settle(review.hand_in, work, at=at)
    work.save()
    _record(
        "review decided",
        by,
        work,
        at,
        {"review": review.public_id, "enough": enough, "state": str(work.state)},
    )
    return work


def _settle(hand_in: HandIn, work: Work, *, at: datetime) -> None:
    hand_in = HandIn.objects.get(pk=hand_in.pk)
    said = list(
        hand_in.reviews.filter(kind=Review.Kind.REVIEW)
        .exclude(decided_at=None)
        .values_list("enough", flat=True)
    )
    if len(said) < hand_in.seats:
        return
    if len(said) == 2 and said[0] != said[1]:
        hand_in.seats = 3
        hand_in.save(update_fields=["seats"])
        return
    work.decided_at = at
    if said.count(True) * 2 > len(said):
        work.state = Work.State.ACCEPTED
    elif work.version.most_rounds is not None and hand_in.number >= work.version.most_rounds:
        work.state = Work.State.REFUSED
    else:
        work.state = Work.State.CHANGES


def _settle_appeal(review: Review, work: Work, *, at: datetime) -> None:
    Appeal.objects.filter(hand_in=review.hand_in).update(decided_at=at)
    if review.enough:
        work.state, work.decided_at = Work.State.ACCEPTED, at


def _locked(hand_in: HandIn) -> Work:
    """The work with its row locked: every change of its rounds and reviews waits for this."""
    return (
        Work.objects.select_for_update(of=("self",))
        .select_related("version", "project__organisation", "person")
        .get(pk=hand_in.work_id)
    )


def _record(verb: str, by: Person, work: Work, at: datetime, details: dict[str, Any]) -> None:
    journal.record(
        verb=verb,
        by=by,
        organisation_id=work.project.organisation.public_id,
        object=work,
        details=details,
        at=at,
    )
