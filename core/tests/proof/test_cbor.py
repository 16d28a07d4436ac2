# SPDX-License-Identifier: Apache-2.0
"""The little of CBOR that we read and write, and everything else, which is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn.errors import MalformedError
from cairn.proof.cbor import decode, decode_header, decode_tree, encode, encode_header


# RFC 8949 appendix A, as far as it is ours.
@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (255, "18ff"),
        (256, "190100"),
        (1000, "1903e8"),
        (1_000_000, "1a000f4240"),
        (1_000_000_000_000, "1b000000e8d4a51000"),
        (2**64 - 1, "1bffffffffffffffff"),
        (b"", "40"),
        (b"\1\2\3\4", "4401020304"),
        ("", "60"),
        ("IETF", "6449455446"),
        ("ü水𐅑", "69c3bce6b0b4f0908591"),
        ([], "80"),
        ([1, [2, 3], [4, 5]], "8301820203820405"),
        ([*range(1, 26)], "98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
        ({}, "a0"),
        ({1: 2, 3: 4}, "a201020304"),
        ({24: b"", 1: ""}, "a20160181840"),
        ([[[[0]]]], "8181818100"),
        ({0: {0: {0: {0: 0}}}}, "a100a100a100a10000"),
    ],
)
def test_the_examples_of_the_rfc(value, octets):
    assert encode(value).hex() == octets
    assert decode(bytes.fromhex(octets)) == value


_VALUES = st.recursive(
    st.integers(0, 2**64 - 1) | st.binary(max_size=300) | st.text(max_size=50),
    lambda inner: (
        st.lists(inner, max_size=30) | st.dictionaries(st.integers(0, 2**64 - 1), inner, max_size=30)
    ),
    max_leaves=20,
)


def depth(value):
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, inner), default=0) if isinstance(value, list | dict) else 0


@given(_VALUES)
def test_what_is_written_is_read_up_to_a_depth(value):
    if depth(value) <= 4:
        assert decode(encode(value)) == value
    elif depth(value) > 5:
        with pytest.raises(MalformedError, match="deep"):
            decode(encode(value))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_and_have_one_spelling(octets):
    try:
        value = decode(octets)
    except MalformedError:
        return
    written = encode(value)
    # Only the order of a map may differ.
    assert written == octets or sorted(written) == sorted(octets)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("", "ends too early"),
        ("18", "longer"),
        ("19ff", "longer"),
        ("1801", "longer than it has to be"),
        ("190001", "longer than it has to be"),
        ("1a00000001", "longer than it has to be"),
        ("1b0000000000000001", "longer than it has to be"),
        ("580100", "longer than it has to be"),
        ("42ff", "ends too early"),
        ("5bffffffffffffffff", "ends too early"),
        ("8201", "ends too early"),
        ("9bffffffffffffffff", "ends too early"),
        ("a101", "ends too early"),
        ("0000", "after its end"),
        ("20", "cannot have"),
        ("c100", "cannot have"),
        ("d84041ff", "cannot have"),
        ("f4", "cannot have"),
        ("f6", "cannot have"),
        ("f93c00", "cannot have"),
        ("5f42010243030405ff", "not told"),
        ("9fff", "not told"),
        ("bfff", "not told"),
        ("1c", "not told"),
        ("61ff", "not UTF-8"),
        ("a201000100", "twice"),
        ("a16100", "ends too early"),
        ("a1616101", "not a number"),
        ("a1410001", "not a number"),
        ("81" * 5 + "00", "too deep"),
        ("a100" * 5 + "00", "too deep"),
        ("a1" * 100_000, "too deep"),
    ],
)
def test_nothing_else_is_read(octets, reason):
    with pytest.raises(MalformedError, match=reason) as refused:
        decode(bytes.fromhex(octets))

    assert refused.value.code == "proof-cbor"


@pytest.mark.parametrize("value", [-1, True, None, 1.0, (1,), 2**64, {"a": 1.5}])
def test_nothing_else_is_written(value):
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"\x20", -1),
        (b"\x39\x03\xe7", -1000),
        (b"\x82\x20\x82\x00\x43abc", [-1, [0, b"abc"]]),
        (b"\x80", []),
        (b"\x63abc", "abc"),
        (b"\x81" * 8 + b"\x07", [[[[[[[[7]]]]]]]]),
    ],
)
def test_a_tree_of_lists_has_numbers_of_both_signs(octets, value):
    assert decode_tree(octets) == value


@pytest.mark.parametrize(
    "octets", [b"", b"\x81", b"\x07\x07", b"\x82\x07", b"\x81" * 9 + b"\x07", b"\x38\x00", b"\xc0\x07"]
)
def test_other_trees_are_refused(octets):
    with pytest.raises(MalformedError) as error:
        decode_tree(octets)

    assert error.value.code == "proof-cbor"


def test_a_header_has_numbers_texts_and_bytes():
    header = {1: -8, 3: "application/vc", 4: b"key", -70_000: 1}

    assert decode_header(encode_header({1: -8, 3: "application/vc", 4: b"key"})) == {
        label: value for label, value in header.items() if label > 0
    }
    assert decode_header(bytes.fromhex("a13a0001116f01")) == {-70_000: 1}
    assert encode_header({1: 0, 2: -1}).hex() == "a201000220"
    assert decode_header(b"") == {}


@pytest.mark.parametrize(
    "octets", ["80", "a10180", "a101a0", "a1616101", "a201010102", "a1010100", "a101", "a1"]
)
def test_other_headers_are_refused(octets):
    with pytest.raises(MalformedError) as refused:
        decode_header(bytes.fromhex(octets))

    assert refused.value.code == "proof-cbor"
