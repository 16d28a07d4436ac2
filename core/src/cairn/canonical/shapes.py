# SPDX-License-Identifier: Apache-2.0
"""Documents whose shape was met before, and the plans that give their digests.

A *shape* is a document with the strings taken out: its structure, numbers and booleans, and those strings
that JSON-LD looks at (keys, types, contexts). The second document of a shape that the full path accepts gets
the shape a plan. When two accepted documents of a shape have most of their strings in common (two awards
of one achievement), a plan with those strings already in place is kept beside it.

A secured document has two canonical forms, its own and that of its proof's options; a shape holds a plan for
each. Nothing here can refuse: a glance gives digests or None, and None means that the full path has to look.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING, Any

import orjson

from cairn.canonical.compiler import compile_plan
from cairn.canonical.gaps import IRI, MAX_LEAVES, SENTINEL, STATIC_NAMES, Refused, leaves, with_gaps
from cairn.canonical.jcs import is_plain, jcs
from cairn.canonical.lifted import MAX_DOCUMENT, Lifted, lift, lift_parsed
from cairn.canonical.plan import Budget, Plan
from cairn.canonical.strict_json import is_strict, parse_json
from cairn.errors import CairnError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAX_SHAPES = 256
MAX_BYTES = 32 * 1024 * 1024
PATIENCE = 16
"""Documents that are looked at for each plan that is made: a plan costs as much as a few of them."""
_MAX_SEEN = 1024
_MAX_SPECIAL = 4
_FEW_BRACKETS = 500

# A space cannot be in an IRI, so the text matches only if each of them does.
_IRIS = re.compile(rf"(?:{IRI.pattern} )*")

# What differs from award to award is never made part of a special plan, even if two had it in common.
_NEVER_KNOWN = frozenset({"created", "proofValue"})


def _picker(indices: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    if len(indices) > 1:
        return itemgetter(*indices)
    return lambda strings: tuple(strings[index] for index in indices)


class _Plans:
    """The plans of a document and of its proof's options, over the same values."""

    __slots__ = ("_body", "_iris", "_options")

    def __init__(self, body: Plan, options: Plan | None) -> None:
        self._body = body
        self._options = options
        self._iris = tuple(dict.fromkeys((*body.iris, *(options.iris if options else ()))))

    @property
    def size(self) -> int:
        return self._body.size + (self._options.size if self._options else 0)

    def digests(self, values: tuple[str, ...]) -> tuple[bytes, ...] | None:
        if not self._are_iris(values):
            return None
        body = self._body.digest(values)
        if body is None or self._options is None:
            return None if body is None else (body,)
        options = self._options.digest(values)
        return None if options is None else (options, body)

    def are_covered(self, values: tuple[str, ...]) -> bool:
        """Whether nothing would be lost in the canonical form of the document."""
        return self._are_iris(values) and self._body.is_sound(values)

    def _are_iris(self, values: tuple[str, ...]) -> bool:
        return _IRIS.fullmatch("".join([f"{values[gap]} " for gap in self._iris])) is not None

    def fixed(self, values: Mapping[int, str]) -> _Plans:
        return _Plans(self._body.fixed(values), self._options and self._options.fixed(values))


