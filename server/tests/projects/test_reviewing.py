# SPDX-License-Identifier: Apache-2.0
"""Seats, judgements, disagreement and appeals: nobody judges their own work, and nobody twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, connection, transaction
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.projects.conftest import GOOD, POOR

from cairn_server.accounts import services as accounts
from cairn_server.errors import NotAllowed, NotVisible, Refusal
from cairn_server.organisations.models import Membership
from cairn_server.organisations.roles import Role
from cairn_server.projects import reviewing, services
from cairn_server.projects.models import Appeal, HandIn, Review
from cairn_server.projects.reviewing import CannotReview
from cairn_server.projects.rubric import BadProject
from cairn_server.projects.services import CannotAppeal, WorkClosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation
    from cairn_server.projects.models import Project, Work


@pytest.fixture
def work(publish: Callable[..., Project], hand_in: Callable[..., Work]) -> Work:
    return hand_in(publish())


def test_one_reviewer_who_finds_it_enough(work: Work, review: Callable[..., Review]) -> None:
    review(work, GOOD, feedback="")

    assert (work.state, work.decided_at) == ("accepted", MONDAY)


def test_one_reviewer_who_does_not(work: Work, review: Callable[..., Review]) -> None:
    review(work, POOR)

    assert work.state == "changes"


def test_the_last_round_is_refused(
    publish: Callable[..., Project], hand_in: Callable[..., Work], review: Callable[..., Review]
) -> None:
    last = hand_in(publish(most_rounds=1))

    review(last, POOR)

    assert last.state == "refused"


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [(GOOD, GOOD, "accepted"), (POOR, POOR, "changes"), (GOOD, POOR, "handed-in"), (POOR, GOOD, "handed-in")],
)
def test_two_reviewers(
    publish: Callable[..., Project],
    hand_in: Callable[..., Work],
    review: Callable[..., Review],
    issuer: Person,
    first: dict[str, str],
    second: dict[str, str],
    state: str,
) -> None:
    work = hand_in(publish(reviewers=2))

    review(work, first)
    between = work.state
    review(work, second, by=issuer)

    assert ("handed-in", state) == (between, work.state)
    assert work.current.seats == (3 if state == "handed-in" else 2)


@pytest.mark.parametrize(("third", "state"), [(GOOD, "accepted"), (POOR, "changes")])
def test_a_third_settles_a_disagreement(
    publish: Callable[..., Project],
    hand_in: Callable[..., Work],
    review: Callable[..., Review],
    issuer: Person,
    owner: Person,
    third: dict[str, str],
    state: str,
) -> None:
    work = hand_in(publish(reviewers=2))
    review(work, GOOD)
    review(work, POOR, by=issuer)

    review(work, third, by=owner)

    assert state == work.state


def test_the_first_opinion_is_not_told(
    publish: Callable[..., Project],
    hand_in: Callable[..., Work],
    review: Callable[..., Review],
    learner: Person,
    issuer: Person,
) -> None:
    """Nor is any name, ever."""
    work = hand_in(publish(reviewers=2))
    review(work, POOR)
    before = services.said_of(work.current, by=learner)

    review(work, POOR, by=issuer)

    after = services.said_of(work.current, by=learner)
    assert (before, [each.feedback for each in after]) == ([], ["Thin walls."] * 2)
    assert [(criterion.name, level.name, enough) for criterion, level, enough in after[0].levels] == [
        ("Form", "Not yet", False),
        ("Glaze", "Good", True),
    ]


# Who


def test_nobody_reviews_their_own_work(
    publish: Callable[..., Project], hand_in: Callable[..., Work], reviewer: Person, issuer: Person
) -> None:
    """B174: not by taking a seat, not by being given one, not by deciding, and not below any verb."""
    own = hand_in(publish(), by=reviewer)

    for act in (
        lambda: reviewing.take(own.current, by=reviewer, at=MONDAY),
        lambda: reviewing.assign(own.current, by=issuer, reviewer=reviewer, at=MONDAY),
    ):
        with pytest.raises(CannotReview) as refusal:
            act()
        assert refusal.value.code == "own-work"
    with pytest.raises(IntegrityError, match="nobody_reviews_their_own_work"), transaction.atomic():
        Review.objects.create(hand_in=own.current, learner=reviewer, reviewer=reviewer, created_at=MONDAY)
    assert not reviewing.waiting(own.project.organisation, reviewer)


def test_nobody_reviews_twice(
    publish: Callable[..., Project],
    hand_in: Callable[..., Work],
    review: Callable[..., Review],
    reviewer: Person,
) -> None:
    work = hand_in(publish(reviewers=2))
    seat = review(work, GOOD)

    with pytest.raises(CannotReview) as refusal:
        reviewing.take(work.current, by=reviewer, at=MONDAY)
    with pytest.raises(CannotReview):
        reviewing.decide(seat, by=reviewer, levels=POOR, feedback="x", at=MONDAY)

    assert refusal.value.code == "seated-already"
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(hand_in=work.current, learner=work.person, reviewer=reviewer, created_at=MONDAY)


def test_only_reviewers_of_the_organisation_take_a_seat(
    work: Work, auditor: Person, outsider: Person, learner: Person
) -> None:
    """B135 B141"""
    for person, expected in ((auditor, NotAllowed), (outsider, NotVisible), (learner, NotVisible)):
        with pytest.raises(expected):
            reviewing.take(work.current, by=person, at=MONDAY)
    assert not Review.objects.exists()


def test_who_assigns_and_who_is_assigned(
    work: Work, issuer: Person, reviewer: Person, auditor: Person, outsider: Person
) -> None:
    with pytest.raises(NotAllowed):
        reviewing.assign(work.current, by=reviewer, reviewer=issuer, at=MONDAY)
    with pytest.raises(NotVisible):
        reviewing.assign(work.current, by=outsider, reviewer=outsider, at=MONDAY)
    for person in (auditor, outsider):
        with pytest.raises(CannotReview) as refusal:
            reviewing.assign(work.current, by=issuer, reviewer=person, at=MONDAY)
        assert refusal.value.code == "no-reviewer"

    assert reviewer == reviewing.assign(work.current, by=issuer, reviewer=reviewer, at=MONDAY).reviewer


def test_a_seat_is_its_owners(work: Work, reviewer: Person, issuer: Person, outsider: Person) -> None:
    """B135: another member, and somebody who is nobody here."""
    seat = reviewing.take(work.current, by=reviewer, at=MONDAY)

    for person in (issuer, outsider):
        with pytest.raises(NotVisible):
            reviewing.decide(seat, by=person, levels=GOOD, feedback="", at=MONDAY)
    seat.refresh_from_db()
    assert seat.decided_at is None


def test_a_right_to_review_ends_with_the_role(work: Work, reviewer: Person) -> None:
    """B138: with the seat that was taken before, and for the evidence too."""
    seat = reviewing.take(work.current, by=reviewer, at=MONDAY)
    seen = services.evidence_for(reviewer).count()
    Membership.objects.filter(person=reviewer).delete()

    with pytest.raises(NotVisible):
        reviewing.decide(seat, by=reviewer, levels=GOOD, feedback="", at=MONDAY)

    assert (seen, services.evidence_for(reviewer).count()) == (2, 0)


def test_evidence_is_for_those_who_judge_it(
    work: Work, reviewer: Person, issuer: Person, owner: Person, auditor: Person, outsider: Person
) -> None:
    """B135: not for everybody in the organisation, and not before a seat is taken."""
    before = services.evidence_for(reviewer).count()

    reviewing.take(work.current, by=reviewer, at=MONDAY)

    assert (before, services.evidence_for(reviewer).count()) == (0, 2)
    assert [services.evidence_for(each).count() for each in (issuer, owner, auditor, outsider)] == [0] * 4


def test_the_draft_of_a_next_round_is_its_authors(
    work: Work, review: Callable[..., Review], reviewer: Person, learner: Person
) -> None:
    review(work, POOR)

    draft = services.begin_changes(work, by=learner, at=TUESDAY)

    assert draft not in HandIn.objects.seen_by(reviewer)
    with pytest.raises(NotVisible):
        reviewing.take(draft, by=reviewer, at=TUESDAY)


def test_there_are_as_many_seats_as_it_takes(work: Work, reviewer: Person, issuer: Person) -> None:
    reviewing.take(work.current, by=reviewer, at=MONDAY)

    with pytest.raises(CannotReview) as refusal:
        reviewing.take(work.current, by=issuer, at=MONDAY)

    assert refusal.value.code == "no-seat"
    assert not reviewing.waiting(work.project.organisation, issuer)


def test_a_seat_can_be_given_back(work: Work, reviewer: Person, issuer: Person, outsider: Person) -> None:
    seat = reviewing.take(work.current, by=reviewer, at=MONDAY)
    with pytest.raises(NotVisible):
        reviewing.release(seat, by=outsider, at=MONDAY)

    reviewing.release(seat, by=issuer, at=MONDAY)

    assert [work.current] == list(reviewing.waiting(work.project.organisation, reviewer))


def test_a_decision_is_not_given_back(work: Work, review: Callable[..., Review], reviewer: Person) -> None:
    seat = review(work, POOR)

    with pytest.raises(CannotReview):
        reviewing.release(seat, by=reviewer, at=MONDAY)


def test_a_seat_whose_owner_left_is_free(work: Work, reviewer: Person, issuer: Person) -> None:
    reviewing.take(work.current, by=reviewer, at=MONDAY)
    accounts.delete_account(by=reviewer, at=MONDAY)

    assert [work.current] == list(reviewing.waiting(work.project.organisation, issuer))
    assert issuer == reviewing.take(work.current, by=issuer, at=MONDAY).reviewer


def test_the_same_reviewer_looks_at_the_changes(
    work: Work, review: Callable[..., Review], reviewer: Person, learner: Person
) -> None:
    review(work, POOR)
    services.begin_changes(work, by=learner, at=TUESDAY)

    services.hand_in(work, by=learner, at=TUESDAY)

    work.refresh_from_db()
    assert [reviewer] == [each.reviewer for each in reviewing.seats_of(work.project.organisation, reviewer)]
    review(work, GOOD)
    assert work.state == "accepted"


@pytest.mark.parametrize(
    ("levels", "feedback", "field"),
    [
        ({}, "x", "levels"),
        ({"c1": "c1-l1"}, "x", "levels"),
        (POOR, " ", "feedback"),
        (POOR, "a\0", "feedback"),
    ],
)
def test_a_judgement_that_cannot_stand(
    work: Work, reviewer: Person, levels: dict[str, str], feedback: str, field: str
) -> None:
    seat = reviewing.take(work.current, by=reviewer, at=MONDAY)

    with pytest.raises(BadProject) as refusal:
        reviewing.decide(seat, by=reviewer, levels=levels, feedback=feedback, at=MONDAY)

    assert field == refusal.value.field


def test_the_queue_is_of_one_organisation(work: Work, reviewer: Person, elsewhere: Organisation) -> None:
    assert [work.current] == list(reviewing.waiting(work.project.organisation, reviewer))
    assert not reviewing.waiting(elsewhere, reviewer)


# Appeals


@pytest.fixture
def appealed(work: Work, review: Callable[..., Review], learner: Person) -> Appeal:
    review(work, POOR)
    return services.appeal(work, by=learner, reason="The walls are 4 mm, as asked.", at=TUESDAY)


def test_an_appeal_is_decided_by_somebody_who_did_not_review(
    appealed: Appeal, work: Work, reviewer: Person, issuer: Person, learner: Person
) -> None:
    organisation = work.project.organisation
    with pytest.raises(CannotReview) as refusal:
        reviewing.take_appeal(appealed, by=reviewer, at=TUESDAY)
    queues = [list(reviewing.appeals(organisation, each)) for each in (reviewer, issuer)]

    seat = reviewing.take_appeal(appealed, by=issuer, at=TUESDAY)
    reviewing.decide(seat, by=issuer, levels=GOOD, feedback="", at=TUESDAY)

    work.refresh_from_db()
    appealed.refresh_from_db()
    assert ("judged-before", [[], [appealed]]) == (refusal.value.code, queues)
    assert (work.state, appealed.decided_at) == ("accepted", TUESDAY)
    found = services.accepted(learner, work.project)
    assert found is not None
    assert found.narrative == "Form: Good\n\nGlaze: Very good"


def test_an_appeal_that_is_not_granted_leaves_the_decision(
    appealed: Appeal, work: Work, issuer: Person, learner: Person
) -> None:
    seat = reviewing.take_appeal(appealed, by=issuer, at=TUESDAY)

    reviewing.decide(seat, by=issuer, levels=POOR, feedback="They are 7 mm.", at=TUESDAY)

    work.refresh_from_db()
    assert work.state == "changes"
    assert services.begin_changes(work, by=learner, at=TUESDAY).number == 2


def test_a_reviewer_of_an_earlier_round_has_judged_before(
    work: Work,
    review: Callable[..., Review],
    reviewer: Person,
    issuer: Person,
    owner: Person,
    learner: Person,
) -> None:
    review(work, POOR)
    services.begin_changes(work, by=learner, at=TUESDAY)
    services.hand_in(work, by=learner, at=TUESDAY)
    work.refresh_from_db()
    reviewing.release(work.current.reviews.get(), by=reviewer, at=TUESDAY)
    review(work, POOR, by=issuer)
    appeal = services.appeal(work, by=learner, reason="x", at=TUESDAY)

    for person in (reviewer, issuer):
        with pytest.raises(CannotReview):
            reviewing.take_appeal(appeal, by=person, at=TUESDAY)

    assert owner == reviewing.take_appeal(appeal, by=owner, at=TUESDAY).reviewer


def test_an_appeal_is_decided_by_one(appealed: Appeal, issuer: Person, owner: Person) -> None:
    reviewing.take_appeal(appealed, by=issuer, at=TUESDAY)

    with pytest.raises(CannotReview) as refusal:
        reviewing.take_appeal(appealed, by=owner, at=TUESDAY)

    assert refusal.value.code == "review-over"


def test_strangers_decide_no_appeal(
    appealed: Appeal, auditor: Person, outsider: Person, learner: Person
) -> None:
    for person, expected in ((auditor, NotAllowed), (outsider, NotVisible), (learner, NotVisible)):
        with pytest.raises(expected):
            reviewing.take_appeal(appealed, by=person, at=TUESDAY)


def test_one_does_not_decide_ones_own_appeal(
    publish: Callable[..., Project],
    hand_in: Callable[..., Work],
    review: Callable[..., Review],
    issuer: Person,
) -> None:
    own = hand_in(publish(), by=issuer)
    review(own, POOR)
    appeal = services.appeal(own, by=issuer, reason="x", at=TUESDAY)

    with pytest.raises(CannotReview) as refusal:
        reviewing.take_appeal(appeal, by=issuer, at=TUESDAY)

    assert refusal.value.code == "own-work"


def test_while_an_appeal_is_open_nothing_else_begins(appealed: Appeal, work: Work, learner: Person) -> None:
    with pytest.raises(WorkClosed):
        services.begin_changes(work, by=learner, at=TUESDAY)
    with pytest.raises(CannotAppeal) as refusal:
        services.appeal(work, by=learner, reason="again", at=TUESDAY)

    assert refusal.value.code == "cannot-appeal"


def test_there_is_a_decision_to_appeal(work: Work, learner: Person) -> None:
    with pytest.raises(CannotAppeal):
        services.appeal(work, by=learner, reason="x", at=TUESDAY)


def test_an_appeal_has_a_reason(work: Work, review: Callable[..., Review], learner: Person) -> None:
    review(work, POOR)

    with pytest.raises(BadProject):
        services.appeal(work, by=learner, reason=" ", at=TUESDAY)


# At once


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run them at the same moment, each with a connection of its own; what each gave, or its refusal."""
    gate = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            gate.wait(10)
            return act()
        except Refusal as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.django_db(transaction=True)
