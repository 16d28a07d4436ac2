# SPDX-License-Identifier: Apache-2.0
"""Taking an assessment: what it is, the sheet, handing in, the result.

The sheet is one form that works without scripts: every button saves all of it. Where scripts run, each answer
is saved as it is given. What is right is never in a page before ``services.told`` gives it out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cairn_server.assessments import services
from cairn_server.assessments.models import Assessment, Attempt
from cairn_server.assessments.services import BadAnswer, Given
from cairn_server.earning import services as earning
from cairn_server.web import markdown
from cairn_server.web.access import person_of
from cairn_server.web.organisation import FORM_METHODS

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse, QueryDict

    from cairn_server.accounts.models import Person
    from cairn_server.assessments.questions import Shown


@require_http_methods(FORM_METHODS)
@login_required
def take(request: HttpRequest, assessment_id: str) -> HttpResponse:
    """What it is, how one stands, and the button that begins; for whoever works on what asks for it."""
    person, at = person_of(request), timezone.now()
    assessment = get_object_or_404(Assessment.objects.select_related("organisation"), public_id=assessment_id)
    asked = earning.may_do_assessment(person, assessment)
    if not asked and not Attempt.objects.of(person).filter(assessment=assessment).exists():
        raise Http404
    _close_own(person, at)
    problem = None
    promised = earning.promised_version(person, assessment)
    if request.method == "POST":
        if not asked:
            raise Http404
        try:
            begun = services.begin(assessment, by=person, promised=promised, at=at)
            return redirect("attempt", begun.public_id)
        except services.CannotBegin as refusal:
            problem = refusal
    found = services.standing(person, assessment, promised=promised, at=at)
    version = found.version
    context = {
        "assessment": assessment,
        "version": version,
        "standing": found,
        "introduction": markdown.render(version.introduction) if version else "",
        "may_begin": asked
        and version is not None
        and not assessment.archived_at
        and not (found.has_passed or found.waits_for_marks or found.left == 0 or found.wait_until),
        "problem": problem,
    }
    return render(request, "assessments/take.html", context, status=409 if problem else 200)


@require_http_methods(FORM_METHODS)
@login_required
def attempt(request: HttpRequest, attempt_id: str) -> HttpResponse:
    """The sheet. Every button saves all of it; one of them goes on to handing in."""
    person, at = person_of(request), timezone.now()
    found = _own(person, attempt_id, at)
    if not found.takes_answers(at):
        return redirect("attempt-result", found.public_id)
    errors: dict[int, BadAnswer] = {}
    given: dict[int, Given] = {}
    if request.method == "POST":
        given = _given(request.POST)
        try:
            errors = _saved(found, given, by=person, at=at)
        except (services.TimeOver, services.HandedIn):
            return redirect("attempt-result", found.public_id)
        left = found.left(at)
        if request.POST.get("do") == "over" and left is not None and not left:
            services.hand_in(found, by=person, at=at)
            earning.reconsider(person, at=at)
            return redirect("attempt-result", found.public_id)
        if request.POST.get("do") == "hand-in" and not errors:
            return redirect("attempt-hand-in", found.public_id)
        if not errors:
            messages.success(request, _("Saved."))
            return redirect("attempt", found.public_id)
    left = found.left(at)
    context = {
        "attempt": found,
        "lines": [
            _line(shown, errors.get(shown.position), given.get(shown.position))
            for shown in services.sheet(found)
        ],
        "errors": errors,
        "left": left,
        "seconds": int(left.total_seconds()) if left is not None else None,
    }
    return render(request, "assessments/sheet.html", context, status=422 if errors else 200)


@require_POST
@login_required
def answer(request: HttpRequest, attempt_id: str) -> JsonResponse:
    """For the script of the sheet: keep what was just entered. Says nothing about whether it is right."""
    person, at = person_of(request), timezone.now()
    found = _own(person, attempt_id, at)
    errors = _saved(found, _given(request.POST), by=person, at=at)
    left = found.left(at)
    return JsonResponse(
        {
            "errors": {str(position): str(error.message) for position, error in errors.items()},
            "seconds": int(left.total_seconds()) if left is not None else None,
        },
        status=422 if errors else 200,
    )


@require_http_methods(FORM_METHODS)
@login_required
def hand_in(request: HttpRequest, attempt_id: str) -> HttpResponse:
    """What is answered and what is not, once more; and the button after which nothing can be changed."""
    person, at = person_of(request), timezone.now()
    found = _own(person, attempt_id, at)
    if not found.takes_answers(at):
        return redirect("attempt-result", found.public_id)
    if request.method == "POST":
        services.hand_in(found, by=person, at=at)
        earning.reconsider(person, at=at)
        return redirect("attempt-result", found.public_id)
    sheet = services.sheet(found)
    context = {
        "attempt": found,
        "total": len(sheet),
        "empty": [shown.position for shown in sheet if not shown.is_saved],
        "unreadable": [shown.position for shown in sheet if shown.is_unreadable],
        "left": found.left(at),
    }
    return render(request, "assessments/hand_in.html", context)


@require_safe
@login_required
def result(request: HttpRequest, attempt_id: str) -> HttpResponse:
    person, at = person_of(request), timezone.now()
    found = _own(person, attempt_id, at)
    if found.takes_answers(at):
        return redirect("attempt", found.public_id)
    told = services.told(found, by=person, at=at)
    context = {
        "attempt": found,
        "told": [
            {
                "each": each,
                "text": markdown.render(each.shown.text),
                "explanation": markdown.render(each.explanation),
                "options": [
                    (words, place in each.shown.chosen, place in (each.right_places or ()))
                    for place, words in enumerate(each.shown.options)
                ],
            }
            for each in told
        ],
    }
    return render(request, "assessments/result.html", context)


def _own(person: Person, attempt_id: str, at: datetime) -> Attempt:
    """One's own attempt, closed first if its time is over; anybody else's does not exist (B135)."""
    found = get_object_or_404(Attempt.objects.of(person), public_id=attempt_id)
    _close_own(person, at)
    return Attempt.objects.select_related("version", "assessment__organisation").get(pk=found.pk)


def _close_own(person: Person, at: datetime) -> None:
    if services.close_overdue(at=at, person=person):
        earning.reconsider(person, at=at)


def _given(data: QueryDict) -> dict[int, Given]:
    """What the form says, of the questions that were in it: a box without a tick sends nothing itself."""
    found = {}
    for position in data.getlist("asked"):
        places = data.getlist(f"place-{position}")
        if not all(each.isascii() and each.isdecimal() and len(each) < 4 for each in (position, *places)):
            raise SuspiciousOperation("no place of a sheet")
        found[int(position)] = Given(tuple(map(int, places)), data.get(f"text-{position}", ""))
    return found


def _saved(found: Attempt, given: dict[int, Given], *, by: Person, at: datetime) -> dict[int, BadAnswer]:
    """Save all that can be; what cannot, by its position. One bad answer costs no other."""
    errors: dict[int, BadAnswer] = {}
    while True:
        rest = {position: each for position, each in given.items() if position not in errors}
        try:
            services.save_answers(found, by=by, given=rest, at=at)
        except BadAnswer as refusal:
            errors[refusal.position] = refusal
        else:
            return errors


def _line(shown: Shown, error: BadAnswer | None, given: Given | None) -> dict[str, object]:
    if error is not None and given is not None:
        # As it was entered, not as it was kept: a mistake is mended where it was made.
        shown = replace(shown, written=given.text)
    return {
        "shown": shown,
        "text": markdown.render(shown.text),
        "error": error.message if error else "",
        "type": "checkbox" if shown.kind == "multiple" else "radio",
        "options": [(place, words, place in shown.chosen) for place, words in enumerate(shown.options)],
    }