@dataclass(frozen=True, slots=True)
class _Special:
    """Plans for documents in which many strings are known."""

    pick_known: Callable[[Sequence[str]], tuple[str, ...]]
    known: tuple[str, ...]
    pick: Callable[[Sequence[str]], tuple[str, ...]]
    plans: _Plans
    known_gaps: Mapping[int, str]
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Shape:
    """One shape, its plans, and up to a few special ones."""

    place: tuple[str, str, str]
    pick: Callable[[Sequence[str]], tuple[str, ...]]
    """The values of the gaps, out of all strings."""
    gaps: tuple[int, ...]
    fixed_gaps: frozenset[int]
    plans: _Plans | None
    """None when it can have none."""
    is_strict: bool
    """Whether `parse_json` has nothing against the structure, keys and numbers."""
    is_plain: bool
    """Whether the sorted dump is the canonical JSON (`jcs`)."""
    used: int = 0
    specials: tuple[_Special, ...] = ()
    notes: dict[str, Any] = field(default_factory=dict)
    _last: tuple[str, ...] | None = None
    _patience: int = 1
    _waited: int = 0

    @property
    def size(self) -> int:
        own = len(self.place[0]) + len(self.place[1]) + len(self.place[2]) + 1_000
        plans = self.plans.size if self.plans else 0
        return own + plans + sum(special.plans.size for special in self.specials)

    def specialise(self, values: tuple[str, ...], budget: Budget) -> None:
        """Learn from another accepted document what documents of this shape have in common.

        Each time that this is done it is worth less, so it is done half as often.
        """
        last, self._last = self._last, values
        self._waited += 1
        if self.plans is None or last is None or self._waited < self._patience:
            return
        self._waited = 0
        self._patience *= 2
        known = [at for at, value in enumerate(values) if value == last[at] and at not in self.fixed_gaps]
        if 2 * len(known) < len(values):
            return
        known_gaps = {at: values[at] for at in known}
        try:
            plans = self.plans.fixed(known_gaps)
        except Refused:
            return
        if not budget.spend(plans.size):
            return
        pick_known = _picker([self.gaps[at] for at in known])
        free = _picker([self.gaps[at] for at in range(len(values)) if at not in set(known)])
        new = _Special(pick_known, tuple(known_gaps.values()), free, plans, known_gaps)
        for old in self.specials[_MAX_SPECIAL - 1 :]:
            budget.give_back(old.plans.size)
        self.specials = (new, *self.specials[: _MAX_SPECIAL - 1])


@dataclass(slots=True)
class _Family:
    """The shapes with the same keys."""

    pick_static: Callable[[Sequence[str]], tuple[str, ...]]
    shapes: dict[str, Shape] = field(default_factory=dict)


@dataclass(slots=True)
class _Structure:
    """The families with the same structure."""

    pick_keys: Callable[[Sequence[str]], tuple[str, ...]]
    families: dict[str, _Family] = field(default_factory=dict)


@dataclass(slots=True)
class Glance:
    """A first look at a document: what its shape tells of it."""

    document: Mapping[str, Any]
    _shapes: Shapes
    _lifted: Lifted | None
    shape: Shape | None
    _special: _Special | None = None
    _values: tuple[str, ...] | None = None
    was_in_vain: bool = False
    """Whether the full path was asked for already."""

    def __post_init__(self) -> None:
        """Find what is known beyond the shape."""
        if self.shape is not None and self._lifted is not None:
            strings = self._lifted.strings
            for special in self.shape.specials:
                if special.pick_known(strings) == special.known:
                    self._special = special
                    return

    def digests(self) -> tuple[bytes, ...] | None:
        """SHA-256 of the canonical forms that are signed, the proof's options first; None: ask the full path.

        A document without a proof has one, its own.
        """
        found: tuple[bytes, ...] | None = self._ask(_Plans.digests)
        return found

    def is_covered(self) -> bool:
        """Whether the document has a canonical form that loses none of it; False: ask the full path."""
        return bool(self._ask(_Plans.are_covered))

    def _ask(self, question: Callable[[_Plans, tuple[str, ...]], Any]) -> Any:
        """The answer of the most special plans that have one."""
        if self.shape is None or self._lifted is None or self.shape.plans is None:
            return None
        if self._special is not None:
            found = question(self._special.plans, self._special.pick(self._lifted.strings))
            if found:
                return found
        return question(self.shape.plans, self.values)

    @property
    def digest(self) -> bytes | None:
        """That of the document's own canonical form."""
        found = self.digests()
        return None if found is None else found[-1]

    @property
    def values(self) -> tuple[str, ...]:
        """What is in the gaps of a known shape, as JSON writes it."""
        if self._values is None:
            assert self.shape is not None  # callers have looked
            assert self._lifted is not None
            self._values = self.shape.pick(self._lifted.strings)
        return self._values

    @property
    def is_escaped(self) -> bool:
        """Whether any of its strings is written otherwise than it reads."""
        return self._lifted is None or b"\\" in self._lifted.written

    @property
    def is_plain_text(self) -> bool:
        """Whether all of it is printable ASCII."""
        return self._lifted is not None and not self.is_escaped and self._lifted.written.isascii()

    def gapped(self) -> tuple[dict[str, Any], dict[str, int]]:
        """The document with a sentinel in each gap, and which of the values each stands for."""
        assert self.shape is not None  # callers have looked
        sentinels = {f"{SENTINEL}:{gap}": gap for gap in range(len(self.shape.gaps))}
        return with_gaps(self.document, iter(sentinels)), sentinels

    def note(self, name: str, write: Callable[[Glance], Any]) -> Any:
        """What follows from the shape alone, written down once; None when the shape is not known.

        What ``write`` makes of the document must be the same for all documents of its shape.
        """
        if self.shape is None:
            return None
        notes = self.shape.notes
        if name not in notes:
            # Two threads may both come here: they then store equal values.
            notes[name] = write(self)
        return notes[name]

    def special_note(self, name: str, write: Callable[[Mapping[int, str]], Any]) -> Any:
        """The same for what follows from the strings that are known as well; None when there are none."""
        special = self._special
        if special is None:
            return None
        if name not in special.notes:
            special.notes[name] = write(special.known_gaps)
        return special.notes[name]

    @property
    def is_special(self) -> bool:
        return self._special is not None

    @property
    def is_strict(self) -> bool:
        """Whether `parse_json` has nothing against a document in which a parser has lost nothing."""
        return self.shape is not None and self.shape.is_strict

    @property
    def is_plain(self) -> bool:
        """Whether a dump with sorted keys is the canonical JSON of the document and of its parts."""
        return self.shape is not None and self.shape.is_plain

    @property
    def canonical_json(self) -> bytes | None:
        """The canonical JSON (RFC 8785) of a document that a strict parser reads back as it is.

        None when the shape does not tell that it is one.
        """
        return self._lifted.written if self._lifted is not None and self.is_strict and self.is_plain else None

    def sha256(self) -> str:
        """SHA-256 of the document's canonical JSON (RFC 8785)."""
        if self._lifted is not None and self.is_plain:
            return sha256(self._lifted.written).hexdigest()
        return sha256(jcs(self.document)).hexdigest()

    def is_of(self, document: Mapping[str, Any]) -> bool:
        """Whether this is a look at that document, and nobody has written into it since."""
        return self.document is document and self._lifted is not None and self._lifted.is_of(document)

    def accepted(self) -> None:
        """Tell that the document was accepted, by whichever path, so that its shape is worth learning."""
        if self._lifted is not None and self._special is None:
            self._shapes.learn(self)


