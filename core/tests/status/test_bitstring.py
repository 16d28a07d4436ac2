# SPDX-License-Identifier: Apache-2.0
"""Status lists: every bit in its place, nothing inflated too far, nothing read with two meanings."""

from __future__ import annotations

import base64
import gzip
import tracemalloc
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn.credential import structure_problems
from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import base64url_decode
from cairn.status import (
    MESSAGE,
    MINIMUM_LENGTH,
    REFRESH,
    REVOCATION,
    SUSPENSION,
    StatusEntry,
    StatusList,
    has_suspension_twin,
    read_status_list,
    status_list_document,
    subject_id,
    suspension_url,
)

URL = "https://badges.example/s/1"
# Bitstring Status List 1.0, example 6: 131,072 entries, none of them set.
PUBLISHED_EMPTY_LIST = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"


def encoded(packed: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def test_the_purposes_have_the_words_of_the_standard() -> None:
    assert (REVOCATION, SUSPENSION, REFRESH, MESSAGE) == ("revocation", "suspension", "refresh", "message")


def test_the_published_empty_list() -> None:
    bits = StatusList.decode(PUBLISHED_EMPTY_LIST)

    assert len(bits) == 131_072
    assert bits.bits == bytes(16_384)


def test_b86_every_bit_is_the_most_significant_one_first() -> None:
    """Exhaustive: entry i is bit 7 - i mod 8 of byte i div 8 (§3.2), for each entry of a whole list."""
    for index in range(MINIMUM_LENGTH):
        packed = bytearray(MINIMUM_LENGTH // 8)
        packed[index // 8] = 1 << 7 - index % 8
        bits = StatusList.from_bits(bytes(packed))
        assert bits.get(index)
        bits.set(index, False)
        assert not bits.get(index)
        assert not bits.bits[index // 8]


def test_b86_setting_an_entry_touches_no_other() -> None:
    bits = StatusList()

    for index in (0, 1, 7, 8, 94_567, MINIMUM_LENGTH - 1):
        bits.set(index, True)

    assert [index for index in range(MINIMUM_LENGTH) if bits.get(index)] == [0, 1, 7, 8, 94_567, 131_071]
    assert bits.bits[0] == 0b11000001
    assert bits.bits[1] == 0b10000000
    assert bits.bits[-1] == 0b00000001


def test_b86_a_golden_list_made_by_hand() -> None:
    """Bits 0, 9 and 131,071, packed by the gzip module instead of by us."""
    packed = gzip.compress(b"\x80\x40" + bytes(16_381) + b"\x01", mtime=0)

    bits = StatusList.decode(encoded(packed))

    assert [index for index in range(len(bits)) if bits.get(index)] == [0, 9, 131_071]


@given(st.sets(st.integers(0, MINIMUM_LENGTH - 1), max_size=50))
def test_a_list_comes_back_as_it_was_written(indexes: set[int]) -> None:
    bits = StatusList()
    for index in indexes:
        bits.set(index, True)

    again = StatusList.decode(bits.encode())

    assert again == bits
    assert all(again.get(index) for index in indexes)
    assert again.encode() == bits.encode()
    assert gzip.decompress(base64.urlsafe_b64decode(bits.encode()[1:] + "===")) == bits.bits


def test_the_same_bits_give_the_same_text_without_a_time_in_it() -> None:
    packed = base64.urlsafe_b64decode(StatusList().encode()[1:] + "===")

    assert packed[:2] == b"\x1f\x8b"
    assert packed[3:8] == bytes(5)  # no name, no time


def test_lists_are_compared_by_their_bits_and_show_only_how_many_are_set() -> None:
    bits = StatusList(MINIMUM_LENGTH * 2)
    bits.set(5, True)

    assert bits != StatusList(MINIMUM_LENGTH * 2)
    assert bits != StatusList()
    assert bits != bits.bits
    assert repr(bits) == "StatusList(length=262144, set=1)"
    with pytest.raises(TypeError):
        hash(bits)


@pytest.mark.parametrize("index", [-1, MINIMUM_LENGTH, MINIMUM_LENGTH + 1, 2**64])
def test_b78_an_entry_outside_the_list_has_no_value(index: int) -> None:
    bits = StatusList()

    for act in (lambda: bits.get(index), lambda: bits.set(index, True)):
        with pytest.raises(MalformedError) as refusal:
            act()
        assert refusal.value.code == "status-index-range"


@pytest.mark.parametrize("length", [0, 8, MINIMUM_LENGTH - 8, MINIMUM_LENGTH + 1])
def test_b79_we_make_no_list_that_is_too_short_or_has_half_bytes(length: int) -> None:
    with pytest.raises(ValueError):
        StatusList(length)


def test_b79_a_list_below_the_minimum_is_refused() -> None:
    assert StatusList.decode(encoded(gzip.compress(bytes(16_384))))

    with pytest.raises(MalformedError) as refusal:
        StatusList.decode(encoded(gzip.compress(bytes(16_383))))

    assert refusal.value.code == "status-list-length"


def test_b79_a_list_has_any_number_of_bytes_from_the_minimum_on() -> None:
    for count in (16_384, 16_385, 16_391):
        assert StatusList.from_bits(bytes(count)).bits == bytes(count)


def test_b77_a_gzip_bomb_is_refused_before_it_goes_off() -> None:
    bomb = encoded(gzip.compress(bytes(100 * 1024 * 1024), compresslevel=9))

    tracemalloc.start()
    with pytest.raises(MalformedError) as refusal:
        StatusList.decode(bomb)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refusal.value.code == "limit-status-list"
    assert len(bomb) < 140_000
    # While inflating, not after it: a refusal that has first made a hundred megabytes comes too late.
    assert most < 8 * 1024 * 1024


def test_b77_the_limit_is_exact() -> None:
    text = encoded(gzip.compress(bytes(20_000)))

    assert len(StatusList.decode(text, limit=20_000)) == 160_000
    with pytest.raises(MalformedError):
        StatusList.decode(text, limit=19_999)


GOOD = gzip.compress(bytes(16_384), mtime=0)


@pytest.mark.parametrize(
    "packed",
    [
        GOOD + GOOD,
        GOOD + b"\0",
        GOOD + gzip.compress(b"", mtime=0),
        gzip.compress(b"", mtime=0) + GOOD,
        gzip.compress(GOOD, mtime=0),
        GOOD[:-1],
        GOOD[:-8],
        GOOD[:10],
        GOOD[:-8] + bytes(8),  # checksum and length are wrong
        b"\0" + GOOD,
        zlib.compress(bytes(16_384)),
        zlib.compress(bytes(16_384))[2:-4],  # DEFLATE alone
        bytes(16_384),
        b"PK\x03\x04" + bytes(100),
    ],
)
def test_b77_what_is_not_one_whole_gzip_member_is_refused(packed: bytes) -> None:
    with pytest.raises(MalformedError) as refusal:
        StatusList.decode(encoded(packed))

    assert refusal.value.code in ("status-list-compression", "status-list-length")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "u",
        PUBLISHED_EMPTY_LIST[1:],
        "z" + PUBLISHED_EMPTY_LIST[1:],
        "U" + PUBLISHED_EMPTY_LIST[1:],
        PUBLISHED_EMPTY_LIST + "=",
        PUBLISHED_EMPTY_LIST + "\n",
        PUBLISHED_EMPTY_LIST.replace("-", "+"),
    ],
)
def test_b19_n18_another_encoding_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        StatusList.decode(text)


def test_n18_a_token_status_list_is_never_read_as_one_of_ours(shared_vectors) -> None:
    """The IETF list: zlib instead of gzip, no multibase prefix, and the other bit first."""
    texts = [
        path.read_text() for path in sorted(shared_vectors("token-status-list").rglob("*")) if path.is_file()
    ]
    lists = [text.split('"lst": "')[1].split('"')[0] for text in texts if '"lst": "' in text]

    assert lists
    for text in lists:
        compact = "".join(text.split())
        for spelled in (compact, "u" + compact):
            with pytest.raises(MalformedError):
                StatusList.decode(spelled)


def entry(**change: Any) -> dict[str, Any]:
    return {
        "id": f"{URL}#94567",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "94567",
        "statusListCredential": URL,
    } | change


def test_an_entry_round_trip() -> None:
    assert StatusEntry.from_document(entry()) == StatusEntry("revocation", 94_567, URL, f"{URL}#94567")
    assert StatusEntry.from_document(entry()).to_document() == entry()
    without = {name: value for name, value in entry().items() if name != "id"}
    assert StatusEntry.from_document(without).to_document() == without


@pytest.mark.parametrize(
    "index",
    [
        # What int() would take, and what it would not (B17).
        " 94567",
        "94567\n",
        "94_567",
        "٩٤٥٦٧",
        "９",
        "+1",
        "-1",
        "-0",
        "00",
        "01",
        "0x10",
        "1e3",
        "1.0",
        "",
        "9223372036854775808",
        "18446744073709551616",
        "9" * 5000,
        94567,
        94567.0,
        True,
        None,
        ["94567"],
    ],
)
def test_b17_b78_an_index_has_one_spelling(index: object) -> None:
    with pytest.raises(MalformedError) as refusal:
        StatusEntry.from_document(entry(statusListIndex=index))

    assert refusal.value.code == "status-index"


@pytest.mark.parametrize("index", [0, 9, 10, 131_071, 2**63 - 1])
def test_b17_plain_decimals_are_read(index: int) -> None:
    assert StatusEntry.from_document(entry(statusListIndex=str(index))).index == index


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"type": "1EdTechRevocationList"}, UnsupportedError),
        ({"type": None}, UnsupportedError),
        ({"type": ["BitstringStatusListEntry", "X"]}, UnsupportedError),
        ({"statusSize": 0}, MalformedError),
        ({"statusSize": -1}, MalformedError),
        ({"statusSize": 2}, MalformedError),
        ({"statusSize": 3}, MalformedError),
        ({"statusSize": 10**9}, MalformedError),
        ({"statusSize": "1"}, MalformedError),
        ({"statusSize": 1.0}, MalformedError),
        ({"statusSize": True}, MalformedError),
        ({"statusSize": None}, MalformedError),
        ({"statusPurpose": ["revocation"]}, MalformedError),
        ({"statusPurpose": ""}, MalformedError),
        ({"statusPurpose": None}, MalformedError),
        ({"statusListCredential": None}, MalformedError),
        ({"statusListCredential": "s/1"}, MalformedError),
        ({"statusListCredential": ""}, MalformedError),
        ({"statusListCredential": [URL]}, MalformedError),
        ({"statusListCredential": URL + " "}, MalformedError),
        ({"statusListCredential": URL + "a" * 2001}, MalformedError),
        ({"id": URL}, MalformedError),
        ({"id": 1}, MalformedError),
        ({"id": ""}, MalformedError),
    ],
)
def test_b80_b85_an_entry_that_means_nothing_here_is_refused(change: dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        StatusEntry.from_document(entry(**change))


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"id": URL}, "status-id", "'id'"),
        ({"id": "s/1#2"}, "status-url", "'id'"),
        ({"statusListCredential": "s/1"}, "status-url", "'statusListCredential'"),
        ({"statusSize": 9}, "limit-status-size", "8 bits"),
    ],
)
def test_a_refused_entry_is_told_with_its_member(change: dict[str, Any], code: str, named: str) -> None:
    with pytest.raises(MalformedError, match=named) as refused:
        StatusEntry.from_document(entry(**change))

    assert refused.value.code == code


