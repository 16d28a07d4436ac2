# SPDX-License-Identifier: Apache-2.0
"""A first look at a document: what is known of it once its shape is.

A look gives digests and findings about the shape, or None; None means that the full path has to look. Which
shapes are known is a matter of `cairn.canonical.shapes`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from cairn.canonical.gaps import IRI, SENTINEL, Refused, with_gaps
from cairn.canonical.jcs import jcs
from cairn.canonical.lifted import Lifted, lift_parsed, spelled
from cairn.canonical.lines import Text
from cairn.canonical.plan import Budget, Plan, written_in_full
from cairn.canonical.texts import picker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cairn.canonical.shapes import Shapes

    # Where something is in a document: names of members and numbers of items, from the outside in.
    Path = tuple[str | int, ...]

_MAX_SPECIAL = 4
# A document that differs in no more than one in so many of the strings that others have in common is one of
# theirs: of the same achievement, but awarded on another day or with another grade.
_MOST_ALIKE = 4
_OBJECTS = 1_000  # what a shape takes beside its texts and plans

# A space cannot be in an IRI, so the text matches only if each of them does.
_IRIS = re.compile(rf"{IRI.pattern}(?: {IRI.pattern})*")


class Plans:
    """The plans of a document and of its proof's options, over the same values."""

    __slots__ = ("_body", "_ids", "_iris", "_options", "_pick_iris", "_plans")

    def __init__(self, body: Plan, options: Plan | None) -> None:
        self._body = body
        self._options = options
        self._iris = tuple(dict.fromkeys((*body.iris, *(options.iris if options else ()))))
        self._pick_iris = picker(self._iris)
        # The options first, as they are signed.
        self._plans = (body,) if options is None else (options, body)
        self._ids = tuple(plan.ids for plan in self._plans if not plan.ids.is_settled)

    @property
    def size(self) -> int:
        return sum(plan.size for plan in self._plans)

    # Both are asked with the values, and with those values in UTF-8.

    def digests(self, values: Sequence[str], written: Sequence[bytes]) -> tuple[bytes, ...] | None:
        if self._iris and not _IRIS.fullmatch(" ".join(self._pick_iris(values))):
            return None
        for ids in self._ids:
            if not ids.are_apart(written):
                return None
        found = tuple([plan.digest_of(written) for plan in self._plans])
        return None if None in found else found  # type: ignore[return-value] # as it says

    def are_covered(self, values: Sequence[str], written: Sequence[bytes]) -> bool:
        """Whether nothing would be lost in the canonical form of the document."""
        return (
            not self._iris or _IRIS.fullmatch(" ".join(self._pick_iris(values))) is not None
        ) and self._body.is_sound(written)

    def fixed(self, values: Mapping[int, str]) -> Plans:
        return Plans(self._body.fixed(values), self._options and self._options.fixed(values))


@dataclass(slots=True)
class Special:
    """Plans for documents in which many strings are known. Of what is in the gaps of the shape, it picks."""

    pick_known: Callable[[Sequence[str]], tuple[str, ...]]
    known: tuple[str, ...]
    pick: Callable[[Sequence[str]], tuple[str, ...]]
    plans: Plans
    known_gaps: Mapping[int, str]
    free_gaps: tuple[int, ...]
    all_known: list[str]
    notes: dict[Any, Any] = field(default_factory=dict)
    spellings: list[int] = field(default_factory=list)
    """What the forms take that are kept of it."""

    @property
    def size(self) -> int:
        return self.plans.size + sum(self.spellings)

    def whole(self, free: Sequence[str]) -> list[str]:
        """All that is in the gaps of the shape."""
        found = self.all_known.copy()
        for gap, value in zip(self.free_gaps, free, strict=True):
            found[gap] = value
        return found


