# SPDX-License-Identifier: Apache-2.0
"""Texts that are known but for their gaps are found, and no others."""

import json

from hypothesis import given
from hypothesis import strategies as st

from cairn.canonical.texts import Forms, Layouts, picker, written_order

TEXT = '{"id":"urn:1","name":"Knots","of":["a","b"],"at":"noon"}'


def split(text):
    return text.split('"')


def of(text, *values):
    parts = split(text)
    return [parts.index(value) for value in values]


def test_a_form_is_found_by_what_is_printed_and_tells_what_is_in_its_gaps():
    forms = Forms()
    forms.add(split(TEXT), of(TEXT, "urn:1", "noon"), "knots")

    assert forms.find(TEXT) == ("knots", ["urn:1", "noon"])
    assert forms.find(TEXT.replace("urn:1", "").replace("noon", "a, b")) == ("knots", ["", "a, b"])
    for other in (
        TEXT.replace("Knots", "Sails"),
        TEXT[:-1],
        TEXT + " ",
        f" {TEXT}",
        TEXT[:9],
        "",
        '{"id":"urn:1',
    ):
        assert forms.find(other) is None, other


def test_forms_that_begin_alike_are_told_apart():
    forms = Forms()
    texts = {
        name: TEXT.replace("Knots", name) for name in ("Knots", "Sails", "Anchors", "Knots and Sails", "K")
    }
    for name, text in texts.items():
        forms.add(split(text), of(text, "urn:1", "noon"), name)
    # One in which that word is a gap as well, and one that ends where the others have another gap.
    forms.add(split(TEXT), of(TEXT, "urn:1", "Knots", "noon"), "any")
    short = '{"id":"urn:1"}'
    forms.add(split(short), of(short, "urn:1"), "short")

    for name, text in texts.items():
        assert forms.find(text) == (name, ["urn:1", "noon"])
    assert forms.find(short) == ("short", ["urn:1"])
    assert forms.find(TEXT.replace("Knots", "Zulu")) in (None, ("any", ["urn:1", "Zulu", "noon"]))


def test_forms_that_nobody_wants_any_more_are_gone():
    forms = Forms()
    for name in ("Knots", "Sails"):
        text = TEXT.replace("Knots", name)
        forms.add(split(text), of(text, "urn:1", "noon"), name)

    left = forms.only(lambda kept: kept == "Sails")

    assert left.find(TEXT) is None
    assert left.find(TEXT.replace("Knots", "Sails")) == ("Sails", ["urn:1", "noon"])
    assert left.only(lambda kept: False).find(TEXT) is None


def test_a_layout_is_found_by_structure_and_by_the_strings_that_are_no_gaps():
    layouts = Layouts()
    layouts.add(split(TEXT), of(TEXT, "urn:1", "Knots", "a", "b", "noon"), "one")

    assert layouts.find(split(TEXT)) == "one"
    assert layouts.find(split(TEXT.replace("Knots", "Sails").replace("noon", ""))) == "one"
    for other in (
        TEXT.replace('"name"', '"named"'),
        TEXT.replace('"a",', ""),
        TEXT.replace('"noon"', "12"),
        f" {TEXT}",
    ):
        assert layouts.find(split(other)) is None, other


def test_an_item_moved_into_the_list_before_is_another_layout():
    """The forgery that an even-part key with nothing between the parts would have let through."""
    text = '{"a":[],"b":["x"]}'
    layouts = Layouts()
    layouts.add(split(text), of(text, "x"), "one")

    assert layouts.find(split(text)) == "one"
    assert layouts.find(split('{"a":["b"],"x":[]}')) is None
    assert layouts.find(split('{"a":["x"],"b":[]}')) is None


def test_layouts_of_one_structure_differ_in_which_strings_count():
    layouts = Layouts()
    first, second = '{"type":"A","x":"1"}', '{"x":"1","type":"A"}'
    layouts.add(split(first), of(first, "1"), "first")
    layouts.add(split(second), of(second, "1"), "second")

    assert layouts.find(split('{"type":"A","x":"2"}')) == "first"
    assert layouts.find(split('{"x":"2","type":"A"}')) == "second"
    assert layouts.find(split('{"type":"B","x":"1"}')) is None
    left = layouts.only(lambda kept: kept == "second")
    assert left.find(split(first)) is None
    assert left.find(split(second)) == "second"


def test_strings_are_picked_in_order():
    assert [picker(which)("abc") for which in ((), (1,), (2, 0))] == [(), ("b",), ("c", "a")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
)


@given(document=st.dictionaries(st.text("abc"), JSON))
def test_the_strings_of_a_text_are_those_of_the_sorted_dump_in_another_order(document):
    compact, by_key = (
        split(json.dumps(document, separators=(",", ":"), sort_keys=is_sorted))[1::2]
        for is_sorted in (False, True)
    )

    assert [by_key[number] for number in written_order(document)] == compact