MESSAGES = [
    {"status": "0x0", "message": "pending"},
    {"status": "0x1", "message": "accepted"},
    {"status": "0x2", "message": "rejected"},
    {"status": "0x3", "message": "closed"},
]


def test_each_value_of_several_bits_has_one_message_whatever_their_order() -> None:
    for messages in (MESSAGES, MESSAGES[::-1]):
        read = StatusEntry.from_document(entry(statusPurpose="message", statusSize=2, statusMessage=messages))

        assert read.size == 2
        assert read.messages == ("pending", "accepted", "rejected", "closed")
    wide = [{"status": f"0x{value:X}", "message": str(value)} for value in range(16)]
    assert StatusEntry.from_document(entry(statusSize=4, statusMessage=wide)).messages[10] == "10"
    widest = [{"status": f"{value:#x}", "message": str(value)} for value in range(256)]
    assert StatusEntry.from_document(entry(statusSize=8, statusMessage=widest)).messages[255] == "255"


def test_an_entry_of_several_bits_is_written_as_it_was_read() -> None:
    document = entry(statusPurpose="message", statusSize=2, statusMessage=MESSAGES)

    assert StatusEntry.from_document(document).to_document() == document


def test_an_entry_of_2021_has_one_bit_and_no_messages() -> None:
    document = entry(type="StatusList2021Entry", statusSize=2, statusMessage=MESSAGES)

    read = StatusEntry.from_document(document)

    assert (read.type, read.size, read.messages) == ("StatusList2021Entry", 1, ())
    assert read.to_document()["type"] == "StatusList2021Entry"


