# SPDX-License-Identifier: Apache-2.0
"""What this server asks of django-oauth-toolkit and oauthlib beyond their settings.

The grants, the tokens and their checks are theirs. Ours are two rules. A token is worth what its learner's
``Consent`` says now, and nothing once that is gone: so taking a site's rights back is deleting one row, and a
token that was made at that very moment opens nothing. And a code that comes twice was read by somebody on its
way: what it gave the first time is over (RFC 6749 section 4.1.2).
"""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from oauth2_provider.models import AccessToken, Grant, RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2 import WebApplicationServer
from oauthlib.oauth2.rfc6749 import errors

from cairn_server.portability.models import Consent, SpentCode
from cairn_server.portability.scopes import OFFLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oauthlib.common import Request

    from cairn_server.portability.models import Client


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
        if not super().validate_code(client_id, code, client, request, *args, **kwargs):
            _end_what_came_of(code, client)
            return False
        return bool(request.user.is_active)

    # The toolkit looks the code up once more for each of these, and another request may have spent it since.

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, *args: Any, **kwargs: Any
    ) -> bool:
        with _not_spent_meanwhile(code, client):
            return bool(super().confirm_redirect_uri(client_id, code, redirect_uri, client, *args, **kwargs))

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        with _not_spent_meanwhile(code, request.client):
            challenge: str | None = super().get_code_challenge(code, request)
            return challenge

    def get_code_challenge_method(self, code: str, request: Request) -> str | None:
        with _not_spent_meanwhile(code, request.client):
            method: str | None = super().get_code_challenge_method(code, request)
            return method

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        valid = super().validate_refresh_token(refresh_token, client, request, *args, **kwargs)
        return bool(valid and request.user.is_active)

    def save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().save_bearer_token(token, request, *args, **kwargs)
        except CodeIsSpent:
            # Not where it was raised, because what is done there is undone.
            _end_what_came_of(request.code, request.client)
            raise

    def _save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        # In their transaction: a consent that is taken back waits for this, and then takes the token too.
        held = Consent.objects.select_for_update().filter(person=request.user, client=request.client)
        consent = held.first()
        if consent is None:
            raise errors.InvalidGrantError(request=request)
        if request.grant_type != "authorization_code":
            super()._save_bearer_token(token, request, *args, **kwargs)
            return
        # A code is spent and becomes tokens in one: of two at once the second finds it gone.
        if not Grant.objects.filter(code=request.code, application=request.client).delete()[0]:
            raise CodeIsSpent(request=request)
        super()._save_bearer_token(token, request, *args, **kwargs)
        _note_spent(request.code, token, consent)

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Done already, when its tokens were saved."""


class CodeIsSpent(errors.InvalidGrantError):
    """Another request with the same code was quicker."""


@contextmanager
def _not_spent_meanwhile(code: str, client: Client) -> Iterator[None]:
    try:
        yield
    except Grant.DoesNotExist as error:
        _end_what_came_of(code, client)
        raise CodeIsSpent from error


def _note_spent(code: str, token: dict[str, Any], consent: Consent) -> None:
    made = AccessToken.objects.get(token_checksum=_digest(token["access_token"]))
    refresh = RefreshToken.objects.filter(access_token=made).first()
    SpentCode.objects.create(
        sha256=_digest(code),
        consent=consent,
        token_family=refresh.token_family if refresh else None,
        access_token_sha256=made.token_checksum,
        spent_at=made.created,
    )


def _end_what_came_of(code: str, client: Client) -> None:
    """Revoke what this code gave before, if it was this client's."""
    spent = SpentCode.objects.filter(sha256=_digest(code), consent__client=client).first()
    if spent is None:
        return
    RefreshToken.revoke_family(spent.token_family)
    AccessToken.objects.filter(token_checksum=spent.access_token_sha256).delete()


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def consent_behind(request: Request) -> Consent | None:
    """The consent that a token stands on; None when it was taken back, or its person may not act."""
    if request.user is None or not request.user.is_active or request.client is None:
        return None
    return (
        Consent.objects.filter(person=request.user, client=request.client)
        .select_related("person", "client", "collection")
        .first()
    )
