# SPDX-License-Identifier: Apache-2.0
"""What the words of a document mean under pinned contexts, looked up once and kept.

What a context says is PyLD's to tell, protection, propagation and scopes included (`expansion.processed`).
Here its answers are laid out as tables: which predicate a term is, how its values are read, and under which
terms an object stands that is its value (JSON-LD 1.1 §4.1). A term that asks for more than `statements` can
do has no entry, and a document that uses it is left to the full path.

The tables depend on contexts and types alone, never on a value. They are built for whoever uses a word first,
bounded in number, and forgotten all at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyld import jsonld

from cairn.canonical.expansion import initial, processed
from cairn.canonical.rdfc import ABSOLUTE_IRI, XSD_STRING, literal
from cairn.errors import CairnError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_TABLES = 256  # some 50 kB each, most of it PyLD's
_MOST_COMBINATIONS = 64  # of types or of contexts, in one table
_MOST_NAMES = 8  # in a combination that is kept

# Containers that change nothing but how values are grouped; all others are maps.
_CONTAINERS = frozenset({"@set", "@list", "@graph"})


class Unsure(Exception):  # noqa: N818 - nothing went wrong: the full path is taken
    """Only the full path can tell what this document says, and whether it says it well."""


# How strings are read (JSON-LD 1.1 §4.2.3): as texts, as IRIs, as terms or IRIs. All else is a datatype.
_COERCIONS = frozenset({None, "@none", "@id", "@vocab"})


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The terms under which values stand, and the definitions that were processed to get there."""

    terms: Terms
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Typing:
    """What the types of an object are, and the terms of its members."""

    types: tuple[str, ...]
    """As IRIs in N-Quads."""
    scope: Scope


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One term under one active context."""

    predicate: str
    """An IRI in N-Quads; empty when the term stands for a keyword."""
    scope: Scope
    """The terms under which its values are read."""
    inside: Scope
    """The terms under which an object stands that is its value."""
    as_reference: Scope | None = None
    """The same for an object that is nothing but an id, where that is another one."""
    datatype: str | None = None
    ending: str = ""
    """How its texts end in N-Quads; empty when its strings are IRIs, or terms or IRIs."""
    is_term: bool = False
    """Whether they may be terms."""
    is_list: bool = False
    is_graph: bool = False


class Terms:
    """The terms of one active context."""

    __slots__ = ("_active", "_keyword", "_typings", "_within", "ids", "known", "prefixes", "types")

    def __init__(self, active: Any) -> None:
        self._active = active
        mappings = active["mappings"]
        self._keyword = Term("", Scope(self), Scope(self))
        self.known: dict[str, Term] = {"@context": self._keyword}
        """The terms that were asked for before (`find`)."""
        self.ids = _aliases(mappings, "@id")
        """The terms that mean ``@id``."""
        self.types = _aliases(mappings, "@type")
        self.prefixes = _prefixes(mappings)
        """What an IRI may not begin with, lest it is a short one."""
        self._typings: dict[Any, Typing] = {}
        self._within: dict[Any, Scope] = {}

    def find(self, name: str) -> Term:
        """The term of this name; `Unsure` when it has none, or not a plain one."""
        term = self.known.get(name)
        if term is None:
            term = self.known[name] = self._defined(name)
        return term

    def typing(self, written: Any) -> Typing:
        """What the value of ``type`` does (JSON-LD 1.1 API §5.1.2, step 11)."""
        key = tuple(written) if type(written) is list else written
        try:
            found = self._typings.get(key)
        except TypeError:  # it holds what no set of types may hold
            raise Unsure from None
        if found is None:
            found = self._typed([key] if type(key) is str else key)
            if len(found.types) <= _MOST_NAMES:
                self._typings = _with_room(self._typings)
                self._typings[key] = found
        return found

    def iri_of(self, name: str) -> str | None:
        """The IRI that a term stands for; None when it is no term."""
        mappings = self._active["mappings"]
        if name not in mappings:
            return None
        iri = mappings[name] and mappings[name]["@id"]
        if not (type(iri) is str and ABSOLUTE_IRI.fullmatch(iri)):
            raise Unsure
        return iri

    def is_reference(self, name: str) -> bool:
        """Whether an object with this one member is nothing but an id."""
        mapping = self._active["mappings"].get(name)
        return mapping is not None and mapping["@id"] == "@id"

    def has_values(self, names: Sequence[str]) -> bool:
        """Whether one of these means ``@value``, so that the object is not one."""
        mappings = self._active["mappings"]
        return any(mappings.get(name) and mappings[name]["@id"] == "@value" for name in names)

    def within(self, contexts: str | list[str]) -> Scope:
        """The terms after the contexts that a document names, or one inside it."""
        urls = tuple(contexts) if type(contexts) is list else contexts
        found = self._within.get(urls)
        if found is None:
            found = self._after(contexts)
            if len(urls) <= _MOST_NAMES or type(urls) is str:
                self._within = _with_room(self._within)
                self._within[urls] = found
        return found

    def _after(self, local: Any, **how: bool) -> Scope:
        try:
            active, cost = processed(self._active, local, **how)
        except (jsonld.JsonLdError, CairnError):
            raise Unsure from None  # and why it is wrong, the full path will say
        return Scope(_table(active), cost)

    def _typed(self, written: Any) -> Typing:
        if not (type(written) in (list, tuple) and all(type(name) is str for name in written)):
            raise Unsure
        iris = [self.iri_of(name) for name in written]
        if None in iris:
            raise Unsure
        terms, cost = self, 0
        for name in sorted(written):
            scoped = self._active["mappings"][name].get("@context")
            if scoped is not None and scoped is not False:
                after = terms._after(scoped, propagate=False)
                terms, cost = after.terms, cost + after.cost
        return Typing(tuple(f"<{iri}>" for iri in iris), Scope(terms, cost))

    def _defined(self, name: str) -> Term:
        if ":" in name or name[:1] == "@":
            raise Unsure  # B29, though a text may have its language
        mapping = self._active["mappings"].get(name)
        if mapping is None:
            raise Unsure  # B23
        if mapping["@id"] in ("@id", "@type"):
            return self._keyword
        iri = self.iri_of(name)
        scope = Scope(self)
        if mapping.get("@context") is not None:
            scope = self._after(mapping["@context"], override_protected=True)
        # Values are read by what the term means inside its own scope, and grouped by what it means here.
        inner = scope.terms._active["mappings"].get(name, _NOTHING)
        if (
            inner is None
            or inner["@id"] not in (iri, "")
            or not _is_plain(mapping, scope.terms._active, inner)
        ):
            raise Unsure
        coercion = inner.get("@type")
        inside, as_reference = scope.terms._of_objects(inner.get("@context"))
        datatype = None if coercion in _COERCIONS else coercion
        is_graph = "@graph" in mapping.get("@container", ())
        is_text = not (coercion in ("@id", "@vocab") or is_graph)
        return Term(
            f"<{iri}>",
            scope,
            inside,
            as_reference,
            datatype=datatype,
            ending=literal("", datatype=datatype or XSD_STRING)[1:] if is_text else "",
            is_term=coercion == "@vocab",
            is_list="@list" in inner.get("@container", ()),
            is_graph=is_graph,
        )

    def _of_objects(self, scoped: Any) -> tuple[Scope, Scope | None]:
        """The terms of an object, and those of one that is only an id (JSON-LD 1.1 API §5.1.2, step 7).

        What the types of an object brought in ends with it, but a mere id is still read under it.
        """
        previous = self._active.get("previousContext")
        candidates = [self] if previous is None else [_table(previous), self]
        found = [
            Scope(terms) if scoped is None else terms._after(scoped, override_protected=True)
            for terms in candidates
        ]
        return found[0], found[1] if len(found) > 1 else None


# What a term means where a scope has taken all meaning away, as that of contained credentials does.
_NOTHING = {"@id": "", "reverse": False}


def _aliases(mappings: Any, keyword: str) -> tuple[str, ...]:
    return tuple(name for name, mapping in mappings.items() if mapping and mapping["@id"] == keyword)


def _prefixes(mappings: Any) -> frozenset[str]:
    return frozenset(name for name, mapping in mappings.items() if mapping and mapping["_prefix"])


def _is_plain(mapping: Any, active: Any, inner: Any) -> bool:
    """Whether all there is to a term is its IRI, a type of its values, and lists or graphs."""
    if any(
        each["reverse"] or not _CONTAINERS.issuperset(each.get("@container", ())) for each in (mapping, inner)
    ):
        return False
    if ("@list" in mapping.get("@container", ())) != ("@list" in inner.get("@container", ())):
        return False
    if "@json" in (mapping.get("@type"), inner.get("@type")):
        return False
    if any(each.get(name) is not None for each in (active, inner) for name in ("@language", "@direction")):
        return False
    coercion = inner.get("@type")
    return coercion in _COERCIONS or ABSOLUTE_IRI.fullmatch(coercion) is not None


def _with_room(kept: dict[Any, Any]) -> dict[Any, Any]:
    return kept if len(kept) < _MOST_COMBINATIONS else {}


_INITIAL = initial()
_tables: dict[int, Terms] = {}


def _table(active: Any) -> Terms:
    """The one table of an active context, which it keeps alive, so that an identity stays its own.

    Threads that make it at once make equal ones.
    """
    global _tables
    found = _tables.get(id(active))
    if found is None:
        if len(_tables) >= _MOST_TABLES:
            _tables = {}
        found = _tables[id(active)] = Terms(active)
    return found


def initial_terms() -> Terms:
    """The terms before any context: none."""
    return _table(_INITIAL)
