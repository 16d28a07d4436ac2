# SPDX-License-Identifier: Apache-2.0
"""What is never signed stays unsigned, whatever was signed before."""

import pytest

from cairn.canonical.shapes import Shapes
from cairn.credential import structure_problems
from cairn.errors import MalformedError
from cairn.proof import familiar, fitness
from cairn.testing import sample_credential


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(familiar, "SHAPES", Shapes(patience=0))


def badge(number=1, **changes):
    document = sample_credential(id=f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{number:012d}").to_document()
    return {**document, **changes}


def refusal(document):
    try:
        fitness.refuse_unfit(document)
    except MalformedError as error:
        return error.code
    return None


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"proof": {"type": "DataIntegrityProof"}}, "already-signed"),
        ({"name": "bell\x07"}, "control-character"),
        ({"name": "del\x7f"}, "control-character"),
        ({"name": "c1\x85"}, "control-character"),
        ({"name": "return\r"}, "control-character"),
        ({"name": "two\nlines\tand a tab"}, None),
        ({"name": "Zoë 😀"}, None),
        ({"name": 7}, "structure"),
        ({"validFrom": "soon"}, "structure"),
        ({"id": "x"}, "structure"),
        ({"id": 'urn:x"'}, "structure"),
        ({"validUntil": "2020-01-01T00:00:00Z"}, "structure"),
    ],
)
def test_a_known_shape_changes_no_answer(known, change, code):
    if known:
        for number in range(6):
            assert refusal(badge(number)) is None
            assert refusal(badge(number, validUntil="2031-01-01T00:00:00Z")) is None

    assert refusal(badge(9, **change)) == code


def test_the_rules_are_asked_of_the_first_two_of_a_shape_only(monkeypatch):
    asked = []
    in_full = fitness.structure_problems
    monkeypatch.setattr(fitness, "structure_problems", lambda document: asked.append(1) or in_full(document))
    for number in range(6):
        assert refusal(badge(number)) is None

    assert len(asked) == 2


def test_what_breaks_a_rule_teaches_nothing():
    for _ in range(4):
        assert refusal(badge(id="x")) == "structure"

    assert len(familiar.SHAPES) == 0


@pytest.mark.parametrize("value", [["x\x00"], {"a": {"b\x1f": 1}}, "\x9f"])
def test_hidden_characters_are_found_everywhere(value):
    assert fitness.has_hidden_characters(value)


def test_a_return_in_a_known_badge_of_plain_letters_is_found():
    def plain(number, **changes):
        document = badge(number, **changes)
        document["credentialSubject"]["identifier"][0]["identityHash"] = "Zoe"
        return document

    for number in range(6):
        assert refusal(plain(number)) is None

    assert refusal(plain(9, name="Knots\rand Splices")) == "control-character"
    assert refusal(plain(9, name="Knots\nand Splices")) is None


def test_the_first_five_rules_that_are_broken_are_told():
    document = badge(id="x", name=7, validFrom="soon", validUntil="later")
    document["credentialSubject"]["achievement"] = {"id": "x", "type": 7}

    with pytest.raises(MalformedError) as refused:
        fitness.refuse_unfit(document)

    told = [f"{problem.path}: {problem.message}" for problem in structure_problems(document)]
    assert len(told) > 5
    assert refused.value.message.endswith("; ".join(told[:5]))