@pytest.mark.parametrize("size", [2, 4, 8])
def test_b86_an_entry_of_several_bits_begins_with_its_highest_one(size: int) -> None:
    bits = StatusList(MINIMUM_LENGTH * size)
    for position in (0, size, 2 * size - 1):  # the first bit of entries 0 and 1, the last bit of entry 1
        bits.set(position, True)

    assert bits.value(0, size) == 1 << size - 1
    assert bits.value(1, size) == (1 << size - 1) + 1
    assert bits.value(2, size) == 0
    assert bits.value(MINIMUM_LENGTH - 1, size) == 0
    with pytest.raises(MalformedError) as refused:
        bits.value(MINIMUM_LENGTH, size)
    assert refused.value.code == "status-index-range"


def test_b79_a_list_holds_the_minimum_of_entries_and_not_of_bits() -> None:
    with pytest.raises(MalformedError) as refused:
        StatusList(MINIMUM_LENGTH).value(0, 2)

    assert refused.value.code == "status-list-length"


def test_b79_b86_a_list_of_2021_is_read_in_its_own_alphabet() -> None:
    bits = StatusList()
    bits.set(5, True)
    text = bits.encode()

    packed = base64url_decode(text.removeprefix("u"))
    for written in (text.removeprefix("u"), base64.b64encode(packed).decode("ascii")):
        assert StatusList.decode_2021(written) == bits
    with pytest.raises(MalformedError):
        StatusList.decode_2021(text)


