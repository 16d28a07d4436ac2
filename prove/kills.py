# SPDX-License-Identifier: Apache-2.0
"""``issuing.kills``: whatever is killed while awards are made, nothing is lost, doubled or half done (G1,
F1).

Victims are the process of the pages (single awards, lists that are started, paused and withdrawn from),
workers on the road of a chunk, alone and in company, and the signer. Workers die at every labelled step of
the road and at random moments; the others at random ones. Then somebody comes, as after a restart, and
finishes; and the invariant is asked for (``invariant.py``, F1 in docs/reference/bad-inputs.md).

Most victims are forked, which is quick; one in ten is a whole interpreter that was started for its death.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unittest import mock
from uuid import uuid4

from prove import invariant
from prove.apart import Apart
from prove.campaign import Failure, times
from prove.road import ACKNOWLEDGED, BEGUN, ROWS_OF_A_CHUNK, ROWS_OF_A_LIST, Child, World, work_and_tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from cairn_server.issuing.models import Batch

# For each of the two databases.
FORKED, WHOLE = 5_000, 500
# Below this share most kills hit a process that was doing nothing, and the campaign would prove little.
LEAST_INSIDE = 0.8
CHUNKS = ROWS_OF_A_LIST // ROWS_OF_A_CHUNK


class Kills(Apart):
    name = "issuing.kills"
    promise = "whenever it is killed, what was confirmed is there, whole and once"
    module = "prove.kills"
    controls = ("stored in two pieces", "signed before it is on record", "a seed for each try")


@dataclass
class Seen:
    """What keeps the campaign honest: kills that hit work, and work that was done."""

    kills: int = 0
    inside: int = 0
    acknowledged: int = 0
    steps: set[str] = field(default_factory=set)

    def count(self, *children: Child) -> None:
        for child in children:
            self.acknowledged += child.acknowledged
            if child.was_killed:
                self.kills += 1
                self.inside += child.begun > child.acknowledged


def tries(world: World, random: Random, scale: float) -> Iterator[Failure | None]:
    from cairn_server.issuing.chunks import steps

    seen = Seen()
    seconds = pace(world)
    # Every labelled step at every chunk of a list, and then whatever comes.
    places = [(step, turn) for step in steps.STEPS for turn in range(1, CHUNKS + 1)]
    random.shuffle(places)
    forked = max(times(FORKED, scale), len(steps.STEPS) + 8)
    for number in range(forked):
        if number < len(steps.STEPS):
            yield _cut_off(world, seen, *next(each for each in places if each[0] == steps.STEPS[number]))
        elif number % 2 and places:
            yield _cut_off(world, seen, *places[number % len(places)])
        else:
            victim = random.choice((_one_worker, _two_workers, _signer, _pages))
            yield victim(world, seen, random, seconds)
        if number % 100 == 0 or number == forked - 1:
            wrong = invariant.everywhere()
            yield None if wrong is None else Failure(wrong)
    for _ in range(max(2, round(WHOLE * scale))):
        yield _whole_process(world, seen, random, seconds)
    if seen.steps != set(steps.STEPS):
        yield Failure(f"nobody was killed at {sorted(set(steps.STEPS) - seen.steps)}")
    if seen.inside < LEAST_INSIDE * seen.kills:
        yield Failure(f"only {seen.inside} of {seen.kills} kills came while work was under way")
    if not seen.acknowledged:
        yield Failure("every victim was killed before it had done anything")


# Victims


def _cut_off(world: World, seen: Seen, step: str, turn: int) -> Failure | None:
    """A worker that dies at this step of this chunk."""
    batch = world.new_list()
    worker = world.fork(lambda pipe: work_and_tell(world, batch, pipe, dies_at=step, turn=turn))
    worker.wait()
    if not worker.was_killed:
        return Failure(f"a worker came past {step} of chunk {turn}, with {worker.ended}")
    seen.steps.add(step)
    return _judged(world, seen, [batch], [worker], what=f"killed at {step} of chunk {turn}")


def _one_worker(world: World, seen: Seen, random: Random, pace: float) -> Failure | None:
    batch = world.new_list()
    worker = world.fork(lambda pipe: work_and_tell(world, batch, pipe))
    _kill(worker, random.uniform(0, pace))
    return _judged(world, seen, [batch], [worker], what="a worker killed")


def _two_workers(world: World, seen: Seen, random: Random, pace: float) -> Failure | None:
    batch = world.new_list()
    workers = [world.fork(lambda pipe: work_and_tell(world, batch, pipe)) for _ in range(2)]
    for worker in workers:
        worker.wait_for()
    time.sleep(random.uniform(0, pace))
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.wait()
    return _judged(world, seen, [batch], workers, what="two workers killed")


def _signer(world: World, seen: Seen, random: Random, pace: float) -> Failure | None:
    batch = world.new_list()
    worker = world.fork(lambda pipe: work_and_tell(world, batch, pipe))
    worker.wait_for()
    time.sleep(random.uniform(0, pace))
    world.kill_signer()
    if worker.wait() != 0:
        return Failure(f"a worker ended with {worker.ended} for want of a signer")
    return _judged(world, seen, [batch], [worker], what="the signer killed")


def _pages(world: World, seen: Seen, random: Random, pace: float) -> Failure | None:
    """Each act is one entry of the journal, so what was acknowledged can be counted there."""
    name = f"{uuid4()}:"
    lists = [world.new_list(ROWS_OF_A_CHUNK, started=False) for _ in range(4)]
    before = _acts(world)
    pages = world.fork(lambda pipe: _act(world, lists, name, pipe))
    _kill(pages, random.uniform(0, pace))
    acts = _acts(world) - before
    if not pages.acknowledged <= acts <= pages.acknowledged + 1:
        return Failure(f"{pages.acknowledged} acts were acknowledged and {acts} are on record")
    for each in lists:
        each.refresh_from_db()
    begun = [each for each in lists if each.state in ("queued", "running", "paused")]
    _resume(world, begun)
    failure = _judged(world, seen, begun, [pages], what="the pages killed")
    return failure or _half_awarded(world, name, least=_single_awards(pages.acknowledged))


def _whole_process(world: World, seen: Seen, random: Random, pace: float) -> Failure | None:
    batch = world.new_list()
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "prove.kills", batch.public_id, str(writing)]
    command += [str(world.folder), str(world.passed.total_seconds())]
    process = subprocess.Popen(command, pass_fds=[writing])
    os.close(writing)
    worker = Child(process.pid, reading)
    _kill(worker, random.uniform(0, pace))
    process.returncode = worker.ended
    return _judged(world, seen, [batch], [worker], what="a whole process killed")


def _kill(child: Child, after: float) -> None:
    child.wait_for()
    time.sleep(after)
    child.kill()
    child.wait()


# What the pages do


def _act(world: World, lists: list[Batch], name: str, pipe: int) -> None:
    from cairn_server.issuing import batches

    by = world.owner()

    def told(act: Callable[[], object]) -> None:
        os.write(pipe, BEGUN)
        act()
        os.write(pipe, ACKNOWLEDGED)

    for number, batch in enumerate(lists):
        told(lambda batch=batch: batches.start(batch, by=by, at=world.now()))
        told(lambda batch=batch: batches.pause(batch, by=by, at=world.now()))
        told(lambda number=number: _award(world, f"{name}{number}"))
        told(lambda batch=batch: batches.resume(batch, by=by, at=world.now()))
    number = len(lists)
    while True:
        told(lambda number=number: _award(world, f"{name}{number}"))
        number += 1


def _single_awards(acts: int) -> int:
    """How many of so many acts were single awards."""
    in_lists = min(acts, 16)
    return in_lists // 4 + (in_lists % 4 == 3) + (acts - in_lists)


def _award(world: World, request_key: str) -> object:
    from cairn_server.issuing import services

    return services.award(
        by=world.owner(),
        version=world.version,
        recipient=services.Recipient("Ada Adams", "ada@bench.example"),
        request_key=request_key,
        at=world.now(),
    )


def _acts(world: World) -> int:
    """What came of acts that are kept by one person's name; a single award counts when it is on record."""
    from cairn_server.issuing.models import Credential
    from cairn_server.journal.models import Entry

    verbs = ("batch started", "batch paused", "batch resumed")
    return (
        Entry.objects.filter(verb__in=verbs).count() + Credential.objects.filter(batch__isnull=True).count()
    )


