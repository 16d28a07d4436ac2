# SPDX-License-Identifier: Apache-2.0
"""What a process sees before it is asked, and what it is asked then: one scene for each way to mislead it.

In a scene a family of badges is taught, by its issuer and by strangers who copy it under keys of their own;
what is refused is among it. Then members of the family are asked about that differ in something: a string, a
context, a claim, a spelling, the moment, the world. Some are signed anew, by whoever likes, others are not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cairn.errors import CairnError
from cairn.keys import base64url_decode, base64url_encode, multibase_decode, multibase_encode
from prove import families
from prove.families import (
    CONTEXTS,
    CURVE_TOKEN,
    DATES,
    HOSTILE_IRIS,
    JCS,
    NUMBERS,
    OTHER_CONTEXTS,
    PLAIN_IRIS,
    RDFC,
    STRANGERS,
    TEXTS,
    TOKEN,
    Family,
    as_text,
    at,
    changed,
    put,
    secured,
    signatories,
    token_of,
)
from prove.genuine import AT
from prove.mutating import edited, mutate_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

    from cairn.reading import Unverified
    from prove.families import Path, Signatory

# So many accepted copies, and a process knows the shape, what most of them have in common, and their texts.
TAUGHT = 8

ACHIEVEMENT = ("credentialSubject", "achievement")
# Of the strings that mislead, those of which each has its own way to do it; of the others some are chosen.
SURE_IRIS = ("schema:{}", "{}", "_:b{}", "data:,{}", "https://potters.example/%zz{}")
SURE_TEXTS = ("\x1f", "\x7f", "back\\slash", "two\nlines", "\ud800")

Meddle = Callable[["Unverified"], "Unverified"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is judged: by whom, when, in which world, and what a caller does between reading and judging."""

    what: str
    data: bytes
    at: datetime = AT
    world: str = "quiet"
    checks: str = "usual"
    meddle: Meddle | None = None
    issues: Mapping[str, Any] | None = None
    """What the same process is about to sign before."""


@dataclass(slots=True)
class Scene:
    """What is taught, and what is asked, each in any order."""

    random: Random
    way: str
    taught: list[Question] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)
    _number: int = 0

    @property
    def anybody(self) -> Signatory:
        """Half of the time the issuer."""
        first, *others = signatories(self.way)
        return first if self.random.random() < 0.5 else self.random.choice(others)

    def member(self, family: Family, by: Signatory | None = None) -> dict[str, Any]:
        self._number += 1
        return family.copy(self._number, by or self.anybody)

    def teach(self, family: Family, *, by: Iterable[Signatory] = (), **told: Any) -> bytes:
        """Members of a family, signed; the last of them is handed back."""
        several = tuple(by) or (*(self.anybody for _ in range(TAUGHT - 1)), signatories(self.way)[0])
        data = b""
        for each in several:
            data = secured(self.member(family, each), self.way, each)
            self.taught.append(Question("taught", data, **told))
        return data

    def ask(self, what: str, data: bytes, **told: Any) -> None:
        self.asked.append(Question(what, data, **told))

    def ask_signed(self, what: str, document: dict[str, Any], by: Signatory) -> None:
        """Signed as it is."""
        self.ask(what, secured(document, self.way, by))

    def ask_altered(self, what: str, genuine: bytes, path: Path, value: Any) -> None:
        """Another value in one place, under the signature that was there."""
        self.ask(what, rewritten(genuine, lambda document: put(document, path, value)))

    def order(self) -> list[Question]:
        """First enough to know something, then all else in any order."""
        first = self.taught[:TAUGHT]
        self.random.shuffle(first)
        # One that is refused between those that are accepted.
        spoiled = replace(first[0], what="spoiled", data=_spoiled(first[0].data))
        first.insert(self.random.randrange(len(first)), spoiled)
        rest = [*self.taught[TAUGHT:], *self.asked]
        self.random.shuffle(rest)
        return [*first, *rest]


