# SPDX-License-Identifier: Apache-2.0
"""RFC 8785: its vectors, and the guard under which a sorted dump may stand in for it."""

import enum
import json
import struct
from pathlib import Path

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from cairn.canonical import jcs, parse_json
from cairn.canonical.jcs import is_plain
from cairn.errors import MalformedError

OWN = Path(__file__).parents[1] / "vectors" / "canonical"

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


def test_the_published_documents(shared_vectors, subtests):
    folder = shared_vectors("jcs-rfc8785")
    inputs = sorted((folder / "input").glob("*.json"))
    assert len(inputs) == 6

    for document in inputs:
        with subtests.test(document.name):
            # Two of them are arrays, which parse_json does not read at the top.
            value = parse_json(b'{"a":' + document.read_bytes() + b"}")["a"]

            assert jcs(value) == (folder / "output" / document.name).read_bytes()
            assert jcs(value) == bytes.fromhex(
                (folder / "outhex" / document.stem).with_suffix(".txt").read_text()
            )


def test_our_own_badge():
    document = parse_json((OWN / "badge.json").read_bytes())

    assert jcs(document) == (OWN / "badge.jcs").read_bytes()


# RFC 8785, appendix B, except the entries without a form.
@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_numbers_of_appendix_b(bits, text):
    (number,) = struct.unpack(">d", bytes.fromhex(bits))

    assert jcs([number]) == f"[{text}]".encode()


@given(VALUES)
def test_the_same_bytes_as_the_reference_implementation(value):
    assert jcs(value) == rfc8785.dumps(value)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), TEXT | st.integers(-9, 9) | st.booleans()))
def test_the_same_bytes_as_the_reference_implementation_on_the_fast_path(value):
    assert jcs(value) == rfc8785.dumps(value)


@given(st.floats(1e-4, 1e16) | st.floats(-1e16, -1e-4))
def test_floats_that_a_dump_may_write_are_written_alike(number):
    if is_plain(number):
        assert orjson.dumps(number) == rfc8785.dumps(number)


def test_plain_floats_are_those_of_daily_life():
    assert is_plain([3.5, -0.25, 0.001, 99999.99])
    assert not any(map(is_plain, [0.0009, 1e15 + 1, 4.0, -0.0, float("nan"), float("inf")]))


@given(st.dictionaries(TEXT, VALUES))
def test_the_canonical_form_is_read_back(value):
    # As doubles, which is how RFC 8785 means every number: 1e20 is written without its exponent.
    assert json.loads(jcs(value), parse_int=float) == value


# Each of these is written differently by a sorted dump: without its part of the guard, the test is red.


@pytest.mark.parametrize("number", [1e-6, -0.0, 1.0, 1e20, 1e-7, 1e16])
def test_a_float_takes_the_slow_path(number):
    assert jcs({"a": [number]}) == rfc8785.dumps({"a": [number]})


def test_keys_are_sorted_by_utf_16_code_units():
    # U+10000 is D800 DC00 in UTF-16, so it comes before U+E000; in UTF-8 it comes after.
    assert jcs({"\ue000": 1, "\U00010000": 2}) == '{"\U00010000":2,"\ue000":1}'.encode()


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**64, 10**30])
def test_integers_beyond_a_double_have_no_form(number):
    with pytest.raises(MalformedError, match="json-value"):
        jcs({"a": number})


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        "\ud800",
        {"\ud800": 1},
        {"é\ud800": 1},
        {1: 2},
        {"a": b"bytes"},
        {"a": {1, 2}},
        [object()],
    ],
)
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(MalformedError, match="json-value"):
        jcs(value)


@pytest.mark.parametrize("innermost", [1, 1.5], ids=["fast path", "slow path"])
def test_nesting_that_exhausts_a_stack_is_refused(innermost):
    value: list = [innermost]
    for _ in range(100_000):
        value = [value]

    with pytest.raises(MalformedError, match="json-value"):
        jcs(value)


class Kind(enum.StrEnum):
    BADGE = "badge"


class Level(enum.IntEnum):
    SECOND = 2


def test_subclasses_are_written_as_what_they_are():
    assert jcs({"a": Kind.BADGE, "b": Level.SECOND, "c": True}) == b'{"a":"badge","b":2,"c":true}'
