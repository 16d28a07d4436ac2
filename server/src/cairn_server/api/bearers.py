# SPDX-License-Identifier: Apache-2.0
"""Who asks with a token that a learner gave to another site, and whether it reaches as far as this."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.utils import timezone
from oauth2_provider.oauth2_backends import get_oauthlib_core

from cairn_server.errors import Refusal
from cairn_server.portability import services

if TYPE_CHECKING:
    from django.http import HttpRequest

    from cairn_server.portability.models import Consent


class BearerRefused(Refusal):
    """RFC 6750 section 3: the header that says what would be needed."""

    def __init__(self, code: str, message: str, status: int, challenge: str) -> None:
        super().__init__(code, message, status)
        self.challenge = challenge


def consent_for(request: HttpRequest, scope: str) -> Consent:
    """The consent behind the token in the header; ``BearerRefused`` when there is none for this.

    Only the header counts: a token in an address is in somebody's log (B153).
    """
    header = request.headers.get("Authorization", "")
    if not header.lower().startswith("bearer "):
        raise BearerRefused("token-required", "This needs a token.", 401, "Bearer")
    try:
        valid, found = get_oauthlib_core().verify_request(request, [scope])
    except ValueError:  # an address that oauthlib cannot read
        raise BearerRefused(
            "bad-request", "This request cannot be read.", 400, 'Bearer error="invalid_request"'
        ) from None
    if valid:
        consent = cast("Consent", found.consent)
        services.note_use(consent, at=timezone.now())
        return consent
    if getattr(found, "oauth2_error", {}).get("error") == "insufficient_scope":
        raise BearerRefused(
            "insufficient-scope",
            "The token lacks the scope that this needs.",
            403,
            f'Bearer error="insufficient_scope", scope="{scope}"',
        )
    raise BearerRefused(
        "bad-token", "The token is unknown, over, or taken back.", 401, 'Bearer error="invalid_token"'
    )
