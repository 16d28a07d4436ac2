# SPDX-License-Identifier: Apache-2.0
"""Each way in which JSON readers disagree is refused (B1 to B11 in docs/reference/bad-inputs.md)."""

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn.canonical import Limits, parse_json, to_json
from cairn.errors import MalformedError

I_JSON_INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | I_JSON_INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


def refusal(data: bytes, **limits: int) -> str:
    with pytest.raises(MalformedError) as caught:
        parse_json(data, limits=Limits(**limits))
    return caught.value.code


@pytest.mark.parametrize(
    "text",
    [
        b'{"issuer":"a","issuer":"b"}',
        b'{"\\u0069ssuer":"a","issuer":"b"}',
        b'{"a":[{"b":{"@context":1,"@context":1}}]}',
        b'{ "a": 1, "a": 1 }',
        b'{"":0,"":0}',
    ],
)
def test_b1_a_key_occurs_once_in_any_spelling(text):
    assert refusal(text) == "json-duplicate-key"


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400"])
def test_b2_numbers_are_finite(number):
    assert refusal(b'{"a":' + number + b"}") == "json-number"


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b"[" * 100_000,
        b'{"a": "' + b"\\" * 2 + b'", "b":' + b"[" * 32 + b"]" * 32 + b"}",
    ],
)
def test_b3_nesting_has_a_limit(text):
    assert refusal(text) == "limit-depth"


def test_b3_the_limit_itself_is_allowed_and_brackets_in_strings_do_not_count():
    text = b'{"a":' * 32 + b'"' + b"[{" * 100 + b'\\"["' + b"}" * 32

    value = parse_json(text)

    for _ in range(32):
        value = value["a"]
    assert value == "[{" * 100 + '"['


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (b"1" * 5_000, "limit-number"),
        (b"0." + b"1" * 5_000, "limit-number"),
        (b"9" * 1_000_000, "limit-number"),
        (b"9007199254740992", "json-number"),
        (b"-9007199254740992", "json-number"),
        (b"18446744073709551616", "json-number"),
        (b"9007199254740993.0", "json-number"),
        (b"3.141592653589793238462643383279", "json-number"),
        (b"0.300000000000000044", "json-number"),
        (b"1e-400", "json-number"),
        (b"3e-324", "json-number"),
        (b"1e-99999999999999999999", "json-number"),
    ],
)
def test_b4_numbers_are_exact_or_refused(number, code):
    assert refusal(b'{"a":' + number + b"}") == code


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (b"9007199254740991", 2**53 - 1),
        (b"-9007199254740991", -(2**53) + 1),
        (b"-0", 0),
        (b"1.0", 1.0),
        (b"1E0", 1.0),
        (b"0.1", 0.1),
        (b"1.50", 1.5),
        (b"1e22", 1e22),
        (b"0.10000000000000001", 0.1),
        (b"333333333.33333329", 333333333.3333333),
        (b"5e-324", 5e-324),
    ],
)
def test_b4_numbers_that_a_double_holds_are_read(number, value):
    found = parse_json(b'{"a":' + number + b"}")["a"]

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", [rb'{"a":"\ud800"}', rb'{"\udc00":1}', rb'{"a":["\uDBFF\uDBFF"]}'])
def test_b5_lone_surrogates_are_refused(text):
    assert refusal(text) == "json-string"


@pytest.mark.parametrize("text", [rb'{"a":"x\u0000"}', rb'{"\u0000":1}', rb'{"a":[{"b":["\u0000"]}]}'])
def test_b6_nul_is_refused(text):
    assert refusal(text) == "json-string"


