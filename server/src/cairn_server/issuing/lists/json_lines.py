# SPDX-License-Identifier: Apache-2.0
"""Lines of cells from JSON: one object a line, as the API takes recipients and as programs write them.

A member has the name of its column. What may be there several times is a list: ``evidence`` of ``url``,
``name`` and ``description``, ``results`` of ``value`` and ``status``, ``identifiers`` of ``type`` and
``value``. They become the numbered columns that a spreadsheet would have, so that one reader judges both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from cairn.canonical import parse_json
from cairn.errors import CairnError
from cairn_server.issuing.lists.columns import FIELDS, IDENTITY_TYPES, MOST_REPEATS
from cairn_server.issuing.lists.limits import MAX_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES_IN_LINE = 4 * MAX_LINE
_PLACE = {name: place for place, name in enumerate(FIELDS)}
_FIELD_OF_TYPE = {kind: name for name, kind in IDENTITY_TYPES.items()}
# A list of objects, and the column that each of their members is, without the number.
_LISTS = {
    "evidence": {"url": "evidence_url", "name": "evidence_name", "description": "evidence_description"},
    "results": {"value": "grade", "status": "result_status"},
}


class JsonTable:
    """One file of JSON lines. Line 1 is the first recipient: there is no header."""

    encoding = "utf-8"
    separator = ""
    sheet = ""
    sheets: tuple[str, ...] = ()
    formulas = 0

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def lines(self) -> Iterator[tuple[int, list[str], str]]:
        """The columns first, as every table does, as line 0; then each object as cells."""
        yield 0, list(FIELDS), ""
        self._file.seek(0)
        number = 0
        while line := self._file.readline(MAX_BYTES_IN_LINE + 1):
            number += 1
            if len(line) > MAX_BYTES_IN_LINE:
                while line and not line.endswith(b"\n"):
                    line = self._file.readline(MAX_BYTES_IN_LINE)
                yield number, [], "line-json-long"
                continue
            if not line.strip():
                continue
            try:
                yield number, _cells(parse_json(line)), ""
            except (CairnError, _NotARecipient):
                yield number, [], "line-json"


class _NotARecipient(Exception):  # noqa: N818
    """The object has a member that a recipient has not, or one of another kind."""


def _cells(recipient: dict[str, Any]) -> list[str]:
    cells = [""] * len(FIELDS)
    for name, value in recipient.items():
        if name in _LISTS:
            for number, each in enumerate(_objects(value), start=1):
                end = f"_{number}" if number > 1 else ""
                for member, column in _LISTS[name].items():
                    if member in each:
                        _put(cells, column + end, each.pop(member))
                _refuse_others(each)
        elif name == "identifiers":
            for each in _objects(value):
                _put(cells, _FIELD_OF_TYPE.get(str(each.pop("type", "")), ""), each.pop("value", ""))
                _refuse_others(each)
        else:
            _put(cells, name, value)
    return cells


def _objects(value: Any) -> list[dict[str, Any]]:
    if (
        not isinstance(value, list)
        or len(value) > MOST_REPEATS
        or not all(isinstance(v, dict) for v in value)
    ):
        raise _NotARecipient
    return value


def _put(cells: list[str], name: str, value: Any) -> None:
    """One text in its column. A number is no text: whether 1.0 is "1" is not ours to say."""
    place = _PLACE.get(name)
    if place is None or not isinstance(value, str) or cells[place]:
        raise _NotARecipient
    cells[place] = value.strip()


def _refuse_others(each: dict[str, Any]) -> None:
    if each:
        raise _NotARecipient
