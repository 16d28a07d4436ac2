# SPDX-License-Identifier: Apache-2.0
"""The rules that a document must obey to be what it says it is.

Verifiable Credentials Data Model 2.0 §4 (and 1.1 for old badges), Open Badges 3.0, Bitstring Status List.
Every broken rule is a ``Problem`` that names the place, the rule and the reason, so that an issuer can mend
it and a page can list it. The same rules run before we sign.

Some rules are stricter than the texts, because the RDF signature does not see everything that a reader
sees: null vanishes, an aliased word is the same word, and two objects with one id are one (S16, B29–B32).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cairn.credential import open_badges
from cairn.credential.address import is_identifier
from cairn.credential.moment import parse_datetime
from cairn.credential.shapes import (
    Kind,
    Problem,
    Shape,
    absolute_url,
    as_list,
    decimal_index,
    identifier,
    join,
    many,
    moment,
    number,
    text,
    types_of,
    web_address,
)
from cairn.errors import MalformedError

_VC_2 = "https://www.w3.org/ns/credentials/v2"
_VC_1 = "https://www.w3.org/2018/credentials/v1"

BADGE = "Open Badges 3.0"
ENDORSEMENT = "Open Badges 3.0 endorsement"
STATUS_LIST = "Bitstring Status List"
CREDENTIAL_2 = "Verifiable Credential 2.0"
CREDENTIAL_1 = "Verifiable Credential 1.1"
_WITH_RULES = frozenset({BADGE, ENDORSEMENT, STATUS_LIST, CREDENTIAL_2, CREDENTIAL_1})

# Types that say what a document is, strongest first.
_KINDS = {
    "VerifiablePresentation": "Verifiable Presentation",
    "EnvelopedVerifiablePresentation": "Verifiable Presentation",
    "ClrCredential": "CLR 2.0",
    "BlockcertsCredential": "Blockcerts",
    "OpenBadgeCredential": BADGE,
    "AchievementCredential": BADGE,
    "EndorsementCredential": ENDORSEMENT,
    "BitstringStatusListCredential": STATUS_LIST,
}

# The official schemas: what they demand, the rules below demand (standards text §7).
_OFFICIAL_SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json"

# Where the types of these models live. A type written as such a URL is the same type to RDF and another
# one to everybody who reads the JSON (B32).
_TYPE_NAMESPACES = (
    "https://purl.imsglobal.org/spec/vc/",
    "https://www.w3.org/2018/credentials#",
    "https://www.w3.org/ns/credentials",
    "https://w3id.org/security#",
)

# JSON-LD keywords that may stand in a document beside "@context": those of a language value object (B29).
_VALUE_KEYWORDS = frozenset({"@value", "@language", "@direction"})


def kind_of(document: Mapping[str, Any]) -> str:
    """What the document says it is, in words for people."""
    kinds = types_of(document)
    for name, kind in _KINDS.items():
        if name in kinds:
            return kind
    contexts = as_list(document.get("@context"))
    if contexts[:1] == [_VC_1]:
        return CREDENTIAL_1
    if contexts[:1] == [_VC_2] or "VerifiableCredential" in kinds:
        return CREDENTIAL_2
    if "https://w3id.org/openbadges/v2" in contexts or "Assertion" in kinds:
        return "Open Badges 2.0"
    if isinstance(document.get("badge"), str | dict):
        return "Open Badges 1"
    return "document of an unknown kind"


def has_rules(document: Mapping[str, Any]) -> bool:
    """Whether we know the rules for documents of this kind."""
    return kind_of(document) in _WITH_RULES


def issuer_id(document: Mapping[str, Any]) -> str | None:
    """The id of the issuer, which is a URL or an object with one; None when there is none to compare."""
    issuer = document.get("issuer")
    if isinstance(issuer, dict):
        issuer = issuer.get("id")
    return issuer if is_identifier(issuer) else None


def unknown_schemas(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Schemas the document names that our own rules do not stand for."""
    ids = [
        str(entry.get("id"))
        for entry in as_list(document.get("credentialSchema", []))
        if isinstance(entry, dict)
    ]
    return tuple(each for each in ids if not each.startswith(_OFFICIAL_SCHEMA))


