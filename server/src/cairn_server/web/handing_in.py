# SPDX-License-Identifier: Apache-2.0
"""One's own project: the brief, evidence, handing in, what the reviewers said, changes, an appeal.

One address for all of it. What can be done there follows from the state of the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.earning import services as earning
from cairn_server.projects import rubric, services
from cairn_server.projects.models import Appeal, Project, Work
from cairn_server.web import attachments, markdown
from cairn_server.web.access import person_of, refusals_on
from cairn_server.web.organisation import FORM_METHODS

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse, HttpResponseBase

    from cairn_server.accounts.models import Person


class StatementForm(forms.Form):
    statement = forms.CharField(
        label=gettext_lazy("What you did, and how it shows"),
        required=False,
        max_length=services.MAX_STATEMENT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("For the reviewers. Markdown."),
    )


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        help_text=gettext_lazy(
            "A PDF, a PNG or JPEG picture, a text, an office document without macros, or a ZIP file."
        ),
    )


class LinkForm(forms.Form):
    url = forms.CharField(
        label=gettext_lazy("Link"),
        max_length=services.MAX_URL,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    name = forms.CharField(label=gettext_lazy("What it shows"), required=False, max_length=services.MAX_NAME)
    is_public = forms.BooleanField(
        label=gettext_lazy("Put this link into my credential, where everybody can read it"), required=False
    )


class AppealForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("What should be looked at again, and why"),
        max_length=services.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


# Which form a button belongs to.
_FORMS: dict[str, type[forms.Form]] = {
    "save": StatementForm,
    "hand-in": StatementForm,
    "file": FileForm,
    "link": LinkForm,
    "appeal": AppealForm,
}


@require_http_methods(FORM_METHODS)
@login_required
def work(request: HttpRequest, project_id: str) -> HttpResponse:
    """For whoever works on something that asks for it, or has begun; to others it does not exist."""
    person, at = person_of(request), timezone.now()
    project = get_object_or_404(Project.objects.select_related("organisation"), public_id=project_id)
    mine = services.work_of(person, project)
    asked = earning.may_do_project(person, project)
    if mine is None and not asked:
        raise Http404
    do = request.POST.get("do", "") if request.method == "POST" else ""
    form = _FORMS[do](request.POST, request.FILES) if do in _FORMS else None
    if do == "begin" and mine is None:
        services.begin(project, by=person, at=at)
        return redirect("project-work", project.public_id)
    if mine is not None and form is None and do:
        _act(do, mine, request, by=person, at=at)
        return redirect("project-work", project.public_id)
    if mine is not None and form is not None and form.is_valid():
        with refusals_on(form):
            _write(do, mine, form.cleaned_data, by=person, at=at)
            messages.success(request, _("Handed in.") if do == "hand-in" else _("Saved."))
            return redirect("project-work", project.public_id)
    status = 422 if form is not None and form.errors else 200
    return render(request, "projects/work.html", _context(project, mine, person, do, form, at), status=status)


def _write(do: str, mine: Work, said: dict[str, Any], *, by: Person, at: datetime) -> None:
    if do in ("save", "hand-in"):
        services.write_statement(mine, by=by, statement=said["statement"], at=at)
        if do == "hand-in":
            services.hand_in(mine, by=by, at=at)
    elif do == "file":
        _room_for_a_file(mine, by)
        services.add_file(mine, by=by, attachment=attachments.accepted(said["file"]), at=at)
    elif do == "link":
        services.add_link(mine, by=by, at=at, **said)
    else:
        services.appeal(mine, by=by, reason=said["reason"], at=at)


def _room_for_a_file(mine: Work, by: Person) -> None:
    """Before a file is read and scanned for nothing. The verb asks again."""
    if mine.state != Work.State.DRAFT:
        raise services.WorkClosed


def _act(do: str, mine: Work, request: HttpRequest, *, by: Person, at: datetime) -> None:
    if do == "remove":
        evidence = get_object_or_404(
            services.evidence_for(by).filter(hand_in__work=mine),
            public_id=request.POST.get("evidence", ""),
        )
        services.remove_evidence(evidence, by=by, at=at)
        messages.success(request, _("Removed."))
    elif do == "changes":
        services.begin_changes(mine, by=by, at=at)


def _context(
    project: Project, mine: Work | None, person: Person, do: str, form: forms.Form | None, at: datetime
) -> dict[str, Any]:
    version = mine.version if mine else project.published
    # What was typed stays where it was typed; the other forms begin as they are stored.
    current = mine.current if mine else None
    fresh: dict[str, forms.Form] = {
        "statement": StatementForm(initial={"statement": current.statement if current else ""}),
        "file": FileForm(),
        "link": LinkForm(),
        "appeal": AppealForm(),
    }
    if form is not None:
        fresh[{"save": "statement", "hand-in": "statement"}.get(do, do)] = form
    rounds = mine.rounds.order_by("-number") if mine else []
    return {
        "project": project,
        "version": version,
        "work": mine,
        "brief": markdown.render(version.brief) if version else "",
        "rubric": rubric.read(version.rubric) if version else (),
        "current": current,
        "evidence": list(current.evidence.select_related("file")) if current else [],
        "statement": markdown.render(current.statement) if current else "",
        "due_at": services.due_at(person, mine) if mine else (version.due_at if version else None),
        "rounds": [(each, _said(each, person)) for each in rounds],
        "appeal": Appeal.objects.filter(hand_in=current).first() if current else None,
        "forms": fresh,
        "wrong": form if form is not None and form.errors else None,
        "at": at,
    }


def _said(round_: Any, person: Person) -> list[tuple[services.Said, str]]:
    return [(said, markdown.render(said.feedback)) for said in services.said_of(round_, by=person)]


@require_safe
@login_required
def file(request: HttpRequest, evidence_id: str) -> HttpResponseBase:
    """A file of one's own, or of work that one judges; never shown, only handed out."""
    found = get_object_or_404(
        services.evidence_for(person_of(request)).exclude(file=None), public_id=evidence_id
    )
    assert found.file is not None
    return attachments.answer(found.name, found.media_type, found.file.read(), size=found.file.size)
