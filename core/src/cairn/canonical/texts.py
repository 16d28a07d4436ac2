# SPDX-License-Identifier: Apache-2.0
"""Texts whose shape is seen from the text itself, before anything is parsed.

Who issues badges writes all of them the same way: between the strings that differ, two of them are equal to
the last byte. What was known of one text then is known of the next, once what lies between is compared. Two
kinds of knowledge are kept: *forms*, in which nearly all strings are known too (badges of one achievement),
and *layouts*, in which only those are known that belong to the shape.

A text is only ever kept after it was read in full, was found to be its own compact spelling, and its document
was accepted. That another text has the same bytes between its gaps, that no gap holds a quote or a backslash,
and that none holds a control character, makes it JSON that reads as that one did but for what is in the gaps.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import count
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")


def picker(indices: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """What takes the strings with these numbers out of all of them."""
    if len(indices) > 1:
        return itemgetter(*indices)
    if not indices:
        return lambda _: ()
    (only,) = indices
    return lambda strings: (strings[only],)


def written_order(document: Any) -> list[int]:
    """For each string of a document, as its own text has them, its number in a dump with sorted keys."""
    return list(_flat(document, _numbered(document, count())))


def _numbered(value: Any, numbers: Iterator[int]) -> Any:
    if type(value) is str:
        return next(numbers)
    if type(value) is list:
        return [_numbered(item, numbers) for item in value]
    if type(value) is dict:
        return {key: (next(numbers), _numbered(value[key], numbers)) for key in sorted(value)}
    return None


def _flat(value: Any, numbered: Any) -> Iterator[int]:
    if type(value) is str:
        yield numbered
    elif type(value) is list:
        for item, number in zip(value, numbered, strict=True):
            yield from _flat(item, number)
    elif type(value) is dict:
        for key, item in value.items():
            own, inside = numbered[key]
            yield own
            yield from _flat(item, inside)


class Forms(Generic[T]):
    """Texts with few gaps. What is printed between the gaps leads from one gap to the next."""

    def __init__(self) -> None:
        self._first = _Branch[T]()

    def add(self, parts: Sequence[str], gaps: Sequence[int], kept: T) -> None:
        """Keep a text, split at its quotes, of which the parts with these numbers are gaps."""
        *printed, end = _between(parts, gaps)
        branch = self._first
        for each in printed:
            branch = branch.grown(each)
        branch.ends[end] = kept

    def find(self, text: str) -> tuple[T, list[str]] | None:
        """What is kept of such a text, and what is in its gaps."""
        branch, at = self._first, 0
        values: list[str] = []
        while steps := branch.steps:
            if len(steps) == 1:
                printed, length, following = steps[0]
            else:
                # Sorted, so that what the text goes on with is the last of those that are not behind it.
                number = bisect_right(steps, text[at : at + branch.longest], key=_PRINTED) - 1
                printed, length, following = steps[max(number, 0)]
            if not text.startswith(printed, at):
                break
            at += length
            end = text.find('"', at)
            if end < 0:
                return None
            values.append(text[at:end])
            branch, at = following, end
        kept = branch.ends.get(text[at:])
        return None if kept is None else (kept, values)

    def only(self, is_wanted: Callable[[T], bool]) -> Forms[T]:
        """The same without the texts of which nobody wants to know any more."""
        made = Forms[T]()
        made._first = self._first.only(is_wanted)
        return made


def _between(parts: Sequence[str], gaps: Sequence[int]) -> Iterator[str]:
    """What is printed before, between and behind the gaps; the quotes around a gap are printed."""
    begin = 0
    for gap in gaps:
        yield ('"' if begin else "") + '"'.join(parts[begin:gap]) + '"'
        begin = gap + 1
    yield '"' + '"'.join(parts[begin:])


@dataclass(slots=True)
class _Branch(Generic[T]):
    """What may be printed at one place of a text: before another gap, or at the end."""

    steps: tuple[tuple[str, int, _Branch[T]], ...] = ()
    """What may be printed here, how long that is, and the branch behind it. Readers take no lock."""
    longest: int = 0
    ends: dict[str, T] = field(default_factory=dict)

    def grown(self, printed: str) -> _Branch[T]:
        """The branch behind this."""
        for each, _, behind in self.steps:
            if each == printed:
                return behind
        return self._with(printed, _Branch())

    def _with(self, printed: str, behind: _Branch[T]) -> _Branch[T]:
        self.longest = max(self.longest, len(printed))
        self.steps = tuple(sorted((*self.steps, (printed, len(printed), behind)), key=_PRINTED))
        return behind

    def only(self, is_wanted: Callable[[T], bool]) -> _Branch[T]:
        made = _Branch[T](ends={end: kept for end, kept in self.ends.items() if is_wanted(kept)})
        for printed, _, behind in self.steps:
            left = behind.only(is_wanted)
            if left.steps or left.ends:
                made._with(printed, left)
        return made


_PRINTED = itemgetter(0)


class Layouts(Generic[T]):
    """Texts by what is between their strings, and by those strings that are no gaps."""

    def __init__(self) -> None:
        self._structures: dict[str, dict[tuple[int, ...], _Printed[T]]] = {}

    def add(self, parts: Sequence[str], gaps: Sequence[int], kept: T) -> None:
        """Keep a text, split at its quotes, of which the parts with these numbers are gaps."""
        static = tuple([at for at in range(1, len(parts), 2) if at not in set(gaps)])
        # Joined with what no part contains: with nothing between, `[],["x"]` and `["x"],[]` would be one.
        structure = '"'.join(parts[::2])
        of_structure = self._structures.get(structure, {})
        printed = of_structure.get(static) or _Printed(picker(static))
        printed.kept['"'.join(printed.pick(parts))] = kept
        # Readers, who take no lock, may be going through the old one.
        self._structures[structure] = {**of_structure, static: printed}

    def find(self, parts: Sequence[str]) -> T | None:
        """What is kept of such a text."""
        for printed in self._structures.get('"'.join(parts[::2]), {}).values():
            kept = printed.kept.get('"'.join(printed.pick(parts)))
            if kept is not None:
                return kept
        return None

    def only(self, is_wanted: Callable[[T], bool]) -> Layouts[T]:
        """The same without the texts of which nobody wants to know any more."""
        made = Layouts[T]()
        for structure, of_structure in self._structures.items():
            for static, printed in of_structure.items():
                kept = {strings: each for strings, each in printed.kept.items() if is_wanted(each)}
                if kept:
                    made._structures.setdefault(structure, {})[static] = _Printed(printed.pick, kept)
        return made


@dataclass(slots=True)
class _Printed(Generic[T]):
    """The texts of one structure in which the same strings are no gaps."""

    pick: Callable[[Sequence[str]], tuple[str, ...]]
    kept: dict[str, T] = field(default_factory=dict)
