# SPDX-License-Identifier: Apache-2.0
"""A small language for saying what an object must look like, so that the rules read like the tables they are.

A kind is a function that looks at one value and adds what is wrong with it to a list of problems. ``Shape``
is the kind of an object: which members it must have, which it may have, and of which kind each is. Members
that a shape does not know are left alone, unless it is closed: whether a stranger's extension means
anything is for the contexts to say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from cairn.credential.address import is_absolute, is_identifier, is_web
from cairn.credential.deferred import Deferring, Gap, ask, by_shape, of_strings
from cairn.credential.moment import parse_datetime
from cairn.errors import MalformedError


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: where, which, and a sentence about it."""

    path: str
    rule: str
    message: str


Kind = Callable[[Any, str, list[Problem]], None]


def join(path: str, name: str | int) -> str:
    """The path of a member or an item: ``credentialSubject.achievement``, ``evidence[1]``."""
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def as_list(value: Any) -> list[Any]:
    """One or many, as JSON-LD lets people write it, always as many."""
    return value if isinstance(value, list) else [value]


@by_shape
def text(value: Any, path: str, problems: list[Problem]) -> None:
    if not isinstance(value, str):
        problems.append(Problem(path, "text", "should be text"))


@partial(of_strings, plain="identifier")
def identifier(value: Any, path: str, problems: list[Problem]) -> None:
    if not is_identifier(value):
        problems.append(Problem(path, "absolute-url", "should be one absolute URL"))


@partial(of_strings, plain="web-address")
def web_address(value: Any, path: str, problems: list[Problem]) -> None:
    if not is_web(value):
        problems.append(Problem(path, "web-address", "should be an http or https address"))


@partial(of_strings, plain="identifier")
def absolute_url(value: Any, path: str, problems: list[Problem]) -> None:
    if not is_absolute(value):
        problems.append(Problem(path, "absolute-url", "should be one absolute URL"))


@of_strings
def picture_address(value: Any, path: str, problems: list[Problem]) -> None:
    """Where a picture is; OB 3.0 also lets it stand inside, as a ``data:`` URL of any length."""
    if isinstance(value, str) and value.startswith("data:image/") and value.isascii():
        return
    identifier(value, path, problems)


@by_shape
def number(value: Any, path: str, problems: list[Problem]) -> None:
    # True and False are numbers to Python, and so is "77" to a sloppy comparison; neither is one here.
    if type(value) not in (int, float):
        problems.append(Problem(path, "number", "should be a number"))


@by_shape
def flag(value: Any, path: str, problems: list[Problem]) -> None:
    if type(value) is not bool:
        problems.append(Problem(path, "boolean", "should be true or false"))


@of_strings
def moment(value: Any, path: str, problems: list[Problem]) -> None:
    try:
        parse_datetime(value if isinstance(value, str) else "")
    except MalformedError:
        problems.append(Problem(path, "date-time", "should be a date and time with a zone"))


@partial(of_strings, plain="index")
def decimal_index(value: Any, path: str, problems: list[Problem]) -> None:
    """A number as canonical decimal text (B17): no sign, no leading zero, ASCII digits."""
    canonical = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18
    if not canonical or (len(value) > 1 and value[0] == "0"):
        problems.append(Problem(path, "index", "should be a number written as plain decimal text"))


def one_of(values: Collection[str], *, extensible: bool = True) -> Kind:
    """A term of an enumeration; an extensible one also takes terms that begin with ``ext:``."""

    def kind(value: Any, path: str, problems: list[Problem]) -> None:
        known = isinstance(value, str) and (value in values or (extensible and value.startswith("ext:")))
        if not known:
            problems.append(Problem(path, "enumeration", "should be a term of the standard's list"))

    return of_strings(kind)


def many(each: Kind) -> Kind:
    """One value of a kind or a list of them, without two objects of the same id.

    Two objects with one id are one node in RDF, so claims could be moved between them under the same
    signature (S16).
    """

    def kind(value: Any, path: str, problems: list[Problem]) -> None:
        for index, item in enumerate(as_list(value)):
            ask(each, item, join(path, index), problems)
        ids = [item["id"] for item in as_list(value) if isinstance(item, dict) and "id" in item]
        if type(problems) is Deferring and any(type(one) is Gap for one in ids):
            problems.keep_apart(ids)
        elif len({str(one) for one in ids}) != len(ids):
            problems.append(Problem(path, "duplicate-node", "holds two objects with the same id"))

    return by_shape(kind)


# What holds nothing else. Exact types: a string that is not known yet is none of them.
SCALARS = frozenset({str, int, float, bool, type(None)})


def is_object(value: Any) -> bool:
    """Whether it is a JSON object. To ask of a `dict` whether it is a `Mapping` takes ten times as long."""
    return isinstance(value, (dict, Mapping))


def types_of(document: Any) -> list[str]:
    """The strings in ``type``, whatever else may be there."""
    value = document.get("type") if is_object(document) else None
    if type(value) is str:
        return [value]
    return [each for each in as_list(value) if isinstance(each, str)]


@dataclass(frozen=True, slots=True)
class Shape:
    """The kind of an object. ``type`` is what its ``type`` must include; None when it has none."""

    type: str | None
    required: Mapping[str, Kind] = field(default_factory=dict)
    optional: Mapping[str, Kind] = field(default_factory=dict)
    closed: bool = False
    # It looks at keys and types, and asks kinds about everything else.
    by_shape: ClassVar[bool] = True

    def __call__(self, value: Any, path: str, problems: list[Problem]) -> None:
        if not isinstance(value, dict):
            problems.append(Problem(path, "object", "should be an object"))
            return
        if self.type is not None:
            self._type(value, path, problems)
        for name in self.required:
            if name not in value:
                problems.append(Problem(join(path, name), "required", "is missing"))
        for name, kind in (*self.required.items(), *self.optional.items()):
            if name in value:
                ask(kind, value[name], join(path, name), problems)
        if self.closed:
            for name in sorted(value.keys() - self.required.keys() - self.optional.keys() - {"type"}):
                problems.append(Problem(join(path, name), "closed", "is not allowed here"))

    def _type(self, value: Mapping[str, Any], path: str, problems: list[Problem]) -> None:
        entries = as_list(value.get("type"))
        if self.type not in entries or not all(isinstance(entry, str) for entry in entries):
            problems.append(Problem(join(path, "type"), "type", f"should include {self.type}"))
