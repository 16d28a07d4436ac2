# SPDX-License-Identifier: Apache-2.0
"""Compact JWS (RFC 7515), the few lines of it that we believe in.

    token   = base64url(header) "." base64url(payload) "." base64url(signature)      no padding, canonical
    signed  = the ASCII of the first two parts with their dot

They are our own so that keys pass our refusals (B53), one token has one spelling (B51), and no header can
choose how it is believed: what points elsewhere (``jku``, ``x5u``, ``x5c``) is never followed, a ``kid`` is
only compared (B44, B45). What a token is *for* is the question of the module that reads it (B49).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from cairn.canonical import parse_json, to_json
from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import Algorithm, base64url_decode, base64url_encode, is_base64url
from cairn.proof.outcome import CLOCK_SKEW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cairn.keys import PublicKey, Signer

MAX_HEADER: Final = 8_192  # B59

# RFC 7518 §3.1, RFC 8037, RFC 9864: each name is one algorithm of one kind of key, never a choice (B43).
ALGORITHMS: Final = {
    "EdDSA": Algorithm.ED25519,
    "Ed25519": Algorithm.ED25519,
    "ES256": Algorithm.P256,
    "ES384": Algorithm.P384,
    "ES512": Algorithm.P521,
    "RS256": Algorithm.RSA,
}
# RS256 belongs to the Open Badges flavour alone, which we read and do not sign (N35).
_SIGNING_NAMES: Final = {
    Algorithm.ED25519: "EdDSA",
    Algorithm.P256: "ES256",
    Algorithm.P384: "ES384",
    Algorithm.P521: "ES512",
}
_DATES: Final = ("exp", "nbf", "iat")


@dataclass(frozen=True, slots=True)
class Jws:
    """A token taken apart; nothing in it has been checked but its shape."""

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    signed: bytes
    signature: bytes


def looks_like_jws(text: str) -> bool:
    """Whether the text has the shape of a compact JWS."""
    parts = text.split(".", 3)
    return len(parts) == 3 and parts[0] != "" and parts[1] != "" and is_base64url(text, b".")


def sign(header: Mapping[str, Any], payload: Mapping[str, Any], signer: Signer) -> str:
    """Sign the payload; ``alg`` is the signer's own and stands first in the header."""
    signed = f"{first_part(header, signer.algorithm)}.{base64url_encode(to_json(payload))}"
    return f"{signed}.{base64url_encode(signer.sign(signed.encode('ascii')))}"


def first_part(header: Mapping[str, Any], algorithm: Algorithm) -> str:
    """The header as it stands in a token that is signed with this algorithm."""
    if algorithm not in _SIGNING_NAMES:
        raise UnsupportedError("key-type", f"tokens are signed with Ed25519 or ECDSA, not {algorithm}")
    return base64url_encode(to_json({"alg": _SIGNING_NAMES[algorithm], **header}))


def split(token: str, *, parse: Callable[[bytes], dict[str, Any]] = parse_json) -> Jws:
    """Take a token apart strictly (B19, B51, B59): canonical base64url, strict JSON, one meaning.

    ``parse`` reads the payload for those who know how to do what `parse_json` does.
    """
    parts = take_apart(token, parse=parse)
    refuse_other_dates(parts.payload)
    return parts


def refuse_other_dates(claims: Mapping[str, Any]) -> None:
    """NumericDate is a number of seconds; text and fractions are how two readers come to differ (B54)."""
    for name in _DATES:
        if name in claims and not is_numeric_date(claims[name]):
            raise MalformedError("token-date", f"{name} of the token is not a whole number of seconds.")


def is_numeric_date(value: object) -> bool:
    """Whether it is a NumericDate (RFC 7519 §2) as we read it: whole seconds, up to the year 9999."""
    return type(value) is int and 0 <= value < 253_402_300_800


