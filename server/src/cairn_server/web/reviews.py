# SPDX-License-Identifier: Apache-2.0
"""For reviewers: what waits, a review, an appeal, an answer to mark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cairn_server.assessments import services as assessments
from cairn_server.assessments.models import Answer
from cairn_server.earning import services as earning
from cairn_server.organisations.roles import Role
from cairn_server.projects import reviewing, rubric
from cairn_server.projects.models import Appeal, HandIn, Review, Work
from cairn_server.web import listing, markdown
from cairn_server.web.access import Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

REVIEWERS = (Role.OWNER, Role.ISSUER, Role.REVIEWER)


@require_safe
@member_page(*REVIEWERS)
def index(request: HttpRequest, member: Member) -> HttpResponse:
    """One's own seats, seats to take, appeals, answers to mark: of this organisation, and never one's own."""
    person, organisation = member.person, member.organisation
    colleagues = (
        organisation.memberships.filter(role__in=REVIEWERS)
        .exclude(person=person)
        .select_related("person")
        .order_by("person__name", "pk")
    )
    context = {
        "member": member,
        "mine": reviewing.seats_of(organisation, person)[:100],
        "page": listing.page_of(request, reviewing.waiting(organisation, person)),
        "appeals": reviewing.appeals(organisation, person)[:100],
        "answers": assessments.to_mark(person, organisation)[:100],
        "colleagues": {each.person.public_id: each.person for each in colleagues} if member.may_issue else {},
    }
    return render(request, "reviews/index.html", context)


@require_POST
@member_page(*REVIEWERS)
def seat(request: HttpRequest, member: Member, hand_in_id: str) -> HttpResponse:
    """Take a free seat, give it to a colleague, or take an appeal."""
    found = get_object_or_404(
        HandIn.objects.exclude(handed_in_at=None).select_related("work__project__organisation"),
        work__project__organisation=member.organisation,
        public_id=hand_in_id,
    )
    at = timezone.now()
    try:
        if request.POST.get("do") == "appeal":
            appeal = get_object_or_404(Appeal, hand_in=found)
            made = reviewing.take_appeal(appeal, by=member.person, at=at)
        elif colleague := request.POST.get("colleague"):
            reviewing.assign(found, by=member.person, reviewer=member.colleague(colleague), at=at)
            messages.success(request, _("Given to a colleague."))
            return redirect("reviews", member.organisation.public_id)
        else:
            made = reviewing.take(found, by=member.person, at=at)
    except reviewing.CannotReview as refusal:
        messages.warning(request, str(refusal.message))
        return redirect("reviews", member.organisation.public_id)
    return redirect("review", member.organisation.public_id, made.public_id)


class ReviewForm(forms.Form):
    feedback = forms.CharField(
        label=gettext_lazy("Feedback"),
        required=False,
        max_length=reviewing.MAX_FEEDBACK,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("The learner reads it without your name. Needed when something is missing."),
    )

    def __init__(self, *args: Any, criteria: rubric.Rubric, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.criteria = criteria
        for each in criteria:
            self.fields[each.id] = forms.ChoiceField(
                label=each.name,
                widget=forms.RadioSelect,
                choices=[(level.id, _level(level, place, each)) for place, level in enumerate(each.levels)],
                help_text=each.description,
                error_messages={"required": _("Choose a level.")},
            )

    @property
    def levels(self) -> list[forms.BoundField]:
        return [self[each.id] for each in self.criteria]

    def said(self) -> dict[str, str]:
        return {each.id: self.cleaned_data[each.id] for each in self.criteria}


def _level(level: rubric.Level, place: int, criterion: rubric.Criterion) -> str:
    words = f"{level.name} ({level.points})"
    if place == criterion.needed:
        words = _("%(level)s – enough from here") % {"level": words}
    return f"{words}: {level.description}" if level.description else words


@require_http_methods(FORM_METHODS)
@member_page(*REVIEWERS)
def review(request: HttpRequest, member: Member, review_id: str) -> HttpResponse:
    """One's own seat: the work, its evidence, the rubric. What others said is shown once one has decided."""
    found = get_object_or_404(
        Review.objects.filter(
            reviewer=member.person, hand_in__work__project__organisation=member.organisation
        ).select_related(
            "hand_in__work__version", "hand_in__work__project__organisation", "hand_in__work__person"
        ),
        public_id=review_id,
    )
    work, hand_in = found.hand_in.work, found.hand_in
    criteria = rubric.read(work.version.rubric)
    if request.method == "POST" and request.POST.get("do") == "release":
        reviewing.release(found, by=member.person, at=timezone.now())
        messages.success(request, _("Given back."))
        return redirect("reviews", member.organisation.public_id)
    form = ReviewForm(posted(request), criteria=criteria)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            at = timezone.now()
            decided = reviewing.decide(
                found, by=member.person, levels=form.said(), feedback=form.cleaned_data["feedback"], at=at
            )
            if decided.state == Work.State.ACCEPTED:
                earning.reconsider(work.person, at=at)
            messages.success(request, _("Decided."))
            return redirect("review", member.organisation.public_id, found.public_id)
    earlier = work.rounds.filter(number__lt=hand_in.number).order_by("-number")
    others = hand_in.reviews.exclude(pk=found.pk).exclude(decided_at=None)
    context = {
        "member": member,
        "review": found,
        "work": work,
        "hand_in": hand_in,
        "brief": markdown.render(work.version.brief),
        "statement": markdown.render(hand_in.statement),
        "evidence": hand_in.evidence.select_related("file"),
        "appeal": Appeal.objects.filter(hand_in=hand_in).first(),
        "reached": _reached(criteria, found) if found.decided_at else [],
        # Two who know each other's opinion are not two opinions. Whoever decides an appeal needs the reasons.
        "others": [
            (each, _reached(criteria, each), markdown.render(each.feedback))
            for each in (others if found.decided_at or found.kind == Review.Kind.APPEAL else [])
        ],
        "earlier": [
            (each, [markdown.render(one.feedback) for one in each.reviews.exclude(decided_at=None)])
            for each in earlier
        ],
        "form": form,
    }
    return render(request, "reviews/review.html", context, status=status_of(form))


