# SPDX-License-Identifier: Apache-2.0
"""The pages of those who teach: courses and their units, meetings and the code for the room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.earning import teaching
from cairn_server.earning.learning import Course, Meeting, Unit, UnitFile
from cairn_server.earning.models import Enrolment
from cairn_server.earning.seats import Grant
from cairn_server.organisations import roles
from cairn_server.web import attachments, listing, markdown
from cairn_server.web.access import ISSUERS, READERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of
from cairn_server.web.putting import qr

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# An hour is long enough for everybody who comes in late.
USUAL_MINUTES = 60


@require_safe
@member_page(*READERS)
def learning(request: HttpRequest, member: Member) -> HttpResponse:
    """Everything that has to do with earning, in one place."""
    organisation = member.organisation
    context = {
        "member": member,
        "courses": Course.objects.filter(organisation=organisation).count(),
        "meetings": Meeting.objects.filter(organisation=organisation).count(),
        "grants": Grant.objects.filter(organisation=organisation).count(),
        "waiting": Enrolment.objects.waiting().filter(achievement__organisation=organisation).count(),
    }
    return render(request, "teaching/learning.html", context)


# Courses


class CourseForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    about = forms.CharField(
        label=gettext_lazy("What it is about"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@require_http_methods(FORM_METHODS)
@member_page(*READERS)
def courses(request: HttpRequest, member: Member) -> HttpResponse:
    form = CourseForm(posted(request))
    if request.method == "POST":
        roles.require(member.person, roles.SIGNERS, member.organisation)
        if form.is_valid():
            with refusals_on(form):
                made = teaching.make_course(
                    member.organisation, by=member.person, at=timezone.now(), **form.cleaned_data
                )
                return redirect("course", member.organisation.public_id, made.public_id)
    found = Course.objects.filter(organisation=member.organisation).order_by("-created_at", "-pk")
    context = {"member": member, "page": listing.page_of(request, found), "form": form}
    return render(request, "teaching/courses.html", context, status=status_of(form))


@require_http_methods(FORM_METHODS)
@member_page(*READERS)
def course(request: HttpRequest, member: Member, course_id: str) -> HttpResponse:
    found = _course(member, course_id)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    form = CourseForm(
        request.POST if do == "describe" else None, initial={"name": found.name, "about": found.about}
    )
    if request.method == "POST":
        roles.require(member.person, roles.SIGNERS, member.organisation)
        if do != "describe":
            _do(request, member, found, do)
            return redirect("course", member.organisation.public_id, found.public_id)
        if form.is_valid():
            with refusals_on(form):
                teaching.describe_course(found, by=member.person, at=timezone.now(), **form.cleaned_data)
                messages.success(request, _("Saved."))
                return redirect("course", member.organisation.public_id, found.public_id)
    context = {"member": member, "course": found, "units": found.units.defer("text"), "form": form}
    return render(request, "teaching/course.html", context, status=status_of(form))


def _do(request: HttpRequest, member: Member, found: Course, do: str) -> None:
    by, at = member.person, timezone.now()
    if do == "open":
        teaching.open_course(found, by=by, at=at)
        messages.success(request, _("The course is open. Achievements can ask for it now."))
    elif do in ("up", "remove"):
        unit = get_object_or_404(found.units, public_id=request.POST.get("unit", ""))
        if do == "up":
            teaching.move_unit_up(unit, by=by, at=at)
        else:
            teaching.remove_unit(unit, by=by, at=at)


def _course(member: Member, course_id: str) -> Course:
    return get_object_or_404(
        Course.objects.select_related("organisation"), organisation=member.organisation, public_id=course_id
    )


class UnitForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        max_length=teaching.LONGEST_TEXT,
        help_text=gettext_lazy(
            "Markdown: a line that starts with “- ” becomes a list item, **two stars** make words bold,"
            " ## makes a heading."
        ),
        widget=forms.Textarea(attrs={"rows": 14}),
    )
    links = forms.CharField(
        label=gettext_lazy("Links"),
        required=False,
        max_length=20_000,
        help_text=gettext_lazy("One a line: the address, and after a space what it is called."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    file = forms.FileField(
        label=gettext_lazy("A file to download"),
        required=False,
        help_text=gettext_lazy("PDF, pictures, text, office documents and archives."),
    )

    def clean_links(self) -> list[dict[str, str]]:
        lines = [line.strip() for line in self.cleaned_data["links"].splitlines()]
        pairs = (line.partition(" ") for line in lines if line)
        return [{"url": url, "name": name.strip()} for url, _space, name in pairs]


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def unit_new(request: HttpRequest, member: Member, course_id: str) -> HttpResponse:
    found = _course(member, course_id)
    form = UnitForm(posted(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            said, by, at = form.cleaned_data, member.person, timezone.now()
            # Judged first: a file that is not taken leaves no half of a unit.
            upload = said.pop("file")
            taken = attachments.accepted(upload) if upload else None
            made = teaching.add_unit(found, by=by, at=at, **said)
            if taken is not None:
                teaching.add_file(made, by=by, taken=taken, at=at)
            return redirect("course", member.organisation.public_id, found.public_id)
    context = {"member": member, "course": found, "form": form}
    return render(request, "teaching/unit.html", context, status=status_of(form))


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def unit(request: HttpRequest, member: Member, course_id: str, unit_id: str) -> HttpResponse:
    found = get_object_or_404(
        Unit.objects.select_related("course__organisation"),
        course__organisation=member.organisation,
        course__public_id=course_id,
        public_id=unit_id,
    )
    here = redirect("unit", member.organisation.public_id, course_id, found.public_id)
    if request.method == "POST" and request.POST.get("do") == "remove-file":
        file = get_object_or_404(UnitFile, unit=found, public_id=request.POST.get("file", ""))
        teaching.remove_file(file, by=member.person, at=timezone.now())
        return here
    first = {
        "name": found.name,
        "text": found.text,
        "links": "\n".join(f"{link['url']} {link['name']}" for link in found.links),
    }
    form = UnitForm(posted(request), request.FILES or None, initial=first)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            said, by, at = form.cleaned_data, member.person, timezone.now()
            upload = said.pop("file")
            taken = attachments.accepted(upload) if upload else None
            teaching.change_unit(found, by=by, at=at, **said)
            if taken is not None:
                teaching.add_file(found, by=by, taken=taken, at=at)
            messages.success(request, _("Saved."))
            return here
    context = {
        "member": member,
        "course": found.course,
        "unit": found,
        "files": found.files.defer("content"),
        "text": markdown.render(found.text),
        "form": form,
    }
    return render(request, "teaching/unit.html", context, status=status_of(form))


# Meetings


@require_http_methods(FORM_METHODS)
@member_page(*READERS)
def meetings(request: HttpRequest, member: Member) -> HttpResponse:
    form = CourseForm(posted(request))
    if request.method == "POST":
        roles.require(member.person, roles.SIGNERS, member.organisation)
        if form.is_valid():
            with refusals_on(form):
                made = teaching.make_meeting(
                    member.organisation, by=member.person, at=timezone.now(), **form.cleaned_data
                )
                return redirect("meeting", member.organisation.public_id, made.public_id)
    found = Meeting.objects.filter(organisation=member.organisation).order_by("-created_at", "-pk")
    context = {"member": member, "page": listing.page_of(request, found), "form": form}
    return render(request, "teaching/meetings.html", context, status=status_of(form))


class ShowForm(forms.Form):
    minutes = forms.IntegerField(
        label=gettext_lazy("For how many minutes"), min_value=1, max_value=720, initial=USUAL_MINUTES
    )


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def meeting(request: HttpRequest, member: Member, meeting_id: str) -> HttpResponse:
    """The screen in the room: the code large, the QR code, and how many are on the list."""
    found = get_object_or_404(
        Meeting.objects.select_related("organisation"),
        organisation=member.organisation,
        public_id=meeting_id,
    )
    at = timezone.now()
    form = ShowForm(posted(request) if request.POST.get("do") != "hide" else None)
    if request.method == "POST" and request.POST.get("do") == "hide":
        teaching.hide_code(found, by=member.person, at=at)
        return redirect("meeting", member.organisation.public_id, found.public_id)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            teaching.show_code(found, by=member.person, minutes=form.cleaned_data["minutes"], at=at)
            return redirect("meeting", member.organisation.public_id, found.public_id)
    code = teaching.code_of(found, at=at)
    link = settings.PUBLIC_URL + reverse("attend-code", args=[code.code]) if code else ""
    context = {
        "member": member,
        "meeting": found,
        "code": code,
        "link": link,
        "qr": qr(link) if code else "",
        "there": found.attended.count(),
        "form": form,
    }
    return render(request, "teaching/meeting.html", context, status=status_of(form))
