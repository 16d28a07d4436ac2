# SPDX-License-Identifier: Apache-2.0
"""Token Status Lists: least significant bit first, ZLIB, and never taken for the other kind of list."""

import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn.errors import MalformedError
from cairn.keys import base64url_decode, base64url_encode
from cairn.status import StatusList
from cairn.status.token_list import TokenStatus, TokenStatusList

URI = "https://harbour.example/statuslists/1"


def claim(bits, octets):
    return {"bits": bits, "lst": base64url_encode(zlib.compress(octets, 9))}


# --- published


@pytest.mark.parametrize(
    ("bits", "octets", "lst", "values"),
    [
        # Token Status List §4.1, the two worked examples, value by value.
        (1, "b9a3", "eNrbuRgAAhcBXQ", [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]),
        (2, "c944f9", "eNo76fITAAPfAgc", [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]),
    ],
)
def test_b86_the_worked_examples_byte_for_byte(bits, octets, lst, values):
    listed = TokenStatusList.from_claim({"bits": bits, "lst": lst})

    assert listed.octets.hex() == octets
    assert [listed.get(index) for index in range(len(listed))] == values
    assert listed.to_claim() == {"bits": bits, "lst": lst}
    again = TokenStatusList.empty(bits, len(values))
    for index, value in enumerate(values):
        again.set(index, value)
    assert again == listed


# Appendix "Test vectors": what is set in the long lists of 2^20 entries.
_PLACES = (0, 1993, 25460, 159495, 495669, 554353, 645645, 723232, 854545, 934534, 1000345)
_PLACES_OF_FOUR = (0, 1993, 35460, 459495, 595669, 754353, 845645, 923232, 924445, 934534)
_LAST_OF_FOUR = (1004534, 1000345, 1030203, 1030204, 1030205)
_WIDE = {
    1: dict.fromkeys(_PLACES, 1),
    2: dict(zip(_PLACES, (1, 2, 1, 3, 1, 1, 2, 1, 1, 2, 3), strict=True)),
    4: dict(zip(_PLACES_OF_FOUR + _LAST_OF_FOUR, range(1, 16), strict=True)),
}


@pytest.mark.parametrize(
    ("name", "bits"),
    [("encoding1_long", 1), ("encoding2_long", 2), ("encoding4", 4), ("encoding8", 8)],
)
def test_b86_the_published_long_lists(shared_vectors, name, bits):
    text = (shared_vectors("token-status-list") / f"status_list_{name}_json.md").read_text()
    lst = "".join(re.search(r'"lst": "([^"]+)"', text)[1].split())  # broken over lines for display

    listed = TokenStatusList.from_claim({"bits": bits, "lst": lst})

    # Compression is not canonical, its content is.
    assert TokenStatusList.from_claim(listed.to_claim()) == listed
    if bits == 8:
        # The widest list holds each of the 256 values.
        assert set(listed.octets) == set(range(256))
        return
    assert len(listed) == 2**20
    found = {index: listed.get(index) for index in _WIDE[bits]}
    assert found == _WIDE[bits]
    assert sum(bin(octet).count("1") for octet in listed.octets) == sum(
        bin(value).count("1") for value in _WIDE[bits].values()
    )


def test_b86_the_cbor_forms_hold_the_same_octets(shared_vectors):
    folder = shared_vectors("token-status-list")
    for name in ("encoding", "encoding2"):
        text = (folder / f"status_list_{name}_json.md").read_text()
        octets = bytes(int(each, 16) for each in re.findall(r"0x([0-9a-f]{2})", text))
        packed = (folder / f"status_list_{name}_cbor.md").read_text()
        lst = re.search(r'"lst": "([^"]+)"', text)[1]

        assert zlib.decompress(base64url_decode(lst)) == octets
        assert base64url_decode(lst).hex() in "".join(packed.split())


# --- N18: neither kind of list is ever the other


def test_n18_a_list_of_one_kind_is_refused_as_the_other():
    theirs = StatusList()
    theirs.set(5, True)
    ours = TokenStatusList.empty(1, 131_072)
    ours.set(5, 1)

    for lst in (theirs.encode(), theirs.encode()[1:]):
        with pytest.raises(MalformedError):
            TokenStatusList.from_claim({"bits": 1, "lst": lst})
    for text in (ours.to_claim()["lst"], "u" + ours.to_claim()["lst"]):
        with pytest.raises(MalformedError):
            StatusList.decode(text)
    assert theirs.bits != ours.octets  # the opposite order of bits
    assert ours != theirs


# --- every entry in its place


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_b86_the_first_entry_is_in_the_lowest_bits(bits):
    widest = (1 << bits) - 1
    for index in range(64):
        listed = TokenStatusList.empty(bits, 64)
        listed.set(index, widest)
        expected = widest << (index * bits)
        assert int.from_bytes(listed.octets, "little") == expected
        assert [listed.get(each) for each in range(64)] == [widest * (each == index) for each in range(64)]
        listed.set(index, 0)
        assert listed == TokenStatusList.empty(bits, 64)


