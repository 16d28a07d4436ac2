# SPDX-License-Identifier: Apache-2.0
"""Offer, token, nonce, credential, notification (OpenID4VCI 1.0, sections 4, 6, 7, 8, 11).

Wallets that follow drafts are answered in their own shape: ``user_pin`` for ``tx_code``, one ``proof`` for
``proofs``, ``format`` for a configuration, and the nonce in every answer that can carry one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from cairn.canonical import parse_json, to_json
from cairn.errors import CairnError
from cairn_server.api.openid4vci.metadata import TYPES
from cairn_server.api.wallet_answers import LONGEST_BODY, Unreadable, answer, for_wallets, read, refuse
from cairn_server.issuing import as_sd_jwt, copies, offering
from cairn_server.issuing.invitations import (
    CONFIGURATIONS,
    JWT,
    LDP,
    PRE_AUTHORIZED,
    SD_JWT,
    credential_issuer,
    credential_offer,
)
from cairn_server.issuing.signing import Format
from cairn_server.organisations.models import Organisation
from cairn_server.wallets.possession import ProofRefused

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from cairn_server.issuing.offers import CredentialOffer

FORMATS = {LDP: Format.JSON, JWT: Format.JWT, SD_JWT: Format.SD_JWT}
_BY_NAME = {"ldp_vc": LDP, "jwt_vc_json": JWT, "jwt_vc_json-ld": JWT, "dc+sd-jwt": SD_JWT}
_NAMES = {LDP: b"ldp_vc", JWT: b"jwt_vc_json", SD_JWT: b"dc+sd-jwt"}
_NONCE_LIVES = int(offering.LIVES.total_seconds())


@for_wallets("GET", "HEAD")
def offer(request: HttpRequest, secret: str) -> HttpResponse:
    """The offer that a link names by reference. Once a wallet has begun, it is nobody's any more."""
    try:
        found = offering.open_offer(secret, at=timezone.now())
    except offering.OfferOver as over:
        return refuse("invalid_request", str(over.message), status=404)
    return answer(credential_offer(found, secret, settings.PUBLIC_URL))


@for_wallets("POST")
def token(request: HttpRequest, organisation_id: str) -> HttpResponse:
    said, at = request.POST, timezone.now()
    if said.get("grant_type") != PRE_AUTHORIZED:
        return refuse("unsupported_grant_type", "This server knows the pre-authorized code alone.")
    code = said.get("pre-authorized_code", "")
    if not 1 <= len(code) <= 200 or len(said.getlist("pre-authorized_code")) != 1:
        return refuse("invalid_request", "There is no pre-authorized_code, or more than one.")
    given = said.get("tx_code", said.get("user_pin"))
    try:
        redeemed = offering.redeem(code, transaction_code=given, organisation_id=organisation_id, at=at)
    except (offering.TransactionCodeMissing, offering.TransactionCodeUnexpected) as error:
        return refuse("invalid_request", str(error.message))
    except offering.CodeRefused as error:
        return refuse("invalid_grant", str(error.message))
    body: dict[str, Any] = {
        "access_token": redeemed.token,
        # In lower case: one client takes no other, and no client minds (RFC 6749 section 5.1).
        "token_type": "bearer",
        "expires_in": int(offering.TOKEN_LIVES.total_seconds()),
        "c_nonce": offering.nonce(at=at),
        "c_nonce_expires_in": _NONCE_LIVES,
    }
    asked = _asked_for(said.get("authorization_details"))
    if asked:
        body["authorization_details"] = [
            {
                "type": "openid_credential",
                "credential_configuration_id": each,
                "credential_identifiers": [each],
            }
            for each in asked
        ]
    return answer(body)


def _asked_for(details: str | None) -> list[str]:
    """The configurations that ``authorization_details`` names, of those that there are."""
    if details is None or len(details) > LONGEST_BODY:
        return []
    try:
        # The parser takes objects; what a wallet sends here is a list.
        found = parse_json(f'{{"details": {details}}}'.encode())["details"]
    except CairnError:
        return []
    named = (
        [each.get("credential_configuration_id") for each in found if isinstance(each, dict)]
        if isinstance(found, list)
        else []
    )
    return [each for each in CONFIGURATIONS if each in named]


@for_wallets("POST")
def nonce(request: HttpRequest, organisation_id: str) -> HttpResponse:
    get_object_or_404(Organisation, public_id=organisation_id)
    return answer({"c_nonce": offering.nonce(at=timezone.now()), "c_nonce_expires_in": _NONCE_LIVES})


