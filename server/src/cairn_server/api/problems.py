# SPDX-License-Identifier: Apache-2.0
"""What went wrong, as RFC 9457 problem details: one shape for every refusal below ``/api/``.

``type`` is the address of the code's entry in our reference, or ``about:blank`` for a code without one, which
says that status and detail are all there is to know (RFC 9457 section 4.2.1). ``code`` is the stable word for
programs, ``detail`` a sentence for people. Nothing of the request is echoed, so a problem never repeats a
token or another tenant's name.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from cairn.errors import CairnError, MalformedError, UnavailableError, UnsupportedError, VerificationError
from cairn_server.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise as StrPromise

logger = logging.getLogger(__name__)

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
    UnreadablePostError,
    OperationalError,
)

# The oldest advice for "try again later": long enough to matter, short enough to wait for.
RETRY_AFTER_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Explained:
    code: str
    status: int
    meaning: StrPromise


# The problems with an entry on the reference page: what this layer refuses, and what the verbs behind it do.
# Not here are the many ways in which bytes can be unreadable (json-…, png-…, token-…): their type is
# about:blank, and docs/reference/errors.md has them all.
PROBLEMS = (
    Explained("bad-request", 400, _lazy("The request cannot be read.")),
    Explained("form-parts", 400, _lazy("A form has parts that are all named “file”: one, or at most 50.")),
    Explained("idempotency-key", 400, _lazy("An Idempotency-Key has 1 to 80 visible ASCII characters.")),
    Explained("repeated-parameter", 400, _lazy("A query parameter is given more than once.")),
    Explained("unknown-trust-list", 400, _lazy("This installation has no trust list of that name.")),
    Explained("invalid-field", 400, _lazy("A field says what cannot be; “errors” names it.")),
    Explained("invalid-moment", 400, _lazy("A day or a moment that cannot be read, or lies ahead.")),
    Explained("unknown-cursor", 400, _lazy("The cursor does not come from this list.")),
    Explained("design-field", 400, _lazy("The designer does not know this field.")),
    Explained("design-shape", 400, _lazy("The designer does not have this shape.")),
    Explained("design-icon", 400, _lazy("The designer does not have this icon.")),
    Explained("design-colour", 400, _lazy("A colour is written like #1f4e5f.")),
    Explained("design-contrast", 400, _lazy("The two colours are too close for the text to be read.")),
    Explained("design-empty", 400, _lazy("The design has neither icon, text nor logo.")),
    Explained("design-lines", 400, _lazy("The text of the design has too many lines.")),
    Explained("design-text-long", 400, _lazy("A line of the design is too long.")),
    Explained("design-text-wide", 400, _lazy("A line of the design does not fit into its shape.")),
    Explained("design-letter", 400, _lazy("The typeface does not have one of the characters.")),
    Explained("bad-endpoint", 400, _lazy("A webhook goes to an https address in the public internet.")),
    Explained("no-events", 400, _lazy("A webhook is told of at least one of the listed events.")),
    Explained("token-required", 401, _lazy("This operation needs a token.")),
    Explained(
        "bad-token", 401, _lazy("The token is unknown, revoked, or its person has lost the right to it.")
    ),
    Explained("insufficient-scope", 403, _lazy("The token lacks the scope that this operation needs.")),
    Explained("not-allowed", 403, _lazy("The person behind the token may not do this any more.")),
    Explained(
        "second-factor-required",
        403,
        _lazy("The organisation asks for a second factor, and the person behind the token has none."),
    ),
    Explained("not-found", 404, _lazy("There is nothing here, or it belongs to somebody else.")),
    Explained("method-not-allowed", 405, _lazy("This address takes other methods; “Allow” lists them.")),
    Explained("not-published", 409, _lazy("The version is still a draft: publish it first.")),
    Explained("not-ready", 409, _lazy("Something is missing before it can be published.")),
    Explained("version-frozen", 409, _lazy("A published version never changes: make a new one.")),
    Explained("draft-exists", 409, _lazy("There is a draft of the next version already.")),
    Explained("archived", 409, _lazy("The achievement is archived and awarded no more.")),
    Explained("already-revoked", 409, _lazy("The award is revoked, for good.")),
    Explained("not-signed-yet", 409, _lazy("The award is not signed yet: try again in a moment.")),
    Explained("already-suspended", 409, _lazy("The award is suspended already.")),
    Explained("not-suspended", 409, _lazy("The award is not suspended, so it cannot be reinstated.")),
    Explained("nothing-to-change", 409, _lazy("None of these awards would be changed.")),
    Explained("not-awaiting", 409, _lazy("This change does not wait for an approval (any more).")),
    Explained("second-person-needed", 409, _lazy("Whoever asked cannot approve it too.")),
    Explained("already-replaced", 409, _lazy("Another credential stands in its place already.")),
    Explained("not-replaceable", 409, _lazy("It is suspended: give it back or revoke it first.")),
    Explained("organisation-closed", 409, _lazy("The organisation is closed.")),
    Explained("no-signing-key", 409, _lazy("The organisation has no key to sign with.")),
    Explained("assessment-frozen", 409, _lazy("There is no draft to publish.")),
    Explained("assessment-archived", 409, _lazy("The assessment is archived.")),
    Explained("project-frozen", 409, _lazy("There is no draft to publish.")),
    Explained("project-archived", 409, _lazy("The project is archived.")),
    Explained("own-work", 409, _lazy("Nobody reviews their own work.")),
    Explained("no-reviewer", 409, _lazy("This person does not review in this organisation.")),
    Explained("no-seat", 409, _lazy("Enough people review this round.")),
    Explained("seated-already", 409, _lazy("This person reviews this round already.")),
    Explained("judged-before", 409, _lazy("An appeal is decided by somebody who did not review the work.")),
    Explained("review-over", 409, _lazy("The round, the review or the appeal is decided.")),
    Explained("batch-state", 409, _lazy("The list has moved on, and this cannot be done to it any more.")),
    Explained("list-settled", 409, _lazy("The list was started already, or is being checked just now.")),
    Explained("nobody-to-award", 409, _lazy("Everybody on the list has this achievement already.")),
    Explained("too-many-endpoints", 409, _lazy("An organisation has at most twenty webhooks.")),
    Explained("endpoint-stopped", 409, _lazy("The webhook is disabled: enable it first.")),
    Explained("limit-size", 413, _lazy("The body is too large.")),
    Explained("media-type", 415, _lazy("The content type is not a listed one, or the body is not of it.")),
    Explained("bad-question", 422, _lazy("A question says what cannot be; “errors” names the field.")),
    Explained("bad-assessment", 422, _lazy("An assessment says what cannot be; “errors” names the field.")),
    Explained(
        "bad-project", 422, _lazy("A project or a review says what cannot be; “errors” names the field.")
    ),
    Explained("invalid-fields", 422, _lazy("Some fields are missing or wrong; “errors” names each.")),
    Explained("idempotency-key-reused", 422, _lazy("The Idempotency-Key was used for another award.")),
    Explained(
        "list-has-problems", 422, _lazy("Recipients have problems, which “errors” names; nobody was awarded.")
    ),
    Explained("list-unreadable", 422, _lazy("The list as a whole cannot be read; nothing of it was kept.")),
    Explained(
        "unknown-achievement", 422, _lazy("There is no such achievement version in this organisation.")
    ),
    Explained("nothing-mended", 422, _lazy("Nothing was said otherwise than before.")),
    Explained("which-awards", 422, _lazy("Give one of: awards, batch, achievement.")),
    Explained("unknown-award", 422, _lazy("One of the awards does not exist in this organisation.")),
    Explained("too-many-at-once", 422, _lazy("More awards than are changed at once.")),
    Explained("too-many-requests", 429, _lazy("Wait for as many seconds as “Retry-After” says.")),
    Explained("server-error", 500, _lazy("Something went wrong on our side.")),
    Explained("database-unavailable", 503, _lazy("The database does not answer just now: try again.")),
    Explained("watermark-unavailable", 503, _lazy("What must never go back cannot be read now: try later.")),
    Explained(
        "recovering", 503, _lazy("This is a restored copy; nothing is signed until its operator confirms.")
    ),
)
_EXPLAINED = frozenset(each.code for each in PROBLEMS)


def type_of(code: str) -> str:
    return f"{settings.PUBLIC_URL}/api/v1/docs#problem-{code}" if code in _EXPLAINED else "about:blank"


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
        "type": type_of(code),
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
        case OperationalError():
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            return problem(503, "database-unavailable", database_away(error), headers=headers)
        case SuspiciousOperation() | BadRequest() | MultiPartParserError() | UnreadablePostError():
            return problem(400, "bad-request", _("This request cannot be read."))
    return None


def database_away(error: OperationalError) -> str:
    """What is said while the database does not answer, or answers no more; the log says why."""
    logger.error("the database could not be asked", exc_info=error)
    return _("The database does not answer just now. Please try again in a moment.")


def _refusal_problem(refusal: Refusal) -> HttpResponse:
    message = str(refusal.message)
    # Some verbs know which of their fields cannot stand.
    field = getattr(refusal, "field", None)
    listed = getattr(refusal, "problems", None)
    if listed:
        return problem(refusal.status, refusal.code, message, errors=listed)
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
