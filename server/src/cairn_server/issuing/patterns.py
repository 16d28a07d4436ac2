# SPDX-License-Identifier: Apache-2.0
"""Awards of one kind: the document is built once, with marks where the awards differ, and filled for each.

``signing.build`` makes the document of a list's awards as it does of a single one, from an award whose name,
dates and identifiers are marks that occur nowhere else. Where a mark comes out is a slot of a
``cairn.proof.template.Template``. So there is one place that says what a credential looks like, and the
thousandth award of a list costs its own values only.

What a template will not take (an evidence address that is spelled oddly) is built and canonicalised by
itself. Either way the bytes are those that ``cairn.sign`` would make.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cairn.canonical import to_json
from cairn.credential import format_datetime
from cairn.errors import MalformedError
from cairn.proof.template import Kind, Slot, Template, Unsigned
from cairn_server.issuing import signing
from cairn_server.issuing.models import Credential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.issuing.models import StatusList
    from cairn_server.issuing.signing import Issuer

# Columns of an award that hold what somebody wrote about it, and are signed where they hold anything.
TEXTS = ("narrative", "evidence_url", "evidence_name", "evidence_description", "grade")
# In ``Credential.more``: what stands under these names is one of a few words and not a value of its own.
WORDS = frozenset({"type", "status", "result_status"})
URLS = frozenset({"evidence_url", "url"})

# Long enough to occur nowhere by accident, and random, so that nobody writes one into an achievement.
_RUN = secrets.token_hex(8)
_FIRST_MOMENT = datetime(6000, 1, 1, tzinfo=UTC) + timedelta(seconds=secrets.randbelow(10**10))
_INDEX = 10**17 + secrets.randbelow(10**17)


@dataclass(frozen=True, slots=True)
class Award:
    """One award of a list, read and found good, with everything that was derived for it."""

    number: int
    request_key: str
    public_id: str
    subject_id: str
    name: str
    email: str
    awarded_at: datetime
    valid_from: datetime
    valid_until: datetime | None
    index: int
    email_salt: str
    leaf_salt: bytes
    language: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] | None = None
    # The award whose place it takes, when it is made again under another key.
    replaces_id: int | None = None
    first_id: int | None = None

    @property
    def shape(self) -> tuple[Any, ...]:
        """What two awards share that differ in strings only."""
        return (
            tuple([name for name in TEXTS if self.texts.get(name)]),
            self.valid_until is not None,
            self.subject_id.startswith("urn:uuid:"),
            None if self.more is None else repr(_skeleton(self.more)),
        )


class Press:
    """Makes awards of one version for one issuer and one status list."""

    def __init__(self, version: AchievementVersion, issuer: Issuer, status_list: StatusList) -> None:
        self._version, self._issuer, self._status_list = version, issuer, status_list
        self._method = issuer.verification_method
        self._algorithm = issuer.key.public_key.algorithm
        self._patterns: dict[tuple[Any, ...], _Pattern] = {}

    def prepare(self, award: Award, *, at: datetime) -> Unsigned:
        """Everything of an award but its signature."""
        shape = award.shape
        pattern = self._patterns.get(shape)
        if pattern is None:
            pattern = self._patterns[shape] = self._pattern_of(*self._marked(award))
        try:
            return pattern.fill(award, at=at)
        except MalformedError as error:
            if error.code != "slot":
                raise
        return self._by_itself(award, at=at)

    def sample(self) -> bytes:
        """The document as it would be signed for nobody: what all awards of the version have in common."""
        nobody = Award(
            number=0,
            request_key="",
            public_id="A" * 22,
            subject_id="urn:uuid:00000000-0000-4000-8000-000000000000",
            name="",
            email="",
            awarded_at=_YEAR_2000,
            valid_from=_YEAR_2000,
            valid_until=None,
            index=0,
            email_salt="A" * 22,
            leaf_salt=b"",
        )
        return self.prepare(nobody, at=_YEAR_2000).finish(bytes(64))

    def document(self, award: Award) -> dict[str, Any]:
        return signing.build(self._credential(award), issuer=self._issuer, salt=award.email_salt)

    def _credential(self, award: Award) -> Credential:
        return Credential(
            organisation=self._issuer.organisation,
            version=self._version,
            public_id=award.public_id,
            recipient_name=award.name,
            recipient_email=award.email,
            subject_id=award.subject_id,
            awarded_at=award.awarded_at,
            valid_from=award.valid_from,
            valid_until=award.valid_until,
            status_list=self._status_list,
            status_index=award.index,
            more=award.more,
            first_id=award.first_id,
            **award.texts,
        )

    def _by_itself(self, award: Award, *, at: datetime) -> Unsigned:
        """With one slot, which takes what every award has; all else is part of the document."""
        document, public_id = self.document(award), award.public_id
        if not document["id"].endswith(public_id):
            raise AssertionError("a credential's address ends with its identifier")  # build() sees to it
        slot = Slot("public_id", Kind.TOKEN, document["id"].removesuffix(public_id))
        return self._template({**document, "id": slot}).prepare({"public_id": public_id}, at=at)

    def _template(self, document: Mapping[str, Any]) -> Template:
        return Template(
            document,
            verification_method=self._method,
            suite=signing.CRYPTOSUITES[self._algorithm],
            algorithm=self._algorithm,
        )

    def _pattern_of(self, document: dict[str, Any], marks: Mapping[str, tuple[str, Kind]]) -> _Pattern:
        """The same marks give the same document, so what was compiled for one chunk serves the next."""
        known_as = to_json([self._method, document])
        found = _COMPILED.get(known_as)
        if found is None:
            with_slots, around = _with_slots(document, marks)
            found = _Pattern(self._template(with_slots), around)
            if len(_COMPILED) >= _MOST_COMPILED:
                _COMPILED.clear()
            _COMPILED[known_as] = found
        return found

    def _marked(self, award: Award) -> tuple[dict[str, Any], dict[str, tuple[str, Kind]]]:
        """The document of an award of this shape, all of marks, and what each mark stands for."""
        marks: dict[str, tuple[str, Kind]] = {}

        def mark(name: str, kind: Kind, spelled: str = "{}") -> str:
            text = spelled.format(f"{_RUN}{len(marks):04d}")
            marks[text] = (name, kind)
            return text

        moments = [_FIRST_MOMENT + timedelta(days=day) for day in range(3)]
        for name, moment in zip(("awarded_at", "valid_from", "valid_until"), moments, strict=True):
            marks[format_datetime(moment)] = (name, Kind.MOMENT)
        marks[str(_INDEX)] = ("index", Kind.INDEX)
        is_urn = award.subject_id.startswith("urn:uuid:")
        email, salt = f"{_RUN}@example.org", mark("email_salt", Kind.TOKEN)
        hashed = f"sha256${hashlib.sha256(f'{email}{salt}'.encode()).hexdigest()}"
        marks[hashed] = ("email_hash", Kind.HASH)
        stand_in = Award(
            number=0,
            request_key="",
            public_id=mark("public_id", Kind.TOKEN),
            subject_id=mark("subject_id", Kind.URN if is_urn else Kind.IDENTIFIER, "did:mark:{}"),
            name=mark("name", Kind.TEXT),
            email=email,
            awarded_at=moments[0],
            valid_from=moments[1],
            valid_until=moments[2] if award.valid_until is not None else None,
            index=_INDEX,
            email_salt=salt,
            leaf_salt=b"",
            texts={
                name: mark(name, Kind.IDENTIFIER, "urn:{}") if name in URLS else mark(name, Kind.TEXT)
                for name in TEXTS
                if award.texts.get(name)
            },
            more=None
            if award.more is None
            else {key: _with_marks(value, key, f"more.{key}", mark) for key, value in award.more.items()},
        )
        return self.document(stand_in), marks


_YEAR_2000 = datetime(2000, 1, 1, tzinfo=UTC)


class _Pattern:
    """A template, and how the values of an award come into it."""

    def __init__(self, template: Template, around: tuple[tuple[str, str, str, str], ...]) -> None:
        self._template = template
        self._names = tuple(template.kinds)
        self._hashes_email = "email_hash" in self._names
        # Slots that hold a value with something behind it: their name, the value's, and the text around it.
        self._around = around

    def fill(self, award: Award, *, at: datetime) -> Unsigned:
        known: dict[str, str] = {
            "public_id": award.public_id,
            "subject_id": award.subject_id,
            "name": award.name,
            "index": str(award.index),
            "awarded_at": _written(award.awarded_at),
            "valid_from": _written(award.valid_from),
            **award.texts,
        }
        if award.valid_until is not None:
            known["valid_until"] = _written(award.valid_until)
        if self._hashes_email:
            known["email_salt"] = award.email_salt
            salted = f"{award.email.lower()}{award.email_salt}".encode()
            known["email_hash"] = f"sha256${hashlib.sha256(salted).hexdigest()}"
        if award.more is not None:
            for key, value in award.more.items():
                known.update(_leaves(value, key, f"more.{key}"))
        for slot, name, before, after in self._around:
            known[slot] = f"{before}{known[name]}{after}"
        return self._template.prepare({name: known[name] for name in self._names}, at=at)


_COMPILED: dict[bytes, _Pattern] = {}
_MOST_COMPILED = 64


def _with_slots(
    document: dict[str, Any], marks: Mapping[str, tuple[str, Kind]]
) -> tuple[dict[str, Any], tuple[tuple[str, str, str, str], ...]]:
    """The document with a slot wherever a mark came out, and the slots with text behind their value."""
    anywhere = re.compile("|".join(map(re.escape, sorted(marks, key=len, reverse=True))))
    around: list[tuple[str, str, str, str]] = []

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: replaced(each) for name, each in value.items()}
        if isinstance(value, list):
            return [replaced(each) for each in value]
        found = anywhere.search(value) if isinstance(value, str) else None
        if found is None:
            return value
        name, kind = marks[found[0]]
        before, after = value[: found.start()], value[found.end() :]
        if not after:
            return Slot(name, kind, before)
        if anywhere.search(after):
            raise AssertionError(f"two values in one string: {value!r}")  # build() writes no such thing
        around.append((f"{name}+{len(around)}", name, before, after))
        return Slot(around[-1][0], Kind.IDENTIFIER)

    slotted: dict[str, Any] = replaced(document)
    return slotted, tuple(around)


def _skeleton(value: Any, key: str = "") -> Any:
    if isinstance(value, str):
        return value if key in WORDS else ""
    if isinstance(value, list):
        return [_skeleton(each) for each in value]
    return sorted((name, _skeleton(each, name)) for name, each in value.items())


def _with_marks(value: Any, key: str, path: str, mark: Any) -> Any:
    if isinstance(value, str):
        if key in WORDS:
            return value
        return mark(path, Kind.IDENTIFIER, "urn:{}") if key in URLS else mark(path, Kind.TEXT)
    if isinstance(value, list):
        return [_with_marks(each, "", f"{path}.{place}", mark) for place, each in enumerate(value)]
    return {name: _with_marks(each, name, f"{path}.{name}", mark) for name, each in value.items()}


def _leaves(value: Any, key: str, path: str) -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [] if key in WORDS else [(path, value)]
    if isinstance(value, list):
        return [leaf for place, each in enumerate(value) for leaf in _leaves(each, "", f"{path}.{place}")]
    return [leaf for name, each in value.items() for leaf in _leaves(each, name, f"{path}.{name}")]


_WRITTEN: dict[datetime, str] = {}


def _written(moment: datetime) -> str:
    """A list has a few days in it, many times."""
    written = _WRITTEN.get(moment)
    if written is None:
        if len(_WRITTEN) > 4_000:
            _WRITTEN.clear()
        written = _WRITTEN[moment] = format_datetime(moment)
    return written
