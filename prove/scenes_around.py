# SPDX-License-Identifier: Apache-2.0
"""Scenes in which not the badge misleads but what is around it: keys, lists, callers, and what they ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cairn.canonical import parse_json
from prove import families
from prove.families import (
    AT_HOME,
    CONTEXTS,
    CURVE_TOKEN,
    STRANGERS,
    WEB,
    Family,
    put,
    secured,
    signatories,
)
from prove.genuine import AT, LIST_URL
from prove.scenes import Question, Scene, rewritten

if TYPE_CHECKING:
    from random import Random

    from cairn.reading import Unverified
    from prove.families import Path
    from prove.scenes import Meddle

CHECKS_ASKED = ("usual", "turned", "but for the status", "signature alone", "with a schema", "twice", "none")


def meddled(random: Random, way: str) -> Scene:
    """Somebody writes into what was read, or puts something else in its place, before it is judged."""
    scene, family = (
        Scene(random, way),
        Family.at_random(random, contexts=CONTEXTS[random.randrange(2)], parts=2),
    )
    genuine = scene.teach(family)
    owner = signatories(way)[0]
    other = secured(scene.member(family, owner), way, owner)
    stranger = secured(scene.member(family), way, signatories(way)[1])
    # And one of a shape that nobody has met.
    unmet = secured({**scene.member(family, owner), "description": "It is met once."}, way, owner)

    def write(path: Path, value: Any) -> Meddle:
        def meddle(read: Unverified) -> Unverified:
            put(read.unverified_document, path, value)
            return read

        return meddle

    def look(read: Unverified) -> Unverified:
        assert read.unverified_document
        return read

    def exchange(data: bytes) -> Meddle:
        def meddle(read: Unverified) -> Unverified:
            if data[:1] == b"{":
                return replace(read, unverified_document=parse_json(data))
            return replace(read, token=data.decode())

        return meddle

    for path, value in (
        (("name",), "Forged"),
        (("issuer", "id"), STRANGERS[0].id),
        (("credentialSubject", "id"), "urn:x:me"),
    ):
        for one in (genuine, unmet):
            scene.ask(f"{path} written into", one, meddle=write(path, value))
    scene.ask("only looked at", genuine, meddle=look)
    scene.ask("written into, nothing changed", genuine, meddle=write(("name",), family.skeleton["name"]))
    for data in (other, stranger):
        forged = rewritten(data, lambda document: put(document, ("name",), "Forged"))
        for one in (genuine, unmet):
            scene.ask("another in its place", one, meddle=exchange(data))
            scene.ask("a forged one in its place", one, meddle=exchange(forged))
    return scene


def status(random: Random, way: str) -> Scene:
    """Lists that are another's, that change, that grow old, that are not there."""
    scene, family = Scene(random, way), Family.at_random(random, contexts=CONTEXTS[0], parts=1)
    families.status(family.skeleton, random)
    genuine = scene.teach(family)
    worlds = ("quiet", "revoked", "by a stranger", "nothing", "elsewhere", "short-lived", "quiet")
    moments = (0, 30, 1_800, 3_600 - 200, 3_600 + 400, 90_000)
    for world in worlds:
        for later in random.sample(moments, 6 if world == "short-lived" else 2) * 2:
            scene.ask(f"{world}, {later} s later", genuine, world=world, at=AT + timedelta(seconds=later))
    for name, value in (
        ("statusListIndex", "131072"),
        ("statusListIndex", "01"),
        ("statusListIndex", "-1"),
        ("statusPurpose", "suspension"),
        ("statusPurpose", "message"),
        ("id", "urn:x:entry"),
        ("statusSize", 2),
        ("statusListCredential", f"{LIST_URL}?x"),
        ("statusListCredential", "ftp://x/"),
    ):
        by = scene.anybody
        made = put(scene.member(family, by), ("credentialStatus", name), value)
        scene.ask(f"{name} is {value!r}", secured(made, way, by), world=random.choice(("quiet", "revoked")))
    return scene


def issuers(random: Random, way: str) -> Scene:
    """Keys that are another's, that are listed no more, and issuers whose document changes."""
    scene, family = Scene(random, way), Family.at_random(random, contexts=CONTEXTS[0], parts=2)
    scene.teach(family)
    if way != CURVE_TOKEN:
        for world in ("quiet", "taken over", "nothing", "quiet", "taken over"):
            for _ in range(2):
                scene.taught.append(
                    Question("at home", secured(scene.member(family, AT_HOME), way, AT_HOME), world=world)
                )
            thief = STRANGERS[0].named(WEB, f"{WEB}#key-1")
            scene.ask(f"by a thief, {world}", secured(scene.member(family, thief), way, thief), world=world)
    owner, stranger = signatories(way)[:2]
    named = (owner.id, f"{owner.id}#", owner.id.upper(), owner.method, stranger.id, "urn:x:nobody", "")
    keys = [(identifier, owner.method) for identifier in named]
    for identifier, method in [*keys, (owner.id, owner.id), (owner.id, stranger.method)]:
        for key in (owner, stranger):
            by = key.named(identifier, method)
            what = f"{method[-9:]} for {identifier[-9:]}"
            scene.ask(what, secured(scene.member(family, by), way, by))
    bare = Family({**family.skeleton, "issuer": {"id": "", "type": ["Profile"]}})
    scene.teach(bare, by=[scene.anybody for _ in range(4)])
    return scene


def checks(random: Random, way: str) -> Scene:
    """Callers who ask other checks than the usual ones."""
    scene, family = Scene(random, way), Family.at_random(random, contexts=CONTEXTS[0], parts=2)
    genuine = scene.teach(family)
    for name in CHECKS_ASKED:
        scene.ask(f"asked {name}", genuine, checks=name)
    return scene
