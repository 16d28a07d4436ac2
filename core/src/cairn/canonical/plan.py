# SPDX-License-Identifier: Apache-2.0
"""The digest of a canonical form without making it: what depends on a document's shape is worked out once.

Nearly all the work of canonicalising a credential is JSON-LD, and its answer depends on the shape of the
document, not on the strings in it. A `Plan` keeps that answer as lines of N-Quads with gaps. Filling the gaps
and RDFC-1.0's own labelling and sorting remain, and are done for every document: no digest is ever kept.

A plan gives the exact digest or None. None says nothing about the document, only that the full path
(`rdf_canonical`) has to be asked: whatever is not plainly the easy case is left to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from itertools import accumulate, chain, islice, pairwise
from math import perm
from operator import eq
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from cairn.canonical.gaps import IRI, Refused
from cairn.canonical.lines import (
    NOTHING,
    Blank,
    Line,
    Text,
    Token,
    after_head,
    alike_by_shape,
    deciders_of,
    first_degree,
    head_of,
    labels_of,
    numbered,
    places,
    text_order,
)
from cairn.canonical.texts import picker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Pick = Callable[[Sequence[bytes]], Sequence[bytes]]

_MAX_ORDERS = 1024

T = TypeVar("T")


class Budget:
    """Bytes that plans may use, shared by all plans of one cache."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = Lock()

    def spend(self, size: int) -> bool:
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give_back(self, size: int) -> None:
        with self._lock:
            self._left += size


