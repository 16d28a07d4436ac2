# SPDX-License-Identifier: Apache-2.0
"""The one JSON parser: a text has one meaning here, or none.

JSON as RFC 8259 leaves it lets two parsers read the same bytes differently, and every such difference is
a way to sign one thing and show another. We read I-JSON (RFC 7493) and nothing else: UTF-8 without a byte
order mark, no key twice in any spelling, no number that a double cannot hold, no lone surrogate. Beyond
I-JSON we refuse U+0000, which databases cannot store, and anything whose size, nesting or number of
members would make reading it expensive.

orjson reads nearly every document; the slow, explicit parser is asked when orjson's own dump does not
give back the very bytes it read, because only then could something have been lost on the way in.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import isfinite
from sys import float_info
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from cairn.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Mapping

# I-JSON (RFC 7493 §2.2): integers that every double-based reader agrees on.
_MAX_INTEGER = 2**53 - 1

_FEW_BRACKETS = 500

# A string, or one character that shapes the document. The quantifiers are possessive and the closing
# quote is optional, so that an unfinished string is swallowed once instead of being tried again from
# each quote in it, which would take quadratic time.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+\\?"?|[\[\]{},]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a stranger may ask us to read."""

    size: int = 4 * 1024 * 1024
    """Bytes of the whole text; images inside credentials make them large."""
    depth: int = 32
    """Arrays and objects inside one another."""
    count: int = 50_000
    """Members of all objects and items of all arrays."""
    digits: int = 64
    """Characters of one number."""


DEFAULT = Limits()


def parse_json(data: bytes, *, limits: Limits = DEFAULT) -> dict[str, Any]:
    """The object that ``data`` spells, or `MalformedError` (``json-…``, ``limit-…``).

    The top level must be an object: every document of this field is one.
    """
    if len(data) > limits.size:
        raise MalformedError("limit-size", f"the text has {len(data)} bytes; at most {limits.size} are read")
    # Shape first: no parser, native or not, meets a nesting it would have to survive. orjson itself stops at
    # 1,024, so a text with fewer brackets than that may be parsed before its depth is known exactly.
    if data.count(b"[") + data.count(b"{") > _FEW_BRACKETS or data.count(b",") >= limits.count:
        _check_shape(data, limits)
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        # Either malformed, or beyond what orjson reads; the explicit parser knows which and says why.
        _check_shape(data, limits)
        value = _parse_explicitly(data, limits)
    else:
        if orjson.dumps(value) != data or (type(value) in (dict, list) and _is_deeper(value, limits.depth)):
            _check_shape(data, limits)
            value = _parse_explicitly(data, limits)
        elif isinstance(value, dict) and b"\\u0000" not in data and _LONG not in data.translate(_DIGITS):
            # A lone surrogate cannot be in what orjson writes, and the rest would be seen from outside.
            return value
    if not isinstance(value, dict):
        raise MalformedError("json-not-object", "the top level of the text is not a JSON object")
    _check_values(value)
    return value


# An integer beyond I-JSON has at least so many digits.
_LONG = b"0" * 16
_DIGITS = bytes(ord("0") if octet in b"0123456789" else ord(" ") for octet in range(256))


def parse_texts(data: bytes) -> list[str] | None:
    """The array of printable texts that ``data`` spells; None when it is not plainly that."""
    try:
        value = orjson.loads(data) if len(data) < _SHORT else None
    except orjson.JSONDecodeError:
        return None
    if type(value) is not list or not all(type(item) is str and item.isprintable() for item in value):
        return None
    return value


_SHORT = 4096


