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

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

import orjson

from cairn.canonical.compiler import compile_plan
from cairn.canonical.gaps import MAX_LEAVES, SENTINEL, STATIC_NAMES, Refused, leaves, with_gaps
from cairn.canonical.glance import Glance, Layout, Plans, Shape
from cairn.canonical.jcs import is_plain
from cairn.canonical.lifted import MAX_DOCUMENT, Lifted, lift, lift_parsed
from cairn.canonical.plan import Budget
from cairn.canonical.strict_json import is_strict, parse_json
from cairn.canonical.texts import Forms, Layouts, picker, written_order
from cairn.errors import CairnError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAX_SHAPES = 256
MAX_BYTES = 32 * 1024 * 1024
PATIENCE = 16
"""Documents that are looked at for each plan that is made: a plan costs as much as a few of them."""
_MAX_SEEN = 1024
_MAX_SPELLINGS = 2
_FEW_BRACKETS = 500

_ODD = bytes([*range(0x20), ord("\\"), 0x7F])

# What differs from award to award is never made part of a special plan, even if two had it in common.
_NEVER_KNOWN = frozenset({"created", "proofValue"})


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


class Shapes:
    """The shapes that this process knows: a bounded number in bounded memory, the least used one goes."""

    def __init__(self, *, shapes: int = MAX_SHAPES, size: int = MAX_BYTES, patience: int = PATIENCE) -> None:
        self._most = shapes
        self._budget = Budget(size)
        self._structures: dict[str, _Structure] = {}
        self._all: dict[tuple[str, str, str], Shape] = {}
        self._forms = Forms[Layout]()
        self._layouts = Layouts[Layout]()
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._clock = count()
        self._patience = patience
        self._credit = 2 * patience
        self._run: Callable[[Callable[[], None]], object] = _now
        # Readers need none: they follow dicts that are only ever added to, or miss and take the full path.
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._all)

    def read(self, data: bytes) -> Glance:
        """Parse a document as `parse_json` does, and look at it.

        That no key is there twice and nothing else was lost in parsing is seen from the dump; all else that
        `parse_json` refuses is refused by the shape, but for U+0000, which `lift_parsed` leaves alone.
        """
        glance = self._known_text(data)
        if glance is not None:
            return glance
        document = parse_whole(data)
        if document is not None:
            glance = self._glance(document, lift_parsed(document), data)
            if glance.is_strict:
                return glance
        return self.parsed(parse_json(data))

    def _known_text(self, data: bytes) -> Glance | None:
        """The look at a text whose shape the text itself tells."""
        try:
            text = data.decode() if len(data) <= MAX_DOCUMENT else ""
        except UnicodeDecodeError:
            return None
        strings: Sequence[str]
        form = self._forms.find(text)
        if form is not None:
            layout, strings = form
            if "\\" in (joined := "".join(strings)) or not joined.isprintable():
                return None
        else:
            found = self._layouts.find(strings := text.split('"'))
            # What a parser would refuse in a string, what it would change, and what N-Quads writes otherwise.
            if found is None or len(data.translate(None, _ODD)) != len(data):
                return None
            layout = found
        layout.shape.used = next(self._clock)
        return Glance.of_text(self, data, layout, strings)

    def parsed(self, document: Mapping[str, Any]) -> Glance:
        """Look at a document that a JSON parser has just made."""
        return self._glance(document, lift_parsed(document))

    def glance(self, document: Mapping[str, Any]) -> Glance:
        """Look at a document, whoever made it."""
        return self._glance(document, lift(document))

    def _glance(
        self, document: Mapping[str, Any], lifted: Lifted | None, text: bytes | None = None
    ) -> Glance:
        shape = None if lifted is None else self._find(lifted)
        if shape is not None:
            shape.used = next(self._clock)
        return Glance.of_document(self, document, shape, lifted, None if lifted is None else text)

    def _find(self, lifted: Lifted) -> Shape | None:
        structure = self._structures.get(lifted.structure)
        if structure is None:
            return None
        family = structure.families.get('"'.join(structure.pick_keys(lifted.strings)))
        if family is None:
            return None
        return family.shapes.get('"'.join(family.pick_static(lifted.strings)))

    def learn_by(self, run: Callable[[Callable[[], None]], object]) -> None:
        """Have ``run`` do the learning: it is given each piece of it, and may do that later or never.

        What nobody has learned takes the full path, and there will be other documents of its shape. So a
        server learns beside its answers, and none of them waits for a plan.
        """
        self._run = run

    def learn(self, glance: Glance) -> None:
        """Take in a document that was accepted. Only `Glance.accepted` calls this."""
        self._run(partial(self._learn, glance))

    def _learn(self, glance: Glance) -> None:
        shape = glance.shape
        with self._lock:
            self._credit = min(self._credit + 1, 2 * self._patience)
            if shape is None:
                if glance._lifted is not None:
                    # Made anew: the document itself may have been written into since it was looked at.
                    self._meet(orjson.loads(glance._lifted.written), glance._lifted)
            elif shape.place in self._all:
                if glance._special is None and shape.specialise(glance.values, self._budget):
                    self._forget_texts()
                if glance.has_text and shape.is_strict:
                    self._keep_text(glance, shape)

    def _keep_text(self, glance: Glance, shape: Shape) -> None:
        """Keep how the text of an accepted document has its gaps, for those that will be written like it."""
        special = glance._special
        owner = special or shape
        if len(owner.spellings) == _MAX_SPELLINGS or (special is None and glance._layout is not None):
            return
        lifted = glance._taken_apart()
        assert lifted is not None and glance._text is not None  # noqa: PT018 - `learn` has looked
        parts = glance._text.decode().split('"')
        order = written_order(orjson.loads(glance._text))
        if [lifted.strings[number] for number in order] != parts[1::2]:
            return  # were the walks ever to differ, gaps would be filled with other strings
        part_of = {number: 2 * at + 1 for at, number in enumerate(order)}
        size = 2 * len(glance._text) + 2_000
        if (special is None and b"\\" in glance._text) or not self._budget.spend(size):
            return
        owner.spellings.append(size)
        if special is not None:
            gaps = [part_of[shape.gaps[gap]] for gap in special.free_gaps]
            by_text = sorted(gaps)
            self._forms.add(
                parts, by_text, Layout(shape, special, picker([by_text.index(gap) for gap in gaps]))
            )
            return
        gaps = [part_of[gap] for gap in shape.gaps]
        self._layouts.add(parts, gaps, Layout(shape, None, picker(gaps)))

    def _forget_texts(self) -> None:
        """Forget the texts whose shape or special plans are forgotten."""
        self._forms = self._forms.only(self._is_kept)
        self._layouts = self._layouts.only(self._is_kept)

    def _is_kept(self, layout: Layout) -> bool:
        shape, special = layout.shape, layout.special
        return self._all.get(shape.place) is shape and (special is None or special in shape.specials)

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
            picker(gaps),
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
        structure = self._structures.setdefault(shape.place[0], _Structure(picker(keys)))
        family = structure.families.setdefault(shape.place[1], _Family(picker(static)))
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
        if shape.spellings or shape.specials:
            self._forget_texts()


