# SPDX-License-Identifier: Apache-2.0
"""From JSON straight to statements, for the JSON-LD that credentials are written in.

One walk does what expansion and conversion do (JSON-LD 1.1 API §5.1.2, §8.2), with the meaning of each term
out of a table (`terms`). It goes as far as terms with values, objects, lists and graphs go. Whatever else it
meets, be it unusual, unknown or wrong, it leaves to the full path (`json_ld`): it has no errors of its own.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cairn.canonical.contexts import may_bring_contexts
from cairn.canonical.expansion import MAX_DEFINITIONS
from cairn.canonical.rdfc import ABSOLUTE_IRI, Quad, escaped, literal
from cairn.canonical.terms import Scope, Term, Terms, Unsure, initial_terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
TYPE, FIRST, REST, NIL = (f"<{_RDF}{name}>" for name in ("type", "first", "rest", "nil"))

# BCP 47 as far as N-Quads can carry it.
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")

_TEXT = frozenset({"@value", "@language"})


class Statements(NamedTuple):
    """What a document says."""

    quads: list[Quad]
    values: int
    """The scalars of the document, ``@context`` left out; each of them is in a quad."""
    blank_nodes: int
    repeated: frozenset[str]
    """The ids that more than one object has."""


# What an object without an id is called, by itself or by what plays a role for it.
Naming: TypeAlias = "Callable[..., str]"


def statements(
    document: Mapping[str, Any], contexts: Mapping[str, Any], naming: Naming | None = None
) -> Statements | None:
    """What this document says under the contexts that it names; None: ask the full path.

    ``naming`` is for who needs the same names in another document: it is asked for the name of an object
    (``element``), of the graph that one is alone in (``element, "@graph"``) and of a cell of a list
    (``element, predicate, position of the list, index``), as `json_ld` asks `Names`.

    The caller bounds the document: how deep it goes and how much is in it.
    """
    if type(document) is not dict or "@context" not in document:
        return None
    walk = _Walk(document, contexts, naming or _name)
    try:
        walk.object(document, Scope(initial_terms()), "")
    except Unsure:
        return None
    if not walk.quads:
        return None
    return Statements(walk.quads, walk.values, walk.blank_nodes, frozenset(walk.repeated))


def _name(element: Any, *role: Any) -> str:
    """By its identity: unlike any other within one document, while that is there."""
    return f"_:{'.'.join(map(str, (id(element), *role)))}" if role else f"_:b{id(element)}"


class _Walk:
    """One document's."""

    def __init__(self, document: Mapping[str, Any], contexts: Mapping[str, Any], naming: Naming) -> None:
        self._name = naming
        self.quads: list[Quad] = []
        self.values = 0
        self.blank_nodes = 0
        self.repeated: set[str] = set()
        self._ids: set[str] = set()
        self._document = document
        self._contexts = contexts
        # Scopes are kept so that an identity cannot come to mean another one.
        self._paid: set[Scope] = set()
        self._definitions = 0

    def object(self, element: dict[str, Any], scope: Scope, graph: str) -> str:
        """Say all that an object says; its name."""
        if scope.cost:
            self._pay(scope)
        terms = scope.terms
        if "@context" in element:
            terms = self._named(element, terms)
        written = element.get("id")
        if type(written) is str:
            (self.repeated if written in self._ids else self._ids).add(written)
        type_name = _used(terms.types, element)
        types: tuple[str, ...] = ()
        if type_name is not None:
            typing = terms.typing(element[type_name])
            types, terms = typing.types, typing.scope.terms
            if type_name not in terms.types:
                raise Unsure
            if typing.scope.cost:
                self._pay(typing.scope)
        id_name = _used(terms.ids, element)
        if id_name is None:
            subject = self._name(element)
            self.blank_nodes += 1
        else:
            subject = self._iri(element[id_name], terms)
            self.values += 1
        quads = self.quads
        for each in types:
            quads.append((subject, TYPE, each, graph))
        self.values += len(types)
        known = terms.known
        for name, value in element.items():
            term = known.get(name) or terms.find(name)
            if not term.predicate:
                if name not in (type_name, id_name, "@context"):
                    raise Unsure  # two ids, or a type that the types bring in
                continue
            if term.scope.cost:
                self._pay(term.scope)
            if term.is_list:
                items = value if type(value) is list else [value]
                if _others_say(terms, element, name, term.predicate):
                    raise Unsure  # which of the lists is which
                found = self._list(element, term, items, graph)
                quads.append((subject, term.predicate, found, graph))
                continue
            for item in value if type(value) is list else (value,):
                found = self._string(term, item) if type(item) is str else self._value(term, item, graph)
                quads.append((subject, term.predicate, found, graph))
        return subject

    def _value(self, term: Term, value: Any, graph: str) -> str:
        if type(value) is dict:
            if "@value" in value:
                return self._text(term, value)
            if term.is_graph:
                return self._graph(term, value)
            return self.object(value, _inside(term, value), graph)
        if type(value) is str:
            return self._string(term, value)
        self.values += 1
        if term.is_graph or not (type(value) is bool or _is_plain_number(value)):
            raise Unsure
        return native(value, term.datatype)

    def _string(self, term: Term, value: str) -> str:
        self.values += 1
        if term.ending:
            return f'"{escaped(value)}{term.ending}'
        if term.is_graph:
            raise Unsure
        if term.is_term:
            iri = term.scope.terms.iri_of(value)
            if iri is not None:
                return f"<{iri}>"
        return self._iri(value, term.scope.terms)

    def _text(self, term: Term, value: dict[str, Any]) -> str:
        """A text that says its language (JSON-LD 1.1 §4.2.4)."""
        text, language = value["@value"], value.get("@language", "en")
        if term.is_graph or not _TEXT.issuperset(value) or type(text) is not str or type(language) is not str:
            raise Unsure
        if not LANGUAGE.fullmatch(language.lower()):
            raise Unsure
        self.values += len(value)
        return literal(text, language=language.lower() if "@language" in value else "")

    def _graph(self, term: Term, value: dict[str, Any]) -> str:
        """What an object says in a graph of its own, which is the value (JSON-LD 1.1 §4.9)."""
        name = self._name(value, "@graph")
        self.blank_nodes += 1
        before = len(self.quads)
        found = self.object(value, _inside(term, value), name)
        if len(self.quads) == before and found[0] == "<":
            raise Unsure  # it is only named
        return name

    def _list(self, element: dict[str, Any], term: Term, items: list[Any], graph: str) -> str:
        rest = NIL
        for index in range(len(items) - 1, -1, -1):
            cell = self._name(element, term.predicate, 0, index)
            self.quads.append((cell, FIRST, self._value(term, items[index], graph), graph))
            self.quads.append((cell, REST, rest, graph))
            rest = cell
        self.blank_nodes += len(items)
        return rest

    def _iri(self, value: Any, terms: Terms) -> str:
        if type(value) is not str or not ABSOLUTE_IRI.fullmatch(value):
            raise Unsure
        if value[: value.index(":")] in terms.prefixes:
            raise Unsure
        return f"<{value}>"

    def _named(self, element: dict[str, Any], terms: Terms) -> Terms:
        """The terms after an object's own contexts, if it may have some and these are known (B24, B28)."""
        own = element["@context"]
        urls = own if type(own) is list else [own]
        if not urls or not (element is self._document or may_bring_contexts(element)):
            raise Unsure
        if not all(type(url) is str and url in self._contexts for url in urls):
            raise Unsure
        scope = terms.within(own)
        self._pay(scope)
        return scope.terms

    def _pay(self, scope: Scope) -> None:
        """Count what was processed to get to some terms, each time once, whoever was here before (S17)."""
        if scope not in self._paid:
            self._paid.add(scope)
            self._definitions += scope.cost
            if self._definitions > MAX_DEFINITIONS:
                raise Unsure