@dataclass(slots=True)
class Shape:
    """One shape, its plans, and up to a few special ones."""

    place: tuple[str, str, str]
    pick: Callable[[Sequence[str]], tuple[str, ...]]
    """The values of the gaps, out of all strings."""
    gaps: tuple[int, ...]
    fixed_gaps: frozenset[int]
    plans: Plans | None
    """None when it can have none."""
    is_strict: bool
    """Whether `parse_json` has nothing against the structure, keys and numbers."""
    is_plain: bool
    """Whether the sorted dump is the canonical JSON (`jcs`)."""
    used: int
    specials: tuple[Special, ...] = ()
    notes: dict[Any, Any] = field(default_factory=dict)
    spellings: list[int] = field(default_factory=list)
    """What the layouts take that are kept of it."""
    _last: Sequence[str] | None = None
    _patience: int = 1
    _waited: int = 0

    @property
    def size(self) -> int:
        own = sum(map(len, self.place)) + sum(self.spellings) + _OBJECTS
        return own + sum(plans.size for plans in (self.plans, *self.specials) if plans is not None)

    def specialise(self, values: Sequence[str], budget: Budget) -> bool:
        """Learn from another accepted document what documents of this shape have in common.

        Where one differs in little from what others have in common, that is found to be less. Otherwise it is
        compared with the document before it: each time that this is done it is worth less, so it is done half
        as often. Says whether something else was forgotten for it.
        """
        if values == self._last:
            return False  # the same document once more says nothing about others
        last, self._last = self._last, values
        if self.plans is None:
            return False
        for narrow in self.specials:
            left = {gap: value for gap, value in narrow.known_gaps.items() if values[gap] == value}
            if 0 < _MOST_ALIKE * (len(narrow.known_gaps) - len(left)) <= len(narrow.known_gaps):
                return self._keep(left, values, budget, instead_of=narrow)
        self._waited += 1
        if last is None or self._waited < self._patience:
            return False
        self._waited = 0
        self._patience *= 2
        known = {
            at: value for at, value in enumerate(values) if value == last[at] and at not in self.fixed_gaps
        }
        return self._keep(known, values, budget)

    def _keep(
        self,
        known: Mapping[int, str],
        values: Sequence[str],
        budget: Budget,
        *,
        instead_of: Special | None = None,
    ) -> bool:
        if self.plans is None or 2 * len(known) < len(values):
            return False
        try:
            plans = self.plans.fixed(known)
        except Refused:
            return False
        if not budget.spend(plans.size):
            return False
        free = tuple([at for at in range(len(values)) if at not in known])
        new = Special(picker([*known]), tuple(known.values()), picker(free), plans, known, free, list(values))
        others = [each for each in self.specials if each is not instead_of]
        kept = others[: _MAX_SPECIAL - 1]
        forgotten = [each for each in self.specials if each not in kept]
        for old in forgotten:
            budget.give_back(old.size)
        self.specials = (new, *kept)
        return bool(forgotten)


@dataclass(frozen=True, slots=True)
class Layout:
    """How texts of one shape, or of what is special in one, have their gaps: by their own order."""

    shape: Shape
    special: Special | None
    pick: Callable[[Sequence[str]], tuple[str, ...]]


class Places:
    """Where some strings are. For each it is several places, of which the first counts that has a string."""

    __slots__ = ("paths",)

    def __init__(self, *paths: tuple[Path, ...]) -> None:
        self.paths = paths


