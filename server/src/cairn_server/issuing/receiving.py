# SPDX-License-Identifier: Apache-2.0
"""A list comes in: keep it, look at it, settle its columns, check every line, mend, and hand it on.

    receive   the file is kept, and how it is written is found out
    choose    what its columns are is settled
    check     every line is read: good ones become rows of the batch, others are kept with what is wrong
    mend      lines with problems come back in a file, and take their place
    accept    the batch starts (``batches.start``)
    discard   nothing of it is kept

Nobody is awarded before ``accept``, and a list with a problem is accepted only by somebody who says that the
lines with problems are to be left out (B117). A check is done in pieces, each in one transaction with how far
it is; a check that was cut off begins again from the first line.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext as _

from cairn_server.errors import Refusal
from cairn_server.issuing import batches, services, storage
from cairn_server.issuing.incoming import PART_BYTES, ColumnChoice, ListFile, ListPart, ListProblem
from cairn_server.issuing.lists import checking, columns, mending
from cairn_server.issuing.lists.problems import Problem, Unreadable, shown
from cairn_server.issuing.lists.rows import BadRow, Row, cells_of
from cairn_server.issuing.models import Batch, BatchRow
from cairn_server.journal import services as journal
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import require_signer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.db.models import QuerySet

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.issuing.lists.checking import Reading, Survey
    from cairn_server.organisations.models import Organisation

# A list up to this size is checked while somebody waits for the page; a larger one in the background.
AT_ONCE_BYTES = 256 * 1024
# Rows of one piece: one transaction, one COPY, one question what was awarded before.
PIECE = 1_000
# Lines with problems that are kept, to be shown and mended. Who has more mends the list itself.
MOST_PROBLEMS = 10_000
# A check that has not said for so long how far it is was cut off.
LEASE = timedelta(seconds=60)
# What nobody starts is forgotten.
KEPT_FOR = timedelta(days=7)

State = ListFile.State


class ListUnreadable(Refusal):
    """The list as a whole cannot be read. Nothing of it was kept."""

    def __init__(self, problem: Problem) -> None:
        super().__init__("list-unreadable", problem.sentence, status=422)
        self.problem = problem


class NotWaiting(Refusal):
    """The list is past this step."""

    def __init__(self) -> None:
        super().__init__("list-settled", _("This list was started already, or is being checked just now."))


# Coming in


@transaction.atomic
def receive(
    *,
    by: Person,
    version: AchievementVersion,
    name: str,
    content: BinaryIO,
    most_rows: int,
    at: datetime,
    request_key: str | None = None,
) -> ListFile:
    """Keep a list that was brought, and find out how it is written. Nothing of it is read as final."""
    organisation = services.fresh(version.organisation)
    require_signer(by, organisation)
    services.require_awardable(version)
    try:
        found = checking.survey(content, remembered=remembered(organisation))
    except Unreadable as error:
        raise ListUnreadable(error.problem) from error
    sha256 = digest_of(content)
    name = clean_name(name)
    batch = batches.receive(by=by, version=version, source_name=name, list_sha256=sha256, at=at)
    content.seek(0)
    file = ListFile.objects.create(
        batch=batch,
        organisation=organisation,
        request_key=request_key,
        name=name,
        size=0,
        sha256=sha256,
        by=by,
        received_at=at,
        most_rows=most_rows,
        reading=found.reading.to_json(),
    )
    number = 0
    while piece := content.read(PART_BYTES):
        ListPart.objects.create(file=file, number=number, content=piece)
        file.size += len(piece)
        number += 1
    file.save(update_fields=["size"])
    return file


def digest_of(content: BinaryIO) -> str:
    content.seek(0)
    return hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]


def clean_name(name: str) -> str:
    """What a file was called, as text and never as a path (B119)."""
    last = name.replace("\\", "/").rpartition("/")[2].strip()
    return "" if has_hidden_characters(last) else last[:200]


def look(file: ListFile, *, chosen: Reading | None = None) -> Survey:
    """The first rows of a list, read as it is settled so far, or as somebody chooses just now."""
    try:
        with file.open() as content:
            return checking.survey(
                content, chosen=chosen or file.read_as, remembered=remembered(file.organisation)
            )
    except Unreadable as error:
        raise ListUnreadable(error.problem) from error


def remembered(organisation: Organisation) -> dict[str, str]:
    """What this organisation chose columns to be, by their plain names."""
    return dict(ColumnChoice.objects.filter(organisation=organisation).values_list("header", "field"))


@transaction.atomic
def choose(file: ListFile, *, by: Person, reading: Reading | None = None) -> ListFile:
    """Settle how the list is read, as it was guessed or as somebody says. An earlier check is forgotten."""
    require_signer(by, services.fresh(file.organisation))
    batch = _locked(file.batch, Batch.State.RECEIVED, Batch.State.CHECKED)
    current = ListFile.objects.select_for_update().get(pk=file.pk)
    if current.state == State.CHECKING:
        raise NotWaiting
    survey = look(current, chosen=reading)
    if problems := columns.problems_of(survey.reading.headers, survey.reading.fields):
        raise ListUnreadable(problems[0])
    _remember(current.organisation, survey.reading)
    current.reading = survey.reading.to_json()
    current.state = State.WAITING
    current.save(update_fields=["reading", "state"])
    batch.mapping = {
        field: header for header, field in zip(survey.reading.headers, survey.reading.fields, strict=True)
        if field
    }  # fmt: skip
    batch.state = Batch.State.RECEIVED
    batch.save(update_fields=["mapping", "state"])
    return current


def _remember(organisation: Organisation, reading: Reading) -> None:
    """Only what we would not have guessed; and what was remembered wrongly is mended."""
    for header, field in zip(reading.headers, reading.fields, strict=True):
        name = columns.normal(header)
        if not name or len(name) > 100:
            continue
        base = columns.base(field)[0] if field else ""
        if columns.base(columns.field_of(header))[0] == base:
            ColumnChoice.objects.filter(organisation=organisation, header=name).delete()
        else:
            ColumnChoice.objects.update_or_create(
                organisation=organisation, header=name, defaults={"field": base}
            )


# Checking


def check_waiting(*, at: datetime) -> int:
    """Check the lists that wait for it, also one whose check was cut off; how many there were."""
    waiting = ListFile.objects.filter(
        Q(state=State.WAITING) | Q(state=State.CHECKING, lease_until__lt=at)
    ).order_by("pk")
    count = 0
    for file in waiting[:10]:
        check(file, at=at)
        count += 1
    return count


def check(file: ListFile, *, at: datetime) -> ListFile:
    """Read every line. Of several that try, also on several machines, one does."""
    begun = time.monotonic()
    taken = _take(file, at=at)
    if taken is None:
        return file
    fatal: Problem | None = None
    try:
        with taken.open() as content:
            rows = checking.read(content, taken.read_as, at=at, most_rows=taken.most_rows)
            while piece := list(islice(rows, PIECE)):
                now = at + timedelta(seconds=time.monotonic() - begun)
                if not _write(taken, piece, position=content.tell(), at=now):
                    return taken  # somebody else has it by now
    except Unreadable as error:
        fatal = error.problem
    _finish(taken, fatal, at=at + timedelta(seconds=time.monotonic() - begun))
    taken.refresh_from_db()
    if taken.starts_itself and taken.state == State.CHECKED and taken.by is not None:
        _start_itself(taken, at=at)
    return taken


@transaction.atomic
def _take(file: ListFile, *, at: datetime) -> ListFile | None:
    """The list, for us alone until the lease is over; begun anew, whatever was found before."""
    current = (
        ListFile.objects.select_for_update().select_related("batch__version__achievement").get(pk=file.pk)
    )
    is_free = current.state == State.WAITING or (
        current.state == State.CHECKING and current.lease_until is not None and current.lease_until < at
    )
    if not is_free or current.batch.state != Batch.State.RECEIVED:
        return None
    _forget_rows(current.batch)
    current.state, current.token, current.lease_until = State.CHECKING, current.token + 1, at + LEASE
    current.begun_at, current.checked_at, current.fatal = at, None, None
    current.position = current.lines = current.good = current.already = current.bad = 0
    current.asks_day_first = False
    current.save()
    return current


def _forget_rows(batch: Batch) -> None:
    BatchRow.objects.filter(batch=batch).delete()
    ListProblem.objects.filter(batch=batch).delete()
    Batch.objects.filter(pk=batch.pk).update(total=0, already=0)


@transaction.atomic
def _write(file: ListFile, piece: list[Row | BadRow], *, position: int, at: datetime) -> bool:
    """Some lines that were read, and how far the check is; False when it is not ours any more."""
    good = [row for row in piece if isinstance(row, Row)]
    bad = [row for row in piece if isinstance(row, BadRow)]
    before, others = _awarded_before(file.batch.version, good, file.read_as)
    bad += others
    if others:
        lines = {row.line for row in others}
        good = [row for row in good if row.line not in lines]
    ours = ListFile.objects.filter(pk=file.pk, token=file.token, state=State.CHECKING).update(
        position=position,
        lines=F("lines") + len(piece),
        good=F("good") + len(good),
        already=F("already") + len(before),
        bad=F("bad") + len(bad),
        lease_until=at + LEASE,
        **({"asks_day_first": True} if _asks(bad) else {}),
    )
    if not ours:
        return False
    _keep_rows(file.batch, ((row.line, row) for row in good), before)
    room = MOST_PROBLEMS - ListProblem.objects.filter(batch=file.batch).count() if bad else 0
    ListProblem.objects.bulk_create(_kept(file.batch, row) for row in bad[: max(0, room)])
    return True


def _asks(bad: Iterable[BadRow]) -> bool:
    return any(problem.code == "date-two-ways" for row in bad for problem in row.problems)


def _kept(batch: Batch, row: BadRow) -> ListProblem:
    problems = [problem.to_json() for problem in row.problems]
    return ListProblem(batch=batch, line=row.line, cells=row.cells, problems=problems)


def request_key(version: AchievementVersion, key: str) -> str:
    """The key of a row's award: the same person in the same list for the same version is the same award."""
    return f"list:{version.public_id}:{key}"