class Plan:
    """The canonical form of one shape, with gaps. Made by `compile_plan`; threads may share it.

    Its lines are in two parts. Those about named nodes come first (``<`` sorts before ``_``), and in which
    order they are is decided by the values alone: where one predicate leads from a named node to several
    blank ones, the lines are the same but for the labels, so the labels are put in order instead. The lines
    about blank nodes follow, in the order of their labels. Each order met is kept as one text with gaps.
    """

    def __init__(
        self,
        lines: Iterable[Line],
        iris: Iterable[int],
        gap_count: int,
        ids: Identities,
        budget: Budget,
        heads: Mapping[int, str] = NOTHING,
    ) -> None:
        self._lines = tuple(lines)
        self._gap_count = gap_count
        self.ids = ids
        self._budget = budget
        self.iris = tuple(sorted(iris))
        """The gaps that are IRIs; all others are literals."""
        blanks = {token for line in self._lines for token in line.tokens if isinstance(token, Blank)}
        self._blank_count = len(blanks)
        static, self._nodes = first_degree(self._lines, self._blank_count)
        alike = alike_by_shape(self._lines, self._blank_count)
        self._alike = tuple(node for node in self._nodes if node.number in alike)
        self._numbers = [node.number for node in self._nodes]
        self._static = static
        # In how many orders the blank nodes can be. When there are more than are kept, nearly each is new.
        self._may_keep = perm(self._blank_count, len(self._nodes)) <= _MAX_ORDERS
        ordered, self._spans = _node_by_node(self._lines, self._blank_count)
        self._whole = Text(numbered((token for line in ordered for token in line.tokens), gap_count))
        named = [line for line in self._lines if not isinstance(line.subject[0], Blank)]
        self._about_blanks = [line for line in self._lines if isinstance(line.subject[0], Blank)]
        self._groups, self._about_named = _with_label_gaps(named, gap_count)
        self._named_deciders = deciders_of(named, heads)
        self._blank_deciders = deciders_of(self._about_blanks, heads)
        is_settled = not (self._nodes or self._named_deciders or self._blank_deciders)
        self._settled = self._arranged() if is_settled else None
        self._kept_named: dict[Any, tuple[Any, Text]] = {}
        self._kept_blanks: dict[Any, tuple[tuple[bytes, ...], Text]] = {}
        self.size = 4 * self._whole.size + 1_000
        """Roughly the bytes of memory that it takes, those of its kept orders included."""

    def digest(self, values: Sequence[str]) -> bytes | None:
        """SHA-256 of the canonical N-Quads with these values, escaped as N-Quads has it; None: ask for it.

        The caller has matched what goes into `iris` with `IRI`.
        """
        written = written_in_full(values)
        if written is None or not self.ids.are_apart(written):
            return None
        return self.digest_of(written)

    def digest_of(self, written: Sequence[bytes]) -> bytes | None:
        """The same for values in UTF-8, of which the caller knows that the ids among them are apart."""
        if self._settled is not None:
            state = self._settled[0].copy()
            state.update(self._settled[1].fill(written))
            only: bytes = state.digest()
            return only
        hashes = [node.hash(written) for node in self._nodes]
        order = self._ranked(hashes)
        if order is None:
            return None
        if not self._may_keep:
            return self._sorted(written, order)
        named = places(self._named_deciders, written) if self._named_deciders else ()
        blanks = places(self._blank_deciders, written) if self._blank_deciders else ()
        if named is None or blanks is None:
            return self._sorted(written, order)
        # The lines in an order that is known, what comes before the first gap hashed already.
        key = (order, blanks)
        last = self._kept_blanks.get(key) or self._keep_blanks(key, written, order)
        if last is None:
            return self._sorted(written, order)
        filled = [*written, *last[0]]
        first = self._kept_named.get(named) or self._keep_named(named, filled)
        if first is None:
            return self._sorted(written, order)
        state = first[0].copy()
        state.update(first[1].fill(filled))
        state.update(last[1].fill(written))
        digest: bytes = state.digest()
        return digest

    def is_sound(self, written: Sequence[bytes]) -> bool:
        """Whether the full path would find a canonical form: no two nodes are one, and none are alike."""
        if not self.ids.are_apart(written):
            return False
        if not self._alike:
            return True
        hashes = {node.hash(written) for node in self._alike}
        return len(hashes) == len(self._alike) and hashes.isdisjoint(self._static)

    def _ranked(self, hashes: Sequence[bytes]) -> tuple[int, ...] | None:
        """The blank nodes in the order of their hashes, which their labels follow (§4.4.3, step 4).

        None when two are alike.
        """
        nodes = dict(zip(hashes, self._numbers, strict=True))
        nodes.update(self._static)
        if len(nodes) < self._blank_count:
            return None
        return tuple(map(nodes.__getitem__, sorted(nodes)))

    def _arranged(self) -> tuple[Any, Text]:
        """All lines of a plan in which no value decides on their order, the head of them hashed already."""
        order = self._ranked(())
        assert order is not None  # `first_degree` has refused nodes that are alike
        labels = [label.decode() for label in labels_of(order)]
        lines = [
            [labels[token.number] if isinstance(token, Blank) else token for token in line.tokens]
            for line in self._lines
        ]
        anything = [b""] * self._gap_count
        lines.sort(key=lambda line: Text(line).fill(anything))
        tokens = [token for line in lines for token in line]
        return sha256(head_of(tokens).encode()), Text(after_head(tokens))

    def _keep_named(self, key: Any, filled: Sequence[bytes]) -> tuple[Any, Text] | None:
        if len(self._kept_named) >= _MAX_ORDERS:
            return None
        lines = sorted(self._about_named, key=lambda line: Text(line).fill(filled))
        tokens = [token for line in lines for token in line]
        kept = sha256(head_of(tokens).encode()), Text(after_head(tokens))
        return self._keep(self._kept_named, key, kept, kept[1].size)

    def _keep_blanks(
        self, key: Any, written: Sequence[bytes], order: Sequence[int]
    ) -> tuple[tuple[bytes, ...], Text] | None:
        """The labels that go into the lines about named nodes, and the lines about blank ones."""
        if len(self._kept_blanks) >= _MAX_ORDERS:
            return None
        labels = labels_of(order)
        lines = [
            [labels[token.number] if isinstance(token, Blank) else token for token in line.tokens]
            for line in self._about_blanks
        ]
        lines.sort(key=lambda line: Text(line).fill(written))
        kept = _in_order(self._groups, labels), Text(token for line in lines for token in line)
        return self._keep(self._kept_blanks, key, kept, kept[1].size + 8 * len(kept[0]))

    def _keep(self, kept: dict[Any, T], key: Any, arranged: T, size: int) -> T | None:
        # Two threads may both come here: they then store equal values.
        if not self._budget.spend(size + 500):
            return None
        self.size += size + 500
        kept[key] = arranged
        return arranged

    def _sorted(self, written: Sequence[bytes], ranked: Sequence[int]) -> bytes | None:
        """All lines, sorted now: when some are equal, or more orders have been met than are kept."""
        # Split at LF only: U+2028 and its like are ordinary characters, and a literal holds no raw LF.
        found = self._whole.fill([*written, *labels_of(ranked)])[:-1].split(b"\n")
        # They go nearly as they lie, once the nodes have the order of their labels as text: 10 before 2.
        lines = found[: self._spans[0][0]] if self._spans else found
        for rank in text_order(len(ranked)):
            start, end = self._spans[ranked[rank]]
            lines += found[start:end]
        lines.sort()
        if True in map(eq, lines, islice(lines, 1, None)):
            repeated = [line for line, following in pairwise(lines) if line == following]
            # The dataset holds a repeated statement once. About named nodes that is all there is to it, but
            # the hash of a blank node has counted it twice.
            if any(b"_:" in line for line in repeated):
                return None
            lines = [lines[0], *[following for line, following in pairwise(lines) if line != following]]
        return sha256(b"\n".join(lines) + b"\n").digest()

    def fixed(self, values: Mapping[int, str]) -> Plan:
        """The same plan with some of its gaps filled for good; those left are numbered anew, in order.

        Such a value was in a document that the full path has accepted, and the full path knows more IRIs than
        plans do: of a compact one it writes what its context makes of it.
        """
        if not all(IRI.fullmatch(values[gap]) for gap in self.iris if gap in values):
            raise Refused("an IRI that does not pass through JSON-LD as it is")
        left = [gap for gap in range(self._gap_count) if gap not in values]
        numbers = {gap: number for number, gap in enumerate(left)}

        def fill(token: Token) -> Token:
            if not isinstance(token, int):
                return token
            return values[token] if token in values else numbers[token]

        lines = [line.mapped(fill) for line in self._lines]
        once = dict.fromkeys(lines)
        if any(isinstance(token, Blank) for line in once if lines.count(line) > 1 for token in line.tokens):
            raise Refused("a statement about a blank node is repeated")
        iris = [numbers[gap] for gap in self.iris if gap in numbers]
        return Plan(once, iris, len(left), self.ids.fixed(values, numbers), self._budget)