def rewritten(data: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """JSON, or the payload of a token, changed under its signature."""
    if data[:1] == b"{":
        document = json.loads(data)
        change(document)
        return as_text(document)
    header, payload, signature = data.split(b".")
    claims = json.loads(base64url_decode(payload.decode()))
    change(claims)
    return b".".join((header, base64url_encode(as_text(claims)).encode(), signature))


def _spoiled(data: bytes) -> bytes:
    if data[:1] == b"{":
        return rewritten(data, lambda document: put(document, ("name",), "Spoiled"))
    end = b"BA~" if data.endswith(b"~") else b"BA"
    return data[:-60] + end


def iris(random: Random, way: str) -> Scene:
    """IRIs that JSON-LD does not pass through as they are, where harmless ones were."""
    scene, family = Scene(random, way), Family.at_random(random, families.evidence)
    path = random.choice(family.iris())
    family.differing = []
    # Elsewhere an address of the web is wanted, or one that was there before.
    plain = PLAIN_IRIS if path[-1] == "id" else PLAIN_IRIS[:1]
    genuine = b""
    for _ in range(TAUGHT):
        by, value = scene.anybody, random.choice(plain).format(random.randrange(1_000))
        genuine = secured(changed(scene.member(family, by), path, value), way, by)
        scene.taught.append(Question("taught", genuine))
    for pattern in (*SURE_IRIS, *random.sample(HOSTILE_IRIS, 5)):
        value, by = pattern.format("abc"), scene.anybody
        scene.ask_signed(f"{value!r} at {path}", changed(scene.member(family, by), path, value), by)
        if random.random() < 0.3:
            scene.ask_altered(f"{value!r} put at {path}", genuine, path, value)
    return scene


def known_iris(random: Random, way: str) -> Scene:
    """An IRI that is short under one context and whole under another, and is the same in all copies."""
    scene, owner = Scene(random, way), signatories(way)[0]
    structure = Family.at_random(random, contexts=random.choice(CONTEXTS[:3]), parts=1).skeleton
    kept = structure["@context"]
    prefixed = (*kept, random.choice(families.PREFIXED))
    for pattern in ("schema:{}", random.choice(HOSTILE_IRIS)):
        evidence = [{"id": pattern.format("abc"), "type": ["Evidence"], "name": "Tile"}]
        here = Family({**structure, "@context": list(kept), "evidence": evidence})
        there = Family({**structure, "@context": list(prefixed), "evidence": evidence})
        for one, other in ((there, here), (here, there)):
            scene.teach(one, by=signatories(way)[1:] * 2)
            genuine = secured(scene.member(other, owner), way, owner)
            scene.ask("genuine", genuine)
            scene.ask_altered("under other contexts", genuine, ("@context",), one.skeleton["@context"])
        for context in random.sample(OTHER_CONTEXTS, 2):
            scene.ask_altered(f"with {context}", genuine, ("@context",), [*kept, context])
    return scene


def ids(random: Random, way: str) -> Scene:
    """One id in two places."""
    scene, family = Scene(random, way), Family.at_random(random, families.evidence, parts=3)
    genuine = scene.teach(family)
    wanted = [path for path in family.iris() if path[-1] == "id"]
    for _ in range(6):
        by = scene.anybody
        made = scene.member(family, by)
        one = random.choice([("id",), *[path for path in wanted if path[0] == "credentialSubject"][:1]])
        two = random.choice([path for path in [*wanted, ("issuer", "id")] if path != one])
        scene.ask_signed(f"{one} and {two} are one", put(made, one, at(made, two)), by)
        scene.ask_altered(f"{one} is made {two}", genuine, one, at(made, two))
    return scene


def texts(random: Random, way: str) -> Scene:
    """Strings that are written in several ways, or are no text; before and after they are known."""
    scene, family = Scene(random, way), Family.at_random(random)
    path = random.choice(family.texts())
    family.differing = [path]
    genuine = scene.teach(family)
    for value in (*SURE_TEXTS, *random.sample(TEXTS, 5)):
        by = scene.anybody
        made = changed(scene.member(family, by), path, value)
        if random.random() < 0.5:
            made["issuer"]["name"] = "Another guild"  # of which nothing is known but the shape
        scene.ask_signed(f"{value!r} at {path}", made, by)
    scene.ask_altered("other words", genuine, path, "other words")
    known = Family(changed(family.skeleton, path, random.choice(TEXTS[2:16])))
    scene.teach(known)
    return scene


def dates(random: Random, way: str) -> Scene:
    """Dates that are written otherwise, are none, or are not now."""
    scene, family = Scene(random, way), Family.at_random(random, families.ends, contexts=CONTEXTS[0])
    genuine = scene.teach(family)
    moments = [
        AT,
        AT + timedelta(days=3650),
        AT - timedelta(days=3650),
        AT + timedelta(seconds=90),
        AT - timedelta(1),
    ]
    for value in random.sample(DATES, 6):
        path, by = random.choice(family.dates()), scene.anybody
        made = secured(changed(scene.member(family, by), path, value), way, by)
        scene.ask(f"{value!r} at {path}", made, at=random.choice(moments))
    for moment in moments:
        scene.ask(f"at {moment}", genuine, at=moment)
    if way in (RDFC, JCS):
        for value in random.sample(DATES, 4):
            scene.ask_altered(f"made {value!r}", genuine, ("proof", "created"), value)
    return scene


def alike(random: Random, way: str) -> Scene:
    """Objects without an id that become one, and statements that are made twice."""
    scene, family = (
        Scene(random, way),
        Family.at_random(random, contexts=CONTEXTS[random.randrange(3)], parts=1),
    )
    family.skeleton["evidence"] = [
        {"type": ["Evidence"], "name": "One"},
        {"type": ["Evidence"], "name": "Two"},
    ]
    family.skeleton["termsOfUse"] = [{"type": "urn:x:terms", "name": ["one", "two"], "description": "three"}]
    family.differing = [("evidence", 0, "name"), ("termsOfUse", 0, "name", 0)]
    scene.teach(family)
    two = {"evidence": {0: "One", 1: "One"}, "termsOfUse": {0: "one", 1: "one"}}
    for name, values in two.items():
        for _ in range(2):
            by = scene.anybody
            made = scene.member(family, by)
            for number, value in values.items():
                path = (name, number, "name") if name == "evidence" else (name, 0, "name", number)
                put(made, path, value)
            scene.ask_signed(f"two are one in {name}", made, by)
            scene.ask_signed("members in another order", {**made, "evidence": made["evidence"][::-1]}, by)
    return scene


def moved(random: Random, way: str) -> Scene:
    """A value in the next list, or in the place of another; a list for a value, a value for a list."""
    scene, family = (
        Scene(random, way),
        Family.at_random(random, contexts=CONTEXTS[random.randrange(3)], parts=2),
    )
    put(family.skeleton, (*ACHIEVEMENT, "tag"), ["tag 0", "tag 1"])
    family.skeleton["termsOfUse"] = [{"type": "urn:x:terms", "name": [["one"], []]}]
    family.differing = [("name",)]
    genuine = scene.teach(family)
    scene.ask_altered("into the next list", genuine, ("termsOfUse", 0, "name"), [[], ["one"]])
    scene.ask_altered("out of its list", genuine, (*ACHIEVEMENT, "tag"), "tag 0")
    scene.ask_altered("into a list", genuine, (*ACHIEVEMENT, "description"), ["Loads."])
    scene.ask_altered(
        "a subject in a list", genuine, ("credentialSubject",), [family.skeleton["credentialSubject"]]
    )
    if way in (RDFC, JCS):
        for _ in range(6):
            made = json.loads(genuine)
            one, two = random.sample(families.places(made, families.TEXT_NAMES), 2)
            value, other = at(made, one), at(made, two)
            scene.ask("exchanged", as_text(put(put(made, one, other), two, value)))
    return scene


def numbers(random: Random, way: str) -> Scene:
    """Numbers that are written in several ways, or that readers read otherwise."""
    scene, family = Scene(random, way), Family.at_random(random, contexts=CONTEXTS[0], parts=2)
    path = ("credentialSubject", "creditsEarned")
    for value in random.sample(NUMBERS, 5):
        some = Family(put(deepcopy(family.skeleton), path, value))
        genuine = scene.teach(some, by=[scene.anybody for _ in range(4)])
        for spelled in (
            b"3.0",
            b"3.00",
            b"30e-1",
            b"1E21",
            b"-0",
            b"0.0",
            b"03",
            b"1e400",
            b"9007199254740993",
        ):
            if random.random() < 0.3 and genuine[:1] == b"{":
                written = json.dumps(value).encode() if value is not None else b"null"
                scene.ask(
                    f"spelled {spelled!r}",
                    genuine.replace(b'"creditsEarned":' + written, b'"creditsEarned":' + spelled),
                )
    return scene


def spelled(random: Random, way: str) -> Scene:
    """The same document, or nearly, in another spelling: of the JSON, of the proof, of the token."""
    scene, family = Scene(random, way), Family.at_random(random, parts=3)
    family.skeleton["name"] = "Töpferei"
    genuine = scene.teach(family)
    if genuine[:1] != b"{":
        header, payload, signature = genuine.decode().split(".")
        text = base64url_decode(payload)
        for other in _spellings(text, random):
            scene.ask("another payload", token_of(other, signatories(way)[0]))
        for other in (
            f"{header}.{payload}.{signature}=",
            f" {header}.{payload}.{signature}\n",
            f"{header}.{payload}.",
        ):
            scene.ask("another text", other.encode())
        return scene
    for other in _spellings(genuine, random):
        scene.ask("another text", other)
    document = json.loads(genuine)
    value = document["proof"]["proofValue"]
    octets = multibase_decode(value)
    for other in (
        multibase_encode(octets, "u"),
        f"z1{value[1:]}",
        value.upper(),
        f"{value} ",
        value[1:],
        f"m{value[1:]}",
    ):
        scene.ask_altered(f"signature as {other[:9]}", genuine, ("proof", "proofValue"), other)
    method = document["proof"]["verificationMethod"]
    for other in (
        method.partition("#")[0],
        f"{method}#",
        method.replace("#", "%23"),
        method.replace("did:", "DID:"),
        "",
        "urn:x:y",
    ):
        scene.ask_altered(f"key as {other[-9:]}", genuine, ("proof", "verificationMethod"), other)
    for name, other in (
        ("type", "dataIntegrityProof"),
        ("cryptosuite", "eddsa-2022"),
        ("proofPurpose", "authentication"),
        ("@context", []),
        ("expires", "2026-01-01T00:00:00Z"),
        ("id", "urn:x:proof"),
        ("nonce", "1"),
    ):
        scene.ask_altered(f"proof with {name}", genuine, ("proof", name), other)
    return scene


def _spellings(text: bytes, random: Random) -> list[bytes]:
    document = json.loads(text)
    members = list(document.items())
    random.shuffle(members)
    name = b'"name":"T\xc3\xb6pferei"'
    return [
        json.dumps(document).encode(),
        json.dumps(document, ensure_ascii=False).encode(),
        json.dumps(dict(members), separators=(",", ":"), ensure_ascii=False).encode(),
        text.replace(name, name + b"," + name, 1),
        text.replace(name, name + b',"name":"Forged"', 1),
        text.replace(name, b'"name":"Forged",' + name, 1),
        text.replace(b"pferei", b"pf\\u0065rei", 1),
        text.replace(b"pferei", b"pf\\u0000rei", 1),
        text.replace(b"https://", b"https:\\/\\/", 1),
        text.replace(b'"name"', b'"n\\u0061me"', 1),
        text[:-1] + b',"name":"Forged"}',
        text[:-1] + b',"extra":"Forged"}',
        text + b" ",
        text + b"}",
        b"\xef\xbb\xbf" + text,
        text.replace(b"T\xc3\xb6pferei", b"T\xf6pferei", 1),
        text.replace(b"T\xc3\xb6pferei", b"T\xed\xa0\x80pferei", 1),
    ]


def inside(random: Random, way: str) -> Scene:
    """Badges with something inside that has a verdict of its own, or is known by its digest."""
    scene, family = Scene(random, way), Family.at_random(random, contexts=CONTEXTS[0], parts=1)
    endorsement = {
        "@context": [*CONTEXTS[0]],
        "id": "urn:uuid:9d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "A good word",
        "issuer": {"id": STRANGERS[0].id, "type": ["Profile"], "name": "A friend"},
        "validFrom": "2026-03-02T09:00:00Z",
        "credentialSubject": {"id": families.SITE + "/a/kiln", "type": ["EndorsementSubject"]},
    }
    good = json.loads(secured(endorsement, RDFC, STRANGERS[0]))
    bad = put(deepcopy(good), ("name",), "A better word")
    token = secured(endorsement, TOKEN, STRANGERS[0]).decode()
    for each in (good, bad):
        scene.teach(Family({**family.skeleton, "endorsement": [each]}), by=[scene.anybody for _ in range(5)])
    for each in (token, token[:-4] + "AAAA"):
        scene.teach(
            Family({**family.skeleton, "endorsementJwt": [each]}), by=[scene.anybody for _ in range(5)]
        )
    digest = {"id": "https://w3id.org/security/data-integrity/v2", "digestSRI": "sha256-" + "A" * 43 + "="}
    scene.teach(
        Family({**family.skeleton, "relatedResource": [digest]}), by=[scene.anybody for _ in range(5)]
    )
    return scene


def altered(random: Random, way: str) -> Scene:
    """Anything changed anywhere, under the old signature and under a new one."""
    scene, family = Scene(random, way), Family.at_random(random)
    genuine = scene.teach(family)
    for _ in range(10):
        if way in (TOKEN, CURVE_TOKEN):
            scene.ask("a changed token", mutate_token(genuine, random))
        else:
            scene.ask("changed", as_text(edited(json.loads(genuine), random)))
        by = scene.anybody
        made = edited(scene.member(family, by), random)
        try:
            scene.ask_signed("changed and signed", {"@context": list(CONTEXTS[0]), **made}, by)
        except (CairnError, TypeError, AttributeError, RecursionError):
            continue
        if random.random() < 0.3:
            scene.ask("before others are issued", genuine, issues=made)
    for context in random.sample(OTHER_CONTEXTS, 4):
        scene.ask_altered(f"with {context}", genuine, ("@context",), [*family.skeleton["@context"], context])
    scene.ask_altered("contexts turned", genuine, ("@context",), family.skeleton["@context"][::-1])
    scene.ask_altered("one context", genuine, ("@context",), family.skeleton["@context"][0])
    return scene
