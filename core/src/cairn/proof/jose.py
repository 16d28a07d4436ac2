# SPDX-License-Identifier: Apache-2.0
"""Credentials as tokens: compact JWS (``jws``) holding a whole credential, "VC-JWT".

Two profiles exist and exclude each other (N7): W3C VC-JOSE-COSE (``typ: vc+jwt``, which we sign) and the
Open Badges one (``typ: JWT`` or none). Both are read, and so are the ``vc`` and ``vp`` claims of VCDM 1.1. A
W3C credential that is shown in parts (``vc+sd-jwt``) is judged here too, once ``sd_jwt`` has put it together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cairn.canonical import parse_json, rdf_canonical
from cairn.credential import format_datetime, issuer_id, parse_datetime
from cairn.credential.containers import ENVELOPE
from cairn.credential.shapes import as_list, types_of
from cairn.credential.structure import holder_id
from cairn.errors import CairnError, MalformedError
from cairn.keys import PublicKey
from cairn.proof import data_integrity, jws
from cairn.proof.jws import MAX_HEADER, Jws
from cairn.proof.outcome import Answer, Outcome, refuse_key_out_of_use

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cairn.did import VerificationMethod
    from cairn.keys import Signer
    from cairn.proof.outcome import Resolve

__all__ = [
    "CREDENTIAL",
    "MAX_HEADER",
    "PRESENTATION",
    "PRESENTATION_1",
    "Profile",
    "Token",
    "check",
    "disagreements",
    "is_presentation",
    "looks_like_token",
    "profile_of",
    "sign",
    "sign_presentation",
    "split",
    "token_of",
]

# What the payload may carry beside the credential (RFC 7519 §4.1, RFC 7800): taken out before the rest is
# read as JSON-LD, which does not define them (N32).
CLAIMS = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf"})
_NAMES = ("iss", "sub", "jti")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a token of one kind says of itself; one for another purpose is not believed (B49)."""

    noun: str
    types: tuple[str, ...]
    contents: tuple[str, ...]
    default_type: str | None
    """What it is when its header does not say; None when it has to say."""
    purpose: str
    """What a proof inside must have been made for."""
    speaker: Callable[..., str | None]
    """Whose key must have signed a document, as it says itself, or as what follows it says."""


CREDENTIAL = Profile(
    "credential",
    ("vc+jwt", "jwt", "vc+ld+jwt", "vc+ld+json+jwt"),
    ("vc", "vc+ld+json"),
    "JWT",  # left out, it is the plain JWT of Open Badges
    data_integrity.PURPOSE,
    lambda document, *_: issuer_id(document),
)
PRESENTATION = Profile("presentation", ("vp+jwt",), ("vp",), None, data_integrity.PRESENTING, holder_id)
# In the ``vp`` claim of a plain JWT (VCDM 1.1 §6.3.1), which OpenID4VP calls ``jwt_vp_json``.
PRESENTATION_1 = Profile("presentation", ("jwt",), ("vp",), "JWT", data_integrity.PRESENTING, holder_id)
_VC_1 = "https://www.w3.org/2018/credentials/v1"
_VC_2 = "https://www.w3.org/ns/credentials/v2"


@dataclass(frozen=True, slots=True)
class Token(Jws):
    """A token that holds a credential, taken apart; nothing in it has been checked but its shape."""

    claims: Mapping[str, Any]
    document: Mapping[str, Any]


looks_like_token = jws.looks_like_jws


def sign(document: Mapping[str, Any], signer: Signer, *, kid: str) -> str:
    """Sign the credential as a ``vc+jwt`` token (VC-JOSE-COSE §3.1.1) with claims that agree with it (S9)."""
    return jws.sign(header_of(kid), payload_of(document), signer)


def header_of(kid: str) -> dict[str, str]:
    """What the header of a ``vc+jwt`` token says beside its algorithm."""
    return {"typ": "vc+jwt", "cty": "vc", "kid": kid}


@lru_cache(maxsize=1024)  # badges of one batch share their dates
def seconds_of(moment: str) -> int:
    """A NumericDate (RFC 7519 §2)."""
    return int(parse_datetime(moment).timestamp())


def payload_of(document: Mapping[str, Any], seconds: Callable[[str], Any] = seconds_of) -> dict[str, Any]:
    """The credential with what a token says again before it; ``seconds`` writes a moment."""
    return {**said_twice(document, seconds), **document}