def _awarded_before(
    version: AchievementVersion, good: Iterable[Row], reading: Reading
) -> tuple[set[int], list[BadRow]]:
    """The lines that were awarded before; and those whose number of the row belongs to somebody else."""
    rows = {request_key(version, row.key): row for row in good}
    before, others = set(), []
    for key, email, *_rest in storage.awarded_before(version.achievement.organisation_id, rows):
        row = rows[key]
        if email == row.email:
            before.add(row.line)
            continue
        value = row.values["external_id"]
        column = reading.headers[reading.fields.index("external_id")]
        others.append(
            BadRow(
                row.line,
                cells_of(row.values, reading.fields),
                [Problem(row.line, column, shown(value), "key-other")],
            )
        )
    return before, others


def _keep_rows(batch: Batch, numbered: Iterable[tuple[int, Row]], before: set[int]) -> None:
    """Rows of the batch under their numbers; ``before`` has the lines that were awarded before."""
    already: list[int] = []
    rows = []
    for number, row in numbered:
        values = row.values if number == row.line else {**row.values, "line": row.line}
        rows.append((number, request_key(batch.version, row.key), values))
        if row.line in before:
            already.append(number)
    storage.copy_rows(batch, rows)
    if already:
        BatchRow.objects.filter(batch=batch, number__in=already).update(state=BatchRow.State.ALREADY)
    Batch.objects.filter(pk=batch.pk).update(
        total=F("total") + len(rows), already=F("already") + len(already)
    )


