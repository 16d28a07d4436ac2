# SPDX-License-Identifier: Apache-2.0
"""Credentials as COSE_Sign1 (RFC 9052 §4.2), media type ``application/vc+cose`` (VC-JOSE-COSE §3.3).

    COSE_Sign1 = 18([ protected: bytes, unprotected: map, payload: bytes, signature: bytes ])
    protected  = {1: algorithm, 3: "application/vc", 4: key id, 16: "application/vc+cose"}
    signed     = ["Signature1", protected, h'', payload]

The payload is the credential as JSON. The tag may be missing, the key id may stand outside the protected
header, as others write it; anything else outside is refused, because nobody has signed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cairn.canonical import parse_json, rdf_canonical, to_json
from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.keys import Algorithm
from cairn.proof import cbor, data_integrity, jose, jws
from cairn.proof.outcome import Answer, Outcome, refuse_key_out_of_use

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn.did import VerificationMethod
    from cairn.keys import PublicKey, Signer
    from cairn.proof.outcome import Resolve

COSE: Final = "vc+cose"
PRESENTATION: Final = "vp+cose"

_TAG = b"\xd2"  # 18, COSE_Sign1
_FOUR = b"\x84"  # an array of four
_BEGINNINGS = (_FOUR, _TAG + _FOUR)
_ALGORITHM, _CRITICAL, _CONTENT, _KID, _TYPE = 1, 2, 3, 4, 16  # RFC 9052 §3.1, RFC 9596

# IANA "COSE Algorithms": the names that leave the curve to the key, and the ones of RFC 9864 that do not. As
# in JOSE each is one algorithm of one kind of key (B43).
_ALGORITHMS: Final = {
    -7: Algorithm.P256,
    -9: Algorithm.P256,
    -35: Algorithm.P384,
    -51: Algorithm.P384,
    -36: Algorithm.P521,
    -52: Algorithm.P521,
    -8: Algorithm.ED25519,
    -19: Algorithm.ED25519,
}
_SIGNING: Final = {Algorithm.ED25519: -8, Algorithm.P256: -7, Algorithm.P384: -35, Algorithm.P521: -36}
_NAMES: Final = {
    Algorithm.ED25519: "EdDSA",
    Algorithm.P256: "ES256",
    Algorithm.P384: "ES384",
    Algorithm.P521: "ES512",
}


@dataclass(frozen=True, slots=True)
class Signed:
    """A COSE_Sign1 taken apart; nothing in it has been checked but its shape."""

    protected: Mapping[int, Any]
    kid: str | None
    document: Mapping[str, Any]
    signed: bytes
    signature: bytes


def looks_like_cose(data: bytes) -> bool:
    """Whether these bytes begin like a COSE_Sign1, tagged or not; no text and no picture does."""
    return data.startswith(_BEGINNINGS)


def sign(
    document: Mapping[str, Any], signer: Signer, *, kid: str, profile: jose.Profile = jose.CREDENTIAL
) -> bytes:
    """Sign the credential or presentation as a tagged COSE_Sign1."""
    if signer.algorithm not in _SIGNING:
        raise UnsupportedError("key-type", f"COSE is signed with Ed25519 or ECDSA, not {signer.algorithm}")
    protected = cbor.encode_header(
        {
            _ALGORITHM: _SIGNING[signer.algorithm],
            _CONTENT: f"application/{profile.contents[0]}",
            _KID: kid.encode(),
            _TYPE: f"application/{profile.contents[0]}+cose",
        }
    )
    payload = to_json(document)
    return _TAG + cbor.encode([protected, {}, payload, signer.sign(_signed(protected, payload))])


def split(data: bytes) -> Signed:
    """Take a COSE_Sign1 apart strictly: one spelling, nothing unsigned beside it, nothing critical (B46)."""
    parts = cbor.decode(data.removeprefix(_TAG)) if looks_like_cose(data) else None
    match parts:
        case [bytes() as protected, dict() as unprotected, bytes() as payload, bytes() as signature]:
            header = cbor.decode_header(protected)
        case _:
            raise MalformedError("cose-malformed", "This is not a COSE_Sign1 with its payload.")
    if _CRITICAL in header or _CRITICAL in unprotected:
        raise UnsupportedError("token-critical", "It demands extensions that we do not know.")
    if unprotected.keys() - {_KID} or unprotected.keys() & header.keys():
        raise MalformedError("cose-unprotected", "Something in it was not signed.")
    kid = {**header, **unprotected}.get(_KID)
    if kid is not None and not isinstance(kid, bytes):
        raise MalformedError("cose-malformed", "The key id is not a byte string.")
    try:
        named = None if kid is None else kid.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("cose-malformed", "The key id is not text.") from error
    return Signed(header, named, parse_json(payload), _signed(protected, payload), signature)


def check(
    parts: Signed, resolve: Resolve, *, at: datetime, profile: jose.Profile = jose.CREDENTIAL
) -> Answer:
    """Look at the signature, at the media types and at any proof inside."""
    url = jws.method_named(parts.kid, profile.speaker(parts.document, parts.kid))
    try:
        method = _verify(parts, url, resolve, at, profile)
    except CairnError as error:
        return Answer.of(error, methods=(url,) if url is not None else ())
    details = {"algorithm": _NAMES[method.public_key.algorithm]}
    message = "Nothing has been changed since it was signed."
    if "proof" not in parts.document:
        return Answer(Outcome.PASSED, "ok", message, parts.document, (method.id,), details)
    # As with tokens: all proofs that we know must hold (S6).
    inner = data_integrity.check(parts.document, resolve, at=at, purpose=profile.purpose)
    return Answer(
        inner.outcome, inner.code, inner.message, inner.document, (method.id, *inner.methods), details
    )


def _verify(
    parts: Signed, url: str | None, resolve: Resolve, at: datetime, profile: jose.Profile
) -> VerificationMethod:
    refuse_other_kinds(parts, profile)
    algorithm(parts)
    if url is None:
        raise MalformedError("token-key", "It does not say which key signed it.")
    method = resolve(url)
    verify(parts, method.public_key)
    refuse_key_out_of_use(method, signed_at=None, at=at)
    rdf_canonical(parts.document)
    return method


def refuse_other_kinds(parts: Signed, profile: jose.Profile = jose.CREDENTIAL) -> None:
    """Refuse what says that it holds something else: either name may be missing, neither may differ (B49)."""
    own = profile.contents[0]
    kind = parts.protected.get(_TYPE, f"{own}+cose")
    content = parts.protected.get(_CONTENT, own)
    if not jws.is_type(kind, f"{own}+cose") or not jws.is_type(content, own):
        raise MalformedError("token-type", f"It says that it is something else than a {profile.noun}.")


def algorithm(parts: Signed) -> Algorithm:
    """What kind of key signed it, or was said to; unsigned ones are refused first (B41)."""
    name = parts.protected.get(_ALGORITHM)
    if not parts.signature or name is None:
        raise MalformedError("token-unsigned", "It is not signed.")
    if not isinstance(name, int) or name not in _ALGORITHMS:
        raise UnsupportedError("unknown-algorithm", "It is signed with an algorithm that we do not know.")
    return _ALGORITHMS[name]


def verify(parts: Signed, key: PublicKey) -> None:
    """Refuse what this key did not sign with the algorithm that the header names (B43)."""
    if key.algorithm is not algorithm(parts):
        raise MalformedError("key-type", "The key is not one for the algorithm that it names.")
    if not key.verify(parts.signed, parts.signature):
        raise MalformedError("signature-mismatch", "The signature does not match.")


def _signed(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure (RFC 9052 §4.4), without external data."""
    return cbor.encode(["Signature1", protected, b"", payload])
