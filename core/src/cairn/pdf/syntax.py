# SPDX-License-Identifier: Apache-2.0
"""PDF objects (ISO 32000-2 §7.3), read from one place of some bytes and written again.

null, true, false     None, bool           (text) <hex>        bytes
12, -1.5              int, float           [ … ] << … >>       list, dict
/Name                 Name                 12 0 R              Reference
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from cairn.errors import MalformedError

MAX_DEPTH: Final = 32
_MAX_STRING: Final = 65_536
# Long blanks, comments and texts cost what they are long, so that reading them again and again ends.
_BYTES_A_STEP: Final = 32

# Every repetition is possessive: nothing a stranger writes makes the matcher go back (B114).
_BLANK: Final = rb"(?:[\0\t\n\f\r ]++|%[^\r\n]*+)*+"
_END: Final = rb"(?=[\0\t\n\f\r ()<>\[\]{}/%]|\Z)"
_TOKEN: Final = re.compile(
    _BLANK
    + rb"(?:(?P<reference>([0-9]{1,10})[\0\t\n\f\r ]++([0-9]{1,5})[\0\t\n\f\r ]++R"
    + _END
    + rb")|(?P<integer>[+-]?[0-9]{1,18}+"
    + _END
    + rb")|(?P<real>[+-]?(?:[0-9]{1,18}+\.[0-9]{0,18}+|\.[0-9]{1,18}+)"
    + _END
    + rb")|(?P<name>/[^\0\t\n\f\r ()<>\[\]{}/%]{0,255}+"
    + _END
    + rb")|(?P<bracket><<|>>|\[|\])"
    + rb"|(?P<hex><[0-9A-Fa-f\0\t\n\f\r ]*+>)"
    + rb"|(?P<text>\()"
    + rb"|(?P<word>true|false|null)"
    + _END
    + rb")"
)
_INDIRECT: Final = re.compile(_BLANK + rb"([0-9]{1,10})[\0\t\n\f\r ]++([0-9]{1,5})[\0\t\n\f\r ]++obj" + _END)
_END_OF_OBJECT: Final = re.compile(_BLANK + rb"(?:endobj" + _END + rb"|(?P<stream>stream(?:\r\n|\n)))")
_ENDSTREAM: Final = re.compile(rb"[\r\n]{0,2}endstream" + _END)
_NAME_ESCAPE: Final = re.compile(r"#([0-9A-Fa-f]{2})")
# In a literal string only these shape it; what lies between them is taken as it is.
_TEXT_PART: Final = re.compile(rb"[^()\\]*+([()\\])")
_TEXT_ESCAPE: Final = re.compile(rb"\\([0-7]{1,3}|\r\n|[\s\S])")
_WORDS: Final = {b"true": True, b"false": False, b"null": None}
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def malformed(reason: str) -> NoReturn:
    """Refuse the file, saying what is wrong with it."""
    raise MalformedError("pdf-malformed", f"This PDF cannot be read: {reason}.")


class Name(str):
    """A name, without its slash and with its escapes undone."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """Points to an indirect object by its number and generation."""

    number: int
    generation: int


class Work:
    """What one file may still make us do."""

    def __init__(self, *, steps: int, octets: int) -> None:
        self._steps = steps
        self.octets = octets  # that may still be unpacked

    def step(self, count: int = 1, *, over: int = 0) -> None:
        """Count steps and the bytes they went over; ``MalformedError`` when there are none left."""
        count += over // _BYTES_A_STEP
        self._steps -= count
        if self._steps < 0:
            raise MalformedError("limit-pdf", "This PDF takes more work to read than we do for strangers.")


class Reader:
    """Reads objects one after the other, beginning at ``position``."""

    def __init__(self, data: bytes, work: Work, position: int = 0) -> None:
        self._data = data
        self._work = work
        self.position = position

    def indirect(self) -> Reference:
        """The head of an indirect object, ``12 0 obj``."""
        match = _INDIRECT.match(self._data, self.position)
        if match is None:
            malformed("there is no object where one should be")
        self._work.step(1, over=match.end() - self.position)
        self.position = match.end()
        return Reference(int(match[1]), int(match[2]))

    def value(self, depth: int = 0) -> Any:
        """The object that stands here."""
        closing, value = self._next(depth)
        if closing:
            malformed("a bracket closes that was never opened")
        return value

    def stream_start(self) -> int | None:
        """Where the bytes of a stream begin, if one follows here; None after any other object."""
        match = _END_OF_OBJECT.match(self._data, self.position)
        if match is None:
            malformed("an object does not end where it should")
        self._work.step(1, over=match.end() - self.position)
        return match.end() if match["stream"] else None

    def stream_bytes(self, start: int, length: int) -> memoryview:
        """The bytes of a stream that is exactly as long as it says; not copied, for streams may overlap."""
        if length < 0 or _ENDSTREAM.match(self._data, start + length) is None:
            malformed("a stream is not as long as it says")
        return memoryview(self._data)[start : start + length]

    def _next(self, depth: int) -> tuple[str, Any]:
        """A closing bracket, or none and an object."""
        match = _TOKEN.match(self._data, self.position)
        if match is None:
            malformed("something in it is no PDF object")
        self._work.step(1, over=match.end() - self.position)
        self.position = match.end()
        token = match[match.lastgroup or 0]
        match match.lastgroup:
            case "reference":
                return "", Reference(int(match[2]), int(match[3]))
            case "integer":
                return "", int(token)
            case "real":
                return "", float(token)
            case "name":
                return "", _name(token)
            case "hex":
                return "", _hex(token)
            case "text":
                return "", self._text()
            case "word":
                return "", _WORDS[token]
            case _:
                return self._bracketed(token, depth)

    def _bracketed(self, token: bytes, depth: int) -> tuple[str, Any]:
        if token in (b">>", b"]"):
            return token.decode(), None
        if depth >= MAX_DEPTH:
            raise MalformedError("limit-pdf", "Objects of this PDF are nested too deeply.")
        items = []
        wanted = "]" if token == b"[" else ">>"
        while True:
            closing, item = self._next(depth + 1)
            if closing == wanted:
                break
            if closing:
                malformed("brackets do not match")
            items.append(item)
        return "", items if wanted == "]" else _dictionary(items)

    def _text(self) -> bytes:
        """A literal string (§7.3.4.2): its brackets are balanced, or escaped."""
        start = self.position
        open_brackets = 1
        while open_brackets:
            match = _TEXT_PART.match(self._data, self.position)
            if match is None or match.end() - start > _MAX_STRING:
                malformed("a text does not end")
            self._work.step(1, over=match.end() - self.position)
            self.position = match.end()
            if match[1] == b"\\":
                self.position += 1
            else:
                open_brackets += 1 if match[1] == b"(" else -1
        return _TEXT_ESCAPE.sub(_unescape, self._data[start : self.position - 1])


def _dictionary(items: list[Any]) -> dict[str, Any]:
    keys, values = items[::2], items[1::2]
    if len(keys) != len(values) or not all(isinstance(key, Name) for key in keys):
        malformed("a dictionary is not one of names and values")
    # Whoever keeps the first and whoever keeps the last would read two different files (B114).
    if len(set(keys)) != len(keys):
        malformed("a dictionary has one key twice")
    return dict(zip(keys, values, strict=True))


def _name(token: bytes) -> Name:
    # Latin-1 so that every byte has a character and comes back as it was.
    text = token[1:].decode("latin-1")
    return Name(_NAME_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text))


def _hex(token: bytes) -> bytes:
    digits = token[1:-1].translate(None, b"\0\t\n\f\r ")
    if len(digits) > 2 * _MAX_STRING:
        malformed("a text does not end")
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())


def _unescape(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    if escape[:1].isdigit() and escape[:1] < b"8":
        return bytes([int(escape, 8) & 0xFF])
    if escape in (b"\r\n", b"\r", b"\n"):
        return b""
    return _ESCAPED.get(escape, escape)


def write(value: Any) -> bytes:
    """The object in PDF syntax."""
    match value:
        case None:
            return b"null"
        case bool():
            return b"true" if value else b"false"
        case int():
            return b"%d" % value
        case float():
            return f"{value:.6f}".rstrip("0").rstrip(".").encode()
        case Name():
            return b"/" + b"".join(map(_write_character, value.encode("latin-1")))
        case bytes():
            return b"<" + value.hex().encode() + b">"
        case Reference():
            return b"%d %d R" % (value.number, value.generation)
        case list():
            return b"[" + b" ".join(map(write, value)) + b"]"
        case dict():
            return b"<<" + b"".join(write(Name(k)) + b" " + write(v) for k, v in value.items()) + b">>"
        case _:
            raise TypeError(f"a PDF has no objects of {type(value).__name__}")


def _write_character(octet: int) -> bytes:
    regular = 0x21 <= octet <= 0x7E and octet not in b"#()<>[]{}/%"
    return bytes([octet]) if regular else b"#%02X" % octet
