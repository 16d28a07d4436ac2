# SPDX-License-Identifier: Apache-2.0
"""Begin, answer, hand in: limits and time are the server's, and nothing that was saved is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction
from server.tests.assessments.conftest import ESSAY, MULTIPLE, NUMBER, SHORT, SINGLE, rightly
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.accounts import services as accounts
from cairn_server.assessments import authoring, services
from cairn_server.assessments.models import GRACE, Answer, Attempt, QuestionVersion
from cairn_server.assessments.services import BadAnswer, CannotBegin, Given, HandedIn, SeesAnswers, TimeOver
from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal.models import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.assessments.models import Assessment

HOUR = timedelta(hours=1)


def test_everything_right_is_passed_and_everything_is_marked_on_the_server(
    publish: Callable[..., Assessment], learner: Person
) -> None:
    attempt = services.begin(publish(SINGLE, MULTIPLE, NUMBER, SHORT), by=learner, at=MONDAY)
    services.save_answers(attempt, by=learner, given=rightly(attempt), at=MONDAY)

    done = services.hand_in(attempt, by=learner, at=MONDAY)

    assert (done.state, done.points, done.possible, done.passed, done.percent) == ("done", 8, 8, True, 100)


@pytest.mark.parametrize(("pass_mark", "passes"), [(33, True), (34, False)])
def test_the_pass_mark_is_never_rounded(
    publish: Callable[..., Assessment], learner: Person, pass_mark: int, passes: bool
) -> None:
    """A third is 33.3 per cent: enough for 33, and not for 34; what is shown agrees."""
    attempt = services.begin(
        publish(SHORT, ESSAY | {"points": 2, "accepted": ["x"]}, pass_mark=pass_mark), by=learner, at=MONDAY
    )
    for row in attempt.answers.select_related("question"):
        text = "x" if row.question.by_hand else ""
        given = {row.position: Given(text="bisque firing" if not text else "")}
        services.save_answers(attempt, by=learner, given=given, at=MONDAY)

    done = services.hand_in(attempt, by=learner, at=MONDAY)

    assert (1, 3, 33, passes) == (done.points, done.possible, done.percent, done.passed)


def test_what_was_saved_is_there_in_another_browser(
    publish: Callable[..., Assessment], learner: Person
) -> None:
    assessment = publish(SINGLE, NUMBER)
    attempt = services.begin(assessment, by=learner, at=MONDAY)
    number = next(each for each in services.sheet(attempt) if each.kind == "number")
    services.save_answers(attempt, by=learner, given={number.position: Given(text="12")}, at=MONDAY)

    again = services.begin(assessment, by=learner, at=MONDAY + HOUR)

    assert attempt == again
    assert sorted(each.written for each in services.sheet(again)) == ["", "12"]


def test_an_answer_can_be_taken_back(publish: Callable[..., Assessment], learner: Person) -> None:
    attempt = services.begin(publish(SINGLE), by=learner, at=MONDAY)
    services.save_answers(attempt, by=learner, given={1: Given(places=(1,))}, at=MONDAY)

    services.save_answers(attempt, by=learner, given={1: Given()}, at=MONDAY)

    [shown] = services.sheet(attempt)
    assert (frozenset(), False) == (shown.chosen, shown.is_saved)


@pytest.mark.parametrize(
    ("fields", "given"),
    [
        (SINGLE, Given(places=(3,))),
        (SINGLE, Given(places=(-1,))),
        (SINGLE, Given(places=(0, 1))),
        (SHORT, Given(places=(0,))),
        (SHORT, Given(text="x" * 501)),
        (SHORT, Given(text="a\0b")),
        (SHORT, Given(text="a\u202eb")),  # B129
    ],
)
def test_an_answer_that_cannot_be_kept(
    publish: Callable[..., Assessment], learner: Person, fields: dict[str, Any], given: Given
) -> None:
    attempt = services.begin(publish(fields), by=learner, at=MONDAY)

    with pytest.raises(BadAnswer) as refusal:
        services.save_answers(attempt, by=learner, given={1: given}, at=MONDAY)

    assert (
        refusal.value.position, refusal.value.code, attempt.answers.filter(saved_at__isnull=False).exists()
    ) == (1, "bad-answer", False)  # fmt: skip


def test_a_question_that_was_not_asked_takes_no_answer(
    publish: Callable[..., Assessment], learner: Person
) -> None:
    attempt = services.begin(publish(SINGLE), by=learner, at=MONDAY)

    with pytest.raises(NotVisible):
        services.save_answers(attempt, by=learner, given={2: Given(text="x")}, at=MONDAY)


# Who


def test_an_attempt_is_its_takers_alone(
    publish: Callable[..., Assessment], learner: Person, outsider: Person, owner: Person
) -> None:
    """B135: also the authors' people do not act in it."""
    attempt = services.begin(publish(SINGLE), by=learner, at=MONDAY)
    before = Entry.objects.count()

    for other in (outsider, owner):
        with pytest.raises(NotVisible):
            services.save_answers(attempt, by=other, given={1: Given(places=(0,))}, at=MONDAY)
        with pytest.raises(NotVisible):
            services.hand_in(attempt, by=other, at=MONDAY)
        with pytest.raises(NotVisible):
            services.told(attempt, by=other, at=MONDAY)

    assert before == Entry.objects.count()


