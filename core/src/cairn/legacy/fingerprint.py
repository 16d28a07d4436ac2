# SPDX-License-Identifier: Apache-2.0
"""The fingerprint of a Blockcerts certificate: SHA-256 over its canonical N-Quads, as its issuers made it.

They canonicalise in a way that drops silently what JSON-LD does not understand, and give unknown words a
meaning of last resort (``http://fallback.org/``). So a fingerprint can match although a reader sees words
that it does not cover: in a file of their own the holder's name could be changed at will. Both are looked at
here: whether the fingerprint matches, and whether it covers every word. What it does not cover is not shown.
"""

from __future__ import annotations

import re
from contextlib import suppress
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from pyld import jsonld

from cairn.canonical import PINNED, rdf_canonical
from cairn.canonical.contexts import load
from cairn.canonical.json_ld import MAX_BLANK_NODES
from cairn.canonical.rdfc import XSD_STRING, canonicalize, literal
from cairn.credential.shapes import as_list
from cairn.errors import CairnError, MalformedError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cairn.canonical.rdfc import Quad

_FALLBACK: Final = {"@vocab": "http://fallback.org/"}
# A certificate has some fifty values and its own context some twenty terms.
_MAX_VALUES: Final = 1_500
_MAX_INLINE: Final = 200
_MAX_CONTEXTS: Final = 16


class Fit(Enum):
    """How a certificate and a fingerprint go together."""

    WHOLE = "whole"  # equal, and every word is covered
    IN_PART = "in part"  # equal, and some words are not covered
    OWN_WORDS = "own words"  # equal, and the certificate says itself what some words mean
    NONE = "none"


def fit(document: Mapping[str, Any], fingerprint: str) -> Fit:
    """Whether the fingerprint is that of the document; ``UnsupportedError`` for contexts we do not have."""
    _refuse_too_much(document)
    brings_words = any(not isinstance(context, str) for context in as_list(document.get("@context", [])))
    with suppress(CairnError):
        if not brings_words and sha256(rdf_canonical(document)).hexdigest() == fingerprint:
            return Fit.WHOLE
    if fingerprint not in _lenient(document):
        return Fit.NONE
    return Fit.OWN_WORDS if brings_words else Fit.IN_PART


def _lenient(document: Mapping[str, Any]) -> Iterator[str]:
    """The fingerprints that the issuers' own programs have for a document.

    They differ in control characters: RDFC-1.0 writes all of them as escapes, PyLD only the tab, and the
    programs in JavaScript of those years none (B39).
    """
    quads = [*_quads(_with_fallback(document))]
    blank = {term for quad in quads for term in quad if term.startswith("_:")}
    if len(blank) > MAX_BLANK_NODES:
        raise MalformedError("limit-blank-nodes", f"the certificate has {len(blank)} objects without an id")
    text = canonicalize(quads).text
    yield sha256(text.encode()).hexdigest()
    for escapes in (_BUT_THE_TAB, _ALL):
        yield sha256(escapes.sub(_unescaped, text).encode()).hexdigest()


# A backslash, a quote, a line feed and a carriage return are escapes to everybody.
_ALL: Final = re.compile(r"\\(\\|[btf]|u00[0-9A-F]{2})")
_BUT_THE_TAB: Final = re.compile(r"\\(\\|[bf]|u00[0-9A-F]{2})")
_CONTROLS: Final = {"b": "\b", "t": "\t", "f": "\f", "\\": "\\\\"}


def _unescaped(match: re.Match[str]) -> str:
    return _CONTROLS.get(match[1]) or chr(int(match[1][1:], 16))


def _with_fallback(document: Mapping[str, Any]) -> dict[str, Any]:
    contexts = as_list(document.get("@context", []))
    if any(isinstance(context, dict) and "@vocab" in context for context in contexts):
        return dict(document)
    return {**document, "@context": [*contexts, _FALLBACK]}


def _quads(document: Mapping[str, Any]) -> Iterator[Quad]:
    try:
        # A base of None, or relative ids would be resolved against an example (security rule 3).
        dataset = jsonld.to_rdf(document, {"base": None, "documentLoader": _pinned})
    except jsonld.JsonLdError as error:
        raise MalformedError(
            "json-ld", f"the certificate is not JSON-LD: {error.code or error.type}"
        ) from error
    for graph, triples in dataset.items():
        name = "" if graph == "@default" else _name(graph)
        for triple in triples:
            yield (
                _term(triple["subject"]),
                _term(triple["predicate"]),
                _term(triple["object"]),
                name,
            )


def _term(term: Mapping[str, str]) -> str:
    if term["type"] != "literal":
        return _name(term["value"])
    return literal(
        term["value"], datatype=term.get("datatype", XSD_STRING), language=term.get("language", "")
    )


def _name(value: str) -> str:
    # As it stands: what other programs hashed is wanted, and nothing is shown on the word of it alone.
    return value if value.startswith("_:") else f"<{value}>"


def _pinned(url: str, _options: Any = None) -> dict[str, Any]:
    return {
        "contextUrl": None,
        "documentUrl": url,
        "document": load(url),
        "contentType": "application/ld+json",
    }


def _refuse_too_much(document: Mapping[str, Any]) -> None:
    """Refuse contexts that we do not have, and more work than we do for strangers, before it is done."""
    values = 0
    pending: list[Any] = [{name: value for name, value in document.items() if name != "@context"}]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if "@context" in value:
                raise UnsupportedError("inline-context", "a part of the certificate has words of its own")
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        else:
            values += 1
    if values > _MAX_VALUES:
        raise MalformedError("limit-count", f"the certificate has {values} values; we read {_MAX_VALUES}")
    contexts = as_list(document.get("@context", []))
    if len(contexts) > _MAX_CONTEXTS:
        raise MalformedError("limit-contexts", f"the certificate names {len(contexts)} contexts")
    for context in contexts:
        if isinstance(context, str):
            if context not in PINNED:
                message = f"the context {context} is not one that we know, so its words mean nothing to us"
                raise UnsupportedError("unknown-context", message)
        elif not isinstance(context, dict) or _definitions(context) > _MAX_INLINE:
            raise MalformedError("limit-contexts", "the certificate brings more words than we process")
        elif "@import" in context or any(
            isinstance(value, dict) and "@context" in value for value in context.values()
        ):
            raise UnsupportedError("inline-context", "a word of the certificate has words of its own")


def _definitions(context: Mapping[str, Any]) -> int:
    return len(context) + sum(len(value) for value in context.values() if isinstance(value, dict))
