# SPDX-License-Identifier: Apache-2.0
"""What counts as right, in which order things are asked, and what an author may write."""

from __future__ import annotations

from typing import Any

import pytest
from server.tests.assessments.conftest import ESSAY, MULTIPLE, NUMBER, SHORT, SINGLE

from cairn_server.assessments import questions
from cairn_server.assessments.models import Answer, QuestionVersion
from cairn_server.assessments.questions import BadQuestion, marked


def question(fields: dict[str, Any]) -> QuestionVersion:
    return QuestionVersion(**questions.checked(fields))


@pytest.mark.parametrize(("chosen", "points"), [([0], 2), ([1], 0), (None, 0), ([], 0), ([0, 1], 0)])
def test_one_of_several(chosen: list[int] | None, points: int) -> None:
    assert points == marked(question(SINGLE), chosen, "")


@pytest.mark.parametrize(
    ("chosen", "points"), [([0, 1], 3), ([1, 0], 3), ([0], 0), ([0, 1, 2], 0), (None, 0)]
)
def test_all_that_apply(chosen: list[int] | None, points: int) -> None:
    assert points == marked(question(MULTIPLE), chosen, "")


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("12.5", 2), ("12,5", 2), (" 13 ", 2), ("12", 2), ("1.25e1", 2), ("+12.5", 2),
        ("13.01", 0), ("11.99", 0), ("\u221212.5", 0), ("", 0), ("twelve", 0), ("12.5 %", 0),
        # B17: what Python would read and people do not write.
        ("NaN", 0), ("Infinity", 0), ("1_2", 0), ("\u0661\u0662", 0), ("1e999999999", 0), ("9" * 5_000, 0),
    ],
)  # fmt: skip
def test_a_number_within_its_tolerance(text: str, points: int) -> None:
    assert points == marked(question(NUMBER), None, text)


def test_a_number_without_tolerance_is_exact() -> None:
    exact = question(NUMBER | {"value": "0.1", "tolerance": ""})

    assert (
        marked(exact, None, "0.10"),
        marked(exact, None, "1e-1"),
        marked(exact, None, "0.1000001"),
    ) == (2, 2, 0)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("Bisque firing", 1),
        (" bisque   FIRING. ", 1),
        ("ｂisque firing", 1),
        ("bisque", 0),
        ("", 0),
        (".", 0),
    ],
)
def test_a_short_text_without_what_is_not_the_answer(text: str, points: int) -> None:
    assert points == marked(question(SHORT), None, text)


def test_accents_are_letters() -> None:
    assert marked(question(SHORT | {"accepted": ["très"]}), None, "tres") == 0


def test_a_person_looks_at_what_is_not_matched_and_not_at_nothing() -> None:
    by_hand = question(ESSAY | {"accepted": ["Too fast"]})

    assert (
        marked(by_hand, None, "too fast"),
        marked(by_hand, None, "Air"),
        marked(by_hand, None, " "),
    ) == (4, None, 0)


def test_an_order_comes_from_its_seed_alone() -> None:
    """The figures are of SHA-256: another version of Python gives the same."""
    assert list("ebcda") == questions.in_order("abcde", seed="00", key="options 1")
    assert questions.in_order("abcde", seed="01", key="options 1") != questions.in_order(
        "abcde", seed="00", key="options 1"
    )


def test_every_order_comes_up_about_as_often() -> None:
    from collections import Counter

    found = Counter("".join(questions.in_order("abc", seed=str(seed), key="x")) for seed in range(1_200))

    assert len(found) == 6
    assert min(found.values()) > 140


def test_what_is_shown_has_no_place_for_what_is_right() -> None:
    """Nothing leaks from a template that has no answer to draw."""
    answer = Answer(position=1, question=question(SINGLE), chosen=[0])

    shown = questions.shown(answer, "00", shuffles=True)

    assert {"position", "kind", "text", "points", "options", "chosen", "written", "is_saved"} == set(
        shown.__slots__
    )
    assert "Cone 6" not in repr(shown)
    assert shown.options[next(iter(shown.chosen))] == "About 1240 °C"
    assert sorted(shown.options) == sorted(option["text"] for option in SINGLE["options"])


def test_without_shuffling_the_authors_order_is_kept() -> None:
    shown = questions.shown(Answer(position=1, question=question(SINGLE)), "00", shuffles=False)

    assert tuple(option["text"] for option in SINGLE["options"]) == shown.options


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("kind", {"kind": "essay"}),
        ("text", {"text": " "}),
        ("text", {"text": "x" * 2_001}),
        ("text", {"text": "a\u202eb"}),  # B129
        ("text", {"text": "a\0b"}),
        ("points", {"points": 0}),
        ("points", {"points": 101}),
        ("explanation", {"explanation": "a\u200bb"}),
        ("options", {"options": [{"text": "Only", "right": True}]}),
        ("options", {"options": [{"text": str(n), "right": n == 0} for n in range(9)]}),
        ("options", {"options": [{"text": "a", "right": False}, {"text": "b", "right": False}]}),
        ("options", {"options": [{"text": "a", "right": True}, {"text": "b", "right": True}]}),
        ("options", {"options": [{"text": "Same", "right": True}, {"text": " same. ", "right": False}]}),
        ("options", {"options": [{"text": "", "right": True}, {"text": "b", "right": False}]}),
        (
            "options",
            {"kind": "multiple", "options": [{"text": "a", "right": False}, {"text": "b", "right": False}]},
        ),
        ("value", {"kind": "number", "value": "many"}),
        ("value", {"kind": "number", "value": "NaN"}),
        ("tolerance", {"kind": "number", "value": "1", "tolerance": "-1"}),
        ("tolerance", {"kind": "number", "value": "1", "tolerance": "Infinity"}),
        ("accepted", {"kind": "short", "accepted": [" "]}),
        ("accepted", {"kind": "short", "accepted": [str(n) for n in range(21)]}),
    ],
)
def test_what_cannot_be_asked_is_refused_at_its_field(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(BadQuestion) as refusal:
        questions.checked(SINGLE | change)

    assert field == refusal.value.field
    assert refusal.value.code == "bad-question"


def test_what_belongs_to_another_kind_is_dropped() -> None:
    found = questions.checked(NUMBER | {"options": SINGLE["options"], "accepted": ["x"], "by_hand": True})

    assert (found["options"], found["accepted"], found["by_hand"]) == ([], [], False)
