# SPDX-License-Identifier: Apache-2.0
"""Each credential serves one rule: against every distribution there is."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cairn_server.pathways.rules import filling
from cairn_server.pathways.rules.filling import Count, Item, Sum, TooHard, fill, is_full


def by_trying_all(places, items):
    """Whether there is any distribution at all: every credential everywhere it fits, or nowhere."""
    for choice in product(*([None, *item.options] for item in items)):
        vectors = {at: [0] * len(place.caps) for at, place in places.items()}
        times, spent, fair = {}, set(), True
        for item, option in zip(items, choice, strict=True):
            if option is None:
                continue
            at, amounts = option
            times[at, item.achievement] = times.get((at, item.achievement), 0) + 1
            fair = fair and times[at, item.achievement] <= places[at].repeat and not item.evidence & spent
            spent |= item.evidence
            for bucket, amount in amounts:
                vectors[at][bucket] += amount
        if fair and all(place.is_met(tuple(vectors[at])) for at, place in places.items()):
            return True
    return False


counts = st.builds(lambda need, repeat: Count((need,), need, repeat), st.integers(1, 3), st.integers(1, 2))
sums = st.builds(
    lambda most, need, own, recognised, repeat: Sum((most,), need, own, recognised, repeat),
    st.integers(2, 9),
    st.integers(1, 9),
    st.integers(0, 4),
    st.integers(0, 9),
    st.integers(1, 2),
)


@st.composite
def cases(draw, kinds=None):
    kinds = counts | sums if kinds is None else kinds
    places = dict(enumerate(draw(st.lists(kinds, min_size=1, max_size=3))))
    items = []
    for name in range(draw(st.integers(0, 7))):
        options = []
        for at, place in places.items():
            if draw(st.booleans()):
                bucket = draw(st.integers(0, len(place.caps) - 1))
                amount = 1 if isinstance(place, Count) else draw(st.integers(1, 5))
                options.append((at, ((bucket, amount),)))
        evidence = draw(st.sets(st.sampled_from(["essay", "film", "robot"]), max_size=1))
        if options:
            achievement = draw(st.sampled_from(["A", "B", "C", "D"]))
            items.append(Item(str(name), achievement, tuple(options), frozenset(evidence)))
    return places, items


@settings(max_examples=250, deadline=None)
@given(cases())
def test_it_finds_a_distribution_exactly_when_there_is_one(case):
    places, items = case

    found = fill(places, items)

    assert (found is not None) == by_trying_all(places, items)
    if found is not None:
        assert is_full(places, found)
        used = [name for names in found.used.values() for name in names]
        assert len(used) == len(set(used))


@settings(max_examples=150, deadline=None)
@given(cases(kinds=counts))
def test_counting_alone_is_a_flow_and_as_exact(case):
    places, items = case
    plain = [Item(each.id, each.achievement, each.options) for each in items]

    assert (filling._flow(places, plain) is not None) == by_trying_all(places, plain)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_the_search_is_exact_by_itself(case):
    places, items = case
    plain = [Item(each.id, each.achievement, each.options) for each in items]

    found = filling._search(places, plain) if plain else None

    assert (found is not None) == by_trying_all(places, plain)


def test_taking_in_turn_would_be_wrong():
    # The first rule could take what only the second can use, whichever order they are written in.
    places = {0: Count((1,), 1), 1: Count((1,), 1)}
    either, only_first = (
        Item("either", "A", ((0, ((0, 1),)), (1, ((0, 1),)))),
        Item("first", "B", ((0, ((0, 1),)),)),
    )

    found = fill(places, [either, only_first])

    assert found is not None
    assert found.used[1] == ["either"]


def test_fifty_credentials_of_three_sums_are_decided():
    places = {at: Sum((60,), 40, 0, 40) for at in range(3)}
    anywhere = tuple((at, ((1, 3),)) for at in range(3))

    # 14 of 3 are needed for each 40, so 42 suffice and 41 do not.
    assert fill(places, [Item(f"{n:02}", f"{n:02}", anywhere) for n in range(50)]) is not None
    assert fill(places, [Item(f"{n:02}", f"{n:02}", anywhere) for n in range(39)]) is None


def test_more_places_than_credentials_is_known_at_once():
    places = {at: Count((1,), 1) for at in range(25)}
    anywhere = tuple((at, ((0, 1),)) for at in range(25))

    assert fill(places, [Item(f"{n}", f"{n}", anywhere) for n in range(24)]) is None


def test_what_is_too_hard_is_told_and_not_guessed(monkeypatch):
    monkeypatch.setattr(filling, "MOST_STATES", 3)
    places = {at: Sum((90,), 41, 0, 41) for at in range(2)}
    anywhere = [Item(f"{n}", f"{n}", tuple((at, ((1, 7 + n),)) for at in range(2))) for n in range(8)]

    with pytest.raises(TooHard):
        filling._search(places, anywhere)
