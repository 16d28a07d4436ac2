# SPDX-License-Identifier: Apache-2.0
"""Who issues what, and where (OpenID4VCI 1.0, section 12.2; RFC 8414).

Every organisation is a credential issuer of its own, and its own authorization server. The documents stand
where 1.0 looks (inserted after the host) and where drafts looked (appended); and the credential issuer says
what some wallets read only there (``issuer``, ``token_endpoint``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.urls import reverse

from cairn.canonical import to_json
from cairn.keys import Algorithm
from cairn_server.api.public import document, public_document
from cairn_server.issuing import as_sd_jwt
from cairn_server.issuing.invitations import JWT, LDP, PRE_AUTHORIZED, SD_JWT, credential_issuer
from cairn_server.organisations.keys import key_history
from cairn_server.organisations.models import Organisation, SigningKey

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

MAX_AGE = 300
TYPES = ["VerifiableCredential", "OpenBadgeCredential"]
CONTEXTS = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]
# What a wallet may sign its proof with, and what of its key goes into the credential.
WALLET_ALGORITHMS = ["EdDSA", "ES256"]
BINDING = ["did:key", "did:jwk", "jwk"]


@public_document
def issuer(request: HttpRequest, organisation_id: str) -> HttpResponse:
    found = get_object_or_404(Organisation, public_id=organisation_id)
    return document(request, to_json(_issuer(found)), media_types=("application/json",), max_age=MAX_AGE)


@public_document
def authorization_server(request: HttpRequest, organisation_id: str) -> HttpResponse:
    found = get_object_or_404(Organisation, public_id=organisation_id)
    named = credential_issuer(found, settings.PUBLIC_URL)
    body = {
        "issuer": named,
        "token_endpoint": _at("oid4vci-token", found),
        # Nobody is sent there: the flow begins with an offer. Some readers want the two all the same.
        "authorization_endpoint": f"{settings.PUBLIC_URL}/wallet",
        "response_types_supported": ["code"],
        "grant_types_supported": [PRE_AUTHORIZED],
        "token_endpoint_auth_methods_supported": ["none"],
        "pre-authorized_grant_anonymous_access_supported": True,
        "authorization_details_types_supported": ["openid_credential"],
    }
    return document(request, to_json(body), media_types=("application/json",), max_age=MAX_AGE)


def _issuer(organisation: Organisation) -> dict[str, Any]:
    named = credential_issuer(organisation, settings.PUBLIC_URL)
    display: dict[str, Any] = {"name": organisation.name, "locale": "en"}
    if organisation.logo_png:
        where = reverse("issuer-image", args=[organisation.public_id])
        display["logo"] = {"uri": settings.PUBLIC_URL + where, "alt_text": organisation.name}
    return {
        "credential_issuer": named,
        "credential_endpoint": _at("oid4vci-credential", organisation),
        "nonce_endpoint": _at("oid4vci-nonce", organisation),
        "notification_endpoint": _at("oid4vci-notification", organisation),
        "issuer": named,
        "token_endpoint": _at("oid4vci-token", organisation),
        "authorization_details_types_supported": ["openid_credential"],
        "display": [display],
        "credential_configurations_supported": _configurations(organisation),
    }


def _at(name: str, organisation: Organisation) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, args=[organisation.public_id])}"


def _configurations(organisation: Organisation) -> dict[str, Any]:
    """The forms of an award. Which achievement it is, the credential says and not the metadata."""
    active = key_history(organisation).filter(state=SigningKey.State.ACTIVE).first()
    is_p256 = active is not None and active.public_key.algorithm is Algorithm.P256
    display = [{"name": f"Open Badge · {organisation.name}", "locale": "en"}]
    common: dict[str, Any] = {
        "cryptographic_binding_methods_supported": BINDING,
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": WALLET_ALGORITHMS}},
        "credential_metadata": {"display": display},
        # Where drafts had it.
        "display": display,
    }
    return {
        LDP: {
            "format": "ldp_vc",
            "scope": LDP,
            "credential_signing_alg_values_supported": ["ecdsa-rdfc-2019" if is_p256 else "eddsa-rdfc-2022"],
            "credential_definition": {"@context": CONTEXTS, "type": TYPES},
            **common,
        },
        JWT: {
            "format": "jwt_vc_json",
            "scope": JWT,
            "credential_signing_alg_values_supported": ["ES256" if is_p256 else "EdDSA"],
            "credential_definition": {"type": TYPES},
            **common,
        },
        SD_JWT: {
            "format": "dc+sd-jwt",
            "scope": SD_JWT,
            "credential_signing_alg_values_supported": ["ES256" if is_p256 else "EdDSA"],
            "vct": as_sd_jwt.vct(settings.PUBLIC_URL),
            **common,
        },
    }
