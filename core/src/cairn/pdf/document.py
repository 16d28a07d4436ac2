# SPDX-License-Identifier: Apache-2.0
"""The file: where its objects are (ISO 32000-2 §7.5), read from its end towards its beginning.

    startxref → a table or a stream of places → the one before it (Prev) → …

A place is looked up in the file when it is asked for and never before, so a list of a million objects costs
as much as one of ten. What is broken is refused: programs that repair do not agree on what comes out.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Any, Final

from cairn.errors import MalformedError, UnsupportedError
from cairn.pdf.syntax import Reader, Reference, Work, malformed

MAX_PDF: Final = 16 * 1024 * 1024
_MAX_STEPS: Final = 300_000
_MAX_UNPACKED: Final = 24 * 1024 * 1024
_MAX_PLACES: Final = 2 * 1024 * 1024  # bytes of one unpacked list of places
_MAX_SUBSECTIONS: Final = 10_000
_MAX_SECTIONS: Final = 256  # each saving of a file by another program adds one
_MAX_PACKED_OBJECTS: Final = 20_000
_MAX_PACKED_HEAD: Final = 20 * _MAX_PACKED_OBJECTS

_SIGNATURE: Final = b"%PDF-"
_START: Final = re.compile(rb"startxref[\0\t\n\f\r ]++([0-9]{1,10})[\0\t\n\f\r ]++%%EOF")
_TAIL: Final = 1_024  # Acrobat's own rule for how far from the end the last line may be
_TABLE: Final = re.compile(rb"[\0\t\n\f\r ]*+xref[\t ]*(?:\r\n|\r|\n)")
_SUBSECTION: Final = re.compile(rb"[\0\t\n\f\r ]*+([0-9]{1,10}) ([0-9]{1,10})[\t ]*(?:\r\n|\r|\n)")
_TRAILER: Final = re.compile(rb"[\0\t\n\f\r ]*+trailer")
_PLACE: Final = re.compile(rb"([0-9]{10}) ([0-9]{5}) ([nf])[\r\n ]{2}")
_PLACE_SIZE: Final = 20


def looks_like_pdf(data: bytes) -> bool:
    """Whether these bytes begin like a PDF file."""
    return data.startswith(_SIGNATURE)


@dataclass(frozen=True, slots=True)
class Stream:
    """A dictionary with bytes, still packed."""

    dictionary: dict[str, Any]
    packed: memoryview


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an object is: at an offset of the file, or the ``offset``-th inside an object stream."""

    offset: int
    inside: int | None = None


_FREE: Final = _Place(-1)  # a number that no object has any more


@dataclass(frozen=True, slots=True)
class _Rows:
    """Some consecutive places of one list, as they stand in the file."""

    first: int
    count: int
    start: int  # of the first row, in the bytes of the section


@dataclass(frozen=True, slots=True)
class _Section:
    """One list of places with its trailer."""

    trailer: dict[str, Any]
    rows: tuple[_Rows, ...]
    octets: bytes
    widths: tuple[int, int, int] | None  # of a row in a stream; None for a table

    def place(self, number: int, work: Work) -> _Place | None:
        """Where the object is; None when this section does not speak of it."""
        work.step(len(self.rows))
        for rows in self.rows:
            if rows.first <= number < rows.first + rows.count:
                return self._row(rows.start, number - rows.first)
        return None

    def _row(self, start: int, index: int) -> _Place:
        if self.widths is None:
            match = _PLACE.match(self.octets, start + index * _PLACE_SIZE)
            if match is None:
                malformed("its list of objects is damaged")
            return _Place(int(match[1])) if match[3] == b"n" else _FREE
        size = sum(self.widths)
        row = self.octets[start + index * size : start + (index + 1) * size]
        kind_width, first_width, _ = self.widths
        kind = int.from_bytes(row[:kind_width], "big") if kind_width else 1
        first = int.from_bytes(row[kind_width : kind_width + first_width], "big")
        second = int.from_bytes(row[kind_width + first_width :], "big")
        if kind == 1:
            return _Place(first)
        return _Place(second, inside=first) if kind == 2 else _FREE