def _now(work: Callable[[], None]) -> None:
    work()


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


def _compile(document: Mapping[str, Any], count_of_gaps: int, budget: Budget) -> Plans:
    """The plans of a document and, if it has one proof, of that proof's options."""
    sentinels = {f"{SENTINEL}:{gap}": gap for gap in range(count_of_gaps)}
    gapped = with_gaps(document, iter(sentinels))
    proof = gapped.pop("proof", None)
    if proof is None:
        return Plans(compile_plan(gapped, sentinels, budget=budget), None)
    if not isinstance(proof, dict) or "proofValue" not in proof:
        raise Refused("proofs that plans do not know")
    body = compile_plan(gapped, _within(gapped, sentinels), count_of_gaps, budget=budget)
    if "@context" in proof:  # the options of a JCS suite have no other canonical form
        return Plans(body, None)
    options = {"@context": gapped.get("@context"), **proof}
    del options["proofValue"]
    return Plans(body, compile_plan(options, _within(options, sentinels), count_of_gaps, budget=budget))


def _within(part: Any, sentinels: Mapping[str, int]) -> dict[str, int]:
    return {leaf.text: sentinels[leaf.text] for leaf in leaves(part) if leaf.text in sentinels}


def _written(text: str) -> str:
    return orjson.dumps(text).decode()[1:-1] if "\\" in text or not text.isprintable() else text


def _joined(lifted: Lifted, indices: Sequence[int]) -> str:
    return '"'.join([lifted.strings[index] for index in indices])
