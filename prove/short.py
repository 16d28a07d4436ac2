# SPDX-License-Identifier: Apache-2.0
"""``verify.short``: whatever a process has seen, the short way says what the long way says, or nothing.

Short roads are for documents of known shape, and what is known was learned from documents that anybody may
have made. So families of badges are taught to one process, by their issuer and by strangers, and others are
asked about that differ in what matters (``prove.scenes``). Each is judged twice: by the process that was
taught, and by one that knows nothing and has no short way. The two reports must be equal, byte for byte, and
where the short way has a canonical form, the long one must have it too, with the same digest.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any
from unittest import mock

from cairn import Verifier, reading, verifier
from cairn.canonical import rdf_canonical
from cairn.canonical.shapes import PATIENCE, Shapes
from cairn.checks import DEFAULT_CHECKS, recall, withdrawal
from cairn.checks.finding import asked_by
from cairn.checks.schemas import schemas_from
from cairn.errors import CairnError
from cairn.materials import gather
from cairn.proof import data_integrity, familiar, familiar_sd_jwt, familiar_token
from cairn.proof.fitness import refuse_unfit
from cairn.reading import EMBEDDED, read
from cairn.schemas import SchemaStore
from cairn.status import StatusList, status_list_document
from cairn.testing import FixedSources, did_document
from cairn.verifier import judge
from prove import families
from prove.campaign import Campaign, Failure
from prove.careless import BROKEN
from prove.families import CURVE_TOKEN, ISSUER, JCS, RDFC, STRANGERS, TOKEN, WEB, secured
from prove.genuine import AT, LIST_URL
from prove.scenes import alike, altered, dates, ids, inside, iris, known_iris, moved, numbers, spelled, texts
from prove.scenes_around import checks, issuers, meddled, status
from prove.scenes_of_tokens import claims, disclosures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from cairn.canonical.glance import Glance
    from prove.scenes import Question, Scene

SCENES: tuple[tuple[Callable[[Random, str], Scene], str], ...] = (
    *((iris, RDFC), (iris, TOKEN), (known_iris, RDFC), (ids, RDFC), (ids, JCS), (texts, RDFC), (texts, JCS)),
    *((dates, TOKEN), (alike, RDFC), (alike, JCS), (moved, JCS), (numbers, JCS), (spelled, RDFC)),
    *((spelled, CURVE_TOKEN), (meddled, RDFC), (meddled, TOKEN), (inside, RDFC), (altered, RDFC)),
    *((altered, JCS), (altered, TOKEN), (claims, TOKEN), (claims, CURVE_TOKEN), (disclosures, "")),
    *((status, RDFC), (issuers, RDFC), (issuers, TOKEN), (checks, RDFC)),
)  # fmt: skip
"""Each scene, in the ways of signing in which it has most to say."""

# In each play after the first ones so many scenes are played at once.
TOGETHER = 4
PLAYS = 2_000
# The plays that are kept for the broken builds: the scenes one by one.
FIRST = len(SCENES)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what the long way says to it."""

    scene: str
    """Which one it is of, where several are played at once."""
    question: Question
    told: str
    signed: bytes | None
    """What the long way finds to be signed; None when it finds nothing."""
    is_covered: bool


@dataclass(frozen=True, slots=True)
class Play:
    """What one process is asked, from first to last."""

    patience: int
    asked: Sequence[Asked]


class Short(Campaign):
    """Each scene by itself, then several at once, before processes with and without patience."""

    name = "verify.short"
    promise = "whatever the process has seen before, the short way says what the long way says, or nothing"

    def __init__(self) -> None:
        self._first: dict[tuple[int, int], Play] = {}
        # Which scenes come first: those in which a broken build would be noticed.
        self._lead: Sequence[str] = ()

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        base = random.getrandbits(64)
        numbers = sorted(
            range(FIRST + round(PLAYS * scale)), key=lambda number: _name(number) not in self._lead
        )
        for number in numbers:
            where, known = f"seed {base}, play {number}, {_name(number)}", 0
            with untaught():
                play = self._first.get((base, number)) or _play(base, number)
            if number < FIRST:
                self._first[base, number] = play
            with untaught():
                for asked, was_known, problem in played(play):
                    known += was_known
                    what = f"{where}, {asked.scene}, {asked.question.what}: {problem}"
                    yield None if problem is None else Failure(what)
            # A broken build is to be noticed for what it says, and for nothing else.
            if not known and number < FIRST and not self._lead:
                yield Failure(f"{where}: no shape was known, so it shows nothing")

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """Plans that take any string for an IRI that passes through JSON-LD as it is."""
        with BROKEN["any string passes for an IRI"][1]():
            yield

    def broken_builds(self) -> Mapping[str, Callable[[], AbstractContextManager[Any]]]:
        return {guard: partial(self._with_lead, scenes, broken) for guard, (scenes, broken) in BROKEN.items()}

    @contextmanager
    def _with_lead(self, scenes: str, broken: Callable[[], AbstractContextManager[Any]]) -> Iterator[None]:
        self._lead = scenes.split()
        try:
            with broken():
                yield
        finally:
            self._lead = ()