class Document:
    """A PDF file as far as somebody asks for its objects."""

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_PDF:
            raise MalformedError("limit-size", f"a PDF of {len(data):,} bytes is too large")
        self.data = data
        self.work = Work(steps=_MAX_STEPS, octets=_MAX_UNPACKED)
        self._objects: dict[Reference, Any] = {}
        self._packed: dict[int, tuple[list[tuple[int, int]], bytes]] = {}
        self._opening: set[Reference] = set()
        ends = _START.findall(data, max(0, len(data) - _TAIL))
        if not ends:
            malformed("it does not end like one; perhaps it was cut off")
        self.last_section = int(ends[-1])
        # What a list of places needs for itself is looked up in those that were read before it.
        self._sections: list[_Section] = []
        self.trailer: dict[str, Any] = {}
        self.ends_with_stream = False
        """Whether the newest list of places is a stream, so that one added after it is one too."""
        self._read_sections(self.last_section)
        if any("Encrypt" in section.trailer for section in self._sections):
            raise UnsupportedError(
                "pdf-encrypted",
                "This PDF is protected. Open it, save it without protection, or bring the attachment itself.",
            )

    def get(self, value: Any) -> Any:
        """The object, which a reference leads to or which it is."""
        for _ in range(8):
            if not isinstance(value, Reference):
                return value
            value = self._load(value)
        return malformed("references lead in a circle")

    def dictionary(self, value: Any) -> dict[str, Any]:
        """A dictionary, behind a reference or not; an empty one for null."""
        found = self.get(value)
        if found is None:
            return {}
        if not isinstance(found, dict):
            malformed("there is another object where a dictionary should be")
        return found

    def array(self, value: Any) -> list[Any]:
        """A list, behind a reference or not; an empty one for null."""
        found = self.get(value)
        if found is None:
            return []
        if not isinstance(found, list):
            malformed("there is another object where a list should be")
        return found

    def unpack(self, stream: Stream, *, limit: int) -> bytes:
        """What a stream holds, at most ``limit`` bytes of it."""
        filters = self.get(stream.dictionary.get("Filter"))
        names = [self.get(name) for name in filters] if isinstance(filters, list) else [filters]
        parameters = self.get(stream.dictionary.get("DecodeParms"))
        if isinstance(parameters, list):
            parameters = self.get(parameters[0]) if parameters else None
        if names in ([], [None]):
            if len(stream.packed) > min(limit, self.work.octets):
                raise MalformedError("limit-pdf", "This PDF holds more than we unpack for strangers.")
            unpacked = bytes(stream.packed)
        elif names == ["FlateDecode"]:
            unpacked = _inflate(stream.packed, min(limit, self.work.octets))
        else:
            # LZW and run lengths are only ever used to build bombs today; two filters are two chances.
            raise UnsupportedError("pdf-filter", "The attachment is packed in a way that we do not unpack.")
        self.work.octets -= len(unpacked)
        return _undo_prediction(unpacked, self.dictionary(parameters), self.work)

    def _load(self, reference: Reference) -> Any:
        if reference in self._objects:
            return self._objects[reference]
        if reference in self._opening:
            malformed("an object is needed to read itself")
        self._opening.add(reference)
        try:
            found = self._find(reference)
        finally:
            self._opening.discard(reference)
        self._objects[reference] = found
        return found

    def _find(self, reference: Reference) -> Any:
        places = (section.place(reference.number, self.work) for section in self._sections)
        place = next((each for each in places if each is not None), _FREE)
        # An object that is not there is null (§7.3.10).
        if place is _FREE:
            return None
        if place.inside is not None:
            return self._load_packed(reference, place.inside, place.offset)
        found, value = self._read_at(place.offset)
        if found != reference:
            malformed("there is another object than its list says")
        return value

    def _read_at(self, offset: int) -> tuple[Reference, Any]:
        reader = Reader(self.data, self.work, offset)
        reference = reader.indirect()
        value = reader.value()
        start = reader.stream_start()
        if start is None:
            return reference, value
        length = self.get(value.get("Length")) if isinstance(value, dict) else None
        if type(length) is not int:
            malformed("a stream does not say how long it is")
        return reference, Stream(value, reader.stream_bytes(start, length))

    def _load_packed(self, reference: Reference, container: int, index: int) -> Any:
        """An object from an object stream (§7.5.7)."""
        if container not in self._packed:
            self._packed[container] = self._open_container(Reference(container, 0))
        places, octets = self._packed[container]
        if reference.generation != 0 or index >= len(places) or places[index][0] != reference.number:
            malformed("there is another object than its list says")
        return Reader(octets, self.work, places[index][1]).value()

    def _open_container(self, reference: Reference) -> tuple[list[tuple[int, int]], bytes]:
        stream = self._load(reference)
        if not isinstance(stream, Stream) or stream.dictionary.get("Type") != "ObjStm":
            malformed("there is no object stream where one should be")
        count, first = (self.get(stream.dictionary.get(name)) for name in ("N", "First"))
        if type(count) is not int or type(first) is not int or not 0 <= count <= _MAX_PACKED_OBJECTS:
            malformed("an object stream does not say what it holds")
        if not 0 <= first <= _MAX_PACKED_HEAD:
            raise MalformedError("limit-pdf", "An object stream of this PDF holds more than we look through.")
        octets = self.unpack(stream, limit=self.work.octets)
        numbers = octets[:first].replace(b"\0", b" ").split()
        self.work.step(len(numbers))
        if len(numbers) != 2 * count or not all(len(each) <= 10 and each.isdigit() for each in numbers):
            malformed("an object stream does not say what it holds")
        values = list(map(int, numbers))
        return [
            (number, first + offset) for number, offset in zip(values[::2], values[1::2], strict=True)
        ], octets

    def _read_sections(self, start: int) -> None:
        """Every list of places, the newest first (§7.5.6, §7.5.8.4)."""
        seen: set[int] = set()
        offset: Any = start
        while offset is not None:
            if type(offset) is not int or not 0 <= offset < len(self.data):
                malformed("its list of objects points nowhere")
            if offset in seen:
                malformed("its lists of objects lead in a circle")
            if len(seen) == _MAX_SECTIONS:
                raise MalformedError("limit-pdf", "This PDF was saved more often than we follow.")
            seen.add(offset)
            section = self._read_section(offset)
            hidden = section.trailer.get("XRefStm") if section.widths is None else None
            if type(hidden) is int and 0 <= hidden < len(self.data):
                # A hybrid: its table calls free what only the stream knows, so the stream is asked first.
                self._sections.append(self._read_stream_section(hidden))
            self._sections.append(section)
            if len(seen) == 1:
                self.trailer = section.trailer
                self.ends_with_stream = section.widths is not None
            offset = section.trailer.get("Prev")

    def _read_section(self, offset: int) -> _Section:
        match = _TABLE.match(self.data, offset)
        if match is None:
            return self._read_stream_section(offset)
        position = match.end()
        rows: list[_Rows] = []
        while subsection := _SUBSECTION.match(self.data, position):
            if len(rows) == _MAX_SUBSECTIONS:
                raise MalformedError("limit-pdf", "The list of objects of this PDF has too many parts.")
            first, count = int(subsection[1]), int(subsection[2])
            rows.append(_Rows(first, count, subsection.end()))
            position = subsection.end() + count * _PLACE_SIZE
            if position > len(self.data):
                malformed("its list of objects is cut off")
        end = _TRAILER.match(self.data, position)
        if end is None:
            malformed("its list of objects has no end")
        trailer = Reader(self.data, self.work, end.end()).value()
        if not isinstance(trailer, dict):
            malformed("its list of objects has no trailer")
        return _Section(trailer, tuple(rows), self.data, None)

    def _read_stream_section(self, offset: int) -> _Section:
        _, stream = self._read_at(offset)
        if not isinstance(stream, Stream) or stream.dictionary.get("Type") != "XRef":
            malformed("there is no list of objects where one should be")
        trailer = stream.dictionary
        widths = _numbers(trailer.get("W"), limit=8)
        index = _numbers(trailer.get("Index", [0, trailer.get("Size")]), limit=10**10)
        if len(widths) != 3 or len(index) % 2:
            malformed("its list of objects is damaged")
        octets = self.unpack(stream, limit=_MAX_PLACES)
        kind, first_field, second_field = widths
        row = kind + first_field + second_field
        if len(index) > 2 * _MAX_SUBSECTIONS:
            raise MalformedError("limit-pdf", "The list of objects of this PDF has too many parts.")
        rows: list[_Rows] = []
        start = 0
        for first, count in zip(index[::2], index[1::2], strict=True):
            rows.append(_Rows(first, count, start))
            start += count * row
        if row == 0 or start > len(octets):
            malformed("its list of objects is cut off")
        return _Section(trailer, tuple(rows), octets, (kind, first_field, second_field))


