# SPDX-License-Identifier: Apache-2.0
"""A plan gives the exact digest or none, whatever order its lines turn out to have."""

import random
from hashlib import sha256
from itertools import permutations

import pytest

from cairn.canonical import plan as plans
from cairn.canonical import rdf_canonical
from cairn.canonical.compiler import compile_plan
from cairn.canonical.gaps import SENTINEL, Refused
from cairn.canonical.lines import Blank, Line
from cairn.canonical.plan import Budget, Identities, Plan, written_in_full

VC = "https://www.w3.org/ns/credentials/v2"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"


def badge(values):
    """Alignments and results in any number of orders: each value may stand before or behind each other."""
    values = iter(values)
    return {
        "@context": [VC, OB],
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "id": next(values),
        "name": next(values),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "result": [{"type": ["Result"], "value": next(values)} for _ in range(2)],
            "achievement": {
                "id": next(values),
                "type": ["Achievement"],
                "name": "Knots",
                "tag": ["m", next(values), next(values)],
                "alignment": [{"type": ["Alignment"], "targetName": next(values)} for _ in range(3)],
            },
        },
    }


COUNT = 10
IRIS = (0, 4)


@pytest.fixture
def plan():
    gaps = {f"{SENTINEL}:{number}": number for number in range(COUNT)}
    return compile_plan(badge(gaps), gaps, budget=Budget(10**7))


def shuffled(number):
    chance = random.Random(number)
    words = [f"{chance.choice('alz')}{chance.randrange(10**6)}" for _ in range(COUNT)]
    return [f"urn:x:{word}" if at in IRIS else word for at, word in enumerate(words)]


def in_full(values):
    return sha256(rdf_canonical(badge(values))).digest()


def test_whatever_order_the_values_have_the_digest_is_that_of_the_full_path(plan):
    assert plan.iris == IRIS
    for number in range(200):
        assert plan.digest(shuffled(number)) == in_full(shuffled(number)), number


def test_orders_that_are_not_kept_are_sorted_each_time(plan, monkeypatch):
    monkeypatch.setattr(plans, "_MAX_ORDERS", 2)
    for number in range(60):
        assert plan.digest(shuffled(number)) == in_full(shuffled(number)), number
    assert len(plan._kept_named) <= 2
    assert len(plan._kept_blanks) <= 2


def test_when_only_the_order_of_named_nodes_is_new_and_not_kept_all_is_sorted(plan):
    plan._kept_named = dict.fromkeys(range(plans._MAX_ORDERS))
    for number in range(10):
        assert plan.digest(shuffled(number)) == in_full(shuffled(number)), number
    assert len(plan._kept_named) == plans._MAX_ORDERS
    assert plan._kept_blanks


def test_orders_of_named_nodes_alone_that_are_not_kept_are_sorted_each_time(monkeypatch):
    def tagged(tags):
        document = badge(iter(shuffled(1)))
        document["credentialSubject"]["achievement"] |= {"tag": [*tags], "alignment": []}
        return {**document, "issuer": "urn:x:issuer"}

    gaps = {f"{SENTINEL}:{number}": number for number in range(3)}
    plan = compile_plan(tagged(gaps), gaps, budget=Budget(10**7))
    monkeypatch.setattr(plans, "_MAX_ORDERS", 2)

    for tags in permutations(["a", "b", "c"]):
        assert plan.digest(tags) == sha256(rdf_canonical(tagged(tags))).digest()


def test_a_spent_budget_keeps_nothing_and_changes_nothing():
    gaps = {f"{SENTINEL}:{number}": number for number in range(COUNT)}
    plan = compile_plan(badge(gaps), gaps, budget=Budget(0))

    for number in range(30):
        assert plan.digest(shuffled(number)) == in_full(shuffled(number))
    assert not plan._kept_named


def test_equal_values_of_one_predicate_are_one_statement(plan):
    values = shuffled(1)
    values[5] = values[6]

    assert plan.digest(values) == in_full(values)


def test_nodes_that_are_alike_are_left_to_the_full_path(plan):
    values = shuffled(1)
    values[2] = values[3]

    assert in_full(values)
    assert plan.digest(values) is None
    assert not plan.is_sound(written_in_full(values))


def test_an_id_that_is_used_twice_is_left_to_the_full_path_b31(plan):
    values = shuffled(1)
    values[4] = values[0]

    assert plan.digest(values) is None
    assert not plan.is_sound(written_in_full(values))
    assert plan.is_sound(written_in_full(shuffled(1)))


def test_a_lone_surrogate_has_no_digest(plan):
    values = shuffled(1)
    values[1] = "\ud800"

    assert plan.digest(values) is None


def test_filling_some_gaps_for_good_gives_the_same_digests(plan):
    values = shuffled(3)
    fixed = plan.fixed({at: values[at] for at in (1, 2, 5)})
    for number in range(40):
        other = shuffled(number)
        mixed = [values[at] if at in (1, 2, 5) else value for at, value in enumerate(other)]
        left = [value for at, value in enumerate(other) if at not in (1, 2, 5)]
        assert fixed.digest(left) == in_full(mixed)


def test_gaps_that_make_nodes_alike_or_ids_equal_cannot_be_filled_for_good(plan):
    with pytest.raises(Refused):
        plan.fixed({2: "same", 3: "same"})
    described_twice = plan.fixed({0: "urn:x:1", 4: "urn:x:1"})
    assert described_twice.digest([value for at, value in enumerate(shuffled(1)) if at not in IRIS]) is None


@pytest.mark.parametrize("iri", ["schema:abc", "_:b0", "relative", "data:,x", "urn:é"])
def test_an_iri_that_json_ld_would_change_cannot_be_filled_in_for_good(plan, iri):
    plan.fixed({1: iri})  # as text it stays as it is

    with pytest.raises(Refused):
        plan.fixed({0: iri})


def test_a_document_whose_subject_is_the_credential_has_no_plan_b31():
    document = badge([f"{SENTINEL}:{number}" for number in range(COUNT)])
    document["credentialSubject"]["id"] = document["id"]

    with pytest.raises(Refused):
        Identities.of(document, lambda text: None)


def test_filling_gaps_that_make_a_statement_about_a_blank_node_twice_is_refused():
    blank = Blank(0)
    lines = [Line((blank,), "<p>", ('"', 0, '"')), Line((blank,), "<p>", ('"', 1, '"'))]
    plan = Plan(lines, (), 2, Identities((), frozenset(), (), frozenset()), Budget(10**6))

    with pytest.raises(Refused):
        plan.fixed({0: "same", 1: "same"})


def test_two_ids_of_its_own_cannot_be_made_one():
    ids = Identities((0, 1), frozenset(), (), frozenset())

    with pytest.raises(Refused):
        ids.fixed({0: "urn:x:1", 1: "urn:x:1"}, {})
