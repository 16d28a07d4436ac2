# SPDX-License-Identifier: Apache-2.0
"""Spreadsheets made by hand, part by part, so that a test can say exactly which byte is wrong."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'

# Formats of numbers, by the place in ``cellXfs`` that a cell names.
PLAIN, DAY, PERCENT, PADDED, OWN_DAY = range(5)
STYLES = f"""{HEAD}<styleSheet xmlns="{MAIN}">
<numFmts count="2"><numFmt numFmtId="164" formatCode="00000"/>
<numFmt numFmtId="165" formatCode="[$-409]d&quot;y&quot; mmmm yyyy;@"/></numFmts>
<cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs>
<cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="9"/><xf numFmtId="164"/>
<xf numFmtId="165"/></cellXfs></styleSheet>"""


def cell(reference: str, value: Any, *, style: int = PLAIN) -> str:
    """One cell: a number, a text in the cell, or ready-made XML in a tuple."""
    if isinstance(value, tuple):
        return str(value[0]).replace("REF", reference)
    if isinstance(value, int | float):
        return f'<c r="{reference}" s="{style}"><v>{value}</v></c>'
    return f'<c r="{reference}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def day(number: float, *, style: int = DAY) -> tuple[str]:
    return (f'<c r="REF" s="{style}"><v>{number}</v></c>',)


def shared(number: int) -> tuple[str]:
    return (f'<c r="REF" t="s"><v>{number}</v></c>',)


def formula(text: str, stored: str = "", *, kind: str = "str") -> tuple[str]:
    value = f"<v>{escape(stored)}</v>" if stored else ""
    return (f'<c r="REF" t="{kind}"><f>{escape(text)}</f>{value}</c>',)


def sheet(rows: Iterable[Sequence[Any]], *, first: int = 1, after: str = "") -> str:
    written = "".join(
        f'<row r="{number}">'
        + "".join(cell(f"{_letters(place)}{number}", value) for place, value in enumerate(row) if value != "")
        + "</row>"
        for number, row in enumerate(rows, start=first)
    )
    return f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{written}</sheetData>{after}</worksheet>'


def _letters(place: int) -> str:
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def parts(
    *sheets: str,
    names: Sequence[str] = ("Sheet1", "Sheet2", "Sheet3"),
    texts: Sequence[str] = (),
    is_1904: bool = False,
    **more: str,
) -> dict[str, str]:
    """The parts of a workbook; ``texts`` are the shared ones, as ready-made ``<si>`` elements."""
    listed = "".join(
        f'<sheet name="{names[n]}" sheetId="{n + 1}" r:id="rId{n + 1}"/>' for n in range(len(sheets))
    )
    related = "".join(
        f'<Relationship Id="rId{n + 1}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{n + 1}.xml"/>'
        for n in range(len(sheets))
    )
    found = {
        "_rels/.rels": f'{HEAD}<Relationships><Relationship Id="rId1" Type="{RELATIONS}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        f'<workbookPr date1904="{int(is_1904)}"/><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"{HEAD}<Relationships>{related}"
        f'<Relationship Id="rId90" Type="{RELATIONS}/styles" Target="/xl/styles.xml"/>'
        f'<Relationship Id="rId91" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f'{HEAD}<sst xmlns="{MAIN}">{"".join(texts)}</sst>',
    }
    found |= {f"xl/worksheets/sheet{n + 1}.xml": text for n, text in enumerate(sheets)}
    return found | more


def zipped(contents: Mapping[str, str | bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    out.seek(0)
    return out


def spreadsheet(rows: Iterable[Sequence[Any]], **more: Any) -> io.BytesIO:
    return zipped(parts(sheet(rows), **more))
