# SPDX-License-Identifier: Apache-2.0
"""Signing many credentials of one kind: everything but their own values is worked out once.

    template = Template(document, signer, verification_method=…)  # some of its strings are `Slot`s
    secured = template.sign({"id": "urn:uuid:…", "index": "77"}, at=now)

The bytes are those that `cairn.sign` makes of the same document, always: Ed25519 is deterministic, and what a
template cannot do exactly so it hands to `cairn.sign`. Rules that compare values (equal ids, a period
that ends before it begins) are looked at for every credential. The others are asked once, of the document
filled with the least acceptable values that its slots take.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson

from cairn.canonical import rdf_canonical, to_json
from cairn.canonical.compiler import compile_plan
from cairn.canonical.gaps import IRI, SENTINEL, Refused, leaves
from cairn.canonical.plan import Budget, Plan
from cairn.canonical.rdfc import literal
from cairn.credential import format_datetime, parse_datetime
from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import Algorithm, multibase_encode
from cairn.proof.data_integrity import PURPOSE, RDFC
from cairn.proof.data_integrity import sign as add_proof
from cairn.proof.fitness import has_hidden_characters, refuse_unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from cairn.keys import Signer

_MAX_BYTES = 16 * 1024 * 1024
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_GAP = re.compile(rf"{SENTINEL}:([0-9]{{4}})")
_WINDOWS = (("validFrom", "validUntil"), ("issuanceDate", "expirationDate"))

# Members whose values may not be equal to those of some other member.
_DISTINCT = frozenset({"id", "statusListCredential"})


class Kind(Enum):
    """What a slot takes: a pattern for the whole value, and values that rules are least likely to accept.

    No pattern but that of `TEXT` lets a character through that JSON or N-Quads would escape. A number in
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
    TEXT = (r"(?s:.*)", "", "\u00e4 {}\n")

    def __init__(self, pattern: str, *samples: str) -> None:
        self.pattern = re.compile(pattern)
        self.samples = samples

    @property
    def test(self) -> Callable[[str], Any]:
        """Whether a string is of this kind."""
        if self is Kind.TEXT:
            return lambda value: not has_hidden_characters(value)
        return _is_moment if self is Kind.MOMENT else self.pattern.fullmatch


