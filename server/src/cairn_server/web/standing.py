# SPDX-License-Identifier: Apache-2.0
"""Changing how many credentials stand at once: ask, have it approved by somebody else, see how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.issuing import history, standing
from cairn_server.issuing.life import Standing, StandingAct
from cairn_server.organisations import roles
from cairn_server.organisations.roles import Role
from cairn_server.web import listing
from cairn_server.web.access import AWARD_READERS, ISSUERS, Member, member_page, refusals_on
from cairn_server.web.credentials import FilterForm, SuspendForm
from cairn_server.web.organisation import posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class ManyForm(SuspendForm):
    to = forms.ChoiceField(
        label=gettext_lazy("What should happen"),
        widget=forms.RadioSelect,
        choices=[
            (Standing.REVOKED, gettext_lazy("Revoke: for good")),
            (Standing.SUSPENDED, gettext_lazy("Suspend: they do not count for now")),
            (Standing.ACTIVE, gettext_lazy("Reinstate: suspended ones count again")),
        ],
    )
    tells = forms.BooleanField(
        label=gettext_lazy("Tell every holder by e-mail"), required=False, initial=True
    )
    field_order = ("to", "reason", "until", "tells")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("until") and cleaned.get("to") != Standing.SUSPENDED:
            self.add_error("until", _("Only a suspension has an end."))
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(*ISSUERS)
def many(request: HttpRequest, member: Member) -> HttpResponse:
    """What the list of credentials was narrowed to, in one decision; the query says which those are."""
    roles.require_signer(member.person, member.organisation)
    at = timezone.now()
    found = FilterForm(request.GET, member=member).found(at)
    form = ManyForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            act = standing.change_many(
                organisation=member.organisation,
                credentials=found.order_by(),
                to=Standing(form.cleaned_data["to"]),
                by=member.person,
                reason=form.cleaned_data["reason"],
                until=form.cleaned_data["until"],
                tells=form.cleaned_data["tells"],
                at=at,
            )
            return redirect("standing-act", member.organisation.public_id, act.public_id)
    context = {
        "member": member,
        "form": form,
        "count": found.count(),
        "most": standing.MAX_AT_ONCE,
        "limit": standing.approve_above(member.organisation),
        "back": request.GET.urlencode(),
    }
    return render(request, "standing/many.html", context, status=status_of(form))


@require_safe
@member_page(*AWARD_READERS)
def acts(request: HttpRequest, member: Member) -> HttpResponse:
    """Every decision about more than one credential, and those about one, the newest first."""
    found = StandingAct.objects.filter(organisation=member.organisation).select_related("by", "approved_by")
    context = {"member": member, "page": listing.page_of(request, found.order_by("-pk"))}
    return render(request, "standing/acts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(*AWARD_READERS)
def act(request: HttpRequest, member: Member, act_id: str) -> HttpResponse:
    found = get_object_or_404(
        StandingAct.objects.select_related("by", "approved_by"),
        organisation=member.organisation,
        public_id=act_id,
    )
    form = forms.Form(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            messages.success(request, _decide(request.POST.get("decision"), found, member))
            return redirect("standing-act", member.organisation.public_id, found.public_id)
    context = {
        "member": member,
        "act": found,
        "form": form,
        "counts": found.counts(),
        "some": found.changes.select_related("credential__version").order_by("pk")[:10],
        "is_mine": found.by_id == member.person.pk,
        "may_erase": member.has(Role.OWNER) and bool(found.reason),
    }
    return render(request, "standing/act.html", context, status=status_of(form))


def _decide(decision: str | None, found: StandingAct, member: Member) -> str:
    at = timezone.now()
    if decision == "approve":
        standing.approve(found, by=member.person, at=at)
        return _("Approved. It begins within seconds.")
    if decision == "erase":
        history.erase_reason(found, by=member.person, at=at)
        return _("The words of the reason are gone. What was done, when and by whom stays.")
    standing.cancel(found, by=member.person, at=at)
    return _("Cancelled. Nothing was changed.")
