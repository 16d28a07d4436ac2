# SPDX-License-Identifier: Apache-2.0
"""Everything that the result of a chunk depends on, put on record in one short transaction.

Rights are asked again, rows that are not to be awarded (any more) are set aside, and what is left gets
numbers of a status list, a seed, a moment and a key. From then on there is one way to finish the chunk.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from cairn_server.errors import Refusal
from cairn_server.issuing import services, signing, status_lists, storage
from cairn_server.issuing.chunks import steps
from cairn_server.issuing.chunks.closing import fail, finish, note_lapsed, plan_anew
from cairn_server.issuing.lists.dates import end_of_day
from cairn_server.issuing.models import Batch, BatchChunk, BatchRow
from cairn_server.organisations import installation, keys
from cairn_server.organisations.models import SigningKey
from cairn_server.organisations.roles import require_signer
from cairn_server.organisations.watermark import DatabaseBehind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cairn_server.issuing.chunks.leases import Lease

# What was meant an hour ago is not signed now with that date. It is planned anew: nothing of it was stored.
INTENT_LIVES = timedelta(hours=1)
# The clocks of two machines may be so far apart.
CLOCKS_DIFFER = timedelta(minutes=2)
# A chunk that brought down so many workers is set aside, and its rows are told (F17).
MOST_ATTEMPTS = 6


class ClockWentBack(Exception):  # noqa: N818 - named for what happened
    """This machine says that it is earlier than what is on record here."""


class Line(NamedTuple):
    """A row that waits, without the weight of a model: a chunk has a thousand."""

    pk: int
    number: int
    key: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """A chunk that is planned, the lines that are to be awarded, and who signs."""

    chunk: BatchChunk
    lines: Sequence[Line]
    issuer: signing.Issuer


def plan(lease: Lease, *, at: datetime) -> Plan | None:
    """Everything that the result depends on, on record; None when there is nothing to sign in this chunk."""
    with transaction.atomic(durable=True):
        planned = _plan(lease, at=at)
    steps.reached("planned")
    if planned is not None and planned.chunk.status_list is not None:
        chunk, status_list = planned.chunk, planned.chunk.status_list
        # Nothing was made of these numbers yet, so nobody was told of them before this. Whoever takes
        # the plan over claims them again, as the same holder.
        assert chunk.first_index_number is not None, "a planned chunk has its plan (constraint)"
        try:
            status_lists.claim(
                status_list,
                first=chunk.first_index_number,
                # Counted while the chunk was ours: who sleeps here may wake up when others have finished it.
                count=len(planned.lines),
                holder=sha256(bytes(chunk.seed or b"")).hexdigest()[:32],
                at=at,
            )
        except DatabaseBehind:
            plan_anew(lease, why="another copy has these numbers", at=at)
            raise
        if status_list.published < status_list.version:
            status_lists.publish(status_list, at=at)
    steps.reached("marked")
    return planned


def _plan(lease: Lease, *, at: datetime) -> Plan | None:
    # Cancelling takes the same locks in the same order.
    batch = (
        Batch.objects.select_for_update(of=("self",))
        .select_related("organisation", "version__achievement__organisation", "started_by")
        .get(chunks=lease.chunk_id)
    )
    chunk = lease.own()
    chunk.batch = batch
    # A restored copy finishes nothing either, until somebody has said that it goes on (F11).
    installation.require_awarding_allowed()
    if chunk.attempts > MOST_ATTEMPTS:
        if chunk.state != BatchChunk.State.WAITING:
            note_lapsed(chunk, why="too many attempts", at=at)
        fail(chunk, _("This row was tried several times without success. Ask the operator."), at=at)
        return None
    # Not older than that, nor of a clock that has been put right since.
    if (
        chunk.state != BatchChunk.State.WAITING
        and chunk.at is not None
        and abs(at - chunk.at) <= INTENT_LIVES
    ):
        # With the key of the plan: after a rotation that one still finishes what was begun.
        key = SigningKey.objects.get(organisation=batch.organisation, fragment=chunk.key)
        return Plan(chunk, _to_be_awarded(chunk), signing.Issuer.named(batch.organisation, key))
    if batch.state not in (Batch.State.QUEUED, Batch.State.RUNNING):
        return None  # paused or cancelled since it was claimed
    try:
        # Asked again for every chunk: a right that ended stops the work that leans on it (B138).
        require_signer(batch.started_by, batch.organisation)
        if batch.kind == Batch.Kind.REISSUE:
            # What was awarded is awarded again, also where its achievement is retired since.
            installation.require_awarding_allowed(batch.organisation)
        else:
            services.require_awardable(batch.version)
        key = keys.active_key(batch.organisation)
    except (DatabaseBehind, installation.MovedMeanwhile):
        raise  # that is this installation's trouble, and no reason to fail anybody's row
    except Refusal as refusal:
        fail(chunk, str(refusal.message), at=at)
        return None
    _require_time(batch, key, at=at)
    status_lists.lock(batch.organisation)
    lines = _settled(chunk, at=at)
    if not lines:
        finish(chunk, awarded=0, at=at)
        return None
    if chunk.state != BatchChunk.State.WAITING:
        note_lapsed(chunk, why="too old", at=at)
    issuer = (
        signing.Issuer.named(batch.organisation, key)
        if batch.organisation.did
        else signing.Issuer.open(batch.organisation, at=at)
    )
    chunk.status_list, chunk.first_index_number = status_lists.reserve(issuer, len(lines), at=at)
    chunk.seed = secrets.token_bytes(32)
    chunk.at = at.replace(microsecond=0)  # what is signed has whole seconds (N23)
    chunk.key = key.fragment
    chunk.intent_sha256 = ""
    chunk.state = BatchChunk.State.PLANNED
    chunk.save(
        update_fields=["status_list", "first_index_number", "seed", "at", "key", "intent_sha256", "state"]
    )
    if batch.state == Batch.State.QUEUED:
        batch.state, batch.begun_at = Batch.State.RUNNING, batch.begun_at or at
        batch.save(update_fields=["state", "begun_at"])
    return Plan(chunk, lines, issuer)


def _require_time(batch: Batch, key: SigningKey, *, at: datetime) -> None:
    """Nothing is dated before what it leans on: a clock that went back makes no back-dated signature (F9)."""
    known = [batch.created_at, batch.approved_at, key.activated_at, batch.version.published_at]
    newest = max(each for each in known if each is not None)
    if at < newest - CLOCKS_DIFFER:
        raise ClockWentBack(f"it is {at:%Y-%m-%d %H:%M} here, and was {newest:%Y-%m-%d %H:%M} already")


def _settled(chunk: BatchChunk, *, at: datetime) -> list[Line]:
    """Set aside what is not to be awarded (any more); what is."""
    batch = chunk.batch
    lines = _waiting(chunk)
    before = {
        found.request_key: (found.batch_id, found.batch_number)
        for found in storage.awarded_before(batch.organisation_id, [line.key for line in lines])
    }
    withdrawn: dict[int, str] = {}
    if batch.kind == Batch.Kind.REISSUE:
        from cairn_server.issuing import reissue  # stands above this module: it is a list of its own kind

        withdrawn = reissue.problems(lines)
    seen: set[str] = set()
    wanted: list[Line] = []
    already: list[int] = []
    failed: dict[str, list[int]] = {}
    for line in lines:
        if before.get(line.key) == (batch.pk, line.number):
            pass  # awarded by this very row, by the version before this one
        elif line.key in before or line.key in seen:
            already.append(line.pk)
        elif problem := withdrawn.get(line.pk) or _problem_of_today(batch, line.values, at=at):
            failed.setdefault(problem, []).append(line.pk)
        else:
            wanted.append(line)
        seen.add(line.key)
    lost = sum(map(len, failed.values()))
    if already or lost:
        BatchRow.objects.filter(pk__in=already).update(state=BatchRow.State.ALREADY)
        for problem, ids in failed.items():
            BatchRow.objects.filter(pk__in=ids).update(state=BatchRow.State.FAILED, problem=problem[:500])
        batch.already, batch.failed = batch.already + len(already), batch.failed + lost
        batch.save(update_fields=["already", "failed"])
    return wanted


def _problem_of_today(batch: Batch, values: dict[str, Any], *, at: datetime) -> str:
    """What can have become wrong with a good row since the list was checked."""
    if batch.kind == Batch.Kind.REISSUE:
        return ""  # its values are those of an award that stands
    ends = values.get("expiry_date")
    if ends and end_of_day(ends) <= at:
        return _("The end lies before the start, or is over already.")
    if not values.get("name") or "@" not in values.get("email", ""):
        return _("The row is not as it was when the list was checked.")
    return ""


def _waiting(chunk: BatchChunk) -> list[Line]:
    """The rows of a chunk that wait: after the plan these do not change."""
    rows = BatchRow.objects.filter(
        batch=chunk.batch_id, number__gte=chunk.first, number__lte=chunk.last, state=BatchRow.State.WAITING
    )
    found = rows.order_by("number").values_list("pk", "number", "key", "values")
    return [Line(*values) for values in found]


def _to_be_awarded(chunk: BatchChunk) -> list[Line]:
    """What the plan that is on record was made for."""
    own = set(
        # Rows that the version before this one has awarded one by one.
        chunk.batch.credentials.filter(
            batch_number__gte=chunk.first, batch_number__lte=chunk.last
        ).values_list("batch_number", flat=True)
    )
    return [line for line in _waiting(chunk) if line.number not in own]
