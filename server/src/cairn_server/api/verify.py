# SPDX-License-Identifier: Apache-2.0
"""Verification for machines: the bytes of a credential in, the library's report out.

This module judges as a stranger would. It may not import anything that knows what this server has issued
(contract ``honest-verifier``): our own credentials are read over the same public addresses as any others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from cairn import Verifier
from cairn.errors import MalformedError, UnsupportedError

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from cairn import Report

# The most that one credential, or one picture with a credential inside, may weigh.
MAX_BYTES = 2 * 1024 * 1024

# What may be said about a body, and what must then be found in it (B14: a content type that lies). The
# values are carriers as cairn.read() names them; None leaves it to the bytes.
MEDIA_TYPES: dict[str, str | None] = {
    "application/vc": "json",
    "application/vc+ld+json": "json",
    "application/ld+json": "json",
    "application/json": "json",
    "application/vc+jwt": "jwt",
    "application/jwt": "jwt",
    "text/plain": "jwt",
    "image/png": "png",
    "image/svg+xml": "svg",
    "application/octet-stream": None,
    "multipart/form-data": None,
}


def examine(request: HttpRequest, *, at: datetime) -> Report:
    """Judge the credential of a request, with the installation's one way of reaching the world.

    The credential is the whole body, or the part ``file`` of a form. Raises
    ``UnsupportedError("media-type")`` for a type that is not listed, for a compressed body, and for a body
    that is not what its type says (B14).
    """
    declared = request.content_type or ""
    if declared not in MEDIA_TYPES:
        raise UnsupportedError("media-type", _("Send one of: %s.") % ", ".join(MEDIA_TYPES))
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedError("media-type", _("Send the body without compression."))
    data = _only_part(request) if declared == "multipart/form-data" else request.body
    if len(data) > MAX_BYTES:
        raise MalformedError("limit-size", _("The body may have at most %d bytes.") % MAX_BYTES)

    report = Verifier(import_string(settings.SOURCES)()).examine(data, at=at)
    if MEDIA_TYPES[declared] not in (None, report.carrier):
        raise UnsupportedError("media-type", _("The body is not what its content type says."))
    return report


def _only_part(request: HttpRequest) -> bytes:
    parts = request.FILES.getlist("file")
    if len(parts) != 1 or len(request.FILES) != 1 or request.POST:
        raise MalformedError("form-parts", _("Send exactly one part, named “file”."))
    return parts[0].read(MAX_BYTES + 1)
