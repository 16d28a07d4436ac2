# SPDX-License-Identifier: Apache-2.0
"""Awarding to a list: bring it, say what its columns are, start it, mend it. How it stands: ``web.batch``.

award-list        a file or pasted rows, and what is awarded
list-columns      how it was read, and what each column is
batch-act         what can be done to it: start, approve, pause, go on, cancel, undo, …
batch-problems    the rows with problems as a file; batch-mend takes it back
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cairn_server.errors import NotAllowed, Refusal
from cairn_server.issuing import batches, receiving
from cairn_server.issuing.lists import columns
from cairn_server.issuing.lists.checking import Reading
from cairn_server.issuing.lists.text import ENCODINGS
from cairn_server.issuing.models import Batch
from cairn_server.organisations import roles
from cairn_server.web import listing
from cairn_server.web.access import ISSUERS, Member, member_page, refusals_on
from cairn_server.web.batch import ListFileField, MendForm, is_at_work, list_of, problems_context
from cairn_server.web.issuing import ChooseForm, awardable
from cairn_server.web.organisation import FORM_METHODS, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from django.http import HttpRequest, HttpResponseBase

    from cairn_server.issuing.lists.checking import Survey

# Pasted text travels as one field of a form; a longer list is a file.
LARGEST_TEXT = 1_500_000

State = Batch.State


# Bringing it


class ListForm(ChooseForm):
    file = ListFileField(
        label=gettext_lazy("A file"),
        required=False,
        help_text=gettext_lazy("CSV or XLSX, from any spreadsheet. How it is written, we find out."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.ndjson,text/csv,text/plain"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Or paste the rows"),
        required=False,
        max_length=LARGEST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "code", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "With the line of headings: e-mail and name are needed, everything else is optional."
        ),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        if cleaned["file"]:
            cleaned["content"], cleaned["name"] = cleaned["file"].file, cleaned["file"].name
        elif cleaned["text"].strip():
            cleaned["content"], cleaned["name"] = io.BytesIO(cleaned["text"].encode()), ""
        else:
            self.add_error("file", _("Choose a file, or paste the rows."))
        return cleaned


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def award_list(request: HttpRequest, member: Member) -> HttpResponse:
    roles.require_signer(member.person, member.organisation)
    versions = awardable(member)
    if not versions:
        return render(request, "issuing/nothing_to_award.html", {"member": member})
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ListForm(*data, initial={"version": request.GET.get("version", "")}, versions=versions)
    if data and form.is_valid():
        given = form.cleaned_data
        with refusals_on(form):
            file = receiving.receive(
                by=member.person,
                version=given["version"],
                name=given["name"],
                content=given["content"],
                most_rows=settings.LIST_MAX_ROWS,
                at=timezone.now(),
            )
            return redirect("list-columns", member.organisation.public_id, file.batch.public_id)
    return render(request, "issuing/list.html", {"member": member, "form": form}, status=status_of(form))


# What its columns are


class ColumnsForm(forms.Form):
    """How a list is read. One choice for each of its columns, guessed or remembered."""

    encoding = forms.ChoiceField(label=gettext_lazy("Letters"), required=False)
    separator = forms.ChoiceField(
        label=gettext_lazy("Separated by"),
        required=False,
        choices=[
            (",", gettext_lazy("comma")),
            (";", gettext_lazy("semicolon")),
            ("\t", gettext_lazy("tab")),
            ("|", gettext_lazy("bar")),
        ],
    )
    sheet = forms.ChoiceField(label=gettext_lazy("Sheet"), required=False)
    dates = forms.ChoiceField(
        label=gettext_lazy("How dates are written"),
        required=False,
        widget=forms.RadioSelect,
        choices=[
            ("day", gettext_lazy("Day first: 03/04/2026 is 3 April")),
            ("month", gettext_lazy("Month first: 03/04/2026 is 4 March")),
        ],
    )

    def __init__(self, *args: Any, survey: Survey, **kwargs: Any) -> None:
        self.survey = survey
        reading = survey.reading
        said = {True: "day", False: "month", None: ""}[reading.day_first]
        kwargs["initial"] = {
            "encoding": reading.encoding,
            "separator": reading.separator,
            "sheet": reading.sheet,
            "dates": said,
            **{f"column_{place}": field for place, field in enumerate(reading.fields)},
        }
        super().__init__(*args, **kwargs)
        self.fields["encoding"].choices = list(ENCODINGS.items())  # type: ignore[attr-defined]
        self.fields["sheet"].choices = [(name, name) for name in survey.sheets]  # type: ignore[attr-defined]
        fields = [("", _("Do not read")), *((name, columns.label(name)) for name in columns.FIELDS)]
        for place, header in enumerate(reading.headers):
            self.fields[f"column_{place}"] = forms.ChoiceField(
                label=header or _("Column %d") % (place + 1), required=False, choices=fields
            )

    @property
    def columns(self) -> Iterator[tuple[Any, list[str]]]:
        """Each column's choice, and what stands in it in the first rows."""
        for place in range(len(self.survey.reading.headers)):
            cells = [row[place] for _line, row in self.survey.first_rows if place < len(row)]
            yield self[f"column_{place}"], [cell for cell in cells if cell]

    def chosen(self, *, with_columns: bool) -> Reading:
        given = self.cleaned_data
        headers = self.survey.reading.headers
        return Reading(
            encoding=given["encoding"],
            separator=given["separator"],
            sheet=given["sheet"],
            fields=tuple(given[f"column_{place}"] for place in range(len(headers))) if with_columns else (),
            day_first={"day": True, "month": False}.get(given["dates"]),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors or self.data.get("do") != "check":
            return cleaned
        headers = self.survey.reading.headers
        fields = self.chosen(with_columns=True).fields
        for problem in columns.problems_of(headers, fields):
            place = headers.index(problem.column) if problem.column in headers else None
            self.add_error(None if place is None else f"column_{place}", problem.rule.capitalize())
        if self.survey.asks_day_first and not cleaned["dates"]:
            self.add_error("dates", _("Say whether the day or the month comes first."))
        return cleaned


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def list_columns(request: HttpRequest, member: Member, batch_id: str) -> HttpResponse:
    """What was found out, and what each column is. Nothing is read as final before this page said so."""
    found = member.batch(batch_id)
    file = list_of(found)
    if file is None or found.state not in (State.RECEIVED, State.CHECKED) or is_at_work(file):
        return redirect("batch", member.organisation.public_id, found.public_id)
    do = request.POST.get("do", "")
    survey = receiving.look(file)
    form = ColumnsForm(request.POST if do else None, survey=survey)
    if do and form.is_valid():
        with refusals_on(form):
            if do == "look":  # the same list, read another way
                form = ColumnsForm(survey=receiving.look(file, chosen=form.chosen(with_columns=False)))
            else:
                receiving.choose(file, by=member.person, reading=form.chosen(with_columns=True))
                if file.size <= receiving.AT_ONCE_BYTES:
                    receiving.check(file, at=timezone.now())
                return redirect("batch", member.organisation.public_id, found.public_id)
    context = {
        "member": member,
        "batch": found,
        "file": file,
        "form": form,
        "survey": form.survey,
        "earlier": batches.earlier(version=found.version, list_sha256=found.list_sha256),
    }
    return render(request, "issuing/list_columns.html", context, status=status_of(form))


# What can be done to it


def _start(request: HttpRequest, member: Member, found: Batch, at: datetime) -> str:
    leave_out = request.POST.get("leave_out") == "1"
    started = receiving.accept(found, by=member.person, leave_out=leave_out, at=at)
    if started.state == State.AWAITING_APPROVAL:
        return _("Ready. Somebody else of your organisation has to approve it now.")
    return _("Started. You may close this page.")


def _undo(request: HttpRequest, member: Member, found: Batch, at: datetime) -> str:
    reason = request.POST.get("reason", "").strip() or _("Undone before anybody was told")
    batches.undo(found, by=member.person, reason=reason[:500], at=at)
    return _("Undone. What was signed is revoked, and nobody is told.")


def _discard(request: HttpRequest, member: Member, found: Batch, at: datetime) -> str:
    receiving.discard(found, by=member.person, at=at)
    return _("Discarded. Nothing of the list was kept.")


def _verb(verb: Callable[..., object], said: Any) -> Callable[..., str]:
    def act(request: HttpRequest, member: Member, found: Batch, at: datetime) -> str:
        verb(found, by=member.person, at=at)
        return str(said)

    return act


ACTS: dict[str, Callable[..., str]] = {
    "start": _start,
    "discard": _discard,
    "approve": _verb(batches.approve, gettext_lazy("Approved. It is being awarded now.")),
    "pause": _verb(
        batches.pause, gettext_lazy("Paused. What is in work is finished, and nothing new is begun.")
    ),
    "resume": _verb(batches.resume, gettext_lazy("It goes on.")),
    "cancel": _verb(batches.cancel, gettext_lazy("Cancelled. What was not signed yet is not signed.")),
    "release": _verb(batches.release_now, gettext_lazy("The e-mails go out now.")),
    "undo": _undo,
}


@require_POST
@member_page(*ISSUERS)
def act(request: HttpRequest, member: Member, batch_id: str) -> HttpResponse:
    found = member.batch(batch_id)
    chosen = ACTS.get(request.POST.get("do", ""))
    if chosen is None:
        return redirect("batch", member.organisation.public_id, found.public_id)
    try:
        messages.success(request, chosen(request, member, found, timezone.now()))
    except NotAllowed:
        raise
    except Refusal as refusal:
        # The page below shows how it stands now, which is the answer to most of these.
        messages.error(request, str(refusal.message))
    if request.POST["do"] == "discard" and not Batch.objects.filter(pk=found.pk).exists():
        return redirect("award-list", member.organisation.public_id)
    return redirect("batch", member.organisation.public_id, found.public_id)


# Mending


@require_safe
@member_page(*ISSUERS)
def problems_file(request: HttpRequest, member: Member, batch_id: str) -> HttpResponseBase:
    """The rows with problems, each with what is wrong, to be mended and brought back."""
    found = member.batch(batch_id)
    if list_of(found) is None:
        raise Http404
    rows = receiving.problem_rows(found)
    return listing.csv_download("rows-to-mend", map(str, next(rows)), rows)


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def mend(request: HttpRequest, member: Member, batch_id: str) -> HttpResponse:
    found = member.batch(batch_id)
    file = list_of(found)
    if file is None:
        raise Http404
    form = MendForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if form.is_valid():
        with refusals_on(form):
            given = form.cleaned_data["file"]
            mended = receiving.mend(found, by=member.person, content=given.file, at=timezone.now())
            _tell(request, mended)
            return redirect("batch", member.organisation.public_id, found.public_id)
    context = {"member": member, "batch": found, **problems_context(request, found, file, form)}
    return render(request, "issuing/list_mend.html", context, status=status_of(form))


def _tell(request: HttpRequest, mended: receiving.Mended) -> None:
    if mended.good:
        messages.success(
            request,
            ngettext("%d row was mended.", "%d rows were mended.", mended.good) % mended.good,
        )
    strays = [problem for problem in mended.problems if problem.code.startswith("line-")]
    for problem in strays[:5]:
        messages.warning(request, problem.sentence)
    others = len(mended.problems) - len(strays)
    if others or not mended.good:
        messages.warning(
            request,
            ngettext("%d problem is left.", "%d problems are left.", others) % others
            if others
            else _("No row of this file could be used."),
        )
