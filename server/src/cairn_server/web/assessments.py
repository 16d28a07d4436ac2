# SPDX-License-Identifier: Apache-2.0
"""For authors: assessments, their versions, their figures, and more time for single people."""

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
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cairn_server.assessments import authoring
from cairn_server.assessments.models import Assessment, AssessmentVersion, Attempt
from cairn_server.organisations import roles
from cairn_server.organisations.roles import SIGNERS
from cairn_server.web import listing, markdown
from cairn_server.web.access import AWARD_READERS, ISSUERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse, HttpResponseBase

    from cairn_server.assessments.models import QuestionGroup


def assessment_of(member: Member, assessment_id: str) -> Assessment:
    return get_object_or_404(
        Assessment.objects.visible_to(member.person).select_related("organisation"),
        organisation=member.organisation,
        public_id=assessment_id,
    )


@require_safe
@member_page(*AWARD_READERS)
def index(request: HttpRequest, member: Member) -> HttpResponse:
    query = listing.query_of(request)
    found = (
        Assessment.objects.visible_to(member.person)
        .filter(organisation=member.organisation, name__icontains=query)
        .annotate(
            people=Count("attempts__person", distinct=True),
            open=Count("versions", filter=Q(versions__state="published"), distinct=True),
        )
        .order_by("archived_at", "name", "pk")
    )
    context = {
        "member": member,
        "page": listing.page_of(request, found),
        "query": query,
        "groups": member.organisation.question_groups.count(),
    }
    return render(request, "assessments/index.html", context)


class AssessmentForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=authoring.MAX_NAME)
    introduction = forms.CharField(
        label=gettext_lazy("What people read before they begin"),
        required=False,
        max_length=authoring.MAX_INTRODUCTION,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("What it is about and what may be used. Markdown."),
    )
    pass_mark = forms.IntegerField(
        label=gettext_lazy("Pass mark, in per cent of the points"), min_value=1, max_value=100
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Time limit, in minutes"),
        required=False,
        min_value=1,
        max_value=authoring.MAX_MINUTES,
        help_text=gettext_lazy("Empty: no limit. Use one only where speed is part of what is assessed."),
    )
    most_attempts = forms.IntegerField(
        label=gettext_lazy("Attempts"),
        required=False,
        min_value=1,
        max_value=authoring.MAX_ATTEMPTS,
        help_text=gettext_lazy("Empty: as many as one likes."),
    )
    wait_hours = forms.IntegerField(
        label=gettext_lazy("Hours between two attempts"),
        required=False,
        min_value=0,
        max_value=authoring.MAX_WAIT_HOURS,
    )
    feedback = forms.ChoiceField(
        label=gettext_lazy("What people see once they have handed in"),
        choices=AssessmentVersion.Feedback.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Right answers that are shown after every attempt can be passed on."),
    )
    shuffles = forms.BooleanField(
        label=gettext_lazy("Ask in another order each time, answers too"), required=False
    )

    def __init__(self, *args: Any, groups: list[QuestionGroup], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups = groups
        for group in groups:
            there = group.questions.filter(retired_at=None).count()
            self.fields[f"draw-{group.public_id}"] = forms.IntegerField(
                label=_("Questions of “%(group)s”") % {"group": group.name},
                required=False,
                min_value=0,
                max_value=authoring.MAX_QUESTIONS,
                help_text=_("There are %(count)s.") % {"count": there},
            )

    @property
    def draws(self) -> list[forms.BoundField]:
        return [self[f"draw-{group.public_id}"] for group in self.groups]

    def said(self) -> dict[str, Any]:
        fields = {name: self.cleaned_data[name] for name in self.base_fields}
        draws = [
            {"group": group.public_id, "count": count}
            for group in self.groups
            if (count := self.cleaned_data.get(f"draw-{group.public_id}"))
        ]
        return fields | {"draws": draws}


def _stored(version: AssessmentVersion | None) -> dict[str, Any]:
    if version is None:
        return {"pass_mark": 70, "feedback": "marks", "shuffles": True}
    fields = {name: getattr(version, name) for name in AssessmentForm.base_fields}
    return fields | {f"draw-{draw['group']}": draw["count"] for draw in version.draws}


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def new(request: HttpRequest, member: Member) -> HttpResponse:
    return _edit(request, member, None)


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def edit(request: HttpRequest, member: Member, assessment_id: str) -> HttpResponse:
    return _edit(request, member, assessment_of(member, assessment_id))


def _edit(request: HttpRequest, member: Member, assessment: Assessment | None) -> HttpResponse:
    current = (assessment.draft or assessment.published) if assessment else None
    form = AssessmentForm(
        posted(request), initial=_stored(current), groups=list(member.organisation.question_groups.all())
    )
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            said, at = form.said(), timezone.now()
            if assessment is None:
                made = authoring.draft_assessment(
                    by=member.person, organisation=member.organisation, fields=said, at=at
                )
            else:
                made = authoring.edit_assessment(assessment, by=member.person, fields=said, at=at)
            return redirect("assessment", member.organisation.public_id, made.assessment.public_id)
    context = {"member": member, "assessment": assessment, "form": form}
    return render(request, "assessments/edit.html", context, status=status_of(form))


class ArrangementForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("E-mail address of the person"))
    extra_time = forms.IntegerField(
        label=gettext_lazy("More time, in per cent"),
        min_value=0,
        max_value=authoring.MAX_EXTRA_TIME,
        initial=25,
    )
    extra_attempts = forms.IntegerField(
        label=gettext_lazy("More attempts"), min_value=0, max_value=authoring.MAX_ATTEMPTS, initial=0
    )