def test_two_people_take_the_last_seat(
    publish: Callable[..., Project], hand_in: Callable[..., Work], reviewer: Person, issuer: Person
) -> None:
    round_ = hand_in(publish()).current

    found = at_once(
        lambda: reviewing.take(round_, by=reviewer, at=MONDAY),
        lambda: reviewing.take(round_, by=issuer, at=MONDAY),
    )

    assert Review.objects.count() == 1
    assert {Review, CannotReview} == {type(each) for each in found}


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_decide_at_once(
    publish: Callable[..., Project], hand_in: Callable[..., Work], reviewer: Person, issuer: Person
) -> None:
    """Both are counted, and the round is settled once."""
    work = hand_in(publish(reviewers=2))
    seats = [reviewing.take(work.current, by=each, at=MONDAY) for each in (reviewer, issuer)]

    at_once(
        lambda: reviewing.decide(seats[0], by=reviewer, levels=GOOD, feedback="", at=MONDAY),
        lambda: reviewing.decide(seats[1], by=issuer, levels=GOOD, feedback="", at=MONDAY),
    )

    work.refresh_from_db()
    assert work.state == "accepted"


def test_a_role_elsewhere_is_no_role_here(work: Work, outsider: Person, elsewhere: Organisation) -> None:
    """B136"""
    Membership.objects.create(organisation=elsewhere, person=outsider, role=Role.REVIEWER, since=MONDAY)

    with pytest.raises(NotVisible):
        reviewing.take(work.current, by=outsider, at=MONDAY)
