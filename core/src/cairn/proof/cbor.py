# SPDX-License-Identifier: Apache-2.0
"""The little of CBOR (RFC 8949) that ecdsa-sd-2023 and COSE need, in its one deterministic spelling (§4.2.1).

    0  unsigned integer     2  byte string     3  text string     4  array     5  map of integers

No tags, floats, negative numbers (but in a COSE header, which names its algorithm by one), simple values or
indefinite lengths; lengths in the shortest form and
nothing after the end. The keys of a map may come in any order, because other implementations write them
so, but none twice.
"""

from __future__ import annotations

from typing import Any

from cairn.errors import MalformedError

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP = 0, 1, 2, 3, 4, 5
_MAX_DEPTH = 4
_MAX_TREE = 8
# How many bytes the argument has after the first one, by the five low bits of that one.
_ARGUMENT = {24: 1, 25: 2, 26: 4, 27: 8}


def encode(value: Any) -> bytes:
    """The bytes of a value made of integers, bytes, text, lists and maps with integer keys."""
    match value:
        case int() if not isinstance(value, bool) and value >= 0:
            return _head(_UNSIGNED, value)
        case bytes():
            return _head(_BYTES, len(value)) + value
        case str():
            text = value.encode()
            return _head(_TEXT, len(text)) + text
        case list():
            return _head(_ARRAY, len(value)) + b"".join(map(encode, value))
        case dict():
            pairs = sorted((encode(key), encode(item)) for key, item in value.items())
            return _head(_MAP, len(value)) + b"".join(key + item for key, item in pairs)
    raise TypeError(f"{type(value).__name__} has no place in a proof value")


def decode(octets: bytes) -> Any:
    """The value that the bytes spell; ``MalformedError`` (``proof-cbor``) for anything else."""
    value, end = _read(octets, 0, 0)
    if end != len(octets):
        raise _malformed("there are bytes after its end")
    return value


def encode_header(header: dict[int, int | str | bytes]) -> bytes:
    """A COSE header (RFC 9052 §3), whose values may be negative numbers."""
    pairs = sorted(
        (
            encode(label),
            _head(_NEGATIVE, -1 - value) if isinstance(value, int) and value < 0 else encode(value),
        )
        for label, value in header.items()
    )
    return _head(_MAP, len(header)) + b"".join(label + value for label, value in pairs)


def decode_header(octets: bytes) -> dict[int, int | str | bytes]:
    """The COSE header that the bytes spell: numbers, also negative ones, text and bytes, by their labels."""
    if not octets:
        return {}  # RFC 9052 §3: an empty map may be written as no bytes at all
    major, count, position = _read_head(octets, 0)
    if major != _MAP:
        raise _malformed("its header is not a map")
    found: dict[int, int | str | bytes] = {}
    for _ in range(count):
        label, position = _read_number_or_string(octets, position)
        value, position = _read_number_or_string(octets, position)
        if not isinstance(label, int) or label in found:
            raise _malformed("a map in it has a key twice, or one that is not a number")
        found[label] = value
    if position != len(octets):
        raise _malformed("there are bytes after its end")
    return found


def decode_tree(octets: bytes) -> Any:
    """The numbers of both signs, strings and lists that the bytes spell: what MerkleProof2019 is made of."""
    value, end = _read_tree(octets, 0, 0)
    if end != len(octets):
        raise _malformed("there are bytes after its end")
    return value


def _read_tree(octets: bytes, start: int, depth: int) -> tuple[Any, int]:
    if depth > _MAX_TREE:
        raise _malformed("it is nested too deep")
    major, argument, position = _read_head(octets, start)
    if major == _NEGATIVE:
        return -1 - argument, position
    if major != _ARRAY:
        return _read(octets, start, _MAX_DEPTH)
    items = []
    for _ in range(argument):
        item, position = _read_tree(octets, position, depth + 1)
        items.append(item)
    return items, position


def _read_number_or_string(octets: bytes, start: int) -> tuple[int | str | bytes, int]:
    major, argument, position = _read_head(octets, start)
    if major == _NEGATIVE:
        return -1 - argument, position
    value, position = _read(octets, start, _MAX_DEPTH)
    if not isinstance(value, int | str | bytes):
        raise _malformed("a header has a value of another kind")
    return value, position


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes((major << 5 | argument,))
    for low, size in _ARGUMENT.items():
        if argument < 1 << 8 * size:
            return bytes([major << 5 | low]) + argument.to_bytes(size, "big")
    raise TypeError("an integer of a proof value has at most 64 bits")


def _read(octets: bytes, start: int, depth: int) -> tuple[Any, int]:
    if depth > _MAX_DEPTH:
        raise _malformed("it is nested too deep")
    major, argument, position = _read_head(octets, start)
    match major:
        case 0:
            return argument, position
        case 2 | 3:
            end = position + argument
            if end > len(octets):
                raise _malformed("it ends too early")
            return _string(octets[position:end], is_text=major == _TEXT), end
        case 4:
            items = []
            for _ in range(argument):
                item, position = _read(octets, position, depth + 1)
                items.append(item)
            return items, position
        case 5:
            return _read_map(octets, position, argument, depth)
    raise _malformed("it has a tag, a negative number or another value that it cannot have")


def _read_head(octets: bytes, start: int) -> tuple[int, int, int]:
    """Major type, argument and where to read on (RFC 8949 §3)."""
    if start >= len(octets):
        raise _malformed("it ends too early")
    major, low = octets[start] >> 5, octets[start] & 0x1F
    if low < 24:
        return major, low, start + 1
    size = _ARGUMENT.get(low)
    if size is None:
        raise _malformed("it has a length that is not told")
    end = start + 1 + size
    argument = int.from_bytes(octets[start + 1 : end], "big")
    # Also refuses an argument that is cut short: then too few bytes make the head.
    if _head(major, argument) != octets[start:end]:
        raise _malformed("a number in it is longer than it has to be")
    return major, argument, end


def _read_map(octets: bytes, position: int, count: int, depth: int) -> tuple[dict[int, Any], int]:
    found: dict[int, Any] = {}
    for _ in range(count):
        key, position = _read(octets, position, depth + 1)
        value, position = _read(octets, position, depth + 1)
        if not isinstance(key, int) or key in found:
            raise _malformed("a map in it has a key twice, or one that is not a number")
        found[key] = value
    return found, position


def _string(octets: bytes, *, is_text: bool) -> bytes | str:
    if not is_text:
        return octets
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise _malformed("a text in it is not UTF-8") from error


def _malformed(reason: str) -> MalformedError:
    return MalformedError("proof-cbor", f"The proof value cannot be read: {reason}.")
