# SPDX-License-Identifier: Apache-2.0
"""Which credential serves which rule, when each may serve one only: decided exactly.

Taking them in turn is wrong: the first rule takes what only the second could have used. So: what has a single
use is put there; the rest falls into parts that share nothing; a part in which every credential counts for
one is a flow problem (polynomial); any other is searched state by state, with what could still come as a
bound. The search has a budget of steps, not of time, so the same question always has the same answer; one
that is too hard is told as such, and never guessed (B215).
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from fractions import Fraction
from operator import add
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MOST_STATES = 20_000
MOST_CHOICES = 200

# How much goes into which bucket of a place: whole numbers, in the smallest unit that occurs there.
Amounts = tuple[tuple[int, int], ...]
Vector = tuple[int, ...]


class TooHard(Exception):  # noqa: N818 - an answer, and no fault
    """The budget was spent before the answer was certain."""


@dataclass(frozen=True, slots=True)
class Count:
    """So many, from buckets that take so many each."""

    caps: Vector
    need: int
    repeat: int = 1

    def got(self, vector: Vector) -> int:
        return sum(map(min, self.caps, vector))

    def is_met(self, vector: Vector) -> bool:
        return self.got(vector) >= self.need

    def ratio(self, vector: Vector) -> Fraction:
        return min(Fraction(1), Fraction(self.got(vector), self.need))


# The three kinds of credits under one line, in the order in which they are preferred.
OWN, FOREIGN, RECOGNISED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Sum:
    """So many credits: three buckets a line, with a cap a line and one for everything recognised."""

    most: Vector
    need: int
    own_need: int
    recognised_most: int
    repeat: int = 1

    @property
    def caps(self) -> Vector:
        return tuple(min(each, max(self.need, self.own_need)) for each in self.most for _kind in range(3))

    def got(self, vector: Vector) -> int:
        plain = spare = 0
        for line, most in enumerate(self.most):
            own, foreign, recognised = vector[3 * line : 3 * line + 3]
            first = min(most, own + foreign)
            plain += first
            spare += min(most - first, recognised)
        return plain + min(self.recognised_most, spare)

    def own(self, vector: Vector) -> int:
        return sum(min(most, vector[3 * line]) for line, most in enumerate(self.most))

    def is_met(self, vector: Vector) -> bool:
        return self.got(vector) >= self.need and self.own(vector) >= self.own_need

    def ratio(self, vector: Vector) -> Fraction:
        full = min(Fraction(1), Fraction(self.got(vector), self.need))
        return min(full, Fraction(self.own(vector), self.own_need)) if self.own_need else full


Place = Count | Sum


@dataclass(frozen=True, slots=True)
class Item:
    """A credential: what it is an award of, what work it rests on, and what it would add where."""

    id: str
    achievement: str
    # Each is a place with what it would add there; of all of them, one comes true.
    options: tuple[tuple[int, Amounts], ...]
    evidence: frozenset[str] = frozenset()


@dataclass(slots=True)
class Filled:
    """What stands in each place, and which credentials put it there."""

    vectors: dict[int, Vector]
    used: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    # Which bucket a credential went to: the first, where it adds to several.
    buckets: dict[tuple[int, str], int] = field(default_factory=dict)

    def put(self, place: int, amounts: Amounts, item: Item) -> None:
        self.vectors[place] = _plus(self.vectors[place], amounts)
        self.used[place].append(item.id)
        self.buckets[place, item.id] = amounts[0][0]


def _plus(vector: Vector, amounts: Amounts) -> Vector:
    made = list(vector)
    for bucket, amount in amounts:
        made[bucket] += amount
    return tuple(made)


def empty(places: Mapping[int, Place]) -> Filled:
    return Filled({at: (0,) * len(place.caps) for at, place in places.items()})


def everything(place: Place, at: int, items: Iterable[Item]) -> Vector:
    """What could be in the place if nothing stood against it: never less than what can."""
    vector: Vector = (0,) * len(place.caps)
    for item in items:
        vector = _added(vector, at, item)
    return vector


def _added(vector: Vector, at: int, item: Item) -> Vector:
    """With all that the credential could add to this place, even where only one of it can come true."""
    for place, amounts in item.options:
        if place == at:
            vector = _plus(vector, amounts)
    return vector


def best_effort(places: Mapping[int, Place], items: Sequence[Item]) -> Filled:
    """A good distribution, found quickly: for showing how far somebody is, never for a "no"."""
    made = empty(places)
    times: dict[tuple[int, str], int] = defaultdict(int)
    spent: set[str] = set()
    open_to = {at for at, place in places.items() if not place.is_met(made.vectors[at])}
    # Whatever has the fewest uses first, and of these the largest.
    for item in sorted(items, key=lambda each: (len(each.options), -_size(each), each.id)):
        if not open_to:
            break
        if item.evidence & spent:
            continue
        gains = []
        for choice, (at, amounts) in enumerate(item.options):
            place = places[at]
            if at not in open_to or times[at, item.achievement] >= place.repeat:
                continue
            before, after = made.vectors[at], _plus(made.vectors[at], amounts)
            gain = (place.ratio(after) - place.ratio(before), place.got(after) - place.got(before))
            if gain > (0, 0):
                gains.append((gain, -choice))
        if gains:
            at, amounts = item.options[-max(gains)[1]]
            made.put(at, amounts, item)
            times[at, item.achievement] += 1
            spent |= item.evidence
            if places[at].is_met(made.vectors[at]):
                open_to.discard(at)
    return made


def _size(item: Item) -> int:
    return max((amount for _place, amounts in item.options for _bucket, amount in amounts), default=0)


def is_full(places: Mapping[int, Place], filled: Filled) -> bool:
    return all(place.is_met(filled.vectors[at]) for at, place in places.items())


def fill(places: Mapping[int, Place], items: Sequence[Item]) -> Filled | None:
    """A distribution that fills every place, or None when there is none; :class:`TooHard`."""
    usable = [
        Item(item.id, item.achievement, options, item.evidence)
        for item in items
        if (options := tuple(option for option in item.options if option[0] in places))
    ]
    # Two answers that cost nothing, and are certain.
    for at, place in places.items():
        if not place.is_met(everything(place, at, usable)):
            return None
    quick = best_effort(places, usable)
    if is_full(places, quick):
        return quick
    for tried, choice in enumerate(_without_conflicts(usable)):
        if tried >= MOST_CHOICES:
            raise TooHard
        found = _fill_apart(places, choice)
        if found is not None:
            return found
    return None


def _without_conflicts(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The largest choices in which no two rest on the same piece of evidence (Bron-Kerbosch)."""
    by_evidence: dict[str, set[int]] = defaultdict(set)
    for at, item in enumerate(items):
        for each in item.evidence:
            by_evidence[each].add(at)
    against: dict[int, set[int]] = defaultdict(set)
    for group in by_evidence.values():
        for at in group:
            against[at] |= group - {at}
    contested = {at for at, others in against.items() if others}
    free = [item for at, item in enumerate(items) if at not in contested]
    if not contested:
        yield free
        return

    def choose(taken: frozenset[int], open_to: set[int], passed: set[int]) -> Iterator[frozenset[int]]:
        if not open_to and not passed:
            yield taken
            return
        # Every largest choice takes this one, or one of those that stand against it.
        pivot = min(open_to | passed, key=lambda at: (len((against[at] | {at}) & open_to), at))
        for at in sorted((against[pivot] | {pivot}) & open_to):
            keep = against[at] | {at}
            yield from choose(taken | {at}, open_to - keep, passed - keep)
            open_to = open_to - {at}
            passed = passed | {at}

    for chosen in choose(frozenset(), contested, set()):
        yield [*free, *(items[at] for at in sorted(chosen))]


