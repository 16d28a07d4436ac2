# SPDX-License-Identifier: Apache-2.0
"""Frozen records of which a part is only worked out when somebody asks for it.

What nobody reads need not be made: most reports on a thousand badges are read no further than their verdict.
A late part is made from what cannot change, and kept, so nobody can tell when it was made.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T", bound="Late")


@dataclass(frozen=True, slots=True)
class Late:
    """A record that may be made `without` some of its fields."""

    _late: Callable[[str], Any] | None = field(default=None, init=False, repr=False, compare=False)
    """What makes a field that is not there, by its name."""

    @classmethod
    def without(cls: type[T], late: Callable[[str], Any] | None, **known: Any) -> T:
        """A record with these fields; the others are made by ``late`` when they are asked for."""
        made = object.__new__(cls)
        for name, value in known.items():
            _set(made, name, value)
        _set(made, "_late", late)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        # What makes the parts stays here; whoever gets a copy gets them all.
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "_late"}
        # What several records share cannot be written into, and could not be copied either.
        own = {
            name: dict(value) if type(value) is MappingProxyType else value for name, value in told.items()
        }
        return _whole, (type(self), own)

    if not TYPE_CHECKING:  # or every name would be one of its attributes

        def __getattr__(self, name: str) -> Any:
            # Python asks here for what is not there, which fields are only in records made `without` them.
            if name not in self.__dataclass_fields__ or name == "_late" or self._late is None:
                raise AttributeError(f"{type(self).__name__!r} has no {name!r}", name=name, obj=self)
            value = self._late(name)
            _set(self, name, value)
            return value


def _whole(kind: type[T], told: dict[str, Any]) -> T:
    return kind.without(None, **told)


_set = object.__setattr__
