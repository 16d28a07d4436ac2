# SPDX-License-Identifier: Apache-2.0
"""Marking by hand, what people are told afterwards, and what others may ask."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from server.tests.assessments.conftest import ESSAY, MULTIPLE, NUMBER, SHORT, SINGLE, rightly
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.assessments import services
from cairn_server.assessments.services import BadMark, Given, Passed
from cairn_server.errors import NotAllowed, NotVisible

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.assessments.models import Answer, Assessment, Attempt
    from cairn_server.organisations.models import Organisation


def handed_in(assessment: Assessment, by: Person, given: dict[int, Given] | None = None) -> Attempt:
    attempt = services.begin(assessment, by=by, at=MONDAY)
    services.save_answers(attempt, by=by, given=rightly(attempt) if given is None else given, at=MONDAY)
    return services.hand_in(attempt, by=by, at=MONDAY)


@pytest.fixture
def waiting(publish: Callable[..., Assessment], learner: Person) -> Answer:
    attempt = handed_in(publish(ESSAY, NUMBER, pass_mark=60), learner)
    assert attempt.state == "waiting"
    return attempt.answers.get(points=None)


def test_a_person_marks_what_the_server_cannot(waiting: Answer, reviewer: Person) -> None:
    done = services.mark(waiting, by=reviewer, points=3, remark="Air, too.", at=TUESDAY)

    assert (
        done.state,
        done.points,
        done.percent,
        done.passed,
        done.marked_at,
    ) == ("done", 5, 83, True, TUESDAY)


def test_who_may_mark(waiting: Answer, auditor: Person, learner: Person, outsider: Person) -> None:
    """B135 B141"""
    for person, refusal in ((auditor, NotAllowed), (learner, NotVisible), (outsider, NotVisible)):
        with pytest.raises(refusal):
            services.mark(waiting, by=person, points=4, remark="", at=TUESDAY)
    waiting.refresh_from_db()
    assert waiting.points is None


def test_nobody_marks_their_own(publish: Callable[..., Assessment], reviewer: Person) -> None:
    """A reviewer may learn too, and is not their own judge."""
    attempt = handed_in(publish(ESSAY), reviewer)
    answer = attempt.answers.get()

    assert answer not in services.to_mark(reviewer, attempt.assessment.organisation)
    with pytest.raises(NotVisible):
        services.mark(answer, by=reviewer, points=4, remark="", at=TUESDAY)


def test_the_queue_is_of_one_organisation(waiting: Answer, reviewer: Person, elsewhere: Organisation) -> None:
    ours = waiting.attempt.assessment.organisation

    assert [waiting] == list(services.to_mark(reviewer, ours))
    assert list(services.to_mark(reviewer, elsewhere)) == []


@pytest.mark.parametrize(("points", "remark"), [(5, ""), (-1, ""), (1, "a\0b"), (1, "x" * 1_001)])
def test_a_mark_that_cannot_stand(waiting: Answer, reviewer: Person, points: int, remark: str) -> None:
    with pytest.raises(BadMark) as refusal:
        services.mark(waiting, by=reviewer, points=points, remark=remark, at=TUESDAY)

    assert refusal.value.code == "bad-mark"


def test_two_markers_mark_once(waiting: Answer, reviewer: Person, issuer: Person) -> None:
    services.mark(waiting, by=reviewer, points=0, remark="", at=TUESDAY)

    with pytest.raises(BadMark):
        services.mark(waiting, by=issuer, points=4, remark="", at=TUESDAY)

    waiting.refresh_from_db()
    assert waiting.points == 0


# What is told


def test_nothing_is_told_before_it_is_handed_in(publish: Callable[..., Assessment], learner: Person) -> None:
    """B173: quiz answers do not leak: also not when the author shows all of them afterwards."""
    attempt = services.begin(publish(SINGLE, feedback="answers"), by=learner, at=MONDAY)

    assert services.told(attempt, by=learner, at=MONDAY) == []


def test_nothing_is_told_while_somebody_marks(waiting: Answer, learner: Person) -> None:
    assert services.told(waiting.attempt, by=learner, at=MONDAY) == []


def test_the_result_alone(publish: Callable[..., Assessment], learner: Person) -> None:
    attempt = handed_in(publish(SINGLE, feedback="result"), learner)

    assert services.told(attempt, by=learner, at=MONDAY) == []


def test_marks_without_answers(publish: Callable[..., Assessment], learner: Person) -> None:
    attempt = handed_in(publish(SINGLE, NUMBER, feedback="marks"), learner, {})

    found = services.told(attempt, by=learner, at=MONDAY)

    assert [(each.points, each.right_places, each.right_words, each.explanation) for each in found] == [
        (0, None, None, "")
    ] * 2


def test_answers_after_each_attempt(publish: Callable[..., Assessment], learner: Person) -> None:
    attempt = handed_in(publish(SINGLE, NUMBER, SHORT, feedback="answers"), learner, {})

    found = {each.shown.kind: each for each in services.told(attempt, by=learner, at=MONDAY)}

    [place] = found["single"].right_places or ()
    assert found["single"].shown.options[place] == "About 1240 °C"
    assert found["single"].explanation == "Cone 6 to 10."
    assert (found["number"].right_words, found["short"].right_words) == (("12.5 ± 0.5",), ("Bisque firing",))


def test_answers_when_it_is_over(publish: Callable[..., Assessment], learner: Person) -> None:
    """While another attempt is left, or open, what was right stays a secret."""
    assessment = publish(SINGLE, feedback="answers-last", most_attempts=2)
    first = handed_in(assessment, learner, {})
    between = services.told(first, by=learner, at=MONDAY)
    second = services.begin(assessment, by=learner, at=MONDAY)
    meanwhile = services.told(first, by=learner, at=MONDAY)
    services.hand_in(second, by=learner, at=MONDAY)

    after = services.told(first, by=learner, at=MONDAY)

    assert [each[0].right_places is None for each in (between, meanwhile, after)] == [True, True, False]


def test_answers_once_passed(publish: Callable[..., Assessment], learner: Person) -> None:
    attempt = handed_in(publish(SINGLE, feedback="answers-last"), learner)

    assert services.told(attempt, by=learner, at=MONDAY)[0].right_places is not None


# What others ask


def test_the_best_attempt_counts(
    publish: Callable[..., Assessment], learner: Person, outsider: Person
) -> None:
    assessment = publish(SINGLE, MULTIPLE, pass_mark=40)
    handed_in(assessment, learner)

    assert Passed(MONDAY, "100") == services.passed(learner, assessment)
    assert services.passed(outsider, assessment) is None


def test_a_failed_attempt_is_no_result(publish: Callable[..., Assessment], learner: Person) -> None:
    assessment = publish(SINGLE)
    handed_in(assessment, learner, {})

    assert services.passed(learner, assessment) is None


def test_what_it_takes_is_a_sentence_and_a_description(publish: Callable[..., Assessment]) -> None:
    assessment = publish(SINGLE, NUMBER, minutes=30, most_attempts=3, pass_mark=70)

    assert services.promise(assessment) == "2 questions, pass mark 70 %, 30 minutes, 3 attempts"
    assert services.result_description(assessment) == {
        "name": "Kilns and clay",
        "result_type": "Percent",
        "value_min": "0",
        "value_max": "100",
        "required_value": "70",
    }
    assert services.is_open(assessment)


# Taking one's data


@pytest.mark.parametrize("feedback", ["result", "marks", "answers"])
def test_an_export_never_has_the_right_answers(
    publish: Callable[..., Assessment], learner: Person, feedback: str
) -> None:
    """What one answered is one's own; what would have been right is not."""
    handed_in(publish(SINGLE, MULTIPLE, NUMBER, SHORT, feedback=feedback), learner, {})

    told = json.dumps(services.export_data(learner), ensure_ascii=False)

    assert SINGLE["text"] in told
    assert not [word for word in ("1240", "Celadon", "12.5", "Bisque", "Cone", "right") if word in told]
    assert ('"points"' in told) is (feedback != "result")


def test_an_export_of_an_open_attempt_has_no_marks(
    publish: Callable[..., Assessment], learner: Person
) -> None:
    attempt = services.begin(publish(SINGLE), by=learner, at=MONDAY)
    services.save_answers(attempt, by=learner, given=rightly(attempt), at=MONDAY)

    [told] = services.export_data(learner)["attempts"]

    assert (None, None, [{"question": SINGLE["text"], "answer": ["About 1240 °C"]}]) == (
        told["percent"], told["passed"], told["answers"]
    )  # fmt: skip