def _numbers(value: object, *, limit: int) -> list[int]:
    if not isinstance(value, list) or not all(type(each) is int and 0 <= each <= limit for each in value):
        malformed("its list of objects is damaged")
    return value


def _inflate(packed: memoryview, limit: int) -> bytes:
    """Unpack, and stop as soon as it is too much: a thousand times the size is possible (B114)."""
    inflator = zlib.decompressobj()
    try:
        unpacked = inflator.decompress(packed, limit + 1)
    except zlib.error as error:
        raise MalformedError("pdf-malformed", "This PDF cannot be read: a stream is damaged.") from error
    if len(unpacked) > limit:
        raise MalformedError("limit-pdf", "This PDF holds more than we unpack for strangers.")
    if not inflator.eof:
        malformed("a stream is cut off")
    return unpacked


def _undo_prediction(octets: bytes, parameters: dict[str, Any], work: Work) -> bytes:
    """Undo what PNG calls filters (§7.4.4.4), which the lists of places are often written with."""
    predictor = parameters.get("Predictor", 1)
    if predictor == 1:
        return octets
    columns, colours, bits = (
        parameters.get(name, usual)
        for name, usual in (("Columns", 1), ("Colors", 1), ("BitsPerComponent", 8))
    )
    if predictor not in range(10, 16) or (colours, bits) != (1, 8):
        raise UnsupportedError("pdf-filter", "The attachment is packed in a way that we do not unpack.")
    if type(columns) is not int or not 0 < columns <= 65_536 or len(octets) % (columns + 1):
        malformed("a stream is damaged")
    if len(octets) > _MAX_PLACES:
        raise MalformedError("limit-pdf", "This PDF takes more work to read than we do for strangers.")
    previous = bytes(columns)
    rows = []
    for start in range(0, len(octets), columns + 1):
        work.step()
        row = octets[start + 1 : start + 1 + columns]
        previous = _undo_row(octets[start], row, previous)
        rows.append(previous)
    return b"".join(rows)


def _undo_row(kind: int, row: bytes, above: bytes) -> bytes:
    """One row of single bytes (PNG, third edition, §9.2); Average and Paeth are for pictures."""
    match kind:
        case 0:
            return row
        case 1:
            left, restored = 0, bytearray()
            for octet in row:
                left = (left + octet) & 0xFF
                restored.append(left)
            return bytes(restored)
        case 2:
            return bytes((octet + over) & 0xFF for octet, over in zip(row, above, strict=True))
        case _:
            raise UnsupportedError("pdf-filter", "The attachment is packed in a way that we do not unpack.")
