# SPDX-License-Identifier: Apache-2.0
"""Places that somebody pays for: given by codes or by a list of addresses, and how many are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.earning import granting
from cairn_server.earning.seats import Grant
from cairn_server.organisations import roles
from cairn_server.web import listing, publication
from cairn_server.web.access import AWARD_READERS, ISSUERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from cairn_server.achievements.models import Achievement


class GrantForm(forms.Form):
    achievement = forms.ChoiceField(label=gettext_lazy("Achievement"))
    sponsor = forms.CharField(
        label=gettext_lazy("Who pays"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("As you write it in your own books."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Good for how many days"),
        min_value=1,
        max_value=granting.LONGEST_DAYS,
        initial=90,
    )
    by = forms.ChoiceField(
        label=gettext_lazy("How people get a place"),
        widget=forms.RadioSelect,
        initial="codes",
        choices=[
            ("codes", gettext_lazy("By codes that you hand out")),
            ("list", gettext_lazy("By a list of e-mail addresses")),
        ],
    )
    places = forms.IntegerField(
        label=gettext_lazy("Number of codes"), required=False, min_value=1, max_value=granting.MOST_PLACES
    )
    emails = forms.CharField(
        label=gettext_lazy("E-mail addresses"),
        required=False,
        max_length=300_000,
        help_text=gettext_lazy("One a line. Whoever has confirmed one of them finds a place waiting."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def __init__(self, *args: Any, achievements: list[Achievement], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = sorted(((each.public_id, each.current.name) for each in achievements), key=lambda row: row[1])
        self.fields["achievement"].choices = names  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("by") == "codes" and not said.get("places") and "places" not in self.errors:
            self.add_error("places", _("Write how many codes you want."))
        if said.get("by") == "list" and not said.get("emails") and "emails" not in self.errors:
            self.add_error("emails", _("Write at least one address."))
        return said


def _grants(member: Member) -> QuerySet[Grant]:
    return (
        Grant.objects.filter(organisation=member.organisation)
        .select_related("achievement", "organisation")
        .annotate(total=Count("places"), taken=Count("places", filter=Q(places__taken_at__isnull=False)))
        .order_by("-created_at", "-pk")
    )


@require_safe
@member_page(*AWARD_READERS)
def index(request: HttpRequest, member: Member) -> HttpResponse:
    context = {"member": member, "page": listing.page_of(request, _grants(member)), "at": timezone.now()}
    return render(request, "teaching/grants.html", context)


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def new(request: HttpRequest, member: Member) -> HttpResponse:
    offered = list(
        member.organisation.achievements.filter(versions__state="published", archived_at=None).distinct()
    )
    form = GrantForm(
        posted(request), achievements=offered, initial={"achievement": request.GET.get("achievement")}
    )
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            said, by, at = form.cleaned_data, member.person, timezone.now()
            what = member.achievement(said["achievement"])
            common = {"by": by, "days": said["days"], "sponsor": said["sponsor"], "at": at}
            if said["by"] == "list":
                emails = [line.strip() for line in said["emails"].splitlines() if line.strip()]
                made = granting.grant_list(what, emails=emails, **common)
                return redirect("grant", member.organisation.public_id, made.public_id)
            made, codes = granting.grant_codes(what, places=said["places"], **common)
            # The only time that anybody sees them.
            context = {"member": member, "grant": made, "codes": codes}
            return publication.private(render(request, "teaching/codes.html", context))
    context = {"member": member, "form": form, "has_any": bool(offered)}
    return render(request, "teaching/grant_new.html", context, status=status_of(form))


@require_http_methods(FORM_METHODS)
@member_page(*AWARD_READERS)
def grant(request: HttpRequest, member: Member, grant_id: str) -> HttpResponse:
    found = get_object_or_404(_grants(member), public_id=grant_id)
    at = timezone.now()
    if request.method == "POST":
        roles.require(member.person, roles.SIGNERS, member.organisation)
        granting.end_grant(found, by=member.person, at=at)
        messages.success(request, _("No more places of it are taken."))
        return redirect("grant", member.organisation.public_id, found.public_id)
    listed = found.places.exclude(email="").order_by("email")
    context = {
        "member": member,
        "grant": found,
        "page": listing.page_of(request, listed),
        "is_open": found.is_open(at),
    }
    return render(request, "teaching/grant.html", context)