class Glance:
    """A first look at a document: what its shape tells of it.

    ``text`` is the text of the document when it is its own compact spelling. The document is then parsed when
    somebody asks for it.
    """

    __slots__ = (
        "_asked", "_document", "_layout", "_lifted", "_shapes", "_special", "_strings", "_text", "_values",
        "_written", "free", "has_text", "is_unescaped", "is_unseen", "shape", "was_in_vain",
    )  # fmt: skip

    def __init__(
        self,
        shapes: Shapes,
        shape: Shape | None,
        document: Mapping[str, Any] | None,
        lifted: Lifted | None,
        text: bytes | None,
        layout: Layout | None = None,
    ) -> None:
        self.shape = shape
        self._shapes = shapes
        self._document = document
        self._lifted = lifted
        self._text = text
        self.has_text = text is not None
        self._layout = layout
        self.is_unescaped = layout is not None
        """Whether it is known of every string of a shape that it is written as it reads."""
        self._special: Special | None = None
        self.free: Sequence[str] = ()
        """What is in the gaps of a known shape of which nothing special is known, as JSON writes it."""
        self._values: Sequence[str] | None = None
        self._written: Sequence[bytes] | None = None
        self._asked: Places | None = None
        self._strings: tuple[str | None, ...] = ()
        self.is_unseen = True
        """Whether nobody was given the document through `late`."""
        self.was_in_vain = False
        """Whether the full path was asked for already."""

    def _fill(self, shape: Shape, values: Sequence[str]) -> None:
        """Find what is known beyond the shape."""
        self._values = self.free = values
        for special in shape.specials:
            if special.pick_known(values) == special.known:
                self._special, self.free = special, special.pick(values)
                return

    @classmethod
    def of_document(
        cls,
        shapes: Shapes,
        document: Mapping[str, Any],
        shape: Shape | None,
        lifted: Lifted | None,
        text: bytes | None,
    ) -> Glance:
        """The look at a document that was taken apart, and if that could be done is of this shape."""
        made = cls(shapes, shape, document, lifted, text)
        if shape is not None and lifted is not None:
            made._fill(shape, shape.pick(lifted.strings))
        return made

    @classmethod
    def of_text(cls, shapes: Shapes, text: bytes, layout: Layout, strings: Sequence[str]) -> Glance:
        """The look at a text of which the layout is known."""
        made = cls(shapes, layout.shape, None, None, text, layout)
        if layout.special is None:
            made._fill(layout.shape, layout.pick(strings))
        else:
            made._special, made.free = layout.special, layout.pick(strings)
        return made

    @property
    def document(self) -> Mapping[str, Any]:
        """The document; if this is where it comes from, always the same one."""
        if self._document is None:
            assert self._text is not None  # one of the two is there
            self._document = orjson.loads(self._text)
        return self._document

    def unsecured(self) -> dict[str, Any]:
        """The document without its proof, as nobody has seen it yet if there is a text to read it from."""
        unsecured = dict(self.document) if self._text is None else orjson.loads(self._text)
        unsecured.pop("proof", None)
        return unsecured

    def late(self, name: str) -> Any:
        """What records of the document may leave out until somebody asks for it."""
        if name == "sha256":
            return self.sha256()
        if name == "document":
            return self.unsecured()
        assert name == "unverified_document"
        self.is_unseen = False
        return self.document

    def _taken_apart(self) -> Lifted | None:
        if self._lifted is None and self._text is not None:
            self._lifted = lift_parsed(orjson.loads(self._text))
        return self._lifted

    def digests(self) -> tuple[bytes, ...] | None:
        """SHA-256 of the canonical forms that are signed, the proof's options first; None: ask the full path.

        A document without a proof has one, its own.
        """
        found: tuple[bytes, ...] | None = self._ask(Plans.digests)
        return found

    def is_covered(self) -> bool:
        """Whether the document has a canonical form that loses none of it; False: ask the full path."""
        return bool(self._ask(Plans.are_covered))

    def _ask(self, question: Callable[[Plans, Sequence[str], Sequence[bytes]], Any]) -> Any:
        """The answer of the most special plans that have one."""
        plans = None if self.shape is None else self.shape.plans
        if plans is None:
            return None
        special, written = self._special, self.written()
        if special is not None:
            found = None if written is None else question(special.plans, self.free, written)
            if found:
                return found
            written = written_in_full(self.values)
        return None if written is None else question(plans, self.values, written)

    def written(self) -> Sequence[bytes] | None:
        """What is `free`, in UTF-8; None when some of it has no such form."""
        if self._written is None:
            self._written = written_in_full(self.free)
        return self._written

    @property
    def digest(self) -> bytes | None:
        """That of the document's own canonical form."""
        found = self.digests()
        return None if found is None else found[-1]

    @property
    def values(self) -> Sequence[str]:
        """What is in the gaps of a known shape, as JSON writes it."""
        if self._values is None:
            assert self._special is not None  # callers have looked: the shape is known
            self._values = self._special.whole(self.free)
        return self._values

    def strings_at(self, places: Places) -> tuple[str | None, ...]:
        """The strings at these places of a document of a known shape; None where there is something else."""
        if self._asked is not places:
            # What several steps ask for is looked for once.
            pick, known = self.special_note(places, lambda look: look._places_of(places))
            free = self.free if self.is_unescaped else [_read(text) for text in self.free]
            self._strings, self._asked = pick((*free, *known)), places
        return self._strings

    def _places_of(self, places: Places) -> tuple[Callable[[Sequence[Any]], Any], list[str | None]]:
        gapped, gaps = self.gapped()
        known: list[str | None] = []
        numbers: list[int] = []
        for paths in places.paths:
            text = next((found for path in paths if type(found := _at(gapped, path)) is str), None)
            gap = None if text is None else gaps.get(text)
            if gap is None:
                gap = len(gaps) + len(known)
                known.append(text)
            numbers.append(gap)
        return picker(numbers), known

    @property
    def is_plain_text(self) -> bool:
        """Whether all of it is printable ASCII."""
        lifted = self._taken_apart()
        return lifted is not None and b"\\" not in lifted.written and lifted.written.isascii()

    def gapped(self) -> tuple[dict[str, Any], dict[str, int]]:
        """The document with a sentinel for each of the `free` strings, and which of them each stands for."""
        assert self.shape is not None  # callers have looked
        sentinels = {f"{SENTINEL}:{at}": at for at in range(len(self.free))}
        filled: Iterator[Any] = iter(sentinels)
        if self._special is not None:
            known, free = self._special.known_gaps, filled
            gaps = range(len(self.shape.gaps))
            filled = (_read(known[gap]) if gap in known else next(free) for gap in gaps)
        return with_gaps(self.document, filled), sentinels

    def note(self, name: object, write: Callable[[Glance], Any]) -> Any:
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

    def special_note(self, name: object, write: Callable[[Glance], Any]) -> Any:
        """The same for what follows from the shape and from all strings of it but the `free` ones."""
        if self._special is None:
            return self.note(name, write)
        notes = self._special.notes
        if name not in notes:
            notes[name] = write(self)
        return notes[name]

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
        lifted = self._taken_apart()
        return lifted.written if lifted is not None and self.is_strict and self.is_plain else None

    def sha256(self) -> str:
        """SHA-256 of the document's canonical JSON (RFC 8785)."""
        if self.is_unescaped and (written := self.written()) is not None:
            # What is written as it reads is written so in canonical JSON too, and all else is of the shape.
            text: Text = self.special_note("canonical JSON", lambda look: text_of(jcs(look.gapped()[0])))
            return sha256(text.fill(written)).hexdigest()
        lifted = self._taken_apart()
        if lifted is not None and self.is_plain:
            return sha256(lifted.written).hexdigest()
        document = self.document if self._text is None else orjson.loads(self._text)
        return sha256(jcs(document)).hexdigest()

    def is_of(self, document: Mapping[str, Any]) -> bool:
        """Whether this is a look at that document, and nobody has written into it since."""
        if self._document is not document:
            return False
        if self._text is not None:
            return spelled(document) == self._text
        return self._lifted is not None and self._lifted.is_of(document)

    def accepted(self) -> None:
        """Tell that the document was accepted, by whichever path, so that its shape is worth learning."""
        if self._layout is None or self._layout.special is None:
            self._shapes.learn(self)


def text_of(gapped: bytes) -> Text:
    """The JSON of a document that is `Glance.gapped`, with holes for the `free` strings."""
    # In the text between them every odd part is the number of a gap.
    pieces = _GAP.split(gapped)
    return Text(int(piece) if at % 2 else piece for at, piece in enumerate(pieces))


_GAP = re.compile(rf"{SENTINEL}:([0-9]+)".encode())


def _at(value: Any, path: Path) -> Any:
    for step in path:
        is_there = step in value if type(value) is dict else type(value) is list and step in range(len(value))
        value = value[step] if is_there else None
    return value


def _read(written: str) -> str:
    return str(orjson.loads(f'"{written}"')) if "\\" in written else written
