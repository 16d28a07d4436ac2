# SPDX-License-Identifier: Apache-2.0
"""From a JSON-LD document to the statements that its signature covers, all of them or none.

JSON-LD drops what it does not understand: an undefined term, a relative IRI, a null. A reader would still
see it, and nobody signed it. So nothing is dropped here. Most documents are turned into quads in one walk
(`statements`). What that leaves, PyLD expands, under pinned contexts and with no base; we turn the result
into quads ourselves, refusing each value that has no place in them. At the end the values are counted: as
many must have arrived as the document holds, so that a way of losing one which we have not thought of is
refused as well.

What RDF does not keep is not covered either: the order and repetition of array items, and empty arrays.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from cairn.canonical.contexts import PINNED, Context, SuiteContexts, context_problems
from cairn.canonical.expansion import Expansion, leaves, lost, path_of
from cairn.canonical.jcs import jcs
from cairn.canonical.rdfc import ABSOLUTE_IRI, Quad, canonicalize, literal, spend_shared
from cairn.canonical.statements import FIRST, LANGUAGE, NIL, REST, TYPE, native, statements
from cairn.errors import MalformedError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_JSON = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON"

MAX_BLANK_NODES = 64
"""Nodes without an id in one credential; real ones have some twenty."""
_MAX_CONTAINED = 64  # as many more as there are documents in it: S17
_MAX_DEPTH = 32
_MAX_VALUES = 10_000
_STEPS_PER_VALUE = 4  # what the expansion of a value takes at least, in steps of canonicalization


def rdf_canonical(
    document: Mapping[str, Any],
    *,
    contexts: Mapping[str, Context] = PINNED,
    algorithm: str = "sha256",
) -> bytes:
    """The canonical N-Quads (RDFC-1.0) of a JSON-LD document, complete or not at all.

    `UnsupportedError` when a context is not pinned (``unknown-context``, ``inline-context``): the document
    may be intact, but its meaning is unknown. `MalformedError` when a value would be lost
    (``data-loss``), when JSON-LD's own syntax is used where no credential needs it (``json-ld-keyword``),
    when it is not JSON-LD (``json-ld``), and when it asks too much work (``limit-…``).
    """
    found, blank_nodes = _statements(document, contexts)
    if blank_nodes > MAX_BLANK_NODES:
        refuse_excess_blank_nodes(found, MAX_BLANK_NODES * (1 + _contained(document)))
    try:
        return canonicalize(found, algorithm=algorithm).text.encode()
    except UnicodeEncodeError as error:
        raise MalformedError("json-string", "a string contains a lone surrogate") from error


def refuse_excess_blank_nodes(quads: Sequence[Quad], most: int = MAX_BLANK_NODES) -> None:
    """Refuse what would be too much work to canonicalize, before any of that work is done (B33)."""
    blank_nodes = {term for quad in quads for term in quad if term.startswith("_:")}
    if len(blank_nodes) > most:
        raise MalformedError(
            "limit-blank-nodes",
            f"the document has {len(blank_nodes)} objects without an id; at most {most} are read",
        )


def _contained(value: Any) -> int:
    """How many documents are inside this one, as far as we read them: what has contexts of its own is one."""
    found = 0
    pending = [value]
    while pending and found < _MAX_CONTAINED:
        item = pending.pop()
        if isinstance(item, dict):
            found += item is not value and "@context" in item
            pending.extend(each for name, each in item.items() if name not in ("@context", "proof"))
        elif isinstance(item, list):
            pending.extend(item)
    return found


class Names:
    """Names of blank nodes which a document and the parts selected from it have in common.

    An object without an id is known by its place: by the JSON object that it was written as, and a list's
    cells and a graph's name by the object that holds them. So nothing has to be written into the document
    to find an object of it again in a part of it, as the skolem ids of vc-di-ecdsa §3.4.5 do, for which
    lists have no room.
    """

    def __init__(self) -> None:
        # Objects are kept beside what is known of them, so that an identity cannot come to mean another one.
        self._issued: dict[tuple[Any, ...], tuple[str, Any]] = {}
        self._originals: dict[int, tuple[Any, Any]] = {}

    def adopt(self, copy: Mapping[str, Any], original: Mapping[str, Any]) -> None:
        """From now on the copy is known by its original's name."""
        self._originals[id(copy)] = (copy, original)

    def name(self, element: Any, *role: Any) -> str:
        """The name of what plays this role for the object; with no role, of the object itself."""
        entry = self._originals.get(id(element))
        original = element if entry is None else entry[1]
        key = (id(original), *role)
        return self._issued.setdefault(key, (f"_:b{len(self._issued)}", original))[0]