def _node_by_node(lines: Iterable[Line], blank_count: int) -> tuple[list[Line], list[tuple[int, int]]]:
    """The lines about named nodes, then those about each blank node, and from where to where these are."""
    named: list[Line] = []
    about: list[list[Line]] = [[] for _ in range(blank_count)]
    for line in sorted(lines, key=lambda line: line.predicate):
        subject = line.subject[0]
        (about[subject.number] if isinstance(subject, Blank) else named).append(line)
    ends = list(accumulate(map(len, about), initial=len(named)))
    return [*named, *chain.from_iterable(about)], list(pairwise(ends))


def _with_label_gaps(
    lines: Iterable[Line], offset: int
) -> tuple[tuple[tuple[int, ...], ...], list[list[str | int]]]:
    """Lines about named nodes with gaps for labels, and the blank nodes that fill those, group by group."""
    groups: dict[Any, list[int]] = {}
    for line in lines:
        if isinstance(line.object[0], Blank):
            groups.setdefault((line.subject, line.predicate), []).append(line.object[0].number)
    starts: dict[Any, int] = {}
    for group, nodes in groups.items():
        starts[group] = offset
        offset += len(nodes)
    written: list[list[str | int]] = []
    for line in lines:
        group = (line.subject, line.predicate)
        if isinstance(line.object[0], Blank):
            written.append(numbered((*line._replace(object=(Blank(starts[group]),)).tokens,), 0))
            starts[group] += 1
        else:
            written.append(numbered(line.tokens, 0))
    return tuple(map(tuple, groups.values())), written


