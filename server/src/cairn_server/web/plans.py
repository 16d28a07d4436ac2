# SPDX-License-Identifier: Apache-2.0
"""The issuer's editor of what an achievement takes: the tree of a draft, who agrees, and what it costs.

Every change is a form of its own and saved at once, so the tree needs no script and loses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cairn_server.achievements import services as achievements
from cairn_server.achievements.models import Achievement, Cost
from cairn_server.assessments.models import Assessment
from cairn_server.earning import plans, progress
from cairn_server.earning.learning import Course, Meeting
from cairn_server.earning.models import Plan, Requirement
from cairn_server.earning.plans import Asked
from cairn_server.organisations import roles
from cairn_server.projects.models import Project
from cairn_server.web.access import ISSUERS, READERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from cairn_server.achievements.models import AchievementVersion

Kind = Requirement.Kind


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(
        label=gettext_lazy("When everything is met, it is awarded"),
        widget=forms.RadioSelect,
        choices=Plan.Decision.choices,
    )


@require_http_methods(FORM_METHODS)
@member_page(*READERS)
def plan(request: HttpRequest, member: Member, version_id: str) -> HttpResponse:
    version = member.version(version_id)
    found = Plan.objects.filter(version=version).first()
    form = DecisionForm(initial={"decision": found.decision if found else Plan.Decision.RULE})
    if request.method == "POST":
        roles.require(member.person, roles.SIGNERS, member.organisation)
        form = DecisionForm(request.POST if request.POST.get("do") == "decide" else None)
        if _do(request, member, version, found, form):
            return redirect("earning-plan", member.organisation.public_id, version.public_id)
    context = {
        "member": member,
        "version": version,
        "plan": found,
        "step": progress.look(found, None, at=timezone.now()) if found else None,
        "may_edit": member.may_issue and not version.is_published and not version.achievement.archived_at,
        "problems": plans.problems_of(found) if found and not version.is_published else [],
        "kinds": Kind.choices,
        "groups": Requirement.GROUPS,
        "form": form,
    }
    return render(request, "earning/plan.html", context, status=status_of(form))


def _do(
    request: HttpRequest, member: Member, version: AchievementVersion, found: Plan | None, form: DecisionForm
) -> bool:
    """Whether something was done; the form of the decision says itself what is wrong with it."""
    by, at, do = member.person, timezone.now(), request.POST.get("do", "")
    if do == "begin":
        plans.begin(version, by=by, at=at)
        return True
    if found is None:
        raise Http404
    if do == "give-up":
        plans.give_up(found, by=by, at=at)
    elif do == "decide":
        if not form.is_valid():
            return False
        plans.set_decision(found, by=by, decision=form.cleaned_data["decision"], at=at)
    elif do in ("up", "remove"):
        requirement = get_object_or_404(found.requirements, public_id=request.POST.get("requirement", ""))
        if do == "up":
            plans.move_up(requirement, by=by, at=at)
        else:
            plans.remove(requirement, by=by, at=at)
    return True


# One requirement


class RequirementForm(forms.Form):
    """The fields of one kind: what others would need is not there to be filled in."""

    title = forms.CharField(
        label=gettext_lazy("What learners read"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Leave it empty to use the name of what you choose."),
    )
    least = forms.IntegerField(
        label=gettext_lazy("How many of them"), min_value=1, max_value=plans.MOST_REQUIREMENTS
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("What it asks for"),
        choices=[choice for choice in Kind.choices if choice[0] in Requirement.GROUPS],
        widget=forms.RadioSelect,
    )
    course = forms.ChoiceField(label=gettext_lazy("Course"))
    meeting = forms.ChoiceField(label=gettext_lazy("Meeting"))
    assessment = forms.ChoiceField(label=gettext_lazy("Assessment"))
    project = forms.ChoiceField(label=gettext_lazy("Project"))
    held = forms.ChoiceField(label=gettext_lazy("An achievement of this server"), required=False)
    held_issuer = forms.CharField(
        label=gettext_lazy("Or an issuer elsewhere: DID or web address"), required=False, max_length=600
    )
    held_uri = forms.CharField(
        label=gettext_lazy("And the address of the achievement there"),
        required=False,
        max_length=2_000,
        help_text=gettext_lazy("Empty for anything by that issuer."),
    )
    signal = forms.CharField(
        label=gettext_lazy("Name of the signal"),
        max_length=60,
        help_text=gettext_lazy("The other system says this name: “lms-course-12”."),
    )

    FIELDS: dict[str, tuple[str, ...]] = {
        Kind.COURSE: ("course",),
        Kind.ATTENDANCE: ("meeting",),
        Kind.ASSESSMENT: ("assessment",),
        Kind.PROJECT: ("project",),
        Kind.HOLDING: ("held", "held_issuer", "held_uri"),
        Kind.SIGNAL: ("signal",),
    }

    def __init__(self, *args: Any, member: Member, kind: str, version: AchievementVersion, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._kind = kind
        self._offered = _offered(member, version)
        group = kind in Requirement.GROUPS
        wanted = {"title", *(("kind", "least") if group else self.FIELDS.get(kind, ()))}
        for name in set(self.fields) - wanted:
            del self.fields[name]
        if group:
            self.fields["least"].required = False
            self.fields["least"].help_text = _("Only for “A number of these”.")
        for name, rows in self._offered.items():
            if name in self.fields:
                choices = [(each.public_id, _name(each)) for each in rows]
                first = _("None") if name == "held" else _("Choose one")
                self.fields[name].choices = [("", first), *choices]  # type: ignore[attr-defined]

    def asked(self) -> Asked:
        said = dict(self.cleaned_data)
        kind = said.pop("kind", self._kind)
        for name, rows in self._offered.items():
            if name in said:
                said[name] = rows.filter(public_id=said[name]).first() if said[name] else None
        return Asked(kind=kind, **said)


def _name(row: Any) -> str:
    return row.current.name if isinstance(row, Achievement) else str(row.name)


def _offered(member: Member, version: AchievementVersion) -> dict[str, QuerySet[Any]]:
    ours = {"organisation": member.organisation}
    return {
        "course": Course.objects.filter(**ours).order_by("name"),
        "meeting": Meeting.objects.filter(**ours).order_by("name"),
        "assessment": Assessment.objects.filter(**ours).order_by("name"),
        "project": Project.objects.filter(**ours).order_by("name"),
        "held": Achievement.objects.filter(archived_at=None, versions__state="published", **ours)
        .exclude(pk=version.achievement_id)
        .distinct()
        .order_by("pk"),
    }


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def add(request: HttpRequest, member: Member, version_id: str, requirement_id: str) -> HttpResponse:
    """A new part of the group ``requirement_id``; its kind is in the query."""
    version = member.version(version_id)
    parent = _requirement(version, requirement_id)
    kind = request.GET.get("kind", Kind.COURSE)
    if kind not in Kind.values:
        raise Http404
    form = RequirementForm(
        posted(request), member=member, kind=kind, version=version, initial={"kind": kind, "least": 2}
    )
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            plans.add(parent, by=member.person, asked=form.asked(), at=timezone.now())
            return redirect("earning-plan", member.organisation.public_id, version.public_id)
    context = {"member": member, "version": version, "form": form, "kind": Kind(kind).label, "code": kind}
    return render(request, "earning/requirement.html", context, status=status_of(form))


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def edit(request: HttpRequest, member: Member, version_id: str, requirement_id: str) -> HttpResponse:
    version = member.version(version_id)
    found = _requirement(version, requirement_id)
    first = {
        name: getattr(found, name) for name in ("title", "least", "kind", "held_issuer", "held_uri", "signal")
    } | {
        name: getattr(found, name).public_id if getattr(found, name) else ""
        for name in ("course", "meeting", "assessment", "project", "held")
    }
    form = RequirementForm(posted(request), member=member, kind=found.kind, version=version, initial=first)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            plans.change(found, by=member.person, asked=form.asked(), at=timezone.now())
            return redirect("earning-plan", member.organisation.public_id, version.public_id)
    context = {
        "member": member,
        "version": version,
        "form": form,
        "kind": found.get_kind_display(),
        "code": found.kind,
        "requirement": found,
    }
    return render(request, "earning/requirement.html", context, status=status_of(form))


def _requirement(version: AchievementVersion, requirement_id: str) -> Requirement:
    return get_object_or_404(
        Requirement.objects.select_related("plan__version__achievement__organisation"),
        plan__version=version,
        public_id=requirement_id,
    )


# What it costs


class CostForm(forms.Form):
    cost = forms.ChoiceField(
        label=gettext_lazy("What it costs a learner"),
        required=False,
        widget=forms.RadioSelect,
        choices=Cost.choices,
    )
    note = forms.CharField(
        label=gettext_lazy("In words"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Only shown, nothing is collected here: “40 euros, paid at the front desk”."),
    )
    url = forms.URLField(
        label=gettext_lazy("Where it is paid, or asked for"),
        required=False,
        max_length=2_000,
        assume_scheme="https",
    )


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def cost(request: HttpRequest, member: Member, achievement_id: str) -> HttpResponse:
    achievement = member.achievement(achievement_id)
    first = {"cost": achievement.cost, "note": achievement.cost_note, "url": achievement.cost_url}
    form = CostForm(posted(request), initial=first)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            achievements.set_cost(achievement, by=member.person, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Saved."))
            version = achievement.current
            return redirect("achievement-detail", member.organisation.public_id, version.public_id)
    context = {"member": member, "version": achievement.current, "form": form}
    return render(request, "earning/cost.html", context, status=status_of(form))
