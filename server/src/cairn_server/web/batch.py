# SPDX-License-Identifier: Apache-2.0
"""How a list stands: what was found in it, how far it is, and what became of each of its rows.

    batch             whatever state it is in: checking, checked, waiting for a second person, running, over
    batch-rows        who is on it, a page at a time; as a file, with what became of each
    batches           the lists of an organisation

There is always a number and never a spinner: with scripts the numbers refresh themselves, without there is a
link. Everything that is asked of the database for one page is bounded, however long the list is.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django import forms
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Sum
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cairn_server.issuing import batches, receiving
from cairn_server.issuing.incoming import ListFile
from cairn_server.issuing.lists import columns
from cairn_server.issuing.lists.checking import Reading
from cairn_server.issuing.models import Batch, BatchChunk, BatchRow, Credential, Delivery
from cairn_server.web import listing
from cairn_server.web.access import AWARD_READERS, Member, member_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from django.http import HttpRequest, HttpResponseBase


# The rate of the last minute tells more about the next one than the rate since the beginning.
RATE_OVER = timedelta(seconds=60)

State = Batch.State


def list_of(found: Batch) -> ListFile | None:
    """The list of a batch; those that came otherwise have none."""
    return ListFile.objects.filter(batch=found).select_related("batch__version__achievement").first()


def is_at_work(file: ListFile) -> bool:
    return file.state in (ListFile.State.WAITING, ListFile.State.CHECKING)


# Whatever state it is in


@require_safe
@member_page(*AWARD_READERS)
def batch(request: HttpRequest, member: Member, batch_id: str) -> HttpResponseBase:
    """One address for a list, from the moment it came until it is over."""
    found = member.batch(batch_id)
    if listing.wants_csv(request):
        return outcomes(found)
    file = list_of(found)
    if found.state == State.RECEIVED and file is not None:
        if file.state == ListFile.State.RECEIVED and member.may_issue:
            return redirect("list-columns", member.organisation.public_id, found.public_id)
        return _checking(request, member, found, file)
    if found.state == State.CHECKED:
        if request.headers.get("HX-Request"):
            return refreshed()
        return render(request, "issuing/list_checked.html", checked_context(request, member, found, file))
    return _running(request, member, found)


def refreshed() -> HttpResponse:
    """To a page that asked only for its numbers: something else has changed, load it all."""
    response = HttpResponse()
    response["HX-Refresh"] = "true"
    return response


def _checking(request: HttpRequest, member: Member, found: Batch, file: ListFile) -> HttpResponse:
    now = timezone.now()
    running = is_at_work(file)
    share = file.position / file.size if file.size else 0
    seconds = (now - file.begun_at).total_seconds() if file.begun_at else 0
    context = {
        "member": member,
        "batch": found,
        "file": file,
        "running": running,
        "percent": min(99, int(100 * share)),
        "left": timedelta(seconds=int(seconds / share - seconds)) if share > 0.01 and seconds > 1 else None,
        "address": reverse("batch", args=[member.organisation.public_id, found.public_id]),
    }
    if request.headers.get("HX-Request"):
        return render(request, "issuing/_checking.html", context) if running else refreshed()
    return render(request, "issuing/list_checking.html", context)


def checked_context(
    request: HttpRequest, member: Member, found: Batch, file: ListFile | None, mend_form: Any = None
) -> dict[str, Any]:
    limit = member.organisation.approval_above
    reading = file.read_as if file else Reading()
    pairs = list(zip(reading.headers, reading.fields, strict=True))
    return {
        "member": member,
        "batch": found,
        "file": file,
        "reading": reading,
        "read_columns": [(header, columns.label(field)) for header, field in pairs if field],
        "not_read": [header for header, field in pairs if header and not field],
        "fresh": found.waiting,
        "needs_approval": limit is not None and found.waiting > limit,
        "limit": limit,
        "earlier": batches.earlier(version=found.version, list_sha256=found.list_sha256)
        if found.list_sha256
        else None,
        "first_rows": first_rows(found),
        **problems_context(request, found, file, mend_form),
    }


def first_rows(found: Batch) -> Iterable[BatchRow]:
    return found.rows.filter(state=BatchRow.State.WAITING).order_by("number")[:3]


class ListFileField(forms.FileField):
    """A file with a list, of a size that is taken."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if file and file.size > settings.LIST_MAX_MB * 1_000_000:
            message = _("A list may have %d MB at most. Divide it.") % settings.LIST_MAX_MB
            raise ValidationError(message, code="limit-size")
        return file


