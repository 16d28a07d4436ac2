# SPDX-License-Identifier: Apache-2.0
"""Sets pages: certificates, portfolios and the report of a check as PDF, the card of a page as a picture.

PDFs are tagged (PDF/UA-1) and made to be kept (PDF/A). A report has its receipt inside, and a certificate the
credential itself. Typst reads nothing
but its own templates and the fonts beside them. What a stranger wrote comes in as JSON, so it is text and
never a programme (B114, B115, B127).
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


def pdf(report: Mapping[str, Any], *, receipt: bytes, at: datetime) -> bytes:
    """The report in the words that it is given; the same words and moment give the same bytes."""
    inputs = {"report": json.dumps(report, ensure_ascii=False), "receipt": receipt.decode("utf-8")}
    return _kept("report.typ", inputs, at=at, standards=["a-3a", "ua-1"])


def portfolio(told: Mapping[str, Any], *, at: datetime) -> bytes:
    """A portfolio on paper. Nothing is attached to it, so it is the plainest of the archive formats."""
    inputs = {"portfolio": json.dumps(told, ensure_ascii=False)}
    return _kept("portfolio.typ", inputs, at=at, standards=["a-2a", "ua-1"])


def certificate(
    told: Mapping[str, Any], *, pictures: Mapping[str, str], secured: bytes, at: datetime
) -> bytes:
    """A certificate with the credential inside, byte for byte; ``pictures`` are SVGs of ours, or nothing."""
    inputs = certificate_inputs(told, pictures=pictures, secured=secured)
    return _kept("certificate.typ", inputs, at=at, standards=["a-3a", "ua-1"])


def certificate_picture(told: Mapping[str, Any], *, pictures: Mapping[str, str]) -> bytes:
    """The first page of it as PNG, for whoever chooses how it should look."""
    import typst

    with as_file(files("cairn_server.web") / "print") as folder:
        compiler = typst.Compiler(font_paths=_fonts(str(folder / "fonts")))
        template = (folder / "certificate.typ").read_bytes()
        inputs = certificate_inputs(told, pictures=pictures, secured=b"{}")
        made = compiler.compile(template, format="png", ppi=110, sys_inputs=inputs)
    first = made[0] if isinstance(made, list) else made
    assert isinstance(first, bytes)
    return first


def certificate_inputs(
    told: Mapping[str, Any], *, pictures: Mapping[str, str], secured: bytes
) -> dict[str, str]:
    """What the template is given."""
    return {
        "certificate": json.dumps(told, ensure_ascii=False),
        "secured": secured.decode("utf-8"),
        **{name: pictures.get(name, "") for name in ("picture", "logo", "qr")},
    }


def card(told: Mapping[str, Any], *, picture: str) -> bytes:
    """The picture of a public page, 1200 by 630 points; ``picture`` is an SVG of ours, or nothing."""
    import typst

    with as_file(files("cairn_server.web") / "print") as folder:
        compiler = typst.Compiler(font_paths=_fonts(str(folder / "fonts")))
        inputs = {"card": json.dumps(told, ensure_ascii=False), "picture": picture}
        template = (folder / "card.typ").read_bytes()
        made = compiler.compile(template, format="png", ppi=72, sys_inputs=inputs)
    # More than one page would be a list; the template has room for one.
    assert isinstance(made, bytes)
    return made


def _kept(name: str, inputs: dict[str, str], *, at: datetime, standards: list[typst.PDFStandard]) -> bytes:
    # A large native library: a process carries it only once somebody prints.
    import typst

    with as_file(files("cairn_server.web") / "print") as folder:
        compiler = typst.Compiler(font_paths=_fonts(str(folder / "fonts")))
        template = (folder / name).read_bytes()
        try:
            return _compiled(compiler, template, inputs, at, standards)
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
