# SPDX-License-Identifier: Apache-2.0
"""What a document must look like before anybody signs it, and before anybody asks about its signature.

The rules are those of the product (``cairn.credential``); added is what the W3C suites send to issuers:
envelopes as objects of their own, digests of related resources, and terms that no context defines.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from hashlib import new as new_hash
from typing import TYPE_CHECKING, Any, Final

from cairn.canonical import CONFORMANCE, context_problems
from cairn.canonical.json_ld import to_quads
from cairn.canonical.published import PUBLISHED
from cairn.checks import Finding
from cairn.checks.finding import undecided, without_proof
from cairn.credential import kind_of, structure_problems
from cairn.credential.shapes import Problem, as_list, join, types_of
from cairn.credential.structure import has_rules
from cairn.errors import CairnError, MalformedError
from cairn.keys import multibase_decode
from cairn.proof import Answer, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.conformance.policy import Policy

ENVELOPED_CREDENTIAL: Final = "EnvelopedVerifiableCredential"
ENVELOPED_PRESENTATION: Final = "EnvelopedVerifiablePresentation"

BASE_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"

# Media types of what an envelope may hold (VC-JOSE-COSE §6), by what it says it is; the last is of a draft.
_HELD: Final = {
    ENVELOPED_CREDENTIAL: ("vc+jwt", "vc+sd-jwt", "vc+cose", "jwt", "vc-ld+jwt"),
    ENVELOPED_PRESENTATION: ("vp+jwt", "vp+sd-jwt", "vp+cose", "jwt", "vp-ld+jwt"),
}
_DATA_URL = re.compile(r"data:application/([a-z+-]+)(?:;[a-z0-9=-]+)*,(\S+)", re.ASCII | re.IGNORECASE)

_SRI = re.compile(r"(sha256|sha384|sha512)-(\S+)", re.ASCII)
# Multihash codes, with their length, of the functions that Subresource Integrity knows too.
_MULTIHASH: Final = {b"\x12\x20": "sha256", b"\x20\x30": "sha384", b"\x13\x40": "sha512"}
_LENGTHS: Final = {32: "sha256", 48: "sha384", 64: "sha512"}

# What W3C's own example of ``digestMultibase`` says of the base context, of no text that we have seen (N2).
_EXAMPLE: Final = (BASE_CONTEXT, "sha256-t6zW6xZxYKZbu6iUhba4DQKNDyJFXXh4ZplK0kvvdXM=")


def credential_findings(document: Mapping[str, Any], *, policy: Policy) -> tuple[Finding, ...]:
    """Every rule that an embedded credential or a presentation breaks, as findings of ``structure``."""
    bare = without_proof(document)
    kind = kind_of(bare)
    problems = [*structure_problems(bare), *related_resources(bare)]
    if problems:
        told = "; ".join(f"{problem.path}: {problem.message}" for problem in problems[:5])
        details = {"kind": kind, "fields": ", ".join(problem.path for problem in problems)}
        return (_broken("structure", f"It breaks the rules. {told}", details),)
    if not has_rules(bare):
        return (undecided("structure", "unsupported-kind", f"This is a {kind}, which we cannot check yet."),)
    unknown = context_problems(bare, contexts=policy.contexts)
    if unknown:
        message = "It uses words whose meaning we do not know."
        return (undecided("structure", "unknown-context", message, contexts=", ".join(unknown)),)
    try:
        to_quads(bare, contexts=policy.contexts)
    except CairnError as error:
        return (Finding("structure", Answer.of(error).outcome, error.code, error.message),)
    return (Finding("structure", Outcome.PASSED, "ok", "It has all the required fields.", {"kind": kind}),)


def is_envelope(document: Mapping[str, Any]) -> bool:
    """Whether it says that it holds a credential or presentation as a token (VCDM 2.0 §4.13.1, §4.13.2)."""
    return not {ENVELOPED_CREDENTIAL, ENVELOPED_PRESENTATION}.isdisjoint(types_of(document))


def envelope_finding(document: Mapping[str, Any], kind: str) -> Finding:
    """Whether an envelope of this kind is written as it must be; what it holds is not looked at."""
    problems: list[str] = []
    if BASE_CONTEXT not in as_list(document.get("@context")):
        problems.append("@context: should include the base context")
    if as_list(document.get("type")) != [kind]:
        problems.append(f"type: should be {kind}")
    if held(document) is None or held_kind(document) not in _HELD[kind]:
        problems.append("id: should be a data: URL with a token of a kind that we know")
    if document.keys() - {"@context", "type", "id"}:
        problems.append("an envelope has nothing beside its context, type and id")
    if problems:
        return _broken("envelope", f"The envelope breaks the rules. {'; '.join(problems)}")
    return Finding("structure", Outcome.PASSED, "ok", "It is an envelope as it should be.")


def held_kind(document: Mapping[str, Any]) -> str | None:
    """The media type, without ``application/``, of what an envelope says it holds."""
    match = _DATA_URL.fullmatch(str(document.get("id")))
    return None if match is None else match[1].lower()


def held(document: Mapping[str, Any]) -> str | None:
    """The text of what an envelope holds."""
    match = _DATA_URL.fullmatch(str(document.get("id")))
    return None if match is None else match[2]


def held_prefix(document: Mapping[str, Any]) -> str | None:
    """The media type of an envelope's content, whatever the content looks like; None for another ``id``."""
    media_type = re.match(r"data:application/([a-z+-]+)[;,]", str(document.get("id")), re.ASCII)
    known = _HELD[ENVELOPED_CREDENTIAL] + _HELD[ENVELOPED_PRESENTATION]
    return media_type[1] if media_type and media_type[1] in known else None


