# SPDX-License-Identifier: Apache-2.0
"""The road of a chunk: some hundred awards of a list, from accepted rows to durable credentials.

    claim    a conditional update gives this worker the chunk until its lease ends, and a token of its own
    plan     one short transaction: rights asked again, numbers of a status list, a seed, a moment, a key
    intend   the digest over all that will be signed is committed: from here on a signature may exist
    sign     the signer finds the intent in the database and signs the lot
    examine  our own verifier accepts every credential, over the bytes that everybody gets
    store    one transaction, in which the token has to be the newest: credentials, bytes, pending leaves,
             counts, journal

Everything random in a chunk comes from its seed, and signatures are deterministic, so whoever takes it over
after a crash makes the same bytes: nothing is lost, doubled, or signed without an intent (F1, F2). A worker
that was stopped for longer than its lease finds that its token is old, and writes nothing.

Any number of workers on any number of machines call ``work_off``; so does the one process that has SQLite.
"""

from __future__ import annotations

import hmac
import logging
import random
import secrets
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256, sha512
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

import cairn
from cairn.errors import CairnError
from cairn_server.errors import Refusal
from cairn_server.issuing import frames, services, signing, status_lists, storage
from cairn_server.issuing.lists.dates import end_of_day, start_of_day
from cairn_server.issuing.models import (
    Batch,
    BatchChunk,
    BatchRow,
    Credential,
    Dictionary,
    SecuredCredential,
)
from cairn_server.issuing.patterns import TEXTS, Award, Press
from cairn_server.journal import services as journal
from cairn_server.organisations import identity, installation, keys
from cairn_server.organisations.models import SigningKey
from cairn_server.organisations.roles import require_signer
from cairn_server.organisations.watermark import DatabaseBehind, WatermarkAway
from cairn_server.tlog.models import PendingLeaf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from cairn.proof.template import Unsigned
    from cairn_server.achievements.models import AchievementVersion

logger = logging.getLogger(__name__)

ROWS = 1_000
# Many times what a chunk takes. When it is over, somebody else begins anew.
LEASE = timedelta(minutes=2)
# What was meant an hour ago is not signed now with that date. It is planned anew: nothing of it was stored.
INTENT_LIVES = timedelta(hours=1)
# The clocks of two machines may be so far apart.
CLOCKS_DIFFER = timedelta(minutes=2)
# A chunk that brought down so many workers is set aside, and its rows are told (F17).
MOST_ATTEMPTS = 6
# How long to wait for a signer that does not answer.
SIGNER_BACK_IN = timedelta(seconds=10)

# What ``Credential.more`` takes over from the values of a row.
MORE = ("license_number", "identifiers", "evidence", "results", "result_status")

AT_WORK = (BatchChunk.State.WAITING, BatchChunk.State.PLANNED, BatchChunk.State.INTENDED)


class RowsRefused(Exception):  # noqa: N818
    """Some rows cannot become credentials, and why: by their numbers. The others can."""

    def __init__(self, why: dict[int, str]) -> None:
        super().__init__("; ".join(f"row {number}: {told}" for number, told in sorted(why.items())[:3]))
        self.why = why


class ClockWentBack(Exception):  # noqa: N818 - named for what happened
    """This machine says that it is earlier than what is on record here."""


class LostLease(Exception):  # noqa: N818 - named for what happened
    """Somebody else has this chunk by now, or it is done: whatever was made of it here is thrown away."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write the result of one chunk, as long as nobody got a newer token."""

    chunk_id: int
    token: int

    def own(self) -> BatchChunk:
        """The chunk, its row locked; inside a transaction."""
        found = (
            BatchChunk.objects.select_for_update(of=("self",))
            .select_related("status_list")
            .filter(pk=self.chunk_id, token=self.token, state__in=AT_WORK)
            .first()
        )
        if found is None:
            raise LostLease
        return found


def work_off(
    *, now: Callable[[], datetime], worker: str, batch: Batch | None = None, most: int | None = None
) -> int:
    """Work on chunks until none is free, or ``most`` of them; how many were worked on."""
    worked = 0
    while most is None or worked < most:
        lease = claim(at=now(), worker=worker, batch=batch)
        if lease is None:
            break
        work(lease, now=now)
        worked += 1
    return worked