def _fill_apart(places: Mapping[int, Place], items: Sequence[Item]) -> Filled | None:
    """Part by part: places that no credential could serve both of have nothing to do with each other."""
    joined = {at: at for at in places}

    def root(at: int) -> int:
        while joined[at] != at:
            joined[at] = joined[joined[at]]
            at = joined[at]
        return at

    for item in items:
        first = item.options[0][0]
        for other, _amounts in item.options[1:]:
            joined[root(other)] = root(first)
    whole = empty(places)
    for part in {root(at) for at in places}:
        inside = {at: place for at, place in places.items() if root(at) == part}
        found = _fill_part(inside, [item for item in items if root(item.options[0][0]) == part])
        if found is None:
            return None
        whole.vectors.update(found.vectors)
        whole.used.update(found.used)
        whole.buckets.update(found.buckets)
    return whole


def _fill_part(places: Mapping[int, Place], items: Sequence[Item]) -> Filled | None:
    if all(isinstance(place, Count) for place in places.values()) and all(
        len(amounts) == 1 and amounts[0][1] == 1 for item in items for _place, amounts in item.options
    ):
        return _flow(places, items)
    return _search(places, items)


# Everything counts for one: a flow


def _flow(places: Mapping[int, Place], items: Sequence[Item]) -> Filled | None:
    """source → credential → (bucket, achievement) → bucket → place → sink, with the limits as capacities."""
    capacity: dict[tuple[object, object], int] = {}
    after: dict[object, list[object]] = defaultdict(list)

    def edge(start: object, end: object, most: int) -> None:
        if (start, end) not in capacity:
            after[start].append(end)
            after[end].append(start)
            capacity[end, start] = 0
            capacity[start, end] = most

    asked = 0
    for at, place in places.items():
        asked += place.need
        edge(("place", at), "sink", place.need)
        for bucket, cap in enumerate(place.caps):
            edge(("bucket", at, bucket), ("place", at), cap)
    for item in items:
        edge("source", ("item", item.id), 1)
        for at, amounts in item.options:
            bucket = amounts[0][0]
            kind = ("kind", at, bucket, item.achievement)
            edge(("item", item.id), kind, 1)
            edge(kind, ("bucket", at, bucket), places[at].repeat)
    reached = 0
    while (way := _way(capacity, after)) is not None:
        for start, end in way:
            capacity[start, end] -= 1
            capacity[end, start] += 1
        reached += 1
    if reached < asked:
        return None
    made = empty(places)
    for item in items:
        for at, amounts in item.options:
            kind = ("kind", at, amounts[0][0], item.achievement)
            if capacity[kind, ("item", item.id)]:
                made.put(at, amounts, item)
    return made


