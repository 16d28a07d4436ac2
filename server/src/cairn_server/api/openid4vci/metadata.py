# SPDX-License-Identifier: Apache-2.0
"""Who issues what, and where (OpenID4VCI 1.0, section 12.2; RFC 8414).

Every organisation is a credential issuer of its own, and its own authorization server. The documents stand
where 1.0 looks (inserted after the host) and where drafts looked (appended); and the credential issuer says
what some wallets read only there (``issuer``, ``token_endpoint``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from cairn.canonical import to_json
from cairn.keys import Algorithm
from cairn_server.achievements.pictures import contrast
from cairn_server.api.public import document, public_document
from cairn_server.api.vct import languages
from cairn_server.issuing import as_sd_jwt
from cairn_server.issuing.invitations import JWT, LDP, PRE_AUTHORIZED, SD_JWT, credential_issuer
from cairn_server.organisations.keys import key_history
from cairn_server.organisations.models import Organisation, SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
# Where a wallet finds what it shows people first, if it reads no Open Badges: the paths are those of the
# document, and in the SD-JWT VC the same.
_ACHIEVEMENT: Final = (as_sd_jwt.SUBJECT, "achievement")
_ALWAYS: Final[Mapping[tuple[str, ...], Any]] = {
    (*_ACHIEVEMENT, "name"): as_sd_jwt.LABELS[_ACHIEVEMENT],
    (*_ACHIEVEMENT, "description"): _("About the achievement"),
    ("issuer", "name"): as_sd_jwt.LABELS["issuer",],
}
# The name in it is what people read, and of the whole it is the achievement's again.
_SAID_BY_A_LEAF: Final = {_ACHIEVEMENT, ("issuer",), ("name",)}
# Said by a claim of its own in a token (``exp``), which is no date that people read.
_IN_DOCUMENTS: Final[Mapping[tuple[str, ...], Any]] = {("validUntil",): _("Valid until")}


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
    display = {"name": organisation.name, "locale": "en", **_logo(organisation)}
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


def _logo(organisation: Organisation) -> dict[str, Any]:
    if not organisation.logo_png:
        return {}
    where = reverse("issuer-image", args=[organisation.public_id])
    return {"logo": {"uri": settings.PUBLIC_URL + where, "alt_text": organisation.name}}


def _at(name: str, organisation: Organisation) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, args=[organisation.public_id])}"


def _configurations(organisation: Organisation) -> dict[str, Any]:
    """The forms of an award. Which achievement it is, the credential says and not the metadata."""
    active = key_history(organisation).filter(state=SigningKey.State.ACTIVE).first()
    is_p256 = active is not None and active.public_key.algorithm is Algorithm.P256
    display = list(_display(organisation))
    common: dict[str, Any] = {
        "cryptographic_binding_methods_supported": BINDING,
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": WALLET_ALGORITHMS}},
        # Where drafts had it.
        "display": display,
    }
    in_token = {"credential_metadata": {"display": display, "claims": list(_claims({}))}}
    in_document = {"credential_metadata": {"display": display, "claims": list(_claims(_IN_DOCUMENTS))}}
    return {
        LDP: {
            "format": "ldp_vc",
            "scope": LDP,
            "credential_signing_alg_values_supported": ["ecdsa-rdfc-2019" if is_p256 else "eddsa-rdfc-2022"],
            "credential_definition": {"@context": CONTEXTS, "type": TYPES},
            **common,
            **in_document,
        },
        JWT: {
            "format": "jwt_vc_json",
            "scope": JWT,
            "credential_signing_alg_values_supported": ["ES256" if is_p256 else "EdDSA"],
            "credential_definition": {"type": TYPES},
            **common,
            **in_document,
        },
        SD_JWT: {
            "format": "dc+sd-jwt",
            "scope": SD_JWT,
            "credential_signing_alg_values_supported": ["ES256" if is_p256 else "EdDSA"],
            "vct": as_sd_jwt.vct(settings.PUBLIC_URL),
            **common,
            **in_token,
        },
    }


def _display(organisation: Organisation) -> Iterator[dict[str, Any]]:
    """What the card in a wallet says: in each language of the pages, with the issuer's mark and colour."""
    colour = organisation.certificate_colour
    for language in languages():
        with translation.override(language):
            yield {
                "name": f"{as_sd_jwt.NAME} · {organisation.name}",
                "description": str(as_sd_jwt.DESCRIPTION),
                "locale": language,
                **_logo(organisation),
                "background_color": colour,
                "text_color": _readable_on(colour),
            }


def _readable_on(colour: str) -> str:
    return max("#ffffff", "#000000", key=lambda words: contrast(words, colour))


def _claims(more: Mapping[tuple[str, ...], Any]) -> Iterator[dict[str, Any]]:
    """What people call what is in it (OpenID4VCI 1.0, section 12.2.4), in the order in which to show it."""
    others = {path: label for path, label in as_sd_jwt.LABELS.items() if path not in _SAID_BY_A_LEAF}
    for path, label in {**_ALWAYS, **others, **more}.items():
        yield {
            "path": list(path),
            **({"mandatory": True} if path in _ALWAYS else {}),
            "display": [_named(label, language) for language in languages()],
        }


def _named(label: Any, language: str) -> dict[str, str]:
    with translation.override(language):
        return {"name": str(label), "locale": language}
