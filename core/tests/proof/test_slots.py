# SPDX-License-Identifier: Apache-2.0
"""What a slot takes, and that what it takes is written alike everywhere."""

import re

import pytest

from cairn.canonical import jcs, to_json
from cairn.canonical.rdfc import literal
from cairn.credential import parse_datetime
from cairn.errors import MalformedError
from cairn.proof.fitness import has_hidden_characters
from cairn.proof.slots import Kind, Slot, Slots, escaped, gap, number_gap, picker

EVERY_CHARACTER = [chr(code) for code in range(0x110000)]


def test_text_takes_each_character_that_we_sign_and_utf_8_can_write():
    takes = re.compile(Kind.TEXT.pattern)

    taken = {character for character in EVERY_CHARACTER if takes.fullmatch(character)}

    refused = set(EVERY_CHARACTER) - taken
    assert all(has_hidden_characters(each) or "\ud800" <= each <= "\udfff" for each in refused)
    assert not any(map(has_hidden_characters, taken))


def test_what_text_takes_is_escaped_alike_in_json_and_n_quads():
    taken = "".join(each for each in EVERY_CHARACTER if re.fullmatch(Kind.TEXT.pattern, each))

    assert escaped(taken) == literal(taken)[1:-1].encode() == jcs(taken)[1:-1] == to_json(taken)[1:-1]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.TEXT])
def test_no_other_kind_takes_a_character_that_anybody_escapes(kind):
    sample = kind.samples[-1].format(7)
    assert re.fullmatch(kind.pattern, sample)

    for character in ['"', "\\", "\n", "\x1f", "\x7f", " ", "é", "<", ">", "%s"]:
        for at in range(len(sample) + 1):
            assert not re.fullmatch(kind.pattern, sample[:at] + character + sample[at:])


@pytest.mark.parametrize("kind", Kind)
def test_every_value_begins_as_its_kind_says(kind):
    assert all(sample.format(7).startswith(kind.head) for sample in kind.samples)
    if kind.head:
        assert not re.fullmatch(kind.pattern, "x" + kind.samples[0].format(7)[1:])


def test_each_place_is_filled_with_its_text_and_its_value():
    slots = Slots({"a": Slot("x", Kind.TEXT, 'say "'), "b": [Slot("x", Kind.TEXT), Slot("y", Kind.INDEX)]})

    assert slots.written({"x": "one\ntwo", "y": "3"}) == [rb"say \"one\ntwo", rb"one\ntwo", b"3"]
    assert slots.filled({"x": "one", "y": "3"}) == {"a": 'say "one', "b": ["one", "3"]}
    assert len(slots) == 3


def test_places_without_text_of_their_own_are_filled_with_the_values():
    slots = Slots({"a": Slot("x", Kind.TEXT), "b": Slot("y", Kind.INDEX)})

    assert slots.written({"y": "3", "x": "one"}) == [b"one", b"3"]


def test_one_slot_is_enough_and_none_is_not():
    assert Slots({"a": Slot("x", Kind.INDEX)}).written({"x": "7"}) == [b"7"]
    with pytest.raises(MalformedError) as caught:
        Slots({"a": "x"})
    assert caught.value.code == "slot"


def test_values_cannot_lean_on_their_neighbours():
    """Values are looked at together; no value may bring its neighbour along."""
    slots = Slots({"a": Slot("x", Kind.TEXT), "b": Slot("y", Kind.TEXT)})

    with pytest.raises(MalformedError):
        slots.written({"x": "a\x1fb", "y": "c"})
    with pytest.raises(MalformedError):
        slots.written({"x": "a\x1fb"})


@pytest.mark.parametrize("moment", ["2031-02-29T00:00:00Z", "2031-01-01T24:00:00Z", "0000-01-01T00:00:00Z"])
def test_a_moment_exists(moment):
    assert re.fullmatch(Kind.MOMENT.pattern, moment)
    with pytest.raises(MalformedError):
        parse_datetime(moment)

    with pytest.raises(MalformedError) as caught:
        Slots({"a": Slot("x", Kind.MOMENT)}).written({"x": moment})
    assert "MOMENT" in caught.value.message


def test_gaps_in_a_text_are_holes_with_and_without_quotes():
    slots = Slots({"a": Slot("x", Kind.TEXT)})
    gapped = {**slots.gapped(), "n": number_gap(1), "b": "100 %", "c": gap(2)}

    assert slots.text(to_json(gapped)).fill([b"A", b"5", b"C"]) == b'{"a":"A","n":5,"b":"100 %","c":"C"}'


def test_a_picker_always_gives_a_tuple():
    assert picker(["a"])({"a": 1}) == (1,)
    assert picker(["a", "b"])({"a": 1, "b": 2}) == (1, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first", " "),
        ("second", "07"),
        ("third", "2026-02-30T12:00:00Z"),
        ("third", "noon"),
        ("third", 7),
        ("second", None),
    ],
)
def test_the_slot_whose_value_is_not_of_its_kind_is_named(name, value):
    kinds = {"first": Kind.TOKEN, "second": Kind.INDEX, "third": Kind.MOMENT}
    slots = Slots({member: Slot(member, kind) for member, kind in kinds.items()})
    values = {"first": "x", "second": "7", "third": "2026-11-23T12:00:00Z"}
    assert slots.written(values)

    with pytest.raises(MalformedError) as refused:
        slots.written({**values, name: value})

    assert refused.value.message == f"The value of {name!r} is not a {kinds[name].name}."
