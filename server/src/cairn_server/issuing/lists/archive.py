# SPDX-License-Identifier: Apache-2.0
"""The parts of a spreadsheet's ZIP archive, and what an archive may not be (B116, B120).

What can be known from the table of contents is refused before anything is unpacked: too many entries, two of
one name, entries that lie on one another, encryption, parts that unpack to absurd sizes. What the table says
may be a lie, so the bytes are counted again while they are read.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, BinaryIO

from cairn_server.issuing.lists.limits import (
    MAX_DIRECTORY,
    MAX_ENTRIES,
    MAX_RATIO,
    MAX_UNPACKED,
    SMALL,
)
from cairn_server.issuing.lists.problems import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

_END = b"PK\x05\x06"  # end of central directory record, APPNOTE 4.3.16
_PIECE = 1 << 16
_ENCRYPTED = 0x1
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError, RuntimeError)


class Archive:
    """The parts by name. All that is read of them together is counted."""

    def __init__(self, file: BinaryIO) -> None:
        _refuse_large_directory(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except BROKEN as error:
            raise Unreadable("list-spreadsheet-broken") from error
        self._entries = {entry.filename: entry for entry in _sound(self._zip.infolist())}
        self._unpacked = 0

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of one part, unpacked piece by piece."""
        entry = self._entries[name]
        unpacked = 0
        try:
            with self._zip.open(entry) as part:
                while piece := self._read(part):
                    unpacked += len(piece)
                    if unpacked > max(SMALL, MAX_RATIO * entry.compress_size):
                        raise Unreadable("list-spreadsheet-large")
                    yield piece
        except BROKEN as error:
            raise Unreadable("list-spreadsheet-broken") from error

    def _read(self, part: IO[bytes]) -> bytes:
        piece = part.read(_PIECE)
        self._unpacked += len(piece)
        if self._unpacked > MAX_UNPACKED:
            raise Unreadable("list-spreadsheet-large")
        return piece


def _refuse_large_directory(file: BinaryIO) -> None:
    """Before ``zipfile`` reads all of it: a table of a million entries is itself a bomb."""
    file.seek(0, os.SEEK_END)
    size = file.tell()
    file.seek(max(0, size - 22 - 0xFFFF))  # the record and the longest comment behind it
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) < place + 22:
        raise Unreadable("list-spreadsheet-broken")
    entries = int.from_bytes(tail[place + 10 : place + 12], "little")
    directory = int.from_bytes(tail[place + 12 : place + 16], "little")
    # 0xffff and 0xffffffff point to a ZIP64 record, which only archives beyond every limit here need.
    if entries > MAX_ENTRIES or directory > MAX_DIRECTORY:
        raise Unreadable("list-spreadsheet-large")
    file.seek(0)


def _sound(entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    if len({entry.filename for entry in entries}) != len(entries):
        raise Unreadable("list-spreadsheet-broken")  # two readers would take two different parts
    end = 0
    for entry in sorted(entries, key=lambda each: each.header_offset):
        if entry.header_offset < end:
            raise Unreadable("list-spreadsheet-broken")  # the same bytes counted as several parts
        end = entry.header_offset + 30 + len(entry.filename.encode()) + entry.compress_size
        if entry.flag_bits & _ENCRYPTED:
            raise Unreadable("list-spreadsheet-protected")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unreadable("list-spreadsheet-broken")
        if entry.file_size > MAX_UNPACKED:
            raise Unreadable("list-spreadsheet-large")
    return entries
