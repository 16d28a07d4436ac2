# SPDX-License-Identifier: Apache-2.0
"""The rules that a document must obey to be what it says it is.

Verifiable Credentials Data Model 2.0 §4 (and 1.1 for old badges), Open Badges 3.0, Bitstring Status List.
Every broken rule is a ``Problem`` that names the place, the rule and the reason, so that an issuer can mend
it and a page can list it. The same rules run before we sign.

Some rules are stricter than the texts, because the RDF signature does not see everything that a reader
sees: null vanishes, an aliased word is the same word, and two objects with one id are one (S16, B29–B32).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cairn.credential import containers, open_badges
from cairn.credential.address import is_identifier
from cairn.credential.deferred import Deferring, LookedError, Residue, by_shape, of_strings, reads, with_gaps
from cairn.credential.moment import parse_datetime
from cairn.credential.shapes import (
    SCALARS,
    Kind,
    Problem,
    Shape,
    absolute_url,
    as_list,
    decimal_index,
    identifier,
    is_object,
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
CLR = "CLR 2.0"
PRESENTATION = "Verifiable Presentation"
CREDENTIAL_2 = "Verifiable Credential 2.0"
CREDENTIAL_1 = "Verifiable Credential 1.1"
UNKNOWN = "document of an unknown kind"
BLOCKCERTS = "Blockcerts 3 certificate"
_WITH_RULES = frozenset(
    {BADGE, ENDORSEMENT, STATUS_LIST, CLR, PRESENTATION, CREDENTIAL_2, CREDENTIAL_1, BLOCKCERTS}
)

# Types that say what a document is, strongest first.
_KINDS = {
    "VerifiablePresentation": PRESENTATION,
    "EnvelopedVerifiablePresentation": PRESENTATION,
    "ClrCredential": CLR,
    "OpenBadgeCredential": BADGE,
    "AchievementCredential": BADGE,
    "EndorsementCredential": ENDORSEMENT,
    "BitstringStatusListCredential": STATUS_LIST,
    "BlockcertsCredential": BLOCKCERTS,
}

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
    return UNKNOWN


def has_rules(document: Mapping[str, Any]) -> bool:
    """Whether we know the rules for documents of this kind."""
    return kind_of(document) in _WITH_RULES


def issuer_id(document: Mapping[str, Any]) -> str | None:
    """The id of the issuer, which is a URL or an object with one; None when there is none to compare."""
    return _id_of(document.get("issuer"))


def holder_id(document: Mapping[str, Any], *keys: object) -> str | None:
    """The id of the holder of a presentation; if it names none (VCDM 2.0 §4.13), of the owner of its key.

    ``keys`` is what its signatures call their key. Only their owner can have signed with them, which is for
    the judgement to find out.
    """
    if "holder" in document:
        return _id_of(document["holder"])
    owners = (key.partition("#")[0] for key in keys if isinstance(key, str))
    return next((owner for owner in owners if is_identifier(owner)), None)


def _id_of(party: Any) -> str | None:
    named = party.get("id") if isinstance(party, dict) else party
    return named if is_identifier(named) else None


def structure_problems(document: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Every rule that the document breaks; empty when it breaks none, or when it has no rules of ours."""
    kind = kind_of(document)
    if kind not in _WITH_RULES:
        return ()
    problems: list[Problem] = []
    _ask_rules(kind, document, problems)
    return tuple(dict.fromkeys(problems))


def residue(document: Mapping[str, Any], gaps: Mapping[str, int]) -> Residue | None:
    """What decides whether a badge of this shape breaks a rule, once the strings in the gaps are known.

    ``gaps`` are the strings of the document that stand for others. None when the shape alone breaks a rule,
    or when `structure_problems` has to be asked each time.
    """
    if kind_of(document) != BADGE:
        return None
    problems = Deferring()
    try:
        _ask_rules(BADGE, with_gaps(document, gaps), problems)
    except LookedError:
        return None
    return problems.residue()


