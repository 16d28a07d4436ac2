# SPDX-License-Identifier: Apache-2.0
"""What this server asks of django-oauth-toolkit and oauthlib beyond their settings.

The grants, the tokens and their checks are theirs. Ours is one rule: a token is worth what its learner's
``Consent`` says now, and nothing once that is gone. So taking a site's rights back is deleting one row, and a
token that was made at that very moment opens nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2 import WebApplicationServer
from oauthlib.oauth2.rfc6749 import errors

from cairn_server.portability.models import Consent
from cairn_server.portability.scopes import OFFLINE

if TYPE_CHECKING:
    from oauthlib.common import Request


class RandomSecretHasher(PBKDF2PasswordHasher):
    """For secrets of 128 random letters: one round. Many rounds would only let strangers keep us busy."""

    algorithm = "pbkdf2_sha256_random"
    iterations = 1


class Server(WebApplicationServer):
    """The authorization code and the refresh token, and no other grant (RFC 9700 section 2.1)."""

    def __init__(self, request_validator: Validator, **kwargs: Any) -> None:
        super().__init__(request_validator, **kwargs)
        # The redirect carries the scope too (OB 3.0, "Authorization Response").
        self.auth_grant.register_code_modifier(_with_scope)
        self.auth_grant.register_token_modifier(_refresh_only_if_asked)
        self.auth_grant.custom_validators.post_auth.append(_only_s256)


def _only_s256(request: Request) -> dict[str, Any]:
    """Said before anybody is asked: the toolkit itself would refuse only when the code is made."""
    if request.code_challenge_method != "S256":
        raise errors.UnsupportedCodeChallengeMethodError(request=request)
    return {}


def _with_scope(grant: dict[str, Any], _handler: Any, request: Request) -> dict[str, Any]:
    return grant | {"scope": " ".join(request.scopes)}


def _refresh_only_if_asked(token: dict[str, Any], _handler: Any, _request: Request) -> dict[str, Any]:
    """Who did not ask to come back without the learner gets no refresh token."""
    if OFFLINE not in str(token.get("scope", "")).split():
        token.pop("refresh_token", None)
    return token


class Validator(OAuth2Validator):
    """Tokens that need a consent behind them."""

    def validate_bearer_token(self, token: str, scopes: list[str], request: Request) -> bool:
        if not super().validate_bearer_token(token, scopes, request):
            return False
        consent = consent_behind(request)
        if consent is None:
            request.oauth2_error = {"error": "invalid_token"}
            return False
        # The learner may have given the same site less since.
        if not set(scopes or ()) <= set(consent.scope.split()):
            request.oauth2_error = {"error": "insufficient_scope"}
            return False
        request.consent = consent
        return True

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        valid = super().validate_code(client_id, code, client, request, *args, **kwargs)
        return bool(valid and request.user.is_active)

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        valid = super().validate_refresh_token(refresh_token, client, request, *args, **kwargs)
        return bool(valid and request.user.is_active)

    def _save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> Any:
        # In their transaction: a consent that is taken back waits for this, and then takes the token too.
        held = Consent.objects.select_for_update().filter(person=request.user, client=request.client)
        if not held.exists():
            raise errors.InvalidGrantError(request=request)
        return super()._save_bearer_token(token, request, *args, **kwargs)


def consent_behind(request: Request) -> Consent | None:
    """The consent that a token stands on; None when it was taken back, or its person may not act."""
    if request.user is None or not request.user.is_active or request.client is None:
        return None
    return (
        Consent.objects.filter(person=request.user, client=request.client)
        .select_related("person", "client", "collection")
        .first()
    )
