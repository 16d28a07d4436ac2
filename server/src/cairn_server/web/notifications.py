# SPDX-License-Identifier: Apache-2.0
"""``/account/letters``: which letters somebody gets, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cairn_server.issuing import choices
from cairn_server.projects.models import REVIEWERS
from cairn_server.web.access import person_of
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class LettersForm(forms.Form):
    awards = forms.ChoiceField(
        label=gettext_lazy("When something is awarded to you, or renewed"),
        choices=choices.Pace.choices,
        widget=forms.RadioSelect,
    )
    reminders = forms.ChoiceField(
        label=gettext_lazy("When an award still waits for your answer"),
        choices=choices.Pace.choices,
        widget=forms.RadioSelect,
    )
    endings = forms.ChoiceField(
        label=gettext_lazy("Before a credential ends"),
        choices=choices.Pace.choices,
        widget=forms.RadioSelect,
    )
    decisions = forms.ChoiceField(
        label=gettext_lazy("When your work is decided about, or you are given a place"),
        choices=choices.Pace.choices,
        widget=forms.RadioSelect,
    )
    # Only for those something can wait for.
    duties = forms.ChoiceField(
        label=gettext_lazy("When something waits for your decision, such as a review"),
        choices=choices.Pace.choices,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, decides: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not decides:
            del self.fields["duties"]


@require_http_methods(FORM_METHODS)
@login_required
def letters(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    chosen = choices.choice_of(person)
    now = {name: getattr(chosen, name) for name in choices.NAMES}
    decides = person.memberships.filter(role__in=REVIEWERS).exists()
    form = LettersForm(posted(request), initial=now, decides=decides)
    if request.method == "POST" and form.is_valid():
        choices.choose(by=person, at=timezone.now(), **{**now, **form.cleaned_data})
        messages.success(request, _("Saved."))
        return redirect("account-letters")
    return render(request, "account/letters.html", {"form": form}, status=status_of(form))
