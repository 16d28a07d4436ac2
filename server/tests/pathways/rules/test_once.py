# SPDX-License-Identifier: Apache-2.0
"""A credential that serves one rule only: against every distribution there is."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from server.tests.pathways.rules.cases import (
    NO,
    UNDECIDED,
    YES,
    ask,
    fresh,
    held,
    holds,
    trees,
    wallets,
)

from cairn_server.pathways.rules import (
    AllOf,
    AnyOf,
    Credits,
    Holds,
    NOf,
    Standing,
)


def test_one_credential_serves_one_rule_and_the_other_says_so():
    rules = (holds("a"), holds("a", "b"))

    assert ask(AllOf(rules), held("1")).outcome == YES
    told = ask(AllOf(rules, once=True), held("1"))
    assert (told.outcome, told.got, told.need) == (NO, 1, 2)
    assert {child.code for child in told.children} == {"met", "counted-elsewhere"}
    assert ask(AllOf(rules, once=True), held("1"), held("2", "b")).outcome == YES


def leaves_of(rule):
    return (
        [rule]
        if isinstance(rule, Holds | Credits)
        else [leaf for each in rule.of for leaf in leaves_of(each)]
    )


def met(rule, given):
    """The plain meaning: ``given`` is what went to each leaf."""
    if isinstance(rule, AllOf | AnyOf | NOf):
        return sum(met(each, given) for each in rule.of) >= rule.needed
    mine = given[id(rule)]
    names = [each.achievement for each in mine]
    if any(names.count(name) > rule.repeat for name in names):
        return False
    if isinstance(rule, Holds):
        return len(mine) >= rule.count
    return sum(each.credits["ECTS"] for each in mine) >= rule.least


def by_trying_all(rule, credentials):
    leaves = leaves_of(rule)
    fits = [[None, *(leaf for leaf in leaves if each.achievement in _names(leaf))] for each in credentials]
    for choice in product(*fits):
        given = {id(leaf): [] for leaf in leaves}
        for each, leaf in zip(credentials, choice, strict=True):
            if leaf is not None:
                given[id(leaf)].append(each)
        if met(rule, given):
            return True
    return False


def _names(leaf):
    return (leaf.selector if isinstance(leaf, Holds) else leaf.of[0].selector).achievements


@settings(max_examples=100, deadline=None)
@given(trees, wallets)
def test_counted_once_is_exact(tree, wallet):
    tree = replace(fresh(tree), once=True)
    sure = [each for each in wallet if each.standing == Standing.ACTIVE]
    could = [each for each in wallet if each.standing != Standing.REVOKED]

    told = ask(tree, *wallet)

    expected = YES if by_trying_all(tree, sure) else UNDECIDED if by_trying_all(tree, could) else NO
    assert told.outcome == expected
