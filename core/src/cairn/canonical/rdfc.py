# SPDX-License-Identifier: Apache-2.0
"""RDF Dataset Canonicalization (RDFC-1.0): one dataset, one text, whatever its blank nodes were called.

A term is a string in canonical N-Quads form, so its first character tells its kind: ``<`` for an IRI,
``"`` for a literal, ``_`` for a blank node. A quad is four of them, with "" as the name of the default
graph. Nothing needs to be serialised again while hashing.

The algorithm is exponential for graphs made to hurt it, and its specification asks implementations to
stop (§7.1). Ours counts the steps it takes: the same graph always stops at the same step, on any
machine, which a clock or a child process could not promise.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import TYPE_CHECKING

from cairn.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Quad = tuple[str, str, str, str]
"""Subject, predicate, object and graph name ("" for the default graph)."""

DEFAULT_WORK = 250_000
"""Steps granted by default: a quarter of a second, and a thousand times the fullest real badge."""

_MAX_DEPTH = 200  # of the recursion, so that a chain of blank nodes never meets Python's own limit


@dataclass(frozen=True, slots=True)
class Canonical:
    """The canonical form, and which blank node of the input received which canonical label."""

    text: str
    issued: Mapping[str, str]


def canonicalize(
    quads: Iterable[Quad], *, algorithm: str = "sha256", max_work: int | None = None
) -> Canonical:
    """The canonical N-Quads of a dataset (RDFC-1.0 §4.4), hashing with ``sha256`` or ``sha384``.

    Raises `MalformedError` ``limit-rdf-work`` when the dataset needs more than ``max_work`` steps; without
    it, more than are left in the block of `share_work` around the call, or ``DEFAULT_WORK``.
    """
    dataset = tuple(dict.fromkeys(quads))  # a dataset is a set; a hash over duplicates would differ
    shared = _SHARED.get()
    work = _Work(DEFAULT_WORK if max_work is None else max_work) if shared is None or max_work else shared
    issued = _Labelling(dataset, algorithm, work).label()
    named = issued.get
    # Quads that differ are still different when their blank nodes have been named.
    renamed = [
        f"{named(subject, subject)} {predicate} {named(object_, object_)} {named(graph, graph)} .\n"
        if graph
        else f"{named(subject, subject)} {predicate} {named(object_, object_)} .\n"
        for subject, predicate, object_, graph in dataset
    ]
    renamed.sort()
    return Canonical("".join(renamed), issued)


class _Work:
    """Steps that may still be taken."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise _too_much_work()


_SHARED: ContextVar[_Work | None] = ContextVar("_SHARED", default=None)


@contextmanager
def share_work(steps: int) -> Iterator[None]:
    """Let everything that is canonicalized inside the block take so many steps together.

    A document is canonicalized once for each of its proofs, and a document may hold others: what is bounded
    each time is not bounded in all (B33, S17).
    """
    before = _SHARED.set(_Work(steps))
    try:
        yield
    finally:
        _SHARED.reset(before)


def spend_shared(steps: int) -> None:
    """Count work that is done on the way to a dataset, in the block of `share_work` around the call."""
    shared = _SHARED.get()
    if shared is not None:
        shared.spend(steps)


class _Issuer:
    """An identifier issuer (§4.3): labels in the order in which they were asked for."""

    __slots__ = ("issued", "prefix")

    def __init__(self, prefix: str, issued: dict[str, str] | None = None) -> None:
        self.prefix = prefix
        self.issued: dict[str, str] = issued if issued is not None else {}

    def issue(self, node: str) -> str:
        label = self.issued.get(node)
        if label is None:
            label = self.issued[node] = f"{self.prefix}{len(self.issued)}"
        return label

    def copy(self) -> _Issuer:
        return _Issuer(self.prefix, self.issued.copy())