@for_wallets("POST")
def credential(request: HttpRequest, organisation_id: str) -> HttpResponse:
    at = timezone.now()
    try:
        found = _by_token(request, organisation_id, at=at)
    except offering.TokenRefused as error:
        return _no_token(error)
    try:
        said = read(request)
        wanted = _wanted(said)
        proof = _proof(said)
        secured = offering.hand_over(
            found,
            proof=proof,
            format=FORMATS[wanted],
            audience=credential_issuer(found.credential.organisation, settings.PUBLIC_URL),
            at=at,
        )
    except Unreadable as error:
        return refuse("invalid_credential_request", str(error.message))
    except NotThere as error:
        return refuse(error.code, error.description)
    except ProofRefused as error:
        return _with_nonce("invalid_proof", error.why, at=at)
    except offering.AnotherWallet as error:
        return _with_nonce("invalid_proof", str(error.message), at=at)
    except offering.NonceRefused as error:
        return _with_nonce("invalid_nonce", str(error.message), at=at)
    except (copies.NotForWallets, copies.AwardedToAnother, copies.NoBoundCopy) as error:
        return refuse("credential_request_denied", str(error.message))
    return _handed_over(found, secured, said=said, wanted=wanted, at=at)


def _handed_over(
    found: CredentialOffer, secured: bytes, *, said: dict[str, Any], wanted: str, at: datetime
) -> HttpResponse:
    """The answer around the bytes as they were signed: a second writing could change them."""
    inside = secured if wanted == LDP else b'"' + secured + b'"'
    rest = {
        "notification_id": offering.notification_id(found),
        "c_nonce": offering.nonce(at=at),
        "c_nonce_expires_in": _NONCE_LIVES,
    }
    # Drafts read one credential beside its format.
    old = b'"format":"' + _NAMES[wanted] + b'","credential":' + inside + b"," if "proof" in said else b""
    body = b'{"credentials":[{"credential":' + inside + b"}]," + old + to_json(rest)[1:]
    return HttpResponse(body, content_type="application/json")


class NotThere(Exception):  # noqa: N818
    """What is asked for is not to be had here, in the protocol's own words."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(code)
        self.code, self.description = code, description


def _wanted(said: dict[str, Any]) -> str:
    """The configuration that the request is about, by whichever of its names."""
    named = [
        name for name in ("credential_configuration_id", "credential_identifier", "format") if name in said
    ]
    if len(named) != 1 or not isinstance(said[named[0]], str):
        raise NotThere(
            "invalid_credential_request",
            "Name exactly one of credential_configuration_id and credential_identifier.",
        )
    if "credential_response_encryption" in said:
        raise NotThere("invalid_encryption_parameters", "Answers are not encrypted beyond TLS here.")
    [name] = named
    value = said[name]
    if name == "format":
        definition = said.get("credential_definition")
        types = definition.get("type", definition.get("types")) if isinstance(definition, dict) else TYPES
        is_ours = isinstance(types, list) and set(types) <= set(TYPES)
        if value == _NAMES[SD_JWT].decode():
            is_ours = said.get("vct") == as_sd_jwt.vct(settings.PUBLIC_URL)
        if value not in _BY_NAME or not is_ours:
            raise NotThere("unsupported_credential_format", "There is no such form of it.")
        return _BY_NAME[value]
    if value not in FORMATS:
        unknown = name.removesuffix("_id")
        raise NotThere(f"unknown_{unknown}", "There is no such form of it.")
    return str(value)


def _proof(said: dict[str, Any]) -> str:
    """The one proof of the one key. Wallets ask for several copies with several keys: there is one."""
    if "proofs" in said and "proof" in said:
        raise NotThere("invalid_credential_request", "Send proofs or proof, not both.")
    if "proof" in said:
        one = said["proof"]
        given = [one.get("jwt")] if isinstance(one, dict) and one.get("proof_type") == "jwt" else []
    else:
        proofs = said.get("proofs")
        listed = proofs.get("jwt") if isinstance(proofs, dict) else None
        given = listed if isinstance(listed, list) else []
    if len(given) != 1 or not isinstance(given[0], str):
        raise ProofRefused("send exactly one proof of the type jwt")
    return given[0]


@for_wallets("POST")
def notification(request: HttpRequest, organisation_id: str) -> HttpResponse:
    """What the wallet has made of it: a word for its holder, who may be waiting in front of a page."""
    try:
        found = _by_token(request, organisation_id, at=timezone.now())
        said = read(request)
        id, event = said.get("notification_id"), said.get("event")
        if not isinstance(id, str) or event not in offering.EVENTS:
            return refuse("invalid_notification_request", "notification_id or event is not in order.")
        offering.note(found, id=id, event=event)
    except offering.TokenRefused as error:
        return _no_token(error)
    except Unreadable as error:
        return refuse("invalid_notification_request", str(error.message))
    except offering.UnknownNotification as error:
        return refuse("invalid_notification_id", str(error.message))
    return HttpResponse(status=204)


def _by_token(request: HttpRequest, organisation_id: str, *, at: datetime) -> CredentialOffer:
    scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 1 <= len(text) <= 200:
        raise offering.TokenRefused
    return offering.offer_of_token(text.strip(), organisation_id=organisation_id, at=at)


def _no_token(error: offering.TokenRefused) -> HttpResponse:
    response = refuse("invalid_token", str(error.message), status=401)
    response["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return response


def _with_nonce(error: str, why: str, *, at: datetime) -> HttpResponse:
    """With a fresh nonce, because the next thing that a wallet does is to try again."""
    return refuse(error, why, c_nonce=offering.nonce(at=at), c_nonce_expires_in=_NONCE_LIVES)