def _reached(criteria: rubric.Rubric, review: Review) -> list[tuple[str, str]]:
    return [
        (each.name, each.levels[place].name)
        for each in criteria
        if (place := each.place(review.levels.get(each.id, ""))) is not None
    ]


class MarkForm(forms.Form):
    points = forms.IntegerField(label=gettext_lazy("Points"), min_value=0)
    remark = forms.CharField(
        label=gettext_lazy("Remark"),
        required=False,
        max_length=assessments.MAX_REMARK,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The learner reads it, where the assessment shows marks."),
    )

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["points"] = forms.IntegerField(
            label=_("Points, 0 to %(most)s") % {"most": most}, min_value=0, max_value=most
        )


@require_http_methods(FORM_METHODS)
@member_page(*REVIEWERS)
def mark(request: HttpRequest, member: Member, attempt_id: str, position: int) -> HttpResponse:
    """One answer that no rule could mark, without the name of whoever wrote it."""
    found = (
        Answer.objects.filter(
            attempt__assessment__organisation=member.organisation,
            attempt__public_id=attempt_id,
            position=position,
            question__by_hand=True,
        )
        .exclude(attempt__person=member.person)
        .exclude(attempt__state="open")
        .select_related("question", "attempt__assessment__organisation", "attempt__version")
        .first()
    )
    if found is None:
        raise Http404
    form = MarkForm(posted(request), most=found.question.points)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            at = timezone.now()
            attempt = assessments.mark(found, by=member.person, at=at, **form.cleaned_data)
            if attempt.passed:
                earning.reconsider(attempt.person, at=at)
            messages.success(request, _("Marked."))
            return redirect("reviews", member.organisation.public_id)
    context = {
        "member": member,
        "answer": found,
        "question": markdown.render(found.question.text),
        "form": form,
    }
    return render(request, "reviews/mark.html", context, status=status_of(form))
