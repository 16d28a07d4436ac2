# SPDX-License-Identifier: Apache-2.0
"""From a JSON-LD document to the statements that its signature covers, all of them or none.

JSON-LD drops what it does not understand: an undefined term, a relative IRI, a null. A reader would still
see it, and nobody signed it. So nothing is dropped here. PyLD expands the document, under pinned contexts
and with no base; we turn the result into quads ourselves, refusing each value that has no place in them.
At the end the values are counted: as many must have arrived as the document holds, so that a way of
losing one which we have not thought of is refused as well.

What RDF does not keep is not covered either: the order and repetition of array items, and empty arrays.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from pyld import jsonld

from cairn.canonical.contexts import PINNED, Context, SuiteContexts, context_problems, load
from cairn.canonical.jcs import jcs
from cairn.canonical.rdfc import ABSOLUTE_IRI, Quad, canonicalize, literal, spend_shared
from cairn.errors import MalformedError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_TYPE, _FIRST, _REST, _NIL = (f"<{_RDF}{name}>" for name in ("type", "first", "rest", "nil"))
_JSON = f"{_RDF}JSON"

# BCP 47 as far as N-Quads can carry it.
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")

# The one JSON-LD syntax that authors need: text with its language (VCDM 2.0 §11.1).
_TEXT = frozenset({"@value", "@language", "@direction"})

MAX_BLANK_NODES = 64
"""Nodes without an id in one credential; real ones have some twenty."""
_MAX_CONTAINED = 64  # as many more as there are documents in it: S17
_MAX_DEPTH = 32
_MAX_VALUES = 10_000
_STEPS_PER_VALUE = 4  # what the expansion of a value takes at least, in steps of canonicalization
# Term definitions that a document may make us process, each combination of contexts counted once. A badge
# needs about eight hundred; endless combinations of types and nested contexts are an attack.
_MAX_DEFINITIONS = 20_000


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
    found = to_quads(document, contexts=contexts)
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
    values = _count_values(document)
    if values > _MAX_VALUES:
        raise MalformedError(
            "limit-count", f"the document has {values} values; at most {_MAX_VALUES} are read"
        )
    spend_shared(values * _STEPS_PER_VALUE)
    _require_known_contexts(document, contexts)
    _refuse_second_descriptions(document)
    expansion = _Expansion(document)
    expanded = expansion.result()
    writer = _Writer(document, expansion.elements, names, directions=isinstance(contexts, SuiteContexts))
    writer.write(expanded)
    if writer.values != values:
        path = next((path for path, value in _leaves(document) if value is None), None)
        what = "null" if path else f"{values - writer.values} of its values"
        raise _lost(path or "the document", f"{what} would not be covered by a signature")
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


def _lost(path: str, reason: str) -> MalformedError:
    return MalformedError("data-loss", f"{path}: {reason}")


# What is looked at before any JSON-LD is done


def _count_values(value: Any, depth: int = 1) -> int:
    """The scalars of a document, ``@context`` left out; they are what must not get lost."""
    if not isinstance(value, dict | list):
        return 1
    if depth > _MAX_DEPTH:
        raise MalformedError("limit-depth", f"the document is nested more than {_MAX_DEPTH} deep")
    values = 0
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if type(item) is str and key != "@context":
            values += 1
        elif key != "@context":
            values += _count_values(item, depth + 1)
    return values


# What the description of a person or an organisation may say, wherever it stands.
_PROFILE = frozenset({
    "id", "type", "name", "url", "phone", "description", "endorsement", "endorsementJwt", "image", "email",
    "address", "otherIdentifier", "official", "parentOrg", "familyName", "givenName", "additionalName",
    "patronymicName", "honorificPrefix", "honorificSuffix", "familyNamePrefix", "dateOfBirth",
})  # fmt: skip
_ENDORSED = frozenset({"id", "type", "endorsementComment"})


def _refuse_second_descriptions(document: Mapping[str, Any]) -> None:
    """The credential and its subjects are described in one place each (B31).

    In RDF two objects with one id are one node. A claim could then be moved from the one to the other, and
    the signature would not notice: a status entry, out of the credential and into an endorsement of it,
    where no verifier looks. Profiles are repeated everywhere, and an endorsement names what it endorses.
    """
    subjects = [node for node in _as_list(document.get("credentialSubject")) if isinstance(node, dict)]
    ids = [node["id"] for node in subjects if isinstance(node.get("id"), str)]
    allowed = dict.fromkeys(ids, _PROFILE | _ENDORSED)
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
                path = _path_of(document, value)
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


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of each scalar, for the sentence of an error."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, _join(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def _path_of(value: Any, wanted: Any, path: str = "") -> str | None:
    """Where in the document this very object lies."""
    if value is wanted:
        return path
    items: Iterator[tuple[str, Any]] = iter(())
    if isinstance(value, dict):
        items = ((_join(path, key), item) for key, item in value.items())
    elif isinstance(value, list):
        items = ((f"{path}[{index}]", item) for index, item in enumerate(value))
    found = (_path_of(item, wanted, place) for place, item in items)
    return next((place for place in found if place is not None), None)


# Expansion: PyLD, fed from our own files


class _Resolved:
    """What PyLD keeps for one context. The processed form is remembered in `_Memo`, not here."""

    __slots__ = ("document", "size")

    def __init__(self, document: Any) -> None:
        self.document = document
        self.size = _definitions(document)

    def get_processed(self, active_ctx: Any) -> None:
        return None

    def set_processed(self, active_ctx: Any, processed_ctx: Any) -> None:
        pass


def _definitions(context: Any) -> int:
    """How many term definitions a context has, those of its scoped contexts included."""
    if not isinstance(context, dict):
        return 1
    return len(context) + sum(_definitions(value) for value in context.values() if isinstance(value, dict))


_MOST_SCOPED = 1024


class _PinnedContexts:
    """PyLD's context resolver, which answers from our files and has no way to the network (B34, B35)."""

    def __init__(self) -> None:
        self._by_url: dict[str, _Resolved] = {}
        self._scoped: dict[int, _Resolved] = {}

    def resolve(self, active_ctx: Any, context: Any, base: Any, cycles: Any = None) -> list[_Resolved]:
        return [self._one(entry) for entry in (context if isinstance(context, list) else [context])]

    def _one(self, entry: Any) -> _Resolved:
        if not isinstance(entry, str):
            # A scoped context inside a pinned one; False stands for null. What is kept keeps it alive, so
            # its identity is its own. Inline contexts of a conformance run make us forget the others.
            scoped = self._scoped.get(id(entry))
            if scoped is None:
                if len(self._scoped) >= _MOST_SCOPED:
                    self._scoped = {}
                scoped = self._scoped[id(entry)] = _Resolved(entry)
            return scoped
        resolved = self._by_url.get(entry)
        if resolved is None:
            # Two threads may both come here: they then store equal values.
            resolved = self._by_url[entry] = _Resolved(load(entry)["@context"])
        return resolved