def structure_problems(document: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Every rule that the document breaks; empty when it breaks none, or when it has no rules of ours."""
    kind = kind_of(document)
    if kind not in _WITH_RULES:
        return ()
    problems: list[Problem] = []
    old = as_list(document.get("@context"))[:1] == [_VC_1]
    _contexts(document, _VC_1 if old else _VC_2, problems)
    _types(document, problems)
    (_CREDENTIAL_1 if old else _CREDENTIAL_2)(dict(document), "", problems)
    _window(document, problems)
    _related_resources(document, problems)
    own = {BADGE: open_badges.BADGE, ENDORSEMENT: open_badges.ENDORSEMENT, STATUS_LIST: _LIST}.get(kind)
    if own is not None:
        own(dict(document), "", problems)
    if kind in (BADGE, ENDORSEMENT):
        _badge_context(document, problems)
    if kind == BADGE:
        _one_status(document, problems)
        _one_place(document, problems)
    _plain_keys(document, problems)
    _everywhere(document, problems)
    return tuple(dict.fromkeys(problems))


# --- Verifiable Credentials Data Model


def _contexts(document: Mapping[str, Any], first: str, problems: list[Problem]) -> None:
    """§4.3: an ordered list that begins with the base context (B27)."""
    contexts = document.get("@context")
    if not isinstance(contexts, list) or not contexts or contexts[0] != first:
        problems.append(Problem("@context", "context", f"should be a list that begins with {first}"))
        return
    for index, entry in enumerate(contexts):
        if not isinstance(entry, dict) and not is_identifier(entry):
            problems.append(Problem(join("@context", index), "context", "should be a URL or an object"))


def _types(document: Mapping[str, Any], problems: list[Problem]) -> None:
    """§4.5: includes VerifiableCredential; only strings, none of them an alias of a type we know."""
    entries = as_list(document.get("type"))
    if "VerifiableCredential" not in entries or not all(isinstance(entry, str) for entry in entries):
        problems.append(Problem("type", "type", "should be text and include VerifiableCredential"))


def _issuer(value: Any, path: str, problems: list[Problem]) -> None:
    """§4.7: a URL, or an object whose ``id`` is one."""
    if isinstance(value, dict):
        Shape(None, {"id": identifier}, {"name": _language_text, "description": _language_text})(
            value, path, problems
        )
    else:
        identifier(value, path, problems)


def _subjects(value: Any, path: str, problems: list[Problem]) -> None:
    """§4.8: one or more objects, none of them empty."""
    subjects = as_list(value)
    if not subjects:
        problems.append(Problem(path, "subject", "should not be empty"))
    for each in subjects:
        if not isinstance(each, dict) or not each:
            problems.append(Problem(path, "subject", "should be an object that says something"))


def _language_text(value: Any, path: str, problems: list[Problem]) -> None:
    """§11.1: text, or language value objects with nothing but value, language and direction."""
    for each in as_list(value):
        if isinstance(each, str):
            continue
        fits = (
            isinstance(each, dict)
            and "@value" in each
            and each.keys() <= _VALUE_KEYWORDS
            and all(isinstance(part, str) for part in each.values())
        )
        if not fits:
            problems.append(Problem(path, "text", "should be text or text with a language"))


def _typed(value: Any, path: str, problems: list[Problem]) -> None:
    """§4.9–4.13: such an object says of which type it is."""
    if not isinstance(value, dict):
        problems.append(Problem(path, "object", "should be an object"))
    elif not types_of(value) or len(types_of(value)) != len(as_list(value["type"])):
        problems.append(Problem(join(path, "type"), "type", "is missing or is not text"))


def _schema(value: Any, path: str, problems: list[Problem]) -> None:
    """§4.11: type, and an ``id`` that is a URL."""
    _typed(value, path, problems)
    if isinstance(value, dict):
        identifier(value.get("id"), join(path, "id"), problems)


def _status(value: Any, path: str, problems: list[Problem]) -> None:
    """§4.10; Bitstring Status List §2.1 for entries of that type."""
    _typed(value, path, problems)
    if "BitstringStatusListEntry" not in types_of(value):
        return
    _STATUS_ENTRY(value, path, problems)
    if value.get("id") is not None and value.get("id") == value.get("statusListCredential"):
        problems.append(Problem(join(path, "id"), "status-id", "should not be the URL of the list"))


_STATUS_ENTRY = Shape(
    "BitstringStatusListEntry",
    {"statusPurpose": text, "statusListIndex": decimal_index, "statusListCredential": web_address},
    {"id": absolute_url},
)

_COMMON: dict[str, Kind] = {
    "id": absolute_url,
    "credentialStatus": many(_status),
    "credentialSchema": many(_schema),
    "refreshService": many(_typed),
    "termsOfUse": many(_typed),
    "evidence": many(_typed),
}
_CREDENTIAL_2 = Shape(
    None,
    {"issuer": _issuer, "credentialSubject": _subjects},
    {
        **_COMMON,
        "validFrom": moment,
        "validUntil": moment,
        "name": _language_text,
        "description": _language_text,
    },
)
_CREDENTIAL_1 = Shape(
    None,
    {"issuer": _issuer, "credentialSubject": _subjects, "issuanceDate": moment},
    {**_COMMON, "expirationDate": moment},
)
_LIST = Shape(
    None,
    {
        "id": web_address,
        "credentialSubject": Shape(
            "BitstringStatusList",
            {"statusPurpose": many(text), "encodedList": text},
            {"id": absolute_url, "ttl": number},
        ),
    },
)


def _window(document: Mapping[str, Any], problems: list[Problem]) -> None:
    """§4.9: the period does not end before it begins (B16); a badge also says when it begins."""
    for starts, ends in (("validFrom", "validUntil"), ("issuanceDate", "expirationDate")):
        try:
            reversed_window = parse_datetime(document[ends]) < parse_datetime(document[starts])
        except (KeyError, TypeError, MalformedError):
            continue
        if reversed_window:
            problems.append(Problem(ends, "period", "should not be before its beginning"))
    if kind_of(document) in (BADGE, ENDORSEMENT) and not document.keys() & {"validFrom", "issuanceDate"}:
        problems.append(Problem("validFrom", "required", "is missing"))


def _related_resources(document: Mapping[str, Any], problems: list[Problem]) -> None:
    """§5.3: objects with distinct ids, each with a digest."""
    if "relatedResource" not in document:
        return
    ids = []
    for index, each in enumerate(as_list(document["relatedResource"])):
        path = join("relatedResource", index)
        if not isinstance(each, dict):
            problems.append(Problem(path, "object", "should be an object"))
            continue
        identifier(each.get("id"), join(path, "id"), problems)
        digests = [each[name] for name in ("digestSRI", "digestMultibase") if name in each]
        if not digests or not all(isinstance(digest, str) for digest in digests):
            problems.append(Problem(path, "digest", "should have a digest"))
        ids.append(str(each.get("id")))
    if len(set(ids)) != len(ids):
        problems.append(Problem("relatedResource", "duplicate-node", "names a resource twice"))


# --- Open Badges


def _badge_context(document: Mapping[str, Any], problems: list[Problem]) -> None:
    """OB 3.0 §B: the context of Open Badges is the second."""
    contexts = as_list(document.get("@context"))
    second = contexts[1] if len(contexts) > 1 else None
    if not isinstance(second, str) or open_badges.CONTEXT_URL.fullmatch(second) is None:
        problems.append(Problem("@context[1]", "context", "should be the context of Open Badges 3.0"))


def _one_status(document: Mapping[str, Any], problems: list[Problem]) -> None:
    """OB 3.0: one status and one refresh service at most (N5)."""
    for name in ("credentialStatus", "refreshService"):
        if name in document and not isinstance(document[name], dict):
            problems.append(Problem(name, "object", "should be one object"))


def _one_place(document: Mapping[str, Any], problems: list[Problem]) -> None:
    """The claims about the badge, its subject and its achievement stand in one place each (B31).

    In RDF a second object with the same id adds to the first, and claims can be moved between the two
    without touching the signature. Criteria may share the achievement's id, as in the official example.
    """
    subject = next(iter(as_list(document.get("credentialSubject"))), None)
    achievement = subject.get("achievement") if isinstance(subject, dict) else None
    owners = {
        str(owner["id"]): place
        for owner, place in (
            (document, ""),
            (subject, "credentialSubject"),
            (achievement, "credentialSubject.achievement"),
        )
        if isinstance(owner, Mapping) and "id" in owner
    }
    for path, node in _nodes(document, ""):
        place = owners.get(str(node.get("id")))
        if place is None or path.replace("[0]", "") in (place, "credentialSubject.achievement.criteria"):
            continue
        if node.keys() - {"id", "type"}:
            problems.append(Problem(path, "duplicate-node", f"adds claims to {place or 'the credential'}"))


# --- everywhere


def _nodes(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object of the document but contexts, proofs and contained credentials."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nodes(item, join(path, index))
    if not isinstance(value, Mapping):
        return
    if path and "VerifiableCredential" in types_of(value):
        return
    yield path, value
    for name, item in value.items():
        if name not in ("@context", "proof"):
            yield from _nodes(item, join(path, name))


def _everywhere(document: Mapping[str, Any], problems: list[Problem]) -> None:
    """Rules for every object: ids, types, keywords and nothing that is null (B12, B29, B30)."""
    for path, node in _nodes(document, ""):
        if "id" in node and not (is_identifier(node["id"]) or _is_picture(node)):
            problems.append(Problem(join(path, "id"), "absolute-url", "should be one absolute URL"))
        for entry in as_list(node.get("type", [])):
            if isinstance(entry, str) and entry.startswith(_TYPE_NAMESPACES):
                problems.append(Problem(join(path, "type"), "type", "should name the type, not its URL"))
        for name, value in node.items():
            if name.startswith("@") and name != "@context" and name not in _VALUE_KEYWORDS:
                problems.append(Problem(join(path, name), "keyword", "is not allowed in a credential"))
            if value is None or (isinstance(value, list) and None in value):
                problems.append(Problem(join(path, name), "null", "should have a value or be left out"))


def _is_picture(node: Mapping[str, Any]) -> bool:
    return "Image" in types_of(node) and str(node.get("id")).startswith("data:image/")


def _plain_keys(document: Mapping[str, Any], problems: list[Problem]) -> None:
    """Members go by their terms: a URL as a key is the same word to RDF and another one to us (B29).

    A status under such a key would be signed, and no verifier would look at it.
    """
    for path, node in _nodes(document, ""):
        for name in node:
            if ":" in name:
                problems.append(Problem(join(path, name), "member-name", "should be a term, not a URL"))