def reached(step: str) -> None:
    """Where the road can be cut off. Nothing happens here but in tests, which pull the plug (``STEPS``)."""


STEPS = (
    "claimed", "planned", "marked", "prepared", "intended", "signed", "examined", "written", "stored",
)  # fmt: skip


def work(lease: Lease, *, now: Callable[[], datetime]) -> None:
    """One chunk, as far as it goes."""
    reached("claimed")
    try:
        chunk = plan(lease, at=now())
        if chunk is None:
            return
        made = _Made.of(chunk)
        reached("prepared")
        intend(lease, made)
        reached("intended")
        secured = made.sign()
        reached("signed")
        store(lease, made, secured, at=now())
        reached("stored")
    except LostLease:
        logger.warning("chunk %s was taken over by another worker", lease.chunk_id)
    except keys.SignerUnavailable as error:
        logger.warning("chunk %s waits for the signer: %s", lease.chunk_id, error)
        _give_back(lease, until=now() + SIGNER_BACK_IN)
    except keys.SigningRefused as error:
        if error.code == "signing-too-fast":
            _give_back(lease, until=now() + SIGNER_BACK_IN)
        else:  # the key was compromised meanwhile
            plan_anew(lease, why=error.code, at=now())
    except IntegrityError as error:
        # Another list was quicker with one of the rows. The next plan sees it.
        logger.warning("chunk %s is planned anew: %s", lease.chunk_id, error)
        plan_anew(lease, why="a row was awarded meanwhile", at=now())
    except (DatabaseBehind, installation.MovedMeanwhile, WatermarkAway) as error:
        logger.error("chunk %s waits for the operator: %s", lease.chunk_id, error)
        _give_back(lease, until=now() + LEASE)
    except ClockWentBack as error:
        logger.error("chunk %s waits for the right time: %s", lease.chunk_id, error)
        _give_back(lease, until=now() + LEASE)
    except signing.OwnProductRefused:
        # Not the fault of a row: a list that is not published, a clock that went back, a signer that is
        # broken. It is tried again when the lease is over, and only so often.
        logger.exception("chunk %s is not good enough to be stored", lease.chunk_id)
    except OperationalError:
        # The database is away, or has chosen us to end a deadlock. What was not committed never was.
        logger.exception("chunk %s is left to whoever comes after the lease", lease.chunk_id)
        connection.close_if_unusable_or_obsolete()
    except RowsRefused as error:
        logger.warning("rows of chunk %s cannot be awarded: %s", lease.chunk_id, error)
        plan_anew(lease, why="rows were refused", at=now(), without=error.why)


# Claim


def claim(*, at: datetime, worker: str, batch: Batch | None = None) -> Lease | None:
    """The next free chunk of any batch that is at work; a small list is not behind a large one for long."""
    open_batches = Batch.objects.filter(
        Q(state__in=[Batch.State.QUEUED, Batch.State.RUNNING])
        # What was signed for, or may have been, is finished also when the rest is cancelled.
        | Q(state=Batch.State.CANCELLED, finished_at__isnull=True)
    )
    ids = [batch.pk] if batch is not None else list(open_batches.values_list("pk", flat=True))
    random.shuffle(ids)
    for batch_id in ids:
        free = BatchChunk.objects.filter(
            Q(lease_until__isnull=True)
            | Q(lease_until__lt=at)
            # Nobody gives a lease for that long: it was taken by a clock that ran ahead (F9).
            | Q(lease_until__gt=at + 2 * LEASE),
            batch_id=batch_id,
            state__in=AT_WORK,
        )
        if batch is not None:
            free = free.filter(batch__in=open_batches)
        for chunk_id, token in free.order_by("number").values_list("pk", "token")[:8]:
            if _took(chunk_id, token, worker=worker, until=at + LEASE):
                return Lease(chunk_id, token + 1)
    return None


@transaction.atomic
def _took(chunk_id: int, token: int, *, worker: str, until: datetime) -> bool:
    """Take the chunk, unless somebody was quicker or holds its row: who hangs there holds up nobody (F2)."""
    found = BatchChunk.objects.select_for_update(
        skip_locked=connection.features.has_select_for_update_skip_locked
    )
    if found.filter(pk=chunk_id, token=token, state__in=AT_WORK).first() is None:
        return False
    taken = BatchChunk.objects.filter(pk=chunk_id, token=token, state__in=AT_WORK).update(
        token=token + 1, attempts=F("attempts") + 1, worker=worker[:100], lease_until=until
    )
    return bool(taken)