class MendForm(forms.Form):
    file = ListFileField(
        label=gettext_lazy("The mended file"),
        help_text=gettext_lazy("As CSV or XLSX. Leave the column “Line” as it is."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,text/csv,text/plain"}),
    )


def problems_context(
    request: HttpRequest, found: Batch, file: ListFile | None, mend_form: MendForm | None = None
) -> dict[str, Any]:
    """Rows with problems: those that were left out or wait, and those that failed while they were awarded."""
    page = listing.page_of(request, Problems(found))  # type: ignore[arg-type]
    unkept = max(0, file.bad - receiving.MOST_PROBLEMS) if file is not None else 0
    return {
        "page": page,
        "open_rows": page.paginator.count + unkept,
        "can_mend": file is not None and found.state != State.CANCELLED,
        "unkept": unkept,
        "mend_form": mend_form or MendForm(),
    }


class Wrong(NamedTuple):
    """One line of the table of problems."""

    line: int
    column: str
    value: str
    rule: str


class Problems:
    """Both kinds of rows with problems as one sequence, cut by the page without reading the rest."""

    def __init__(self, found: Batch) -> None:
        self.kept = found.problems.all()
        self.failed = receiving.failed_rows(found)

    @cached_property
    def _kept(self) -> int:
        return self.kept.count()

    def count(self) -> int:
        return self._kept + self.failed.count()

    def __len__(self) -> int:
        return self.count()

    def __getitem__(self, wanted: slice) -> list[Wrong]:
        """Each problem of these rows."""
        rows = [
            Wrong(problem.line, problem.column, problem.value, problem.rule)
            for kept in self.kept[wanted]
            for problem in kept.told()
        ]
        start, stop = max(0, wanted.start - self._kept), max(0, wanted.stop - self._kept)
        return rows + [
            Wrong(row.values.get("line", row.number), "", row.values.get("email", ""), row.problem)
            for row in self.failed[start:stop]
        ]


def _running(request: HttpRequest, member: Member, found: Batch) -> HttpResponse:
    now = timezone.now()
    rate = rate_of(found, now)
    sent, unsent = mails_of(found)
    done = found.total - found.waiting
    told = found.released_at is not None
    context = {
        "member": member,
        "batch": found,
        "done": done,
        "percent": 100 * done // found.total if found.total else 100,
        "running": found.state in (State.QUEUED, State.RUNNING),
        # Not over before the mail is out: "awarded" is half of what somebody waits for here.
        "moves": found.state in (State.QUEUED, State.RUNNING)
        or (
            found.awarded > 0
            and found.state != State.PAUSED
            and sent + unsent < found.awarded
            and not_undone(found)
        ),
        "rate": round(rate) if rate >= 1 else None,
        "left": timedelta(seconds=int(found.waiting / rate)) if rate and found.waiting else None,
        "sent": sent,
        "unsent": unsent,
        "why_unsent": why_unsent(found) if unsent else [],
        "can_undo": member.may_issue and is_undoable(found, now),
        "release_in": found.release_at - now if is_undoable(found, now) and found.release_at else None,
        "told": told,
        "was": found.state,
        "address": reverse("batch", args=[member.organisation.public_id, found.public_id]),
    }
    if request.headers.get("HX-Request"):
        if request.GET.get("was") != found.state:
            return refreshed()
        return render(request, "issuing/_progress.html", context)
    file = list_of(found)
    context |= {
        **problems_context(request, found, file),
        "may_act": member.may_issue,
        "may_approve": member.may_issue and member.person != found.started_by,
        "first_rows": first_rows(found) if found.state == State.AWAITING_APPROVAL else (),
    }
    return render(request, "issuing/batch.html", context)


def not_undone(found: Batch) -> bool:
    """Nobody is told of what was undone."""
    return not (found.state == State.CANCELLED and found.released_at is not None)


def is_undoable(found: Batch, now: datetime) -> bool:
    return (
        found.release_at is not None
        and found.released_at is None
        and found.release_at > now
        and found.state not in (State.AWAITING_APPROVAL, State.CANCELLED)
    )


def rate_of(found: Batch, now: datetime) -> float:
    """Rows a second, over the last minute or since the beginning; nothing while it stands still."""
    if found.begun_at is None:
        return 0.0
    since = max(now - RATE_OVER, found.begun_at)
    rows = BatchChunk.objects.filter(batch=found, state="done", finished_at__gte=since).aggregate(
        n=Sum("rows")
    )
    return (rows["n"] or 0) / max(1.0, (now - since).total_seconds())


def mails_of(found: Batch) -> tuple[int, int]:
    """E-mails sent and failed. Of a long list they are counted twice a minute and not for every glance."""

    def count() -> tuple[int, int]:
        mails = Delivery.objects.filter(credential__batch=found, kind=Delivery.Kind.AWARDED)
        return (
            mails.filter(state=Delivery.State.SENT).count(),
            mails.filter(state=Delivery.State.FAILED).count(),
        )

    if found.total < 10_000:
        return count()
    return cache.get_or_set(f"mails-of-batch-{found.pk}", count, 30) or (0, 0)


def why_unsent(found: Batch) -> list[tuple[str, int]]:
    """Why e-mails failed, the most frequent first; not in a mail server's words, which name people."""
    failed = Delivery.objects.filter(
        credential__batch=found, kind=Delivery.Kind.AWARDED, state=Delivery.State.FAILED
    )
    said: Counter[str] = Counter()
    for problem, number in failed.order_by().values_list("problem").annotate(n=Count("pk")):
        if problem.startswith(("returned 5.1.", "not sent: bounced", "returned 5.2.1")):
            said[_("The address does not exist")] += number
        elif problem.startswith("returned"):
            said[_("The mail server of the reader took it and sent it back")] += number
        elif problem.startswith("not sent: complained"):
            said[_("The reader reported an earlier message as unwanted")] += number
        else:
            said[_("The mail server did not take it, in three days of trying")] += number
    return said.most_common()


# Looking


@require_safe
@member_page(*AWARD_READERS)
def index(request: HttpRequest, member: Member) -> HttpResponse:
    """The lists of an organisation, the newest first."""
    rows = (
        Batch.objects.filter(organisation=member.organisation)
        .select_related("version", "started_by")
        .order_by("-created_at", "-pk")
    )
    return render(request, "issuing/batches.html", {"member": member, "page": listing.page_of(request, rows)})


@require_safe
@member_page(*AWARD_READERS)
def batch_rows(request: HttpRequest, member: Member, batch_id: str) -> HttpResponse:
    """Who is on a list, and what became of each, a page at a time."""
    found = member.batch(batch_id)
    page = _Counted(found.rows.order_by("number"), listing.ROWS_PER_PAGE, found.total).get_page(
        request.GET.get("page")
    )
    rows = list(page.object_list)
    credentials = dict(
        Credential.objects.filter(
            organisation=found.organisation, request_key__in=[row.key for row in rows]
        ).values_list("request_key", "public_id")
    )
    context = {
        "member": member,
        "batch": found,
        "page": page,
        "rows": [(row, _state_of(row, credentials.get(row.key)), credentials.get(row.key)) for row in rows],
    }
    return render(request, "issuing/batch_rows.html", context)


def _state_of(row: BatchRow, credential: str | None) -> str:
    """A row is not touched when it was awarded; its credential says so."""
    if row.state == BatchRow.State.WAITING and credential is not None:
        return BatchRow.State.AWARDED
    return row.state


class _Counted(Paginator):
    """A paginator that knows how many there are: counting a million rows for each page is work."""

    def __init__(self, rows: Any, per_page: int, known: int) -> None:
        super().__init__(rows, per_page)
        self.known = known

    @cached_property
    def count(self) -> int:
        return self.known


def outcomes(found: Batch) -> HttpResponseBase:
    """Every row of the list with what became of it, also those that were left out."""
    return listing.csv_download(
        "list",
        [_("Line"), _("Name"), _("E-mail"), _("State"), _("Why"), _("Address")],
        _outcome_rows(found),
    )


def _outcome_rows(found: Batch) -> Iterator[list[object]]:
    words = dict(BatchRow.State.choices)
    for row, state, credential in batches.outcomes(found):
        yield [
            row.values.get("line", row.number),
            row.values.get("name"),
            row.values.get("email"),
            words[BatchRow.State(state)],
            row.problem,
            f"{settings.PUBLIC_URL}/c/{credential}" if credential else "",
        ]
    for kept in found.problems.iterator():
        said = " ".join(problem.sentence for problem in kept.told())
        yield [kept.line, "", "", _("Left out"), said, ""]
