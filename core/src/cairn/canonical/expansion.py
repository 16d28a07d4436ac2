# SPDX-License-Identifier: Apache-2.0
"""The expansion of a document by PyLD, under contexts from our own files, and nothing dropped on the way.

PyLD reads any JSON-LD there is, and reads it slowly. It has the word on every document that `statements`
leaves to it, and on what a context means: `processed` is where both get their contexts from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from pyld import jsonld

from cairn.canonical.contexts import load
from cairn.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The one JSON-LD syntax that authors need: text with its language (VCDM 2.0 §11.1).
_TEXT = frozenset({"@value", "@language", "@direction"})

# Term definitions that a document may make us process, each combination of contexts counted once. A badge
# needs about eight hundred; endless combinations of types and nested contexts are an attack.
MAX_DEFINITIONS = 20_000


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
    "processingMode": "json-ld-1.1",
}


class Expansion(jsonld.JsonLdProcessor):  # type: ignore[misc]
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
            return super(Expansion, self)._process_context(
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
        if self._work > MAX_DEFINITIONS:
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
        if local_ctx is None and vocab and type(value) is str:
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
                path = join(path_of(self._document, element) or "", key)
                raise MalformedError("json-ld-keyword", f"{path}: a credential is written in terms only")

    def _refuse_term(self, expanded: str | None) -> NoReturn:
        active_ctx, element = self._open[-1]
        term = next(
            key for key in sorted(element) if self._expand_iri(active_ctx, key, vocab=True) == expanded
        )
        path = join(path_of(self._document, element) or "", term)
        raise lost(path, f"the term {term!r} is not defined by the document's contexts")


def initial() -> Any:
    """The active context before any context."""
    return Expansion({})._get_initial_context(_OPTIONS)


def processed(
    active_ctx: Any, local_ctx: Any, *, override_protected: bool = False, propagate: bool = True
) -> tuple[Any, int]:
    """The active context after one more, and how much of `MAX_DEFINITIONS` a document has to pay for it."""
    expansion = Expansion({})
    result = expansion._process_context(active_ctx, local_ctx, _OPTIONS, override_protected, propagate)
    return result, expansion._work


# Places in a document, for the sentence of an error


def lost(path: str, reason: str) -> MalformedError:
    return MalformedError("data-loss", f"{path}: {reason}")


def join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of each scalar, for the sentence of an error."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, join(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def path_of(value: Any, wanted: Any, path: str = "") -> str | None:
    """Where in the document this very object lies."""
    if value is wanted:
        return path
    items: Iterator[tuple[str, Any]] = iter(())
    if isinstance(value, dict):
        items = ((join(path, key), item) for key, item in value.items())
    elif isinstance(value, list):
        items = ((f"{path}[{index}]", item) for index, item in enumerate(value))
    found = (path_of(item, wanted, place) for place, item in items)
    return next((place for place in found if place is not None), None)
