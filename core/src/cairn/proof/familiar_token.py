# SPDX-License-Identifier: Apache-2.0
"""Looking at a ``vc+jwt`` token the short way, when the text of the credential in it is of a known shape.

A token of ours, and of most others, begins its payload with the claims that say again what the credential
says, and goes on with the credential. Between the two the text can be cut: what is left is an object that
begins with another member.

    {"iss":"did:…","jti":"urn:…","nbf":1779114600,"@context":[…],…}
    └───────────────── claims ───────────────────┘ └─ credential ─┘

The short way says that a token holds, or nothing. What it does not plainly see is for `jose` to look at,
which alone may refuse.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from cairn.credential import format_datetime
from cairn.credential.shapes import as_list
from cairn.errors import CairnError
from cairn.keys import base64url_decode
from cairn.proof import familiar, jose, jws
from cairn.proof.outcome import refuse_key_out_of_use

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn.canonical.glance import Glance
    from cairn.did import VerificationMethod
    from cairn.keys import Algorithm

# Claims as text without an escape, in which a reader loses nothing. Digits as many as the year 9999 needs.
_EACH = re.compile(rb'"(?:(iss|sub|jti)":"([ !#-\[\]-~]*)"|(nbf|exp|iat)":(0|[1-9][0-9]{0,11})),')
_ALL = re.compile(
    rb'\{(?:"(?:(?:iss|sub|jti)":"[ !#-\[\]-~]*"|(?:nbf|exp|iat)":(?:0|[1-9][0-9]{0,11})),)*(?=")'
)
_MAX_HEADER = 512

# Whoever knows these has more to look at than one credential in one place, or a claim that is not above.
_NOT_INSIDE = frozenset({"vc", "vp", "nonce", "proof"}) | jose.CLAIMS


class Header(NamedTuple):
    """What a header says that leaves nothing to be looked at but whether its key has signed."""

    kid: str
    name: str
    algorithm: Algorithm


class Seen(NamedTuple):
    """A token taken apart without reading the credential in it."""

    token: str
    header: Header
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes
    glance: Glance


def see(token: str) -> Seen | None:
    """A look at a token whose credential is of a known text; None: take it apart."""
    encoded_header, _, rest = token.partition(".")
    encoded_payload, _, encoded_signature = rest.partition(".")
    if len(encoded_header) > _MAX_HEADER:
        return None
    try:
        header = _header(encoded_header)
        lifted = None if header is None else _lifted(base64url_decode(encoded_payload))
        if header is None or lifted is None:
            return None
        claims, credential = lifted
        glance = familiar.SHAPES.read(credential)
        signature = base64url_decode(encoded_signature)
    except CairnError:
        return None
    if not glance.has_text or not glance.note("in a token", _is_easy):
        return None
    signed = token[: len(encoded_header) + 1 + len(encoded_payload)].encode("ascii")
    return Seen(token, header, claims, signed, signature, glance)


def look(
    seen: Seen, method: VerificationMethod, told: Mapping[str, Any], *, at: datetime
) -> dict[str, str] | None:
    """What is told of a token that plainly holds, when this is the key it names.

    ``told`` is what the credential in it says of the claims (`jose.said_twice`).
    """
    for name, value in seen.claims.items():
        # Only when it was made is said nowhere else. The rest may be a claim of its own, for `jose` to judge.
        if name != "iat" and told.get(name) != value:
            return None
    key = method.public_key
    if key.algorithm is not seen.header.algorithm or not key.verify(seen.signed, seen.signature):
        return None
    details = {"algorithm": seen.header.name}
    try:
        issued_at = jws.moment_of(seen.claims, at=at)
        refuse_key_out_of_use(method, signed_at=issued_at, at=at)
    except CairnError:
        return None
    if issued_at is not None:
        details["created"] = format_datetime(issued_at)
    return details if seen.glance.is_covered() else None


def subject_of(glance: Glance) -> str | None:
    """The id of the one subject of a credential that `see` has seen."""
    alone, listed = glance.strings_at(_SUBJECT)
    return alone or listed


_SUBJECT = (("credentialSubject", "id"), ("credentialSubject", 0, "id"))


@lru_cache(maxsize=256)
def _header(encoded: str) -> Header | None:
    """An issuer's tokens share their header, so what it says is kept. It says nothing about any of them."""
    header = jws.read_header(encoded)
    kid, name, profile = header.get("kid"), header.get("alg"), jose.CREDENTIAL
    if (
        type(kid) is not str
        or type(name) is not str
        or name not in jws.ALGORITHMS
        or "jwk" in header
        or not jws.is_type(header.get("typ", profile.default_type), *profile.types)
        or not jws.is_type(header.get("cty", profile.contents[0]), *profile.contents)
    ):
        return None
    return Header(kid, name, jws.ALGORITHMS[name])


def _lifted(payload: bytes) -> tuple[dict[str, Any], bytes] | None:
    """The claims, and the text of the credential without them; None when they are not plainly apart."""
    match = _ALL.match(payload)
    if match is None:
        return None
    found = _EACH.findall(match[0])
    claims: dict[str, Any] = {
        (text_name or number_name).decode(): int(number) if number_name else text.decode()
        for text_name, text, number_name, number in found
    }
    if len(claims) != len(found) or not all(
        type(value) is str or jws.is_numeric_date(value) for value in claims.values()
    ):
        return None
    return claims, b"{" + payload[match.end() :]


def _is_easy(glance: Glance) -> bool:
    """Whether the credential is the whole rest of the payload, and of one subject; its shape tells."""
    document = glance.document
    return document.keys().isdisjoint(_NOT_INSIDE) and len(as_list(document.get("credentialSubject"))) == 1
