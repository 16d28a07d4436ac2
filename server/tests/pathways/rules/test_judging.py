# SPDX-License-Identifier: Apache-2.0
"""Rules judged: three answers, each with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server.tests.pathways.rules.cases import (
    AT,
    DAY,
    NO,
    UNDECIDED,
    YES,
    ask,
    ects,
    fresh,
    held,
    holds,
    trees,
    wallets,
)

from cairn_server.pathways.rules import (
    AllOf,
    Award,
    Decision,
    Level,
    NOf,
    Not,
    Part,
    Recognised,
    Selector,
    SkillCover,
    Standing,
    Validity,
)


@pytest.mark.parametrize(
    ("credential", "outcome", "code"),
    [
        (held("1"), YES, "met"),
        (held("1", "b"), NO, "missing"),
        (held("1", standing=Standing.REVOKED), NO, "revoked"),
        (held("1", standing=Standing.SUSPENDED), NO, "suspended"),
        (held("1", standing=Standing.UNKNOWN), UNDECIDED, "status-unknown"),
        (held("1", ends_at=AT - DAY), NO, "expired"),
        (held("1", begins_at=AT + DAY), NO, "not-yet"),
    ],
)
def test_a_credential_counts_or_it_is_said_why_not(credential, outcome, code):
    told = ask(holds("a"), credential)

    assert (told.outcome, told.code) == (outcome, code)


def test_a_level_that_is_not_stated_is_not_a_level_that_is_too_low():
    rule = holds("a", least_level=Level("EQF", 5))

    assert ask(rule, held("1")).code == "level-unknown"
    assert ask(rule, held("1", levels={"EQF": 4})).code == "level-low"
    assert ask(rule, held("1", levels={"EQF": 5})).outcome == YES


def test_an_old_credential_is_too_old_and_not_expired():
    assert ask(holds("a", max_age_days=9), held("1")).code == "too-old"


def test_what_counted_at_the_award_is_not_asked_again():
    gone = held("1", standing=Standing.REVOKED)
    award = Award(AT - 5 * DAY, frozenset({"1"}))

    assert ask(holds("a", valid=Validity.AT_AWARD), gone, award=award).outcome == YES
    assert ask(holds("a", valid=Validity.ALWAYS), gone, award=award).outcome == NO


def test_credits_are_summed_with_caps_in_one_scheme_only():
    lines = (Part(Selector(tags=("t",)), Fraction(4)), Part(Selector(tags=("u",))))
    parts = [held(f"{n}", f"{n}", tags=frozenset("t")) for n in range(3)]
    other = held("9", "9", tags=frozenset("u"), credits={"hours": Fraction(50)})

    told = ask(ects(6, of=lines), *parts, other)

    assert (told.outcome, told.got, told.missing, told.code) == (NO, 4, 2, "too-few-credits")
    assert ask(ects(6, of=lines, convert={"hours": Fraction("0.04")}), *parts, other).outcome == YES


def test_a_share_has_to_come_from_the_owner_and_not_from_recognition():
    foreign = [held(f"f{n}", f"f{n}", issuer="x", tags=frozenset("t")) for n in range(4)]
    ours = held("o", "o", tags=frozenset("t"))
    recognised = [replace(each, recognised=True) for each in foreign]

    assert ask(ects(12, own_share=Fraction("0.25")), *foreign).code == "too-little-from-us"
    assert ask(ects(12, own_share=Fraction("0.25")), *foreign, ours).outcome == YES
    assert ask(ects(12, recognised_share=Fraction("0.5")), *recognised, ours).got == 9


def test_the_same_achievement_and_the_same_piece_of_work_count_once():
    twice = [held(f"{n}", "a", tags=frozenset("t")) for n in range(2)]
    one_work = [held(f"{n}", f"{n}", tags=frozenset("t"), evidence=frozenset({"e"})) for n in range(2)]

    assert ask(ects(6), *twice).got == 3
    assert ask(ects(6, repeat=2), *twice).outcome == YES
    assert ask(ects(6), *one_work).got == 3


def test_a_part_of_the_skills_is_enough():
    rule = SkillCover(("s", "t", "u"), Fraction("0.5"), least_level=Level("EQF", 3))
    one, other = held("1", skills={"s": Level("EQF", 3)}), held("2", "b", skills={"t": None})

    assert ask(rule, one).outcome == NO
    assert ask(rule, one, other).outcome == UNDECIDED
    assert ask(rule, one, replace(other, skills={"t": Level("EQF", 4)})).outcome == YES


@pytest.mark.parametrize(
    ("decision", "outcome", "code"),
    [
        (None, NO, "not-asked"),
        (Decision("d", None), UNDECIDED, "being-decided"),
        (Decision("d", False), NO, "refused"),
        (Decision("d", True), YES, "met"),
        (Decision("d", True, AT - DAY), NO, "expired"),
    ],
)
def test_what_people_decide_counts(decision, outcome, code):
    told = ask(Recognised("d"), decisions=[decision] if decision else [])

    assert (told.outcome, told.code) == (outcome, code)


def test_what_is_excluded_for_certain_and_what_perhaps():
    assert ask(Not(holds("a"))).outcome == YES
    assert ask(Not(holds("a")), held("1")).code == "excluded"
    assert ask(Not(holds("a")), held("1", standing=Standing.UNKNOWN)).code == "perhaps-excluded"


def test_order_and_time_span():
    early, late = held("1", "a", days_ago=100), held("2", "b", days_ago=10)

    assert ask(AllOf((holds("a"), holds("b")), in_order=True), early, late).outcome == YES
    assert ask(AllOf((holds("b"), holds("a")), in_order=True), early, late).code == "out-of-order"
    assert ask(AllOf((holds("a"), holds("b")), within_days=90), early, late).outcome == YES
    assert ask(AllOf((holds("a"), holds("b")), within_days=89), early, late).code == "too-far-apart"


# Whatever the rule is


@settings(max_examples=60, deadline=None)
@given(trees, wallets, wallets, st.booleans())
def test_a_further_credential_never_hurts_and_order_never_matters(tree, wallet, more, once):
    tree = replace(fresh(tree), once=once)
    rank = {NO: 0, UNDECIDED: 1, YES: 2}
    more = [replace(each, id=f"more {each.id}") for each in more]

    before = ask(tree, *wallet)

    assert rank[ask(tree, *wallet, *more).outcome] >= rank[before.outcome]
    assert ask(tree, *reversed(wallet)) == before


@settings(max_examples=60, deadline=None)
@given(trees, wallets, st.booleans())
def test_it_holds_until_it_expires_and_not_a_moment_longer(tree, wallet, once):
    tree = replace(fresh(tree), once=once)
    told = ask(tree, *wallet)
    if told.outcome != YES:
        assert told.expires_at is None
        return
    until = told.expires_at
    if until is None:
        assert ask(tree, *wallet, at=AT + 1000 * DAY).outcome == YES
        return
    assert ask(tree, *wallet, at=until).outcome == YES
    assert ask(tree, *wallet, at=until + timedelta(microseconds=1)).outcome != YES


def test_thousands_of_credentials_of_one_person_are_judged_soon():
    wallet = [held(f"{n:04}", f"{n % 900}", tags=frozenset("t"), ends_at=AT + n * DAY) for n in range(5_000)]
    tree = AllOf((ects(600), NOf(tuple(holds(f"{n}") for n in range(20)), n=5), ects(100, max_age_days=400)))

    assert ask(tree, *wallet).outcome == YES
