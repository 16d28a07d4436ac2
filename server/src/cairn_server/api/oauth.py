# SPDX-License-Identifier: Apache-2.0
"""OAuth for other sites: they register (RFC 7591), get tokens (RFC 6749), give them back (RFC 7009).

The page on which a learner agrees is ``web/consent``. Grants, tokens and their checks are
django-oauth-toolkit's; what is ours beside it stands in ``portability/oauth``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from oauth2_provider.oauth2_backends import get_oauthlib_core

from cairn.canonical import to_json
from cairn_server.api.public import document, public_document
from cairn_server.api.wallet_answers import Unreadable, answer, for_wallets, read, refuse
from cairn_server.portability import services
from cairn_server.portability.scopes import RIGHTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from cairn_server.portability.services import Registered

FORM = "application/x-www-form-urlencoded"
METADATA_MAX_AGE = 3600


@for_wallets("POST")
def register(request: HttpRequest) -> HttpResponse:
    """Dynamic client registration, for whoever asks; the answer says everything that was kept."""
    try:
        made = services.register(read(request), may_be_local=settings.DEVELOPMENT)
    except Unreadable as refusal:
        return refuse("invalid_client_metadata", str(refusal.message))
    except services.BadRegistration as refusal:
        return refuse(refusal.error, str(refusal.message))
    return answer(_as_registered(made), status=201)


def _as_registered(made: Registered) -> dict[str, Any]:
    client = made.client
    told = {
        "client_uri": client.client_uri,
        "logo_uri": client.logo_uri,
        "tos_uri": client.tos_uri,
        "policy_uri": client.policy_uri,
        "software_id": client.software_id,
        "software_version": client.software_version,
    }
    return {
        "client_id": client.client_id,
        "client_secret": made.secret,
        "client_id_issued_at": int(client.created.timestamp()),
        "client_secret_expires_at": 0,
        "client_name": client.name,
        **{name: value for name, value in told.items() if value},
        "redirect_uris": client.redirect_uris.split(),
        "grant_types": list(made.grant_types),
        "response_types": ["code"],
        "token_endpoint_auth_method": made.auth_method,
        "scope": client.scope,
    }


@for_wallets("POST")
def token(request: HttpRequest) -> HttpResponse:
    return _by_form(request, get_oauthlib_core().create_token_response)


@for_wallets("POST")
def revoke(request: HttpRequest) -> HttpResponse:
    return _by_form(request, get_oauthlib_core().create_revocation_response)


def _by_form(request: HttpRequest, create: Callable[[HttpRequest], Any]) -> HttpResponse:
    """One of oauthlib's answers to a form. What it cannot read is refused, and never a mistake of ours."""
    if request.content_type != FORM:
        return refuse("invalid_request", f"Send the fields as {FORM}.")
    # A NUL is in no word of OAuth's, and PostgreSQL takes none (B155). Of two with one name it is not said
    # which of them counts (RFC 6749 section 3.2).
    said = request.POST
    if any("\x00" in each for name in said for each in (name, *said.getlist(name))):
        return refuse("invalid_request", "A field has a character that cannot be read.")
    if any(len(said.getlist(name)) > 1 for name in said):
        return refuse("invalid_request", "A field is there more than once.")
    if request.GET:
        return refuse("invalid_request", "The fields are in the body, and nothing is in the address.")
    try:
        _location, headers, body, status = create(request)
    except ValueError:
        return refuse("invalid_request", "The form cannot be read.")
    response = HttpResponse(body or "", status=status, headers=headers)
    if "Content-Type" not in headers:
        response["Content-Type"] = "application/json"
    return response


@public_document
def metadata(request: HttpRequest) -> HttpResponse:
    """Where everything is, for clients that look here first (RFC 8414)."""
    told = {
        "issuer": settings.PUBLIC_URL,
        "authorization_endpoint": address("oauth-authorize"),
        "token_endpoint": address("oauth-token"),
        "revocation_endpoint": address("oauth-revoke"),
        "registration_endpoint": address("oauth-register"),
        "scopes_supported": list(RIGHTS),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(services.GRANT_TYPES),
        "token_endpoint_auth_methods_supported": list(services.AUTH_METHODS),
        "revocation_endpoint_auth_methods_supported": list(services.AUTH_METHODS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "op_tos_uri": address("terms"),
        "op_policy_uri": address("privacy"),
    }
    return document(request, to_json(told), media_types=("application/json",), max_age=METADATA_MAX_AGE)


def address(name: str) -> str:
    """The address of one of our views, as others reach it."""
    return settings.PUBLIC_URL + reverse(name)
