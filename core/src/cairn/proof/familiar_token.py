# SPDX-License-Identifier: Apache-2.0
"""Looking at a ``vc+jwt`` token the short way, when the text of the credential in it is of a known shape.

A token of ours, and of most others, begins its payload with the claims that say again what the credential
says, and goes on with the credential. Between the two the text can be cut: what is left is an object that
begins with another member.

    {"iss":"did:…","jti":"urn:…","nbf":1779114600,"@context":[…],…}
    └───────────────── claims ──────────────────┘ └── credential ──┘

The short way says that a token holds, or nothing. What it does not plainly see is for `jose` to look at,
which alone may refuse.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from cairn.credential import format_datetime
from cairn.credential.shapes import as_list
from cairn.errors import CairnError
from cairn.keys.encodings import base64url_octets
from cairn.proof import familiar, jose, jws
from cairn.proof.outcome import refuse_key_out_of_use

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn.canonical.glance import Glance
    from cairn.did import VerificationMethod
    from cairn.keys import Algorithm

_DATES = frozenset({"nbf", "exp", "iat"})
_CREDENTIAL = re.compile(rb'[{,]"(?!(?:iss|sub|jti|nbf|exp|iat)":)')
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

    token: bytes
    header: Header
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes
    glance: Glance

    def late(self, name: str) -> Any:
        """What records of it may leave out until somebody asks for it."""
        return sha256(self.token).hexdigest() if name == "sha256" else self.glance.late(name)


def see(token: bytes) -> Seen | None:
    """A look at a token whose credential is of a known text; None: take it apart."""
    dot = token.find(b".")
    end = token.find(b".", dot + 1)
    if not 0 < dot <= _MAX_HEADER or end < 0:
        return None
    try:
        header = _header(token[:dot])
        lifted = None if header is None else _lifted(base64url_octets(token[dot + 1 : end]))
        if header is None or lifted is None:
            return None
        claims, credential = lifted
        glance = familiar.SHAPES.read(credential)
        signature = base64url_octets(token[end + 1 :])
    except CairnError:
        return None
    if not glance.has_text or not glance.note("in a token", _is_easy):
        return None
    return Seen(token, header, claims, token[:end], signature, glance)


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


@lru_cache(maxsize=256)
def _header(encoded: bytes) -> Header | None:
    """An issuer's tokens share their header, so what it says is kept. It says nothing about any of them."""
    header = jws.read_header(encoded.decode("ascii"))
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
    """The claims, and the text of the credential without them; None when they are not plainly apart.

    The text is cut before the first member that is no claim. Both halves are then read as objects, and what
    is before the cut is read without a loss, so nothing but such a member can be where it is cut.
    """
    match = _CREDENTIAL.search(payload)
    if match is None:
        return None
    cut = match.start()
    if cut == 0:
        return {}, payload
    told = payload[:cut] + b"}"
    try:
        claims = orjson.loads(told)
    except orjson.JSONDecodeError:
        return None
    if orjson.dumps(claims) != told:
        return None
    for name, value in claims.items():
        if name in _DATES and not jws.is_numeric_date(value):
            return None
    return claims, b"{" + payload[cut + 1 :]


def _is_easy(glance: Glance) -> bool:
    """Whether the credential is the whole rest of the payload, and of one subject; its shape tells."""
    document = glance.document
    return document.keys().isdisjoint(_NOT_INSIDE) and len(as_list(document.get("credentialSubject"))) == 1