def _is_moment(value: str) -> bool:
    if Kind.MOMENT.pattern.fullmatch(value) is None:
        return False
    try:
        parse_datetime(value)
    except MalformedError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a document that each credential fills with a value of its own.

    One name may stand in several places and has the same value in all of them. ``before`` is fixed text in
    front of it.
    """

    name: str
    kind: Kind
    before: str = ""


class Template:
    """One document with slots, the key that signs it, and what follows from both."""

    def __init__(self, document: Mapping[str, Any], signer: Signer, *, verification_method: str) -> None:
        """Raises what `cairn.sign` raises for a document that cannot be signed."""
        if signer.algorithm is not Algorithm.ED25519:
            raise UnsupportedError("key-type", f"{RDFC} needs an Ed25519 key, not {signer.algorithm}")
        self._document = document
        self._signer = signer
        self._method = verification_method
        self._slots = tuple(dict.fromkeys(_slots(document)))
        self.kinds: Mapping[str, Kind] = {slot.name: slot.kind for slot in self._slots}
        """What `sign` wants values for, and of which kind."""
        if any(slot.kind is not self.kinds[slot.name] for slot in self._slots):
            raise MalformedError("slot", "A slot has one kind wherever it stands.")
        self._tests = tuple((name, kind.test) for name, kind in self.kinds.items())
        self._windows = [
            (document[starts], document[ends])
            for starts, ends in _WINDOWS
            if starts in document
            and ends in document
            and (isinstance(document[starts], Slot) or isinstance(document[ends], Slot))
        ]
        self._options = ("", b"")
        self._write = self._writer()
        samples = [self._sample(number) for number in range(3)]
        for sample in samples:
            refuse_unfit(self._filled(sample))
        self._plan = self._compile()
        for sample in samples:
            digest = self._digest(sample)
            if digest is not None and digest != sha256(rdf_canonical(self._filled(sample))).digest():
                raise AssertionError("a template and the full path disagree")  # never; then nothing is signed

    def sign(self, values: Mapping[str, str], *, at: datetime) -> bytes:
        """One secured credential; `MalformedError` ``slot`` when a value is not of its slot's kind."""
        if len(values) != len(self._tests):
            raise MalformedError("slot", f"The slots are {', '.join(self.kinds)}.")
        for name, fits in self._tests:
            value = values.get(name)
            # Exactly a string: 77 and "77" would be written alike.
            if type(value) is not str or not fits(value):
                raise MalformedError("slot", f"The value of {name!r} is not a {self.kinds[name].name}.")
        digest = self._digest(values)
        if digest is None:
            return self._sign_in_full(values, at)
        created = format_datetime(at)
        signature = self._signer.sign(self._options_digest(created) + digest)
        return self._write(values, created, multibase_encode(signature))

    def _sign_in_full(self, values: Mapping[str, str], at: datetime) -> bytes:
        document = self._filled(values)
        refuse_unfit(document)
        return to_json(
            add_proof(document, self._signer, verification_method=self._method, created=at, cryptosuite=RDFC)
        )

    def _sample(self, number: int) -> dict[str, str]:
        """Values of the slots' kinds; at the end of a period a late one, so that it is one."""
        ends = {end.name for _, end in self._windows if isinstance(end, Slot)}
        return {
            name: "9998-01-01T00:00:00Z"
            if kind is Kind.MOMENT and name in ends
            else kind.samples[number % len(kind.samples)].format(at + 10)
            for at, (name, kind) in enumerate(self.kinds.items())
        }

    def _filled(self, values: Mapping[str, str]) -> dict[str, Any]:
        filled: dict[str, Any] = _replaced(self._document, lambda slot: slot.before + values[slot.name])
        return filled

    def _with_gaps(self) -> dict[str, Any]:
        numbers = {slot: number for number, slot in enumerate(self._slots)}
        gapped: dict[str, Any] = _replaced(self._document, lambda slot: f"{SENTINEL}:{numbers[slot]:04d}")
        return gapped

    def _compile(self) -> Plan | None:
        """The plan of the canonical form, and what has to be known about each gap; None: always in full."""
        gapped = self._with_gaps()
        gaps = {f"{SENTINEL}:{number:04d}": number for number in range(len(self._slots))}
        try:
            plan = compile_plan(gapped, gaps, budget=Budget(_MAX_BYTES))
        except Refused:
            return None
        found = [leaf for leaf in leaves(gapped) if not leaf.is_key]
        self._distinct = {gaps[leaf.text] for leaf in found if leaf.name in _DISTINCT and leaf.text in gaps}
        self._fixed = frozenset(leaf.text for leaf in found if leaf.text not in gaps)
        if not all(_passes_as_iri(self._slots[gap]) for gap in plan.iris):
            return None
        self._gaps = [
            # An IRI is never escaped, and what begins this one holds nothing that could be.
            (slot.before if number in plan.iris else literal(slot.before)[1:-1], slot.name)
            for number, slot in enumerate(self._slots)
        ]
        self._texts = [number for number, slot in enumerate(self._slots) if slot.kind is Kind.TEXT]
        return plan

    def _digest(self, values: Mapping[str, str]) -> bytes | None:
        """SHA-256 of the canonical document; None when only the full path will do."""
        if self._plan is None or not self._windows_are_right(values):
            return None
        filled = [before + values[name] for before, name in self._gaps]
        distinct = {filled[gap] for gap in self._distinct}
        if len(distinct) != len(self._distinct) or not distinct.isdisjoint(self._fixed):
            return None
        for gap in self._texts:
            before, name = self._gaps[gap]
            filled[gap] = before + literal(values[name])[1:-1]
        return self._plan.digest(filled)

    def _windows_are_right(self, values: Mapping[str, str]) -> bool:
        return all(
            parse_datetime(_value(starts, values)) <= parse_datetime(_value(ends, values))
            for starts, ends in self._windows
        )

    def _configuration(self, created: str) -> dict[str, str]:
        return {
            "type": "DataIntegrityProof",
            "cryptosuite": RDFC,
            "created": created,
            "verificationMethod": self._method,
            "proofPurpose": PURPOSE,
        }

    def _options_digest(self, created: str) -> bytes:
        """SHA-256 of the canonical proof options; those of the last moment are kept."""
        moment, digest = self._options
        if moment != created:
            options = {"@context": self._document["@context"], **self._configuration(created)}
            digest = sha256(rdf_canonical(options)).digest()
            self._options = (created, digest)
        return digest

    def _writer(self) -> Callable[[Mapping[str, str], str, str], bytes]:
        """What writes the JSON: the document's own text with holes for the slots and the proof's values."""
        names = list(self.kinds)
        count = len(self._slots)
        proof = {
            **self._configuration(f"{SENTINEL}:{count:04d}"),
            "proofValue": f"{SENTINEL}:{count + 1:04d}",
        }
        # In the text between them every odd part is the number of a gap.
        parts = _GAP.split(to_json({**self._with_gaps(), "proof": proof}).decode())
        pieces: list[str] = []
        holes: list[int] = []
        for at, part in enumerate(parts):
            if at % 2 == 0:
                pieces.append(part.replace("%", "%%"))
                continue
            number = int(part)
            if number < count:
                slot = self._slots[number]
                pieces.append(_in_json(slot.before).replace("%", "%%"))
                holes.append(names.index(slot.name))
            else:
                holes.append(len(names) + number - count)
            pieces.append("%s")
        text, pick = "".join(pieces), itemgetter(*holes)
        escaped = [at for at, name in enumerate(names) if self.kinds[name] is Kind.TEXT]

        def write(values: Mapping[str, str], created: str, proof_value: str) -> bytes:
            told = [*map(values.__getitem__, names), created, proof_value]
            for at in escaped:
                told[at] = _in_json(told[at])
            written: str = text % pick(told)
            return written.encode()

        return write


def _passes_as_iri(slot: Slot) -> bool:
    """Whether every value of a slot is an IRI that JSON-LD leaves as it is."""
    if not slot.before:
        return slot.kind in (Kind.URN, Kind.IDENTIFIER)
    return slot.kind is not Kind.TEXT and IRI.fullmatch(slot.before) is not None


def _value(member: Slot | str, values: Mapping[str, str]) -> str:
    return member.before + values[member.name] if isinstance(member, Slot) else member


def _in_json(text: str) -> str:
    return orjson.dumps(text).decode()[1:-1]


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