def _resume(world: World, lists: list[Batch]) -> None:
    from cairn_server.issuing import batches

    for each in lists:
        if each.state == "paused":
            batches.resume(each, by=world.owner(), at=world.now())


def _half_awarded(world: World, name: str, *, least: int) -> Failure | None:
    from cairn_server.issuing.models import Credential, Delivery, SecuredCredential
    from cairn_server.journal.models import Entry

    stored = list(Credential.objects.filter(request_key__startswith=name))
    if not least <= len(stored) <= least + 1:
        return Failure(f"{least} awards were acknowledged and {len(stored)} are stored")
    for each in stored:
        parts = {
            "signed": each.state == Credential.State.SIGNED,
            "representations": SecuredCredential.objects.filter(credential=each).count() == 2,
            "leaves": SecuredCredential.objects.filter(credential=each, leaf__isnull=False).count() == 2,
            "messages owed": Delivery.objects.filter(credential=each).count() == 1,
            "journal entries": Entry.objects.filter(object_id=each.public_id).count() == 1,
        }
        missing = [part for part, is_there in parts.items() if not is_there]
        if missing:
            return Failure(f"{each.request_key} is half done: {', '.join(missing)}")
    return None


# Afterwards


def _judged(
    world: World, seen: Seen, lists: list[Batch], victims: list[Child], *, what: str
) -> Failure | None:
    from cairn_server.issuing.models import BatchChunk, Credential

    seen.count(*victims)
    done = BatchChunk.objects.filter(batch__in=lists, state="done")
    workers = [each for each in victims if what != "the pages killed"]
    acknowledged = sum(each.acknowledged for each in workers)
    if workers and not acknowledged <= done.count() <= acknowledged + len(workers):
        return Failure(f"{what}: {acknowledged} chunks were acknowledged and {done.count()} are stored")
    before = dict(Credential.objects.filter(batch__in=lists).values_list("pk", "public_id"))
    if len(before) != sum(done.values_list("awarded", flat=True)):
        return Failure(f"{what}: a chunk is half there")
    world.finish(*lists)
    if before.items() - dict(Credential.objects.values_list("pk", "public_id").filter(pk__in=before)).items():
        return Failure(f"{what}: a credential that was stored has gone or changed")
    for each in lists:
        if wrong := invariant.wrong_with(world, each):
            return Failure(f"{what}: {wrong}")
    return None