class Shapes:
    """The shapes that this process knows: a bounded number in bounded memory, the least used one goes."""

    def __init__(self, *, shapes: int = MAX_SHAPES, size: int = MAX_BYTES, patience: int = PATIENCE) -> None:
        self._most = shapes
        self._budget = Budget(size)
        self._structures: dict[str, _Structure] = {}
        self._all: dict[tuple[str, str, str], Shape] = {}
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._clock = count()
        self._patience = patience
        self._credit = 2 * patience
        # Readers need none: they follow dicts that are only ever added to, or miss and take the full path.
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._all)

    def read(self, data: bytes) -> Glance:
        """Parse a document as `parse_json` does, and look at it.

        That no key is there twice and nothing else was lost in parsing is seen from the dump; all else that
        `parse_json` refuses is refused by the shape, but for U+0000, which `lift_parsed` leaves alone.
        """
        document = parse_whole(data)
        if document is not None:
            glance = self.parsed(document)
            if glance.is_strict:
                return glance
        return self.parsed(parse_json(data))

    def parsed(self, document: Mapping[str, Any]) -> Glance:
        """Look at a document that a JSON parser has just made."""
        return self._glance(document, lift_parsed(document))

    def glance(self, document: Mapping[str, Any]) -> Glance:
        """Look at a document, whoever made it."""
        return self._glance(document, lift(document))

    def _glance(self, document: Mapping[str, Any], lifted: Lifted | None) -> Glance:
        shape = None if lifted is None else self._find(lifted)
        if shape is not None:
            shape.used = next(self._clock)
        return Glance(document, self, lifted, shape)

    def _find(self, lifted: Lifted) -> Shape | None:
        structure = self._structures.get(lifted.structure)
        if structure is None:
            return None
        family = structure.families.get('"'.join(structure.pick_keys(lifted.strings)))
        if family is None:
            return None
        return family.shapes.get('"'.join(family.pick_static(lifted.strings)))

    def learn(self, glance: Glance) -> None:
        """Take in a document that was accepted. Only `Glance.accepted` calls this."""
        lifted, shape = glance._lifted, glance.shape
        assert lifted is not None  # `Glance.accepted` has looked
        with self._lock:
            self._credit = min(self._credit + 1, 2 * self._patience)
            if shape is None:
                self._meet(glance.document, lifted)
            elif shape.place in self._all:
                shape.specialise(shape.pick(lifted.strings), self._budget)

    def _meet(self, document: Mapping[str, Any], lifted: Lifted) -> None:
        found = list(leaves(document))
        # Both walks go by sorted keys; were they ever to differ, gaps would be filled with other strings.
        if len(found) > MAX_LEAVES or [_written(leaf.text) for leaf in found] != lifted.strings:
            return
        keys = [at for at, leaf in enumerate(found) if leaf.is_key]
        static = [at for at, leaf in enumerate(found) if not leaf.is_key and leaf.name in STATIC_NAMES]
        place = (lifted.structure, _joined(lifted, keys), _joined(lifted, static))
        if place in self._all or self._is_first_sight(place) or self._credit < self._patience:
            return
        self._credit -= self._patience
        gaps = [at for at in range(len(found)) if at not in {*keys, *static}]
        try:
            plans = _compile(document, len(gaps), self._budget)
        except (Refused, CairnError):
            plans = None  # what else the shape tells is still worth keeping
        never = frozenset(at for at, gap in enumerate(gaps) if found[gap].name in _NEVER_KNOWN)
        shape = Shape(
            place,
            _picker(gaps),
            tuple(gaps),
            never,
            plans,
            is_strict(document),
            is_plain(document),
            next(self._clock),
        )
        self._keep(shape, keys, static)

    def _is_first_sight(self, place: tuple[str, str, str]) -> bool:
        seen = sha256("\n".join(place).encode()).digest()
        if seen in self._seen:
            self._seen.move_to_end(seen)
            return False
        self._seen[seen] = None
        if len(self._seen) > _MAX_SEEN:
            self._seen.popitem(last=False)
        return True

    def _keep(self, shape: Shape, keys: Sequence[int], static: Sequence[int]) -> None:
        if len(self._all) >= self._most:
            self._forget(min(self._all.values(), key=lambda each: each.used))
        while not self._budget.spend(shape.size):
            if not self._all:
                return
            self._forget(min(self._all.values(), key=lambda each: each.used))
        self._all[shape.place] = shape
        structure = self._structures.setdefault(shape.place[0], _Structure(_picker(keys)))
        family = structure.families.setdefault(shape.place[1], _Family(_picker(static)))
        family.shapes[shape.place[2]] = shape

    def _forget(self, shape: Shape) -> None:
        structure, keys, static = shape.place
        del self._all[shape.place]
        families = self._structures[structure].families
        del families[keys].shapes[static]
        if not families[keys].shapes:
            del families[keys]
        if not families:
            del self._structures[structure]
        self._budget.give_back(shape.size)