def _give_back(lease: Lease, *, until: datetime) -> None:
    """Not this worker's fault, so it does not count as an attempt."""
    BatchChunk.objects.filter(pk=lease.chunk_id, token=lease.token).update(
        lease_until=until, attempts=F("attempts") - 1
    )


# Plan


def plan(lease: Lease, *, at: datetime) -> BatchChunk | None:
    """Everything that the result depends on, on record; None when there is nothing to sign in this chunk."""
    with transaction.atomic(durable=True):
        chunk = _plan(lease, at=at)
        # While the chunk is ours: whoever sleeps here wakes up in a chunk that others have finished.
        count = 0 if chunk is None else _rows(chunk).exclude(number__in=_own_numbers(chunk)).count()
    reached("planned")
    if chunk is not None and chunk.status_list is not None:
        # Nothing was made of these numbers yet, so nobody was told of them before this. Whoever takes
        # the plan over claims them again, as the same holder.
        assert chunk.first_index_number is not None, "a planned chunk has its plan (constraint)"
        try:
            status_lists.claim(
                chunk.status_list,
                first=chunk.first_index_number,
                count=count,
                holder=sha256(bytes(chunk.seed or b"")).hexdigest()[:32],
                at=at,
            )
        except DatabaseBehind:
            plan_anew(lease, why="another copy has these numbers", at=at)
            raise
        if chunk.status_list.published < chunk.status_list.version:
            status_lists.publish(chunk.status_list, at=at)
    reached("marked")
    return chunk


def _plan(lease: Lease, *, at: datetime) -> BatchChunk | None:
    batch_id = BatchChunk.objects.values_list("batch_id", flat=True).get(pk=lease.chunk_id)
    # Cancelling takes the same locks in the same order.
    batch = (
        Batch.objects.select_for_update(of=("self",))
        .select_related("organisation", "version__achievement__organisation", "started_by")
        .get(pk=batch_id)
    )
    chunk = lease.own()
    chunk.batch = batch
    # A restored copy finishes nothing either, until somebody has said that it goes on (F11).
    installation.require_awarding_allowed()
    if chunk.attempts > MOST_ATTEMPTS:
        if chunk.state != BatchChunk.State.WAITING:
            _note_lapsed(chunk, why="too many attempts", at=at)
        _fail(chunk, _("This row was tried several times without success. Ask the operator."), at=at)
        return None
    # Not older than that, nor of a clock that has been put right since.
    if (
        chunk.state != BatchChunk.State.WAITING
        and chunk.at is not None
        and abs(at - chunk.at) <= INTENT_LIVES
    ):
        return chunk
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
        _fail(chunk, str(refusal.message), at=at)
        return None
    _require_time(batch, key, at=at)
    status_lists.lock(batch.organisation)
    count = _settle_rows(chunk, at=at)
    if not count:
        _finish(chunk, awarded=0, at=at)
        return None
    if chunk.state != BatchChunk.State.WAITING:
        _note_lapsed(chunk, why="too old", at=at)
    issuer = signing.Issuer.open(batch.organisation, at=at)
    chunk.status_list, chunk.first_index_number = status_lists.reserve(issuer, count, at=at)
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
    return chunk


def _require_time(batch: Batch, key: SigningKey, *, at: datetime) -> None:
    """Nothing is dated before what it leans on: a clock that went back makes no back-dated signature (F9)."""
    known = [batch.created_at, batch.approved_at, key.activated_at, batch.version.published_at]
    newest = max(each for each in known if each is not None)
    if at < newest - CLOCKS_DIFFER:
        raise ClockWentBack(f"it is {at:%Y-%m-%d %H:%M} here, and was {newest:%Y-%m-%d %H:%M} already")


