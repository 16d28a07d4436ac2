# SPDX-License-Identifier: Apache-2.0
"""What a rule is asked about, and what it answers; an answer as a record, to be read years later."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cairn_server.pathways.rules.model import below

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cairn_server.pathways.rules.model import Level, Rule


class Outcome(StrEnum):
    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"


class Standing(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Held:
    """A verified credential, as far as a rule asks. Whoever makes one has checked proof and holder."""

    id: str
    # Every name under which its achievement is known: the lasting one, and that of its version.
    achievements: frozenset[str]
    issuer: str
    awarded_at: datetime
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    standing: Standing = Standing.ACTIVE
    levels: Mapping[str, int] = field(default_factory=dict)
    grades: Mapping[str, Fraction] = field(default_factory=dict)
    credits: Mapping[str, Fraction] = field(default_factory=dict)
    # Skills by address, with the level where one is stated.
    skills: Mapping[str, Level | None] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    accredited_by: frozenset[str] = frozenset()
    recognised_by: frozenset[str] = frozenset()
    # True for what was recognised without being earned there.
    recognised: bool = False
    evidence: frozenset[str] = frozenset()

    @property
    def achievement(self) -> str:
        return min(self.achievements, default=self.id)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided upon ``name``; ``granted`` is None while it is not decided."""

    name: str
    granted: bool | None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Award:
    """That the stacked credential was awarded, and what it was made of."""

    at: datetime
    contributors: frozenset[str]


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to one rule: what it is, why, out of what, how far, and until when."""

    rule: Rule
    outcome: Outcome
    code: str
    contributors: tuple[str, ...] = ()
    got: Fraction = Fraction(0)
    need: Fraction = Fraction(1)
    expires_at: datetime | None = None
    children: tuple[Told, ...] = ()
    # What was looked at and does not count, with the reason.
    passed_over: tuple[tuple[str, str], ...] = ()

    @property
    def missing(self) -> Fraction:
        return max(Fraction(0), self.need - self.got)

    def every(self) -> Iterator[Told]:
        yield self
        for child in self.children:
            yield from child.every()


def told_to(told: Told) -> dict[str, Any]:
    """What was told, without the rules: they stand in the version, in the same order."""
    made: dict[str, Any] = {
        "outcome": str(told.outcome),
        "code": told.code,
        "got": str(told.got),
        "need": str(told.need),
    }
    if told.contributors:
        made["contributors"] = list(told.contributors)
    if told.expires_at:
        made["expires_at"] = told.expires_at.isoformat()
    if told.passed_over:
        made["passed_over"] = [list(each) for each in told.passed_over]
    if told.children:
        made["of"] = [told_to(each) for each in told.children]
    return made


def told_from(record: Mapping[str, Any], rule: Rule) -> Told:
    """The other way round: the record beside the rule it is about."""
    until = record.get("expires_at")
    return Told(
        rule=rule,
        outcome=Outcome(record["outcome"]),
        code=record["code"],
        contributors=tuple(record.get("contributors", ())),
        got=Fraction(record["got"]),
        need=Fraction(record["need"]),
        expires_at=datetime.fromisoformat(until) if until else None,
        children=tuple(
            told_from(each, child) for each, child in zip(record.get("of", ()), below(rule), strict=True)
        ),
        passed_over=tuple((name, code) for name, code in record.get("passed_over", ())),
    )