def take_apart(token: str, *, parse: Callable[[bytes], dict[str, Any]] = parse_json) -> Jws:
    """The same for tokens whose dates nobody asks about: the W3C suites write some as text (N13)."""
    if not looks_like_jws(token):
        raise MalformedError("token-malformed", "This is not a token of three base64url parts.")
    encoded_header, encoded_payload, encoded_signature = token.split(".")
    if len(encoded_header) > MAX_HEADER:
        raise MalformedError("limit-token-header", "The header of the token is too long.")
    short = len(encoded_header) <= _MAX_KEPT_HEADER
    header = dict(_flat_header(encoded_header)) if short else {}
    header = header or parse_json(base64url_decode(encoded_header))
    payload = parse(base64url_decode(encoded_payload))
    signature = base64url_decode(encoded_signature) if encoded_signature else b""
    _refuse_extensions(header)
    return Jws(header, payload, token.rpartition(".")[0].encode("ascii"), signature)


def read_header(encoded: str) -> dict[str, Any]:
    """The header as it stands in a token, if nothing in it changes how the token is read."""
    header = parse_json(base64url_decode(encoded))
    _refuse_extensions(header)
    return header


# An issuer's tokens share their header, so what it spells is kept. It says nothing about any of them.
_MAX_KEPT_HEADER = 512


@lru_cache(maxsize=256)
def _flat_header(encoded: str) -> Mapping[str, Any]:
    """The header, if nobody could write into what is kept of it; else nothing."""
    header = parse_json(base64url_decode(encoded))
    return header if all(type(value) is str for value in header.values()) else {}


def is_type(value: object, *names: str) -> bool:
    """Whether a ``typ`` or ``cty`` is one of these media types, written in full or short (§4.1.9)."""
    return isinstance(value, str) and value.lower().removeprefix("application/") in names


def algorithm(jws: Jws) -> Algorithm:
    """What kind of key signed it, or was said to; unsigned tokens are refused first (B41)."""
    name = jws.header["alg"]
    if name.lower() == "none" or not jws.signature:
        raise MalformedError("token-unsigned", "The token is not signed.")
    if name not in ALGORITHMS:
        raise UnsupportedError("unknown-algorithm", "It is signed with an algorithm that we do not know.")
    return ALGORITHMS[name]


def verify(jws: Jws, key: PublicKey) -> None:
    """Refuse a token that this key did not sign with the algorithm that the token names (B42, B43)."""
    if key.algorithm is not algorithm(jws):
        raise MalformedError("key-type", f"The key is not one for {jws.header['alg']}.")
    if not key.verify(jws.signed, jws.signature):
        raise MalformedError("signature-mismatch", "The signature does not match.")


def issued_at(jws: Jws, *, at: datetime) -> datetime | None:
    """When the token says it was made, which is not later than ``at``."""
    return moment_of(jws.payload, at=at)


def moment_of(claims: Mapping[str, Any], *, at: datetime) -> datetime | None:
    """The same, of its claims alone."""
    if "iat" not in claims:
        return None
    moment = datetime.fromtimestamp(claims["iat"], UTC)
    if moment > at + CLOCK_SKEW:
        raise MalformedError("created-in-future", "The token says that it will be made in the future.")
    return moment


def method_url(jws: Jws, issuer: str | None) -> str | None:
    """``kid`` as the URL of a method: absolute, or relative to the issuer, or the bare issuer id."""
    return method_named(jws.header.get("kid"), issuer)


def method_named(kid: object, issuer: str | None) -> str | None:
    """The URL of the method that a key id names."""
    if not isinstance(kid, str) or not kid or issuer is None:
        return None
    if kid == issuer or ":" in kid.partition("#")[0]:
        return kid
    return f"{issuer}#{kid.removeprefix('#')}"


def _refuse_extensions(header: Mapping[str, Any]) -> None:
    """Refuse what would change how the token is read, before anything is read by it (B42, B46, B47)."""
    if "crit" in header:
        raise UnsupportedError("token-critical", "The token demands extensions that we do not know.")
    if "b64" in header:
        raise UnsupportedError("token-unencoded", "The token asks for its payload to be taken unencoded.")
    named = header.get("alg")
    if not isinstance(named, str):
        raise MalformedError("token-algorithm", "The token does not name its algorithm.")
    if named.upper().startswith("HS"):
        raise UnsupportedError("symmetric-algorithm", "The token uses a shared secret, which proves nothing.")