class _Memo:
    """Active contexts that were processed before, for all threads and all documents.

    The key is the identity of the active context and that of the local one, or its URLs; a value keeps
    both objects alive, so an identity cannot come to mean something else. Reading and writing a dict are
    atomic, and two threads that process the same context store equal results.
    """

    _MOST = 512  # some 20 kB each

    def __init__(self) -> None:
        self._processed: dict[Any, tuple[Any, Any, Any]] = {}

    def get(self, key: Any) -> Any:
        entry = self._processed.get(key)
        return entry and entry[2]

    def put(self, key: Any, active_ctx: Any, local_ctx: Any, result: Any) -> None:
        if len(self._processed) >= self._MOST:
            self._processed = {}
        self._processed[key] = (active_ctx, local_ctx, result)


_CONTEXTS = _PinnedContexts()
_MEMO = _Memo()
_OPTIONS = {
    "base": None,
    "contextResolver": _CONTEXTS,
    "isFrame": False,
    "keepFreeFloatingNodes": False,
    "processingMode": "json-ld-1.1",
}


class _Expansion(jsonld.JsonLdProcessor):  # type: ignore[misc]
    """One document's expansion, which stops at the first term that PyLD would drop.

    The methods with an underscore are PyLD's own. Going through them saves its copy of the document, so
    that an object can be found again for its path, and its repeated work on contexts: each typed object
    would process its scoped contexts anew.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(on_property_dropped=self._refuse_term)
        self._document = document
        # The JSON object that an expanded one was written as; both are kept, as in `_Memo`.
        self.elements: dict[int, tuple[Any, Any]] = {}
        self._open: list[tuple[Any, dict[str, Any]]] = []
        self._seen: dict[Any, tuple[Any, Any, Any]] = {}
        self._work = 0

    def result(self) -> Any:
        try:
            return self._expand(
                self._get_initial_context(_OPTIONS), None, self._document, _OPTIONS, inside_list=False
            )
        except jsonld.JsonLdError as error:
            raise MalformedError("json-ld", f"the document is not JSON-LD: {error.code}") from error

    def _process_context(
        self,
        active_ctx: Any,
        local_ctx: Any,
        options: Any,
        override_protected: bool = False,
        propagate: bool = True,
        validate_scoped: bool = True,
        cycles: set[str] | None = None,
    ) -> Any:
        def process() -> Any:
            return super(_Expansion, self)._process_context(
                active_ctx, local_ctx, options, override_protected, propagate, validate_scoped, cycles
            )

        if cycles is not None:
            # PyLD validates scoped contexts while their parent is half made: nobody asks for that again.
            return process()
        is_urls = isinstance(local_ctx, str) or (
            isinstance(local_ctx, list) and all(isinstance(entry, str) for entry in local_ctx)
        )
        local = str(local_ctx) if is_urls else id(local_ctx)
        key = (id(active_ctx), local, override_protected, propagate)
        # What this document has used is kept for it, so that its work is the same whoever else is read.
        entry = self._seen.get(key)
        if entry is not None:
            return entry[2]
        self._work += sum(resolved.size for resolved in _CONTEXTS.resolve(None, local_ctx, None))
        if self._work > _MAX_DEFINITIONS:
            raise MalformedError(
                "limit-contexts", "the document combines more contexts than we process for strangers"
            )
        result = _MEMO.get(key)
        if result is None:
            result = process()
            _MEMO.put(key, active_ctx, local_ctx, result)
        self._seen[key] = (active_ctx, local_ctx, result)
        return result

    def _expand_iri(
        self,
        active_ctx: Any,
        value: Any,
        base: Any = None,
        vocab: bool = False,
        local_ctx: Any = None,
        defined: Any = None,
    ) -> Any:
        """The same, but for the terms of a processed context, which mean the same each time."""
        if local_ctx is None and vocab and type(value) is str and value[:1] not in ("", "@"):
            mappings = active_ctx["mappings"]
            if value in mappings:
                mapping = mappings[value]
                return None if mapping is None else mapping["@id"]
        return super()._expand_iri(active_ctx, value, base, vocab, local_ctx, defined)

    def _expand_object(
        self,
        active_ctx: Any,
        active_property: Any,
        expanded_active_property: Any,
        element: dict[str, Any],
        expanded_parent: dict[str, Any],
        *rest: Any,
        **named: Any,
    ) -> None:
        self._open.append((active_ctx, element))
        self._refuse_keywords(element)
        # Members under a @nest are added to an object that is known already.
        self.elements.setdefault(id(expanded_parent), (expanded_parent, element))
        super()._expand_object(
            active_ctx, active_property, expanded_active_property, element, expanded_parent, *rest, **named
        )
        self._open.pop()

    def _refuse_keywords(self, element: dict[str, Any]) -> None:
        """Every key is a term (B29).

        A keyword could hide a claim from those who read the JSON, and so could a property written as an
        IRI: ``credentialStatus`` under its full name means the same, but no reader finds it there.
        """
        for key in element:
            if (":" in key or key[:1] == "@") and key != "@context":
                if "@value" in element and _TEXT.issuperset(element):
                    return
                path = _join(_path_of(self._document, element) or "", key)
                raise MalformedError("json-ld-keyword", f"{path}: a credential is written in terms only")

    def _refuse_term(self, expanded: str | None) -> NoReturn:
        active_ctx, element = self._open[-1]
        term = next(
            key for key in sorted(element) if self._expand_iri(active_ctx, key, vocab=True) == expanded
        )
        path = _join(_path_of(self._document, element) or "", term)
        raise _lost(path, f"the term {term!r} is not defined by the document's contexts")


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
                        subject, _TYPE, self._iri(value, "is not a type that the contexts define"), graph
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
        rest = _NIL
        for index, item in reversed([*enumerate(items)]):
            cell = self._blank_node(holder, *place, index)
            self._add(cell, _FIRST, self._object(item, graph, holder, *place, index, "item"), graph)
            self._add(cell, _REST, rest, graph)
            rest = cell
        return rest

    def _literal(self, value: dict[str, Any]) -> str:
        content, datatype = value["@value"], value.get("@type")
        if datatype == "@json":
            self.values += sum(1 for _ in _leaves(content))
            return literal(jcs(content).decode(), datatype=_JSON)
        self.values += 1
        if "@direction" in value:
            if not self._directions:
                raise self._refused(value["@direction"], "is a direction of text, which no signature covers")
            self.values += 1
        if datatype is not None:
            self._iri(datatype, "is not a datatype that the contexts define")
        if isinstance(content, bool):
            return literal("true" if content else "false", datatype=datatype or f"{_XSD}boolean")
        if isinstance(content, int | float):
            return self._number(content, datatype)
        if "@language" in value:
            self.values += 1
            if not _LANGUAGE.fullmatch(value["@language"]):
                raise self._refused(value["@language"], "is not a language tag")
            return literal(content, language=value["@language"])
        return literal(content) if datatype is None else literal(content, datatype=datatype)

    def _number(self, number: float, datatype: str | None) -> str:
        if datatype != f"{_XSD}double" and number == int(number) and abs(number) < 1e21:
            return literal(str(int(number)), datatype=datatype or f"{_XSD}integer")
        mantissa, exponent = f"{number:.15E}".split("E")
        whole, fraction = mantissa.split(".")
        return literal(
            f"{whole}.{fraction.rstrip('0') or '0'}E{int(exponent)}", datatype=datatype or f"{_XSD}double"
        )

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
        for path, found in _leaves(self._document):
            if found == value or (value is None and isinstance(found, str) and found.startswith("@")):
                return _lost(path, f"{found!r} {reason}")
        return _lost("the document", f"{value!r} {reason}")