@transaction.atomic
def _finish(file: ListFile, fatal: Problem | None, *, at: datetime) -> None:
    ours = ListFile.objects.filter(pk=file.pk, token=file.token, state=State.CHECKING).update(
        state=State.CHECKED if fatal is None else State.UNREADABLE,
        fatal=None if fatal is None else {**fatal.to_json(), "line": fatal.line},
        checked_at=at,
        lease_until=None,
    )
    if not ours:
        return
    if fatal is None:
        Batch.objects.filter(pk=file.batch_id).update(state=Batch.State.CHECKED)
    else:
        _forget_rows(file.batch)


def _start_itself(file: ListFile, *, at: datetime) -> None:
    """Nobody looks at a page: what is refused stays as it is, checked, and can be read over the API."""
    assert file.by is not None, "asked by the caller"
    try:
        accept(file.batch, by=file.by, leave_out=file.leaves_out, at=at)
    except Refusal:
        return


# Starting, or not


@transaction.atomic
def accept(batch: Batch, *, by: Person, leave_out: bool, at: datetime) -> Batch:
    """Start a list that was checked. ``leave_out`` says that lines with problems are left out of it."""
    require_signer(by, services.fresh(batch.organisation))
    current = _locked(batch, Batch.State.CHECKED)
    if not leave_out and ListProblem.objects.filter(batch=current).exists():
        raise batches.ListHasProblems
    started = batches.start(current, by=by, at=at)
    ListPart.objects.filter(file__batch=current).delete()
    return started


