# SPDX-License-Identifier: Apache-2.0
"""Lines of cells from an XLSX spreadsheet (ECMA-376, SpreadsheetML), read as a stream.

Ours and no library's, because of what it must not do: it holds one row at a time, keeps the shared texts on
disk, resolves no entity (a document type is refused), follows no link, and evaluates no formula. Of a formula
the value that the spreadsheet program stored is taken; where none is stored the cell is empty.

A cell becomes the text that people see: days as ISO dates, 0.95 in a percent format as 95%, a number padded
by its format with the zeros, whole numbers without a point. Element names are compared without their
namespace, because the strict and the transitional form of the standard differ in nothing else that is read.
"""

from __future__ import annotations

import re
import tempfile
from array import array
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, BinaryIO
from xml.parsers import expat

from cairn_server.issuing.lists.archive import Archive
from cairn_server.issuing.lists.limits import (
    LAST_COLUMN,
    LAST_ROW,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_DEPTH,
    MAX_SHEETS,
    MAX_STYLES,
    MAX_TOKEN,
)
from cairn_server.issuing.lists.problems import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Attributes = dict[str, str]

# Numbers of formats that come with every program (ECMA-376 part 1, 18.8.30).
_BUILT_IN_DATES = frozenset({14, 15, 16, 17, 22, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58})
_BUILT_IN_PERCENT = frozenset({9, 10})
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
# Control characters that XML cannot hold are written like this (22.4.2.4).
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class SpreadsheetTable:
    """One sheet of a spreadsheet. ``lines`` may be called again and again."""

    encoding = ""
    separator = ""

    def __init__(self, file: BinaryIO, *, sheet: str = "") -> None:
        self._archive = Archive(file)
        book = _main_part(self._archive)
        names, self._is_1904 = _sheets(self._archive, book)
        if not names:
            raise Unreadable("list-spreadsheet-broken")
        self.sheets = tuple(names)
        self.sheet = sheet or self.sheets[0]
        if self.sheet not in names:
            raise Unreadable("list-no-sheet")
        self._part = names[self.sheet]
        self._styles = _styles(self._archive, _sibling(self._archive, book, "styles"))
        self._texts_part = _sibling(self._archive, book, "sharedStrings")
        # How many cells held a formula, whose stored value was taken; known when all lines were read.
        self.formulas = 0

    def lines(self) -> Iterator[tuple[int, list[str], str]]:
        """Each row with anything in it: its number in the sheet, its cells, and no rule that it breaks."""
        with tempfile.TemporaryFile() as file:
            texts = _SharedTexts(file)
            if self._texts_part:
                texts.add(_parsed(self._archive, self._texts_part, _Texts()))
            sheet = _Sheet(self, texts)
            for number, cells in _parsed(self._archive, self._part, sheet):
                if any(cells):
                    yield number, cells, ""
        self.formulas = sheet.formulas

    def text_of(self, kind: str, style: int, value: str) -> str:
        """The text of a cell that holds its own: ``kind`` is its type, ``style`` the place of its format."""
        if kind in ("", "n"):
            return self._number(value, self._styles[style] if style < len(self._styles) else "")
        if kind == "b":
            return "TRUE" if value.strip() == "1" else "FALSE"
        if kind == "d":
            return value.removesuffix("T00:00:00")
        return _unescaped(value)  # inlineStr, str (of a formula), e (#N/A and its like)

    def _number(self, value: str, style: str) -> str:
        try:
            number = float(value)
        except ValueError:
            return value
        if style == "date":
            return _day(number, self._is_1904)
        if style == "percent":
            return f"{number * 100:.10g}%"
        if number != number or abs(number) >= 1e15:
            return value
        text = str(int(number)) if number == int(number) else repr(number)
        return text.zfill(int(style)) if style.isdecimal() else text


# The parts


def _main_part(archive: Archive) -> str:
    found = [
        target
        for kind, target, _id in _relationships(archive, "_rels/.rels", PurePosixPath("."))
        if kind == "officeDocument"
    ]
    book = found[0] if found else "xl/workbook.xml"
    if book not in archive:
        raise Unreadable("list-open-document" if "content.xml" in archive else "list-not-spreadsheet")
    return book