@pytest.mark.parametrize(
    "messages",
    [
        [],
        MESSAGES[:3],
        [*MESSAGES, MESSAGES[0]],
        [*MESSAGES[:3], MESSAGES[0]],
        [*MESSAGES[:3], {"status": "0x4", "message": "x"}],
        [*MESSAGES[:3], {"status": "3", "message": "x"}],
        [*MESSAGES[:3], {"status": "0x3 ", "message": "x"}],
        [*MESSAGES[:3], {"status": 3, "message": "x"}],
        [*MESSAGES[:3], {"status": "0x3", "message": 3}],
        [*MESSAGES[:3], {"status": "0x3"}],
        [*MESSAGES[:3], {"message": "x"}],
        [*MESSAGES[:3], "0x3"],
        [*MESSAGES[:3], None],
        "0x3",
        None,
    ],
)
def test_n14_other_messages_are_refused(messages: object) -> None:
    with pytest.raises(MalformedError) as refused:
        StatusEntry.from_document(entry(statusPurpose="message", statusSize=2, statusMessage=messages))

    assert refused.value.code == "status-message"


def test_an_entry_may_say_its_size_of_one() -> None:
    assert StatusEntry.from_document(entry(statusSize=1, type=["BitstringStatusListEntry"])).index == 94_567


def list_document(**change: Any) -> dict[str, Any]:
    bits = StatusList()
    bits.set(94_567, True)
    arguments: dict[str, Any] = {
        "url": URL,
        "issuer": "did:web:badges.example",
        "purpose": "revocation",
        "bits": bits,
        "valid_from": datetime(2026, 11, 23, 10, tzinfo=UTC),
        "valid_until": datetime(2026, 11, 30, 10, tzinfo=UTC),
        "ttl_ms": 300_000,
        "subject_id": subject_id(URL),
    }
    return status_list_document(**arguments | change)