class _Labelling:
    """One run of the algorithm: the canonicalization state of §4.2 and the budget of work."""

    def __init__(self, dataset: tuple[Quad, ...], algorithm: str, work: _Work) -> None:
        self._digest = {"sha256": hashlib.sha256, "sha384": hashlib.sha384}[algorithm]
        self._spend = work.spend
        self._canonical = _Issuer("_:c14n")
        self._first_degree: dict[str, str] = {}
        self._dataset = dataset

    @cached_property
    def _quads(self) -> defaultdict[str, list[Quad]]:
        """The quads that mention a blank node; only nodes that are alike need them."""
        found: defaultdict[str, list[Quad]] = defaultdict(list)
        for quad in self._dataset:
            for node in dict.fromkeys((quad[0], quad[2], quad[3])):
                if node[:1] == "_":
                    found[node].append(quad)
        return found

    def label(self) -> dict[str, str]:
        """§4.4.3, steps 3 to 5."""
        nodes_by_hash: defaultdict[str, list[str]] = defaultdict(list)
        for node, lines_ in _around_each(self._dataset).items():
            # Equal lines are kept: two quads that differ only in the other blank node both count.
            lines_.sort()
            self._first_degree[node] = hashed = self._hash("".join(lines_))
            nodes_by_hash[hashed].append(node)
        in_order = sorted(nodes_by_hash.items())
        for _, nodes in in_order:
            if len(nodes) == 1:
                self._canonical.issue(nodes[0])
        for _, nodes in in_order:
            if len(nodes) > 1:
                self._label_alike(nodes)
        return self._canonical.issued

    def _label_alike(self, nodes: list[str]) -> None:
        """Nodes that the quads around them do not tell apart."""
        paths: list[tuple[str, _Issuer]] = []
        for node in nodes:
            if node in self._canonical.issued:
                continue
            issuer = _Issuer("_:b")
            issuer.issue(node)
            paths.append(self._hash_n_degree(node, issuer, 0))
        for _, issuer in sorted(paths, key=lambda path: path[0]):
            for node in issuer.issued:
                self._canonical.issue(node)

    def _hash_n_degree(self, node: str, issuer: _Issuer, depth: int) -> tuple[str, _Issuer]:
        """§4.8: the hash of a node's surroundings, and the labels that the best way through them gave."""
        if depth > _MAX_DEPTH:
            raise _too_much_work()
        related_by_hash: defaultdict[str, list[str]] = defaultdict(list)
        for quad in self._quads[node]:
            for position, related in (("s", quad[0]), ("o", quad[2]), ("g", quad[3])):
                if related.startswith("_:") and related != node:
                    related_by_hash[self._hash_related(related, quad, issuer, position)].append(related)
        text: list[str] = []
        for hashed, alike in sorted(related_by_hash.items()):
            chosen_path, chosen_issuer = "", issuer
            for order in _orders(alike):
                self._spend(len(order))
                found = self._path(order, issuer.copy(), chosen_path, depth)
                if found is not None and (not chosen_path or found[0] < chosen_path):
                    chosen_path, chosen_issuer = found
            text += (hashed, chosen_path)
            issuer = chosen_issuer
        return self._hash("".join(text)), issuer

    def _path(
        self, order: tuple[str, ...], issuer: _Issuer, best: str, depth: int
    ) -> tuple[str, _Issuer] | None:
        """One way through equal neighbours (§4.8.3, step 5.4); None when it can no longer be the best."""
        path = ""
        unvisited: list[str] = []
        for related in order:
            label = self._canonical.issued.get(related)
            if label is None:
                if related not in issuer.issued:
                    unvisited.append(related)
                label = issuer.issue(related)
            path += label
            if best and len(path) >= len(best) and path > best:
                return None
        for related in unvisited:
            hashed, deeper = self._hash_n_degree(related, issuer, depth + 1)
            path += f"{issuer.issue(related)}<{hashed}>"
            issuer = deeper
            if best and len(path) >= len(best) and path > best:
                return None
        return path, issuer

    def _hash_related(self, related: str, quad: Quad, issuer: _Issuer, position: str) -> str:
        """§4.7: a neighbour, by where it stands and by the best name known for it."""
        name = (
            self._canonical.issued.get(related) or issuer.issued.get(related) or self._first_degree[related]
        )
        predicate = "" if position == "g" else quad[1]
        return self._hash(f"{position}{predicate}{name}")

    def _hash(self, text: str) -> str:
        # Long terms are hashed again and again, so length is work too.
        self._spend(1 + len(text) // 256)
        return self._digest(text.encode()).hexdigest()


def _orders(nodes: list[str]) -> Iterator[tuple[str, ...]]:
    """Every order of these nodes, once.

    A node occurs once for each quad that leads to it in the same way, and all quads of a graph lead to the
    graph's name so. The standard text goes through equal orders again and again, 720 times for an embedded
    proof with its six statements; the path found is the same.
    """
    if len(nodes) == len(set(nodes)):
        return permutations(nodes)
    return _distinct_orders(Counter(nodes), len(nodes))


def _distinct_orders(left: Counter[str], length: int) -> Iterator[tuple[str, ...]]:
    if not length:
        yield ()
    for node in left:
        if left[node]:
            left[node] -= 1
            for rest in _distinct_orders(left, length - 1):
                yield (node, *rest)
            left[node] += 1


def _around_each(dataset: Iterable[Quad]) -> dict[str, list[str]]:
    """The quads that mention each blank node, with it as ``_:a`` and all others as ``_:z`` (§4.6)."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for subject, predicate, object_, graph in dataset:
        if graph[:1] == "_":
            terms = subject, object_, graph
            for node in dict.fromkeys(term for term in terms if term[:1] == "_"):
                masked = [term if term[:1] != "_" else "_:a" if term == node else "_:z" for term in terms]
                found[node].append(_line(masked[0], predicate, masked[1], masked[2]))
            continue
        # The rest is the same for the few cases that nearly all quads are.
        end = f" {graph} .\n" if graph else " .\n"
        if object_[:1] != "_":
            if subject[:1] == "_":
                found[subject].append(f"_:a {predicate} {object_}{end}")
        elif subject == object_:
            found[subject].append(f"_:a {predicate} _:a{end}")
        elif subject[:1] == "_":
            found[subject].append(f"_:a {predicate} _:z{end}")
            found[object_].append(f"_:z {predicate} _:a{end}")
        else:
            found[object_].append(f"{subject} {predicate} _:a{end}")
    return found


def _too_much_work() -> MalformedError:
    return MalformedError(
        "limit-rdf-work", "the objects without an id are entangled more than we unravel for strangers"
    )


# Canonical N-Quads (RDFC-1.0 §5, RDF 1.1 N-Quads)

_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_ESCAPED = re.compile(r'[\x00-\x1f"\\\x7f]')
XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"


def literal(value: str, *, datatype: str = XSD_STRING, language: str = "") -> str:
    """The canonical term of a literal; the datatype of plain strings is not written."""
    if language:
        return f'"{escaped(value)}"@{language}'
    if datatype == XSD_STRING:
        return f'"{escaped(value)}"'
    return f'"{escaped(value)}"^^<{datatype}>'


def escaped(value: str) -> str:
    """The text of a literal as it stands between its quotes."""
    return _ESCAPED.sub(_escape, value) if _ESCAPED.search(value) else value


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return _ESCAPES.get(character) or f"\\u{ord(character):04X}"


def serialise(quads: Iterable[Quad]) -> str:
    """Canonical N-Quads: one line for each quad, each once, in code point order."""
    return "".join(lines(quads))


def lines(quads: Iterable[Quad]) -> list[str]:
    """The lines of `serialise`, each with its end."""
    return sorted({_line(*quad) for quad in quads})


def _line(subject: str, predicate: str, object_: str, graph: str) -> str:
    if graph:
        return f"{subject} {predicate} {object_} {graph} .\n"
    return f"{subject} {predicate} {object_} .\n"


_UCHAR = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_IRIREF = rf'<((?:[^\x00-\x20<>"{{}}|^`\\]|{_UCHAR})*+)>'
# PN_CHARS_U of the grammar, to which labels add digits, and inside also "-", "." and combining marks.
_LETTERS = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff_:"
)
_INNER = rf"[{_LETTERS}0-9\-\u00b7\u0300-\u036f\u203f-\u2040]"
_BLANK = rf"(_:[{_LETTERS}0-9](?:{_INNER}|\.(?=[.]*{_INNER}))*+)"
_LITERAL = (
    rf'"((?:[^"\\\n\r]|\\[tbnrf"\'\\]|{_UCHAR})*+)"'
    rf"(?:\^\^{_IRIREF}|@([A-Za-z]+(?:-[A-Za-z0-9]+)*))?"
)
_STATEMENT = re.compile(
    rf"[ \t]*(?:{_IRIREF}|{_BLANK})[ \t]*{_IRIREF}[ \t]*(?:{_IRIREF}|{_BLANK}|{_LITERAL})"
    rf"[ \t]*(?:{_IRIREF}|{_BLANK})?[ \t]*\.[ \t]*(?:#.*)?"
)
_BLANK_LINE = re.compile(r"[ \t]*(?:#.*)?")
_ESCAPE_SEQUENCE = re.compile(rf"{_UCHAR}|\\.")
_UNESCAPED = {"\\t": "\t", "\\b": "\b", "\\n": "\n", "\\r": "\r", "\\f": "\f"}
ABSOLUTE_IRI = re.compile(r'[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>"{}|\\^`]*')


def parse_nquads(text: str) -> list[Quad]:
    """The quads of an N-Quads document, their terms in canonical form (RDF 1.1 N-Quads §4)."""
    quads: list[Quad] = []
    # Not splitlines(): U+2028 and its like are ordinary characters inside a literal.
    for number, line in enumerate(re.split(r"[\n\r]", text), start=1):
        match = _STATEMENT.fullmatch(line)
        if match is None:
            if _BLANK_LINE.fullmatch(line):
                continue
            raise MalformedError("n-quads", f"line {number} is not an N-Quads statement")
        (s_iri, s_blank, p_iri, o_iri, o_blank, value, datatype, language, g_iri, g_blank) = match.groups()
        if value is None:
            object_ = o_blank or _iri(o_iri, number)
        else:
            object_ = literal(
                _unescape(value, number),
                datatype=XSD_STRING if datatype is None else _iri(datatype, number)[1:-1],
                language=language or "",
            )
        graph = g_blank or ("" if g_iri is None else _iri(g_iri, number))
        quads.append((s_blank or _iri(s_iri, number), _iri(p_iri, number), object_, graph))
    return quads


def _iri(written: str, number: int) -> str:
    iri = _unescape(written, number)
    if not ABSOLUTE_IRI.fullmatch(iri):
        raise MalformedError("n-quads", f"line {number}: {iri!r} is not an absolute IRI")
    return f"<{iri}>"


def _unescape(written: str, number: int) -> str:
    if "\\" not in written:
        return written

    def character(match: re.Match[str]) -> str:
        sequence = match[0]
        if sequence[1] not in "uU":
            return _UNESCAPED.get(sequence) or sequence[1]
        code = int(sequence[2:], 16)
        if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
            raise MalformedError("n-quads", f"line {number}: {sequence} is not a Unicode character")
        return chr(code)

    return _ESCAPE_SEQUENCE.sub(character, written)