def sign_presentation(
    document: Mapping[str, Any], signer: Signer, *, kid: str, audience: str | None, nonce: str | None
) -> str:
    """Sign the presentation as a ``vp+jwt`` token (VC-JOSE-COSE §3.1.2) for one reader and one question."""
    claims = {"iss": holder_id(document), "aud": audience, "nonce": nonce}
    said = {name: value for name, value in claims.items() if value is not None}
    return jws.sign({"typ": "vp+jwt", "cty": "vp", "kid": kid}, {**said, **document}, signer)


def split(token: str, *, parse: Callable[[bytes], dict[str, Any]] = parse_json) -> Token:
    """Take a token apart strictly; there is one credential in it (B57)."""
    return token_of(jws.split(token, parse=parse))


def token_of(parts: Jws) -> Token:
    """The credential or presentation in a token, apart from the claims beside it."""
    old = _has_vp_claim(parts)
    known = CLAIMS | {"nonce"} if old or is_presentation(parts.payload) else CLAIMS
    claims = {name: parts.payload[name] for name in known if name in parts.payload}
    rest = {name: value for name, value in parts.payload.items() if name not in known}
    document = _presentation(rest, claims) if old else _document(rest, claims)
    return Token(parts.header, parts.payload, parts.signed, parts.signature, claims, document)


def profile_of(token: Token) -> Profile:
    """What the token has to be, by what is in it."""
    if _has_vp_claim(token):
        return PRESENTATION_1
    return PRESENTATION if is_presentation(token.document) else CREDENTIAL


def _has_vp_claim(parts: Jws) -> bool:
    """Whether it is a presentation of VCDM 1.1; in a token of any other type the claim is out of place."""
    return "vp" in parts.payload and jws.is_type(parts.header.get("typ", "JWT"), "jwt")


def is_presentation(document: Mapping[str, Any]) -> bool:
    """Whether what a token holds calls itself a presentation."""
    return "VerifiablePresentation" in types_of(document)


def check(
    token: Token,
    resolve: Resolve,
    *,
    at: datetime,
    profile: Profile = CREDENTIAL,
    is_covered: Callable[[Mapping[str, Any]], bool] = lambda _: False,
) -> Answer:
    """Look at the signature of a token, at the claims beside the credential and at any proof inside it.

    ``is_covered`` may know of the document that it has a canonical form; if it does not, that is found out.
    """
    try:
        method = _verify(token, resolve, at, profile)
        # Data loss counts here too: a term that no context defines is signed and still says nothing.
        if profile is PRESENTATION_1:
            # What is in it may be tokens, or credentials of the newer model: each is asked this by itself.
            rdf_canonical(_without_credentials(token.document))
        elif not is_covered(token.document):
            rdf_canonical(token.document)
    except CairnError as error:
        named = jws.method_url(token, _speaker(token, profile))
        return Answer.of(error, methods=(named,) if isinstance(named, str) else ())
    details = {"algorithm": str(token.header["alg"])}
    if "iat" in token.claims:
        details["created"] = format_datetime(datetime.fromtimestamp(token.claims["iat"], UTC))
    message = "Nothing has been changed since it was signed."
    if "proof" not in token.document:
        return Answer(Outcome.PASSED, "ok", message, token.document, (method.id,), details)
    # The Open Badges text lets a verifier pick any one of the proofs; all that we know must hold (S6).
    inner = data_integrity.check(token.document, resolve, at=at, purpose=profile.purpose)
    return Answer(
        inner.outcome, inner.code, inner.message, inner.document, (method.id, *inner.methods), details
    )


def _speaker(token: Token, profile: Profile) -> str | None:
    return profile.speaker(token.document, token.claims.get("iss"), token.header.get("kid"))


def disagreements(token: Token) -> tuple[str, ...]:
    """Names of claims that say something else than the credential beside them (S9, B56)."""
    told = said_twice(token.document)
    if is_presentation(token.document):
        # A presentation need not name its holder; the token may then.
        told.setdefault("iss", token.claims.get("iss"))
    # A claim without a counterpart tells something new about the token; only a name for the issuer, the
    # subject or the credential must not appear out of nowhere.
    return tuple(
        name
        for name in ("iss", "sub", "jti", "nbf", "exp")
        if name in token.claims and (name in told or name in _NAMES) and token.claims[name] != told.get(name)
    )


