# SPDX-License-Identifier: Apache-2.0
"""Lines of N-Quads with gaps, and what can be said of them before anybody knows the values."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import pairwise
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from cairn.canonical.gaps import Refused
from cairn.canonical.json_ld import MAX_BLANK_NODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_LABELS = tuple(f"_:c14n{rank}".encode() for rank in range(MAX_BLANK_NODES))

NOTHING: Mapping[int, str] = MappingProxyType({})

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
    """Fixed text with holes: a format and which of the values go into it.

    It is one of bytes, whose formatting takes a tenth of the time that strings of some kilobytes take.
    """

    __slots__ = ("format", "is_whole", "pick")

    def __init__(self, tokens: Iterable[str | bytes | int]) -> None:
        pieces: list[bytes] = []
        holes: list[int] = []
        for token in tokens:
            if isinstance(token, int):
                pieces.append(b"%s")
                holes.append(token)
            else:
                fixed = token.encode() if isinstance(token, str) else token
                pieces.append(fixed.replace(b"%", b"%%"))
        self.format = b"".join(pieces)
        self.pick: Callable[[Sequence[bytes]], Any] = itemgetter(*holes) if holes else lambda _: ()
        """What goes into the holes. A format with one takes it as it is."""
        self.is_whole = not holes
        """Whether it has no holes."""

    def fill(self, values: Sequence[bytes]) -> bytes:
        filled: bytes = self.format % self.pick(values)
        return filled

    @property
    def size(self) -> int:
        return len(self.format)


class Node:
    """A blank node whose first-degree hash (RDFC-1.0 §4.6) depends on the values."""

    __slots__ = ("_format", "_head", "_lines", "_pick", "number")

    def __init__(self, number: int, lines: Sequence[Sequence[str | int]]) -> None:
        self.number = number
        lines = sorted(lines, key=head_of)
        tokens = [token for line in lines for token in line]
        # Kept only when the values decide in which order the lines go.
        self._lines = None if is_settled([head_of(line) for line in lines]) else Text(tokens)
        self._head = sha256(head_of(tokens).encode())
        rest = Text(after_head(tokens))
        self._format, self._pick = rest.format, rest.pick

    def hash(self, values: Sequence[bytes]) -> bytes:
        if self._lines is not None:
            lines = self._lines.fill(values)[:-1].split(b"\n")
            lines.sort()
            return sha256(b"\n".join(lines) + b"\n").digest()
        state = self._head.copy()
        state.update(self._format % self._pick(values))
        return state.digest()


def first_degree(lines: Sequence[Line], blank_count: int) -> tuple[dict[bytes, int], tuple[Node, ...]]:
    """The blank nodes by their hash, where no gap can change it, and the others."""
    if blank_count == 1:
        return {b"": 0}, ()  # what is alone needs not be told from others
    static: dict[bytes, int] = {}
    nodes: list[Node] = []
    about: list[list[Term]] = [[] for _ in range(blank_count)]
    for line in lines:
        tokens = line.tokens
        for number in {token.number for token in tokens if isinstance(token, Blank)}:
            about[number].append(tokens)
    for number in range(blank_count):
        # Equal lines stay: two statements that differ only in the other blank node both count (§4.6).
        masked = [
            [
                ("_:a" if token.number == number else "_:z") if isinstance(token, Blank) else token
                for token in tokens
            ]
            for tokens in about[number]
        ]
        node = Node(number, masked)
        if any(isinstance(token, int) for line in masked for token in line):
            nodes.append(node)
        else:
            static[node.hash(())] = number
    if len(static) + len(nodes) != blank_count:
        raise Refused("two blank nodes are alike")
    return static, tuple(nodes)


def alike_by_shape(lines: Iterable[Line], blank_count: int) -> frozenset[int]:
    """The blank nodes that are told from some other one by values alone.

    All others are apart whatever the values are: their hashes are of lines with other predicates, leading
    from them or to them. How often one does so counts for nothing, as equal lines may be one statement.
    """
    about: list[set[tuple[bool, str]]] = [set() for _ in range(blank_count)]
    for line in lines:
        for term, is_subject in ((line.subject, True), (line.object, False)):
            if isinstance(term[0], Blank):
                about[term[0].number].add((is_subject, line.predicate))
    shapes = [frozenset(each) for each in about]
    met = Counter(shapes)
    return frozenset(number for number, shape in enumerate(shapes) if met[shape] > 1)


@cache
def text_order(count: int) -> tuple[int, ...]:
    """The ranks of so many blank nodes in the order of their labels."""
    return tuple(sorted(range(count), key=_LABELS.__getitem__))


def labels_of(order: Sequence[int]) -> list[bytes]:
    """The canonical label of each node, by its number."""
    labels = [b""] * len(order)
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

    def place(self, values: Sequence[bytes]) -> Any:
        """What says in which order the terms are; None when two are equal."""
        return place_among(self._fixed, [term.fill(values) for term in self._terms])


def place_among(fixed: Sequence[bytes], texts: Sequence[bytes]) -> Any:
    """What says in which order texts are, among themselves and the sorted fixed ones; None: two are equal."""
    if len(texts) == 1:
        place = bisect_left(fixed, texts[0])
        return None if place < len(fixed) and fixed[place] == texts[0] else place
    places = []
    for text in texts:
        place = bisect_left(fixed, text)
        if place < len(fixed) and fixed[place] == text:
            return None
        places.append(place)
    if len(set(texts)) != len(texts):
        return None
    if len(texts) == 2:
        return (*places, texts[0] < texts[1])
    return (*places, *sorted(range(len(texts)), key=texts.__getitem__))


def deciders_of(lines: Iterable[Line], heads: Mapping[int, str] = NOTHING) -> tuple[Decider, ...]:
    """What of these lines has to be put in order for a given document, the labels of blank nodes apart.

    All else is in order by its fixed text. Labels go behind all IRIs and literals, so the order of those is
    one question and that of the labels another. ``heads`` tells how the values of some gaps always begin.
    """
    lines = tuple(lines)
    named = dict.fromkeys(line.subject for line in lines if not isinstance(line.subject[0], Blank))
    groups: dict[tuple[Term, str], list[Term]] = {}
    for line in lines:
        if not isinstance(line.object[0], Blank):
            groups.setdefault((line.subject, line.predicate), []).append(line.object)
    asked: list[list[Term]] = []
    for terms in (list(named), *groups.values()):
        for alike in _unsettled(terms, heads):
            # One subject is often the object of another: in what order they are is asked once.
            if not any(set(alike) <= set(others) for others in asked):
                asked.append(alike)
    return tuple(map(Decider, asked))


def _unsettled(terms: Iterable[Term], heads: Mapping[int, str]) -> Iterator[list[Term]]:
    """The terms among these whose order the values decide: those of which one may begin as another does."""
    alike: list[Term] = []
    begin = ""
    for head, term in sorted(((_head_with(term, heads), term) for term in terms), key=itemgetter(0)):
        if not alike or not head.startswith(begin):
            if len(alike) > 1 and _has_gaps(alike):
                yield alike
            alike, begin = [], head
        alike.append(term)
    if len(alike) > 1 and _has_gaps(alike):
        yield alike


def _head_with(term: Term, heads: Mapping[int, str]) -> str:
    head = head_of(term)
    gap = next((token for token in term if isinstance(token, int)), None)
    return head if gap is None else head + heads.get(gap, "")


def _has_gaps(terms: Iterable[Term]) -> bool:
    return any(isinstance(token, int) for term in terms for token in term)


def places(deciders: Iterable[Decider], values: Sequence[bytes]) -> tuple[Any, ...] | None:
    """In which order everything is; None when two things are equal."""
    found = tuple([decider.place(values) for decider in deciders])
    return None if None in found else found
