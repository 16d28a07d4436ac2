# SPDX-License-Identifier: Apache-2.0
"""did:key resolution as an HTTP resolver answers it, with the error codes of the did:key method.

A result has three parts, and an error stands in the metadata of both resolution and dereferencing, because
the same address answers for DIDs and for URLs of their methods.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from cairn.errors import CairnError, MalformedError
from cairn.keys import Algorithm, PublicKey

_RESOLUTION_CONTEXT: Final = "https://w3id.org/did-resolution/v1"
_DID_CONTEXT: Final = "https://www.w3.org/ns/did/v1"

# Formats of a key, with the context that defines each, and those that the method calls experimental.
_CONTEXTS: Final = {
    "Multikey": "https://w3id.org/security/multikey/v1",
    "JsonWebKey2020": "https://w3id.org/security/suites/jws-2020/v1",
    "Ed25519VerificationKey2020": "https://w3id.org/security/suites/ed25519-2020/v1",
}
_NOT_FOR_SIGNATURES: Final = frozenset(
    {
        "X25519KeyAgreementKey2020",
        "Ed25519VerificationKey2018",
        "X25519KeyAgreementKey2019",
        "EcdsaSecp256r1VerificationKey2019",
        "JsonWebKey",
    }
)

# did:key §2: an optional version, a positive number, before the key.
_DID = re.compile(r"did:key:(?:([^:]*):)?([^:]*)")
_OTHER_METHOD = re.compile(r"did:[a-z0-9]+:.", re.ASCII)
_VERSION = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
# DID Core §3.2, as far as a URL of ours can be one.
_URL = re.compile(
    r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*(?:\?[^#\s^`]*)?(?:#[^\s^`#]*)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the resolver answers, and the code of what is wrong; None when nothing is."""

    body: dict[str, Any]
    error: str | None = None


def resolve(url: str, *, key_format: str = "Multikey", experimental: bool = False) -> Resolution:
    """The document of a did:key, or the one method that a URL names in it."""
    did, mark, fragment = url.partition("#")
    if not did.startswith("did:"):
        return _refused("invalidDid")
    if (mark or "/" in did or "?" in did) and _URL.fullmatch(url) is None:
        return _refused("invalidDidUrl")
    did = re.split(r"[/?]", did)[0]
    if _OTHER_METHOD.match(did) and not did.startswith("did:key:"):
        return _refused("methodNotSupported")
    problem = _problem_with_format(key_format, experimental)
    match = _DID.fullmatch(did)
    if (
        match is None
        or not (match[1] is None or _VERSION.fullmatch(match[1]))
        or not match[2].startswith("z")
    ):
        return _refused("invalidDid")
    if problem is not None:
        return _refused(problem)
    try:
        key = PublicKey.from_multikey(match[2])
        method = _method(did, match[2], key, key_format)
    except CairnError as error:
        return _refused(_code(error))
    if not mark:
        return _answered(_document(did, method, key_format))
    return _answered(method) if fragment == match[2] else _refused("notFound")


def _problem_with_format(key_format: str, experimental: bool) -> str | None:
    if key_format in _CONTEXTS:
        return None
    if key_format in _NOT_FOR_SIGNATURES and not experimental:
        return "invalidPublicKeyType"
    return "unsupportedPublicKeyType"


def _method(did: str, name: str, key: PublicKey, key_format: str) -> dict[str, Any]:
    method: dict[str, Any] = {"id": f"{did}#{name}", "type": key_format, "controller": did}
    if key_format == "JsonWebKey2020":
        return {**method, "publicKeyJwk": key.jwk()}
    if key_format == "Ed25519VerificationKey2020" and key.algorithm is not Algorithm.ED25519:
        raise MalformedError("key-type", "an Ed25519VerificationKey2020 has an Ed25519 key")
    return {**method, "publicKeyMultibase": name}


def _document(did: str, method: dict[str, Any], key_format: str) -> dict[str, Any]:
    uses = ("authentication", "assertionMethod", "capabilityDelegation", "capabilityInvocation")
    return {
        "@context": [_DID_CONTEXT, _CONTEXTS[key_format]],
        "id": did,
        "verificationMethod": [method],
        **{use: [method["id"]] for use in uses},
    }


def _code(error: CairnError) -> str:
    if error.code == "key-length":
        return "invalidPublicKeyLength"
    if error.code == "key-type":
        return "invalidPublicKeyType"
    return "invalidDid" if error.code.startswith(("base58", "limit-")) else "invalidPublicKey"


def _answered(document: dict[str, Any]) -> Resolution:
    return Resolution(_body(document, {"contentType": "application/did+ld+json"}))


def _refused(code: str) -> Resolution:
    return Resolution(_body({}, {"error": code}), code)


def _body(document: dict[str, Any], metadata: dict[str, str]) -> dict[str, Any]:
    return {
        "@context": _RESOLUTION_CONTEXT,
        "didDocument": document,
        "didDocumentMetadata": {},
        "didResolutionMetadata": metadata,
        "didDereferencingMetadata": metadata,
    }
