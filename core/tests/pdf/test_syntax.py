# SPDX-License-Identifier: Apache-2.0
"""PDF objects: what is read, what is refused, and that writing is the reverse of reading."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn.errors import MalformedError
from cairn.pdf.syntax import MAX_DEPTH, Name, Reader, Reference, Work, write


def read(data, steps=100_000):
    return Reader(data, Work(steps=steps, octets=0)).value()


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"null", None),
        (b" true ", True),
        (b"%comment\r\nfalse", False),
        (b"12", 12),
        (b"+7", 7),
        (b"-3", -3),
        (b"-1.5", -1.5),
        (b".25", 0.25),
        (b"4.", 4.0),
        (b"/Name", Name("Name")),
        (b"/A#20B#2f", Name("A B/")),
        (b"/", Name("")),
        (b"12 0 R", Reference(12, 0)),
        (b"[1 0 R 2 0]", [Reference(1, 0), 2, 0]),
        (b"(a(b)c)", b"a(b)c"),
        (rb"(\(\)\\\n\101\1012\t)", b"()\\\nAA2\t"),
        (b"(a\\\r\nb)", b"ab"),
        (rb"(\q)", b"q"),
        (b"()", b""),
        (b"<48 65 6c6C6f>", b"Hello"),
        (b"<4>", b"@"),
        (b"<<>>", {}),
        (b"<</A 1/B[2 3]/C<</D(x)>>>>", {"A": 1, "B": [2, 3], "C": {"D": b"x"}}),
        (b"[/A/B]", [Name("A"), Name("B")]),
    ],
)
def test_an_object_is_read(data, value):
    found = read(data)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nul",
        b"truex",
        b"1x",
        b"(",
        b"(a\\",
        b"<4g>",
        b"<<",
        b"[1",
        b"]",
        b">>",
        b"[1>>",
        b"<</A>>",
        b"<</A 1/A 2>>",
        b"<<1 2>>",
        b"{1}",
        b"R",
        b"9" * 19,
        b"/" + b"a" * 256,
        b"(" + b"a" * 70_000 + b")",
        b"<" + b"00" * 70_000 + b">",
    ],
)
def test_what_is_no_object_is_refused_b114(data):
    with pytest.raises(MalformedError) as refusal:
        read(data)
    assert refusal.value.code == "pdf-malformed"


@pytest.mark.parametrize("opening", [b"[", b"<</A ", b"[<</A "])
def test_nesting_has_an_end_b114(opening):
    with pytest.raises(MalformedError) as refusal:
        read(opening * 100_000)
    assert refusal.value.code == "limit-pdf"


def test_just_deep_enough_is_read():
    assert write(read(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)) == b"[" * MAX_DEPTH + b"]" * MAX_DEPTH


@pytest.mark.parametrize(
    "data",
    [
        b"[" + b"1 " * 1_000_000,
        b"[" + b"()" * 1_000_000,
        b" " * 16_000_000 + b"1",
        b"%" + b"x" * 16_000_000 + b"\n1",
        b"(" + b"(" * 60_000,
        b"<" + b"0 " * 8_000_000,
        b"[" + b"9 0 " * 1_000_000,
        b"%\n" * 4_000_000,
    ],
)
def test_reading_ends_soon_b114(data):
    begun = time.process_time()
    with pytest.raises(MalformedError):
        read(data)
    assert time.process_time() - begun < 2


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.binary(max_size=30)
    | st.text(st.characters(max_codepoint=255), max_size=20).map(Name)
    | st.builds(Reference, st.integers(0, 10**9), st.integers(0, 65535)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=255), max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(values)
def test_what_is_written_is_read_again(value):
    assert read(write(value)) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_an_object_or_refused(data):
    try:
        value = read(data)
    except MalformedError:
        return
    assert read(write(value)) == value or isinstance(value, float | list | dict)


def test_only_pdf_objects_are_written():
    with pytest.raises(TypeError):
        write({1, 2})
    assert write(1.5) == b"1.5"