def _sheets(archive: Archive, book: str) -> tuple[dict[str, str], bool]:
    """The visible sheets and their parts, in their order, and whether days are counted from 1904."""
    found: list[tuple[str, str]] = []
    is_1904 = False

    def start(name: str, attributes: Attributes) -> None:
        nonlocal is_1904
        if name == "sheet" and attributes.get("state", "visible") == "visible":
            found.append((attributes.get("name", ""), attributes.get("id", "")))
        elif name == "workbookPr":
            is_1904 = attributes.get("date1904", "0") in ("1", "true")
        if len(found) > MAX_SHEETS:
            raise Unreadable("list-spreadsheet-large")

    _walk(archive, book, start)
    part = PurePosixPath(book)
    targets = {
        id: target
        for kind, target, id in _relationships(archive, f"{part.parent}/_rels/{part.name}.rels", part.parent)
        if kind == "worksheet"
    }
    return {name: targets[id] for name, id in found if targets.get(id, "") in archive}, is_1904


def _sibling(archive: Archive, book: str, kind: str) -> str:
    """The one part of this kind that the workbook leans on, or nothing."""
    part = PurePosixPath(book)
    for each, target, _id in _relationships(archive, f"{part.parent}/_rels/{part.name}.rels", part.parent):
        if each == kind and target in archive:
            return target
    return ""


def _relationships(archive: Archive, name: str, base: PurePosixPath) -> list[tuple[str, str, str]]:
    """Kind, target and id of what a part leans on inside the archive; what is outside is not followed."""
    found: list[tuple[str, str, str]] = []

    def start(tag: str, attributes: Attributes) -> None:
        if tag != "Relationship" or attributes.get("TargetMode") == "External":
            return
        target = attributes.get("Target", "")
        path = target.removeprefix("/") if target.startswith("/") else str(base / target)
        found.append((attributes.get("Type", "").rpartition("/")[2], path, attributes.get("Id", "")))
        if len(found) > MAX_SHEETS * 4:
            raise Unreadable("list-spreadsheet-large")

    if name in archive:
        _walk(archive, name, start)
    return found


def _styles(archive: Archive, name: str) -> list[str]:
    """What each cell format does to a number: "date", "percent", a count of digits to pad to, or nothing."""
    formats: dict[int, str] = {}
    styles: list[str] = []
    inside = ""

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal inside
        if tag in ("cellXfs", "cellStyleXfs", "dxfs"):
            inside = tag
        elif tag == "numFmt" and inside != "dxfs":
            formats[_whole(attributes.get("numFmtId", ""))] = attributes.get("formatCode", "")
        elif tag == "xf" and inside == "cellXfs":
            styles.append(_kind_of_format(_whole(attributes.get("numFmtId", "0")), formats))
        if len(styles) > MAX_STYLES or len(formats) > MAX_STYLES:
            raise Unreadable("list-spreadsheet-large")

    if name:
        _walk(archive, name, start)
    return styles


def _kind_of_format(number: int, formats: dict[int, str]) -> str:
    if number in _BUILT_IN_DATES:
        return "date"
    if number in _BUILT_IN_PERCENT:
        return "percent"
    code = formats.get(number, "")
    if 1 < len(code) <= 20 and not code.strip("0"):
        return str(len(code))
    plain = _QUOTED.sub("", code.split(";")[0]).lower()
    if "d" in plain or "y" in plain:
        return "date"
    return "percent" if "%" in plain else ""


def _day(number: float, is_1904: bool) -> str:
    """A count of days as an ISO date (18.17.4.1). The time of the day is nobody's birthday: left out."""
    days = int(number)
    if is_1904:
        start = date(1904, 1, 1)
    elif days >= 61:
        start = date(1899, 12, 30)  # day 60 is a 29 February 1900 that never was
    else:
        start = date(1899, 12, 31)
    try:
        return (start + timedelta(days=days)).isoformat()
    except OverflowError:
        return f"{number:.15g}"


