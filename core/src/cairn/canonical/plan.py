# SPDX-License-Identifier: Apache-2.0
"""The digest of a canonical form without making it: what depends on a document's shape is worked out once.

Nearly all the work of canonicalising a credential is JSON-LD, and its answer depends on the shape of the
document, not on the strings in it. A `Plan` keeps that answer as lines of N-Quads with gaps. Filling the gaps
and RDFC-1.0's own labelling and sorting remain, and are done for every document: no digest is ever kept.

A plan gives the exact digest or None. None says nothing about the document, only that the full path
(`rdf_canonical`) has to be asked: whatever is not plainly the easy case is left to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from cairn.canonical.gaps import Refused
from cairn.canonical.lines import (
    Blank,
    Line,
    Text,
    Token,
    after_head,
    deciders_of,
    first_degree,
    head_of,
    labels_of,
    numbered,
    places,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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
        self, lines: Iterable[Line], iris: Iterable[int], gap_count: int, ids: Identities, budget: Budget
    ) -> None:
        self._lines = tuple(lines)
        self._gap_count = gap_count
        self._ids = ids
        self._budget = budget
        self.iris = tuple(sorted(iris))
        """The gaps that are IRIs; all others are literals."""
        blanks = {token for line in self._lines for token in line.tokens if isinstance(token, Blank)}
        self._blank_count = len(blanks)
        self._static_hashes, self._nodes = first_degree(self._lines, self._blank_count)
        self._may_be_alike = bool(self._nodes) and self._blank_count > 1
        self._whole = Text(numbered((token for line in self._lines for token in line.tokens), gap_count))
        named = [line for line in self._lines if not isinstance(line.subject[0], Blank)]
        self._about_blanks = [line for line in self._lines if isinstance(line.subject[0], Blank)]
        self._groups, self._about_named = _with_label_gaps(named, gap_count)
        self._named_deciders = deciders_of(named)
        self._blank_deciders = deciders_of(self._about_blanks)
        self._kept_named: dict[Any, tuple[Any, Text]] = {}
        self._kept_blanks: dict[Any, Text] = {}
        self.size = 4 * self._whole.size + 1_000
        """Roughly the bytes of memory that it takes, those of its kept orders included."""

    def digest(self, values: Sequence[str]) -> bytes | None:
        """SHA-256 of the canonical N-Quads with these values, escaped as N-Quads has it; None: ask for it.

        The caller has matched what goes into `iris` with `IRI`.
        """
        if not self._ids.are_apart(values):
            return None
        try:
            order = self._order_of_nodes(values)
            if order is None:
                return None
            labels = labels_of(order)
            return self._arranged(values, order, labels) or self._sorted([*values, *labels])
        except UnicodeEncodeError:  # a lone surrogate
            return None

    def is_sound(self, values: Sequence[str]) -> bool:
        """Whether the full path would find a canonical form: no two nodes are one, and none are alike."""
        return self._ids.are_apart(values) and (
            not self._may_be_alike or self._order_of_nodes(values) is not None
        )

    def _order_of_nodes(self, values: Sequence[str]) -> tuple[int, ...] | None:
        """The blank nodes in the order of their hashes (§4.4.3, step 4); None when two are equal."""
        if self._blank_count < 2:
            return (0,) * self._blank_count
        nodes = self._static_hashes.copy()
        for node in self._nodes:
            nodes[node.hash(values)] = node.number
        if len(nodes) != self._blank_count:
            return None
        return tuple([nodes[hashed] for hashed in sorted(nodes)])

    def _arranged(self, values: Sequence[str], order: tuple[int, ...], labels: list[str]) -> bytes | None:
        """The lines in an order that is known, what comes before the first gap hashed already.

        Equal lines, and more orders than are kept, are left to `_sorted`.
        """
        named, blanks = places(self._named_deciders, values), places(self._blank_deciders, values)
        if named is None or blanks is None:
            return None
        filled = [*values, *_in_order(self._groups, labels)]
        first = self._kept_named.get(named) or self._keep_named(named, filled)
        last = self._kept_blanks.get((order, blanks)) or self._keep_blanks((order, blanks), values, labels)
        if first is None or last is None:
            return None
        start, rest = first
        state = start.copy()
        state.update((rest.fill(filled) + last.fill(values)).encode())
        digest: bytes = state.digest()
        return digest

    def _keep_named(self, key: Any, filled: Sequence[str]) -> tuple[Any, Text] | None:
        if len(self._kept_named) >= _MAX_ORDERS:
            return None
        lines = sorted(self._about_named, key=lambda line: Text(line).fill(filled))
        tokens = [token for line in lines for token in line]
        kept = sha256(head_of(tokens).encode()), Text(after_head(tokens))
        return self._keep(self._kept_named, key, kept, kept[1].size)

    def _keep_blanks(self, key: Any, values: Sequence[str], labels: Sequence[str]) -> Text | None:
        if len(self._kept_blanks) >= _MAX_ORDERS:
            return None
        lines = [
            [labels[token.number] if isinstance(token, Blank) else token for token in line.tokens]
            for line in self._about_blanks
        ]
        lines.sort(key=lambda line: Text(line).fill(values))
        kept = Text(token for line in lines for token in line)
        return self._keep(self._kept_blanks, key, kept, kept.size)

    def _keep(self, kept: dict[Any, T], key: Any, arranged: T, size: int) -> T | None:
        # Two threads may both come here: they then store equal values.
        if not self._budget.spend(size + 500):
            return None
        self.size += size + 500
        kept[key] = arranged
        return arranged

    def _sorted(self, filled: Sequence[str]) -> bytes | None:
        """All lines, sorted now."""
        # Split at LF only: U+2028 and its like are ordinary characters, and a literal holds no raw LF.
        lines = self._whole.fill(filled)[:-1].split("\n")
        lines.sort()
        if len(set(lines)) != len(lines):
            once = list(dict.fromkeys(lines))
            # The dataset holds a repeated statement once. About named nodes that is all there is to it, but
            # the hash of a blank node has counted it twice.
            if any("_:" in line for line in once if lines.count(line) > 1):
                return None
            lines = once
        return sha256(("\n".join(lines) + "\n").encode()).digest()

    def fixed(self, values: Mapping[int, str]) -> Plan:
        """The same plan with some of its gaps filled for good; those left are numbered anew, in order."""
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
        return Plan(once, iris, len(left), self._ids.fixed(values, numbers), self._budget)


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


def _in_order(groups: Iterable[tuple[int, ...]], labels: Sequence[str]) -> list[str]:
    """The labels that go into the gaps of those groups."""
    found: list[str] = []
    for group in groups:
        if len(group) == 1:
            found.append(labels[group[0]])
        else:
            found += sorted([labels[node] for node in group])
    return found


@dataclass(frozen=True, slots=True)
class Identities:
    """The ids of a document, for the rule that nothing describes its credential or subject twice (B31).

    The full path knows when such an id is harmless; a plan only knows when there is none.
    """

    own_gaps: tuple[int, ...]
    own: frozenset[str]
    others_gaps: tuple[int, ...]
    others: frozenset[str]

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
        own = [each for each in own_ids if each not in gaps]
        if len(set(own_ids)) != len(own_ids):
            raise Refused("an id is used twice")
        return cls(
            tuple(gaps[each] for each in own_ids if each in gaps),
            frozenset(own),
            tuple(gaps[each] for each in other_ids if each in gaps),
            frozenset(each for each in other_ids if each not in gaps),
        )

    def fixed(self, values: Mapping[int, str], numbers: Mapping[int, int]) -> Identities:
        own = [values[gap] for gap in self.own_gaps if gap in values]
        if len({*own, *self.own}) != len(own) + len(self.own):
            raise Refused("an id is used twice")
        return Identities(
            tuple(numbers[gap] for gap in self.own_gaps if gap in numbers),
            self.own.union(own),
            tuple(numbers[gap] for gap in self.others_gaps if gap in numbers),
            self.others.union(values[gap] for gap in self.others_gaps if gap in values),
        )

    def are_apart(self, values: Sequence[str]) -> bool:
        if not self.own_gaps and not self.others_gaps:
            return self.own.isdisjoint(self.others)
        own = {values[gap] for gap in self.own_gaps}
        if len(own) != len(self.own_gaps) or not own.isdisjoint(self.own) or not own.isdisjoint(self.others):
            return False
        others = [values[gap] for gap in self.others_gaps]
        return own.isdisjoint(others) and self.own.isdisjoint(others) and self.own.isdisjoint(self.others)