def _name(number: int) -> str:
    return SCENES[number][0].__name__ if number < FIRST else ""


def _play(base: int, number: int) -> Play:
    """What is asked in one play, with the answers of the long way."""
    random = Random(f"{base} {number}")
    if number < FIRST:
        make, way = SCENES[number]
        return Play(0, [_asked(make.__name__, each) for each in make(random, way).order()])
    pending = []
    for make, usual in random.sample(SCENES, TOGETHER):
        way = random.choice(families.WAYS) if usual and random.random() < 0.5 else usual
        pending.append([_asked(make.__name__, each) for each in make(random, way).order()])
    asked: list[Asked] = []
    while pending:
        one = random.choice(pending)
        asked.append(one.pop(0))
        pending = [each for each in pending if each]
    return Play(random.choice((0, 0, PATIENCE)), asked)


def _asked(scene: str, question: Question) -> Asked:
    with long_way():
        told = _told(question)
        signed, is_covered = _long_signed(question.data)
    return Asked(scene, question, told, signed, is_covered)


def played(play: Play) -> Iterator[tuple[Asked, bool, str | None]]:
    """For each question whether anything was known of it, and what is wrong with the short way's answer."""
    with mock.patch.object(familiar, "SHAPES", Shapes(patience=play.patience)):
        for asked in play.asked:
            told = _told(asked.question)
            was_known, problem = _short_signed(asked)
            if told != asked.told:
                problem = f"the short way says {_apart(told, asked.told)}"
            elif told.startswith(_CRASHED):
                problem = told
            yield asked, was_known, None if problem is None else f"{problem} of {asked.question.data!r}"


_CRASHED = "crashed: "


def _told(question: Question) -> str:
    """All that is said to a question, as text."""
    checks, sources = CHECKS[question.checks], WORLDS[question.world]
    if question.issues is not None:
        # What is unfit to be issued may still teach.
        with suppress(CairnError):
            refuse_unfit(question.issues)
    try:
        if question.meddle is None:
            report = Verifier(sources, checks=checks).examine(question.data, at=question.at)
        else:
            credential = question.meddle(read(question.data))
            materials = gather(credential, sources, at=question.at, also=asked_by(checks))
            report = judge(materials, checks, at=question.at)
        return json.dumps(report.to_document())
    except CairnError as error:
        return f"{error.code}: {error.message}"
    except Exception as error:  # noqa: BLE001  an error that is none of the library's own is a failure
        return f"{_CRASHED}{error!r}"


def _apart(one: str, two: str) -> str:
    """Where two answers part."""
    begin = next((at for at, pair in enumerate(zip(one, two, strict=False)) if pair[0] != pair[1]), 0)
    begin = max(begin - 40, 0)
    return f"{one[begin : begin + 150]!r} and the long way {two[begin : begin + 150]!r}"


# What is signed, by both ways


def _long_signed(data: bytes) -> tuple[bytes | None, bool]:
    """What the long way finds to be signed by an embedded proof, and whether it finds a canonical form."""
    try:
        document = dict(read(data).unverified_document)
        proof = document.pop("proof", None)
    except (CairnError, RecursionError):
        return None, False
    try:
        rdf_canonical(document)
        is_covered = True
    except CairnError:
        is_covered = False
    if not isinstance(proof, dict) or not isinstance(proof.get("cryptosuite"), str):
        return None, is_covered
    try:
        options = {name: value for name, value in proof.items() if name != "proofValue"}
        return data_integrity.hash_input(document, options), is_covered
    except CairnError:
        return None, is_covered


def _short_signed(asked: Asked) -> tuple[bool, str | None]:
    """Whether the shape is known, and what is wrong with what the short way finds to be signed."""
    try:
        credential = read(asked.question.data)
    except CairnError:
        return False, None
    look = credential.glance
    if look is None:
        return credential.shown_claims is not None, None
    if credential.format not in (EMBEDDED, reading.TOKEN) or look.shape is None:
        return False, None
    if look.is_covered() and not asked.is_covered:
        return True, "the short way has a canonical form of what the long way has none of"
    found = None
    if credential.format == EMBEDDED and look.note("has its proof", _has_its_proof):
        found = familiar._hash_input(look, look.document["proof"]["cryptosuite"])
        if found is not None and found != asked.signed:
            return True, f"the short way has another digest than {asked.signed!r}"
    return True, None


def _has_its_proof(look: Glance) -> bool:
    document = look.document
    proof = document.get("proof")
    if not isinstance(proof, dict) or not all(
        isinstance(value, str) for name, value in proof.items() if name != "@context"
    ):
        return False
    members = {"type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"}
    if proof.get("cryptosuite") == data_integrity.RDFC:
        return proof.keys() == members
    return proof.get("cryptosuite") == data_integrity.JCS and proof.keys() == {*members, "@context"}


# Knowing nothing


@contextmanager
def long_way() -> Iterator[None]:
    """A process that knows nothing, learns nothing, and has none of the short ways."""
    _forget()
    with ExitStack() as without:
        for owner, name, value in (
            (familiar, "SHAPES", Shapes(size=0)),
            (verifier, "recall", lambda *_: None),
            (familiar_sd_jwt, "see", lambda _: None),
            (familiar_token, "see", lambda _: None),
        ):
            without.enter_context(mock.patch.object(owner, name, value))
        yield


@contextmanager
def untaught() -> Iterator[None]:
    """A process that has seen nothing yet; nothing that it learns is left behind."""
    _forget()
    try:
        yield
    finally:
        _forget()


def _forget() -> None:
    recall._KEPT_KEYS.clear()
    withdrawal._JUDGED_LISTS.clear()
    for forget in _remembering():
        forget()


def _remembering() -> Sequence[Callable[[], None]]:
    """Whatever keeps answers, but for the tables of contexts: those depend on nothing that anybody brings."""
    if not _FOUND:
        for name, module in [*sys.modules.items()]:
            if name.startswith("cairn.") and not name.startswith("cairn.canonical"):
                kept = [getattr(each, "cache_clear", None) for each in vars(module).values()]
                _FOUND.extend(each for each in kept if each is not None and each not in _FOUND)
    return _FOUND


_FOUND: list[Callable[[], None]] = []

# Worlds


def _list(by: families.Signatory, url: str = LIST_URL, *, revoked: bool = False, hours: int = 24) -> bytes:
    bits = StatusList()
    for index in range(8 if revoked else 0):
        bits.set(index, True)
    document = status_list_document(
        url=url, issuer=by.id, purpose="revocation", bits=bits, valid_from=AT - timedelta(hours=1),
        valid_until=AT + timedelta(hours=hours), ttl_ms=300_000, subject_id=f"{url}#list",
    )  # fmt: skip
    return secured(document, RDFC, by)


def _world(listed: bytes, at_home: families.Signatory) -> FixedSources:
    page = did_document(WEB, at_home.key.public_key)
    return FixedSources({LIST_URL: listed, "https://kiln.example/.well-known/did.json": page})


WORLDS = {
    "quiet": _world(_list(ISSUER), ISSUER),
    "revoked": _world(_list(ISSUER, revoked=True), ISSUER),
    "by a stranger": _world(_list(STRANGERS[0]), ISSUER),
    "elsewhere": _world(_list(ISSUER, f"{LIST_URL}?x"), ISSUER),
    "short-lived": _world(_list(ISSUER, hours=1), ISSUER),
    "taken over": _world(_list(ISSUER), STRANGERS[0]),
    "nothing": FixedSources({}),
}
CHECKS = {
    "usual": DEFAULT_CHECKS,
    "turned": DEFAULT_CHECKS[::-1],
    "but for the status": tuple(each for each in DEFAULT_CHECKS if each.__name__ != "status"),
    "signature alone": tuple(each for each in DEFAULT_CHECKS if each.__name__ == "proof"),
    "with a schema": (*DEFAULT_CHECKS, schemas_from(SchemaStore())),
    "twice": DEFAULT_CHECKS * 2,
    "none": (),
}