def _settle_rows(chunk: BatchChunk, *, at: datetime) -> int:
    """Set aside what is not to be awarded (any more); how many rows are."""
    batch = chunk.batch
    rows = list(_rows(chunk))
    before = {
        request_key: (batch_id, number)
        for request_key, batch_id, number in Credential.objects.filter(
            organisation=batch.organisation_id, request_key__in=[row.key for row in rows]
        ).values_list("request_key", "batch_id", "batch_number")
    }
    withdrawn: dict[int, str] = {}
    if batch.kind == Batch.Kind.REISSUE:
        from cairn_server.issuing import reissue  # stands above this module: it is a list of its own kind

        withdrawn = reissue.problems(rows)
    seen: set[str] = set()
    already: list[int] = []
    failed: dict[str, list[int]] = {}
    own = 0
    for row in rows:
        if before.get(row.key) == (batch.pk, row.number):
            own += 1  # awarded by this very row, by the version before this one
        elif row.key in before or row.key in seen:
            already.append(row.pk)
        elif problem := withdrawn.get(row.pk) or _problem_of_today(batch, row.values, at=at):
            failed.setdefault(problem, []).append(row.pk)
        seen.add(row.key)
    BatchRow.objects.filter(pk__in=already).update(state=BatchRow.State.ALREADY)
    for problem, ids in failed.items():
        BatchRow.objects.filter(pk__in=ids).update(state=BatchRow.State.FAILED, problem=problem[:500])
    lost = sum(map(len, failed.values()))
    if already or lost:
        batch.already, batch.failed = batch.already + len(already), batch.failed + lost
        batch.save(update_fields=["already", "failed"])
    return len(rows) - own - len(already) - lost


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


def _rows(chunk: BatchChunk) -> QuerySet[BatchRow]:
    """The rows of a chunk that are to be awarded: after the plan these do not change."""
    return BatchRow.objects.filter(
        batch=chunk.batch_id, number__gte=chunk.first, number__lte=chunk.last, state=BatchRow.State.WAITING
    ).order_by("number")


def _own_numbers(chunk: BatchChunk) -> QuerySet[Credential, int | None]:
    """Rows that the version before this one has awarded one by one."""
    return chunk.batch.credentials.filter(
        batch_number__gte=chunk.first, batch_number__lte=chunk.last
    ).values_list("batch_number", flat=True)


def plan_anew(lease: Lease, *, why: str, at: datetime, without: Mapping[int, str] | None = None) -> None:
    """Take a plan back of which nothing was stored. Its numbers are never given out again.

    Rows ``without`` which it may work are told why they failed.
    """
    with transaction.atomic():
        try:
            chunk = lease.own()
        except LostLease:
            return
        for number, problem in (without or {}).items():
            BatchRow.objects.filter(batch=chunk.batch_id, number=number).update(
                state=BatchRow.State.FAILED, problem=problem[:500]
            )
        if without:
            Batch.objects.filter(pk=chunk.batch_id).update(failed=F("failed") + len(without))
        _note_lapsed(chunk, why=why, at=at)
        chunk.state, chunk.lease_until = BatchChunk.State.WAITING, None
        chunk.intent_sha256 = ""
        chunk.save(update_fields=["state", "lease_until", "intent_sha256"])


def _note_lapsed(chunk: BatchChunk, *, why: str, at: datetime) -> None:
    """What may have been signed and was thrown away stays in the journal: no signature without an intent."""
    journal.record(
        verb="batch chunk planned anew",
        by=None,
        organisation_id=chunk.batch.organisation.public_id,
        object=chunk.batch,
        details={"chunk": chunk.number, "intent": chunk.intent_sha256, "key": chunk.key, "why": why},
        at=at,
    )


def _fail(chunk: BatchChunk, problem: str, *, at: datetime) -> None:
    failed = (
        BatchRow.objects.filter(
            batch=chunk.batch_id,
            number__gte=chunk.first,
            number__lte=chunk.last,
            state=BatchRow.State.WAITING,
        )
        .exclude(
            number__in=chunk.batch.credentials.filter(
                batch_number__gte=chunk.first, batch_number__lte=chunk.last
            ).values("batch_number")
        )
        .update(state=BatchRow.State.FAILED, problem=problem[:500])
    )
    Batch.objects.filter(pk=chunk.batch_id).update(failed=F("failed") + failed)
    _finish(chunk, awarded=0, at=at, state=BatchChunk.State.FAILED)