def parse_whole(data: bytes) -> dict[str, Any] | None:
    """The object that ``data`` spells, if nothing of it was lost in parsing; None: ask `parse_json`.

    That no key is there twice, for one, is seen from the dump.
    """
    if len(data) > MAX_DOCUMENT or data.count(b"[") + data.count(b"{") > _FEW_BRACKETS:
        return None
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return document if type(document) is dict and orjson.dumps(document) == data else None


def _compile(document: Mapping[str, Any], count_of_gaps: int, budget: Budget) -> _Plans:
    """The plans of a document and, if it has one proof, of that proof's options."""
    sentinels = {f"{SENTINEL}:{gap}": gap for gap in range(count_of_gaps)}
    gapped = with_gaps(document, iter(sentinels))
    proof = gapped.pop("proof", None)
    if proof is None:
        return _Plans(compile_plan(gapped, sentinels, budget=budget), None)
    if not isinstance(proof, dict) or "proofValue" not in proof:
        raise Refused("proofs that plans do not know")
    body = compile_plan(gapped, _within(gapped, sentinels), count_of_gaps, budget=budget)
    if "@context" in proof:  # the options of a JCS suite have no other canonical form
        return _Plans(body, None)
    options = {"@context": gapped.get("@context"), **proof}
    del options["proofValue"]
    return _Plans(body, compile_plan(options, _within(options, sentinels), count_of_gaps, budget=budget))


def _within(part: Any, sentinels: Mapping[str, int]) -> dict[str, int]:
    return {leaf.text: sentinels[leaf.text] for leaf in leaves(part) if leaf.text in sentinels}


def _written(text: str) -> str:
    return orjson.dumps(text).decode()[1:-1] if "\\" in text or not text.isprintable() else text


def _joined(lifted: Lifted, indices: Sequence[int]) -> str:
    return '"'.join([lifted.strings[index] for index in indices])
