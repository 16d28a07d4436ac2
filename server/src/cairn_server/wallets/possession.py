# SPDX-License-Identifier: Apache-2.0
"""Does a wallet hold the key that it names? Two ways to show it, and nothing is fetched for either.

    a key proof       a token over our name, our nonce and the moment (OpenID4VCI 1.0, appendix F.1)
    a presentation    an empty one, signed over our challenge (VC-API, DIDAuthentication)

A wallet's key is its own name: did:key, did:jwk, or a bare JWK, which becomes a did:jwk. A name that has to
be looked up is refused, so that no stranger's token sends this server anywhere (B89).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

import cairn
from cairn import checks
from cairn.canonical import to_json
from cairn.checks.holder import made_for
from cairn.credential.structure import PRESENTATION
from cairn.did import did_jwk, document_for
from cairn.errors import CairnError, UnavailableError, VerificationError
from cairn.keys import Algorithm, PublicKey
from cairn.proof import jws
from cairn_server.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

PROOF_TYPE = "openid4vci-proof+jwt"
LONGEST_PROOF = 8_192
LONGEST_NAME = 400
# How far the clock of a wallet may be from ours, either way.
SKEW = timedelta(minutes=5)
# What is offered in the metadata; the W3C formats are bound to such keys (interop of wallets of today).
ALGORITHMS = (Algorithm.ED25519, Algorithm.P256)


class ProofRefused(Refusal):
    """The wallet has not shown that it holds a key; ``why`` is for its developers."""

    def __init__(self, why: str) -> None:
        super().__init__("wallet-proof", _("The wallet has not proven that it holds its key."), status=400)
        self.why = why


@dataclass(frozen=True, slots=True)
class Holder:
    """A wallet by the key that it has just used."""

    did: str
    key: PublicKey

    def is_named(self, did: str) -> bool:
        """Whether this identifier, perhaps in the other spelling, is of the same key."""
        if did == self.did:
            return True
        try:
            return document_for(did).methods[0].public_key == self.key
        except CairnError:
            return False


def holder_of(did: str) -> Holder:
    """The key that a name is; ``ProofRefused`` for a name that says it only elsewhere."""
    if len(did) > LONGEST_NAME:
        raise ProofRefused("the name of the key is too long")
    try:
        return Holder(did, document_for(did).methods[0].public_key)
    except CairnError as error:
        raise ProofRefused("use a key that is its own name: did:key or did:jwk") from error


def read_key_proof(proof: str, *, audience: str, at: datetime) -> tuple[Holder, str]:
    """Who has signed this token for us, and over which nonce: whether that is ours, the caller asks.

    Two things are left out by wallets of today and are not missed: ``typ``, because audience and nonce say
    already what it is for (another one is refused), and ``iat`` where ``nbf`` says it.
    """
    try:
        token = _taken_apart(proof)
        holder = _signer(token.header)
        if holder.key.algorithm not in ALGORITHMS:
            raise ProofRefused("the key is not one of Ed25519 or P-256")
        jws.verify(token, holder.key)
    except CairnError as error:
        raise ProofRefused(error.message) from error
    claims = token.payload
    if claims.get("aud") != audience:
        raise ProofRefused("aud is not the identifier of this issuer")
    _require_now(claims, at=at)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not nonce:
        raise ProofRefused("there is no nonce in it")
    return holder, nonce


def _taken_apart(proof: str) -> jws.Jws:
    if len(proof) > LONGEST_PROOF or not proof.isascii():
        raise ProofRefused("it is too long, or no token")
    token = jws.split(proof)
    if "typ" in token.header and not jws.is_type(token.header["typ"], PROOF_TYPE):
        raise ProofRefused(f"typ is not {PROOF_TYPE}")
    return token


def _signer(header: Mapping[str, Any]) -> Holder:
    named = [name for name in ("kid", "jwk", "x5c") if name in header]
    if named == ["jwk"] and isinstance(header["jwk"], dict):
        key = PublicKey.from_jwk(header["jwk"])
        return Holder(did_jwk(key), key)
    if named == ["kid"] and isinstance(header["kid"], str):
        did, _hash, fragment = header["kid"].partition("#")
        holder = holder_of(did)
        if fragment and document_for(did).method(header["kid"], "authentication") is None:
            raise ProofRefused("kid names another key than its DID")
        return holder
    raise ProofRefused("name the key by exactly one of kid and jwk")


def _require_now(claims: Mapping[str, Any], *, at: datetime) -> None:
    """Made just now, and not over (``jws.split`` has seen that dates are whole seconds)."""
    made = claims.get("iat", claims.get("nbf"))
    if made is None:
        raise ProofRefused("there is no iat in it")
    if abs(datetime.fromtimestamp(made, UTC) - at) > SKEW:
        raise ProofRefused("iat is not now")
    if "exp" in claims and datetime.fromtimestamp(claims["exp"], UTC) < at - SKEW:
        raise ProofRefused("exp is over")


class _Nowhere:
    """Sources of somebody who asks nobody."""

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        raise UnavailableError("unreachable", f"{url} is not asked for")


def read_presentation(
    presentation: Mapping[str, Any], *, challenge: str, domain: str | None, at: datetime
) -> Holder:
    """Who has signed this presentation in answer to our challenge, and for us, where a domain was given."""
    asked = (checks.structure, checks.proof, made_for(challenge=challenge, domain=domain))
    try:
        verified = cairn.Verifier(_Nowhere(), asked).verify(to_json(presentation), at=at)
    except VerificationError as error:
        failed = [each.message for each in error.report.findings if each.outcome is not cairn.Outcome.PASSED]
        raise ProofRefused(" ".join(failed)) from error
    except CairnError as error:
        raise ProofRefused(error.message) from error
    if verified.report.kind != PRESENTATION:
        raise ProofRefused("it is no presentation")
    [holder] = [
        each.details["holder"]
        for each in verified.report.findings
        if each.check == "holder" and "holder" in each.details
    ]
    return holder_of(holder)
