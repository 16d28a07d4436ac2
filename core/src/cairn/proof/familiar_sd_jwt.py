# SPDX-License-Identifier: Apache-2.0
"""Looking at an SD-JWT VC the short way, when it is plainly put together (RFC 9901 §7.1).

Plain is one whose claims are all at the top, texts and whole numbers and no more, of an issuer that is a key.
Then all disclosures are decoded at once, each is hashed once and looked up in ``_sd``, and what is shown goes
behind the other claims.

    {"iss":"did:key:…","vct":"…","_sd":["…","…"],"iat":1779114600,"_sd_alg":"sha-256"}
    ["salt","name","value"]~["salt","name",true]~

The short way says that it holds, or nothing. What it does not plainly see, key bindings among it, is for
`sd_jwt` to look at, which alone may refuse.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from cairn.credential import format_datetime
from cairn.credential.address import is_identifier
from cairn.did import OWN_KEYS
from cairn.errors import CairnError
from cairn.keys.encodings import BASE64URL, base64url, base64url_octets
from cairn.proof import jws
from cairn.proof.outcome import refuse_key_out_of_use
from cairn.proof.sd_jwt import DIGESTS, NEVER_DISCLOSED, SD_JWT_VC

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from cairn.did import VerificationMethod
    from cairn.keys import Algorithm

_MAX_TEXT: Final = 64 * 1024  # there is no room in it for more disclosures, with their digests, than are read
_MAX_HEADER: Final = 512
_MAX_INTEGER: Final = 2**53 - 1
_SIMPLE: Final = frozenset({str, int, bool})

_HASH_NAME: Final = "_sd_alg"
# Whoever says one of these has more to look at than texts, or says it where nobody may.
_NOT_PLAIN: Final = frozenset({"cnf", "status", "proof", "...", DIGESTS, _HASH_NAME})
_NOT_DISCLOSED: Final = _NOT_PLAIN | NEVER_DISCLOSED[SD_JWT_VC] | {"iat", "sub"}
_DATES: Final = ("iat", "nbf", "exp")

# A disclosure as text without an escape, a space behind each comma or none, and the zero bytes behind it.
_SALT: Final = r'"[^"\\\x00-\x1f]*"'
_TEXT: Final = r'"([^"\\\x00-\x1f]*)"'
_CLAIM = re.compile(rf"\[{_SALT}, ?{_TEXT}, ?(?:{_TEXT}|(true|false|0|[1-9][0-9]{{0,14}}))\]\x00{{2,4}}")
_LITERALS: Final = {"true": True, "false": False}
# What fills the last four characters of a base64 text so that only zeros follow its bytes, two at the least,
# by how many characters are left over; and how many zero bytes that makes.
_FILL: Final = {0: b"AAAA", 2: b"AA", 3: b"AAAAA"}
_ZEROS: Final = {0: 3, 2: 2, 3: 4}


class Header(NamedTuple):
    """What a header says that leaves nothing to be looked at but whether its key has signed."""

    kid: str
    name: str
    algorithm: Algorithm


class Seen:
    """An SD-JWT VC taken apart and put together; nobody has looked at its signature."""

    __slots__ = ("claims", "header", "is_unseen", "signature", "signed", "token")

    def __init__(
        self, token: bytes, header: Header, claims: Mapping[str, Any], signed: bytes, signature: bytes
    ) -> None:
        self.token = token
        self.header = header
        self.claims = claims
        self.signed = signed
        self.signature = signature
        self.is_unseen = True
        """Whether nobody was given the claims through `late`."""

    def late(self, name: str) -> Any:
        """What records of it may leave out until somebody asks for it."""
        if name == "sha256":
            return sha256(self.token.partition(b"~")[0]).hexdigest()
        if name == "unverified_document":
            self.is_unseen = False
        # A copy for each: no claim holds anything that could be written into.
        return dict(self.claims)


def see(token: bytes) -> Seen | None:
    """A look at an SD-JWT VC that is plainly put together; None: take it apart."""
    if len(token) > _MAX_TEXT or not token.endswith(b"~"):
        return None
    jwt, *disclosures = token[:-1].split(b"~")
    if token.translate(None, BASE64URL) != b"..".ljust(len(disclosures) + 3, b"~"):
        return None
    first, dot = token.index(b"."), token.rindex(b".")
    header = _header(token[:first]) if first <= _MAX_HEADER else None
    if header is None:
        return None
    try:
        payload = base64url_octets(token[first + 1 : dot])
        signature = base64url_octets(jwt[dot + 1 :])
    except CairnError:
        return None
    claims = _claims(payload, disclosures)
    return None if claims is None else Seen(token, header, claims, token[:dot], signature)


def look(seen: Seen, method: VerificationMethod, *, at: datetime) -> dict[str, str] | None:
    """What is told of one that plainly holds, when this is the key that it names."""
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
    return details


@lru_cache(maxsize=256)
def _header(encoded: bytes) -> Header | None:
    """An issuer's tokens share their header, so what it says is kept. It says nothing about any of them."""
    try:
        header = jws.read_header(encoded.decode("ascii"))
    except CairnError:
        return None
    kid, name = header.get("kid"), header.get("alg")
    if type(kid) is not str or name not in jws.ALGORITHMS or not jws.is_type(header.get("typ"), SD_JWT_VC):
        return None
    return Header(kid, name, jws.ALGORITHMS[name])


