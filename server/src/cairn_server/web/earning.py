# SPDX-License-Identifier: Apache-2.0
"""Learning: what one is working on, a start, how far one is, a unit, a code from the room.

Every step of progress is a form of its own: when a browser dies, nothing is lost but the page in hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cairn_server.achievements.models import AchievementVersion
from cairn_server.earning import granting, progress, services, teaching
from cairn_server.earning.learning import Course, Unit, UnitDone, UnitFile
from cairn_server.earning.models import Enrolment, Plan, Requirement
from cairn_server.earning.progress import State
from cairn_server.web import attachments, listing, markdown
from cairn_server.web.access import person_of, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse, HttpResponseBase

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import Achievement
    from cairn_server.earning.progress import Step

Kind = Requirement.Kind
_WORDS = {
    State.DONE: (gettext_lazy("Done"), "positive"),
    State.UNSURE: (gettext_lazy("A person has to look"), "caution"),
    State.BEGUN: (gettext_lazy("In progress"), "neutral"),
    State.TO_DO: (gettext_lazy("Still needed"), "neutral"),
}


@dataclass(frozen=True, slots=True)
class UnitLine:
    unit: Unit
    is_done: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One part of what it takes, as a learner reads it."""

    step: Step
    parts: tuple[Line, ...] = ()
    units: tuple[UnitLine, ...] = ()
    href: str = ""
    action: str = ""

    @property
    def word(self) -> str:
        return str(_WORDS[self.step.state][0])

    @property
    def kind(self) -> str:
        return _WORDS[self.step.state][1]

    @property
    def is_group(self) -> bool:
        return self.step.requirement.kind in Requirement.GROUPS


def lines_of(step: Step, *, person: Person) -> Line:
    """The tree with where to go for each part, and the units of its courses."""
    courses = [leaf.requirement.course_id for leaf in step.leaves() if leaf.requirement.course_id]
    units: dict[int, list[Unit]] = {}
    for unit in Unit.objects.filter(course__in=courses).defer("text").order_by("position", "pk"):
        units.setdefault(unit.course_id, []).append(unit)
    done = set(
        UnitDone.objects.filter(person=person, unit__course__in=courses).values_list("unit", flat=True)
    )
    return _line(step, units, done)


def _line(step: Step, units: dict[int, list[Unit]], done: set[int]) -> Line:
    step = step.shown
    requirement = step.requirement
    href, action = _where(requirement) if step.state is not State.DONE else ("", "")
    return Line(
        step,
        tuple(_line(part, units, done) for part in step.children),
        tuple(UnitLine(unit, unit.pk in done) for unit in units.get(requirement.course_id or 0, ())),
        href,
        action,
    )


def _where(requirement: Requirement) -> tuple[str, str]:
    match requirement.kind:
        case Kind.ATTENDANCE:
            return reverse("attend"), _("Type in the code from the room")
        case Kind.ASSESSMENT if requirement.assessment:
            return reverse("assessment-take", args=[requirement.assessment.public_id]), _("To the assessment")
        case Kind.PROJECT if requirement.project:
            return reverse("project-work", args=[requirement.project.public_id]), _("To the project")
        case Kind.HOLDING if requirement.held:
            return reverse("achievement", args=[requirement.held.current.public_id]), _("What that takes")
        case Kind.HOLDING:
            return reverse("wallet-bring"), _("Bring it into your wallet")
    return "", ""


@dataclass(frozen=True, slots=True)
class CostLine:
    words: str
    note: str
    url: str


def cost_of(achievement: Achievement) -> CostLine | None:
    """What it costs, where somebody has said so."""
    if not achievement.cost:
        return None
    return CostLine(achievement.get_cost_display(), achievement.cost_note, achievement.cost_url)


# What one is working on


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    person, at = person_of(request), timezone.now()
    mine = Enrolment.objects.visible_to(person).select_related(
        "version__plan", "achievement__organisation", "credential"
    )
    going = mine.going().order_by("-started_at")
    page = listing.page_of(request, going)
    for each in page:
        each.person = person
        each.step = services.look(each, at=at)
    context = {
        "page": page,
        "earned": mine.filter(credential__isnull=False).order_by("-started_at")[:20],
        "left": mine.filter(left_at__isnull=False, credential=None).order_by("-left_at")[:20],
    }
    return render(request, "earning/index.html", context)


# Starting


class StartForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Your name, as it shall stand in the credential"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    code = forms.CharField(
        label=gettext_lazy("Code of your place"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("Four groups of four letters and digits, from whoever pays for you."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )


@require_http_methods(FORM_METHODS)
@login_required
def start(request: HttpRequest, version_id: str) -> HttpResponse:
    person, at = person_of(request), timezone.now()
    version = get_object_or_404(
        AchievementVersion.objects.published().select_related("achievement__organisation"),
        public_id=version_id,
    )
    before = Enrolment.objects.visible_to(person).filter(achievement=version.achievement).first()
    if before is not None and before.left_at is None:
        return redirect("earning", before.public_id)
    if before is None and not services.is_offered(version):
        raise Http404
    needs_place = before is None and services.needs_place(version)
    listed = needs_place and granting.has_place_for(version.achievement, person, at=at)
    form = StartForm(posted(request), initial={"name": before.name if before else person.name})
    if before is not None or not needs_place or listed:
        del form.fields["code"]
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            name, code = form.cleaned_data["name"], form.cleaned_data.get("code", "")
            made = services.start(version, by=person, name=name, code=code, at=at)
            # Perhaps everything is there already.
            services.reconsider(person, at=at)
            return redirect("earning", made.public_id)
    plan = Plan.objects.filter(version=version).first()
    context = {
        "version": version,
        "organisation": version.achievement.organisation,
        "form": form,
        "step": taken.shown if (taken := progress.look(plan, None, at=at) if plan else None) else None,
        "cost": cost_of(version.achievement),
        "by_person": plan is not None and plan.decision == Plan.Decision.PERSON,
        "listed": listed,
    }
    return render(request, "earning/start.html", context, status=status_of(form))


# How far one is


@require_http_methods(FORM_METHODS)
@login_required
def going(request: HttpRequest, enrolment_id: str) -> HttpResponse:
    person, at = person_of(request), timezone.now()
    enrolment = get_object_or_404(_mine(person), public_id=enrolment_id)
    if request.method == "POST":
        if request.POST.get("do") == "again":
            services.ask_again(enrolment, by=person, at=at)
        services.reconsider(person, at=at)
        return redirect("earning", enrolment.public_id)
    step = services.look(enrolment, at=at)
    context = {
        "enrolment": enrolment,
        "version": enrolment.version,
        "organisation": enrolment.achievement.organisation,
        "line": lines_of(step, person=person) if step else None,
        # Met by something that told us nothing, like a credential that came by post: one press, and we look.
        "ready": step is not None
        and progress.is_met(step, enrolment.version.plan)
        and enrolment.met_at is None,
    }
    return render(request, "earning/going.html", context)


@require_POST
@login_required
def leave(request: HttpRequest, enrolment_id: str) -> HttpResponse:
    person = person_of(request)
    enrolment = get_object_or_404(_mine(person), public_id=enrolment_id)
    services.leave(enrolment, by=person, at=timezone.now())
    messages.success(request, _("Stopped. What you have done is kept: you can go on from there."))
    return redirect("earn")


def _mine(person: Person) -> QuerySet[Enrolment]:
    return Enrolment.objects.visible_to(person).select_related(
        "version__plan", "achievement__organisation", "credential", "person"
    )


# Units


@require_http_methods(FORM_METHODS)
@login_required
def unit(request: HttpRequest, enrolment_id: str, unit_id: str) -> HttpResponse:
    person, at = person_of(request), timezone.now()
    enrolment = get_object_or_404(_mine(person).filter(left_at=None), public_id=enrolment_id)
    found = get_object_or_404(Unit.objects.select_related("course"), public_id=unit_id)
    if not enrolment.version.plan.requirements.filter(course=found.course).exists():
        raise Http404
    units = list(found.course.units.defer("text"))
    place = units.index(found)
    following = units[place + 1] if place + 1 < len(units) else None
    if request.method == "POST":
        if request.POST.get("do") == "reopen":
            teaching.reopen_unit(found, by=person, at=at)
            return redirect("earn-unit", enrolment.public_id, found.public_id)
        teaching.finish_unit(found, by=person, at=at)
        settled = services.reconsider(person, at=at)
        if following is None or enrolment in settled:
            return redirect("earning", enrolment.public_id)
        return redirect("earn-unit", enrolment.public_id, following.public_id)
    done = set(UnitDone.objects.filter(person=person, unit__in=units).values_list("unit", flat=True))
    context = {
        "enrolment": enrolment,
        "course": found.course,
        "unit": found,
        "text": markdown.render(found.text),
        "files": found.files.defer("content"),
        "units": [UnitLine(each, each.pk in done) for each in units],
        "number": place + 1,
        "total": len(units),
        "done_count": len(done),
        "is_done": found.pk in done,
        "following": following,
        "previous": units[place - 1] if place else None,
    }
    return render(request, "earning/unit.html", context)


@require_safe
@login_required
def file(request: HttpRequest, file_id: str) -> HttpResponseBase:
    """For whoever learns from it, and for the people of its organisation."""
    person = person_of(request)
    found = get_object_or_404(UnitFile.objects.select_related("unit__course"), public_id=file_id)
    course = found.unit.course
    is_ours = Course.objects.visible_to(person).filter(pk=course.pk).exists()
    if not is_ours and not services.may_do_course(person, course):
        raise Http404
    return attachments.answer(found.name, found.media_type, [bytes(found.content)], size=found.size)


# Being there


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("The code on the screen"),
        max_length=40,
        help_text=gettext_lazy("Eight letters and digits. Small letters are fine."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )


@require_http_methods(FORM_METHODS)
@login_required
def attend(request: HttpRequest, code: str = "") -> HttpResponse:
    """By the code; the link in the QR code only fills the form in: looking is not being there."""
    person, at = person_of(request), timezone.now()
    form = CodeForm(posted(request), initial={"code": code})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            meeting = teaching.attend(by=person, code=form.cleaned_data["code"], at=at)
            services.reconsider(person, at=at)
            messages.success(request, _("You are on the list of “%(name)s”.") % {"name": meeting.name})
            return redirect("earn")
    return render(request, "earning/attend.html", {"form": form}, status=status_of(form))
