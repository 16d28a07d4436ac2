# SPDX-License-Identifier: Apache-2.0
"""``issuing.kills``: a process that is killed while it awards leaves nothing half done (G1, F1).

A child awards as fast as it can and tells, over a pipe, when a transaction begins and when an award is
acknowledged. It is killed at a random moment. Then the parent opens the database and asks for the invariant
(F1 in docs/reference/bad-inputs.md): what was acknowledged is stored, at most one more is, each with all of
its parts, and no index, key or identifier occurs twice.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import uuid4

from bench import installation
from cairn import Verifier
from prove.campaign import Campaign, Failure, times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from cairn_server.issuing.models import Credential

KILLS = 1_000
# Below this share most kills hit a process that was doing nothing, and the campaign would prove little.
LEAST_INSIDE = 0.8
LONGEST_LIFE = 4  # awards, so that some are acknowledged before the kill whatever the machine

BEGUN, ACKNOWLEDGED = b"(", b")"


class Kills(Campaign):
    name = "issuing.kills"
    promise = "whenever it is killed, what was confirmed is there, whole and once"

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        installation.start()
        pace = _seconds_of_an_award()
        inside = kills = finished = 0
        while kills < times(KILLS, scale):
            prefix = f"kill:{uuid4()}:"
            told, ended = _killed_while_awarding(prefix, after=random.uniform(0, LONGEST_LIFE * pace))
            kills += 1
            if ended != -signal.SIGKILL:
                yield Failure(f"a child ended by itself, with {ended}")
                continue
            inside += told.count(BEGUN) > told.count(ACKNOWLEDGED)
            finished += told.count(ACKNOWLEDGED)
            yield _broken(prefix, acknowledged=told.count(ACKNOWLEDGED))
        if inside < LEAST_INSIDE * kills:
            yield Failure(f"only {inside} of {kills} kills came while an award was under way")
        if not finished:
            yield Failure("every child was killed before its first award was made")

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """The award in two pieces, of which a kill can take the second."""
        installation.start()
        with mock.patch("prove.kills._award_one", _award_in_pieces):
            yield


def _seconds_of_an_award() -> float:
    """As fast as this machine is now. The first award, which opens the list, is not counted."""
    for name in ("first", "timed"):
        began = time.monotonic()
        _award_one(f"pace:{uuid4()}:{name}")
    return time.monotonic() - began


def _killed_while_awarding(prefix: str, *, after: float) -> tuple[bytes, int | None]:
    """What a child told before it was killed, and how it ended."""
    from django.db import connections

    # A connection must not be shared across a fork.
    connections.close_all()
    reading, writing = os.pipe()
    child = multiprocessing.get_context("fork").Process(target=_award_for_ever, args=(prefix, writing))
    child.start()
    os.close(writing)
    told = os.read(reading, 1)
    time.sleep(after)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    while more := os.read(reading, 65_536):
        told += more
    os.close(reading)
    return told, child.exitcode


def _award_for_ever(prefix: str, pipe: int) -> None:
    number = 0
    while True:
        os.write(pipe, BEGUN)
        _award_one(f"{prefix}{number}")
        os.write(pipe, ACKNOWLEDGED)
        number += 1


def _award_one(request_key: str) -> Credential:
    from django.utils import timezone

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.issuing import services
    from cairn_server.issuing.services import Recipient

    return services.award(
        by=Person.objects.get(),
        version=AchievementVersion.objects.get(),
        recipient=Recipient("Ada Adams", "ada@bench.example"),
        request_key=request_key,
        at=timezone.now(),
    )


def _award_in_pieces(request_key: str) -> Credential:
    """What awarding would be if the proof were stored after the transaction that makes the award."""
    from cairn_server.issuing.models import SecuredCredential

    later: list[dict[str, Any]] = []
    with mock.patch.object(SecuredCredential.objects, "create", lambda **fields: later.append(fields)):
        credential = _award_whole(request_key)
    time.sleep(0.005)  # what any other work between the two would take
    for fields in later:
        SecuredCredential.objects.create(**fields)
    return credential


_award_whole = _award_one


def _broken(prefix: str, *, acknowledged: int) -> Failure | None:
    """The first thing that is wrong in the database, if any is."""
    from django.db.models import Count

    from cairn_server.issuing.models import Credential, Delivery, SecuredCredential
    from cairn_server.journal.models import Entry

    stored = list(Credential.objects.filter(request_key__startswith=prefix))
    if not acknowledged <= len(stored) <= acknowledged + 1:
        return Failure(f"{acknowledged} awards were acknowledged and {len(stored)} are stored")
    for each in stored:
        parts = {
            "signed": each.state == Credential.State.SIGNED,
            "representations": SecuredCredential.objects.filter(credential=each).count() == 2,
            "leaves": SecuredCredential.objects.filter(credential=each, leaf__isnull=False).count() == 2,
            "messages owed": Delivery.objects.filter(credential=each).count() == 1,
            "journal entries": Entry.objects.filter(object_id=each.public_id).count() == 1,
        }
        missing = [name for name, is_there in parts.items() if not is_there]
        if missing:
            return Failure(f"{each.request_key} is half done: {', '.join(missing)}")
    places = Credential.objects.values("status_list", "status_index").annotate(given=Count("pk"))
    if places.filter(given__gt=1).exists():
        return Failure("a status index was given twice")
    return _unverifiable(stored)


def _unverifiable(stored: list[Credential]) -> Failure | None:
    """Every stored signature verifies, with the bytes that a stranger would get."""
    from django.conf import settings
    from django.utils import timezone
    from django.utils.module_loading import import_string

    verifier = Verifier(import_string(settings.SOURCES)())
    for each in stored[-1:]:  # the one that was last is the one that the kill could have hurt
        for secured in each.secured.all():
            report = verifier.examine(bytes(secured.secured), at=timezone.now())
            if not report.accepted:
                told = ", ".join(f"{finding.check}: {finding.code}" for finding in report.findings)
                return Failure(f"{each.request_key} as {secured.format} is not accepted ({told})")
    return None