def _ask_rules(kind: str, document: Mapping[str, Any], problems: list[Problem]) -> None:
    old = as_list(document.get("@context"))[:1] == [_VC_1]
    _contexts(document, _VC_1 if old else _VC_2, problems)
    if kind == PRESENTATION:
        containers.PRESENTATION(dict(document), "", problems)
    else:
        _types(document, problems)
        (_CREDENTIAL_1 if old else _CREDENTIAL_2)(dict(document), "", problems)
        _window(document, problems)
        _related_resources(document, problems)
    if kind in _OWN_RULES:
        _OWN_RULES[kind](dict(document), "", problems)
    if kind in (BADGE, ENDORSEMENT):
        _badge_context(document, problems)
    if kind in (BADGE, ENDORSEMENT, CLR):
        _one_status(document, problems)
    if kind == BADGE:
        _one_place(document, problems)
    _plain_keys(document, problems)
    _everywhere(document, problems)


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


@by_shape
def _issuer(value: Any, path: str, problems: list[Problem]) -> None:
    """§4.7: a URL, or an object whose ``id`` is one."""
    if isinstance(value, dict):
        _ISSUER(value, path, problems)
    else:
        identifier(value, path, problems)


@by_shape
def _subjects(value: Any, path: str, problems: list[Problem]) -> None:
    """§4.8: one or more objects, none of them empty."""
    subjects = as_list(value)
    if not subjects:
        problems.append(Problem(path, "subject", "should not be empty"))
    for each in subjects:
        if not isinstance(each, dict) or not each:
            problems.append(Problem(path, "subject", "should be an object that says something"))


@by_shape
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


@by_shape
def _typed(value: Any, path: str, problems: list[Problem]) -> None:
    """§4.9–4.13: such an object says of which type it is."""
    if not isinstance(value, dict):
        problems.append(Problem(path, "object", "should be an object"))
    elif not types_of(value) or len(types_of(value)) != len(as_list(value["type"])):
        problems.append(Problem(join(path, "type"), "type", "is missing or is not text"))


@by_shape
def _schema(value: Any, path: str, problems: list[Problem]) -> None:
    """§4.11: type, and an ``id`` that is a URL."""
    _typed(value, path, problems)
    if isinstance(value, dict):
        identifier(value.get("id"), join(path, "id"), problems)


@by_shape
def _status(value: Any, path: str, problems: list[Problem]) -> None:
    """§4.10; Bitstring Status List §2.1 for entries of that type."""
    _typed(value, path, problems)
    if "BitstringStatusListEntry" not in types_of(value):
        return
    _STATUS_ENTRY(value, path, problems)
    if type(problems) is Deferring:
        problems.keep_apart([value[name] for name in ("id", "statusListCredential") if name in value])
    elif value.get("id") is not None and value.get("id") == value.get("statusListCredential"):
        problems.append(Problem(join(path, "id"), "status-id", "should not be the URL of the list"))


_ISSUER = Shape(None, {"id": identifier}, {"name": _language_text, "description": _language_text})
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
_OWN_RULES: dict[str, Kind] = {
    BADGE: open_badges.BADGE,
    ENDORSEMENT: open_badges.ENDORSEMENT,
    STATUS_LIST: _LIST,
    CLR: containers.CLR,
}


@reads("@context", "type", "badge", "validFrom", "validUntil", "issuanceDate", "expirationDate")
def _window(document: Mapping[str, Any], problems: list[Problem]) -> None:
    """§4.9: the period does not end before it begins (B16); a badge also says when it begins."""
    for starts, ends in (("validFrom", "validUntil"), ("issuanceDate", "expirationDate")):
        try:
            reversed_window = parse_datetime(document[ends]) < parse_datetime(document[starts])
        except (KeyError, TypeError, MalformedError):
            continue
        if reversed_window:
            problems.append(Problem(ends, "period", "should not be before its beginning"))
    if kind_of(document) in (BADGE, ENDORSEMENT, CLR) and not document.keys() & {"validFrom", "issuanceDate"}:
        problems.append(Problem("validFrom", "required", "is missing"))


@reads("relatedResource")
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
    if type(problems) is Deferring:
        _keep_places_apart(document, (document, subject, achievement), problems)
        return
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
    # An endorsement is in the same graph: what it says of its subject, beyond its comment, would be said of
    # the badge, and could have been taken out of it.
    for path, node in _contained_nodes(document, ""):
        place = owners.get(str(node.get("id")))
        if place is not None and node.keys() - {"id", "type", "endorsementComment"}:
            problems.append(Problem(path, "duplicate-node", f"adds claims to {place or 'the credential'}"))