def _used(aliases: tuple[str, ...], element: dict[str, Any]) -> str | None:
    """The first of the names for a keyword that the object uses; a second one is refused as a member."""
    for name in aliases:
        if name in element:
            return name
    return None


def _others_say(terms: Terms, element: dict[str, Any], name: str, predicate: str) -> bool:
    """Whether another member of the object has the same meaning as this one."""
    return any(other != name and terms.find(other).predicate == predicate for other in element)


def _inside(term: Term, value: dict[str, Any]) -> Scope:
    """The terms under which an object stands (JSON-LD 1.1 API §5.1.2, step 7)."""
    if term.as_reference is not None and len(value) <= 2 and "@context" not in value:
        names = tuple(value)
        if term.scope.terms.has_values(names):
            raise Unsure
        if len(names) == 1 and term.scope.terms.is_reference(names[0]):
            return term.as_reference
    return term.inside


def _is_plain_number(value: Any) -> bool:
    if type(value) is int:
        return -_LARGE < value < _LARGE
    return type(value) is float and isfinite(value)


_LARGE = 10**21


def native(value: bool | float, datatype: str | None) -> str:
    """The literal of a number or truth value (JSON-LD 1.1 API §8.2.2)."""
    if isinstance(value, bool):
        return literal("true" if value else "false", datatype=datatype or f"{_XSD}boolean")
    if datatype != f"{_XSD}double" and value == int(value) and abs(value) < _LARGE:
        return literal(str(int(value)), datatype=datatype or f"{_XSD}integer")
    mantissa, exponent = f"{value:.15E}".split("E")
    whole, fraction = mantissa.split(".")
    return literal(
        f"{whole}.{fraction.rstrip('0') or '0'}E{int(exponent)}", datatype=datatype or f"{_XSD}double"
    )