def _claims(payload: bytes, disclosures: Sequence[bytes]) -> dict[str, Any] | None:
    """The claims that are shown, in the order in which `sd_jwt` has them."""
    claims = _plain_payload(payload)
    if claims is None:
        return None
    digests = claims.pop(DIGESTS, [])
    named = claims.pop(_HASH_NAME, "sha-256")
    if type(digests) is not list or {*map(type, digests)} - {str} or len({*digests}) != len(digests):
        return None
    if named != "sha-256" or not _is_plain(claims):
        return None
    shown = _disclosed(disclosures) if disclosures else {}
    if shown is None:
        return None
    used = [shown[digest] for digest in digests if digest in shown]
    whole = {**claims, **dict(used)}
    # Otherwise one is there twice, is of nothing that was signed, or would replace another claim.
    if len(used) != len(disclosures) or len(whole) != len(claims) + len(used):
        return None
    return whole


def _plain_payload(payload: bytes) -> dict[str, Any] | None:
    """The object that the payload spells, if nothing of it was lost in parsing and no text has an escape."""
    try:
        claims = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    if type(claims) is not dict or b"\\" in payload or orjson.dumps(claims) != payload:
        return None
    return claims


def _is_plain(claims: Mapping[str, Any]) -> bool:
    """Whether all are texts and numbers, and those that are asked about have nothing wrong with them."""
    kinds = {*map(type, claims.values())}
    if not kinds <= _SIMPLE or not _NOT_PLAIN.isdisjoint(claims):
        return False
    issuer, kind, subject = claims.get("iss"), claims.get("vct"), claims.get("sub", "somebody")
    return (
        type(issuer) is str
        and issuer.startswith(OWN_KEYS)
        and is_identifier(issuer)
        and type(kind) is str
        and kind != ""
        and type(subject) is str
        and subject != ""
        and type(claims.get("vct#integrity", "")) is str
        and all(jws.is_numeric_date(claims[name]) for name in _DATES if name in claims)
        and (int not in kinds or _are_exact(claims.values()))
    )


def _are_exact(values: Iterable[Any]) -> bool:
    """Whether every reader sees the same integers (I-JSON)."""
    return all(-_MAX_INTEGER <= value <= _MAX_INTEGER for value in values if type(value) is int)


def _disclosed(disclosures: Sequence[bytes]) -> dict[str, tuple[str, Any]] | None:
    """Name and value of each claim, by the digest of its disclosure."""
    over = [len(each) % 4 for each in disclosures]
    if 1 in over:
        return None
    packed = b"".join([each + _FILL[left] for each, left in zip(disclosures, over, strict=True)])
    try:
        text = a2b_base64(packed.replace(b"-", b"+").replace(b"_", b"/")).decode()
    except UnicodeDecodeError:
        return None
    # Between the claims is nothing, and no zero byte but those that follow each of them: so each is the whole
    # of its disclosure.
    parts = _CLAIM.split(text)
    if "".join(parts[::4]) or text.count("\0") != sum([_ZEROS[left] for left in over]):
        return None
    values = [
        _literal(literal) if written is None else written
        for written, literal in zip(parts[2::4], parts[3::4], strict=True)
    ]
    if not _NOT_DISCLOSED.isdisjoint(parts[1::4]):
        return None
    # 32 bytes and a zero are 44 characters, of which the last is that of six zero bits.
    spelled = base64url(b"\0".join([sha256(each).digest() for each in disclosures]) + b"\0").decode("ascii")
    digests = [spelled[at : at + 43] for at in range(0, len(spelled), 44)]
    return dict(zip(digests, zip(parts[1::4], values, strict=True), strict=True))


def _literal(written: str) -> int:
    found = _LITERALS.get(written)
    return int(written) if found is None else found