@transaction.atomic
def discard(batch: Batch, *, by: Person, at: datetime) -> None:
    """Keep nothing of a list that was not started."""
    organisation = services.fresh(batch.organisation)
    require_signer(by, organisation)
    current = _locked(batch, Batch.State.RECEIVED, Batch.State.CHECKED)
    journal.record(
        verb="list discarded", by=by, organisation_id=organisation.public_id, object=current, at=at
    )
    _forget(current)


def forget_old_lists(*, at: datetime) -> int:
    """Forget what nobody started within a week, and lines with problems that nobody mended within four."""
    old = Batch.objects.filter(
        state__in=[Batch.State.RECEIVED, Batch.State.CHECKED],
        created_at__lt=at - KEPT_FOR,
        list__isnull=False,
    )
    count = 0
    for batch in old[:100]:
        with transaction.atomic():
            _forget(batch)
        count += 1
    ListProblem.objects.filter(batch__created_at__lt=at - 4 * KEPT_FOR).delete()
    return count


def _forget(batch: Batch) -> None:
    ListPart.objects.filter(file__batch=batch).delete()
    _forget_rows(batch)
    batch.delete()


def _locked(batch: Batch, *states: Batch.State) -> Batch:
    current = (
        Batch.objects.select_for_update(of=("self",)).select_related("version__achievement").get(pk=batch.pk)
    )
    if current.state not in states:
        raise NotWaiting
    return current


