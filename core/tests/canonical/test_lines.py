# SPDX-License-Identifier: Apache-2.0
"""What can be said of lines with gaps before anybody knows the values."""

from hashlib import sha256

import pytest

from cairn.canonical.gaps import Refused
from cairn.canonical.lines import (
    Blank,
    Decider,
    Line,
    Node,
    Text,
    alike_by_shape,
    deciders_of,
    first_degree,
    merge,
    places,
)

A, B, C = Blank(0), Blank(1), Blank(2)


def line(subject, predicate, object_):
    return Line(subject, predicate, object_)


def test_text_with_holes_is_filled_and_percent_signs_stay():
    text = Text(['100 % "', 1, '" %s <', 0, ">"])

    assert text.fill([b"x", b"%d"]) == b'100 % "%d" %s <x>'
    assert not text.is_whole
    assert Text(["%"]).fill([]) == Text([b"%"]).fill([]) == b"%"
    assert Text(["%"]).is_whole


def test_neighbouring_fixed_text_becomes_one():
    assert merge(["a", "b", 1, "c", A, "d", "e"]) == ("ab", 1, "c", A, "de")


def test_a_node_is_hashed_as_its_sorted_lines():
    lines = [['_:a <p> "', 0, '" .\n'], ["_:a <a> _:z .\n"]]

    assert Node(0, lines).hash([b"x"]) == sha256(b'_:a <a> _:z .\n_:a <p> "x" .\n').digest()


def test_lines_whose_order_the_values_decide_are_sorted_for_each_of_them():
    node = Node(0, [['_:a <p> "', 0, '" .\n'], ['_:a <p> "', 1, '" .\n']])

    expected = sha256(b'_:a <p> "a" .\n_:a <p> "b" .\n').digest()
    assert node.hash([b"a", b"b"]) == node.hash([b"b", b"a"]) == expected


def test_equal_masked_lines_both_count():
    """Two statements that differ only in the other blank node (RDFC-1.0 §4.6)."""
    lines = [
        line((A,), "<p>", (B,)),
        line((A,), "<p>", (C,)),
        line((B,), "<q>", ("<x>",)),
        line((C,), "<q>", ("<y>",)),
    ]

    static, nodes = first_degree(lines, 3)

    assert not nodes
    assert static[sha256(b"_:a <p> _:z .\n_:a <p> _:z .\n").digest()] == 0


def test_nodes_that_are_alike_have_no_plan():
    lines = [line((A,), "<p>", ("<x>",)), line((B,), "<p>", ("<x>",))]

    with pytest.raises(Refused):
        first_degree(lines, 2)


def test_a_node_that_is_alone_is_told_from_no_other():
    assert first_degree([line((A,), "<p>", ("<", 0, ">"))], 1) == ({b"": 0}, ())


def test_what_the_values_put_in_order_has_a_place():
    decider = Decider([("<b>",), ("<", 0, ">"), ("<", 1, ">")])

    assert decider.place([b"a", b"c"]) != decider.place([b"c", b"a"])
    assert decider.place([b"a", b"d"]) == decider.place([b"a", b"c"])


@pytest.mark.parametrize("values", [[b"b", b"c"], [b"a", b"a"]])
def test_equal_terms_have_no_place(values):
    assert Decider([("<b>",), ("<", 0, ">"), ("<", 1, ">")]).place(values) is None


def test_only_what_the_values_decide_is_asked():
    lines = [
        line(("<s>",), "<p>", ('"', 0, '"')),
        line(("<s>",), "<p>", ('"fixed"',)),
        line(("<s>",), "<q>", ('"', 1, '"')),
        line(("<s>",), "<q>", (A,)),
        line(("<", 2, ">"), "<p>", ('"x"',)),
    ]

    found = deciders_of(lines)

    # The subjects, and the objects of <s> <p>; the blank object of <q> goes behind every other.
    assert len(found) == 2
    assert places(found, [b"a", b"b", b"t"]) is not None
    assert places(found, [b"fixed", b"b", b"t"]) is None
    assert places(found, [b"a", b"b", b"s"]) is None


def test_what_always_begins_otherwise_is_in_order_already():
    lines = [
        line(("<https://a.example/", ">"), "<p>", ('"x"',)),
        line(("<urn:uuid:1>",), "<p>", ('"x"',)),
        line(("<", 0, ">"), "<p>", ('"x"',)),
        line(("<", 1, ">"), "<p>", ('"x"',)),
    ]

    assert len(deciders_of(lines)) == 1
    assert deciders_of(lines[:3], {0: "did:"}) == ()
    # What begins alike is one question, and the statement of fact that it is not is none.
    (asked,) = deciders_of(lines, {0: "urn:uuid:", 1: "https://b.example/"})
    assert asked.place([b"urn:uuid:0", b""]) != asked.place([b"urn:uuid:2", b""])
    assert asked.place([b"urn:uuid:1", b""]) is None
    # Two questions, when neither can be answered by the other.
    assert len(deciders_of(lines, {0: "urn:uuid:", 1: "https://a.example/"})) == 2


def test_the_order_of_subjects_is_not_asked_again_where_they_are_objects():
    lines = [
        line(("<s>",), "<p>", ("<", 0, ">")),
        line(("<s>",), "<p>", ("<", 1, ">")),
        line(("<", 0, ">"), "<p>", ('"x"',)),
        line(("<", 1, ">"), "<p>", ('"x"',)),
    ]

    assert len(deciders_of(lines)) == 1
    assert len(deciders_of(lines[:3])) == 2  # <1> is no subject


def test_nodes_with_other_predicates_are_apart_whatever_the_values_are():
    lines = [
        line((A,), "<p>", ('"', 0, '"')),
        line((B,), "<q>", ('"', 1, '"')),
        line((C,), "<p>", ('"', 2, '"')),
    ]

    assert alike_by_shape(lines, 3) == {0, 2}
    assert alike_by_shape([*lines, line((C,), "<q>", ("<x>",))], 3) == frozenset()
    # Whether it leads from a node or to it tells them apart, how often it does so not: that may be once.
    assert alike_by_shape([line((A,), "<p>", (B,))], 2) == frozenset()
    twice = [line((A,), "<p>", ('"', 0, '"')), line((A,), "<p>", ('"', 1, '"')), line((B,), "<p>", ("<x>",))]
    assert alike_by_shape(twice, 2) == {0, 1}
    assert alike_by_shape(twice[1:], 2) == {0, 1}
