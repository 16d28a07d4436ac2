# SPDX-License-Identifier: Apache-2.0
"""One spelling for each bytes: base64url, base58btc and multibase (B19, B20, B51)."""

from __future__ import annotations

import base64
import csv
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn.errors import MalformedError
from cairn.keys import (
    base58btc_decode,
    base58btc_encode,
    base64url_decode,
    base64url_encode,
    multibase_decode,
    multibase_encode,
)

if TYPE_CHECKING:
    from pathlib import Path

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.binary(min_size=1))
def test_base64url_is_the_standard_one_without_padding(octets: bytes) -> None:
    text = base64url_encode(octets)

    assert text == base64.urlsafe_b64encode(octets).decode().rstrip("=")
    assert base64url_decode(text) == octets


@pytest.mark.parametrize(
    "text",
    [
        "",
        "YQ==",
        "YQ=",
        "+/8",
        "Y Q",
        " YQ",
        "YQ\n",
        "Y\tQ",
        "YR",
        "YWJ",
        "YWI=",
        "A",
        "YWJjZ",
        "äöü",
        "YQ\0",
    ],
)
def test_b19_a_base64url_text_with_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        base64url_decode(text)

    assert refusal.value.code == "base64url"


def in_the_words_of_the_standard_library(text: str) -> bytes | None:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text) or len(text) % 4 == 1:
        return None
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return octets if base64.urlsafe_b64encode(octets).decode().rstrip("=") == text else None


@given(st.text(st.sampled_from(BASE64URL + "+/=. \nä"), max_size=9) | st.text(BASE64URL, max_size=9))
def test_b19_b51_every_text_is_what_the_standard_library_says_or_nothing(text: str) -> None:
    try:
        octets = base64url_decode(text)
    except MalformedError:
        octets = None

    assert octets == in_the_words_of_the_standard_library(text)


def test_b51_of_all_last_characters_exactly_the_canonical_ones_are_accepted() -> None:
    accepted = set()
    for last in BASE64URL:
        try:
            accepted.add((last, base64url_decode("A" + last)))
        except MalformedError:
            continue

    assert accepted == {(BASE64URL[high << 4], bytes([high])) for high in range(4)}


def test_b19_an_endless_base64url_text_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(MalformedError) as refusal:
        base64url_decode("A" * (8 * 1024 * 1024 + 4))

    assert refusal.value.code == "limit-base64url"


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        # The test vectors of draft-msporny-base58-03 §5.
        (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
        (
            b"The quick brown fox jumps over the lazy dog.",
            "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
        ),
        (bytes.fromhex("0000287fb4cd"), "11233QC4"),
        (b"", ""),
        (b"\0", "1"),
        (b"\0\0\1", "112"),
        (b"\0\0\0\x3a", "11121"),
    ],
)
def test_base58btc_of_known_bytes(octets: bytes, text: str) -> None:
    assert base58btc_encode(octets) == text
    assert base58btc_decode(text) == octets


@given(st.binary(max_size=96))
def test_base58btc_round_trip(octets: bytes) -> None:
    assert base58btc_decode(base58btc_encode(octets)) == octets


@given(st.text("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", max_size=80))
def test_every_base58btc_text_is_the_only_spelling_of_its_bytes(text: str) -> None:
    assert base58btc_encode(base58btc_decode(text)) == text


@pytest.mark.parametrize("character", [*"0OIl", " ", "\n", "+", "-", "é", "１"])
def test_b20_a_character_outside_base58btc_is_refused(character: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        base58btc_decode("2NEpo7TZ" + character)

    assert refusal.value.code == "base58btc"


def test_b20_an_endless_base58btc_text_is_refused_before_the_quadratic_work() -> None:
    with pytest.raises(MalformedError) as refusal:
        base58btc_decode("z" * 2049)

    assert refusal.value.code == "limit-base58btc"


@given(st.binary(min_size=1, max_size=64))
def test_multibase_round_trip(octets: bytes) -> None:
    assert multibase_decode(multibase_encode(octets)) == octets
    assert multibase_decode(multibase_encode(octets, "u")) == octets


@pytest.mark.parametrize(
    "text", ["", "z", "u", "f00", "F00", "mAA", "MAA==", "UAA==", "Z2NE", "bpfsxg", "k2l", "1AA"]
)
def test_b20_a_multibase_text_of_another_base_or_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        multibase_decode(text)


@pytest.mark.parametrize("name", ["basic", "leading_zero", "two_leading_zeros", "case_insensitivity"])
def test_multiformats_vectors(shared_vectors, name: str) -> None:
    path: Path = shared_vectors("multibase") / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        (_, plain), *rows = csv.reader(file, skipinitialspace=True)
    octets = plain.replace("\\x00", "\0").encode()

    read = 0
    for encoding, text in rows:
        if encoding in ("base58btc", "base64url"):
            assert multibase_decode(text) == octets
            assert multibase_encode(octets, "z" if encoding == "base58btc" else "u") == text
            read += 1
        else:
            with pytest.raises(MalformedError):
                multibase_decode(text)

    assert read == (0 if name == "case_insensitivity" else 2)