# Intend


def derived(seed: bytes, number: int) -> tuple[str, str, bytes]:
    """Identifier, subject and salt of the row with this number: 128, 122 and 256 bits nobody can guess."""
    made = hmac.digest(seed, number.to_bytes(8, "big"), sha512)
    identifier = urlsafe_b64encode(made[:16]).rstrip(b"=").decode("ascii")
    return identifier, uuid.UUID(bytes=made[16:32], version=4).urn, made[32:]


@dataclass(frozen=True, slots=True)
class _Made:
    """What a plan comes to: the same for whoever makes it."""

    chunk: BatchChunk
    press: Press
    awards: list[Award]
    prepared: list[Unsigned]
    issuer: signing.Issuer

    @classmethod
    def of(cls, chunk: BatchChunk) -> _Made:
        batch, at = chunk.batch, chunk.at
        assert at is not None, "a planned chunk has its plan (constraint)"
        assert chunk.status_list is not None
        issuer = _issuer(chunk)
        press = Press(batch.version, issuer, chunk.status_list)
        awards, prepared, refused = list(_awards(chunk)), [], {}
        for award in awards:
            try:
                prepared.append(press.prepare(award, at=at))
            except CairnError as error:
                refused[award.number] = str(error)
        if refused:
            raise RowsRefused(refused)
        return cls(chunk, press, awards, prepared, issuer)

    @property
    def inputs(self) -> list[bytes]:
        return [each.to_sign for each in self.prepared]

    @property
    def reference(self) -> str:
        return f"{self.chunk.batch.public_id}/{self.chunk.number}"

    def sign(self) -> list[bytes]:
        """The secured credentials, in the order of the rows."""
        signer = keys.signer_for(
            self.chunk.batch.organisation, purpose="chunk", intent=self.reference, key=self.chunk.key
        )
        signatures = signer.sign_many(self.inputs)
        return [each.finish(made) for each, made in zip(self.prepared, signatures, strict=True)]


def _issuer(chunk: BatchChunk) -> signing.Issuer:
    """With the key of the plan: after a rotation that one still finishes what was begun."""
    organisation = chunk.batch.organisation
    organisation.refresh_from_db(fields=["did"])
    key = SigningKey.objects.get(organisation=organisation, fragment=chunk.key)
    return signing.Issuer(
        organisation,
        organisation.did,
        identity.verification_method(organisation, key),
        key,
        installation.public_url(),
    )


def _awards(chunk: BatchChunk) -> Iterable[Award]:
    seed, at, status_list = bytes(chunk.seed or b""), chunk.at, chunk.status_list
    assert at is not None, "a planned chunk has its plan (constraint)"
    assert status_list is not None
    assert chunk.first_index_number is not None
    validity = chunk.batch.version.validity_days
    usual_end = at + timedelta(days=validity) if validity is not None else None
    own = set(_own_numbers(chunk))
    if chunk.batch.kind == Batch.Kind.REISSUE:
        from cairn_server.issuing import reissue  # stands above this module: it is a list of its own kind

        yield from reissue.awards(chunk, _rows(chunk))
        return
    index_number = chunk.first_index_number
    for number, key, values in _rows(chunk).values_list("number", "key", "values"):
        if number in own:
            continue
        public_id, subject, salt = derived(seed, number)
        earned, ends = values.get("issue_date"), values.get("expiry_date")
        more = {name: values[name] for name in MORE if name in values}
        yield Award(
            number=number,
            request_key=key,
            public_id=public_id,
            # A fresh identifier for each award, so that two awards of one person cannot be linked by it.
            subject_id=values.get("did") or subject,
            name=values["name"],
            email=values["email"],
            awarded_at=_start(earned) if earned else at,
            valid_from=at,
            valid_until=end_of_day(ends) if ends else usual_end,
            index=status_lists.index_of(status_list, index_number),
            email_salt=urlsafe_b64encode(sha256(b"email" + salt).digest()[:16]).rstrip(b"=").decode("ascii"),
            leaf_salt=salt,
            language=values.get("language", ""),
            texts={name: values[name] for name in TEXTS if values.get(name)},
            more=more or None,
        )
        index_number += 1


@lru_cache(maxsize=1_000)
def _start(day: str) -> datetime:
    return start_of_day(day)