def _way(
    capacity: Mapping[tuple[object, object], int], after: Mapping[object, list[object]]
) -> list[tuple[object, object]] | None:
    """A shortest way on which one more fits (Edmonds and Karp)."""
    came: dict[object, object] = {"source": None}
    waiting = deque(["source"]) if "source" in after else deque()
    while waiting:
        here: object = waiting.popleft()
        for there in after[here]:
            if there in came or not capacity[here, there]:
                continue
            came[there] = here
            if there == "sink":
                steps: list[tuple[object, object]] = []
                while (before := came[there]) is not None:
                    steps.append((before, there))
                    there = before
                return steps
            waiting.append(there)  # type: ignore[arg-type]
    return None


# Credits: a search over what could stand where


State = tuple[tuple[Vector, ...], tuple[int, ...]]
Option = tuple[int, Amounts]
Rest = tuple[tuple[Vector, ...], Fraction]


def _search(places: Mapping[int, Place], items: Sequence[Item]) -> Filled | None:
    order = sorted(places)
    # Those of one achievement in a row: how often it counts has to be remembered only that long.
    kinds: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        kinds[item.achievement].append(item)
    ordered = [
        item
        for _name, group in sorted(
            kinds.items(), key=lambda each: (min(len(i.options) for i in each[1]), each[0])
        )
        for item in sorted(group, key=lambda i: (-_size(i), i.id))
    ]
    # What could still come, from each credential on: to each place alone, and, because a credential goes to
    # one place, to all of them together (as shares of what they ask for).
    rest: list[Rest] = [(tuple((0,) * len(places[at].caps) for at in order), Fraction(0))]
    for item in reversed(ordered):
        vectors_left, shares_left = rest[-1]
        most = max(
            Fraction(sum(amount for _bucket, amount in amounts), places[at].need)
            for at, amounts in item.options
        )
        rest.append(
            (
                tuple(_added(vector, at, item) for at, vector in zip(order, vectors_left, strict=True)),
                shares_left + most,
            )
        )
    rest.reverse()
    caps = {at: places[at].caps for at in order}

    start = tuple((0,) * len(caps[at]) for at in order)
    none_yet = (0,) * len(order)
    # How each state was reached: the state before, and where the credential went.
    levels: list[dict[State, tuple[State, Option | None]]] = [{(start, none_yet): ((start, none_yet), None)}]
    steps = 0
    for at_item, item in enumerate(ordered):
        fresh = at_item == 0 or ordered[at_item - 1].achievement != item.achievement
        found: dict[State, tuple[State, Option | None]] = {}
        for state in levels[-1]:
            vectors, times = state
            if fresh:
                times = none_yet
            found.setdefault((vectors, times), (state, None))
            for at, amounts in item.options:
                index = order.index(at)
                if times[index] >= places[at].repeat:
                    continue
                added = tuple(
                    min(each, cap) for each, cap in zip(_plus(vectors[index], amounts), caps[at], strict=True)
                )
                if added == vectors[index]:
                    continue
                reached = (*vectors[:index], added, *vectors[index + 1 :])
                counted = (*times[:index], times[index] + 1, *times[index + 1 :])
                found.setdefault((reached, counted), (state, (at, amounts)))
        kept = {
            state: came for state, came in found.items() if _could(places, order, state[0], rest[at_item + 1])
        }
        levels.append(kept)
        steps += len(kept)
        if not kept:
            return None
        if steps > MOST_STATES:
            raise TooHard
        full = next(
            (
                state
                for state in kept
                if all(places[at].is_met(vector) for at, vector in zip(order, state[0], strict=True))
            ),
            None,
        )
        if full is not None:
            return _traced(places, ordered, levels, full)
    return None


def _could(places: Mapping[int, Place], order: Sequence[int], vectors: Sequence[Vector], rest: Rest) -> bool:
    """Whether every place could still be filled: each if all that is left went to it, and all together."""
    coming, shares = rest
    lacking = Fraction(0)
    for at, vector, more in zip(order, vectors, coming, strict=True):
        place = places[at]
        if not place.is_met(tuple(map(add, vector, more))):
            return False
        lacking += max(Fraction(0), 1 - Fraction(place.got(vector), place.need))
    return lacking <= shares


def _traced(
    places: Mapping[int, Place],
    ordered: Sequence[Item],
    levels: Sequence[Mapping[State, tuple[State, Option | None]]],
    state: State,
) -> Filled:
    made = empty(places)
    for at_item in range(len(levels) - 2, -1, -1):
        before, option = levels[at_item + 1][state]
        if option is not None:
            made.put(*option, ordered[at_item])
        state = before
    return made
