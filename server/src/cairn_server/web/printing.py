# SPDX-License-Identifier: Apache-2.0
"""Sets the report of a check as a PDF: tagged (PDF/UA-1), to be kept (PDF/A-3), with the receipt inside.

Typst reads nothing but its own template and the fonts beside it. What a stranger wrote comes in as JSON, so
it is text and never a programme (B114, B115, B127).
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import typst

_STANDARDS: list[typst.PDFStandard] = ["a-3a", "ua-1"]


def pdf(report: Mapping[str, Any], *, receipt: bytes, at: datetime) -> bytes:
    """The report in the words that it is given; the same words and moment give the same bytes."""
    # A large native library: a process carries it only once somebody prints.
    import typst

    with as_file(files("cairn_server.web") / "print") as folder:
        compiler = typst.Compiler(font_paths=_fonts(str(folder / "fonts")))
        inputs = {"report": json.dumps(report, ensure_ascii=False), "receipt": receipt.decode("utf-8")}
        template = (folder / "report.typ").read_bytes()
        try:
            return _compiled(compiler, template, inputs, at, _STANDARDS)
        except typst.TypstError as error:
            if "could not be displayed" not in str(error):
                raise
            # No font here has a character of, say, a file's name. It becomes an empty box, which a PDF/A may
            # not have, so this one is an ordinary PDF.
            return _compiled(compiler, template, inputs, at, [])


def _compiled(
    compiler: typst.Compiler,
    template: bytes,
    inputs: dict[str, str],
    at: datetime,
    standards: list[typst.PDFStandard],
) -> bytes:
    made = compiler.compile(
        template, format="pdf", sys_inputs=inputs, pdf_standards=standards, timestamp=int(at.timestamp())
    )
    assert isinstance(made, bytes)
    return made


@cache
def _fonts(folder: str) -> typst.Fonts:
    """Ours first; those of the machine for scripts that ours do not have."""
    import typst

    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True, font_paths=[folder])
