# SPDX-License-Identifier: Apache-2.0
"""Bearer tokens (RFC 6750): who calls, for which organisation, and for what.

A token acts as the person who made it, inside one organisation, within its scopes. The services ask for the
role again, so a token never outlives the rights of its person (B138, B153).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from cairn_server.errors import NotAllowed
from cairn_server.organisations import tokens

if TYPE_CHECKING:
    from django.http import HttpRequest

    from cairn_server.organisations.models import ApiToken, Scope


class Token(HttpBearer):
    """Demands a live token that has one scope."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        found = tokens.authenticate_token(token, at=timezone.now())
        if self.scope not in found.scopes:
            raise NotAllowed("insufficient-scope", _("This token does not have the scope “%s”.") % self.scope)
        return found


def needs(scope: Scope) -> dict[str, Any]:
    """What an operation is declared with: the check itself, and its line in the OpenAPI document."""
    return {"auth": Token(scope), "openapi_extra": {"x-scope": scope.value}}


def anonymous(request: HttpRequest) -> bool:
    """Nobody in particular; but a token that is sent must be a good one, so a typing error is noticed."""
    return "Authorization" not in request.headers


def token_of(request: HttpRequest) -> ApiToken:
    """The token of a request that an operation with ``auth=Token(…)`` received."""
    return request.auth  # type: ignore[attr-defined]