@given(st.sampled_from([1, 2, 4, 8]), st.data())
def test_a_list_comes_back_as_it_was_written(bits, data):
    values = data.draw(st.lists(st.integers(0, (1 << bits) - 1), max_size=40))
    listed = TokenStatusList.empty(bits, len(values))
    for index, value in enumerate(values):
        listed.set(index, value)

    again = TokenStatusList.from_claim(listed.to_claim())

    assert [again.get(index) for index in range(len(values))] == values


def test_what_does_not_fit_is_a_mistake_of_the_program():
    listed = TokenStatusList.empty(2, 8)

    for value in (-1, 4):
        with pytest.raises(ValueError):
            listed.set(0, value)
    with pytest.raises(TypeError):
        hash(listed)
    assert repr(listed) == "TokenStatusList(bits=2, length=8)"


@pytest.mark.parametrize("index", [-1, 16, 2**64])
def test_b78_an_entry_outside_the_list_has_no_value(index):
    listed = TokenStatusList(1, b"\xb9\xa3")

    for act in (lambda: listed.get(index), lambda: listed.set(index, 1)):
        with pytest.raises(MalformedError) as refused:
            act()
        assert refused.value.code == "status-index-range"


# --- refused


@pytest.mark.parametrize("bits", [0, 3, 5, 16, -1, True, "1", 1.0, None])
def test_b80_only_four_widths(bits):
    with pytest.raises(MalformedError) as refused:
        TokenStatusList.from_claim({**claim(1, b"\0"), "bits": bits})

    assert refused.value.code == "status-list-bits"


@pytest.mark.parametrize(
    ("claimed", "code"),
    [
        ({"lst": claim(1, b"\0")["lst"]}, "status-list-bits"),
        (None, "status-list-claim"),
        ([], "status-list-claim"),
        ({"bits": 1}, "status-list-claim"),
        ({"bits": 1, "lst": 1}, "status-list-claim"),
        ({"bits": 1, "lst": "eNrbuRgAAhcBXQ=="}, "base64url"),
        ({"bits": 1, "lst": ""}, "base64url"),
        ({"bits": 1, "lst": "AAAA"}, "status-list-compression"),
        ({"bits": 1, "lst": "eNrbuRgAAhcB"}, "status-list-compression"),
        (
            {"bits": 1, "lst": base64url_encode(zlib.compress(b"\0") + b"\0")},
            "status-list-compression",
        ),
        (
            {"bits": 1, "lst": base64url_encode(zlib.compress(b"\0") * 2)},
            "status-list-compression",
        ),
        (
            {"bits": 1, "lst": base64url_encode(zlib.compress(b"\0")[:-1] + b"\0")},
            "status-list-compression",
        ),
    ],
)
def test_b77_only_one_whole_zlib_stream(claimed, code):
    with pytest.raises(MalformedError) as refused:
        TokenStatusList.from_claim(claimed)

    assert refused.value.code == code


def test_b77_a_bomb_is_not_inflated():
    with pytest.raises(MalformedError) as refused:
        TokenStatusList.from_claim(claim(1, bytes(100 * 1024 * 1024)))

    assert refused.value.code == "limit-status-list"


# --- pointers


def test_b77_the_limit_is_exact():
    octets = bytes(100)

    assert TokenStatusList.from_claim(claim(1, octets), limit=100).octets == octets
    with pytest.raises(MalformedError) as refused:
        TokenStatusList.from_claim(claim(1, octets), limit=99)
    assert refused.value.code == "limit-status-list"


def test_a_pointer_comes_back():
    pointer = TokenStatus(7, URI)

    assert TokenStatus.from_claims({"status": pointer.to_claim()}) == pointer
    first = {"status_list": {"idx": 0, "uri": URI}}
    assert TokenStatus.from_claims({"status": first}) == TokenStatus(0, URI)
    assert TokenStatus.from_claims({}) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (None, "status-type"),
        ("x", "status-type"),
        ({}, "status-type"),
        ({"identifier_list": {}}, "status-type"),
        ({"status_list": {"idx": "7", "uri": URI}}, "status-index"),
        ({"status_list": {"idx": -1, "uri": URI}}, "status-index"),
        ({"status_list": {"idx": 7.0, "uri": URI}}, "status-index"),
        ({"status_list": {"idx": True, "uri": URI}}, "status-index"),
        ({"status_list": {"uri": URI}}, "status-index"),
        ({"status_list": {"idx": 7}}, "status-url"),
        ({"status_list": {"idx": 7, "uri": "javascript:alert(1)"}}, "status-url"),
        ({"status_list": {"idx": 7, "uri": "/statuslists/1"}}, "status-url"),
    ],
)
def test_b17_b78_a_pointer_that_means_nothing_is_refused(status, code):
    with pytest.raises(MalformedError) as refused:
        TokenStatus.from_claims({"status": status})

    assert refused.value.code == code
