# SPDX-License-Identifier: Apache-2.0
"""What a rule says of one person's credentials on one day, with reasons.

Three answers. The tree is judged twice: over what certainly counts, and over what could count besides (a
status that nobody could look up, a level that a document leaves out). Met by the first is "yes", not even
met by the second is "no", and everything between is "undecided". An exclusion swaps the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, lcm
from typing import TYPE_CHECKING

from cairn_server.pathways.rules import filling
from cairn_server.pathways.rules.answers import Award, Decision, Held, Outcome, Standing, Told
from cairn_server.pathways.rules.filling import Count, Item, Place, Sum, TooHard
from cairn_server.pathways.rules.model import (
    AllOf,
    Credits,
    Group,
    Holds,
    Leaf,
    Level,
    Not,
    Recognised,
    Rule,
    Selector,
    SkillCover,
    Validity,
    below,
    walk,
)
from cairn_server.pathways.rules.once import Once, Span, State, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_CONTRIBUTORS = 200
_SOON = timedelta(microseconds=1)


def evaluate(
    rule: Rule,
    held: Iterable[Held],
    decisions: Iterable[Decision],
    *,
    at: datetime,
    own: frozenset[str] = frozenset(),
    award: Award | None = None,
) -> Told:
    """The tree of answers. ``own``: the identifiers of the owner of the rule, for its shares.

    With ``award``, what has to be valid only at the award is judged as of then.
    """
    judge = Judge(rule, _each_once(held), {each.name: each for each in decisions}, own, award)
    return judge.tell(rule, at)


def _each_once(held: Iterable[Held]) -> list[Held]:
    """A credential is one credential, however often somebody holds it; in an order that never changes."""
    found: dict[str, Held] = {}
    for each in held:
        found.setdefault(each.id, each)
    return [found[name] for name in sorted(found)]


# Does it count for this rule?


@dataclass(frozen=True, slots=True)
class _Fit:
    """A credential under one leaf: certain or only possible, and from when until when."""

    held: Held
    certain: filling.Amounts
    possible: filling.Amounts
    begins: datetime | None
    ends: datetime | None
    # Why it is not certain.
    code: str = ""

    def counts(self, at: datetime, span: Span) -> bool:
        return (
            (self.begins is None or self.begins <= at)
            and (self.ends is None or at <= self.ends)
            and (span is None or span[0] <= self.held.awarded_at <= span[1])
        )


_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _selected(selector: Selector, held: Held, own: frozenset[str]) -> bool:
    def among(wanted: Sequence[str], there: Iterable[str]) -> bool:
        return not wanted or not set(wanted).isdisjoint(there)

    return (
        among(selector.achievements, held.achievements)
        and among(selector.issuers, (held.issuer,))
        and (not selector.own or held.issuer in own)
        and among(selector.accredited_by, held.accredited_by)
        and among(selector.recognised_by, held.recognised_by)
        and among(selector.skills, held.skills)
        and among(selector.tags, held.tags)
        and (selector.level is None or held.levels.get(selector.level.scheme, -1) >= selector.level.value)
    )


class Judge:
    """One question: the rule, and everything that its answer may lean on."""

    def __init__(
        self,
        rule: Rule,
        held: Sequence[Held],
        decisions: Mapping[str, Decision],
        own: frozenset[str],
        award: Award | None,
    ) -> None:
        self._held, self._decisions, self._own, self._award = held, decisions, own, award
        # Rules are known by which object they are: two equal ones in a tree are two rules.
        self._places: dict[int, Place] = {}
        self._fits: dict[int, list[_Fit]] = {}
        self._refused: dict[int, list[tuple[Held, str]]] = {}
        self._scales: dict[int, int] = {}
        self._known: dict[tuple[int, datetime, bool, Span], State] = {}
        for each in walk(rule):
            if isinstance(each, Holds | Credits | SkillCover):
                self._look(each)

    # Leaves

    def _look(self, leaf: Leaf) -> None:
        if id(leaf) in self._places:
            return
        scale = 1
        if isinstance(leaf, Credits):
            figures = [
                leaf.least,
                leaf.own_needed,
                leaf.recognised_share * leaf.least,
                *leaf.convert.values(),
            ]
            figures += [part.most for part in leaf.of if part.most is not None]
            worths = {each.id: worth for each in self._held if (worth := _worth(leaf, each)) is not None}
            scale = lcm(*(figure.denominator for figure in (*figures, *worths.values())))
            self._places[id(leaf)] = _sum(leaf, scale)
        elif isinstance(leaf, Holds):
            self._places[id(leaf)] = Count((leaf.count,), leaf.count, leaf.repeat)
        else:
            self._places[id(leaf)] = Count(
                (1,) * len(leaf.skills), ceil(leaf.share * len(leaf.skills)), repeat=len(self._held) + 1
            )
        self._scales[id(leaf)] = scale
        fits: list[_Fit] = []
        refused: list[tuple[Held, str]] = []
        for each in self._held:
            fit = self._fit(leaf, each, scale)
            if isinstance(fit, _Fit):
                fits.append(fit)
            elif fit:
                refused.append((each, fit))
        self._fits[id(leaf)], self._refused[id(leaf)] = fits, refused

    def _fit(self, leaf: Leaf, held: Held, scale: int) -> _Fit | str:
        """How it counts here; else why not, which is empty for what the rule does not ask for at all."""
        certain, possible, code = self._amounts(leaf, held, scale)
        if not possible:
            return code
        if self._award and leaf.valid == Validity.AT_AWARD and held.id in self._award.contributors:
            # It counted on the day of the award, and that day does not come again.
            return _Fit(held, possible, possible, begins=None, ends=None)
        if held.standing in (Standing.REVOKED, Standing.SUSPENDED):
            return str(held.standing)
        if held.standing == Standing.UNKNOWN:
            certain, code = (), "status-unknown"
        begins = max(held.awarded_at, held.begins_at or held.awarded_at)
        ends = [held.ends_at] if held.ends_at else []
        if leaf.max_age_days:
            ends.append(held.awarded_at + timedelta(days=leaf.max_age_days))
        return _Fit(held, certain, possible, begins, min(ends, default=None), code)

    def _amounts(self, leaf: Leaf, held: Held, scale: int) -> tuple[filling.Amounts, filling.Amounts, str]:
        """What it adds for certain, what it could add, and what stands in the way of the difference."""
        if isinstance(leaf, SkillCover):
            return _covered(leaf, held)
        if isinstance(leaf, Credits):
            return self._added(leaf, held, scale)
        if not _selected(leaf.selector, held, self._own):
            return (), (), ""
        one: filling.Amounts = ((0, 1),)
        unknown = ""
        if leaf.least_level is not None:
            level = held.levels.get(leaf.least_level.scheme)
            if level is None:
                unknown = "level-unknown"
            elif level < leaf.least_level.value:
                return (), (), "level-low"
        if leaf.least_grade is not None:
            grade = held.grades.get(leaf.least_grade.scale)
            if grade is None:
                unknown = "grade-unknown"
            elif grade < leaf.least_grade.value:
                return (), (), "grade-low"
        return () if unknown else one, one, unknown

    def _added(self, leaf: Credits, held: Held, scale: int) -> tuple[filling.Amounts, filling.Amounts, str]:
        for line, part in enumerate(leaf.of):
            if not _selected(part.selector, held, self._own):
                continue
            worth = _worth(leaf, held)
            if not worth:
                return (), (), "no-credits"
            kind = filling.OWN if held.issuer in self._own else filling.FOREIGN
            bucket = 3 * line + (filling.RECOGNISED if held.recognised else kind)
            amounts = ((bucket, int(worth * scale)),)
            return amounts, amounts, ""
        return (), (), ""

    # States

    def state(self, rule: Rule, at: datetime, possible: bool, span: Span = None) -> State:
        """Whether the rule is met; ``possible`` counts what could count besides."""
        key = (id(rule), at, possible, span)
        if key not in self._known:
            self._known[key] = self._state(rule, at, possible, span)
        return self._known[key]

    def _state(self, rule: Rule, at: datetime, possible: bool, span: Span) -> State:
        if isinstance(rule, Group):
            return self._state_of_group(rule, at, possible, span)
        if isinstance(rule, Not):
            # Excluded for certain only when what is excluded is certainly not there.
            met = not self.state(rule.of, at, not possible).met
            return State(met, Fraction(met))
        if isinstance(rule, Recognised):
            met = self._granted(rule, at, possible)
            return State(met, Fraction(met), (rule.decision,) if met else (), Fraction(met))
        return self._fill_alone(rule, at, possible, span)

    def _granted(self, rule: Recognised, at: datetime, possible: bool) -> bool:
        decision = self._decisions.get(rule.decision)
        if decision is None or (decision.until is not None and decision.until < at):
            return False
        return possible if decision.granted is None else decision.granted

    def place(self, leaf: Leaf) -> Place:
        return self._places[id(leaf)]

    def items(
        self, under: Iterable[tuple[int, int | None, Leaf]], at: datetime, possible: bool, span: Span
    ) -> list[Item]:
        """What counts now, with the places it could go to; a bucket, where the place has one for the leaf."""
        options: dict[str, list[tuple[int, filling.Amounts]]] = {}
        known: dict[str, Held] = {}
        for place, bucket, leaf in under:
            for fit in self._fits[id(leaf)]:
                amounts = fit.possible if possible else fit.certain
                if amounts and fit.counts(at, span):
                    here = amounts if bucket is None else ((bucket, 1),)
                    options.setdefault(fit.held.id, []).append((place, here))
                    known[fit.held.id] = fit.held
        return [
            Item(name, known[name].achievement, tuple(places), known[name].evidence)
            for name, places in sorted(options.items())
        ]

    def _fill_alone(self, leaf: Leaf, at: datetime, possible: bool, span: Span) -> State:
        places = {0: self._places[id(leaf)]}
        items = self.items([(0, None, leaf)], at, possible, span)
        if isinstance(leaf, SkillCover):
            # One piece of work may well prove two skills; it is no second piece of work for that.
            items = [Item(each.id, each.achievement, each.options) for each in items]
        hard = False
        found = filling.best_effort(places, items)
        if not filling.is_full(places, found):
            try:
                found = filling.fill(places, items) or found
            except TooHard:
                hard = True
        return self.leaf_state(leaf, found.vectors[0], found.used[0], possible, hard)

    def leaf_state(
        self, leaf: Leaf, vector: filling.Vector, used: Sequence[str], possible: bool, hard: bool = False
    ) -> State:
        place = self._places[id(leaf)]
        # What could not be decided is met in the generous reading and not in the strict one: undecided.
        met = place.is_met(vector) or (hard and possible)
        got = Fraction(place.got(vector), self._scales[id(leaf)])
        return State(met, place.ratio(vector), tuple(used), got, hard=hard)

    def _state_of_group(self, group: Group, at: datetime, possible: bool, span: Span) -> State:
        if group.once:
            return self._state_once(group, at, possible, span)
        if group.within_days and span is None:
            return self._state_within(group, at, possible)
        if isinstance(group, AllOf) and group.in_order and span is None:
            return self._state_in_order(group, at, possible)
        return together(group, [self.state(each, at, possible, span) for each in group.of])

    def _state_within(self, group: Group, at: datetime, possible: bool) -> State:
        """The best of the spans that begin with a credential that counts."""
        assert group.within_days is not None
        best = together(group, [State(False, Fraction(0)) for _each in group.of])
        for start in self._dates(group):
            span = (start, start + timedelta(days=group.within_days))
            states = [self.state(each, at, possible, span) for each in group.of]
            here = together(group, states)
            if (here.met, here.ratio) > (best.met, best.ratio):
                best = State(
                    here.met, here.ratio, here.used, here.got, self._settled(group.of, at, possible, span)
                )
            if best.met:
                break
        return best

    def _state_in_order(self, group: AllOf, at: datetime, possible: bool) -> State:
        """Each met as early as it can be, for that leaves the most to what comes after it."""
        since, last = _EARLIEST, _LATEST
        states: list[State] = []
        shared: dict[int, State] = {}
        for each in group.of:
            span: Span = (since, last)
            dates = [date for date in self._dates(each) if since <= date]
            if dates and self.state(each, at, possible, span).met:
                low, high = 0, len(dates) - 1
                while low < high:
                    middle = (low + high) // 2
                    if self.state(each, at, possible, (since, dates[middle])).met:
                        high = middle
                    else:
                        low = middle + 1
                span = (since, dates[low])
                since = dates[low]
            states.append(self.state(each, at, possible, span))
            shared.update(self._settled([each], at, possible, span))
            if not states[-1].met:
                # Nothing after it counts yet, whatever is there.
                since = _LATEST
        whole = together(group, states)
        return State(whole.met, whole.ratio, whole.used, whole.got, shared)

    def _settled(self, rules: Iterable[Rule], at: datetime, possible: bool, span: Span) -> dict[int, State]:
        """These and all below them, within the span."""
        return {
            id(each): self.state(each, at, possible, span)
            for rule in rules
            for each in walk(rule)
            if isinstance(each, Group) or id(each) in self._fits
        }

    def _dates(self, rule: Rule) -> list[datetime]:
        return sorted(
            {
                fit.held.awarded_at
                for each in walk(rule)
                if id(each) in self._fits
                for fit in self._fits[id(each)]
            }
        )

    # Counted once

    def _state_once(self, group: Group, at: datetime, possible: bool, span: Span) -> State:
        once = Once(group, self, at, possible, span)
        hard = False
        try:
            found = once.decide(group)
        except TooHard:
            found, hard = None, True
        filled = filling.best_effort(once.places, once.items) if found is None else once.with_the_rest(found)
        shared = once.states(group, filled)
        whole = together(group, [shared[id(each)] for each in group.of])
        met = whole.met or (hard and possible)
        return State(met, whole.ratio, whole.used, whole.got, shared, hard)

    # Telling

    def tell(
        self,
        rule: Rule,
        at: datetime,
        settled: Mapping[int, State] | None = None,
        generous: Mapping[int, State] | None = None,
    ) -> Told:
        """The answer with those below it; ``settled`` is what a group further up has decided already."""
        settled, generous = settled or {}, generous or {}
        inherited = id(rule) in settled
        sure = settled[id(rule)] if inherited else self.state(rule, at, False)
        possible = generous[id(rule)] if id(rule) in generous else self.state(rule, at, True)
        outcome = Outcome.YES if sure.met else Outcome.UNDECIDED if possible.met else Outcome.NO
        if isinstance(rule, Not):
            # What is excluded is judged for itself.
            children = [self.tell(rule.of, at)]
        else:
            below_sure, below_possible = {**settled, **sure.shared}, {**generous, **possible.shared}
            children = [self.tell(each, at, below_sure, below_possible) for each in below(rule)]
        shown = possible if outcome == Outcome.UNDECIDED else sure
        return Told(
            rule=rule,
            outcome=outcome,
            code=self._code(rule, outcome, at, sure, possible),
            contributors=shown.used[:MOST_CONTRIBUTORS],
            got=shown.got,
            need=self._need(rule),
            # Below a group that shares out, no rule has an end of its own.
            expires_at=self._expires(rule, at) if outcome == Outcome.YES and not inherited else None,
            children=tuple(children),
            passed_over=self._passed_over(rule, at),
        )

    def _need(self, rule: Rule) -> Fraction:
        match rule:
            case Group():
                return Fraction(rule.needed)
            case Credits():
                return rule.least
            case Holds():
                return Fraction(rule.count)
            case SkillCover():
                return Fraction(self._places[id(rule)].need)
        return Fraction(1)

    def _code(self, rule: Rule, outcome: Outcome, at: datetime, sure: State, possible: State) -> str:
        if outcome == Outcome.YES:
            return "met"
        if possible.hard:
            return "too-hard"
        match rule:
            case Not():
                return "excluded" if outcome == Outcome.NO else "perhaps-excluded"
            case Recognised():
                decision = self._decisions.get(rule.decision)
                if decision is None:
                    return "not-asked"
                if decision.granted is None:
                    return "being-decided"
                return "refused" if not decision.granted else "expired"
            case Group():
                if isinstance(rule, AllOf) and rule.in_order and _loose(self, rule, at):
                    return "out-of-order"
                if rule.within_days and _loose(self, rule, at):
                    return "too-far-apart"
                return "parts-missing" if outcome == Outcome.NO else "parts-undecided"
        if outcome == Outcome.UNDECIDED:
            # Without a doubt of its own, it waits for what certainly counts and went to another rule.
            return next((fit.code for fit in self._fits[id(rule)] if fit.code), "counted-elsewhere")
        if isinstance(rule, Credits) and isinstance(place := self._places[id(rule)], Sum):
            if sure.got >= rule.least and place.own_need:
                return "too-little-from-us"
            return "too-few-credits"
        if self.state(rule, at, True).met:
            return "counted-elsewhere"
        reasons = self._passed_over(rule, at)
        if reasons and not possible.got:
            return reasons[0][1]
        return "too-few" if possible.got else "missing"

    def _passed_over(self, rule: Rule, at: datetime) -> tuple[tuple[str, str], ...]:
        if id(rule) not in self._fits:
            return ()
        found = [(held.id, code) for held, code in self._refused[id(rule)]]
        for fit in self._fits[id(rule)]:
            if fit.ends is not None and fit.ends < at:
                by_age = fit.held.ends_at is None or fit.ends < fit.held.ends_at
                found.append((fit.held.id, "too-old" if by_age else "expired"))
            elif fit.begins is not None and at < fit.begins:
                found.append((fit.held.id, "not-yet"))
        return tuple(found[:MOST_CONTRIBUTORS])

    # Until when

    def _expires(self, rule: Rule, at: datetime) -> datetime | None:
        """The last moment at which the answer is still yes, with what is held now."""
        ends, begins = self._events(rule, at)
        if not ends and not begins:
            return None
        excludes = any(isinstance(each, Not) for each in walk(rule))
        if begins or excludes:
            # It may come back or be excluded, so each moment has to be looked at in turn.
            moments = sorted({*((end + _SOON, end) for end in ends), *((b, b - _SOON) for b in begins)})
            for moment, before in moments:
                if not self.state(rule, moment, False).met:
                    return before
            return None
        if self.state(rule, ends[-1] + _SOON, False).met:
            return None
        low, high = 0, len(ends) - 1
        while low < high:
            middle = (low + high) // 2
            if self.state(rule, ends[middle] + _SOON, False).met:
                low = middle + 1
            else:
                high = middle
        return ends[low]

    def _events(self, rule: Rule, at: datetime) -> tuple[list[datetime], list[datetime]]:
        ends: set[datetime] = set()
        begins: set[datetime] = set()
        for each in walk(rule):
            for fit in self._fits.get(id(each), ()):
                if fit.ends is not None and fit.ends >= at:
                    ends.add(fit.ends)
                if fit.begins is not None and fit.begins > at:
                    begins.add(fit.begins)
            if isinstance(each, Recognised):
                decision = self._decisions.get(each.decision)
                if decision and decision.until and decision.until >= at:
                    ends.add(decision.until)
        return sorted(ends), sorted(begins)


def _loose(judge: Judge, group: Group, at: datetime) -> bool:
    """Whether it would be met if it asked for no order and no span."""
    return together(group, [judge.state(each, at, True) for each in group.of]).met


def _reaches(level: Level | None, least: Level | None) -> bool | None:
    """None where it cannot be told: no level stated, or one of another scheme."""
    if least is None:
        return True
    if level is None or level.scheme != least.scheme:
        return None
    return level.value >= least.value


def _covered(leaf: SkillCover, held: Held) -> tuple[filling.Amounts, filling.Amounts, str]:
    certain, possible, named = [], [], False
    for bucket, skill in enumerate(leaf.skills):
        if skill not in held.skills:
            continue
        named = True
        reached = _reaches(held.skills[skill], leaf.least_level)
        if reached:
            certain.append((bucket, 1))
        if reached is not False:
            possible.append((bucket, 1))
    why = "level-unknown" if len(possible) > len(certain) else "level-low" if named and not possible else ""
    return tuple(certain), tuple(possible), why


def _worth(leaf: Credits, held: Held) -> Fraction | None:
    """Its credits in the scheme of the sum; of other schemes, what the owner has declared, and only that."""
    if leaf.scheme in held.credits:
        return held.credits[leaf.scheme]
    worths = [held.credits[name] * worth for name, worth in leaf.convert.items() if name in held.credits]
    return max(worths, default=None)


def _sum(leaf: Credits, scale: int) -> Sum:
    # Without a cap of its own, a line takes as much as is asked for: more than that is never counted.
    full = max(leaf.least, leaf.own_needed)
    return Sum(
        most=tuple(int((full if part.most is None else part.most) * scale) for part in leaf.of),
        need=int(leaf.least * scale),
        own_need=int(leaf.own_needed * scale),
        recognised_most=int(leaf.recognised_share * leaf.least * scale),
        repeat=leaf.repeat,
    )