def to_quads(
    document: Mapping[str, Any], *, contexts: Mapping[str, Context] = PINNED, names: Names | None = None
) -> list[Quad]:
    """The statements of a document, in no particular order; see `rdf_canonical` for what is refused."""
    return _statements(document, contexts, names)[0]


def _statements(
    document: Mapping[str, Any], contexts: Mapping[str, Context], names: Names | None = None
) -> tuple[list[Quad], float]:
    """The statements, and how many blank nodes are in them at most."""
    values = _count_values(document)
    if values > _MAX_VALUES:
        raise MalformedError(
            "limit-count", f"the document has {values} values; at most {_MAX_VALUES} are read"
        )
    spend_shared(values * _STEPS_PER_VALUE)
    found = statements(document, contexts, None if names is None else names.name)
    if found is None or found.values != values:
        return _expanded(document, contexts, values, names or Names()), inf
    if found.repeated:
        _refuse_second_descriptions(document)
    return found.quads, found.blank_nodes


def _expanded(
    document: Mapping[str, Any], contexts: Mapping[str, Context], values: int, names: Names
) -> list[Quad]:
    """The same by way of PyLD, which knows all of JSON-LD; here is said what is wrong with a document."""
    _require_known_contexts(document, contexts)
    _refuse_second_descriptions(document)
    expansion = Expansion(document)
    expanded = expansion.result()
    writer = _Writer(document, expansion.elements, names, directions=isinstance(contexts, SuiteContexts))
    writer.write(expanded)
    if writer.values != values:
        path = next((path for path, value in leaves(document) if value is None), None)
        what = "null" if path else f"{values - writer.values} of its values"
        raise lost(path or "the document", f"{what} would not be covered by a signature")
    return writer.quads


def _require_known_contexts(document: Mapping[str, Any], contexts: Mapping[str, Context]) -> None:
    problems = context_problems(document, contexts=contexts)
    if not problems:
        return
    first = problems[0]
    if first.startswith("inline context"):
        raise UnsupportedError(
            "inline-context", f"{first}: it can redefine any word, so the document's meaning is unknown"
        )
    raise UnsupportedError(
        "unknown-context",
        f"the context {first} is not one that we know, so the document's meaning is unknown",
    )


# What is looked at before any JSON-LD is done


def _count_values(value: Any, depth: int = 1) -> int:
    """The scalars of a document, ``@context`` left out; they are what must not get lost."""
    if depth > _MAX_DEPTH:
        raise MalformedError("limit-depth", f"the document is nested more than {_MAX_DEPTH} deep")
    values = 0
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if type(item) is str or not isinstance(item, (dict, list)):
            values += key != "@context"
        elif key != "@context":
            values += _count_values(item, depth + 1)
    return values


# What an endorsement may say of what it endorses, and any description of a person or an organisation.
_ENDORSED = frozenset({"id", "type", "endorsementComment"})
_PROFILE = _ENDORSED | {
    "name", "url", "phone", "description", "endorsement", "endorsementJwt", "image", "email", "address",
    "otherIdentifier", "official", "parentOrg", "familyName", "givenName", "additionalName", "patronymicName",
    "honorificPrefix", "honorificSuffix", "familyNamePrefix", "dateOfBirth",
}  # fmt: skip


def _refuse_second_descriptions(document: Mapping[str, Any]) -> None:
    """The credential and its subjects are described in one place each (B31).

    In RDF two objects with one id are one node. A claim could then be moved from the one to the other, and
    the signature would not notice: a status entry, out of the credential and into an endorsement of it,
    where no verifier looks. Profiles are repeated everywhere, and an endorsement names what it endorses.
    """
    subjects = [node for node in _as_list(document.get("credentialSubject")) if isinstance(node, dict)]
    ids = [node["id"] for node in subjects if isinstance(node.get("id"), str)]
    allowed = dict.fromkeys(ids, _PROFILE)
    if len(allowed) < len(ids) or document.get("id") in ids:
        raise MalformedError("repeated-subject", "credentialSubject: its id is not its own")
    if isinstance(document.get("id"), str):
        allowed[document["id"]] = _ENDORSED
    # The same learner is the subject of a learner record and of what it holds. What is moved between the two
    # breaks the proof of what is held, and then the record as a whole is not accepted.
    own_places = {id(node) for node in (document, *subjects, *_held(subjects))}
    pending: list[Any] = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            pending.extend(value.values())
            node_id = value.get("id")
            if not isinstance(node_id, str) or id(value) in own_places:
                continue
            if not allowed.get(node_id, value.keys()) >= value.keys():
                path = path_of(document, value)
                raise MalformedError("repeated-subject", f"{path}: {node_id} is described a second time")


