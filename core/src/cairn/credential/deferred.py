# SPDX-License-Identifier: Apache-2.0
"""Rules asked of a shape: what can be said before the strings are known, and what has to wait for them.

A rule is asked about a document in which the strings are `Gap`s. Where a kind of string is demanded of a gap,
the question is put off; what is broken whatever the strings are is told at once. What was put off is a
`Residue`: the questions that remain for a document of the shape, and they are asked of the real strings by
the very same functions. So a residue that holds says what asking every rule would say.

Functions that look at a document's keys and types only, and at strings only by asking kinds about them, say
so (`by_shape`). All others are put off as a whole, with everything that they would look at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, wraps
from operator import itemgetter
from typing import Any, NoReturn

from cairn.canonical.texts import picker
from cairn.credential.address import MAX_LENGTH


class LookedError(Exception):
    """A rule has looked into a string that is not known yet."""


class Gap(str):
    """A string that is not known yet. It can be passed around; whoever looks into it is stopped."""

    number: int

    @classmethod
    def of(cls, sentinel: str, number: int) -> Gap:
        gap = cls(sentinel)
        gap.number = number
        return gap


def _refuse(*_: object, **__: object) -> NoReturn:
    raise LookedError


# Everything that tells what is in a string, but for what Python needs to pass it around.
for _name in dir(str):
    if _name not in (
        "__class__", "__new__", "__init__", "__init_subclass__", "__subclasshook__", "__getattribute__",
        "__setattr__", "__delattr__", "__doc__", "__dir__", "__reduce__", "__reduce_ex__", "__getstate__",
    ):  # fmt: skip
        setattr(Gap, _name, _refuse)
Gap.__bool__ = _refuse  # type: ignore[attr-defined]
Gap.__radd__ = _refuse  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class _Question:
    """A kind that has to be asked about a value with gaps, once they are filled."""

    kind: Callable[..., None]
    value: Any
    fill: Callable[[Sequence[str]], Any]
    """The value with the strings in place."""

    @property
    def gaps(self) -> frozenset[int]:
        return frozenset(gap.number for gap in _gaps_in(self.value))

    @property
    def plain(self) -> str | None:
        """How plain answers are recognised, if they are."""
        return getattr(self.kind, "plain", None)

    def is_answered(self, values: Sequence[str]) -> bool:
        return _is_of_kind(self.kind, self.fill(values))


def _is_of_kind(kind: Callable[..., None], value: Any) -> bool:
    problems: list[Any] = []
    kind(value, "", problems)
    return not problems


# Terms of enumerations and dates are the same in thousands of badges.
_SHORT = 64
_is_of_kind_again = lru_cache(maxsize=1024)(_is_of_kind)


@dataclass(frozen=True)
class _Apart:
    """Ids that must be distinct, and different from all others."""

    own: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def gaps(self) -> frozenset[int]:
        return frozenset(each.number for each in (*self.own, *self.others) if isinstance(each, Gap))

    def is_answered(self, values: Sequence[str]) -> bool:
        own_gaps, own_known, other_gaps, others_known = self.taken_apart
        own = own_known.union([values[gap] for gap in own_gaps])
        if len(own) != len(self.own) or not own.isdisjoint(others_known):
            return False
        return not other_gaps or own.isdisjoint([values[gap] for gap in other_gaps])

    @cached_property
    def taken_apart(self) -> tuple[tuple[int, ...], frozenset[str], tuple[int, ...], frozenset[str]]:
        """The gaps among them, and what is known, of each list."""
        return (*_gaps_and_known(self.own), *_gaps_and_known(self.others))


def _gaps_and_known(ids: Sequence[str]) -> tuple[tuple[int, ...], frozenset[str]]:
    gaps = tuple(each.number for each in ids if isinstance(each, Gap))
    return gaps, frozenset(each for each in ids if not isinstance(each, Gap))


class Deferring(list[Any]):
    """A list of problems, and beside it the questions that wait for the strings."""

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[_Question | _Apart] = []

    def put_off(self, kind: Callable[..., None], value: Any) -> None:
        self.questions.append(_Question(kind, value, _filler(value)))

    def keep_apart(self, own: Sequence[str], others: Sequence[str] = ()) -> None:
        self.questions.append(_Apart(tuple(own), tuple(others)))

    def residue(self) -> Residue | None:
        """What remains to be asked; None when rules are broken whatever the strings are."""
        left = [question for question in self.questions if question.gaps]
        if self or not all(question.is_answered(()) for question in self.questions if not question.gaps):
            return None
        return Residue(left)


# Most questions are whether something is an address. Plain ones are recognised all at once: everything that
# these match is an identifier, a web address or an index for those who are asked one by one, too.
_SAFE = r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]++|%[0-9A-Fa-f]{2})"
_PLAIN = {
    "identifier": rf"(?:https?|urn|did):{_SAFE}+ ",
    "web-address": rf"https?://[a-z0-9.-]+(?:[/?#]{_SAFE}*)? ",
    "index": "(?:0|[1-9][0-9]{0,17}) ",
}


class Residue:
    """The questions that remain for one shape."""

    def __init__(self, questions: Sequence[_Question | _Apart]) -> None:
        # Several rules may ask the same of one string, so each question is kept once.
        plain: dict[str, dict[Any, _Question]] = {name: {} for name in _PLAIN}
        rest: dict[Any, _Question | _Apart] = {}
        for question in questions:
            if isinstance(question, _Question) and type(question.value) is Gap:
                number = question.value.number
                if question.plain is None:
                    rest[question.kind, number] = question
                else:
                    plain[question.plain][question.kind, number] = question
            else:
                rest[question.taken_apart if isinstance(question, _Apart) else id(question)] = question
        gaps = {name: tuple({number for _, number in asked}) for name, asked in plain.items()}
        self._plain_gaps = tuple(gap for numbers in gaps.values() for gap in numbers)
        self._pick_plain = picker(self._plain_gaps)
        counted = (f"(?:{_PLAIN[name]}){{{len(numbers)}}}" for name, numbers in gaps.items())
        self._are_plain = re.compile("".join(counted), re.ASCII)
        self._plain = tuple(question for asked in plain.values() for question in asked.values())
        self._strings = tuple(
            (question.kind, question.value.number)
            for question in rest.values()
            if isinstance(question, _Question) and type(question.value) is Gap
        )
        self._rest = tuple(
            question
            for question in rest.values()
            if not (isinstance(question, _Question) and type(question.value) is Gap)
        )
        self.gaps = frozenset(gap for question in questions for gap in question.gaps)
        """The strings that are asked about."""

    def holds(self, values: Sequence[str]) -> bool:
        """Whether a document with these strings breaks no rule; False also when that is not plain to see."""
        text = " ".join((*self._pick_plain(values), ""))
        if not self._are_plain.fullmatch(text) or (
            len(text) > MAX_LENGTH and any(len(values[gap]) > MAX_LENGTH for gap in self._plain_gaps)
        ):
            for question in self._plain:
                if not question.is_answered(values):
                    return False
        for kind, gap in self._strings:
            if not (_is_of_kind_again if len(values[gap]) < _SHORT else _is_of_kind)(kind, values[gap]):
                return False
        for asked in self._rest:  # noqa: SIM110 - a generator takes longer than its questions
            if not asked.is_answered(values):
                return False
        return True


def by_shape(function: Callable[..., None]) -> Callable[..., None]:
    """Mark a function that looks at keys and types only, and asks kinds about all other strings."""
    function.by_shape = True  # type: ignore[attr-defined]
    return function


def reads(*members: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Mark a rule for a whole document that looks at these members only. It is shown no others."""

    def mark(rule: Callable[..., None]) -> Callable[..., None]:
        @wraps(rule)
        def asked(document: Mapping[str, Any], problems: list[Any]) -> None:
            seen = {name: document[name] for name in members if name in document}
            if type(problems) is Deferring and _holds_gap(seen):
                problems.put_off(lambda value, _path, found: rule(value, found), seen)
            else:
                rule(seen, problems)

        return by_shape(asked)

    return mark


