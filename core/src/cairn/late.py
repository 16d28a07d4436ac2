# SPDX-License-Identifier: Apache-2.0
"""Frozen records of which a part is only worked out when somebody asks for it.

What nobody reads need not be made: most reports on a thousand badges are read no further than their verdict.
A late part is made from what cannot change, and kept, so nobody can tell when it was made.

Nor does a record cost more to make than it has to. Setting a field of a frozen one takes a call, so where
thousands are made a *draft* is written into, which then becomes the record:

    made = new(DRAFT)  # DRAFT is draft_of(Finding)
    made.check = "signature"
    made.__class__ = Finding
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import MemberDescriptorType

K = TypeVar("K", bound=type)
T = TypeVar("T", bound="Late")

new = object.__new__


@dataclass(frozen=True, slots=True)
class Late:
    """A record that may be made `without` those of its fields that are `made_late`."""

    _late: Callable[[str], Any] | None = field(default=None, init=False, repr=False, compare=False)
    """What makes a field that is not there, by its name."""

    @classmethod
    def without(cls: type[T], late: Callable[[str], Any] | None, **known: Any) -> T:
        """A record with these fields; the others are made by ``late`` when they are asked for."""
        kind: Any = cls  # or mypy asks an instance whether it can be hashed
        made = new(draft_of(kind))
        for name, value in known.items():
            setattr(made, name, value)
        made._late = late
        made.__class__ = cls
        whole: T = made
        return whole

    def __reduce__(self) -> tuple[Any, ...]:
        # What makes the parts stays here; whoever gets a copy gets them all.
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "_late"}
        # What several records share cannot be written into, and could not be copied either.
        own = {
            name: dict(value) if type(value) is MappingProxyType else value for name, value in told.items()
        }
        return _whole, (type(self), own)


def _whole(kind: type[T], told: dict[str, Any]) -> T:
    return kind.without(None, **told)


def made_late(*names: str) -> Callable[[K], K]:
    """Mark the fields of a record that may be made when somebody asks for them."""

    def mark(kind: K) -> K:
        for name in names:
            setattr(kind, name, _LatePart(name, getattr(kind, name)))
        return kind

    return mark


class _LatePart:
    """A field that is made by its record's `_late` if it is not there."""

    __slots__ = ("_name", "_slot")

    def __init__(self, name: str, slot: MemberDescriptorType) -> None:
        self._name = name
        self._slot = slot

    def __get__(self, record: Late, kind: type[Late] | None = None) -> Any:
        try:
            return self._slot.__get__(record, kind)
        except AttributeError:
            if record._late is None:
                raise
        value = record._late(self._name)
        self._slot.__set__(record, value)
        return value

    def __set__(self, record: Late, value: Any) -> None:
        self._slot.__set__(record, value)


@cache
def draft_of(kind: Any) -> Any:
    """The class of frozen records of a kind while they are made."""
    open_to_all = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(f"Draft{kind.__name__}", (kind,), {"__slots__": (), **open_to_all})