def is_strict(document: Mapping[str, Any], *, limits: Limits = DEFAULT) -> bool:
    """Whether `parse_json` has nothing against the structure, keys and numbers of a parsed document."""
    try:
        _check_values(document)
    except MalformedError:
        return False
    return not _is_deeper(document, limits.depth)


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether arrays and objects are nested more than ``depth`` deep; looked at layer by layer."""
    layer = [value]
    for _ in range(depth):
        layer = [
            item
            for each in layer
            for item in (each.values() if type(each) is dict else each)
            if type(item) is dict or type(item) is list
        ]
        if not layer:
            return False
    return True


def to_json(value: Any) -> bytes:
    """Compact UTF-8 JSON with the members in their order: the form in which documents leave the house."""
    try:
        written = orjson.dumps(value, option=_ONLY_JSON)
    except orjson.JSONEncodeError as error:
        raise MalformedError("json-value", f"this value cannot be written as JSON: {error}") from error
    if b"null" in written and not _is_finite(value):
        raise MalformedError("json-value", "NaN and infinity cannot be written as JSON")
    return written


# orjson would write dates and dataclasses in ways of its own choosing, and NaN as null.
_ONLY_JSON = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or isfinite(value)


def _check_shape(data: bytes, limits: Limits) -> None:
    """Refuse excessive nesting and member counts from the bytes alone, without recursion."""
    if data.count(b"[") + data.count(b"{") <= limits.depth and data.count(b",") < limits.count:
        return
    depth = count = 0
    for token in _TOKEN.finditer(data):
        character = token[0]
        if character in (b"[", b"{"):
            depth += 1
            count += 1
            if depth > limits.depth:
                raise MalformedError(
                    "limit-depth", f"arrays and objects are nested more than {limits.depth} deep"
                )
        elif character in (b"]", b"}"):
            depth -= 1
        elif character == b",":
            count += 1
        if count > limits.count:
            raise MalformedError("limit-count", f"the text has more than {limits.count} members")


def _parse_explicitly(data: bytes, limits: Limits) -> Any:
    if data.startswith(b"\xef\xbb\xbf"):
        raise MalformedError("json-encoding", "the text starts with a byte order mark")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("json-encoding", f"the text is not UTF-8: {error}") from error

    def check_digits(literal: str) -> None:
        if len(literal) > limits.digits:
            raise MalformedError(
                "limit-number", f"a number has {len(literal)} characters; at most {limits.digits} are read"
            )

    def integer(literal: str) -> int:
        check_digits(literal)
        return int(literal)

    def fraction(literal: str) -> float:
        check_digits(literal)
        number = float(literal)
        if not _is_exact(number, literal):
            raise MalformedError("json-number", f"{literal} is more than a double can hold exactly")
        return number

    decoder = json.JSONDecoder(
        object_pairs_hook=_unique_members,
        parse_int=integer,
        parse_float=fraction,
        parse_constant=_refuse_constant,
    )
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        raise MalformedError("json-syntax", f"the text is not JSON: {error}") from error


def _is_exact(number: float, literal: str) -> bool:
    """Whether every reader with doubles sees this number, and no reader another (RFC 7493 §2.2).

    Either the double writes the literal back, or the literal spends no more than the 17 digits that a
    double may need. Infinity, a silent zero and a silently rounded integer are none of these.
    """
    if not isfinite(number):
        return False
    try:
        written = Decimal(literal)
    except InvalidOperation:  # an exponent beyond what even Decimal reads
        return False
    if Decimal(repr(number)) == written:
        return True
    digits = "".join(map(str, written.as_tuple().digits)).strip("0")
    return float_info.min <= abs(number) <= _MAX_INTEGER and len(digits) <= 17


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise MalformedError("json-duplicate-key", f"the key {repeated!r} occurs twice in one object")
    return members


def _refuse_constant(literal: str) -> NoReturn:
    raise MalformedError("json-number", f"{literal} is not a JSON number")


def _check_values(root: Mapping[str, Any]) -> None:
    """What no grammar forbids: integers beyond I-JSON, lone surrogates, U+0000."""
    pending: list[Any] = [root]
    while pending:
        value = pending.pop()
        kind = type(value)
        if kind is str:
            _check_text(value)
        elif kind is dict:
            for key in value:
                _check_text(key)
            pending.extend(value.values())
        elif kind is list:
            pending.extend(value)
        elif kind is int and not -_MAX_INTEGER <= value <= _MAX_INTEGER:
            raise MalformedError("json-number", f"the integer {value} is beyond 2^53 - 1")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise MalformedError("json-string", "a string contains U+0000")
    # isascii is a flag of the string, so the encoder is only asked about the rest.
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise MalformedError("json-string", "a string contains a lone surrogate") from error
