# SPDX-License-Identifier: Apache-2.0
"""``canonical.statements``: the short way from JSON to statements finds what two others find, or nothing.

Documents are written at random out of the words that the pinned contexts define, each where it may stand and
sometimes where it may not, with harmless and hostile values; then some are changed. Where the short way has
an answer (`cairn.canonical.statements`), the canonical form must be the one that PyLD leads to, and the one
that Oxigraph makes of the document with its contexts written out.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from unittest import mock

import pyoxigraph

from cairn.canonical import PINNED, json_ld, parse_json, rdf_canonical, terms
from cairn.canonical import statements as short
from cairn.canonical.contexts import load
from cairn.canonical.rdfc import canonicalize, parse_nquads
from cairn.canonical.statements import statements
from cairn.canonical.terms import Scope, Term, Terms, Unsure, initial_terms
from cairn.errors import CairnError
from prove.campaign import Campaign, Failure, times
from prove.genuine import world
from prove.mutating import edited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from random import Random


TRIES = 100_000
_VC1, _VC2 = "https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2"
_OB = "https://purl.imsglobal.org/spec/ob/v3p0/context"
_CLR = "https://purl.imsglobal.org/spec/clr/v2p0/context"
# What documents are written under; each is one that somebody issues under, or has issued under.
CONTEXTS = (
    [_VC2],
    [_VC2, f"{_OB}-3.0.3.json"],
    [_VC2, f"{_OB}-3.0.3.json", "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"],
    [_VC2, f"{_CLR}-2.0.1.json", f"{_OB}-3.0.3.json"],
    [_VC1, f"{_OB}-3.0.1.json", "https://w3id.org/security/suites/ed25519-2020/v1"],
    [_VC1, f"{_OB}.json", f"{_CLR}.json", "https://w3id.org/security/data-integrity/v1"],
    [_VC1, "https://w3id.org/blockcerts/v3"],
    [_VC2, "https://w3id.org/blockcerts/v3.2", "https://w3id.org/security/data-integrity/v2"],
    ["https://w3id.org/openbadges/v2"],
    ["https://w3id.org/openbadges/v2", "https://w3id.org/blockcerts/v2.1"],
    [_VC2, "https://w3id.org/security/multikey/v1", "https://w3id.org/security/jwk/v1"],
    ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
)
_TEXTS = (
    "",
    "x",
    "Ana",
    "é ŭ 😀",
    'say "x"',
    "back\\slash",
    "tab\t line\n",
    "\x7f",
    "\x00",
    "2026-11-02",
    "-0",
    " ",
)
_IRIS = ("urn:x", "https://e.example/a?b#c", "did:web:e.example", "HTTPS://E", "a:b", "mailto:a@e.example")
_HOSTILE = (
    *(
        "",
        "x",
        "_:b0",
        "#x",
        "//e",
        "urn:",
        ":x",
        "@id",
        "@type",
        "@none",
        "@foo",
        "urn:a b",
        "urn:<",
        "1a:b",
    ),
    *("id", "type", "Achievement", "assertionMethod", "urn:\\", "urn:\u00a0", "urn:é", "x:y:z", "https:"),
)
_NUMBERS = (0, 1, -3, 1.0, 1.5, -0.0, 54.3269, 1.5e-7, 1e21, 2**53 - 1, -(10**21), True, False)
_ODD: tuple[Any, ...] = (
    None,
    [],
    {},
    [[]],
    [["x"]],
    [None],
    {"@value": "x"},
    {"@value": "x", "@language": "en-GB"},
)
_ODDER = (
    *(
        {"@value": 1},
        {"@value": "x", "@language": "e_n"},
        {"@value": "x", "@direction": "ltr"},
        {"@id": "urn:x"},
    ),
    *({"@list": ["x"]}, {"@set": ["x"]}, {"@value": None}, {"@value": "x", "@type": "urn:x"}, {"id": "x"}),
)


_DEFINITIONS = [
    item
    for url in dict.fromkeys(url for urls in CONTEXTS for url in urls)
    for item in load(url)["@context"].items()
]
_PREFIXES = sorted({name for name, iri in _DEFINITIONS if isinstance(iri, str) and iri[-1:] in ("#", "/")})
_SCOPED = {name for name, meaning in _DEFINITIONS if isinstance(meaning, dict) and "@context" in meaning}


class Statements(Campaign):
    """Documents made of the words of the pinned contexts, and genuine credentials, whole and changed."""

    name = "canonical.statements"
    promise = "the short way from a document to its statements finds what two long ways find, or nothing"

    def __init__(self) -> None:
        fixtures = world()[1]["rdfc"]
        self._genuine = [parse_json(each.secured) for each in fixtures if each.secured[:1] == b"{"]

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        answered = 0
        for document in self._genuine:
            was_answered, failure = _judged(document)
            answered += was_answered
            yield failure
        if answered < len(self._genuine) // 2:
            yield Failure(f"{answered} of {len(self._genuine)} genuine credentials were read the short way")
        answered, tries = 0, times(TRIES, scale)
        for number in range(tries):
            document = _written(random) if number % 4 else random.choice(self._genuine)
            if number % 2 == 0:
                document = edited(document, random)
            # As it would be read: a value in two places is two values.
            was_answered, failure = _judged(json.loads(json.dumps(document)))
            answered += was_answered
            yield failure
        if answered < tries // 4:
            yield Failure(f"{answered} of {tries} documents were read the short way: the others show nothing")

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """What the types of an object bring in stays for the objects in it."""
        with _broken(Terms, "_of_objects", _staying):
            yield

    def broken_builds(self) -> Mapping[str, Callable[[], AbstractContextManager[Any]]]:
        def blind(member: str) -> Callable[[], AbstractContextManager[Any]]:
            def made(*values: Any, **named: Any) -> Term:
                return Term(*values, **{**named, member: Term.__dataclass_fields__[member].default})

            return lambda: _broken(terms, "Term", made)

        return {
            "what types bring in stays": self.broken_build,
            "a short IRI passes for a long one": lambda: _broken(terms, "_prefixes", lambda _: frozenset()),
            "any text passes for an IRI": lambda: _broken(short, "ABSOLUTE_IRI", re.compile(".*:.*")),
            "every term passes for a plain one": lambda: _broken(terms, "_is_plain", lambda *_: True),
            "second descriptions pass": lambda: _broken(short, "frozenset", lambda _: frozenset()),
            **{f"no {member}": blind(member) for member in ("datatype", "ending", "is_list", "is_graph")},
        }


@contextmanager
def _broken(owner: Any, name: str, broken: Any) -> Iterator[None]:
    """One part of the short way replaced, and no table left from before or for afterwards."""
    with mock.patch.object(terms, "_tables", {}), mock.patch.object(owner, name, broken, create=True):
        yield


def _staying(own: Terms, scoped: Any) -> tuple[Scope, None]:
    return (Scope(own) if scoped is None else own._after(scoped, override_protected=True)), None


def _judged(document: dict[str, Any]) -> tuple[bool, Failure | None]:
    """Whether the short way had an answer, and what was wrong with it."""
    found = statements(document, PINNED)
    if found is None:
        return False, None
    quick = _outcome(document)
    with mock.patch.object(json_ld, "statements", return_value=None):
        slow = _outcome(document)
    if quick != slow:
        return True, Failure(f"{quick!r} and by PyLD {slow!r} for {json.dumps(document)}")
    if isinstance(quick, bytes) and not _combines_scopes(document):
        theirs = _by_oxigraph(document)
        if theirs is not None and theirs != quick.decode():
            differ = sorted({*quick.decode().splitlines()} ^ {*theirs.splitlines()})
            return True, Failure(f"PyLD and Oxigraph differ in {differ} for {json.dumps(document)}")
    return True, None


def _combines_scopes(value: Any) -> bool:
    """Whether more than one type brings terms into an object, or a property does: Oxigraph loses some then.

    The JavaScript implementation, which is not installed where this runs, reads these as PyLD does.
    """
    if isinstance(value, list):
        return any(map(_combines_scopes, value))
    if not isinstance(value, dict):
        return False
    types = value.get("type")
    scoped = [each for each in types if each in _SCOPED] if isinstance(types, list) else ()
    return len(scoped) > 1 or not _SCOPED.isdisjoint(value) or any(map(_combines_scopes, value.values()))


def _outcome(document: dict[str, Any]) -> bytes | tuple[str, str]:
    try:
        return rdf_canonical(document)
    except CairnError as error:
        return error.code, error.message


def _by_oxigraph(document: dict[str, Any]) -> str | None:
    """None when it takes a term that is said again for one that is said otherwise."""
    text = json.dumps(_with_contexts(document))
    try:
        quads = [*pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.JSON_LD)]
    except SyntaxError:
        return None
    return canonicalize(parse_nquads("".join(f"{quad} .\n" for quad in quads))).text


def _with_contexts(value: Any) -> Any:
    """The same document with the contexts themselves in the place of their names."""
    if isinstance(value, list):
        return [_with_contexts(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: [load(url)["@context"] for url in ([item] if isinstance(item, str) else item)]
        if name == "@context"
        else _with_contexts(item)
        for name, item in value.items()
    }


def _written(random: Random) -> dict[str, Any]:
    """A document under some of the contexts, half of them as they should be."""
    contexts = random.choice(CONTEXTS)
    writer = _Author(random, 0.0 if random.random() < 0.5 else 0.1)
    return {"@context": list(contexts), **writer.object(initial_terms().within(contexts), 0)}


class _Author:
    """Writes objects in terms that exist where they stand."""

    def __init__(self, random: Random, hostility: float) -> None:
        self._random = random
        self._hostility = hostility

    def object(self, scope: Scope, depth: int) -> dict[str, Any]:
        random, own = self._random, scope.terms
        members: dict[str, Any] = {}
        for name in own.types[:1]:
            types = self._types(own)
            if types:
                members[name] = types if random.random() < 0.7 or len(types) > 1 else types[0]
                with suppress(Unsure):
                    own = own.typing(types).scope.terms
        if own.ids and random.random() < 0.5:
            members[own.ids[0]] = self._iri()
        names = list(own._active["mappings"])
        for name in random.choices(names, k=random.randrange(1, 7)) if names else ():
            with suppress(Unsure):
                term = own.find(name)
                if term.predicate:
                    members[name] = self._values(name, term, depth)
        if random.random() < self._hostility:
            members[random.choice(("@id", "@type", "extra", "urn:x", "@context", "id"))] = self._value(
                None, 9
            )
        pairs = list(members.items())
        random.shuffle(pairs)
        return dict(pairs)

    def _types(self, own: Terms) -> list[str]:
        mappings = own._active["mappings"]
        scoped = [name for name, mapping in mappings.items() if mapping and mapping.get("@context")]
        chosen = self._random.choices(scoped, k=self._random.randrange(3)) if scoped else []
        if self._random.random() < 0.2 and mappings:
            chosen.append(self._random.choice(list(mappings)))
        return chosen

    def _values(self, name: str, term: Term, depth: int) -> Any:
        if name == "verifiableCredential" and depth < 2 and self._random.random() < 0.7:
            return _written(self._random)
        if self._random.random() < 0.7:
            return self._value(term, depth)
        return [self._value(term, depth) for _ in range(self._random.randrange(4))]

    def _value(self, term: Term | None, depth: int) -> Any:
        random = self._random
        if term is None or random.random() < self._hostility:
            return random.choice((*_ODD, *_ODDER, *_HOSTILE, *_NUMBERS))
        if depth < 4 and (term.is_graph or random.random() < 0.3):
            return self.object(_inside(random, term), depth + 1)
        if term.is_graph:
            return {}
        if not term.ending:
            return self._iri()
        if random.random() < 0.2:
            return random.choice(_NUMBERS)
        return random.choice((*_TEXTS, *_IRIS, {"@value": "x", "@language": "en-GB"}, {"@value": "y"}))

    def _iri(self) -> Any:
        random = self._random
        if random.random() < max(self._hostility / 2, 0.02):
            return random.choice(_PREFIXES) + random.choice((":", ":x", "://x"))
        return random.choice(_HOSTILE if random.random() < self._hostility else _IRIS)


def _inside(random: Random, term: Term) -> Scope:
    return random.choice((term.inside, term.as_reference or term.inside))
