# SPDX-License-Identifier: Apache-2.0
"""Lines of cells from a text file: CSV in any encoding people's programs write, with any separator.

The file is walked through twice: once to find out how it is written, without keeping any of it, and once to
read it. What was found out can be overruled, because two encodings can both fit and only a person sees which
one makes names of the letters.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
from typing import TYPE_CHECKING, BinaryIO

from cairn_server.issuing.lists.limits import MAX_LINE, MAX_LINES_IN_RECORD
from cairn_server.issuing.lists.problems import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

# What we find out by ourselves, and what can be chosen: Python's name → what people call it.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252",  # and Latin-1, whose letters are the same
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp1256": "Windows-1256",
    "mac_roman": "Mac Roman",
}

_PIECE = 1 << 16
# A line that tells Excel the separator: understood, and no row.
_EXCEL_SAYS = re.compile(r"sep=([,;\t|])\r?\n?")


class TextTable:
    """One text file. ``lines`` may be called again and again; each time it is read anew."""

    def __init__(
        self,
        file: BinaryIO,
        *,
        encoding: str = "",
        separator: str = "",
        is_header: Callable[[list[str]], int],
    ) -> None:
        """``is_header`` says how many column names it knows among some cells: that finds the separator."""
        self._file = file
        self._codec = _checked(file, encoding) if encoding else _found_out(file)
        self.encoding = _plain_name(self._codec)
        first = self._first_line()
        hint = _EXCEL_SAYS.fullmatch(first)
        self._has_hint = hint is not None
        self.separator = separator or (hint[1] if hint is not None else _likeliest(first, is_header))
        self.sheet = ""
        self.sheets: tuple[str, ...] = ()
        self.formulas = 0

    def lines(self) -> Iterator[tuple[int, list[str], str]]:
        """Each record: the line it begins on, its cells, and the rule that it breaks as a line, if any.

        Empty ones are left out, but counted as lines.
        """
        with _Text(self._file, self._codec) as text:
            feed = _Feed(text)
            if self._has_hint:
                next(feed)
            reader = csv.reader(feed, delimiter=self.separator, strict=True)
            while True:
                begins = feed.begin()
                try:
                    cells = [cell.strip() for cell in next(reader)]
                except StopIteration:
                    break
                except csv.Error:
                    yield begins, [], "line-quotation"
                    continue
                if any(cells):
                    yield begins, cells, ""

    def _first_line(self) -> str:
        """The first line with anything in it."""
        with _Text(self._file, self._codec) as text:
            feed = _Feed(text)
            while True:
                feed.begin()
                line = next(feed, "")
                if not line or line.strip():
                    return line


class _Text:
    """The file as text, from its beginning, without closing the file afterwards."""

    def __init__(self, file: BinaryIO, codec: str) -> None:
        file.seek(0)
        self._wrapper = io.TextIOWrapper(file, encoding=codec, newline="")

    def __enter__(self) -> io.TextIOWrapper:
        return self._wrapper

    def __exit__(self, *error: object) -> None:
        # A reader that is given up is put away late, when its file may be closed already.
        with contextlib.suppress(ValueError):
            self._wrapper.detach()


class _Feed:
    """The lines of a text, none of them too long, and not too many for one record."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.number = 0
        self._begins = 1

    def begin(self) -> int:
        """A record begins with the next line; which one that is."""
        self._begins = self.number + 1
        return self._begins

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE + 2)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > MAX_LINE and len(line.rstrip("\r\n")) > MAX_LINE:
            raise Unreadable("line-long", line=self.number, most=f"{MAX_LINE:,}")
        if "\0" in line:
            raise Unreadable("line-nul", line=self.number)
        if self.number - self._begins >= MAX_LINES_IN_RECORD:
            raise Unreadable("line-quotation", line=self._begins)
        return line


def _likeliest(header: str, is_header: Callable[[list[str]], int]) -> str:
    """The separator that finds most column names we know; else the one that is there most; else the comma."""

    def weight(separator: str) -> tuple[int, int]:
        cells = [cell.strip().strip('"') for cell in header.rstrip("\r\n").split(separator)]
        return is_header(cells), len(cells)

    return max(SEPARATORS, key=weight)


def _plain_name(codec: str) -> str:
    """As in ``ENCODINGS``: how a byte order mark is treated is no business of the reader's."""
    return {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(codec, codec)


def _checked(file: BinaryIO, encoding: str) -> str:
    """The codec that somebody chose, if it fits the file."""
    codec = {"utf-8": "utf-8-sig", "utf-16": _order_of_utf_16(file)}.get(encoding, encoding)
    if not _fits(file, codec):
        raise Unreadable("list-not-encoding", encoding=ENCODINGS[encoding])
    return codec


def _found_out(file: BinaryIO) -> str:
    file.seek(0)
    start = file.read(4096)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # what Excel writes as "Unicode text"
        return _utf_16(file, "utf-16")
    # Without a mark, UTF-16 of a header in Latin letters has a NUL in every second place.
    if len(start) >= 4 and [not byte for byte in start[:4]] in ([False, True] * 2, [True, False] * 2):
        return _utf_16(file, _order_of_utf_16(file))
    if _fits(file, "utf-8-sig"):
        return "utf-8-sig"
    _refuse_mixture(file)
    if _fits(file, "cp1252"):
        return "cp1252"
    raise Unreadable("list-letters")


def _order_of_utf_16(file: BinaryIO) -> str:
    """Which of its bytes comes first, by the mark or by the first letter."""
    file.seek(0)
    start = file.read(2)
    if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    return "utf-16-be" if start[:1] == b"\0" else "utf-16-le"


def _utf_16(file: BinaryIO, codec: str) -> str:
    if not _fits(file, codec):
        raise Unreadable("list-not-utf-16")
    return codec


def _fits(file: BinaryIO, codec: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        while piece := file.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_mixture(file: BinaryIO) -> None:
    """Not UTF-8 as a whole. If some lines with other letters are, two files were glued together, and half of
    the names would come out wrong whichever encoding is chosen."""
    file.seek(0)
    utf8, other, number = 0, 0, 0
    while line := file.readline(4 * MAX_LINE):
        number += 1
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            utf8 = utf8 or number
        except UnicodeDecodeError:
            other = other or number
        if utf8 and other:
            raise Unreadable("list-mixed-encodings", line=other, one=utf8)
