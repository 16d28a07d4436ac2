# SPDX-License-Identifier: Apache-2.0
"""What a rule can say.

    Rule = AllOf │ AnyOf │ NOf │ Not │ Holds │ Credits │ SkillCover │ Recognised

Every rule but ``Not`` is monotone: a further credential never makes it worse. Shares ("half of it from us")
are therefore shares of what is *asked for*, never of what somebody happens to have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Validity(StrEnum):
    """When a part has to be valid."""

    AT_AWARD = "at_award"  # on the day of the award; what becomes of it later changes nothing
    ALWAYS = "always"  # asked again for as long as the stacked credential lives


@dataclass(frozen=True, slots=True)
class Level:
    """A level of one scheme; levels of different schemes are never compared."""

    scheme: str
    value: int


@dataclass(frozen=True, slots=True)
class Grade:
    scale: str
    value: Fraction


@dataclass(frozen=True, slots=True)
class Selector:
    """Which credentials: each thing said must be true; of a list, one of it."""

    achievements: tuple[str, ...] = ()
    issuers: tuple[str, ...] = ()
    own: bool = False
    accredited_by: tuple[str, ...] = ()
    recognised_by: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    level: Level | None = None

    @property
    def says_nothing(self) -> bool:
        return self == Selector()


@dataclass(frozen=True, slots=True)
class Holds:
    """So many credentials of a kind. ``repeat``: how many of the same achievement count."""

    selector: Selector
    count: int = 1
    repeat: int = 1
    least_level: Level | None = None
    least_grade: Grade | None = None
    max_age_days: int | None = None
    valid: Validity = Validity.ALWAYS
    title: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a sum: what counts under it, and how much of it at most."""

    selector: Selector
    most: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Credits:
    """A sum in one scheme. A credential counts once, under the first line that it fits.

    ``own_least`` (residency) and ``own_share``: how much of what is asked for has to come from the owner.
    ``recognised_share``: how much of what is asked for may come from recognised prior learning.
    ``convert``: what one of another scheme is worth here; without it, only ``scheme`` counts.
    """

    least: Fraction
    scheme: str
    of: tuple[Part, ...]
    own_least: Fraction = Fraction(0)
    own_share: Fraction = Fraction(0)
    recognised_share: Fraction = Fraction(1)
    convert: Mapping[str, Fraction] = field(default_factory=dict)
    repeat: int = 1
    max_age_days: int | None = None
    valid: Validity = Validity.ALWAYS
    title: str = ""

    @property
    def own_needed(self) -> Fraction:
        return max(self.own_least, self.own_share * self.least)


@dataclass(frozen=True, slots=True)
class SkillCover:
    """So large a part of these skills, each proven by some credential."""

    skills: tuple[str, ...]
    share: Fraction = Fraction(1)
    least_level: Level | None = None
    max_age_days: int | None = None
    valid: Validity = Validity.ALWAYS
    title: str = ""


@dataclass(frozen=True, slots=True)
class Recognised:
    """Somebody in charge has decided that this is met: ``decision`` is what they decided upon."""

    decision: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    """Excludes. The one rule where a further credential can hurt."""

    of: Rule
    title: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Rules together.

    ``once``: below here a credential serves one rule only, and so does a piece of evidence.
    ``within_days``: everything that counts was awarded within so many days of each other.
    """

    of: tuple[Rule, ...]
    once: bool = False
    within_days: int | None = None
    title: str = ""

    @property
    def needed(self) -> int:
        """How many of these have to be met."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class AllOf(Group):
    """``in_order``: what serves a rule was awarded no earlier than the rule before it was met."""

    in_order: bool = False

    @property
    def needed(self) -> int:
        return len(self.of)


@dataclass(frozen=True, slots=True)
class AnyOf(Group):
    @property
    def needed(self) -> int:
        return 1


@dataclass(frozen=True, slots=True)
class NOf(Group):
    n: int = 1

    @property
    def needed(self) -> int:
        return self.n


Leaf = Holds | Credits | SkillCover
Rule = Group | Not | Holds | Credits | SkillCover | Recognised


def below(rule: Rule) -> tuple[Rule, ...]:
    if isinstance(rule, Group):
        return rule.of
    return (rule.of,) if isinstance(rule, Not) else ()


def walk(rule: Rule) -> Iterator[Rule]:
    """The rule and everything below it, from the top."""
    waiting = [rule]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(below(current)))


def selectors(rule: Rule) -> tuple[Selector, ...]:
    """Those of one leaf."""
    if isinstance(rule, Holds):
        return (rule.selector,)
    return tuple(part.selector for part in rule.of) if isinstance(rule, Credits) else ()


def needed_achievements(rule: Rule) -> frozenset[str]:
    """The achievements without which the rule cannot be met, whatever else somebody has."""
    if isinstance(rule, Holds):
        named = rule.selector.achievements
        return frozenset(named) if len(named) == 1 else frozenset()
    if isinstance(rule, Group):
        each = [needed_achievements(child) for child in rule.of]
        if rule.needed >= len(each):
            return frozenset().union(*each)
        # One rule may be left out, so only what enough of them ask for is certain.
        counts: dict[str, int] = {}
        for found in each:
            for name in found:
                counts[name] = counts.get(name, 0) + 1
        spare = len(each) - rule.needed
        return frozenset(name for name, count in counts.items() if count > spare)
    return frozenset()
