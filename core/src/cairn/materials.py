# SPDX-License-Identifier: Apache-2.0
"""The first two steps: ``read`` parses and believes nothing, ``gather`` is the only one to touch the world.

What comes back is everything that a judgement may lean on. It can be kept and judged again, offline, years
later, with the same result.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from cairn import baking
from cairn.canonical import jcs, parse_json, to_json
from cairn.credential import format_datetime, issuer_id, parse_datetime
from cairn.credential.address import is_web
from cairn.did import did_web_url
from cairn.errors import CairnError, MalformedError, UnavailableError, UnsupportedError
from cairn.proof import jose
from cairn.status import has_suspension_twin, suspension_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# One upload may make us ask for this much and no more (B83, B99).
MAX_FETCHES = 8
MAX_STATUS_ENTRIES = 4
MAX_DOCUMENT = 256 * 1024
MAX_STATUS_LIST = 4 * 1024 * 1024
MAX_CREDENTIAL = 4 * 1024 * 1024  # images inside credentials make them large

ACCEPT_DOCUMENT = "application/did+json, application/did+ld+json;q=0.9, application/json;q=0.8"
ACCEPT_KEYS = "application/jwk-set+json, application/json;q=0.9"
ACCEPT_LIST = "application/vc, application/vc+jwt;q=0.9, application/json;q=0.8"

# Formats as a log leaf names them: the closed list of the transparency log.
EMBEDDED = "vc+ld+json"
TOKEN = "vc+jwt"  # noqa: S105 - a media type
SD_JWT = "vc+sd-jwt"

_SD_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+~[A-Za-z0-9_~.-]*")
_JWE = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){4}")


@dataclass(frozen=True, slots=True)
class Unverified:
    """A credential as somebody sent it. Nothing in here may be shown: show what a ``Report`` returns."""

    carrier: str  # "json", "jwt", "png" or "svg"
    format: str
    unverified_document: Mapping[str, Any]
    token: str | None
    # SHA-256 of the secured bytes: the JCS form of the signed JSON, or the ASCII token.
    sha256: str
    size: int
    unverified_bytes: bytes = field(repr=False)

    @property
    def unverified_claims(self) -> Mapping[str, Any]:
        """The registered claims beside a credential in a token; empty for any other format."""
        return jose.split(self.token).claims if self.token is not None and self.format == TOKEN else {}


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why a resource could not be had."""

    code: str
    message: str


