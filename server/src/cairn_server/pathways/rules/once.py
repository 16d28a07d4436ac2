# SPDX-License-Identifier: Apache-2.0
"""A group below which a credential serves one rule only: who goes where, and what each rule has then."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

from cairn_server.pathways.rules import filling
from cairn_server.pathways.rules.filling import Count, Filled, Item, Place, TooHard
from cairn_server.pathways.rules.model import Credits, Group, Holds, Leaf, Rule, SkillCover

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cairn_server.pathways.rules.judging import Judge

MOST_WAYS = 300
Span = tuple[datetime, datetime] | None


@dataclass(frozen=True, slots=True)
class State:
    """One rule under one of the two readings."""

    met: bool
    ratio: Fraction
    used: tuple[str, ...] = ()
    got: Fraction = Fraction(0)
    # Of a group that counts everything once: what went to which leaf below it.
    shared: Mapping[int, State] = field(default_factory=dict)
    hard: bool = False


def together(group: Group, states: Sequence[State]) -> State:
    met = sum(state.met for state in states)
    nearest = sorted((state.ratio for state in states), reverse=True)[: group.needed]
    used = tuple(dict.fromkeys(name for state in states for name in state.used))
    ratio = sum(nearest, Fraction(0)) / group.needed
    return State(met >= group.needed, min(ratio, Fraction(1)), used, Fraction(met))


class Once:
    """A group below which a credential serves one rule: which of its rules could be met together?"""

    def __init__(self, group: Group, judge: Judge, at: datetime, possible: bool, span: Span) -> None:
        self._judge, self._at, self._possible, self._span = judge, at, possible, span
        self._leaves: dict[int, Leaf] = {}
        # A choice among single credentials is one place with a bucket for each: that keeps it a flow.
        self._choices: dict[int, tuple[Holds, ...]] = {}
        self._place_of: dict[int, int] = {}
        self.places: dict[int, Place] = {}
        self._collect(group)
        self.items = self._could_go()
        self._open = {
            at: place.is_met(filling.everything(place, at, self.items)) for at, place in self.places.items()
        }

    def _collect(self, rule: Rule) -> None:
        place = len(self._place_of)
        if isinstance(rule, Group):
            singles = tuple(each for each in rule.of if isinstance(each, Holds) and each.count == 1)
            if len(singles) == len(rule.of) and rule.needed < len(singles):
                self._place_of[id(rule)] = place
                self._choices[place] = singles
                self.places[place] = Count((1,) * len(singles), rule.needed, repeat=len(singles))
                return
            for each in rule.of:
                self._collect(each)
        elif isinstance(rule, Holds | Credits | SkillCover):
            self._place_of[id(rule)] = place
            self._leaves[place] = rule
            self.places[place] = self._judge.place(rule)

    def _could_go(self) -> list[Item]:
        under: list[tuple[int, int | None, Leaf]] = [(at, None, leaf) for at, leaf in self._leaves.items()]
        for at, leaves in self._choices.items():
            under += [(at, bucket, leaf) for bucket, leaf in enumerate(leaves)]
        return self._judge.items(under, self._at, self._possible, self._span)

    def decide(self, group: Group) -> Filled | None:
        """A distribution by which the group is met, None when there is none; :class:`TooHard`."""
        hard = False
        for tried, way in enumerate(self._ways(group)):
            if tried >= MOST_WAYS:
                raise TooHard
            try:
                found = filling.fill({at: self.places[at] for at in way}, self.items)
            except TooHard:
                hard = True
                continue
            if found is not None:
                return found
        if hard:
            raise TooHard
        return None

    def _ways(self, rule: Rule) -> Iterator[frozenset[int]]:
        """Each set of places that together make the rule met."""
        place = self._place_of.get(id(rule))
        if place is not None:
            if self._open[place]:
                yield frozenset((place,))
        elif isinstance(rule, Group):
            of = [each for each in rule.of if next(self._ways(each), None) is not None]
            for chosen in combinations(of, rule.needed):
                yield from self._products(chosen)
        elif self._judge.state(rule, self._at, self._possible, self._span).met:
            yield frozenset()

    def _products(self, chosen: Sequence[Rule]) -> Iterator[frozenset[int]]:
        if not chosen:
            yield frozenset()
            return
        for first in self._ways(chosen[0]):
            for rest in self._products(chosen[1:]):
                yield first | rest

    def with_the_rest(self, found: Filled) -> Filled:
        """What is left over shows how far the other rules are."""
        used = {name for names in found.used.values() for name in names}
        spent = frozenset().union(*(item.evidence for item in self.items if item.id in used))
        places = {at: place for at, place in self.places.items() if at not in found.vectors}
        left = [
            Item(item.id, item.achievement, options, item.evidence)
            for item in self.items
            if item.id not in used
            and not item.evidence & spent
            and (options := tuple(option for option in item.options if option[0] in places))
        ]
        rest = filling.best_effort(places, left)
        found.vectors.update(rest.vectors)
        found.used.update(rest.used)
        found.buckets.update(rest.buckets)
        return found

    def states(self, group: Group, filled: Filled) -> dict[int, State]:
        """Every rule below the group, as this distribution leaves it."""
        made: dict[int, State] = {}
        for at, leaf in self._leaves.items():
            made[id(leaf)] = self._judge.leaf_state(leaf, filled.vectors[at], filled.used[at], self._possible)
        for at, leaves in self._choices.items():
            for bucket, leaf in enumerate(leaves):
                used = tuple(name for name in filled.used[at] if filled.buckets[at, name] == bucket)
                made[id(leaf)] = State(bool(used), Fraction(bool(used)), used, Fraction(bool(used)))

        def settle(rule: Rule) -> State:
            if id(rule) not in made:
                if isinstance(rule, Group):
                    made[id(rule)] = together(rule, [settle(each) for each in rule.of])
                else:
                    made[id(rule)] = self._judge.state(rule, self._at, self._possible, self._span)
            return made[id(rule)]

        for each in group.of:
            settle(each)
        return made