@pytest.mark.parametrize("who", ["owner", "issuer", "auditor"])
def test_whoever_can_read_the_answers_does_not_take_it(
    publish: Callable[..., Assessment], who: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(SeesAnswers) as refusal:
        services.begin(publish(SINGLE), by=request.getfixturevalue(who), at=MONDAY)

    assert refusal.value.code == "sees-answers"


def test_an_author_of_somewhere_else_may(publish: Callable[..., Assessment], outsider: Person) -> None:
    assert services.begin(publish(SINGLE), by=outsider, at=MONDAY).person == outsider


def test_deleting_the_account_takes_every_attempt_along(
    publish: Callable[..., Assessment], learner: Person, issuer: Person
) -> None:
    """G24: the answers, and the arrangement that carried the address."""
    assessment = publish(SINGLE)
    authoring.arrange(assessment, by=issuer, email=learner.email, extra_time=25, extra_attempts=0, at=MONDAY)
    services.begin(assessment, by=learner, at=MONDAY)

    accounts.delete_account(by=learner, at=MONDAY)

    assert not Attempt.objects.exists()
    assert not Answer.objects.exists()
    assert not assessment.arrangements.exists()


# How often


def fail(assessment: Assessment, person: Person, at: Any = MONDAY) -> Attempt:
    return services.hand_in(services.begin(assessment, by=person, at=at), by=person, at=at)


def code_of(assessment: Assessment, person: Person, at: Any = MONDAY) -> str:
    with pytest.raises(CannotBegin) as refusal:
        services.begin(assessment, by=person, at=at)
    return refusal.value.code


def test_attempts_are_counted_over_all_versions(
    publish: Callable[..., Assessment], learner: Person, issuer: Person
) -> None:
    assessment = publish(SINGLE, most_attempts=2)
    fail(assessment, learner)
    draft = assessment.published
    assert draft is not None
    authoring.edit_assessment(
        assessment,
        by=issuer,
        fields={"name": "New", "draws": draft.draws, "most_attempts": 2},
        at=MONDAY,
    )
    authoring.publish_assessment(assessment, by=issuer, at=MONDAY)
    fail(assessment, learner)

    assert code_of(assessment, learner) == "no-attempt-left"
    assert [attempt.number for attempt in learner.attempts.all()] == [1, 2]


def test_more_attempts_for_one_person(
    publish: Callable[..., Assessment], learner: Person, outsider: Person, issuer: Person
) -> None:
    assessment = publish(SINGLE, most_attempts=1)
    authoring.arrange(assessment, by=issuer, email=learner.email, extra_time=0, extra_attempts=1, at=MONDAY)

    for someone, most in ((learner, 2), (outsider, 1)):
        for _number in range(most):
            fail(assessment, someone)
        assert code_of(assessment, someone) == "no-attempt-left"


def test_an_arrangement_is_found_by_a_verified_address_alone(
    publish: Callable[..., Assessment], outsider: Person, issuer: Person
) -> None:
    """B146: whoever merely claims the address gets nothing of it."""
    from allauth.account.models import EmailAddress

    assessment = publish(SINGLE, most_attempts=1)
    EmailAddress.objects.create(user=outsider, email="named@people.example", verified=False)
    authoring.arrange(
        assessment, by=issuer, email="named@people.example", extra_time=0, extra_attempts=5, at=MONDAY
    )
    fail(assessment, outsider)

    assert code_of(assessment, outsider) == "no-attempt-left"


def test_between_attempts_one_waits(publish: Callable[..., Assessment], learner: Person) -> None:
    assessment = publish(SINGLE, wait_hours=24)
    fail(assessment, learner)

    assert code_of(assessment, learner, TUESDAY - timedelta(seconds=1)) == "too-early"
    assert services.begin(assessment, by=learner, at=TUESDAY).number == 2


def test_whoever_has_passed_is_done(publish: Callable[..., Assessment], learner: Person) -> None:
    assessment = publish(SINGLE)
    attempt = services.begin(assessment, by=learner, at=MONDAY)
    services.save_answers(attempt, by=learner, given=rightly(attempt), at=MONDAY)
    services.hand_in(attempt, by=learner, at=MONDAY)

    assert code_of(assessment, learner) == "already-passed"


def test_what_is_being_marked_is_waited_for(publish: Callable[..., Assessment], learner: Person) -> None:
    assessment = publish(ESSAY)
    attempt = services.begin(assessment, by=learner, at=MONDAY)
    services.save_answers(attempt, by=learner, given=rightly(attempt), at=MONDAY)
    services.hand_in(attempt, by=learner, at=MONDAY)

    assert code_of(assessment, learner) == "waits-for-marks"


def test_what_is_not_published_or_is_archived_is_not_begun(
    publish: Callable[..., Assessment], learner: Person, issuer: Person
) -> None:
    assessment = publish(SINGLE)
    draft = authoring.draft_assessment(
        by=issuer, organisation=assessment.organisation, fields={"name": "Draft"}, at=MONDAY
    )
    authoring.archive_assessment(assessment, by=issuer, at=MONDAY)

    assert [code_of(each, learner) for each in (assessment, draft.assessment)] == ["assessment-closed"] * 2


# How long


def test_the_time_is_the_servers(publish: Callable[..., Assessment], learner: Person) -> None:
    """The last second counts, with what it takes to arrive; the one after does not, and changes nothing."""
    attempt = services.begin(publish(SINGLE, minutes=60), by=learner, at=MONDAY)
    end = MONDAY + HOUR + GRACE
    services.save_answers(attempt, by=learner, given={1: Given(places=(1,))}, at=end)

    with pytest.raises(TimeOver) as refusal:
        services.save_answers(
            attempt, by=learner, given={1: Given(places=(2,))}, at=end + timedelta(microseconds=1)
        )

    assert refusal.value.code == "time-over"
    assert frozenset({1}) == services.sheet(attempt)[0].chosen


def test_what_runs_out_is_handed_in_as_it_was_saved(
    publish: Callable[..., Assessment], learner: Person
) -> None:
    """The browser may be dead: what was saved counts, at the moment at which the time was over."""
    attempt = services.begin(publish(SINGLE, minutes=60), by=learner, at=MONDAY)
    services.save_answers(attempt, by=learner, given=rightly(attempt), at=MONDAY)

    early = services.close_overdue(at=MONDAY + HOUR + GRACE)
    closed = services.close_overdue(at=TUESDAY)

    attempt.refresh_from_db()
    assert ([], [learner]) == (early, closed)
    assert (attempt.passed, attempt.ran_out, attempt.handed_in_at) == (True, True, MONDAY + HOUR)


def test_a_next_attempt_closes_the_one_that_ran_out(
    publish: Callable[..., Assessment], learner: Person
) -> None:
    assessment = publish(SINGLE, minutes=60)
    first = services.begin(assessment, by=learner, at=MONDAY)

    second = services.begin(assessment, by=learner, at=TUESDAY)

    first.refresh_from_db()
    assert (first.state, second.number) == ("done", 2)


def test_extra_time_is_the_persons(
    publish: Callable[..., Assessment], learner: Person, outsider: Person, issuer: Person
) -> None:
    assessment = publish(SINGLE, minutes=60)
    authoring.arrange(assessment, by=issuer, email=learner.email, extra_time=25, extra_attempts=0, at=MONDAY)

    ends = [services.begin(assessment, by=someone, at=MONDAY).ends_at for someone in (learner, outsider)]

    assert [MONDAY + timedelta(minutes=75), MONDAY + HOUR] == ends


def test_without_a_limit_nothing_runs_out(publish: Callable[..., Assessment], learner: Person) -> None:
    attempt = services.begin(publish(SINGLE), by=learner, at=MONDAY)

    assert services.close_overdue(at=MONDAY + timedelta(days=900)) == []
    assert attempt.left(MONDAY) is None


# What is drawn


def test_an_attempt_can_be_drawn_again_from_its_seed(
    publish: Callable[..., Assessment], learner: Person
) -> None:
    assessment = publish(SINGLE, MULTIPLE, NUMBER, SHORT, count=3)
    attempt = services.begin(assessment, by=learner, at=MONDAY)

    again = services.draw(attempt.version, attempt.seed)

    assert [row.question for row in attempt.answers.select_related("question")] == again
    assert len(set(again)) == 3


def test_people_are_asked_different_things(
    publish: Callable[..., Assessment], person: Callable[..., Person]
) -> None:
    assessment = publish(*[SHORT | {"text": f"Question {number}"} for number in range(8)], count=4)

    asked = {
        tuple(
            each.text
            for each in services.sheet(services.begin(assessment, by=person(f"P{number}"), at=MONDAY))
        )
        for number in range(6)
    }

    assert len(asked) == 6


def test_without_shuffling_the_bank_is_asked_in_its_order(
    publish: Callable[..., Assessment], learner: Person
) -> None:
    assessment = publish(*[SHORT | {"text": f"Question {n}"} for n in range(6)], count=6, shuffles=False)

    found = [each.text for each in services.sheet(services.begin(assessment, by=learner, at=MONDAY))]

    assert [f"Question {n}" for n in range(6)] == found


# At once


def test_handing_in_twice_is_handing_in_once(publish: Callable[..., Assessment], learner: Person) -> None:
    attempt = services.begin(publish(SINGLE), by=learner, at=MONDAY)
    services.hand_in(attempt, by=learner, at=MONDAY)

    again = services.hand_in(attempt, by=learner, at=TUESDAY)

    assert again.handed_in_at == MONDAY
    assert Entry.objects.filter(verb="attempt handed in").count() == 1
    with pytest.raises(HandedIn) as refusal:
        services.save_answers(attempt, by=learner, given={1: Given(places=(0,))}, at=MONDAY)
    assert refusal.value.code == "handed-in"


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run them at the same moment, each with a connection of its own; what each gave, or its refusal."""
    gate = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            gate.wait(10)
            return act()
        except Refusal as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.django_db(transaction=True)
def test_two_windows_begin_one_attempt(publish: Callable[..., Assessment], learner: Person) -> None:
    assessment = publish(SINGLE, most_attempts=1)

    first, second = at_once(*[lambda: services.begin(assessment, by=learner, at=MONDAY)] * 2)

    assert first == second == Attempt.objects.get()


@pytest.mark.django_db(transaction=True)
def test_two_windows_hand_in_once(publish: Callable[..., Assessment], learner: Person) -> None:
    attempt = services.begin(publish(SINGLE), by=learner, at=MONDAY)

    found = at_once(*[lambda: services.hand_in(attempt, by=learner, at=MONDAY)] * 2)

    assert [attempt, attempt] == found
    assert Entry.objects.filter(verb="attempt handed in").count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_answer_and_the_end_at_once(publish: Callable[..., Assessment], learner: Person) -> None:
    """Either the answer came first and counts, or the end did and the answer is refused; never half of it."""
    attempt = services.begin(publish(SINGLE), by=learner, at=MONDAY)
    right = rightly(attempt)

    saved, _done = at_once(
        lambda: services.save_answers(attempt, by=learner, given=right, at=MONDAY),
        lambda: services.hand_in(attempt, by=learner, at=MONDAY),
    )

    attempt.refresh_from_db()
    assert attempt.passed is (saved is None)
    assert saved is None or isinstance(saved, HandedIn)


def test_the_database_knows_one_open_attempt(publish: Callable[..., Assessment], learner: Person) -> None:
    attempt = services.begin(publish(SINGLE), by=learner, at=MONDAY)
    attempt.pk, attempt.public_id, attempt.number = None, "B" * 22, 2

    with pytest.raises(IntegrityError, match=r"(?i)unique|one_open_attempt"), transaction.atomic():
        attempt.save(force_insert=True)


def test_a_question_is_asked_once_an_attempt(publish: Callable[..., Assessment], learner: Person) -> None:
    attempt = services.begin(publish(SINGLE), by=learner, at=MONDAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.create(attempt=attempt, position=2, question=QuestionVersion.objects.get())


# A later version


def publish_anew(assessment: Assessment, *, by: Person, **rules: Any) -> None:
    """The same draws under other rules."""
    newest = assessment.published
    assert newest is not None
    authoring.edit_assessment(
        assessment, by=by, fields={"name": newest.name, "draws": newest.draws, **rules}, at=MONDAY
    )
    authoring.publish_assessment(assessment, by=by, at=MONDAY)


@pytest.mark.parametrize(("before", "after", "passes"), [(50, 90, True), (90, 50, False)])
def test_an_attempt_is_judged_by_the_version_it_was_begun_with(
    publish: Callable[..., Assessment],
    learner: Person,
    issuer: Person,
    before: int,
    after: int,
    passes: bool,
) -> None:
    assessment = publish(SINGLE, SHORT, pass_mark=before)
    attempt = services.begin(assessment, by=learner, at=MONDAY)
    single = next(each.position for each in services.sheet(attempt) if each.kind == "single")
    services.save_answers(attempt, by=learner, given={single: rightly(attempt)[single]}, at=MONDAY)
    publish_anew(assessment, by=issuer, pass_mark=after)

    done = services.hand_in(attempt, by=learner, at=TUESDAY)

    assert (66, passes) == (done.percent, done.passed)
    assert passes == (services.passed(learner, assessment) is not None)


def test_whoever_was_promised_rules_takes_it_by_them(
    publish: Callable[..., Assessment], learner: Person, issuer: Person
) -> None:
    assessment = publish(SINGLE, pass_mark=50, minutes=60, most_attempts=2)
    promised = assessment.published
    publish_anew(assessment, by=issuer, pass_mark=90, minutes=10, most_attempts=1)
    fail(assessment, learner)
    assert code_of(assessment, learner) == "no-attempt-left"

    attempt = services.begin(assessment, by=learner, promised=promised, at=MONDAY)

    assert promised == attempt.version
    assert attempt.ends_at == MONDAY + HOUR


def test_a_mended_question_reaches_whoever_was_promised_the_same_rules(
    publish: Callable[..., Assessment], learner: Person, issuer: Person
) -> None:
    assessment = publish(SINGLE, pass_mark=50)
    promised, question = assessment.published, QuestionVersion.objects.get().question
    mended = authoring.write_question(
        by=issuer, group=question.group, question=question, fields=SINGLE | {"text": "How hot?"}, at=MONDAY
    )
    publish_anew(assessment, by=issuer, pass_mark=50)

    attempt = services.begin(assessment, by=learner, promised=promised, at=MONDAY)

    assert [mended] == [each.question for each in attempt.answers.all()]


def test_fewer_attempts_later_do_not_give_the_answers_away(
    publish: Callable[..., Assessment], learner: Person, issuer: Person
) -> None:
    """By the rules it was begun with, an attempt is left."""
    assessment = publish(SINGLE, most_attempts=2, feedback="answers-last")
    attempt = fail(assessment, learner)
    publish_anew(assessment, by=issuer, most_attempts=1, feedback="answers-last")

    [told] = services.told(attempt, by=learner, at=MONDAY)

    assert told.right_places is None
