# SPDX-License-Identifier: Apache-2.0
"""From an identifier to its keys: did:key, did:jwk, did:web, https controller documents and key sets.

Nothing is fetched here. did:key and did:jwk carry their key, so ``document_for`` computes their document;
for did:web ``did_web_url`` says where it lies, and whoever may touch the network brings the bytes to
``DidDocument.read``. A did:webvh has a history, which needs signatures to be read: ``cairn.webvh``.

Reading is tolerant of what a document may also contain (other methods, other relationships, unknown members)
and strict about what it means: whose document it is, which keys are named, and for what.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from cairn.canonical import parse_json
from cairn.credential import format_datetime, parse_datetime
from cairn.errors import CairnError, MalformedError, UnavailableError, UnsupportedError
from cairn.keys import Algorithm, PublicKey, base64url_decode, base64url_encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

MAX_KEYS: Final = 64
_MAX_DID: Final = 2048

OWN_KEYS: Final = ("did:key:", "did:jwk:")
"""How identifiers begin that are keys themselves: there is no address to ask for their document."""

RELATIONSHIPS: Final = (
    "assertionMethod",
    "authentication",
    "capabilityInvocation",
    "capabilityDelegation",
    "keyAgreement",
)
"""Verification relationships (Controlled Identifiers 1.0 §2.3)."""


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """One key of a document, and from when on it no longer counts (Controlled Identifiers 1.0 §2.2)."""

    id: str
    controller: str
    public_key: PublicKey
    revoked: datetime | None = None
    expires: datetime | None = None
    since: datetime | None = None
    """Since when a history of the document, if it has one, lists the key."""
    retired: datetime | None = None
    """When such a history stopped listing it."""


@dataclass(frozen=True, slots=True)
class DidDocument:
    """The keys of one identifier and what each may be used for."""

    id: str
    methods: tuple[VerificationMethod, ...]
    _relationships: Mapping[str, frozenset[str]]
    _unreadable: Mapping[str, CairnError]

    @classmethod
    def read(cls, document: Mapping[str, Any], *, expected_id: str) -> DidDocument:
        """Read a DID document or controller document that must be ``expected_id``'s own (B97).

        A key of a kind that we do not know makes only that key unusable. A document that belongs to somebody
        else, names a method or a key twice, or has more than 64 keys is refused as a whole.
        """
        if document.get("id") != expected_id:
            raise MalformedError("did-document-id", f"the document found is not that of {expected_id}")
        entries = _Entries(expected_id)
        for entry in _list(document, "verificationMethod"):
            entries.add(entry)
        relationships = {name: entries.listed(_list(document, name)) for name in RELATIONSHIPS}
        return cls(expected_id, tuple(entries.methods.values()), relationships, entries.unreadable)

    def method(self, method_id: str, relationship: str = "assertionMethod") -> VerificationMethod | None:
        """The method of this id if the document lists it for this use, else ``None``.

        Raises what is wrong with it if the method is listed but its key cannot be read: a key of an unknown
        kind is ``UnsupportedError``, a broken or weak one ``MalformedError``.
        """
        if method_id not in self._relationships.get(relationship, ()):
            return None
        if method_id in self._unreadable:
            raise self._unreadable[method_id]
        return next((method for method in self.methods if method.id == method_id), None)

    def lists(self, method_id: str, relationship: str = "assertionMethod") -> bool:
        """Whether the document names this method for this use, its own or one that is described elsewhere."""
        return method_id in self._relationships.get(relationship, ())

    @property
    def defects(self) -> Mapping[str, CairnError]:
        """What is wrong with each method whose key cannot be used."""
        return self._unreadable

    def defect(self, method_id: str) -> CairnError | None:
        """What is wrong with one method; None when nothing is."""
        return self._unreadable.get(method_id)

    @classmethod
    def of_key_set(cls, controller: str, key_set: Mapping[str, Any]) -> DidDocument:
        """A JWKS (RFC 7517 §5), read as if its keys stood in the controller's document, for assertions.

        ``kid`` names a key; without one its thumbprint does (RFC 7638), so that no header can hit upon it by
        counting. A ``kid`` that stands for several keys names none of them (B44), and leaves the others be.
        """
        entries = [key for key in _list(key_set, "keys") if isinstance(key, dict)]
        if len(entries) > MAX_KEYS:
            raise MalformedError("limit-keys", f"the key set has more than {MAX_KEYS} keys")
        methods: dict[str, VerificationMethod] = {}
        unreadable: dict[str, CairnError] = {}
        for entry in entries:
            kid = entry.get("kid")
            try:
                key = PublicKey.from_jwk(entry)
                name = key.thumbprint() if kid is None else kid
            except CairnError as error:
                if isinstance(kid, str):
                    unreadable[f"{controller}#{kid}"] = error
                continue
            if not isinstance(name, str) or not name:
                continue
            method_id = f"{controller}#{name}"
            known = methods.setdefault(method_id, VerificationMethod(method_id, controller, key))
            if known.public_key != key:
                unreadable[method_id] = MalformedError("key-ambiguous", "Two keys are published as this one.")
        for method_id in unreadable:
            methods.pop(method_id, None)
        named = frozenset(methods) | frozenset(unreadable)
        return cls(controller, tuple(methods.values()), {"assertionMethod": named}, unreadable)


def read_key_document(document: Mapping[str, Any], *, url: str, controller: str) -> VerificationMethod:
    """The one key that a web address answers with: a JWK (OB 3.0 §8.2.2) or a verification method.

    A bare JWK says nothing about its owner and a method says so only of itself, so whether it is the
    controller's key is for the controller's own documents to tell.
    """
    if "keys" in document:
        raise MalformedError("key-set", "The address of the key answers with a set of keys instead of one.")
    if "kty" in document:
        kid = document.get("kid", url)
        if isinstance(kid, str) and ":" in kid and kid != url:
            raise MalformedError("key-other", "The address of the key answers with a key of another name.")
        return VerificationMethod(url, controller, PublicKey.from_jwk(document))
    if document.get("id") != url:
        # A page about something else, as with a DID document (B97): no word about who signed.
        raise UnavailableError("issuer-document", "The address of the key answers with something else.")
    method = _read_method(url, document)
    if method.controller != controller:
        raise MalformedError("key-other", "The address of the key answers with a key of another issuer.")
    return method


class _Entries:
    """The verification methods of one document while it is being read."""

    def __init__(self, controller: str) -> None:
        self.controller = controller
        self.methods: dict[str, VerificationMethod] = {}
        self.unreadable: dict[str, CairnError] = {}
        self._seen: set[str] = set()
        self._keys: set[PublicKey] = set()

    def add(self, entry: object) -> str:
        """Take in one method and tell its id."""
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            raise MalformedError("did-method", "a verification method is an object with an 'id'")
        method_id = self._absolute(entry["id"])
        if method_id in self._seen:
            raise MalformedError("did-duplicate-method", f"the document has {method_id} twice")
        if len(self._seen) == MAX_KEYS:
            raise MalformedError("limit-keys", f"the document has more than {MAX_KEYS} keys")
        self._seen.add(method_id)
        # A document may mention another's methods, but it cannot say what their keys are.
        if method_id.startswith(f"{self.controller}#"):
            self._read(method_id, entry)
        return method_id

    def listed(self, entries: list[Any]) -> frozenset[str]:
        """The ids that a relationship lists, by name or by embedding the method itself."""
        if len(entries) > MAX_KEYS:
            raise MalformedError("limit-keys", f"the document lists more than {MAX_KEYS} keys")
        return frozenset(
            self._absolute(entry) if isinstance(entry, str) else self.add(entry) for entry in entries
        )

    def _absolute(self, method_id: str) -> str:
        # DID core lets a document name its own methods by fragment alone.
        return self.controller + method_id if method_id.startswith("#") else method_id

    def _read(self, method_id: str, entry: Mapping[str, Any]) -> None:
        try:
            method = _read_method(method_id, entry)
        except CairnError as error:
            self.unreadable[method_id] = error
            return
        # Under two ids a key could be revoked under one of them and go on living under the other.
        if method.public_key in self._keys:
            raise MalformedError("did-duplicate-key", f"the key of {method_id} is in the document twice")
        self._keys.add(method.public_key)
        self.methods[method_id] = method


# Members of the secret half (Controlled Identifiers 1.0 §2.2) and their older names.
_SECRET_MEMBERS: Final = frozenset(
    {"secretKeyMultibase", "secretKeyJwk", "privateKeyMultibase", "privateKeyJwk", "privateKeyBase58"}
)


def _read_method(method_id: str, entry: Mapping[str, Any]) -> VerificationMethod:
    if _SECRET_MEMBERS & entry.keys():
        raise MalformedError("key-private", f"{method_id} has its private key beside it")
    controller = entry.get("controller")
    if not isinstance(controller, str):
        raise MalformedError("did-method", f"{method_id} names no 'controller'")
    return VerificationMethod(
        method_id, controller, _read_key(entry), _moment(entry, "revoked"), _moment(entry, "expires")
    )


def _read_key(entry: Mapping[str, Any]) -> PublicKey:
    multibase, jwk = entry.get("publicKeyMultibase"), entry.get("publicKeyJwk")
    match entry.get("type"):
        case "Multikey" if isinstance(multibase, str) and jwk is None:
            return PublicKey.from_multikey(multibase)
        case "JsonWebKey" | "JsonWebKey2020" if isinstance(jwk, dict) and multibase is None:
            return PublicKey.from_jwk(jwk)
        case "Ed25519VerificationKey2020" if isinstance(multibase, str) and jwk is None:
            key = PublicKey.from_multikey(multibase)
            if key.algorithm is not Algorithm.ED25519:
                raise MalformedError("key-type", "an Ed25519VerificationKey2020 has an Ed25519 key")
            return key
        case "Multikey" | "JsonWebKey" | "JsonWebKey2020" | "Ed25519VerificationKey2020":
            raise MalformedError("did-method", "a verification method has one key, in the member of its type")
        case _:
            raise UnsupportedError("key-type", "verification methods of this type are not known here")


def _moment(entry: Mapping[str, Any], member: str) -> datetime | None:
    if member not in entry:
        return None
    if not isinstance(entry[member], str):
        raise MalformedError("did-method", f"{member!r} of a verification method is a date and time")
    return parse_datetime(entry[member])


def _list(document: Mapping[str, Any], member: str) -> list[Any]:
    value = document.get(member, [])
    if not isinstance(value, list):
        raise MalformedError("did-document", f"{member!r} of a DID document is a list")
    return value


def did_key(public_key: PublicKey) -> str:
    """The did:key of this key (did:key method §2)."""
    return f"did:key:{public_key.multikey()}"


def did_jwk(public_key: PublicKey) -> str:
    """The did:jwk of this key (did:jwk method): the public JWK as JSON in base64url."""
    jwk = json.dumps(public_key.jwk(), separators=(",", ":")).encode("ascii")
    return f"did:jwk:{base64url_encode(jwk)}"


@lru_cache(maxsize=256)  # an issuer's key is looked up for each of its badges
def document_for(did: str) -> DidDocument:
    """The document of a did:key or did:jwk, which nobody has to be asked for."""
    if len(did) > _MAX_DID:
        raise MalformedError("limit-did", f"a DID of {len(did):,} characters is too long")
    scheme, _, specific = did.rpartition(":")
    match scheme:
        case "did:key":
            method_id, key = f"{did}#{specific}", PublicKey.from_multikey(specific)
        case "did:jwk":
            method_id, key = f"{did}#0", PublicKey.from_jwk(parse_json(base64url_decode(specific)))
        case _:
            raise UnsupportedError("did-method-unknown", "only did:key and did:jwk carry their own document")
    uses = frozenset({method_id})
    relationships = {name: uses for name in RELATIONSHIPS if name != "keyAgreement"}
    return DidDocument(did, (VerificationMethod(method_id, did, key),), relationships, {})


# Host names in lower case, so that one issuer has one spelling. The last label begins with a letter: that
# leaves out every text that some resolver takes for an IPv4 address (127.1, 0x7f.1, 2130706433; B89); did:web
# does not allow addresses at all. Internationalised names have look-alikes and are left out (B93).
HOST_LABEL: Final = r"(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = rf"(?=[^%:]{{1,253}}(?:[%:]|$))(?:{HOST_LABEL}\.)*(?=[a-z]){HOST_LABEL}"
_PORT: Final = r"[1-9][0-9]{0,4}"
_SEGMENT: Final = r"(?!\.{1,2}(?::|$))(?:[A-Za-z0-9._-]|%[0-9A-F]{2})+"
_DID_WEB = re.compile(rf"did:web:({_HOST})(?:%3A({_PORT}))?((?::{_SEGMENT})*)", re.ASCII)
_PERCENT = re.compile(r"%([0-9A-F]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


@lru_cache(maxsize=256)
def did_web_url(did: str) -> str:
    """The https URL of a did:web's document (did:web method §3.2); nothing hostile gets this far (B89, B93).

    Not a well-known insertion like those of OAuth (N17): only a DID without a path uses ``.well-known``, one
    with a path has its document below that path.
    """
    if len(did) > _MAX_DID:
        raise MalformedError("limit-did", f"a DID of {len(did):,} characters is too long")
    match = _DID_WEB.fullmatch(did)
    if match is None or int(match[2] or 0) > 65535:
        raise MalformedError("did-web", f"{did[:100]!r} is not a did:web with a host name, port and path")
    for escape in _PERCENT.finditer(match[3]):
        octet = int(escape[1], 16)
        # What needs no escape would give one document two names; what shapes a URL would change its meaning.
        if octet <= 0x20 or octet == 0x7F or chr(octet) in "/\\?#%:" or _UNRESERVED.fullmatch(chr(octet)):
            raise MalformedError("did-web", f"the path of a did:web does not contain {escape[0]}")
    host = match[1] if match[2] is None else f"{match[1]}:{match[2]}"
    path = match[3].replace(":", "/") or "/.well-known"
    return f"https://{host}{path}/did.json"


_DID_WEBVH = re.compile(r"did:webvh:[1-9A-HJ-NP-Za-km-z]{46}:(.+)", re.ASCII)


def did_webvh_urls(did: str) -> tuple[str, str]:
    """Where the log of a did:webvh is and, beside it, what its witnesses have signed (did:webvh 1.0).

    Behind the hash it is a did:web, with other files at its address.
    """
    match = _DID_WEBVH.fullmatch(did)
    if match is None:
        raise MalformedError("did-webvh", f"{did[:100]!r} is not a did:webvh with a hash and a host name")
    folder = did_web_url(f"did:web:{match[1]}").removesuffix("did.json")
    return f"{folder}did.jsonl", f"{folder}did-witness.json"


def build_document(
    did: str,
    keys: Iterable[tuple[str, PublicKey, datetime | None]],
    *,
    also_known_as: Sequence[str] = (),
) -> dict[str, Any]:
    """Our own did.json: every key the issuer ever signed with, as (fragment, key, revoked at).

    A retired key stays under ``verificationMethod`` and ``assertionMethod``, or everything it signed would
    stop verifying (S13); only a compromised one gets ``revoked``. The entries of ``assertionMethod`` are
    strings, because the official validator of 1EdTech does not look inside embedded methods.
    """
    methods = []
    for fragment, key, revoked in keys:
        method = {
            "id": f"{did}#{fragment}",
            "type": "Multikey",
            "controller": did,
            "publicKeyMultibase": key.multikey(),
        }
        methods.append(method | ({"revoked": format_datetime(revoked)} if revoked else {}))
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        **({"alsoKnownAs": list(also_known_as)} if also_known_as else {}),
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }
