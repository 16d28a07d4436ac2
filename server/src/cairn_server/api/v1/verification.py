# SPDX-License-Identifier: Apache-2.0
"""Verification over the API: routes to :mod:`cairn_server.api.verify`, which knows nothing of this server.

Nor does this module: who may call is said where the router is mounted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Header, Query, Router, Schema

from cairn.errors import MalformedError
from cairn_server import past
from cairn_server.accounts import limits
from cairn_server.api import verify

router = Router()


class FindingOut(Schema):
    """One check. What did not pass carries the standard's own name for it, where there is one."""

    check: str
    outcome: Literal["passed", "failed", "undecided"]
    code: str
    message: str
    details: dict[str, str]
    decides: bool
    type: str | None = None


class ReportOut(Schema):
    """The library's report. ``document`` is what was signed, and null unless somebody vouches for it.

    ``parts`` are the reports of what is nested inside: credentials and endorsements, each judged alone.
    """

    verdict: Literal["verified", "verified-with-remarks", "not-verified", "could-not-check"]
    accepted: bool
    at: datetime
    kind: str
    carrier: str
    format: str
    sha256: str
    findings: list[FindingOut]
    document: dict[str, Any] | None
    parts: list[PartOut]


class PartOut(Schema):
    """What is inside: where it stands (a JSON pointer), what it is there for, and its own report."""

    path: str
    role: Literal["credential", "endorsement"]
    report: ReportOut


class AnswerOut(ReportOut):
    """The report, and with ``receipt=true`` a signed receipt of it: a credential that verifies here again."""

    receipt: dict[str, Any] | None = None


# One line of the answer to many: its place in what was sent, and a report or a problem.
LINE = {
    "type": "object",
    "required": ["index"],
    "properties": {
        "index": {"type": "integer", "description": "Its place in what was sent, from 0"},
        "report": {"$ref": "#/components/schemas/AnswerOut"},
        "problem": {"$ref": "#/components/schemas/Problem"},
    },
}


class Wishes(Schema):
    receipt: bool = Field(False, description="Add a signed receipt of the check")
    content: bool = Field(
        False, description="Let the receipt also repeat name, issuer, holder and dates of what was checked"
    )
    lists: list[str] | None = Field(
        None,
        description=(
            "The trust lists of this installation that count, each by the name of its file; repeat it for "
            "several. Left out, all count; empty, none, and nobody is asked who the issuer is."
        ),
    )
    refresh: bool = Field(
        False,
        description=(
            "Ask the issuer once for a newer copy, if the credential says where one would be, and judge that"
        ),
    )
    at: str | None = Field(
        None,
        max_length=40,
        description=(
            "A day or a moment that has passed, as 2026-03-12 or 2026-03-12T09:00:00Z: judge as of then, "
            "with the status lists that were signed by then where the issuer keeps them"
        ),
    )


class Asked(Schema):
    """In a header and not in the address: addresses are logged, and people have e-mail addresses."""

    holder: str | None = Field(
        None,
        alias="Cairn-Holder",
        description="The e-mail address or DID of who should have it; compared, and not repeated",
    )


ReportOut.model_rebuild()


@router.post(
    "/verify",
    response=AnswerOut,
    exclude_unset=True,
    summary="Verify credentials of any issuer",
    description=(
        "The body is the credential itself: JSON with an embedded proof, a token, or a PNG, SVG or PDF with "
        "a credential inside; or a form with one part named “file”. A refused credential is an answer, so "
        "its status is 200; only a body that cannot be read is a problem. No token is needed.\n\n"
        "Several at once, as a JSON list, as one JSON value a line, or as a form with several parts named "
        f"“file”, are answered with one line each ({verify.LINES}), in the order in which they were sent. "
        "A member of a list or line is a credential, a token, or a link to one. "
        f"At most {verify.MOST_LINES} without a token, {verify.MOST_LINES_WITH_TOKEN:,} with one, and "
        f"{verify.MOST_FILES} files."
    ),
    operation_id="verifyCredential",
    openapi_extra={
        "x-scope": "verify",
        "responses": {
            200: {"content": {verify.LINES: {"schema": LINE}}},
        },
        "requestBody": {
            "required": True,
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in (*verify.MEDIA_TYPES, verify.LINES)
            },
        },
    },
)
def verify_credential(request: HttpRequest, wishes: Query[Wishes], asked: Header[Asked]) -> Any:
    moment = past.moment_of(wishes.at, now=timezone.now()) if wishes.at else None
    if wishes.at and moment is None:
        raise MalformedError("invalid-moment", _("Give a day or a moment that has passed."))
    wanted = verify.Wishes(
        receipt=wishes.receipt,
        content=wishes.content,
        lists=None if wishes.lists is None else tuple(name for name in wishes.lists if name),
        holder=asked.holder,
        moment=moment,
        refresh=wishes.refresh,
    )
    if not verify.is_many(request):
        return verify.examine(request, wanted, at=timezone.now())
    # ``anonymous`` says True, and a token is somebody.
    has_token = getattr(request, "auth", True) is not True
    most = verify.MOST_LINES_WITH_TOKEN if has_token else verify.MOST_LINES
    things = verify.brought(request, most=most)
    limit = settings.RATE_LIMITS["verify-many"]
    bucket = limits.Limit("verify-many", limit["burst"], limit["per_minute"])
    bucket.take(_who(request), at=timezone.now(), tokens=max(1, len(things)))
    lines = verify.examine_many(things, wanted, now=timezone.now)
    response = StreamingHttpResponse(lines, content_type=verify.LINES)
    response["Cache-Control"] = "no-store"
    return response


def _who(request: HttpRequest) -> str:
    """Whose bucket it is: the token's, or the network's where there is none (B149)."""
    return request.headers.get("Authorization", "") or limits.network_of(
        limits.client_address(
            peer=request.META.get("REMOTE_ADDR", ""),
            forwarded_for=request.headers.get("X-Forwarded-For", ""),
            trusted_proxies=settings.TRUSTED_PROXIES,
        )
    )