@require_http_methods(FORM_METHODS)
@member_page(*AWARD_READERS)
def detail(request: HttpRequest, member: Member, assessment_id: str) -> HttpResponse:
    """Its state, what people answered, who took it; and more time for one of them."""
    assessment = assessment_of(member, assessment_id)
    if request.method == "POST":
        roles.require(member.person, SIGNERS, member.organisation)
    form = ArrangementForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            authoring.arrange(assessment, by=member.person, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("assessment", member.organisation.public_id, assessment.public_id)
    attempts = assessment.attempts.exclude(state=Attempt.State.OPEN).select_related("person", "version")
    context = {
        "member": member,
        "assessment": assessment,
        "published": assessment.published,
        "draft": assessment.draft,
        "versions": assessment.versions.filter(state=AssessmentVersion.State.PUBLISHED).order_by("-number"),
        "tallies": authoring.tallies(assessment),
        "fewest": authoring.FEWEST,
        "page": listing.page_of(request, attempts.order_by("-handed_in_at", "-pk")),
        "arrangements": assessment.arrangements.all(),
        "form": form,
    }
    return render(request, "assessments/detail.html", context, status=status_of(form))


@require_safe
@member_page(*AWARD_READERS)
def version(request: HttpRequest, member: Member, assessment_id: str, number: int) -> HttpResponseBase:
    """A published version with its questions and answers, as people were asked; also years later."""
    assessment = assessment_of(member, assessment_id)
    found = assessment.versions.filter(number=number, state=AssessmentVersion.State.PUBLISHED).first()
    if found is None:
        raise Http404
    pool = [
        (entry.question, markdown.render(entry.question.text), markdown.render(entry.question.explanation))
        for entry in found.pool.select_related("question").order_by("draw", "pk")
    ]
    context = {"member": member, "assessment": assessment, "version": found, "pool": pool}
    return render(request, "assessments/version.html", context)


@require_POST
@member_page(*ISSUERS)
def act(request: HttpRequest, member: Member, assessment_id: str) -> HttpResponse:
    """Publish the draft, or archive the whole."""
    assessment = assessment_of(member, assessment_id)
    at = timezone.now()
    match request.POST.get("do"):
        case "publish":
            try:
                authoring.publish_assessment(assessment, by=member.person, at=at)
            except authoring.BadAssessment as refusal:
                messages.warning(request, str(refusal.message))
            else:
                messages.success(request, _("Published. People can take it now."))
        case "archive":
            authoring.archive_assessment(assessment, by=member.person, at=at)
            messages.success(request, _("Archived. Nobody begins it any more."))
    return redirect("assessment", member.organisation.public_id, assessment.public_id)
