# SPDX-License-Identifier: Apache-2.0
"""Files of people, in and out: read with the operator's limits, handed out as downloads that nothing runs."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from cairn_server import attachments

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.core.files.uploadedfile import UploadedFile

    from cairn_server.attachments import Attachment


def accepted(upload: UploadedFile) -> Attachment:
    """What a form brought, judged; a refusal otherwise. Of what is too large, no more than that is read."""
    most = settings.ATTACHMENT_MAX_MB * 1_000_000
    command = tuple(shlex.split(settings.ATTACHMENT_SCANNER))
    return attachments.accept(
        upload.name or "",
        upload.read(most + 1),
        most=most,
        scanner=attachments.Scanner(command, settings.ATTACHMENT_SCANNER_SECONDS) if command else None,
    )


def answer(name: str, media_type: str, pieces: Iterable[bytes], *, size: int) -> StreamingHttpResponse:
    """A download, whatever it is: never a page of ours, not even for a browser that guesses (B109)."""
    response = StreamingHttpResponse(pieces, content_type=media_type)
    response["Content-Length"] = str(size)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "no-store"
    return response
