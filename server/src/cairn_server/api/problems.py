# SPDX-License-Identifier: Apache-2.0
"""What went wrong, as RFC 9457 problem details: one shape for every refusal below ``/api/``.

``type`` is an address that explains the problem: W3C's own where the standards name one (standards.md 10),
otherwise the entry in our reference. ``code`` is the stable word for programs, ``detail`` a sentence for
people. Nothing of the request is echoed, so a problem never repeats a token or another tenant's name.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _

from cairn.errors import CairnError, MalformedError, UnavailableError, UnsupportedError, VerificationError
from cairn_server.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE = "application/problem+json"

# Errors somebody can act on; ``answer`` has a problem for each.
ANSWERED = (
    Refusal,
    CairnError,
    Http404,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    BadRequest,
    MultiPartParserError,
)

# The oldest advice for "try again later": long enough to matter, short enough to wait for.
RETRY_AFTER_SECONDS = 30


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> HttpResponse:
    """One problem as a response. ``members`` are RFC 9457 extension members."""
    body = {
        "type": f"{settings.PUBLIC_URL}/api/v1/docs#problem-{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **members,
    }
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False), status=status, content_type=MEDIA_TYPE, headers=headers
    )
    # A refusal is about this caller and this moment; no cache may hand it to another (B151).
    response["Cache-Control"] = "no-store"
    return response


def answer(error: Exception) -> HttpResponse | None:
    """The problem that stands for an error somebody can act on; None for a mistake of ours."""
    match error:
        case Refusal():
            return _refusal_problem(error)
        case CairnError():
            return _library_problem(error)
        case Http404():
            return not_found()
        case PermissionDenied():
            return problem(403, "not-allowed", _("You may not do this."))
        case RequestDataTooBig():
            return problem(413, "limit-size", _("The body is too large."))
        case SuspiciousOperation() | BadRequest() | MultiPartParserError():
            return problem(400, "bad-request", _("This request cannot be read."))
    return None


def _refusal_problem(refusal: Refusal) -> HttpResponse:
    message = str(refusal.message)
    # Some verbs know which of their fields cannot stand.
    field = getattr(refusal, "field", None)
    if field is None:
        return problem(refusal.status, refusal.code, message)
    errors = [{"in": "body", "field": field, "detail": message}]
    return problem(refusal.status, refusal.code, message, errors=errors)


def _library_problem(error: CairnError) -> HttpResponse:
    match error:
        case MalformedError(code="limit-size"):
            return problem(413, error.code, error.message)
        case UnsupportedError(code="media-type"):
            return problem(415, error.code, error.message)
        case UnavailableError():
            return problem(503, error.code, error.message, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
        case VerificationError():
            return problem(422, error.code, error.message)
    return problem(400, error.code, error.message)


def not_found() -> HttpResponse:
    """Said of what never was and of what belongs to another organisation, in the same words (B135)."""
    return problem(404, "not-found", _("There is nothing here."))


def method_not_allowed(allowed: str) -> HttpResponse:
    return problem(405, "method-not-allowed", _("Use one of: %s.") % allowed, headers={"Allow": allowed})


def server_error() -> HttpResponse:
    return problem(500, "server-error", _("Something went wrong on our side. It has been logged."))
