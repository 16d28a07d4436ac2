# SPDX-License-Identifier: Apache-2.0
"""PDF attachments, exchanged with pikepdf (qpdf): what we attach it finds, and what it attaches we find.

pikepdf is no judge of credentials. A flow is ok when both take the very bytes out that went in, on every kind
of file that it writes, and when we refuse a file that it protects.
"""

from __future__ import annotations

import io
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from flows import NUMBER, Flow, Ours

from bench import documents
from cairn import pdf
from cairn.canonical import to_json
from cairn.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

PEER = "pikepdf"
NAME = "credential.json"


def attachment_flows(at: datetime) -> Iterator[Flow]:
    try:
        number = version(PEER)
    except PackageNotFoundError:
        number = "not installed"
    yield Flow(PEER, number, "verify.pdf", lambda: _ours_to_pikepdf(at))
    yield Flow(PEER, number, "issue.pdf", lambda: _pikepdf_to_us(at))


def _badge(at: datetime) -> bytes:
    ours = Ours(at)
    return to_json(ours.embedded(documents.small(NUMBER, ours.did)))


def _forms() -> dict[str, dict[str, Any]]:
    """Every kind of list of objects that a file can have."""
    from pikepdf import ObjectStreamMode

    return {
        "table": {"object_stream_mode": ObjectStreamMode.disable},
        "streams": {"object_stream_mode": ObjectStreamMode.generate},
        "linearised": {"linearize": True},
    }


def _written(credential: bytes | None, **options: Any) -> bytes:
    import pikepdf

    file = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.attachments["notes.txt"] = b"What the school wrote beside it."
        if credential is not None:
            document.attachments[NAME] = credential
        document.save(file, **options)
    return file.getvalue()


def _ours_to_pikepdf(at: datetime) -> list[str]:
    import pikepdf

    credential = _badge(at)
    complaints = []
    for form, options in _forms().items():
        with pikepdf.open(io.BytesIO(pdf.attach(_written(None, **options), credential, at=at))) as document:
            found = document.attachments[NAME].get_file().read_bytes()
            if found != credential or set(document.attachments) != {NAME, "notes.txt"}:
                complaints.append(f"the peer did not find what we attached to a file with {form}")
            sources = [each.UF for each in document.Root.AF if each.AFRelationship == "/Source"]
            if sources != [NAME] or document.check_pdf_syntax():
                complaints.append(f"what we attached to a file with {form} is not well formed")
    return complaints


def _pikepdf_to_us(at: datetime) -> list[str]:
    import pikepdf

    credential = _badge(at)
    complaints = [
        f"we did not find what the peer attached to a file with {form}"
        for form, options in _forms().items()
        if pdf.extract(_written(credential, **options)) != credential
    ]
    protected = _written(credential, encryption=pikepdf.Encryption(owner="owner", user=""))
    try:
        pdf.extract(protected)
        complaints.append("we read a protected file")
    except UnsupportedError:
        pass
    return complaints