def _keep_places_apart(document: Mapping[str, Any], owners: Sequence[Any], problems: Deferring) -> None:
    """`_one_place` while the ids are not known: that no id comes twice is more than it asks for."""
    own = [owner["id"] for owner in owners if isinstance(owner, Mapping) and "id" in owner]
    others = [
        node["id"]
        for path, node in (*_nodes(document, ""), *_contained_nodes(document, ""))
        if "id" in node
        and node.keys() - {"id", "type"}
        and not any(node is owner for owner in owners)
        and path.replace("[0]", "") != "credentialSubject.achievement.criteria"
    ]
    problems.keep_apart(own, others)


# --- everywhere


def nodes(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object that the document itself has, with its path; not those of documents inside it."""
    return _nodes(document, "")


def _nodes(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object of the document but contexts, proofs and contained credentials."""
    # Not by recursion: each object would be handed up through all generators above it.
    pending = [(path, value)]
    while pending:
        place, item = pending.pop()
        if is_object(item):
            if place and is_contained(item):
                continue
            yield place, item
        pending += _members(item, place)


def _contained_nodes(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object of the contained documents, which ``_nodes`` leaves out."""
    pending = [(path, value, False)]
    while pending:
        place, item, inside = pending.pop()
        if is_object(item):
            inside = inside or (bool(place) and is_contained(item))
            if inside:
                yield place, item
        pending += [(*member, inside) for member in _members(item, place)]


def _members(value: Any, path: str) -> list[tuple[str, Any]]:
    """What lies directly in an object or a list, the last first, but scalars, contexts and proofs."""
    if isinstance(value, list):
        found = [(join(path, index), item) for index, item in enumerate(value) if type(item) not in SCALARS]
    elif is_object(value):
        found = [
            (join(path, name), item)
            for name, item in value.items()
            if type(item) not in SCALARS and name not in ("@context", "proof")
        ]
    else:
        return []
    found.reverse()
    return found


# Documents that have rules and a judgement of their own, wherever they stand in another one.
_CONTAINED_TYPES = frozenset(
    {
        "VerifiableCredential",
        "VerifiablePresentation",
        "EnvelopedVerifiableCredential",
        "EnvelopedVerifiablePresentation",
    }
)


def is_contained(node: Mapping[str, Any]) -> bool:
    """Whether an object inside a document is a credential or a presentation of its own."""
    return not _CONTAINED_TYPES.isdisjoint(types_of(node))


def _everywhere(document: Mapping[str, Any], problems: list[Problem]) -> None:
    """Rules for every object: ids, types, keywords and nothing that is null (B12, B29, B30)."""
    for path, node in _nodes(document, ""):
        if "id" in node:
            kind = _picture_id if "Image" in types_of(node) else identifier
            kind(node["id"], join(path, "id"), problems)
        for entry in as_list(node.get("type", [])):
            if isinstance(entry, str) and entry.startswith(_TYPE_NAMESPACES):
                problems.append(Problem(join(path, "type"), "type", "should name the type, not its URL"))
        for name, value in node.items():
            if name.startswith("@") and name != "@context" and name not in _VALUE_KEYWORDS:
                problems.append(Problem(join(path, name), "keyword", "is not allowed in a credential"))
            if value is None or (isinstance(value, list) and any(item is None for item in value)):
                problems.append(Problem(join(path, name), "null", "should have a value or be left out"))


@of_strings
def _picture_id(value: Any, path: str, problems: list[Problem]) -> None:
    """The id of an ``Image`` may be the picture itself, as a ``data:`` URL."""
    if not (isinstance(value, str) and value.startswith("data:image/")):
        identifier(value, path, problems)


def _plain_keys(document: Mapping[str, Any], problems: list[Problem]) -> None:
    """Members go by their terms: a URL as a key is the same word to RDF and another one to us (B29).

    A status under such a key would be signed, and no verifier would look at it.
    """
    for path, node in _nodes(document, ""):
        for name in node:
            if ":" in name:
                problems.append(Problem(join(path, name), "member-name", "should be a term, not a URL"))
