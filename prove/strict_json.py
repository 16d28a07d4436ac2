# SPDX-License-Identifier: Apache-2.0
"""``json.strict``: the parser refuses what two readers could read differently, and nothing else (B1–B11).

The list is enumerated: every known way to be malformed, inside several harmless documents. The random part
damages good texts and asks a second, slow and obvious reader, built on the standard library, for its opinion.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Any
from unittest import mock

from bench import documents
from cairn.canonical import parse_json, to_json
from cairn.errors import MalformedError
from prove.campaign import Campaign, Failure, times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

RANDOM_TRIES = 200_000

# Values that must not be read; each is tried at several places of a document.
BAD_VALUES = (
    *(b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b"+1", b".5", b"5.", b"01", b"-01", b"0x1f"),
    *(b"1_000", b"--1", b"1e", b"1e+", b"- 1", b"1 2", b"9007199254740993.0", b"1." + b"0" * 5000),
    *(b"9007199254740993", b"-9007199254740993", b"1" * 5000),
    *(b"True", b"None", b"nul", b"truefalse", b"undefined", b"'x'", b'"x', b'x"', b"", b"{", b"]"),
    *(b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"\\x41"', b'"\\u12"'),
    *(b'"a\nb"', b'"a\tb"', b'"\x00"', b'"\xff"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"'),
    *(b"[1,]", b"[,1]", b"[1 2]", b"[1;2]", b'{"a":1,}', b'{"a" 1}', b"{a:1}", b"{1:2}", b'{"a":[1}'),
    *(b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'{"":{"":1,"":2}}', b"[" * 40 + b"]" * 40),
    *(b"/**/1", b"1//", b"#1"),
)

# Whole texts that must not be read.
BAD_TEXTS = (
    *(b"", b" ", b"[]", b'"x"', b"1", b"null", b"true", b"{} {}", b"{}x", b"{}\x00", b"\xef\xbb\xbf{}"),
    *("{}".encode("utf-16"), "{}".encode("utf-16-le"), "{}".encode("utf-32"), "\u2028{}".encode()),
    *(b"\xa0{}", b"\x0c{}", b'{"a":1}\n//', b'{"a"', b'{"a":1', b"{'a':1}"),
    *(b'{"a":' * 5000 + b"1" + b"}" * 5000, b"[" * 100_000),
)

# Unusual and good.
GOOD_TEXTS = (
    *(b"{}", b" { } ", b"\n{\t}\r\n", b'{"":""}', b'{"a":-0}', b'{"a":1e5}', b'{"a":1.0}', b'{"a":[[],{}]}'),
    *(b'{"a":9007199254740991}', b'{"a":-9007199254740991}', b'{"a":0.5}', b'{"\\u0061":"\\ud83d\\ude00"}'),
    *('{"a":"é\u2028😀"}'.encode(), b'{"a":"\\/\\b\\f\\n\\r\\t\\"\\\\"}', b'{"a":null,"b":true,"c":false}'),
    b'{"__proto__":{"constructor":1}}',
)


class StrictJson(Campaign):
    name = "json.strict"
    promise = "a text that two readers could read differently is not read"

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        for text in bad_texts():
            yield None if _refused(text) else Failure(f"was read: {text[:80]!r}")
        for text in GOOD_TEXTS:
            yield None if not _refused(text) else Failure(f"was refused: {text[:80]!r}")
        originals = [
            to_json(documents.small(1, "did:key:z6Mk")),
            *(text for text in GOOD_TEXTS if len(text) > 4),
        ]
        for _ in range(times(RANDOM_TRIES, scale)):
            yield _compared(_damaged(random.choice(originals), random))

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """The parser of the standard library, which keeps the last of two equal keys."""
        with mock.patch(f"{__name__}.parse_json", _careless):
            yield


def _careless(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError("json", str(error)) from error


def bad_texts() -> Iterator[bytes]:
    yield from BAD_TEXTS
    for value in BAD_VALUES:
        yield b'{"a":' + value + b"}"
        yield b'{"a":[1,' + value + b"]}"
        yield b'{"b":{"c":' + value + b',"d":1}}'


def _refused(text: bytes) -> bool:
    try:
        parse_json(text)
    except MalformedError:
        return True
    return False


def _damaged(text: bytes, random: Random) -> bytes:
    changed = bytearray(text)
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(changed))
        match random.randrange(4):
            case 0:
                changed[place] = random.randrange(256)
            case 1:
                del changed[place]
            case 2:
                changed.insert(place, random.choice(b'{}[]",:\\0123456789eE+-. \ntrufalsn\x00\xff'))
            case 3:
                end = min(len(changed), place + random.randint(1, 40))
                changed[place:place] = changed[place:end]
        if not changed:
            return b" "
    return bytes(changed)


def _compared(text: bytes) -> Failure | None:
    expected = second_opinion(text)
    try:
        found = parse_json(text)
    except MalformedError:
        return None if expected is None else Failure(f"was refused: {text!r}")
    except (ValueError, RecursionError) as error:  # refused, but as an accident
        return Failure(f"{error!r} for {text!r}")
    if expected is None:
        return Failure(f"was read: {text!r}")
    # Compared as text, because 1 == 1.0 == True in Python.
    return None if repr(found) == repr(expected) else Failure(f"was read as something else: {text!r}")


def second_opinion(text: bytes) -> dict[str, Any] | None:
    """The object if the text is I-JSON as we demand it, else None; slow and obvious."""
    try:
        decoded = text.decode("utf-8")
        if decoded.startswith("\ufeff"):
            return None
        value = json.loads(
            decoded,
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_float=_exact_float,
            parse_int=_exact_int,
        )
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _plain(value, 1) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _exact_int(text: str) -> int:
    number = int(text) if len(text) < 40 else 1 << 60
    if abs(number) > 2**53 - 1:
        raise ValueError("beyond I-JSON")
    return number


def _exact_float(text: str) -> float:
    number = float(text)
    if len(text) > 64 or not isfinite(number):
        raise ValueError("beyond I-JSON")
    if Fraction(repr(number)) != Fraction(text):
        # Not the shortest spelling: fair up to the 17 digits that name a double, but no rounded integer.
        digits = text.lower().partition("e")[0].replace(".", "").lstrip("-").strip("0")
        if len(digits) > 17 or abs(number) > 2**53 - 1 or abs(number) < sys.float_info.min:
            raise ValueError("beyond I-JSON")
    return number


def _plain(value: Any, depth: int) -> bool:
    """No NUL, no half of a surrogate pair, and not deeper than we read."""
    match value:
        case str():
            return "\x00" not in value and not re.search("[\ud800-\udfff]", value)
        case dict():
            return depth <= 32 and all(
                _plain(key, depth) and _plain(item, depth + 1) for key, item in value.items()
            )
        case list():
            return depth <= 32 and all(_plain(item, depth + 1) for item in value)
    return True
