# SPDX-License-Identifier: Apache-2.0
"""The two addresses of a request for presentations (OpenID4VP 1.0), for wallets.

    GET or POST /openid4vp/X/request     the signed request object (section 5.10, RFC 9101)
    POST        /openid4vp/X/response    the answer: vp_token and state, or error and state (section 8.2)

The answer to an answer is an empty object: there is no page to which a wallet would have to bring its holder
back, and so no ``redirect_uri`` that somebody could choose (B131). What was found stands on the page of
whoever asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string

from cairn_server.api.wallet_answers import answer, for_wallets, refuse
from cairn_server.presenting import services
from cairn_server.presenting.openid4vp import REQUEST_TYPE

if TYPE_CHECKING:
    from django.http import HttpRequest

# A nonce of a wallet, echoed in what we sign: short, and of visible ASCII.
_WALLET_NONCE = re.compile(r"[!-~]{1,256}")


@for_wallets("GET", "HEAD", "POST")
def request_object(request: HttpRequest, secret: str) -> HttpResponse:
    wallet_nonce = request.POST.get("wallet_nonce", "")
    if wallet_nonce and not _WALLET_NONCE.fullmatch(wallet_nonce):
        return refuse("invalid_request", "wallet_nonce is too long or no visible ASCII.")
    try:
        token = services.request_object(
            secret, settings.PUBLIC_URL, wallet_nonce=wallet_nonce, at=timezone.now()
        )
    except services.RequestOver as over:
        return refuse("invalid_request", str(over.message), status=404)
    return HttpResponse(token, content_type=f"application/{REQUEST_TYPE}")


@for_wallets("POST")
def response(request: HttpRequest, secret: str) -> HttpResponse:
    said = request.POST
    if any(len(said.getlist(name)) > 1 for name in said):
        return refuse("invalid_request", "Something is said twice.")
    if "response" in said:
        # An encrypted answer (direct_post.jwt) was not asked for, and nothing encrypted is opened here (B50).
        return refuse("invalid_request", "Send vp_token and state, not encrypted beyond TLS.")
    try:
        services.receive(
            secret,
            {name: said[name] for name in said},
            settings.PUBLIC_URL,
            sources=import_string(settings.SOURCES)(),
            checks=import_string(settings.CHECKS)(),
            at=timezone.now(),
        )
    except services.RequestOver as over:
        return refuse("invalid_request", str(over.message), status=404)
    except services.AnswerRefused as refused:
        return refuse("invalid_request", refused.why)
    return answer({})
