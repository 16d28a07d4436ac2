# SPDX-License-Identifier: Apache-2.0
"""Securing mechanisms: what makes a document a credential, and how to tell that it is one.

``sign``, ``sign_jwt``, ``sign_cose``, ``sign_sd_jwt`` and ``sign_sd_jwt_vc`` are the ways in which we issue.
All run the rules first, because a signature under what verifiers must refuse cannot be taken back.
``present_sd_jwt`` and ``bind_sd_jwt`` are what the holder of an SD-JWT does with it; ``derive`` is what the
holder of a credential does that was signed statement by statement (ecdsa-sd-2023). ``sign_presentation`` and
``sign_presentation_jwt`` are how a holder shows credentials of any kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cairn.canonical import to_json
from cairn.errors import MalformedError
from cairn.proof import cose, data_integrity, jose, jws, keeping_back, sd_jwt, status_token
from cairn.proof.fitness import refuse_unfit
from cairn.proof.outcome import CLOCK_SKEW, Answer, Outcome
from cairn.proof.presenting import sign_presentation, sign_presentation_jwt

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from cairn.keys import PublicKey, Signer
    from cairn.status.token_list import TokenStatus

__all__ = [
    "CLOCK_SKEW",
    "Answer",
    "Outcome",
    "bind_sd_jwt",
    "cose",
    "data_integrity",
    "derive",
    "jose",
    "jws",
    "keeping_back",
    "present_sd_jwt",
    "sd_jwt",
    "sign",
    "sign_cose",
    "sign_jwt",
    "sign_presentation",
    "sign_presentation_jwt",
    "sign_sd_jwt",
    "sign_sd_jwt_vc",
    "status_token",
    "with_limits",
]

# What a holder may never leave out: who says it, from when to when, where it is withdrawn, on what terms.
_ALWAYS_SHOWN = (
    "issuer",
    "validFrom",
    "issuanceDate",
    "validUntil",
    "expirationDate",
    "credentialStatus",
    "termsOfUse",
)


def sign(
    document: Mapping[str, Any],
    signer: Signer,
    *,
    verification_method: str,
    at: datetime,
    cryptosuite: str = data_integrity.RDFC,
    mandatory_pointers: Sequence[str] = (),
) -> bytes:
    """The credential as JSON with one embedded proof: the bytes that are the record.

    With ``ecdsa-sd-2023`` the holder decides what to show of it. ``mandatory_pointers`` (JSON pointers) are
    to what is always shown; issuer, dates, status and terms of use are, whether named or not. Such a proof
    has keys made for it alone, so signing again gives other bytes.
    """
    glance = refuse_unfit(document)
    if cryptosuite == data_integrity.ECDSA_SD:
        mandatory_pointers = with_limits(document, mandatory_pointers)
    return to_json(
        data_integrity.sign(
            document,
            signer,
            verification_method=verification_method,
            created=at,
            cryptosuite=cryptosuite,
            mandatory_pointers=mandatory_pointers,
            written=glance.canonical_json,
        )
    )


def derive(document: Mapping[str, Any], *, selective_pointers: Sequence[str]) -> bytes:
    """A copy of an ``ecdsa-sd-2023`` credential that shows what is mandatory and what the pointers choose.

    The pointer ``""`` chooses everything. A copy that its standard calls incomplete is refused, and the
    message says what is missing: no verifier would take it.
    """
    return keeping_back.derive(document, selective_pointers=selective_pointers)


def with_limits(document: Mapping[str, Any], pointers: Sequence[str]) -> list[str]:
    """The pointers, and those to what a holder could otherwise hide: a status, an end date."""
    limits = [f"/{name}" for name in _ALWAYS_SHOWN if name in document]
    if any(pointer.startswith("/issuer/") for pointer in pointers):
        # A part of the issuer is enough: it brings the issuer's id along.
        limits.remove("/issuer")
    return [*pointers, *(limit for limit in limits if limit not in pointers and "" not in pointers)]


def sign_jwt(document: Mapping[str, Any], signer: Signer, *, verification_method: str) -> str:
    """The credential as a ``vc+jwt`` token."""
    refuse_unfit(document)
    return jose.sign(document, signer, kid=verification_method)


def sign_cose(document: Mapping[str, Any], signer: Signer, *, verification_method: str) -> bytes:
    """The credential as a COSE_Sign1 (``vc+cose``)."""
    refuse_unfit(document)
    return cose.sign(document, signer, kid=verification_method)


def sign_sd_jwt(
    document: Mapping[str, Any],
    signer: Signer,
    *,
    verification_method: str,
    disclose: Collection[str],
    holder: PublicKey | None = None,
) -> str:
    """The W3C credential as ``vc+sd-jwt``, in which the holder may withhold what ``disclose`` points to.

    ``disclose`` holds JSON pointers, such as ``/credentialSubject/identifier/0``. With a ``holder`` only the
    owner of that key can show it as their own.
    """
    refuse_unfit(document)
    sd_jwt.refuse_withholding(sd_jwt.W3C, disclose)
    return sd_jwt.issue(
        {**document, **_confirmation(holder)},
        signer,
        header={"typ": sd_jwt.W3C, "cty": "vc", "kid": verification_method},
        disclose=disclose,
    )


def sign_sd_jwt_vc(
    claims: Mapping[str, Any],
    signer: Signer,
    *,
    kid: str,
    disclose: Collection[str],
    at: datetime,
    holder: PublicKey | None = None,
    status: TokenStatus | None = None,
) -> str:
    """An SD-JWT VC (``dc+sd-jwt``) with these claims, ``iss`` and ``vct`` among them, made at ``at``."""
    whole = {"iat": int(at.timestamp()), **claims, **_confirmation(holder)}
    if status is not None:
        whole["status"] = status.to_claim()
    problems = sd_jwt.vc_problems(whole)
    if problems:
        raise MalformedError("structure", f"The claims break rules of SD-JWT VC: {', '.join(problems)}.")
    sd_jwt.refuse_withholding(sd_jwt.SD_JWT_VC, disclose)
    return sd_jwt.issue(whole, signer, header={"typ": sd_jwt.SD_JWT_VC, "kid": kid}, disclose=disclose)


def present_sd_jwt(credential: str, *, disclose: Collection[str]) -> str:
    """What the holder of an SD-JWT shows: the claims at these JSON pointers, and what nobody can withhold."""
    return sd_jwt.select(credential, disclose=disclose)


def bind_sd_jwt(presented: str, holder: Signer, *, audience: str, nonce: str, at: datetime) -> str:
    """The same, signed by its holder for one reader (``audience``) and one question (``nonce``)."""
    return sd_jwt.bind(presented, holder, audience=audience, nonce=nonce, at=at)


def _confirmation(holder: PublicKey | None) -> dict[str, Any]:
    return {} if holder is None else {"cnf": {"jwk": holder.jwk()}}
