# SPDX-License-Identifier: Apache-2.0
"""Rules and credentials as the tests write them, and as Hypothesis makes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import strategies as st

from cairn_server.pathways.rules import (
    AllOf,
    AnyOf,
    Credits,
    Held,
    Holds,
    NOf,
    Outcome,
    Part,
    Selector,
    Standing,
    evaluate,
)

AT = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
YES, NO, UNDECIDED = Outcome.YES, Outcome.NO, Outcome.UNDECIDED


def held(name, achievement="a", *, days_ago=10, **more):
    usual = {"issuer": "us", "awarded_at": AT - days_ago * DAY, "credits": {"ECTS": Fraction(3)}}
    return Held(name, frozenset({achievement}), **{**usual, **more})


def holds(*names, **more):
    return Holds(Selector(achievements=names), **more)


def ects(least, **more):
    return Credits(Fraction(least), "ECTS", more.pop("of", (Part(Selector(tags=("t",))),)), **more)


def ask(rule, *credentials, decisions=(), at=AT, **more):
    return evaluate(rule, credentials, decisions, at=at, own=frozenset({"us"}), **more)


leaves = st.one_of(
    st.builds(
        lambda names, count: Holds(Selector(achievements=tuple(sorted(names))), count=count),
        st.sets(st.sampled_from("abc"), min_size=1),
        st.integers(1, 2),
    ),
    st.builds(
        lambda names, least: Credits(
            Fraction(least), "ECTS", (Part(Selector(achievements=tuple(sorted(names)))),), repeat=2
        ),
        st.sets(st.sampled_from("abc"), min_size=1),
        st.integers(1, 7),
    ),
)


def groups(of):
    lists = st.lists(of, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(AllOf, lists),
        st.builds(AnyOf, lists),
        lists.flatmap(lambda each: st.builds(NOf, st.just(each), n=st.integers(1, len(each)))),
    )


trees = groups(st.one_of(leaves, groups(leaves)))
standings = st.sampled_from([Standing.ACTIVE, Standing.ACTIVE, Standing.UNKNOWN, Standing.REVOKED])
wallets = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(1, 4),
        standings,
        st.one_of(st.none(), st.integers(0, 5)),
        st.integers(1, 50),
    ),
    max_size=6,
).map(
    lambda rows: [
        held(
            f"{n}",
            name,
            credits={"ECTS": Fraction(worth)},
            standing=standing,
            ends_at=None if ends is None else AT + ends * DAY,
            days_ago=ago,
        )
        for n, (name, worth, standing, ends, ago) in enumerate(rows)
    ]
)


def fresh(rule):
    """A tree in which every rule is an object of its own, as those that are read are."""
    if isinstance(rule, AllOf | AnyOf | NOf):
        return replace(rule, of=tuple(fresh(each) for each in rule.of))
    return replace(rule)