# Mending


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of a file that came back: how many rows are good now, and what is wrong with the others."""

    good: int
    problems: tuple[Problem, ...]


def problem_rows(batch: Batch) -> Iterator[list[object]]:
    """Header and rows of the file that goes out to be mended."""
    reading = batch.list.read_as
    width = len(reading.headers)
    yield list(mending.header(reading))
    for kept in batch.problems.iterator():
        yield mending.line_of(kept.cells, kept.told(), columns=width, line=kept.line)
    for row in failed_rows(batch).iterator():
        cells = cells_of(row.values, reading.fields)
        yield [*cells, row.values.get("line", row.number), row.problem]


def failed_rows(batch: Batch) -> QuerySet[BatchRow]:
    return BatchRow.objects.filter(batch=batch, state=BatchRow.State.FAILED).order_by("number")


@transaction.atomic
def mend(batch: Batch, *, by: Person, content: BinaryIO, at: datetime) -> Mended:
    """Lines that had problems come back. Each good one takes its place; the others are kept as they are now.

    Before the start a mended row gets the number that its line would have had. Afterwards chunks are cut,
    so it comes after the last row, and the one that failed is marked as mended: nobody is awarded twice,
    because only lines that awarded nobody can be mended, and the key of a row holds beyond this batch.
    """
    organisation = services.fresh(batch.organisation)
    require_signer(by, organisation)
    current = (
        Batch.objects.select_for_update(of=("self",)).select_related("version__achievement").get(pk=batch.pk)
    )
    if current.state in (Batch.State.RECEIVED, Batch.State.CANCELLED):
        raise NotWaiting
    kept = {each.line: each for each in current.problems.all()}
    failed = {row.values.get("line", row.number): row for row in failed_rows(current)}
    good, bad, stray = _read_mended(current, content, waiting=kept.keys() | failed.keys(), at=at)
    before, others = _awarded_before(current.version, good, current.list.read_as)
    taken = others + _twice(current, good)
    lines = {row.line for row in taken}
    good = [row for row in good if row.line not in lines]
    bad += taken

    is_started = current.state != Batch.State.CHECKED
    last = BatchRow.objects.filter(batch=current).aggregate(last=Max("number"))["last"] or 1
    numbered = [(last + n, row) if is_started else (row.line, row) for n, row in enumerate(good, start=1)]
    _keep_rows(current, numbered, before)
    _settle(current, [row.line for row in good], [row for row in bad if row.line in kept], failed)
    journal.record(
        verb="list mended",
        by=by,
        organisation_id=organisation.public_id,
        object=current,
        details={"rows": len(good), "problems": len(bad)},
        at=at,
    )
    if is_started and good:
        current.refresh_from_db()
        batches.queue_more(current, by=by, at=at)
    return Mended(len(good), (*stray, *(problem for row in bad for problem in row.problems)))


def _read_mended(
    batch: Batch, content: BinaryIO, *, waiting: Iterable[int], at: datetime
) -> tuple[list[Row], list[BadRow], list[Problem]]:
    """Rows that are good now, rows that are not, and what was no row that waits."""
    read = mending.read_mended(
        content, batch.list.read_as, waiting=frozenset(waiting), at=at, most_rows=2 * MOST_PROBLEMS
    )
    try:
        found = list(read)
    except Unreadable as error:
        raise ListUnreadable(error.problem) from error
    return (
        [row for row in found if isinstance(row, Row)],
        [row for row in found if isinstance(row, BadRow)],
        [row for row in found if isinstance(row, Problem)],
    )


def _twice(batch: Batch, good: list[Row]) -> list[BadRow]:
    """Mended rows that are in the list already, or twice among themselves."""
    reading = batch.list.read_as
    keys = {request_key(batch.version, row.key): row for row in good}
    places = dict(
        BatchRow.objects.filter(batch=batch, key__in=keys)
        .exclude(state__in=[BatchRow.State.FAILED, BatchRow.State.MENDED])
        .values_list("key", "number")
    )
    seen: dict[str, int] = {}
    found = []
    for row in good:
        line = places.get(request_key(batch.version, row.key), seen.get(row.key))
        if line is not None:
            found.append(checking.twice(row, cells_of(row.values, reading.fields), line, reading))
        seen[row.key] = row.line
    return found


def _settle(batch: Batch, mended: list[int], still: list[BadRow], failed: dict[int, BatchRow]) -> None:
    """What was mended waits no more; what is still wrong is kept as it is now."""
    ListProblem.objects.filter(batch=batch, line__in=[*mended, *(row.line for row in still)]).delete()
    ListProblem.objects.bulk_create(_kept(batch, row) for row in still)
    numbers = [failed[line].number for line in mended if line in failed]
    BatchRow.objects.filter(batch=batch, number__in=numbers).update(state=BatchRow.State.MENDED)
    Batch.objects.filter(pk=batch.pk).update(
        failed=F("failed") - len(numbers), mended=F("mended") + len(numbers)
    )