class Sources(Protocol):
    """Where the world is asked. ``fetch`` returns the body or raises ``UnavailableError``, nothing else."""

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Materials:
    """Everything a judgement leans on: the credential, and what its addresses answered at one time."""

    credential: Unverified
    resources: Mapping[str, bytes | Unavailable]
    gathered_at: datetime

    def resource(self, url: str) -> bytes:
        """What the address answered; ``UnavailableError`` with the recorded reason otherwise."""
        found = self.resources.get(url)
        if found is None:
            raise UnavailableError("not-gathered", "It was not asked for when the materials were gathered.")
        if isinstance(found, Unavailable):
            raise UnavailableError(found.code, found.message)
        return found

    def about(self, credential: Unverified) -> Materials:
        """The same world, for judging another credential that was found in it."""
        return Materials(credential, self.resources, self.gathered_at)

    def to_json(self) -> bytes:
        """Everything, as one JSON document that ``from_json`` reads back."""
        return to_json(
            {
                "type": "CairnMaterials",
                "version": 1,
                "gatheredAt": format_datetime(self.gathered_at),
                "carrier": self.credential.carrier,
                "size": self.credential.size,
                "credential": b64encode(self.credential.unverified_bytes).decode("ascii"),
                "resources": {url: _write_resource(found) for url, found in sorted(self.resources.items())},
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Materials:
        """Read kept materials; ``MalformedError`` when they are something else."""
        kept = parse_json(data)
        if kept.get("type") != "CairnMaterials" or kept.get("version") != 1:
            raise MalformedError("materials", "This is not a file of gathered materials.")
        try:
            credential = _open(b64decode(kept["credential"], validate=True), kept["carrier"], kept["size"])
            resources = {url: _read_resource(found) for url, found in kept["resources"].items()}
            return cls(credential, MappingProxyType(resources), parse_datetime(kept["gatheredAt"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MalformedError("materials", "The file of gathered materials is damaged.") from error


def read(data: bytes) -> Unverified:
    """Take a credential out of what somebody sent: JSON, a compact token, a PNG or an SVG.

    ``MalformedError`` when it is none of them, ``UnsupportedError`` when it is something that we know by
    name and do not read. An SD-JWT is returned as what it is; no check will pass it.
    """
    picture = baking.kind(data)
    if picture is None:
        return _open(data, None, len(data))
    return _open(baking.unbake(data), picture, len(data))


def gather(credential: Unverified, sources: Sources, *, at: datetime) -> Materials:
    """Ask for what judging needs: the issuer's keys, the status lists, and the twin of a marked list.

    An address that does not answer is recorded and never raised: not being able to look is an outcome. A
    list by another issuer is not followed to its keys, because such a list decides nothing (S11).
    """
    asked = _Errand(sources)
    issuer = controller_url(issuer_id(credential.unverified_document))
    if issuer is not None:
        asked.get(issuer, accept=ACCEPT_DOCUMENT, limit=MAX_DOCUMENT)
    keys = key_set_url(credential)
    if keys is not None:
        asked.get(keys, accept=ACCEPT_KEYS, limit=MAX_DOCUMENT)
    for url in status_list_urls(credential.unverified_document):
        answer = asked.get(url, accept=ACCEPT_LIST, limit=MAX_STATUS_LIST)
        if isinstance(answer, bytes) and _announces_twin(answer):
            asked.get(suspension_url(url), accept=ACCEPT_LIST, limit=MAX_STATUS_LIST)
    return Materials(credential, MappingProxyType(asked.answers), at)


def controller_url(identifier: str | None) -> str | None:
    """Where the document with somebody's keys is; None for did:key, did:jwk and methods we do not know."""
    if identifier is None:
        return None
    if is_web(identifier):
        return identifier.partition("#")[0]
    if not identifier.startswith("did:web:"):
        return None
    try:
        return did_web_url(identifier)
    except CairnError:
        return None


def key_set_url(credential: Unverified) -> str | None:
    """Where issuers of Open Badges tokens publish their keys by practice: a JWKS at their own origin (S5).

    Only the issuer's address decides; nothing in the token's header leads anywhere (B44, B45).
    """
    issuer = issuer_id(credential.unverified_document)
    if credential.format != TOKEN or not is_web(issuer):
        return None
    address = urlsplit(str(issuer))
    return f"{address.scheme}://{address.netloc}/.well-known/jwks.json"


def status_list_urls(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The different lists that the credential points to; none at all when it points to too many (B83)."""
    entries = document.get("credentialStatus", [])
    urls = [
        entry["statusListCredential"]
        for entry in (entries if isinstance(entries, list) else [entries])
        if isinstance(entry, dict) and is_web(entry.get("statusListCredential"))
    ]
    different = tuple(dict.fromkeys(urls))
    return different if len(different) <= MAX_STATUS_ENTRIES else ()


class _Errand:
    """Asks each address once and stops at the budget (B99)."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.answers: dict[str, bytes | Unavailable] = {}

    def get(self, url: str, *, accept: str, limit: int) -> bytes | Unavailable:
        if url not in self.answers:
            self.answers[url] = self._ask(url, accept, limit)
        return self.answers[url]

    def _ask(self, url: str, accept: str, limit: int) -> bytes | Unavailable:
        if len(self.answers) >= MAX_FETCHES:
            return Unavailable("limit-fetches", "The credential makes us look in too many places.")
        try:
            answer = self._sources.fetch(url, accept=accept, limit=limit)
        except CairnError as error:
            return Unavailable(error.code, error.message)
        except OSError:
            # Sources written by others may let the operating system's errors through; their text could
            # tell a stranger about our network (B98).
            return Unavailable("unreachable", "The address could not be reached.")
        if len(answer) > limit:
            return Unavailable("limit-size", "The address answered with more than we read.")
        return answer


def _announces_twin(answer: bytes) -> bool:
    # Believed only for deciding what to ask next; the judgement reads the mark again under the signature.
    try:
        return has_suspension_twin(read(answer).unverified_document)
    except CairnError:
        return False


def _open(data: bytes, carrier: str | None, size: int) -> Unverified:
    """Read the credential's own bytes, as JSON when they begin like it, else as a token."""
    if len(data) > MAX_CREDENTIAL:
        raise MalformedError("limit-size", "This is too large to be a credential.")
    if data[:1] != b"{":
        return _open_token(data, carrier or "jwt", size)
    document = parse_json(data)
    if "payload" in document and ("signatures" in document or "signature" in document):
        raise UnsupportedError("json-serialization", "This is a JWS in JSON form; we read compact tokens.")
    enveloped = _enveloped_token(document)
    if enveloped is not None:
        return _open_token(enveloped.encode("ascii"), carrier or "json", size)
    return Unverified(
        carrier=carrier or "json",
        format=EMBEDDED,
        unverified_document=document,
        token=None,
        sha256=sha256(jcs(document)).hexdigest(),
        size=size,
        unverified_bytes=data,
    )


def _open_token(data: bytes, carrier: str, size: int) -> Unverified:
    # White space around a pasted token belongs to the paste, not to the token; inside it nothing is forgiven.
    try:
        text = data.strip(b" \t\r\n").decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedError("not-a-credential", "This is not a credential that we can read.") from error
    kind = TOKEN
    if _SD_JWT.fullmatch(text):
        kind, issued = SD_JWT, text.partition("~")[0]
        document: Mapping[str, Any] = jose.split(issued).document
    elif jose.looks_like_token(text):
        document = jose.split(text).document
    elif _JWE.fullmatch(text):
        raise UnsupportedError("encrypted-token", "The token is encrypted; we only read signed ones.")
    else:
        raise MalformedError("not-a-credential", "This is not a credential that we can read.")
    secured = text.partition("~")[0].encode("ascii")
    return Unverified(
        carrier=carrier,
        format=kind,
        unverified_document=dict(document),
        token=text,
        sha256=sha256(secured).hexdigest(),
        size=size,
        unverified_bytes=text.encode("ascii"),
    )


def _enveloped_token(document: Mapping[str, Any]) -> str | None:
    """The token inside an EnvelopedVerifiableCredential (VCDM 2.0 §4.13), None for any other document."""
    kinds = document.get("type")
    if "EnvelopedVerifiableCredential" not in (kinds if isinstance(kinds, list) else [kinds]):
        return None
    media_type, comma, token = str(document.get("id")).partition(",")
    if media_type == "data:application/vc+jwt" and comma and jose.looks_like_token(token):
        return token
    # A media type that lies about its content is not guessed at (B74).
    if media_type.startswith("data:application/vc+") and not jose.looks_like_token(token):
        raise UnsupportedError("envelope", "The envelope holds a credential of a kind that we do not read.")
    raise MalformedError("envelope", "The envelope does not hold what it says.")


def _write_resource(found: bytes | Unavailable) -> dict[str, str]:
    if isinstance(found, Unavailable):
        return {"code": found.code, "message": found.message}
    return {"body": b64encode(found).decode("ascii")}


def _read_resource(kept: Mapping[str, str]) -> bytes | Unavailable:
    if "body" in kept:
        return b64decode(kept["body"], validate=True)
    return Unavailable(kept["code"], kept["message"])