def related_resources(document: Mapping[str, Any]) -> list[Problem]:
    """Digests that cannot be digests, and those that contradict a text that we know (VCDM 2.0 §5.3)."""
    problems: list[Problem] = []
    for index, each in enumerate(as_list(document.get("relatedResource", []))):
        if not isinstance(each, dict):
            continue  # the rules of structure have said so
        for name, read in (("digestSRI", _subresource_digest), ("digestMultibase", _multibase_digest)):
            if not isinstance(each.get(name), str):
                continue
            path = join(join("relatedResource", index), name)
            try:
                function, digest = read(each[name])
            except MalformedError:
                problems.append(Problem(path, "digest", "should be a digest"))
                continue
            if not _fits(str(each.get("id")), function, digest):
                problems.append(Problem(path, "digest", "is not the digest of that resource"))
    return problems


def _fits(url: str, function: str, digest: bytes) -> bool:
    """Whether the digest is of a text published at this URL; of other URLs we have nothing to compare."""
    context = CONFORMANCE.get(url)
    if context is None:
        return True
    told = f"{function}-{b64encode(digest).decode()}"
    if told in PUBLISHED.get(url, ()) or (url, told) == _EXAMPLE:
        return True
    return digest == new_hash(function, context.text()).digest()


def _subresource_digest(text: str) -> tuple[str, bytes]:
    """``sha384-`` and base64 (SRI 2.0 §3.1), before which W3C's own examples have a multibase ``M``."""
    match = _SRI.fullmatch(text)
    if match is None:
        raise MalformedError("structure", "not a digest")
    function, encoded = match[1], match[2].rstrip("=")
    length = new_hash(function).digest_size
    for candidate in (encoded, encoded.removeprefix("M")):
        try:
            digest = b64decode(candidate + "=" * (-len(candidate) % 4), validate=True)
        except NotBase64:
            continue
        if len(digest) == length:
            return function, digest
    raise MalformedError("structure", "not a digest")


def _multibase_digest(text: str) -> tuple[str, bytes]:
    """A multihash (Controlled Identifiers §2.5), or, as some write it, the bytes of the digest alone."""
    octets = multibase_decode(text)
    function = _MULTIHASH.get(octets[:2])
    if function is not None and len(octets) - 2 == new_hash(function).digest_size:
        return function, octets[2:]
    if octets[:1] == b"\x12" and len(octets) == 33:
        return "sha256", octets[1:]
    if len(octets) in _LENGTHS:
        return _LENGTHS[len(octets)], octets
    raise MalformedError("structure", "not a digest")


def _broken(code: str, message: str, details: Mapping[str, str] | None = None) -> Finding:
    return Finding("structure", Outcome.FAILED, code, message, details or {})