def intend(lease: Lease, made: _Made) -> None:
    """Commit to what will be signed. Done again it is the same, or the lease is lost."""
    intent = keys.intent_digest(made.inputs)
    if made.chunk.state == BatchChunk.State.INTENDED and made.chunk.intent_sha256 != intent:
        raise signing.OwnProductRefused("chunk", "what was planned comes out otherwise the second time")
    with transaction.atomic(durable=True):
        chunk = lease.own()
        chunk.intent_sha256, chunk.state = intent, BatchChunk.State.INTENDED
        chunk.save(update_fields=["intent_sha256", "state"])
    made.chunk.intent_sha256, made.chunk.state = intent, BatchChunk.State.INTENDED


def intent_of(reference: str) -> keys.Intent | None:
    """What the signer may sign under ``<batch>/<chunk>``; nothing once the chunk is done."""
    batch_id, _slash, number = reference.partition("/")
    if not number.isdecimal():
        return None
    found = (
        BatchChunk.objects.filter(
            batch__public_id=batch_id, number=int(number), state=BatchChunk.State.INTENDED
        )
        .values_list("batch__organisation__public_id", "key", "intent_sha256", "at")
        .first()
    )
    if found is None:
        return None
    organisation, key, digest, at = found
    assert at is not None, "an intended chunk has its plan (constraint)"
    return keys.Intent(organisation=organisation, key=key, sha256=digest, at=at)


# Examine


def examine(
    awards: Sequence[Award], secured: Sequence[bytes], known: Mapping[str, bytes], *, at: datetime
) -> list[str]:
    """The digest of each as the log has it, after our own verifier has accepted every one.

    The same steps as ``cairn.Verifier``: read, gather, judge. What is gathered is gathered once, as all of
    them name the same issuer and the same list.
    """
    sources = signing.KnownBytes(known)
    materials = cairn.gather(cairn.read(secured[0]), sources, at=at)
    digests: list[str] = []
    refused: dict[int, str] = {}
    for award, each in zip(awards, secured, strict=True):
        report = cairn.judge(materials.about(cairn.read(each)), at=at)
        if not report.accepted:
            refused[award.number] = _why(report)
        digests.append(report.sha256)
    if len(refused) == len(awards) > 1:
        # What all of them suffer from is not in their rows.
        raise signing.OwnProductRefused("chunk", next(iter(refused.values())))
    if refused:
        raise RowsRefused(refused)
    return digests


def _why(report: cairn.Report) -> str:
    """What is wrong with one; where something could only not be seen, nothing is said about the row."""
    told = [found for found in report.findings if found.outcome is not cairn.Outcome.PASSED]
    why = "; ".join(f"{found.check}: {found.code}" for found in told)
    if all(found.outcome is cairn.Outcome.UNDECIDED for found in told):
        raise signing.OwnProductRefused("chunk", why)
    return why


# Store


def store(lease: Lease, made: _Made, secured: list[bytes], *, at: datetime) -> None:
    """Everything or nothing, and only with the newest token."""
    chunk, batch = made.chunk, made.chunk.batch
    assert chunk.at is not None, "a planned chunk has its plan (constraint)"
    assert chunk.status_list is not None
    known = signing.issuer_sources(batch.organisation) | status_lists.list_sources(chunk.status_list)
    logged = examine(made.awards, secured, known, at=max(at, chunk.at))
    dictionary = dictionary_of(batch.version, made.press, at=at)
    press = frames.Press(bytes(dictionary.content))
    digests = [sha256(each).digest() for each in secured]
    packed = [press.frame(each) for each in secured]
    reached("examined")
    with transaction.atomic():
        # First of all: a zombie stops here, before it has written a row.
        lease.own()
        count = len(secured)
        ids = storage.new_ids(Credential, count)
        leaves = storage.new_ids(PendingLeaf, count)
        _insert_credentials(made, ids)
        storage.insert(
            PendingLeaf,
            same={
                "label": PendingLeaf.Label.ISSUE,
                "format": SecuredCredential.Format.JSON,
                "issuer_did": made.issuer.did,
                "created_at": at,
            },
            columns=("id", "salt", "secured_sha256"),
            rows=zip(leaves, [award.leaf_salt for award in made.awards], logged, strict=True),
        )
        storage.insert(
            SecuredCredential,
            same={"format": SecuredCredential.Format.JSON, "dictionary_id": dictionary.pk},
            columns=("credential_id", "leaf_id", "secured", "digest", "sha256"),
            rows=zip(ids, leaves, packed, digests, logged, strict=True),
        )
        reached("written")
        # From here on others of the organisation wait for this commit, so it comes last.
        chunk.awarded = count
        Batch.objects.filter(pk=batch.pk).update(awarded=F("awarded") + count)
        journal.record(
            verb="credentials awarded",
            by=batch.started_by,
            organisation_id=batch.organisation.public_id,
            object=batch,
            details={
                "version": batch.version.public_id,
                "chunk": chunk.number,
                "awarded": count,
                "intent": chunk.intent_sha256,
                "key": made.issuer.verification_method,
                "digest": _digest_of(made.awards, digests),
            },
            at=at,
        )
        _finish(chunk, awarded=count, at=at)


