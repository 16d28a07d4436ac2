# SPDX-License-Identifier: Apache-2.0
"""Credentials as tokens: compact JWS (RFC 7515) holding a whole credential, "VC-JWT".

    token   = base64url(header) "." base64url(payload) "." base64url(signature)      no padding, canonical
    signed  = the ASCII of the first two parts with their dot

Two profiles exist and exclude each other (N7): W3C VC-JOSE-COSE (``typ: vc+jwt``, which we sign) and the
Open Badges one (``typ: JWT`` or none). Both are read, and so is the ``vc`` claim of VCDM 1.1. The few lines
of JWS are our own so that keys pass our refusals (B53) and no header can choose how it is believed: what
points elsewhere (``jku``, ``x5u``, ``x5c``) is never followed, a ``kid`` is only compared (B44, B45).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cairn.canonical import parse_json, rdf_canonical, to_json
from cairn.credential import issuer_id, parse_datetime
from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.keys import Algorithm, PublicKey, base64url_decode, base64url_encode
from cairn.proof import data_integrity
from cairn.proof.outcome import CLOCK_SKEW, Answer, Outcome, refuse_key_out_of_use

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.did import VerificationMethod
    from cairn.keys import Signer
    from cairn.proof.outcome import Resolve

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
MAX_HEADER = 8_192  # B59

# RFC 7518 §3.1, RFC 8037, RFC 9864: each name is one algorithm of one kind of key, never a choice (B43).
_ALGORITHMS = {
    "EdDSA": Algorithm.ED25519,
    "Ed25519": Algorithm.ED25519,
    "ES256": Algorithm.P256,
    "ES384": Algorithm.P384,
    "RS256": Algorithm.RSA,
}
_SIGNING_NAMES = {Algorithm.ED25519: "EdDSA", Algorithm.P256: "ES256"}

# What the payload may carry beside the credential (RFC 7519 §4.1, RFC 7800): taken out before the rest is
# read as JSON-LD, which does not define them (N32).
_CLAIMS = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf"})
_DATES = ("exp", "nbf", "iat")

# A token for another purpose is not a credential, however well it is signed (B49).
_TYPES = frozenset({"vc+jwt", "jwt", "vc+ld+jwt", "vc+ld+json+jwt"})
_CONTENTS = frozenset({"vc", "vc+ld+json"})


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart; nothing in it has been checked but its shape."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    document: Mapping[str, Any]
    signed: bytes
    signature: bytes


def looks_like_token(text: str) -> bool:
    """Whether the text has the shape of a compact JWS."""
    return _SHAPE.fullmatch(text) is not None


def sign(document: Mapping[str, Any], signer: Signer, *, kid: str) -> str:
    """Sign the credential as a ``vc+jwt`` token (VC-JOSE-COSE §3.1.1) with claims that agree with it (S9)."""
    if signer.algorithm not in _SIGNING_NAMES:
        raise UnsupportedError("key-type", f"tokens are signed with Ed25519 or P-256, not {signer.algorithm}")
    header = {"alg": _SIGNING_NAMES[signer.algorithm], "typ": "vc+jwt", "cty": "vc", "kid": kid}
    payload = {**_said_twice(document), **document}
    signed = f"{base64url_encode(to_json(header))}.{base64url_encode(to_json(payload))}"
    return f"{signed}.{base64url_encode(signer.sign(signed.encode('ascii')))}"


def split(token: str) -> Token:
    """Take a token apart strictly (B19, B51, B59): canonical base64url, strict JSON, one meaning."""
    if not looks_like_token(token):
        raise MalformedError("token-malformed", "This is not a token of three base64url parts.")
    encoded_header, encoded_payload, encoded_signature = token.split(".")
    if len(encoded_header) > MAX_HEADER:
        raise MalformedError("limit-token-header", "The header of the token is too long.")
    header = parse_json(base64url_decode(encoded_header))
    payload = parse_json(base64url_decode(encoded_payload))
    signature = base64url_decode(encoded_signature) if encoded_signature else b""
    _refuse_extensions(header)
    for name in _DATES:
        # NumericDate is a number of seconds; text and fractions are how two readers come to differ (B54).
        if name in payload and (type(payload[name]) is not int or not 0 <= payload[name] < 253_402_300_800):
            raise MalformedError("token-date", f"{name} of the token is not a whole number of seconds.")
    claims = {name: value for name, value in payload.items() if name in _CLAIMS}
    return Token(header, claims, _document(payload), token.rpartition(".")[0].encode("ascii"), signature)


def check(token: Token, resolve: Resolve, *, at: datetime) -> Answer:
    """Look at the signature of a token, at the claims beside the credential and at any proof inside it."""
    try:
        method = _verify(token, resolve, at)
    except CairnError as error:
        named = _method_url(token)
        return Answer.of(error, methods=(named,) if isinstance(named, str) else ())
    details = {"algorithm": str(token.header["alg"])}
    if "iat" in token.claims:
        details["created"] = datetime.fromtimestamp(token.claims["iat"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    message = "Nothing has been changed since it was signed."
    if "proof" not in token.document:
        return Answer(Outcome.PASSED, "ok", message, token.document, (method.id,), details)
    # The Open Badges text lets a verifier pick any one of the proofs; all that we know must hold (S6).
    inner = data_integrity.check(token.document, resolve, at=at)
    return Answer(
        inner.outcome, inner.code, inner.message, inner.document, (method.id, *inner.methods), details
    )


def disagreements(token: Token) -> tuple[str, ...]:
    """Names of claims that say something else than the credential beside them (S9, B56)."""
    told = _said_twice(token.document)
    # A claim without a counterpart tells something new about the token; only a name for the issuer, the
    # subject or the credential must not appear out of nowhere.
    return tuple(
        name
        for name in ("iss", "sub", "jti", "nbf", "exp")
        if name in token.claims
        and (name in told or name in ("iss", "sub", "jti"))
        and token.claims[name] != told.get(name)
    )


def _said_twice(document: Mapping[str, Any]) -> dict[str, Any]:
    """The claims that repeat what the credential says (RFC 7519 §4.1 as OB 3.0 §8.2.4 uses it)."""
    claims: dict[str, Any] = {"iss": issuer_id(document)}
    subject = document.get("credentialSubject")
    if isinstance(subject, list) and len(subject) == 1:
        subject = subject[0]
    if isinstance(subject, dict):
        claims["sub"] = subject.get("id")
    claims["jti"] = document.get("id")
    for claim, names in (("nbf", ("validFrom", "issuanceDate")), ("exp", ("validUntil", "expirationDate"))):
        for name in names:
            if isinstance(document.get(name), str):
                claims[claim] = int(parse_datetime(document[name]).timestamp())
    return {name: value for name, value in claims.items() if value is not None}


def _refuse_extensions(header: Mapping[str, Any]) -> None:
    """Refuse what would change how the token is read, before anything is read by it (B42, B46, B47)."""
    if "crit" in header:
        raise UnsupportedError("token-critical", "The token demands extensions that we do not know.")
    if "b64" in header:
        raise UnsupportedError("token-unencoded", "The token asks for its payload to be taken unencoded.")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise MalformedError("token-algorithm", "The token does not name its algorithm.")
    if algorithm.upper().startswith("HS"):
        raise UnsupportedError("symmetric-algorithm", "The token uses a shared secret, which proves nothing.")


def _document(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The credential inside: the payload itself or the ``vc`` claim of VCDM 1.1 (§6.3.1), not both (B57)."""
    rest = {name: value for name, value in payload.items() if name not in _CLAIMS}
    if "vc" not in rest:
        return rest
    inner = rest.pop("vc")
    if rest or not isinstance(inner, dict):
        raise MalformedError("token-vc-claim", "The token holds a credential in two places.")
    document = dict(inner)
    if "jti" in payload:
        document.setdefault("id", payload["jti"])
    if "iss" in payload:
        document.setdefault("issuer", payload["iss"])
    for claim, name in (("nbf", "issuanceDate"), ("exp", "expirationDate")):
        if claim in payload and name not in document:
            document[name] = datetime.fromtimestamp(payload[claim], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    subject = document.get("credentialSubject")
    if "sub" in payload and isinstance(subject, dict):
        document["credentialSubject"] = {"id": payload["sub"], **subject}
    return document


def _verify(token: Token, resolve: Resolve, at: datetime) -> VerificationMethod:
    kind = token.header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in _TYPES:
        raise MalformedError("token-type", "The token is of another type than a credential.")
    content = token.header.get("cty", "vc")
    if not isinstance(content, str) or content.lower().removeprefix("application/") not in _CONTENTS:
        raise MalformedError("token-type", "The token says that it holds something else than a credential.")
    if "vp" in token.document:
        raise MalformedError("token-type", "The token holds a presentation, not a credential.")
    name = token.header["alg"]
    if name.lower() == "none" or not token.signature:
        raise MalformedError("token-unsigned", "The token is not signed.")
    if name not in _ALGORITHMS:
        raise UnsupportedError("unknown-algorithm", "It is signed with an algorithm that we do not know.")
    wrong = disagreements(token)
    if wrong:
        raise MalformedError(
            "claims-disagree", f"The token and the credential in it disagree: {', '.join(wrong)}."
        )
    issued_at = datetime.fromtimestamp(token.claims["iat"], UTC) if "iat" in token.claims else None
    if issued_at is not None and issued_at > at + CLOCK_SKEW:
        raise MalformedError("created-in-future", "The token says that it will be made in the future.")
    method = _method(token, resolve)
    if method.public_key.algorithm is not _ALGORITHMS[name]:
        raise MalformedError("key-type", f"The key is not one for {name}.")
    if not method.public_key.verify(token.signed, token.signature):
        raise MalformedError("signature-mismatch", "The signature does not match.")
    refuse_key_out_of_use(method, signed_at=issued_at, at=at)
    # Data loss counts here too: a term that no context defines is signed and still says nothing.
    rdf_canonical(token.document)
    return method


def _method(token: Token, resolve: Resolve) -> VerificationMethod:
    """The key that the header names, looked up where the issuer publishes its keys (S5)."""
    named = _method_url(token)
    shown = token.header.get("jwk")
    if named is None and shown is None:
        raise MalformedError("token-key", "The token does not say which key signed it.")
    key = None if shown is None else PublicKey.from_jwk(shown if isinstance(shown, dict) else {})
    if named is None:
        assert key is not None
        return resolve(key)
    method = resolve(named)
    if key is not None and key != method.public_key:
        raise MalformedError("token-key", "The token names one key and shows another.")
    return method


def _method_url(token: Token) -> str | None:
    """``kid`` as the URL of a method: absolute, or relative to the issuer, or the bare issuer id."""
    kid = token.header.get("kid")
    issuer = issuer_id(token.document)
    if not isinstance(kid, str) or not kid or issuer is None:
        return None
    if kid == issuer or ":" in kid.partition("#")[0]:
        return kid
    return f"{issuer}#{kid.removeprefix('#')}"
