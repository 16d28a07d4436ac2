# SPDX-License-Identifier: Apache-2.0
"""For authors: projects with their rubrics, who works on them, and later deadlines for single people."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cairn_server.organisations import roles
from cairn_server.organisations.roles import SIGNERS
from cairn_server.projects import authoring, rubric
from cairn_server.projects.models import Project, ProjectVersion, Work
from cairn_server.web import listing, markdown
from cairn_server.web.access import ISSUERS, READERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse, QueryDict

LEVELS = 5  # lines of a criterion in the form


def project_of(member: Member, project_id: str) -> Project:
    return get_object_or_404(
        Project.objects.visible_to(member.person).select_related("organisation"),
        organisation=member.organisation,
        public_id=project_id,
    )


@require_safe
@member_page(*READERS)
def index(request: HttpRequest, member: Member) -> HttpResponse:
    query = listing.query_of(request)
    found = (
        Project.objects.visible_to(member.person)
        .filter(organisation=member.organisation, name__icontains=query)
        .annotate(
            people=Count("works", distinct=True),
            open=Count("versions", filter=Q(versions__state="published"), distinct=True),
        )
        .order_by("archived_at", "name", "pk")
    )
    context = {"member": member, "page": listing.page_of(request, found), "query": query}
    return render(request, "projects/index.html", context)


class ProjectForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=authoring.MAX_NAME)
    brief = forms.CharField(
        label=gettext_lazy("What is to be done"),
        required=False,
        max_length=authoring.MAX_BRIEF,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("And what counts as evidence of it. Markdown."),
    )
    reviewers = forms.TypedChoiceField(
        label=gettext_lazy("Reviewers"),
        choices=[("1", gettext_lazy("One")), ("2", gettext_lazy("Two, and a third when they disagree"))],
        coerce=int,
        widget=forms.RadioSelect,
    )
    most_rounds = forms.IntegerField(
        label=gettext_lazy("How often it may be handed in"),
        required=False,
        min_value=1,
        max_value=authoring.MAX_ROUNDS,
        help_text=gettext_lazy("Empty: until it is good enough."),
    )
    due_on = forms.DateField(
        label=gettext_lazy("Deadline"),
        required=False,
        widget=listing.DateInput(),
        help_text=gettext_lazy("The last day in UTC, for handing in the first time. Empty: none."),
    )


class LevelForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Level"), required=False, max_length=rubric.MAX_NAME)
    points = forms.IntegerField(
        label=gettext_lazy("Points"), required=False, min_value=0, max_value=rubric.MAX_POINTS
    )
    description = forms.CharField(
        label=gettext_lazy("How it shows"), required=False, max_length=rubric.MAX_DESCRIPTION
    )


class CriterionForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("What is looked at"), max_length=rubric.MAX_NAME)
    description = forms.CharField(
        label=gettext_lazy("In other words"), required=False, max_length=rubric.MAX_DESCRIPTION
    )
    needed = forms.TypedChoiceField(
        label=gettext_lazy("Enough from level"),
        choices=[(str(place), str(place + 1)) for place in range(LEVELS)],
        coerce=int,
    )

    def __init__(self, *args: Any, levels: list[LevelForm], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.levels = levels

    def said(self) -> dict[str, Any]:
        levels = [
            {**each.cleaned_data, "points": each.cleaned_data["points"] or 0}
            for each in self.levels
            if each.cleaned_data["name"] or each.cleaned_data["points"] is not None
        ]
        return {**self.cleaned_data, "levels": levels}


def _usual_levels() -> list[dict[str, Any]]:
    return [
        {"name": _("Not yet"), "points": 0},
        {"name": _("Good"), "points": 1},
        {"name": _("Very good"), "points": 2},
    ]


class Editor:
    """The form of a project and the rows of its rubric, as one thing.

    Adding and removing a criterion are submit buttons: they come back with what was typed and save nothing,
    so the editor needs no script.
    """

    def __init__(self, data: QueryDict | None, stored: ProjectVersion | None) -> None:
        self.do = data.get("do", "save") if data is not None else ""
        if data is None:
            self.form = ProjectForm(initial=_stored(stored))
            found = stored.rubric if stored else []
            self.criteria = [
                self._criterion(number, None, each)
                for number, each in enumerate(found or [{"levels": _usual_levels(), "needed": 1}])
            ]
            return
        count = data.get("criteria", "0")
        total = int(count) if count.isascii() and count.isdecimal() and len(count) < 4 else 0
        total = min(total, rubric.MAX_CRITERIA)
        if self.do == "save":
            self.form = ProjectForm(data)
            self.criteria = [self._criterion(number, data, {}) for number in range(total)]
            return
        typed = [self._typed(number, data) for number in range(total)]
        verb, _dash, which = self.do.rpartition("-")
        if self.do == "add-criterion" and total < rubric.MAX_CRITERIA:
            typed.append({"levels": _usual_levels(), "needed": 1})
        elif verb == "remove-criterion" and which in map(str, range(total)):
            del typed[int(which)]
        self.form = ProjectForm(initial={name: data.get(name, "") for name in ProjectForm.base_fields})
        self.criteria = [self._criterion(number, None, each) for number, each in enumerate(typed)]

    @staticmethod
    def _criterion(number: int, data: QueryDict | None, initial: dict[str, Any]) -> CriterionForm:
        there = initial.get("levels", [])
        levels = [
            LevelForm(
                data, prefix=f"c{number}-l{place}", initial=there[place] if place < len(there) else None
            )
            for place in range(LEVELS)
        ]
        return CriterionForm(data, prefix=f"c{number}", initial=initial, levels=levels)

    @staticmethod
    def _typed(number: int, data: QueryDict) -> dict[str, Any]:
        fields = {name: data.get(f"c{number}-{name}", "") for name in CriterionForm.base_fields}
        levels = [
            {name: data.get(f"c{number}-l{place}-{name}", "") for name in LevelForm.base_fields}
            for place in range(LEVELS)
        ]
        return {**fields, "levels": levels}

    def is_valid(self) -> bool:
        parts = [self.form, *self.criteria, *(level for each in self.criteria for level in each.levels)]
        # All of them, so that every mistake is shown at once.
        wrong = [part for part in parts if not part.is_valid()]
        return self.do == "save" and not wrong

    @property
    def status(self) -> int:
        return 422 if self.do == "save" and (not self.is_valid() or self.form.errors) else 200

    def said(self) -> dict[str, Any]:
        fields = {**self.form.cleaned_data}
        due_on = fields.pop("due_on")
        due_at = datetime.combine(due_on, time.max, UTC) if due_on else None
        return {**fields, "due_at": due_at, "rubric": [each.said() for each in self.criteria]}


def _stored(version: ProjectVersion | None) -> dict[str, Any]:
    if version is None:
        return {"reviewers": "1"}
    fields = {name: getattr(version, name) for name in ("name", "brief", "reviewers", "most_rounds")}
    return {**fields, "due_on": version.due_at.date() if version.due_at else None}


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def new(request: HttpRequest, member: Member) -> HttpResponse:
    return _edit(request, member, None)


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def edit(request: HttpRequest, member: Member, project_id: str) -> HttpResponse:
    return _edit(request, member, project_of(member, project_id))


def _edit(request: HttpRequest, member: Member, project: Project | None) -> HttpResponse:
    current = (project.draft or project.published) if project else None
    editor = Editor(posted(request), current)
    if request.method == "POST" and editor.is_valid():
        with refusals_on(editor.form):
            said, at = editor.said(), timezone.now()
            if project is None:
                made = authoring.draft_project(
                    by=member.person, organisation=member.organisation, fields=said, at=at
                )
            else:
                made = authoring.edit_project(project, by=member.person, fields=said, at=at)
            return redirect("project", member.organisation.public_id, made.project.public_id)
    context = {"member": member, "project": project, "editor": editor}
    return render(request, "projects/edit.html", context, status=editor.status)


class ExtensionForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("E-mail address of the person"))
    due_on = forms.DateField(
        label=gettext_lazy("Their last day"),
        required=False,
        widget=listing.DateInput(),
        help_text=gettext_lazy("Empty takes a later deadline away."),
    )


@require_http_methods(FORM_METHODS)
@member_page(*READERS)
def detail(request: HttpRequest, member: Member, project_id: str) -> HttpResponse:
    """Its state, its rubric, who works on it. Nobody sees here what somebody has not handed in."""
    project = project_of(member, project_id)
    if request.method == "POST":
        roles.require(member.person, SIGNERS, member.organisation)
    form = ExtensionForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            day = form.cleaned_data["due_on"]
            authoring.extend(
                project,
                by=member.person,
                email=form.cleaned_data["email"],
                due_at=datetime.combine(day, time.max, UTC) if day else None,
                at=timezone.now(),
            )
            messages.success(request, _("Saved."))
            return redirect("project", member.organisation.public_id, project.public_id)
    works = project.works.exclude(state=Work.State.DRAFT).select_related("person").order_by("-pk")
    published, draft = project.published, project.draft
    shown = draft or published
    assert shown is not None, "a project is made together with its first version"
    context = {
        "member": member,
        "project": project,
        "published": published,
        "draft": draft,
        "shown": shown,
        "brief": markdown.render(shown.brief),
        "rubric": rubric.read(shown.rubric),
        "page": listing.page_of(request, works),
        "extensions": project.extensions.all(),
        "form": form,
    }
    return render(request, "projects/detail.html", context, status=status_of(form))


@require_POST
@member_page(*ISSUERS)
def act(request: HttpRequest, member: Member, project_id: str) -> HttpResponse:
    """Publish the draft, or archive the whole."""
    project = project_of(member, project_id)
    at = timezone.now()
    match request.POST.get("do"):
        case "publish":
            try:
                authoring.publish_project(project, by=member.person, at=at)
            except rubric.BadProject as refusal:
                messages.warning(request, str(refusal.message))
            else:
                messages.success(request, _("Published. People can begin it now."))
        case "archive":
            authoring.archive_project(project, by=member.person, at=at)
            messages.success(request, _("Archived. Nobody begins it any more."))
    return redirect("project", member.organisation.public_id, project.public_id)