def _insert_credentials(made: _Made, ids: Iterable[int]) -> None:
    chunk, batch = made.chunk, made.chunk.batch
    assert chunk.status_list is not None
    storage.insert(
        Credential,
        same={
            "organisation_id": batch.organisation_id,
            "version_id": batch.version_id,
            "batch_id": batch.pk,
            "issued_by_id": batch.started_by_id,
            "status_list_id": chunk.status_list.pk,
            "valid_from": chunk.at,
            "state": Credential.State.SIGNED,
            # The chunk has it, over all of them.
            "intent_sha256": "",
        },
        columns=(
            "id", "public_id", "batch_number", "request_key", "recipient_name", "recipient_email",
            "subject_id", "status_index", "awarded_at", "valid_until", "language", "more", "replaces_id",
            "first_id", *TEXTS,
        ),
        rows=(
            (
                pk, award.public_id, award.number, award.request_key, award.name, award.email,
                award.subject_id, award.index, storage.moment(award.awarded_at),
                storage.moment(award.valid_until), award.language, award.more, award.replaces_id,
                award.first_id,
                *[award.texts.get(name, "") for name in TEXTS],
            )
            for pk, award in zip(ids, made.awards, strict=True)
        ),
    )  # fmt: skip


def _digest_of(awards: Sequence[Award], digests: Sequence[bytes]) -> str:
    """Over identifier and bytes of each: a row that is changed later is not the one of the journal."""
    whole = sha256()
    for award, digest in zip(awards, digests, strict=True):
        whole.update(award.public_id.encode("ascii"))
        whole.update(digest)
    return whole.hexdigest()


def dictionary_of(version: AchievementVersion, press: Press, *, at: datetime) -> Dictionary:
    """The version's dictionary; the first chunk makes it, and nothing ever changes it."""
    found = Dictionary.objects.filter(version=version).order_by("pk").first()
    if found is not None:
        return found
    content = press.sample()
    made, _is_new = Dictionary.objects.get_or_create(
        sha256=sha256(content).hexdigest(),
        defaults={"version": version, "content": content, "created_at": at},
    )
    return made


def _finish(
    chunk: BatchChunk,
    *,
    awarded: int,
    at: datetime,
    state: BatchChunk.State = BatchChunk.State.DONE,
) -> None:
    """Close the chunk, and with the last one the batch."""
    chunk.state, chunk.awarded, chunk.finished_at, chunk.lease_until = state, awarded, at, None
    if not awarded:
        chunk.released_at = at
    chunk.save(update_fields=["state", "awarded", "finished_at", "lease_until", "released_at"])
    batch = Batch.objects.select_for_update(of=("self",)).get(pk=chunk.batch_id)
    if batch.finished_at is not None or batch.chunks.filter(state__in=AT_WORK).exists():
        return
    batch.finished_at = at
    if batch.state != Batch.State.CANCELLED:
        batch.state = Batch.State.DONE_WITH_ERRORS if batch.failed else Batch.State.DONE
    batch.save(update_fields=["state", "finished_at"])
    journal.record(
        verb="batch finished",
        by=batch.started_by,
        organisation_id=batch.organisation.public_id,
        object=batch,
        details=batch.counts(),
        at=at,
    )