def said_twice(document: Mapping[str, Any], seconds: Callable[[str], Any] = seconds_of) -> dict[str, Any]:
    """The claims that repeat what the credential says (RFC 7519 §4.1 as OB 3.0 §8.2.4 uses it)."""
    speaker = holder_id if is_presentation(document) else issuer_id
    claims: dict[str, Any] = {"iss": speaker(document)}
    subject = document.get("credentialSubject")
    if isinstance(subject, list) and len(subject) == 1:
        subject = subject[0]
    if isinstance(subject, dict):
        claims["sub"] = subject.get("id")
    claims["jti"] = document.get("id")
    for claim, names in (("nbf", ("validFrom", "issuanceDate")), ("exp", ("validUntil", "expirationDate"))):
        for name in names:
            if isinstance(document.get(name), str):
                claims[claim] = seconds(document[name])
    return {name: value for name, value in claims.items() if value is not None}


def _document(rest: dict[str, Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    """The credential inside: the payload itself or the ``vc`` claim of VCDM 1.1 (§6.3.1), not both (B57).

    ``payload`` are the registered claims, ``rest`` is all else.
    """
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
            document[name] = format_datetime(datetime.fromtimestamp(payload[claim], UTC))
    subject = document.get("credentialSubject")
    if "sub" in payload and isinstance(subject, dict):
        document["credentialSubject"] = {"id": payload["sub"], **subject}
    return document


def _presentation(rest: dict[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
    """The presentation in the ``vp`` claim of VCDM 1.1 (§6.3.1), and in nothing else of the token (B57).

    The credentials in it may be tokens, as bare texts. Each is put into an envelope, as VCDM 2.0 has it, so
    that one way leads to what is inside; an envelope of the sender's own would be a mixture of both models.
    """
    inner = rest.pop("vp")
    if rest or not isinstance(inner, dict) or not is_presentation(inner):
        message = "The token holds something else than the presentation in its vp claim."
        raise MalformedError("token-vp-claim", message)
    if as_list(inner.get("@context"))[:1] != [_VC_1]:
        message = "A vp claim is for presentations of VCDM 1.1; a newer one is the token's payload itself."
        raise MalformedError("token-vp-claim", message)
    held = as_list(inner.get("verifiableCredential", []))
    if any(isinstance(each, dict) and ENVELOPE in types_of(each) for each in held):
        raise MalformedError("token-vp-claim", "VCDM 1.1 has no envelopes: a token stands there by itself.")
    document = dict(inner)
    if held:
        document["verifiableCredential"] = [_enveloped(each) for each in held]
    if "jti" in claims:
        document.setdefault("id", claims["jti"])
    if "iss" in claims:
        document.setdefault("holder", claims["iss"])
    return document


def _enveloped(held: Any) -> Any:
    """What is neither an object nor a token stays as it is, for the rules to refuse."""
    if not isinstance(held, str) or not looks_like_token(held):
        return held
    return {"@context": _VC_2, "id": f"data:application/jwt,{held}", "type": ENVELOPE}


def _without_credentials(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the presentation says itself."""
    return {name: value for name, value in document.items() if name != "verifiableCredential"}


def _verify(token: Token, resolve: Resolve, at: datetime, profile: Profile) -> VerificationMethod:
    if not jws.is_type(token.header.get("typ", profile.default_type), *profile.types):
        raise MalformedError("token-type", f"The token is of another type than a {profile.noun}.")
    if not jws.is_type(token.header.get("cty", profile.contents[0]), *profile.contents):
        message = f"The token says that it holds something else than a {profile.noun}."
        raise MalformedError("token-type", message)
    if "vp" in token.document or ("vp" in token.payload and profile is not PRESENTATION_1):
        raise MalformedError("token-type", "The token holds a presentation, not a credential.")
    jws.algorithm(token)
    wrong = disagreements(token)
    if wrong:
        raise MalformedError(
            "claims-disagree", f"The token and the credential in it disagree: {', '.join(wrong)}."
        )
    issued_at = jws.issued_at(token, at=at)
    method = _method(token, resolve, profile)
    jws.verify(token, method.public_key)
    refuse_key_out_of_use(method, signed_at=issued_at, at=at)
    return method


def _method(token: Token, resolve: Resolve, profile: Profile) -> VerificationMethod:
    """The key that the header names, looked up where the issuer publishes its keys (S5)."""
    named = jws.method_url(token, _speaker(token, profile))
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
