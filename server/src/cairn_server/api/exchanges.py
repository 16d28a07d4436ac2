# SPDX-License-Identifier: Apache-2.0
"""The exchange of a VC-API (VCALM), for wallets that answer a challenge instead of redeeming a code.

    POST /exchanges/X   {}                                   what to sign
    POST /exchanges/X   {"verifiablePresentation": {…}}      the credential, in a presentation
    POST /exchanges/X/bare-vp   the signed presentation      the credential, as it is (older wallets)

An exchange is for one wallet: the second presentation gets what the second wallet at a code gets, nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from cairn.canonical import to_json
from cairn_server.api.wallet_answers import Unreadable, answer, for_wallets, read
from cairn_server.issuing import copies, offering
from cairn_server.issuing.invitations import exchange_url
from cairn_server.issuing.offers import CredentialOffer
from cairn_server.issuing.signing import Format
from cairn_server.wallets.possession import ProofRefused

if TYPE_CHECKING:
    from django.http import HttpRequest

    from cairn_server.errors import Refusal

Way = CredentialOffer.Way
CRYPTOSUITES = ("eddsa-rdfc-2022", "ecdsa-rdfc-2019", "eddsa-jcs-2022", "ecdsa-jcs-2019")


@for_wallets("POST")
def exchange(request: HttpRequest, secret: str) -> HttpResponse:
    at = timezone.now()
    try:
        said = read(request)
        presentation = said.get("verifiablePresentation")
        if presentation is None:
            found = offering.open_offer(secret, at=at)
            if found.asks == CredentialOffer.Code.ALWAYS:
                raise offering.OfferOver
            return answer({"verifiablePresentationRequest": _question(secret)})
        if not isinstance(presentation, dict):
            raise Unreadable
        secured = offering.exchange(
            secret,
            presentation,
            format=Format.JSON,
            way=Way.VC_API,
            domain=settings.PUBLIC_URL,
            at=at,
        )
    except _REFUSED as error:
        return _refusal(error)
    # Around the bytes as they were signed, unsigned itself: it only carries.
    carried = (
        b'{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],'
        b'"verifiableCredential":[' + secured + b"]}"
    )
    done = to_json({"redirectUrl": settings.PUBLIC_URL + reverse("wallet")})
    return HttpResponse(
        b'{"verifiablePresentation":' + carried + b"," + done[1:], content_type="application/json"
    )


@for_wallets("POST")
def bare(request: HttpRequest, secret: str) -> HttpResponse:
    """The bare presentation of a ``dccrequest``: it names no domain, so none is asked for."""
    try:
        secured = offering.exchange(
            secret, read(request), format=Format.JSON, way=Way.BARE, domain=None, at=timezone.now()
        )
    except _REFUSED as error:
        return _refusal(error)
    return HttpResponse(secured, content_type="application/json")


def _question(secret: str) -> dict[str, Any]:
    where = exchange_url(secret, settings.PUBLIC_URL)
    return {
        "query": [
            {
                "type": "DIDAuthentication",
                "acceptedMethods": [{"method": "key"}, {"method": "jwk"}],
                "acceptedCryptosuites": [{"cryptosuite": each} for each in CRYPTOSUITES],
            }
        ],
        "challenge": offering.challenge_of(secret),
        "domain": settings.PUBLIC_URL,
        "interact": {
            "service": [{"type": "VerifiableCredentialApiExchangeService", "serviceEndpoint": where}]
        },
    }


_REFUSED = (
    Unreadable,
    ProofRefused,
    offering.OfferOver,
    copies.NotForWallets,
    copies.AwardedToAnother,
    copies.NoBoundCopy,
)


def _refusal(error: Refusal) -> HttpResponse:
    detail = error.why if isinstance(error, ProofRefused) else str(error.message)
    body = {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": detail,
        "code": error.code,
    }
    response = answer(body, status=400)
    response["Content-Type"] = "application/problem+json"
    return response
