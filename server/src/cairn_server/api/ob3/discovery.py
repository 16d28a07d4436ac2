# SPDX-License-Identifier: Apache-2.0
"""What this host offers, as an OpenAPI document (OB 3.0, "Service Discovery")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.templatetags.static import static

from cairn.canonical import to_json
from cairn_server.api.oauth import METADATA_MAX_AGE, address
from cairn_server.api.public import document, public_document
from cairn_server.portability.scopes import OB3, OFFLINE

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

NAME = "Open Badges 3.0 API"
SCOPES = {
    OB3 + "credential.readonly": "Read the credentials that the learner chose.",
    OB3 + "credential.upsert": "Add credentials to the learner's wallet.",
    OB3 + "profile.readonly": "Read the learner's name and e-mail address.",
    OB3 + "profile.update": "Change the learner's name.",
    OFFLINE: "Come back without the learner, until they take it back.",
}


@public_document
def discovery(request: HttpRequest) -> HttpResponse:
    """Not protected; everything else here is."""
    return document(
        request,
        to_json(service_description()),
        media_types=("application/json",),
        max_age=METADATA_MAX_AGE,
    )


def service_description() -> dict[str, Any]:
    name = settings.OPERATOR_NAME or "Cairn"
    privacy, terms, image = (
        address("privacy"),
        address("terms"),
        settings.PUBLIC_URL + static("img/favicon.svg"),
    )
    return {
        "openapi": "3.0.1",
        "info": {
            "title": NAME,
            "description": f"The wallets of {name}: their holders let other sites read and add credentials.",
            "version": "1.0",
            "termsOfService": terms,
            "x-imssf-name": name,
            "x-imssf-privacyPolicyUrl": privacy,
            "x-imssf-image": image,
        },
        "servers": [{"url": f"{settings.PUBLIC_URL}/ims/ob/v3p0"}],
        "tags": [{"name": "OpenBadgeCredentials"}, {"name": "Discovery"}, {"name": "Profile"}],
        "paths": {
            "/credentials": {
                "get": _operation(
                    "getCredentials",
                    "OpenBadgeCredentials",
                    {"200": "The credentials, oldest arrival first."},
                    [OB3 + "credential.readonly"],
                    parameters=[_query("limit"), _query("offset"), _query("since")],
                ),
                "post": _operation(
                    "upsertCredential",
                    "OpenBadgeCredentials",
                    {
                        "200": "It took the place of an older copy.",
                        "201": "It is new.",
                        "304": "It was there.",
                    },
                    [OB3 + "credential.upsert"],
                ),
            },
            "/profile": {
                "get": _operation(
                    "getProfile", "Profile", {"200": "The learner."}, [OB3 + "profile.readonly"]
                ),
                "put": _operation(
                    "putProfile", "Profile", {"200": "The learner, as kept."}, [OB3 + "profile.update"]
                ),
            },
            "/discovery": {
                "get": {
                    "tags": ["Discovery"],
                    "operationId": "getServiceDescription",
                    "responses": {"200": {"description": "This document."}},
                }
            },
        },
        "components": {
            "securitySchemes": {
                "OAuth2ACG": {
                    "type": "oauth2",
                    "description": "The authorization code with PKCE (S256), for clients that registered.",
                    # The text has these three in "info", its example here: whoever reads either finds them.
                    "x-imssf-name": name,
                    "x-imssf-privacyPolicyUrl": privacy,
                    "x-imssf-termsOfServiceUrl": terms,
                    "x-imssf-registrationUrl": address("oauth-register"),
                    "flows": {
                        "authorizationCode": {
                            "authorizationUrl": address("oauth-authorize"),
                            "tokenUrl": address("oauth-token"),
                            "refreshUrl": address("oauth-token"),
                            "x-imssf-revocationUrl": address("oauth-revoke"),
                            "scopes": SCOPES,
                        }
                    },
                }
            }
        },
    }


def _operation(
    name: str, tag: str, answers: dict[str, str], scopes: list[str], **more: Any
) -> dict[str, Any]:
    return {
        "tags": [tag],
        "operationId": name,
        "responses": {
            **{status: {"description": words} for status, words in answers.items()},
            "default": {"description": "Imsx_StatusInfo"},
        },
        "security": [{"OAuth2ACG": scopes}],
        **more,
    }


def _query(name: str) -> dict[str, Any]:
    schema = (
        {"type": "string", "format": "date-time"}
        if name == "since"
        else {"type": "integer", "format": "int32"}
    )
    return {"name": name, "in": "query", "required": False, "schema": schema}
