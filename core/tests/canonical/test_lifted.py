# SPDX-License-Identifier: Apache-2.0
"""Taking a document apart, and refusing to when that is in doubt."""

import uuid

import orjson
import pytest

from cairn.canonical.gaps import SENTINEL
from cairn.canonical.lifted import MAX_DOCUMENT, dump, lift, lift_parsed, spelled


def test_the_strings_and_what_is_between_them():
    lifted = lift({"b": ["x", 1, True], "a": {"c": "y"}})

    assert lifted.structure == '{":{":"},":[",1,true]}'
    assert lifted.strings == ["a", "c", "y", "b", "x"]
    assert lifted.written == b'{"a":{"c":"y"},"b":["x",1,true]}'


def test_an_item_moved_into_the_list_before_gives_another_structure():
    assert lift({"a": [], "b": ["x"]}).structure != lift({"a": ["x"], "b": []}).structure


@pytest.mark.parametrize("text", ["\n", "\t", "\b", "\f", "\r", "a\nb\\c", "\u2028", "é", ""])
def test_text_that_json_and_n_quads_write_alike_is_taken(text):
    assert lift({"a": text}).strings == ["a", orjson.dumps(text).decode()[1:-1]]


# The sentinel differs in every process, and must not be part of a test's name.
TWO_WAYS = ['"', '\\"', "\\u0041", "\x00", "\x01", "\x0b", "\x1f", "\x7f", SENTINEL, f"{SENTINEL}:1"]


@pytest.mark.parametrize("text", TWO_WAYS, ids=range(len(TWO_WAYS)))
def test_text_that_could_be_read_in_two_ways_is_left_alone(text):
    assert lift({"a": text}) is None
    assert lift_parsed({"a": text}) is None


class Text(str):
    pass


@pytest.mark.parametrize("odd", [uuid.UUID(int=1), ("a",), Text("a"), float("nan"), 2**70, b"a", {1: 2}, {1}])
def test_what_is_no_plain_json_is_left_alone_b12(odd):
    assert lift({"a": odd}) is None


def test_a_large_document_is_left_alone():
    fits = {"a": "x" * (MAX_DOCUMENT - len('{"a":""}'))}
    assert lift(fits) is not None
    assert lift({"a": fits["a"] + "x"}) is None
    assert lift_parsed({"a": fits["a"] + "x"}) is None


def test_a_lone_surrogate_has_no_dump():
    assert dump({"a": "\ud800"}) is None


def test_what_was_written_into_is_another_document():
    document = {"a": "x", "b": {"c": "y"}}
    lifted = lift(document)
    assert lifted.is_of(document)

    document["b"]["c"] = "z"

    assert not lifted.is_of(document)


def test_what_is_spelled_has_its_members_in_their_order_and_is_plain_json():
    assert spelled({"b": 1, "a": ["é", None]}) == '{"b":1,"a":["é",null]}'.encode()
    for odd in ({1: 2}, {"a": {1}}, {"a": "\ud800"}, {"a": uuid.UUID}):
        assert spelled(odd) is None
