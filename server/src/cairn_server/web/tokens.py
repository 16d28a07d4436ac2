# SPDX-License-Identifier: Apache-2.0
"""API tokens of an organisation: the list, a new one, and withdrawing one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.organisations import tokens
from cairn_server.organisations.models import Scope
from cairn_server.web import listing
from cairn_server.web.access import OVERSEERS, OWNERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse, HttpResponseBase


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("Which system will use it, so that you know later which one to withdraw."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one thing that it may do.")},
    )


@require_safe
@member_page(*OVERSEERS)
def index(request: HttpRequest, member: Member) -> HttpResponseBase:
    query = listing.query_of(request)
    found = (
        member.organisation.api_tokens.filter(name__icontains=query)
        .select_related("created_by")
        .order_by("-created_at", "-pk")
    )
    if listing.wants_csv(request):
        return listing.csv_download(
            "tokens",
            [_("Name"), _("May"), _("Made"), _("Last used"), _("Withdrawn")],
            (
                [
                    token.name,
                    ", ".join(token.scopes),
                    *(
                        when.date().isoformat() if when else ""
                        for when in (token.created_at, token.last_used_at, token.revoked_at)
                    ),
                ]
                for token in found.iterator()
            ),
        )
    context = {"member": member, "query": query, "page": listing.page_of(request, found)}
    return render(request, "organisation/tokens.html", context)


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def new(request: HttpRequest, member: Member) -> HttpResponse:
    form = TokenForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            token, secret = tokens.create_token(
                member.organisation, by=member.person, at=timezone.now(), **form.cleaned_data
            )
            # Shown in the answer to the POST and nowhere else: no address, no cache, no second look (B153).
            response = render(
                request, "organisation/token_made.html", {"member": member, "token": token, "secret": secret}
            )
            response["Cache-Control"] = "no-store"
            return response
    return render(
        request, "organisation/token_new.html", {"member": member, "form": form}, status=status_of(form)
    )


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def revoke(request: HttpRequest, member: Member, token_id: str) -> HttpResponse:
    token = member.token(token_id)
    if request.method == "POST":
        tokens.revoke_token(token, by=member.person, at=timezone.now())
        messages.success(request, _("Withdrawn. Whatever still uses it is refused from now on."))
        return redirect("organisation-tokens", member.organisation.public_id)
    return render(request, "organisation/token_revoke.html", {"member": member, "token": token})
