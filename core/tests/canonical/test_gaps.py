# SPDX-License-Identifier: Apache-2.0
"""Which strings of a document are gaps, and in which order."""

import pytest

from cairn.canonical.gaps import IRI, SENTINEL, leaves, with_gaps

DOCUMENT = {"type": ["A"], "name": "n", "b": {"id": "x", "type": "B"}, "a": ["one", 2, None, ["two"]]}


def test_strings_come_in_the_order_of_a_dump_with_sorted_keys():
    texts = [leaf.text for leaf in leaves(DOCUMENT)]

    assert texts == ["a", "one", "two", "b", "id", "x", "type", "B", "name", "n", "type", "A"]


def test_gaps_are_filled_in_the_same_order_and_types_stay():
    numbers = iter(f"gap {number}" for number in range(9))

    gapped = with_gaps(DOCUMENT, numbers)

    assert gapped == {
        "a": ["gap 0", 2, None, ["gap 1"]],
        "b": {"id": "gap 2", "type": "B"},
        "name": "gap 3",
        "type": ["A"],
    }


def test_a_sentinel_passes_for_an_iri_and_needs_no_escape():
    assert IRI.fullmatch(f"{SENTINEL}:1")
    assert SENTINEL.isascii()
    assert SENTINEL.isprintable()


@pytest.mark.parametrize(
    "text",
    ["", "x", "_:b0", "@id", "http:", "HTTP://x", "ob:x", "https://a b", "https://a\n", "https://é",
     "https://a<b", "https://a>b", 'https://a"b', "https://a\\b", "https://a^b", "https://a`b", "https://a{b",
     "https://a|b", "https://a}b", "https://a\x7f", " https://a", "data:x", "javascript:x"],
)  # fmt: skip
def test_what_json_ld_would_not_pass_through_is_no_iri_b18_b30(text):
    assert IRI.fullmatch(text) is None