def test_b6_an_escaped_backslash_before_u0000_is_no_nul():
    assert parse_json(rb'{"a":"\\u0000"}') == {"a": "\\u0000"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_b7_a_byte_order_mark_is_refused(encoding):
    assert refusal('{"a":"ö"}'.encode(encoding)) == "json-encoding"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_b7_utf_8_is_the_only_encoding(encoding):
    assert refusal('{"a":1}'.encode(encoding)) == "json-syntax"


@pytest.mark.parametrize(
    "text",
    [b"\xc0\xaf", b"\xe0\x80\xaf", b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3"],
    ids=["overlong 2", "overlong 3", "not a start", "surrogate", "beyond Unicode", "cut off"],
)
def test_b8_invalid_utf_8_is_refused(text):
    assert refusal(b'{"a":"' + text + b'"}') == "json-encoding"


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1} x',
        b'{"a":1}{"a":1}',
        b'\xc2\xa0{"a":1}',
        b'\x0b{"a":1}',
        b'{"a":1}\0',
        b'{"a":1 /* one */}',
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":.5}',
        b'{"a":1.}',
        b'{"a":True}',
        b"{a:1}",
        b'{"a":"\t"}',
        b'{"a":"\\x41"}',
        b'{"a":"\\u00e"}',
        b'{"a"',
        b"{",
        b"",
        b" ",
    ],
)
def test_b9_only_the_grammar_is_read(text):
    assert refusal(text) == "json-syntax"


def test_b9_the_white_space_of_the_grammar_is_read():
    assert parse_json(b'\r\n\t {"a" :\n1 } \n') == {"a": 1}


def test_b10_size_has_a_limit():
    assert refusal(b" " * 50_000_000 + b"{}") == "limit-size"
    assert refusal(b'{"' + b"k" * 10_000_000 + b'":1}') == "limit-size"
    assert parse_json(b'{"a":1}', limits=Limits(size=7)) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        b"{" + b",".join(b'"%d":0' % number for number in range(100_000)) + b"}",
        b'{"a":[' + b"0," * 100_000 + b"0]}",
        b'{"a":[' + b"[]," * 60_000 + b"0]}",
        # Strings with commas, so that a count of bytes alone cannot decide.
        b'{"a":[' + b'",",' * 100_000 + b"0]}",
    ],
)
def test_b10_the_number_of_members_has_a_limit(text):
    assert refusal(text) == "limit-count"


def test_b10_commas_in_strings_are_not_members():
    assert parse_json(b'{"a":"' + b"," * 100_000 + b'"}')["a"] == "," * 100_000


@pytest.mark.parametrize(
    "text",
    [b'{"a":"' + b'\\"' * 2_000_000, b'{"a":"' + b"\\" * 3_999_999, b'{"a":' + b"[," * 1_999_000],
    ids=["unfinished string", "backslashes", "openers"],
)
def test_b10_reading_takes_linear_time(text):
    # Quadratic work on two megabytes would not end here at all.
    assert refusal(text)


@pytest.mark.parametrize("text", [b"[]", b"1", b'"a"', b"null", b"true", b'[{"a":1}]'])
def test_b11_the_top_level_is_an_object(text):
    assert refusal(text) == "json-not-object"


def test_b22_no_key_is_special():
    text = b'{"__proto__":{"a":1},"constructor":2,"user__password__startswith":"x","_connector":"OR"}'

    assert to_json(parse_json(text)) == text


@given(st.dictionaries(TEXT, VALUES))
def test_what_is_written_is_read_back(value):
    assert parse_json(to_json(value)) == value


@given(st.dictionaries(TEXT, VALUES))
def test_the_explicit_parser_reads_the_same_as_the_fast_one(value):
    # Escapes and white space make orjson's own dump differ, so the explicit parser is asked.
    spelled = json.dumps(value, ensure_ascii=True, indent=1).encode()

    found, expected = parse_json(spelled), parse_json(to_json(value))

    assert repr(found) == repr(expected)


@given(st.binary(max_size=200) | st.text('{}[]",:\\u0019e+-.aNtrfl \n', max_size=60).map(str.encode))
def test_any_bytes_are_an_object_or_malformed(data):
    try:
        value = parse_json(data)
    except MalformedError:
        return
    assert isinstance(value, dict)
    assert value == json.loads(data)


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": {"b": (float("-inf"),)}}])
def test_numbers_that_json_lacks_are_not_written_as_null(value):
    with pytest.raises(MalformedError, match="json-value"):
        to_json(value)


@pytest.mark.parametrize(
    "value",
    [b"x", {1: 2}, {"a": {1, 2}}, "\ud800", datetime(2026, 11, 23), Limits()],
)
def test_what_is_not_json_is_not_written(value):
    with pytest.raises(MalformedError, match="json-value"):
        to_json(value)


def test_members_keep_their_order_and_null_may_be_written():
    assert to_json({"b": None, "a": "ö"}) == '{"b":null,"a":"ö"}'.encode()