def pace(world: World) -> float:
    """Seconds that a list takes here now. The first, which opens the status list, is not counted."""
    for _ in range(2):
        batch = world.new_list()
        worker = world.fork(lambda pipe, batch=batch: work_and_tell(world, batch, pipe))
        worker.wait_for()
        began = time.monotonic()
        worker.wait()
    world.finish(batch)
    return 0.8 * (time.monotonic() - began)


# Broken builds


@contextlib.contextmanager
def in_two_pieces(_world: World, *, seconds: float = 0.005) -> Iterator[None]:
    """The bytes stored after the transaction that makes the credentials: a kill can take them."""
    from cairn_server.issuing import storage
    from cairn_server.issuing.chunks import steps, storing
    from cairn_server.issuing.models import SecuredCredential

    store, insert = storing.store, storage.insert

    def in_pieces(lease: object, *rest: object, **named: object) -> None:
        later: list[dict[str, object]] = []

        def put(model: object, **what: object) -> None:
            if model is SecuredCredential:
                later.append(what | {"rows": list(what["rows"])})  # type: ignore[call-overload]
            else:
                insert(model, **what)  # type: ignore[arg-type]

        with mock.patch.object(storage, "insert", put):
            store(lease, *rest, **named)  # type: ignore[arg-type]
        time.sleep(seconds)  # what any other work between the two would take
        steps.reached("between")
        for what in later:
            insert(SecuredCredential, **what)  # type: ignore[arg-type]

    with (
        mock.patch.object(storing, "store", in_pieces),
        mock.patch.object(steps, "STEPS", (*steps.STEPS, "between")),
    ):
        yield


@contextlib.contextmanager
def _before_it_is_on_record(world: World) -> Iterator[None]:
    """A signer that asks for no intent, and a worker that puts it on record afterwards."""
    from cairn_server.issuing.chunks import leases, making, planning, steps
    from cairn_server.organisations.keys.service import SigningService

    intend, sign = making.intend, making.Made.sign
    held: list[leases.Lease] = []

    def late(made: making.Made) -> list[bytes]:
        secured = sign(made)
        steps.reached("between")
        intend(held.pop(), made)
        return secured

    with (
        mock.patch.object(SigningService, "_require_intent", return_value=None),
        mock.patch.object(making, "intend", lambda lease, _made: held.append(lease)),
        mock.patch.object(making.Made, "sign", late),
        # After an hour nobody would sign the same again; here, at once.
        mock.patch.object(planning, "INTENT_LIVES", -planning.INTENT_LIVES),
        mock.patch.object(steps, "STEPS", (*steps.STEPS, "between")),
    ):
        world.stop_signer()
        world.signer = 0
        world.start_signer()
        yield


@contextlib.contextmanager
def _seed_for_each_try(_world: World) -> Iterator[None]:
    """What is random in a chunk drawn anew by everybody who takes it over."""
    from cairn_server.issuing.chunks import making

    derived = making.derived
    with mock.patch.object(making, "derived", lambda _seed, number: derived(os.urandom(32), number)):
        yield


BROKEN = {
    "stored in two pieces": in_two_pieces,
    "signed before it is on record": _before_it_is_on_record,
    "a seed for each try": _seed_for_each_try,
}


def main(arguments: list[str]) -> None:
    """A whole process that works on one list until it is killed; everything else is in the environment."""
    from datetime import timedelta
    from pathlib import Path

    import django

    django.setup()

    from cairn_server.issuing.models import Batch
    from prove import road

    public_id, pipe, folder, passed = arguments
    road.settle_process(Path(folder))
    batch = Batch.objects.select_related("version").get(public_id=public_id)
    world = World("", "", batch.version, Path(folder), passed=timedelta(seconds=float(passed)))
    work_and_tell(world, batch, int(pipe))


if __name__ == "__main__":
    main(sys.argv[1:])