class _SharedTexts:
    """The texts that cells refer to by number, on disk: a million of them are not kept in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._ends = array("Q", [0])

    def add(self, texts: Iterable[str]) -> None:
        for text in texts:
            written = text.encode("utf-8", "surrogatepass")
            self._file.write(written)
            self._ends.append(self._ends[-1] + len(written))

    def __getitem__(self, number: int) -> str:
        if number >= len(self._ends) - 1:
            raise Unreadable("list-spreadsheet-broken")
        start, end = self._ends[number], self._ends[number + 1]
        self._file.seek(start)
        return self._file.read(end - start).decode("utf-8", "surrogatepass")


# Reading XML


class _Reader:
    """What is told of a part as it is read. What it finds is put into ``found``, and taken from there."""

    def __init__(self) -> None:
        self.found: list[Any] = []
        self._collecting = False
        self._pieces: list[str] = []
        self._length = 0

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, piece: str) -> None:
        if not self._collecting:
            return
        self._pieces.append(piece)
        self._length += len(piece)
        if self._length > 4 * MAX_CELL:
            raise Unreadable("list-spreadsheet-large")

    def _collect(self) -> None:
        self._collecting = True

    def _collected(self) -> str:
        text = "".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        return text


class _Tags(_Reader):
    """Passes on every element that begins, and finds nothing itself."""

    def __init__(self, tell: Callable[[str, Attributes], None]) -> None:
        super().__init__()
        self._tell = tell

    def start(self, name: str, attributes: Attributes) -> None:
        self._tell(name, attributes)


class _Texts(_Reader):
    """sharedStrings: each ``si`` is one text, plain or in runs; how it is pronounced (``rPh``) is no part."""

    def __init__(self) -> None:
        super().__init__()
        self._spoken = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "rPh":
            self._spoken = True
        elif name == "t":
            self._collecting = not self._spoken

    def end(self, name: str) -> None:
        if name == "t":
            self._collecting = False
        elif name == "rPh":
            self._spoken = False
        elif name == "si":
            self.found.append(_unescaped(self._collected()))


class _Sheet(_Reader):
    """A worksheet: rows of cells. What comes after the rows (links, drawings, merged cells) is not read."""

    def __init__(self, table: SpreadsheetTable, texts: _SharedTexts) -> None:
        super().__init__()
        self._table, self._texts = table, texts
        self.formulas = 0
        self._row, self._column = 0, 0
        self._cells: list[str] = []
        self._kind, self._style = "", 0
        self._spoken = False

    def start(self, name: str, attributes: Attributes) -> None:
        match name:
            case "c":
                self._column = _column(attributes.get("r", ""), self._column + 1)
                self._kind, self._style = attributes.get("t", ""), _whole(attributes.get("s", "0"))
            case "v":
                self._collect()
            case "t":
                self._collecting = not self._spoken
            case "rPh":
                self._spoken = True
            case "f":
                self.formulas += 1
            case "row":
                row = _whole(attributes["r"]) if "r" in attributes else self._row + 1
                if not self._row < row <= LAST_ROW:
                    raise Unreadable("list-spreadsheet-broken")
                self._row, self._column, self._cells = row, 0, []

    def end(self, name: str) -> None:
        match name:
            case "v" | "t":
                self._collecting = False
            case "rPh":
                self._spoken = False
            case "c":
                self._cell(self._collected())
            case "row":
                self.found.append((self._row, self._cells))
                self._cells = []

    def _cell(self, value: str) -> None:
        if not value:
            return
        if self._kind == "s":
            text = self._texts[_whole(value)].strip()
        else:
            text = self._table.text_of(self._kind, self._style, value).strip()
        if not text:
            return
        # One more than is read is enough to say that there are too many.
        place = min(self._column, MAX_COLUMNS + 1)
        self._cells.extend([""] * (place - len(self._cells)))
        self._cells[place - 1] = text


def _walk(archive: Archive, name: str, start: Callable[[str, Attributes], None]) -> None:
    """Tell of every element that begins in a part."""
    for _nothing in _parsed(archive, name, _Tags(start)):
        pass


def _parsed(archive: Archive, name: str, reader: _Reader) -> Iterator[Any]:
    """What the reader finds in a part, as the part is unpacked."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise Unreadable("list-spreadsheet-broken")
        reader.start(
            tag.rpartition(":")[2],
            {key.rpartition(":")[2]: value for key, value in attributes.items()}
            if attributes
            else attributes,
        )

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        reader.end(tag.rpartition(":")[2])

    def refuse(*_declaration: object) -> None:
        raise Unreadable("list-spreadsheet-broken")  # no spreadsheet has one, and entities need one (B120)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = refuse
    fed = 0
    try:
        for piece in archive.pieces(name):
            parser.Parse(piece, False)
            fed += len(piece)
            if fed - parser.CurrentByteIndex > MAX_TOKEN:
                raise Unreadable("list-spreadsheet-large")
            yield from reader.found
            reader.found.clear()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Unreadable("list-spreadsheet-broken") from error
    yield from reader.found
    reader.found.clear()


def _whole(text: str) -> int:
    if not (text.isdecimal() and text.isascii() and len(text) < 12):
        raise Unreadable("list-spreadsheet-broken")
    return int(text)


def _column(reference: str, default: int) -> int:
    """The number of the column in a reference like "AB12"."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return default
    number = 0
    for letter in found[1]:
        number = number * 26 + ord(letter) - 64
    if number > LAST_COLUMN:
        raise Unreadable("list-spreadsheet-broken")
    return number


def _unescaped(text: str) -> str:
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
