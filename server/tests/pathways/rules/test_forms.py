# SPDX-License-Identifier: Apache-2.0
"""Rules as JSON: what is read is written again, what is no rule is refused, what can never be is told."""

from __future__ import annotations

import pytest

from cairn_server.pathways.rules import BadRule, impossible, read, write
from cairn_server.pathways.rules.forms import DEEPEST, MOST_RULES

HOLDS = {"rule": "holds", "selector": {"achievements": ["a"]}}
EVERYTHING = {
    "rule": "all",
    "title": "Data work",
    "of": [
        {
            "rule": "some",
            "least": 2,
            "once": True,
            "of": [
                {**HOLDS, "count": 2, "repeat": 2, "least_grade": {"scale": "percent", "value": "55.5"}},
                {
                    "rule": "credits",
                    "least": "20",
                    "scheme": "ECTS",
                    "of": [
                        {"selector": {"tags": ["data"], "own": True}, "most": "12.5"},
                        {"selector": {"skills": ["s"]}},
                    ],
                    "own_least": "5",
                    "own_share": "0.5",
                    "recognised_share": "0.25",
                    "convert": {"hours": "0.04"},
                    "max_age_days": 700,
                    "valid": "at_award",
                },
                {"rule": "recognised", "decision": "work experience"},
            ],
        },
        {"rule": "any", "within_days": 365, "of": [{"rule": "skills", "skills": ["s", "t"], "share": "0.5"}]},
        {
            "rule": "all",
            "in_order": True,
            "of": [{**HOLDS, "least_level": {"scheme": "EQF", "value": 5}}, HOLDS],
        },
        {
            "rule": "not",
            "of": {
                "rule": "holds",
                "selector": {"issuers": ["did:web:x"], "level": {"scheme": "EQF", "value": 7}},
            },
        },
    ],
}


def test_what_is_read_is_written_again():
    assert write(read(EVERYTHING)) == EVERYTHING


def nested(depth):
    rule = HOLDS
    for _level in range(depth - 1):
        rule = {"rule": "all", "of": [rule]}
    return rule


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ([], ""),
        ({"rule": "every"}, ""),
        ({"rule": ["all"]}, ""),
        ({"rule": "all", "of": []}, ".of"),
        ({"rule": "some", "of": [HOLDS]}, ""),
        ({**HOLDS, "cuont": 2}, "cuont"),
        ({**HOLDS, "count": True}, "count"),
        ({**HOLDS, "count": 0}, "count"),
        ({**HOLDS, "valid": "sometimes"}, "valid"),
        ({**HOLDS, "valid": []}, "valid"),
        ({**HOLDS, "title": "two\nlines"}, "title"),
        ({"rule": "holds", "selector": {}}, "selector"),
        ({"rule": "holds", "selector": {"achievements": ["a", "a"]}}, "selector.achievements"),
        ({"rule": "credits", "least": 20, "scheme": "ECTS", "of": [{"selector": {"own": True}}]}, "least"),
        ({"rule": "credits", "least": "NaN", "scheme": "ECTS", "of": [{"selector": {"own": True}}]}, "least"),
        ({"rule": "skills", "skills": ["s"], "share": "1.5"}, "share"),
        ({"rule": "not", "of": {"rule": "not", "of": HOLDS}}, ""),
        ({"rule": "all", "once": True, "in_order": True, "of": [HOLDS]}, ""),
        ({"rule": "all", "once": True, "of": [{"rule": "all", "in_order": True, "of": [HOLDS]}]}, "of[0]"),
        ({"rule": "all", "within_days": 9, "of": [{"rule": "all", "once": True, "of": [HOLDS]}]}, "of[0]"),
        ({"rule": "all", "of": [HOLDS] * MOST_RULES}, f"of[{MOST_RULES - 1}]"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_place(told, where):
    with pytest.raises(BadRule) as refused:
        read(told)

    assert refused.value.where == where


def test_rules_are_nested_so_deep_and_no_deeper():
    read(nested(DEEPEST))
    with pytest.raises(BadRule):
        read(nested(DEEPEST + 1))


def test_a_rule_that_contains_itself_is_refused():
    rule = {"rule": "all", "of": []}
    rule["of"].append(rule)

    with pytest.raises(BadRule):
        read(rule)


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({"rule": "some", "least": 3, "of": [HOLDS, HOLDS]}, ["more-than-there-are"]),
        ({**HOLDS, "count": 2}, ["fewer-of-a-kind"]),
        ({**HOLDS, "count": 2, "repeat": 2}, []),
        ({"rule": "all", "of": [HOLDS, {"rule": "not", "of": HOLDS}]}, ["asked-for-and-excluded"]),
        ({"rule": "any", "of": [HOLDS, {"rule": "not", "of": HOLDS}]}, []),
        ({**HOLDS, "least_level": {"scheme": "EQF", "value": 9}}, ["no-such-level"]),
        ({"rule": "not", "of": {**HOLDS, "count": 2}}, []),
        (
            {
                "rule": "credits",
                "least": "20",
                "scheme": "ECTS",
                "of": [{"selector": {"own": True}, "most": "19"}],
            },
            ["caps-below"],
        ),
    ],
)
def test_what_can_never_be_met_is_told(told, codes):
    assert [each.code for each in impossible(read({"rule": "all", "of": [told]}))] == codes
