# SPDX-License-Identifier: Apache-2.0
"""The queue of an issuer: people who have met everything, and wait for a person to agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.earning import progress, services
from cairn_server.earning.models import Enrolment
from cairn_server.organisations import roles
from cairn_server.web import listing
from cairn_server.web.access import AWARD_READERS, ISSUERS, Member, member_page, refusals_on
from cairn_server.web.earning import lines_of
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cairn_server.earning.models import EnrolmentQuerySet


class DecisionForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("If not: what is missing"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The learner reads it, and can ask again."),
    )


def _of(member: Member) -> EnrolmentQuerySet:
    return Enrolment.objects.filter(achievement__organisation=member.organisation).select_related(
        "person", "version__plan", "achievement__organisation", "decided_by", "credential"
    )


@require_safe
@member_page(*AWARD_READERS)
def index(request: HttpRequest, member: Member) -> HttpResponse:
    waiting = _of(member).waiting().order_by("met_at", "pk")
    context = {"member": member, "page": listing.page_of(request, waiting)}
    return render(request, "teaching/approvals.html", context)


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def approval(request: HttpRequest, member: Member, enrolment_id: str) -> HttpResponse:
    # Of somebody who has not met everything there is nothing to see: how they get on is theirs.
    found = get_object_or_404(_of(member).filter(met_at__isnull=False), public_id=enrolment_id)
    at = timezone.now()
    roles.require_signer(member.person, member.organisation)
    form = DecisionForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            if request.POST.get("decision") == "approve":
                services.approve(found, by=member.person, at=at)
                messages.success(request, _("Awarded. The learner gets an e-mail."))
            else:
                services.decline(found, by=member.person, reason=form.cleaned_data["reason"], at=at)
                messages.success(request, _("Not yet. The learner reads your reason."))
            return redirect("approvals", member.organisation.public_id)
    step = services.look(found, at=at)
    context = {
        "member": member,
        "enrolment": found,
        "line": lines_of(step, person=found.person) if step else None,
        "evidence": [each for leaf in progress.counted(step) for each in leaf.evidence] if step else [],
        "own": found.person_id == member.person.pk,
        "waits": Enrolment.objects.waiting().filter(pk=found.pk).exists(),
        "form": form,
    }
    return render(request, "teaching/approval.html", context, status=status_of(form))
