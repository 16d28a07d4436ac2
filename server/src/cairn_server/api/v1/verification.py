# SPDX-License-Identifier: Apache-2.0
"""Verification over the API: routes to :mod:`cairn_server.api.verify`, which knows nothing of this server.

Nor does this module: who may call is said where the router is mounted.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from django.utils import timezone
from ninja import Router, Schema

from cairn_server.api import verify

if TYPE_CHECKING:
    from django.http import HttpRequest

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
    """The library's report. ``document`` is what was signed, and null unless somebody vouches for it."""

    verdict: Literal["verified", "verified-with-remarks", "not-verified", "could-not-check"]
    accepted: bool
    at: datetime
    kind: str
    carrier: str
    format: str
    sha256: str
    findings: list[FindingOut]
    document: dict[str, Any] | None


@router.post(
    "/verify",
    response=ReportOut,
    exclude_unset=True,
    summary="Verify a credential of any issuer",
    description=(
        "The body is the credential itself: JSON with an embedded proof, a VC-JWT, or a PNG or SVG with a "
        "credential inside; or a form with one part named “file”. A refused credential is an answer, so its "
        "status is 200; only a body that cannot be read is a problem. No token is needed."
    ),
    operation_id="verifyCredential",
    openapi_extra={
        "x-scope": "verify",
        "requestBody": {
            "required": True,
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in verify.MEDIA_TYPES
            },
        },
    },
)
def verify_credential(request: HttpRequest) -> dict[str, Any]:
    return verify.examine(request, at=timezone.now()).to_document()
