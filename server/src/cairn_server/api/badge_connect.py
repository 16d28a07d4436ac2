# SPDX-License-Identifier: Apache-2.0
"""Open Badges 2.1 Badge Connect, as host: how Moodle and others push badges into a wallet.

The same clients, tokens and consents as for Open Badges 3.0; older words. What is added is an assertion of
Open Badges 2, judged like one that is brought as a file; what is read are the assertions in the wallet.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static

from cairn.canonical import parse_json, to_json
from cairn.errors import MalformedError, UnsupportedError
from cairn_server.api.bearers import consent_for
from cairn_server.api.oauth import METADATA_MAX_AGE, address
from cairn_server.api.public import document, public_document
from cairn_server.api.sites import No, about, asked_for, change, operation, take_in
from cairn_server.portability import services
from cairn_server.portability.scopes import OB2, OFFLINE

if TYPE_CHECKING:
    from cairn_server.wallets.models import HeldCredential

BASE = "/ims/ob/v2p1"
CONTEXT = "https://purl.imsglobal.org/spec/ob/v2p1/ob_v2p1.jsonld"
# Moodle drops the first of them by a mistake of its own (array_search answers False, which is 0), so what it
# does not need stands there. It asks for all the others, and keeps no connection without a refresh token.
OFFERED = [
    OB2 + "profile.readonly",
    OB2 + "assertion.create",
    OB2 + "assertion.readonly",
    OB2 + "profile.update",
    OFFLINE,
]


@public_document
def manifest(request: HttpRequest) -> HttpResponse:
    where = f"{settings.PUBLIC_URL}/.well-known/badgeconnect.json"
    told = {
        "@context": CONTEXT,
        "type": "Manifest",
        "id": where,
        "badgeConnectAPI": [
            {
                "type": "BadgeConnectAPI",
                "id": f"{where}#api",
                "name": settings.OPERATOR_NAME or "Cairn",
                "image": settings.PUBLIC_URL + static("img/favicon.svg"),
                "apiBase": settings.PUBLIC_URL + BASE,
                "version": "v2p1",
                "termsOfServiceUrl": address("terms"),
                "privacyPolicyUrl": address("privacy"),
                "scopesOffered": OFFERED,
                "registrationUrl": address("oauth-register"),
                "authorizationUrl": address("oauth-authorize"),
                "tokenUrl": address("oauth-token"),
                "tokenRevocationUrl": address("oauth-revoke"),
            }
        ],
    }
    return document(request, to_json(told), media_types=("application/json",), max_age=METADATA_MAX_AGE)


def status(no: No) -> HttpResponse:
    """Every answer has a ``status``, also one that says no."""
    return _answer({}, no.status, error=no.description, headers=no.headers)


def _answer(
    said: dict[str, Any], code: int = 200, *, error: str | None = None, headers: dict[str, str] | None = None
) -> HttpResponse:
    told = {"error": error, "statusCode": code, "statusText": HTTPStatus(code).name}
    return HttpResponse(
        to_json({"status": told, **said}), status=code, content_type="application/json", headers=headers
    )


@operation("GET", "HEAD", "POST", say=status)
def assertions(request: HttpRequest) -> HttpResponse:
    return _add(request) if request.method == "POST" else _read(request)


def _read(request: HttpRequest) -> HttpResponse:
    consent, asked = consent_for(request, OB2 + "assertion.readonly"), asked_for(request)
    found = services.readable_assertions(consent, since=asked.since)
    page = asked.of(found)
    signed = [each.for_others.decode("ascii").strip() for each in page if not _is_json(each)]
    hosted = [parse_json(each.for_others) for each in page if _is_json(each)]
    headers = asked.headers(found.count(), f"{BASE}/assertions")
    return _answer({"assertions": hosted, "signedAssertions": signed}, headers=headers)


def _is_json(held: HeldCredential) -> bool:
    return held.for_others.lstrip()[:1] == b"{"


def _add(request: HttpRequest) -> HttpResponse:
    consent = consent_for(request, OB2 + "assertion.create")
    said = _object(request)
    # With both, the signed one counts (OB 2.1, "POST assertions").
    signed, unsigned = said.get("signedAssertion"), said.get("assertion")
    if isinstance(signed, str) and signed:
        data = signed.encode()
    elif isinstance(unsigned, dict):
        # Nothing signs these bytes: it is the issuer's own address that is asked about it.
        data = to_json(unsigned)
    else:
        raise MalformedError("assertion", "Send an assertion, or a signedAssertion.")
    take_in(data, consent)
    return _answer({})


@operation("GET", "HEAD", "POST", say=status)
def profile(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        consent = consent_for(request, OB2 + "profile.update")
        change(_object(request).get("profile"), consent)
    else:
        consent = consent_for(request, OB2 + "profile.readonly")
    return _answer({"profile": {"@context": CONTEXT, "type": "Profile", **about(consent.person)}})


def _object(request: HttpRequest) -> dict[str, Any]:
    if (request.content_type or "").lower() not in ("application/json", "application/ld+json"):
        raise UnsupportedError("media-type", "Send JSON.")
    said = parse_json(request.body)
    if not isinstance(said, dict):
        raise MalformedError("json-object", "Send a JSON object.")
    return said