def test_our_list_credential_is_what_the_standard_asks_for() -> None:
    document = list_document()
    subject = document.pop("credentialSubject")

    assert document == {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": URL,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": "did:web:badges.example",
        "validFrom": "2026-11-23T10:00:00Z",
        "validUntil": "2026-11-30T10:00:00Z",
    }
    assert subject.pop("encodedList").startswith("uH4sI")
    assert subject == {
        "id": URL + "#with-suspension",
        "type": "BitstringStatusList",
        "statusPurpose": "revocation",
        "ttl": 300_000,
    }
    assert structure_problems(list_document()) == ()


def test_our_list_credential_reads_back() -> None:
    bits = read_status_list(list_document(), url=URL, purpose="revocation")

    assert bits.get(94_567)
    assert not bits.get(94_566)


def test_a_list_of_2021_is_read_for_an_entry_of_2021() -> None:
    document = list_document() | {"type": ["VerifiableCredential", "StatusList2021Credential"]}
    document["credentialSubject"] |= {"type": "StatusList2021", "encodedList": StatusList().encode()[1:]}

    read = read_status_list(document, url=URL, purpose="revocation", entry_type="StatusList2021Entry")

    assert read == StatusList()
    with pytest.raises(MalformedError):
        read_status_list(document, url=URL, purpose="revocation")


def test_a_list_may_have_several_purposes_and_types() -> None:
    document = list_document()
    document["credentialSubject"] |= {
        "statusPurpose": ["refresh", "revocation"],
        "type": ["BitstringStatusList"],
    }

    assert read_status_list(document, url=URL, purpose="revocation").get(94_567)


@pytest.mark.parametrize(
    "change",
    [
        {"type": ["VerifiableCredential"]},
        {"type": "VerifiableCredential"},
        {"type": None},
        {"id": URL + "/"},
        {"id": None},
        {"id": "https://evil.example/s/1"},
        {"credentialStatus": entry()},
        {"credentialStatus": None},
        {"credentialSubject": None},
        {"credentialSubject": []},
        {"credentialSubject": [list_document()["credentialSubject"]]},
    ],
)
def test_b81_another_list_is_not_read(change: dict[str, Any]) -> None:
    with pytest.raises((MalformedError, UnsupportedError)):
        read_status_list(list_document() | change, url=URL, purpose="revocation")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "StatusList2021"}, "status-list-subject"),
        ({"type": None}, "status-list-subject"),
        ({"statusPurpose": "suspension"}, "status-list-purpose"),
        ({"statusPurpose": []}, "status-list-purpose"),
        ({"statusPurpose": None}, "status-list-purpose"),
        ({"statusPurpose": {"revocation": True}}, "status-list-purpose"),
        ({"encodedList": None}, "status-list-encoding"),
        ({"encodedList": [PUBLISHED_EMPTY_LIST]}, "status-list-encoding"),
        ({"encodedList": "uAAAA"}, "status-list-compression"),
    ],
)
def test_b80_a_subject_that_is_not_this_list_is_not_read(change: dict[str, Any], code: str) -> None:
    document = list_document()
    document["credentialSubject"] |= change

    with pytest.raises(MalformedError) as refused:
        read_status_list(document, url=URL, purpose="revocation")
    assert refused.value.code == code


def test_a_list_says_under_its_signature_that_it_has_a_twin() -> None:
    twin = suspension_url(URL)
    document = list_document(url=twin, purpose=SUSPENSION, subject_id=subject_id(twin, purpose=SUSPENSION))

    assert twin == "https://badges.example/s/1/suspension"
    assert has_suspension_twin(list_document())
    assert not has_suspension_twin(document)
    assert document["credentialSubject"]["id"] == twin + "#list"
    assert read_status_list(document, url=twin, purpose="suspension").get(94_567)


@pytest.mark.parametrize(
    "identifier", [None, URL, URL + "#list", "https://evil.example/s/1#with-suspension", 1]
)
def test_a_list_of_others_has_no_twin(identifier: object) -> None:
    document = list_document()
    document["credentialSubject"]["id"] = identifier

    assert not has_suspension_twin(document)
    assert not has_suspension_twin({"id": URL})
    assert not has_suspension_twin({"credentialSubject": {"id": "None#with-suspension"}, "id": None})
