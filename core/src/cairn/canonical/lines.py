# SPDX-License-Identifier: Apache-2.0
"""Lines of N-Quads with gaps, and what can be said of them before anybody knows the values."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from cairn.canonical.gaps import Refused
from cairn.canonical.json_ld import MAX_BLANK_NODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_LABELS = tuple(f"_:c14n{rank}" for rank in range(MAX_BLANK_NODES))

# A term is made of tokens: fixed text, the number of a gap, or a blank node.


@dataclass(frozen=True, slots=True)
class Blank:
    number: int


Token = str | int | Blank
Term = tuple[Token, ...]


class Line(NamedTuple):
    subject: Term
    predicate: str
    object: Term

    @property
    def tokens(self) -> Term:
        return (*self.subject, f" {self.predicate} ", *self.object, " .\n")

    def mapped(self, change: Callable[[Token], Token]) -> Line:
        return Line(merge(map(change, self.subject)), self.predicate, merge(map(change, self.object)))


def merge(tokens: Iterable[Token]) -> Term:
    """The same term with neighbouring pieces of fixed text as one, so that equal terms are equal tuples."""
    merged: list[Token] = []
    for token in tokens:
        if isinstance(token, str) and merged and isinstance(merged[-1], str):
            merged[-1] += token
        else:
            merged.append(token)
    return tuple(merged)


class Text:
    """Fixed text with holes: a format string and which of the values go into it."""

    __slots__ = ("_format", "_pick")

    def __init__(self, tokens: Iterable[str | int]) -> None:
        pieces: list[str] = []
        holes: list[int] = []
        for token in tokens:
            if isinstance(token, str):
                pieces.append(token.replace("%", "%%"))
            else:
                pieces.append("%s")
                holes.append(token)
        self._format = "".join(pieces)
        self._pick: Callable[[Sequence[str]], Any] | None = itemgetter(*holes) if holes else None

    def fill(self, values: Sequence[str]) -> str:
        return self._format % (() if self._pick is None else self._pick(values))

    @property
    def is_whole(self) -> bool:
        """Whether it has no holes."""
        return self._pick is None

    @property
    def size(self) -> int:
        return len(self._format)


class Node:
    """A blank node whose first-degree hash (RDFC-1.0 §4.6) depends on the values."""

    __slots__ = ("_head", "_lines", "_rest", "number")

    def __init__(self, number: int, lines: Sequence[Sequence[str | int]]) -> None:
        self.number = number
        lines = sorted(lines, key=head_of)
        tokens = [token for line in lines for token in line]
        # Kept only when the values decide in which order the lines go.
        self._lines = None if is_settled([head_of(line) for line in lines]) else Text(tokens)
        self._head = sha256(head_of(tokens).encode())
        self._rest = Text(after_head(tokens))

    def hash(self, values: Sequence[str]) -> bytes:
        if self._lines is not None:
            lines = self._lines.fill(values)[:-1].split("\n")
            lines.sort()
            return sha256(("\n".join(lines) + "\n").encode()).digest()
        state = self._head.copy()
        state.update(self._rest.fill(values).encode())
        return state.digest()


def first_degree(lines: Sequence[Line], blank_count: int) -> tuple[dict[bytes, int], tuple[Node, ...]]:
    """The blank nodes by their hash, where no gap can change it, and the others."""
    static: dict[bytes, int] = {}
    nodes: list[Node] = []
    for number in range(blank_count):
        own = Blank(number)
        # Equal lines stay: two statements that differ only in the other blank node both count (§4.6).
        masked = [
            [
                ("_:a" if token == own else "_:z") if isinstance(token, Blank) else token
                for token in line.tokens
            ]
            for line in lines
            if own in line.tokens
        ]
        node = Node(number, masked)
        if any(isinstance(token, int) for line in masked for token in line):
            nodes.append(node)
        elif blank_count > 1:
            static[node.hash(())] = number
    if len(static) + len(nodes) != blank_count and blank_count > 1:
        raise Refused("two blank nodes are alike")
    return static, tuple(nodes)


def labels_of(order: Sequence[int]) -> list[str]:
    """The canonical label of each node, by its number."""
    labels = [""] * len(order)
    for rank, node in enumerate(order):
        labels[node] = _LABELS[rank]
    return labels


def head_of(tokens: Sequence[Token]) -> str:
    """The text before the first gap."""
    pieces: list[str] = []
    for token in tokens:
        if not isinstance(token, str):
            break
        pieces.append(token)
    return "".join(pieces)


def after_head(tokens: Sequence[str | int]) -> Sequence[str | int]:
    return tokens[next((at for at, token in enumerate(tokens) if isinstance(token, int)), len(tokens)) :]


def is_settled(heads: Sequence[str]) -> bool:
    """Whether sorted lines that begin so are in order whatever follows: no beginning begins another."""
    return not any(after.startswith(before) for before, after in pairwise(heads))


def numbered(tokens: Iterable[Token], offset: int) -> list[str | int]:
    """With the labels of the blank nodes as values after those of the gaps."""
    return [offset + token.number if isinstance(token, Blank) else token for token in tokens]


class Decider:
    """Terms whose order the values decide: subjects, or the objects of one subject and predicate.

    No term begins another but where the other goes on behind the closing quote, so that they sort as the
    lines do in which they stand.
    """

    __slots__ = ("_fixed", "_terms")

    def __init__(self, terms: Iterable[Term]) -> None:
        texts = [Text(token for token in term if not isinstance(token, Blank)) for term in terms]
        self._fixed = sorted(text.fill(()) for text in texts if text.is_whole)
        self._terms = tuple(text for text in texts if not text.is_whole)

    def place(self, values: Sequence[str]) -> Any:
        """What says in which order the terms are; None when two are equal."""
        texts = [term.fill(values) for term in self._terms]
        places = []
        for text in texts:
            place = bisect_left(self._fixed, text)
            if place < len(self._fixed) and self._fixed[place] == text:
                return None
            places.append(place)
        if len(texts) == 1:
            return places[0]
        if len(set(texts)) != len(texts):
            return None
        return (*places, *sorted(range(len(texts)), key=texts.__getitem__))


def deciders_of(lines: Iterable[Line]) -> tuple[Decider, ...]:
    """What of these lines has to be put in order for a given document, the labels of blank nodes apart.

    All else is in order by its fixed text. Labels go behind all IRIs and literals, so the order of those is
    one question and that of the labels another.
    """
    lines = tuple(lines)
    named = dict.fromkeys(line.subject for line in lines if not isinstance(line.subject[0], Blank))
    groups: dict[tuple[Term, str], list[Term]] = {}
    for line in lines:
        if not isinstance(line.object[0], Blank):
            groups.setdefault((line.subject, line.predicate), []).append(line.object)
    return tuple(
        Decider(terms)
        for terms in (list(named), *groups.values())
        if len(terms) > 1 and any(isinstance(token, int) for term in terms for token in term)
    )


def places(deciders: Iterable[Decider], values: Sequence[str]) -> tuple[Any, ...] | None:
    """In which order everything is; None when two things are equal."""
    found = tuple([decider.place(values) for decider in deciders])
    return None if None in found else found
