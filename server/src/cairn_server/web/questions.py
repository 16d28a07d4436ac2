# SPDX-License-Identifier: Apache-2.0
"""For authors: the bank of questions, by groups. The form of a question has the fields of its kind alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cairn_server.assessments import authoring, questions
from cairn_server.assessments.models import Question, QuestionGroup, QuestionVersion
from cairn_server.organisations import roles
from cairn_server.organisations.roles import SIGNERS
from cairn_server.web import listing
from cairn_server.web.access import AWARD_READERS, ISSUERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

Kind = QuestionVersion.Kind


class GroupForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the group"),
        max_length=authoring.MAX_NAME,
        help_text=gettext_lazy("Questions of which one is as good as another: an assessment draws some."),
    )


@require_http_methods(FORM_METHODS)
@member_page(*AWARD_READERS)
def index(request: HttpRequest, member: Member) -> HttpResponse:
    form = GroupForm(posted(request))
    if request.method == "POST":
        roles.require(member.person, SIGNERS, member.organisation)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = authoring.make_group(
                by=member.person, organisation=member.organisation, at=timezone.now(), **form.cleaned_data
            )
            return redirect("question-group", member.organisation.public_id, made.public_id)
    groups = member.organisation.question_groups.annotate(
        size=Count("questions", filter=Q(questions__retired_at=None))
    )
    context = {"member": member, "page": listing.page_of(request, groups.order_by("name")), "form": form}
    return render(request, "assessments/bank.html", context, status=status_of(form))


def group_of(member: Member, group_id: str) -> QuestionGroup:
    return get_object_or_404(member.organisation.question_groups, public_id=group_id)


@require_http_methods(FORM_METHODS)
@member_page(*AWARD_READERS)
def group(request: HttpRequest, member: Member, group_id: str) -> HttpResponse:
    found = group_of(member, group_id)
    if request.method == "POST":
        roles.require(member.person, SIGNERS, member.organisation)
    form = GroupForm(posted(request), initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            authoring.rename_group(found, by=member.person, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("question-group", member.organisation.public_id, found.public_id)
    page = listing.page_of(request, found.questions.order_by("retired_at", "pk"))
    context = {
        "member": member,
        "group": found,
        "page": page,
        "rows": [(each, each.current) for each in page],
        "kinds": Kind.choices,
        "form": form,
    }
    return render(request, "assessments/group.html", context, status=status_of(form))


class QuestionForm(forms.Form):
    """The fields of one kind; ``said`` is what ``questions.checked`` takes."""

    text = forms.CharField(
        label=gettext_lazy("Question"),
        max_length=questions.MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Markdown."),
    )
    points = forms.IntegerField(
        label=gettext_lazy("Points"), min_value=1, max_value=questions.MAX_POINTS, initial=1
    )
    explanation = forms.CharField(
        label=gettext_lazy("Why it is so"),
        required=False,
        max_length=questions.MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Shown with the right answer, where the assessment shows those. Markdown."),
    )

    def __init__(self, *args: Any, kind: str, groups: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.fields["group"] = forms.ChoiceField(label=_("Group"), choices=groups)
        self.option_fields: list[tuple[forms.BoundField, forms.BoundField]] = []
        if kind in (Kind.SINGLE, Kind.MULTIPLE):
            self._add_options()
        elif kind == Kind.NUMBER:
            self.fields["value"] = forms.CharField(label=_("Right number"), max_length=40)
            self.fields["tolerance"] = forms.CharField(
                label=_("How far off it may be"),
                max_length=40,
                required=False,
                help_text=_("Empty: not at all. 0.5 takes 12 to 13 where 12.5 is right."),
            )
        else:
            self.fields["accepted"] = forms.CharField(
                label=_("Right answers, one a line"),
                required=False,
                widget=forms.Textarea(attrs={"rows": 4}),
                help_text=_("Capitals, spaces and a full stop at the end do not count."),
            )
            self.fields["by_hand"] = forms.BooleanField(
                label=_("A person marks what is none of these"), required=False
            )

    def _add_options(self) -> None:
        for number in range(questions.MAX_OPTIONS):
            self.fields[f"option-{number}"] = forms.CharField(
                label=_("Answer %(number)s") % {"number": number + 1},
                max_length=questions.MAX_OPTION,
                required=False,
            )
            self.fields[f"right-{number}"] = forms.BooleanField(
                label=_("Answer %(number)s is right") % {"number": number + 1}, required=False
            )
            self.option_fields.append((self[f"option-{number}"], self[f"right-{number}"]))

    def said(self) -> dict[str, Any]:
        clean = self.cleaned_data
        return {
            "kind": self.kind,
            "text": clean["text"],
            "points": clean["points"],
            "explanation": clean["explanation"],
            "options": [
                {"text": clean[f"option-{number}"], "right": clean[f"right-{number}"]}
                for number in range(len(self.option_fields))
            ],
            "value": clean.get("value", ""),
            "tolerance": clean.get("tolerance", ""),
            "accepted": clean.get("accepted", "").splitlines(),
            "by_hand": clean.get("by_hand", False),
        }


def _stored(version: QuestionVersion) -> dict[str, Any]:
    found: dict[str, Any] = {
        "group": version.question.group.public_id,
        "text": version.text,
        "points": version.points,
        "explanation": version.explanation,
        "value": version.value,
        "tolerance": "" if version.tolerance == "0" else version.tolerance,
        "accepted": "\n".join(version.accepted),
        "by_hand": version.by_hand,
    }
    for number, option in enumerate(version.options):
        found |= {f"option-{number}": option["text"], f"right-{number}": option["right"]}
    return found


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def new(request: HttpRequest, member: Member, group_id: str, kind: str) -> HttpResponse:
    if kind not in Kind.values:
        raise Http404
    return _edit(request, member, group_of(member, group_id), kind, None)


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def edit(request: HttpRequest, member: Member, question_id: str) -> HttpResponse:
    question = get_object_or_404(
        Question.objects.select_related("group"),
        group__organisation=member.organisation,
        public_id=question_id,
    )
    if request.method == "POST" and request.POST.get("do") in ("retire", "take-back"):
        retired = request.POST["do"] == "retire"
        authoring.retire_question(question, by=member.person, retired=retired, at=timezone.now())
        return redirect("question-group", member.organisation.public_id, question.group.public_id)
    return _edit(request, member, question.group, question.current.kind, question)


def _edit(
    request: HttpRequest, member: Member, found: QuestionGroup, kind: str, question: Question | None
) -> HttpResponse:
    groups = {each.public_id: each for each in member.organisation.question_groups.all()}
    initial = _stored(question.current) if question else {"group": found.public_id}
    form = QuestionForm(
        posted(request), kind=kind, groups=[(key, each.name) for key, each in groups.items()], initial=initial
    )
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            target = groups[form.cleaned_data["group"]]
            authoring.write_question(
                by=member.person, group=target, fields=form.said(), question=question, at=timezone.now()
            )
            messages.success(request, _("Saved."))
            return redirect("question-group", member.organisation.public_id, target.public_id)
    context = {
        "member": member,
        "group": found,
        "question": question,
        "kind": Kind(kind).label,
        "form": form,
    }
    return render(request, "assessments/question.html", context, status=status_of(form))
