# SPDX-License-Identifier: Apache-2.0
"""The language of the rules: what each kind of value lets through."""

import pytest

from cairn.credential import shapes
from cairn.credential.shapes import Problem, Shape


def problems_of(kind, value):
    problems = []
    kind(value, "it", problems)
    return problems


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (shapes.text, ["", "x"], [None, 1, True, ["x"], {"@value": "x"}]),
        (shapes.number, [0, 1.5, -3], ["1", True, False, None, [1]]),
        (shapes.flag, [True, False], ["true", 0, 1, None]),
        (shapes.identifier, ["urn:x:1"], ["x", 1, None, "data:,x"]),
        (shapes.absolute_url, ["urn:x:1", "data:,x"], ["x", 1, None]),
        (shapes.web_address, ["https://x.example"], ["urn:x:1", 1, None]),
        (shapes.moment, ["2026-11-23T10:00:00Z"], ["2026-11-23", 1, None]),
        (
            shapes.picture_address,
            ["https://x.example/i", "data:image/png;base64,AA"],
            ["x", "data:text/html,"],
        ),
        (shapes.one_of({"A"}), ["A", "ext:B"], ["B", 1, None]),
        (shapes.one_of({"A"}, extensible=False), ["A"], ["ext:B"]),
        (shapes.many(shapes.text), ["x", ["x", "y"], []], [1, ["x", 1]]),
    ],
)
def test_a_kind_lets_through_what_it_is_for_b12(kind, good, bad):
    for value in good:
        assert problems_of(kind, value) == [], value
    for value in bad:
        assert problems_of(kind, value), value


@pytest.mark.parametrize(
    "value",
    [" 94567\n", "1_000", "١٢٣", "-1", "0x10", "1e3", "007", "", "9" * 19, 94567, None, "1.0", "+1"],
)
def test_an_index_is_canonical_decimal_text_b17_b78(value):
    assert [problem.rule for problem in problems_of(shapes.decimal_index, value)] == ["index"]


@pytest.mark.parametrize("value", ["0", "94567", "9" * 18])
def test_a_canonical_index_is_fine(value):
    assert problems_of(shapes.decimal_index, value) == []


def test_a_shape_names_what_is_missing_wrong_or_too_much():
    shape = Shape("Thing", {"name": shapes.text}, {"size": shapes.number}, closed=True)

    found = problems_of(shape, {"type": ["Other"], "size": "3", "colour": "red"})

    assert [(problem.path, problem.rule) for problem in found] == [
        ("it.type", "type"),
        ("it.name", "required"),
        ("it.size", "number"),
        ("it.colour", "closed"),
    ]


def test_an_open_shape_leaves_unknown_members_alone():
    assert problems_of(Shape("Thing"), {"type": ["Thing", "More"], "colour": "red"}) == []


@pytest.mark.parametrize("value", [None, "Thing", 1, [], [{"type": "Thing"}]])
def test_a_shape_wants_an_object(value):
    assert problems_of(Shape("Thing"), value) == [Problem("it", "object", "should be an object")]


def test_types_are_strings_only():
    assert problems_of(Shape("Thing"), {"type": ["Thing", 1]})[0].rule == "type"
    assert shapes.types_of({"type": ["A", 1, "B"]}) == ["A", "B"]
    assert shapes.types_of([]) == []


def test_two_objects_with_one_id_in_a_list_are_refused():
    """In RDF they are one node, and claims could move between them (S16)."""
    things = shapes.many(Shape("Thing"))

    found = problems_of(things, [{"id": "urn:x:1", "type": "Thing"}, {"id": "urn:x:1", "type": "Thing"}])

    assert [problem.rule for problem in found] == ["duplicate-node"]


def test_paths_read_like_code():
    assert shapes.join("", "a") == "a"
    assert shapes.join("a", "b") == "a.b"
    assert shapes.join("a", 3) == "a[3]"