def _in_order(groups: Iterable[tuple[int, ...]], labels: Sequence[bytes]) -> tuple[bytes, ...]:
    """The labels that go into the gaps of those groups."""
    found: list[bytes] = []
    for group in groups:
        if len(group) == 1:
            found.append(labels[group[0]])
        else:
            found += sorted([labels[node] for node in group])
    return tuple(found)


def written_in_full(values: Sequence[str]) -> list[bytes] | None:
    """Each value in UTF-8, which lone surrogates have none of; all at once, as none holds a line feed."""
    try:
        written = "\n".join(values).encode().split(b"\n")
    except UnicodeEncodeError:
        return None
    return written if len(written) == len(values) else [value.encode() for value in values]


@dataclass(frozen=True, slots=True)
class Identities:
    """The ids of a document, for the rule that nothing describes its credential or subject twice (B31).

    The full path knows when such an id is harmless; a plan only knows when there is none.
    """

    own_gaps: tuple[int, ...]
    own: frozenset[bytes]
    others_gaps: tuple[int, ...]
    others: frozenset[bytes]
    _pick_own: Pick = field(init=False, repr=False, compare=False)
    _pick_others: Pick = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pick_own", picker(self.own_gaps))
        object.__setattr__(self, "_pick_others", picker(self.others_gaps))

    @classmethod
    def of(cls, document: Mapping[str, Any], gap_of: Callable[[str], int | None]) -> Identities:
        subjects = document.get("credentialSubject")
        places = [document, *(subjects if isinstance(subjects, list) else [subjects])]
        own_ids: list[str] = []
        other_ids: list[str] = []
        pending: list[Any] = [document]
        while pending:
            value = pending.pop()
            if isinstance(value, list):
                pending.extend(value)
            elif isinstance(value, dict):
                pending.extend(value.values())
                if isinstance(value.get("id"), str):
                    (own_ids if any(value is place for place in places) else other_ids).append(value["id"])
        gaps = {each: gap for each in (*own_ids, *other_ids) if (gap := gap_of(each)) is not None}
        own = [each.encode() for each in own_ids if each not in gaps]
        if len(set(own_ids)) != len(own_ids):
            raise Refused("an id is used twice")
        return cls(
            tuple(gaps[each] for each in own_ids if each in gaps),
            frozenset(own),
            tuple(gaps[each] for each in other_ids if each in gaps),
            frozenset(each.encode() for each in other_ids if each not in gaps),
        )

    def fixed(self, values: Mapping[int, str], numbers: Mapping[int, int]) -> Identities:
        own = [values[gap].encode() for gap in self.own_gaps if gap in values]
        if len({*own, *self.own}) != len(own) + len(self.own):
            raise Refused("an id is used twice")
        return Identities(
            tuple(numbers[gap] for gap in self.own_gaps if gap in numbers),
            self.own.union(own),
            tuple(numbers[gap] for gap in self.others_gaps if gap in numbers),
            self.others.union(values[gap].encode() for gap in self.others_gaps if gap in values),
        )

    @property
    def is_settled(self) -> bool:
        """Whether they are apart whatever the values are."""
        return not self.own_gaps and not self.others_gaps and self.own.isdisjoint(self.others)

    def are_apart(self, values: Sequence[bytes]) -> bool:
        own = self.own.union(self._pick_own(values))
        if len(own) != len(self.own) + len(self.own_gaps) or not own.isdisjoint(self.others):
            return False
        return not self.others_gaps or own.isdisjoint(self._pick_others(values))