def of_strings(kind: Callable[..., None], *, plain: str | None = None) -> Callable[..., None]:
    """A kind of string, put off where the string is a gap. ``plain`` ones are recognised together."""

    @wraps(kind)
    def asked(value: Any, path: str, problems: list[Any]) -> None:
        if type(value) is Gap:
            assert type(problems) is Deferring  # gaps are only ever shown with one of these
            problems.put_off(asked, value)
        else:
            kind(value, path, problems)

    asked.plain = plain  # type: ignore[attr-defined]
    return by_shape(asked)


def ask(kind: Callable[..., None], value: Any, path: str, problems: list[Any]) -> None:
    """Ask a kind about a value, now or, where gaps stand in the way, later."""
    if type(problems) is Deferring and not getattr(kind, "by_shape", False) and _holds_gap(value):
        problems.put_off(kind, value)
    else:
        kind(value, path, problems)


def with_gaps(value: Any, gaps: Mapping[str, int]) -> Any:
    """The document with a gap in the place of each string that is a key of ``gaps``."""
    if type(value) is str:
        return Gap.of(value, gaps[value]) if value in gaps else value
    if type(value) is list:
        return [with_gaps(item, gaps) for item in value]
    if type(value) is dict:
        return {name: with_gaps(item, gaps) for name, item in value.items()}
    return value


def _gaps_in(value: Any) -> Iterator[Gap]:
    if type(value) is Gap:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _gaps_in(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _gaps_in(item)


def _holds_gap(value: Any) -> bool:
    return next(_gaps_in(value), None) is not None


def _filler(value: Any) -> Callable[[Sequence[str]], Any]:
    """What fills the gaps of a value; parts without any are the same each time, and rules only read."""
    if type(value) is Gap:
        return itemgetter(value.number)
    if not _holds_gap(value):
        return lambda _: value
    if isinstance(value, list):
        items = [_filler(item) for item in value]
        return lambda values: [fill(values) for fill in items]
    members = [(name, _filler(item)) for name, item in value.items() if _holds_gap(item)]
    whole = dict(value)

    def filled(values: Sequence[str]) -> dict[str, Any]:
        made = whole.copy()
        for name, fill in members:
            made[name] = fill(values)
        return made

    return filled
