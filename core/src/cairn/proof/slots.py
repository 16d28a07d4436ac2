# SPDX-License-Identifier: Apache-2.0
"""The places in a document that each credential of a kind fills with values of its own, and what fits there.

Every value is looked at, and all of them at once: they are joined by a character that no kind takes, and one
pattern says whether each is of its kind. What passes is written alike in JSON, in canonical JSON and in
canonical N-Quads, because no kind takes the control characters in which those differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson

from cairn.canonical.gaps import SENTINEL
from cairn.canonical.lines import Text
from cairn.credential import parse_datetime
from cairn.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_SEPARATOR = "\x1f"
_GAP = re.compile(rf'{SENTINEL}:([0-9]{{4}})|"{SENTINEL}:n([0-9]{{4}})"'.encode())
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Kind(Enum):
    """What a slot takes: a pattern for the whole value, and values that rules are least likely to accept.

    No pattern but that of `TEXT` lets a character through that JSON or N-Quads would escape, and that one
    none that we would not sign (`fitness.has_hidden_characters`) or that UTF-8 cannot write. A number in
    braces in a sample is replaced, so that no two slots are filled alike.
    """

    UUID = (_UUID, "00000000-0000-4000-8000-{:012d}")
    URN = (rf"urn:uuid:{_UUID}", "urn:uuid:00000000-0000-4000-8000-{:012d}")
    IDENTIFIER = (
        r"(?:https?|urn|did):(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-F]{2}){1,2000}",
        "urn:{}",
        "did:{}",
        "http:{}",
    )
    HEX = (r"[0-9a-f]{2,128}", "{:02d}")
    HASH = (r"sha256\$[0-9a-f]{64}", "sha256${:064d}")
    TOKEN = (r"[A-Za-z0-9_-]{1,128}", "_{}", "-{}")
    MOMENT = (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", "0002-01-01T00:00:00Z")
    INDEX = (r"0|[1-9][0-9]{0,17}", "{}")
    TEXT = (r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]*+", "", "\u00e4 {}\n")

    def __init__(self, pattern: str, *samples: str) -> None:
        self.pattern = f"(?:{pattern})"
        self.samples = samples

    @property
    def head(self) -> str:
        """How every value begins."""
        return {"URN": "urn:uuid:", "HASH": "sha256$"}.get(self.name, "")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a document that each credential fills with a value of its own.

    One name may stand in several places and has the same value in all of them. ``before`` is fixed text in
    front of it.
    """

    name: str
    kind: Kind
    before: str = ""

    @property
    def pattern(self) -> str:
        """That of what will stand in its place."""
        return re.escape(self.before) + self.kind.pattern


class Slots:
    """The slots of one document, by their places and by their names."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.places = tuple(dict.fromkeys(_slots(document)))
        """Each slot once, however often it stands in the document."""
        self.kinds: Mapping[str, Kind] = {slot.name: slot.kind for slot in self.places}
        if not self.places or any(slot.kind is not self.kinds[slot.name] for slot in self.places):
            raise MalformedError("slot", "A template has slots, and a slot has one kind wherever it stands.")
        names = tuple(self.kinds)
        self._document = document
        self._pick = picker(names)
        self._pattern = re.compile(_SEPARATOR.join(kind.pattern for kind in self.kinds.values()))
        # The value of each place after its fixed text; None if that would change nothing.
        self._whole = (
            None
            if self.places == tuple(Slot(name, kind) for name, kind in self.kinds.items())
            else Text(
                token
                for slot in self.places
                for token in (escaped(slot.before), names.index(slot.name), b"\n")
            )
        )
        self._texts = [at for at, kind in enumerate(self.kinds.values()) if kind is Kind.TEXT]
        self._moments = [at for at, kind in enumerate(self.kinds.values()) if kind is Kind.MOMENT]

    def __len__(self) -> int:
        return len(self.places)

    def index(self, slot: Slot) -> int:
        """Where what fills a slot stands among what `written` returns."""
        return self.places.index(slot)

    def written(self, values: Mapping[str, str]) -> list[bytes]:
        """What goes into each place, as JSON and N-Quads write it.

        `MalformedError` ``slot`` when a value is missing, too many or not of its slot's kind.
        """
        try:
            told = self._pick(values)
            joined = _SEPARATOR.join(told)
        except (KeyError, TypeError):
            raise self._refusal(values) from None
        # Exactly strings: 77 and "77" would be written alike, and what a subclass is, only it knows.
        if len(values) != len(told) or {*map(type, told)} != _STRINGS or not self._pattern.fullmatch(joined):
            raise self._refusal(values)
        for at in self._moments:
            if not _is_moment(told[at]):
                raise self._refusal(values)
        written = joined.encode().split(b"\x1f")
        for at in self._texts:
            written[at] = escaped(told[at])
        # A line feed in a text is escaped by now.
        return written if self._whole is None else self._whole.fill(written).split(b"\n")[:-1]

    def filled(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The document of these values."""
        filled: dict[str, Any] = _replaced(self._document, lambda slot: slot.before + values[slot.name])
        return filled

    def gapped(self) -> dict[str, Any]:
        """The document with a sentinel in each slot, for `text` to find again."""
        gapped: dict[str, Any] = _replaced(self._document, lambda slot: gap(self.index(slot)))
        return gapped

    def text(self, written: bytes) -> Text:
        """A text in which gaps stand, as one with holes for what fills the places and what comes after."""
        return Text(_tokens(written))

    def _refusal(self, values: Mapping[str, Any]) -> MalformedError:
        for name, kind in self.kinds.items():
            value = values.get(name)
            if (
                type(value) is not str
                or not re.fullmatch(kind.pattern, value)
                or (kind is Kind.MOMENT and not _is_moment(value))
            ):
                return MalformedError("slot", f"The value of {name!r} is not a {kind.name}.")
        return MalformedError("slot", f"The slots are {', '.join(self.kinds)}.")


_STRINGS = {str}


def gap(number: int) -> str:
    """The sentinel of the place with this number, or of what comes after the values."""
    return f"{SENTINEL}:{number:04d}"


def number_gap(number: int) -> str:
    """The same for what is written without quotes."""
    return f"{SENTINEL}:n{number:04d}"


def escaped(text: str) -> bytes:
    """A text that has no control characters but line feeds and tabs, as JSON and N-Quads write it.

    Their rules differ in the other control characters and nowhere else (RFC 8785 §3.2.2.2, RDFC-1.0 §5).
    """
    return orjson.dumps(text)[1:-1]


def picker(names: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """What takes these members, in order."""
    if len(names) == 1:
        (name,) = names
        return lambda values: (values[name],)
    return itemgetter(*names)


def _tokens(written: bytes) -> Iterator[bytes | int]:
    end = 0
    for match in _GAP.finditer(written):
        yield written[end : match.start()]
        yield int(match[1] or match[2])
        end = match.end()
    yield written[end:]


def _is_moment(value: str) -> bool:
    try:
        parse_datetime(value)
    except MalformedError:
        return False
    return True


def _slots(value: Any) -> Iterator[Slot]:
    if isinstance(value, Slot):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _slots(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _slots(item)


def _replaced(value: Any, fill: Callable[[Slot], str]) -> Any:
    if isinstance(value, Slot):
        return fill(value)
    if isinstance(value, list):
        return [_replaced(item, fill) for item in value]
    if isinstance(value, dict):
        return {name: _replaced(item, fill) for name, item in value.items()}
    return value
