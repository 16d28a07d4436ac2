# SPDX-License-Identifier: Apache-2.0
"""From a document with gaps to its plan: the one time that its JSON-LD is done."""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

from cairn.canonical.contexts import PINNED, load
from cairn.canonical.gaps import SENTINEL, STATIC_NAMES, Refused, leaves
from cairn.canonical.json_ld import MAX_BLANK_NODES, to_quads
from cairn.canonical.lines import NOTHING, Blank, Line, Term
from cairn.canonical.plan import Budget, Identities, Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cairn.canonical.rdfc import Quad

_SCHEMES = frozenset({"http", "https", "urn", "did", "mailto"})
_KEYWORD_ALIASES = {"id": "@id", "type": "@type"}
_RDF_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


def compile_plan(
    document: Mapping[str, Any],
    gaps: Mapping[str, int],
    count_of_values: int = 0,
    *,
    budget: Budget,
    heads: Mapping[int, str] = NOTHING,
) -> Plan:
    """The plan of a document in which the strings that are keys of ``gaps`` are to be filled.

    ``gaps`` says which of the values goes where; there may be more of those than this document has gaps.
    ``heads`` tells how some of the values always begin.

    Raises `Refused` when any of the assumptions above does not hold, and what the full path raises when the
    document cannot be signed at all.
    """
    _require_easy(document)
    quads = list(dict.fromkeys(to_quads(document)))
    lines, iris, literals = _lines(quads, gaps)
    if iris | literals != set(gaps.values()):
        raise Refused("a gap is in no statement")  # it would be unsigned
    if iris & literals:
        raise Refused("a gap is both an IRI and a literal")
    most = max(count_of_values, len(set(gaps.values())))
    return Plan(lines, iris, most, Identities.of(document, gaps.get), budget, heads)


def _require_easy(document: Mapping[str, Any]) -> None:
    contexts = document.get("@context")
    urls = contexts if type(contexts) is list else [contexts]
    if not all(type(url) is str and url in PINNED and _is_easy_context(url) for url in urls):
        raise Refused("a context that plans do not know")
    nested = [leaf.text for leaf in leaves(document) if leaf.is_key and leaf.text[:1] == "@"]
    if nested != ["@context"]:
        # Language values, contexts in contained credentials: what follows is more than the shape tells.
        raise Refused("a keyword inside")


@cache
def _is_easy_context(url: str) -> bool:
    """Whether `IRI` and `STATIC_NAMES` are all there is to know about this context and those inside it."""

    def is_easy(context: Any) -> bool:
        if isinstance(context, list):
            return all(map(is_easy, context))
        if not isinstance(context, dict):
            return not isinstance(context, str)  # a URL would bring in another one
        for term, definition in context.items():
            if term in ("@version", "@protected"):
                continue
            if term[:1] == "@" or ":" in term or term in _SCHEMES:
                return False
            named = definition.get("@id") if isinstance(definition, dict) else definition
            if isinstance(named, str) and named[:1] == "@" and _KEYWORD_ALIASES.get(term) != named:
                return False
            if isinstance(definition, dict):
                if definition.get("@type") == "@vocab" and term not in STATIC_NAMES:
                    return False
                if "@context" in definition and not is_easy(definition["@context"]):
                    return False
        return True

    return is_easy(load(url)["@context"])


def _lines(quads: Iterable[Quad], gaps: Mapping[str, int]) -> tuple[list[Line], set[int], set[int]]:
    numbers = count()
    blanks: dict[str, Blank] = {}
    iris: set[int] = set()
    literals: set[int] = set()

    def tokens(term: str) -> Term:
        if term[:2] == "_:":
            if term not in blanks:
                blanks[term] = Blank(next(numbers))
            return (blanks[term],)
        if SENTINEL not in term:
            return (term,)
        opening, closing = term[0], term.rindex(">" if term[0] == "<" else '"')
        gap = gaps.get(term[1:closing])
        if gap is None or SENTINEL in term[closing:]:
            raise Refused("a gap did not come through whole")
        (iris if opening == "<" else literals).add(gap)
        return (opening, gap, term[closing:])

    lines: list[Line] = []
    for subject, predicate, object_, graph in quads:
        if graph:
            raise Refused("a named graph")
        if SENTINEL in predicate or (predicate == _RDF_TYPE and SENTINEL in object_):
            raise Refused("a gap decides what is said")
        lines.append(Line(tokens(subject), predicate, tokens(object_)))
    if len(blanks) > MAX_BLANK_NODES:
        raise Refused("too many blank nodes")
    return lines, iris, literals