def _held(subjects: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The subjects of the credentials in a learner record, and of those in records inside it (CLR 2.0)."""
    for subject in subjects:
        for credential in _as_list(subject.get("verifiableCredential")):
            held = credential.get("credentialSubject") if isinstance(credential, dict) else None
            inner = [node for node in _as_list(held) if isinstance(node, dict)]
            yield from inner
            yield from _held(inner)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# Conversion to RDF (JSON-LD 1.1 API §8.2), where every value becomes a statement or an error


class _Writer:
    def __init__(
        self,
        document: Mapping[str, Any],
        elements: Mapping[int, tuple[Any, Any]] | None = None,
        names: Names | None = None,
        *,
        directions: bool = False,
    ) -> None:
        self.quads: list[Quad] = []
        self.values = 0
        self._document = document
        self._elements = elements or {}
        self._names = names or Names()
        self._directions = directions  # may go uncovered

    def write(self, expanded: Any) -> None:
        """The default graph."""
        self._graph([] if expanded is None else [expanded], "")

    def _graph(self, nodes: Sequence[Any], graph: str) -> None:
        for node in nodes:
            if "@value" in node:
                raise self._refused(node["@value"], "stands where an object must stand")
            before = len(self.quads)
            self._node(node, graph)
            if "@id" in node and len(self.quads) == before:
                raise self._refused(node["@id"], "is the id of an object that says nothing")

    def _node(self, node: dict[str, Any], graph: str) -> str:
        identifier = node.get("@id")
        if "@id" in node:
            self.values += 1
            subject = self._iri(identifier, "is not an absolute IRI")
        else:
            subject = self._blank_node(node)
        for name, values in node.items():
            if name == "@id":
                continue
            if name == "@type":
                self.values += len(values)
                for value in values:
                    self._add(
                        subject, TYPE, self._iri(value, "is not a type that the contexts define"), graph
                    )
            elif name == "@graph":
                self._graph(values, subject)
            elif name.startswith("@"):
                raise self._refused(name, "has no place in a signed statement")
            else:
                predicate = self._iri(name, "is not an absolute IRI")
                for position, value in enumerate(values):
                    found = self._object(value, graph, node, predicate, position)
                    self._add(subject, predicate, found, graph)
        return subject

    def _object(self, value: dict[str, Any], graph: str, holder: dict[str, Any], *place: Any) -> str:
        if "@value" in value:
            return self._literal(value)
        if "@list" in value:
            return self._list(value["@list"], graph, holder, *place)
        return self._node(value, graph)

    def _list(self, items: Sequence[Any], graph: str, holder: dict[str, Any], *place: Any) -> str:
        rest = NIL
        for index, item in reversed([*enumerate(items)]):
            cell = self._blank_node(holder, *place, index)
            self._add(cell, FIRST, self._object(item, graph, holder, *place, index), graph)
            self._add(cell, REST, rest, graph)
            rest = cell
        return rest

    def _literal(self, value: dict[str, Any]) -> str:
        content, datatype = value["@value"], value.get("@type")
        if datatype == "@json":
            self.values += sum(1 for _ in leaves(content))
            return literal(jcs(content).decode(), datatype=_JSON)
        self.values += 1
        if "@direction" in value:
            if not self._directions:
                raise self._refused(value["@direction"], "is a direction of text, which no signature covers")
            self.values += 1
        if datatype is not None:
            self._iri(datatype, "is not a datatype that the contexts define")
        if isinstance(content, bool | int | float):
            return native(content, datatype)
        if "@language" in value:
            self.values += 1
            if not LANGUAGE.fullmatch(value["@language"]):
                raise self._refused(value["@language"], "is not a language tag")
            return literal(content, language=value["@language"])
        return literal(content) if datatype is None else literal(content, datatype=datatype)

    def _iri(self, iri: Any, reason: str) -> str:
        if not isinstance(iri, str) or not ABSOLUTE_IRI.fullmatch(iri):
            raise self._refused(iri, reason)
        return f"<{iri}>"

    def _blank_node(self, node: dict[str, Any], *role: Any) -> str:
        entry = self._elements.get(id(node))
        if entry is None and len(node.get("@graph", ())) == 1:
            # A graph container wraps each object; the graph is known by what is in it.
            return self._blank_node(node["@graph"][0], "@graph", *role)
        return self._names.name(node if entry is None else entry[1], *role)

    def _add(self, subject: str, predicate: str, object_: str, graph: str) -> None:
        self.quads.append((subject, predicate, object_, graph))

    def _refused(self, value: Any, reason: str) -> MalformedError:
        # The expanded form has lost the way here, but the value itself is still in the document. PyLD
        # turns what looks like a keyword into None.
        for path, found in leaves(self._document):
            if found == value or (value is None and isinstance(found, str) and found.startswith("@")):
                return lost(path, f"{found!r} {reason}")
        return lost("the document", f"{value!r} {reason}")
