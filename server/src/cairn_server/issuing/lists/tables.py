# SPDX-License-Identifier: Apache-2.0
"""From a file to lines of cells, whatever kind it is. Its first bytes say which, and not its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

from cairn_server.issuing.lists.apart import ApartTable
from cairn_server.issuing.lists.json_lines import JsonTable
from cairn_server.issuing.lists.problems import Unreadable
from cairn_server.issuing.lists.text import TextTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"  # what .xls is made of, and what a password wraps an .xlsx into


class Table(Protocol):
    """One list, and how it is written."""

    encoding: str  # Python's name, or nothing for a spreadsheet
    separator: str
    sheet: str
    sheets: tuple[str, ...]
    formulas: int

    def lines(self) -> Iterator[tuple[int, list[str], str]]:
        """Line, cells, and the rule that the line breaks as a line."""
        ...


def opened(
    file: BinaryIO,
    *,
    encoding: str = "",
    separator: str = "",
    sheet: str = "",
    is_header: Callable[[list[str]], int],
) -> Table:
    """Find out how a file is written, where nobody said it. Raises ``Unreadable``."""
    file.seek(0)
    start = file.read(4)
    if start == _OLE:
        raise Unreadable("list-old-spreadsheet")
    if start == _ZIP:
        return ApartTable(file, sheet=sheet)
    if start.lstrip().startswith(b"{"):
        return JsonTable(file)
    return TextTable(file, encoding=encoding, separator=separator, is_header=is_header)
