# SPDX-License-Identifier: Apache-2.0
"""Mending one credential: what is wrong is said anew, and a new one takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from cairn_server.issuing import renewal, replacing, standing
from cairn_server.organisations import roles
from cairn_server.web.access import ISSUERS, Member, member_page, refusals_on
from cairn_server.web.organisation import posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class MendForm(forms.Form):
    """Everything that can be said otherwise, as it is now."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=254)
    grade = forms.CharField(label=gettext_lazy("Grade or score"), required=False, max_length=100)
    narrative = forms.CharField(
        label=gettext_lazy("About this one award"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    evidence_url = forms.URLField(
        label=gettext_lazy("Link to the evidence"), required=False, max_length=2_000, assume_scheme="https"
    )
    evidence_name = forms.CharField(
        label=gettext_lazy("Name of the evidence"), required=False, max_length=200
    )
    evidence_description = forms.CharField(
        label=gettext_lazy("What it shows"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    reason = forms.CharField(
        label=gettext_lazy("What was wrong"),
        max_length=standing.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "It stands in the history of the earlier page. Do not repeat the mistake itself if it is private."
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(*ISSUERS)
def replace(request: HttpRequest, member: Member, credential_id: str) -> HttpResponse:
    credential = member.credential(credential_id)
    roles.require_signer(member.person, member.organisation)
    form = MendForm(posted(request), initial=replacing.values_of(credential))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            changes = {name: form.cleaned_data[name] for name in replacing.MENDABLE}
            mended = replacing.replace(
                credential, by=member.person, reason=form.cleaned_data["reason"], at=timezone.now(), **changes
            )
            messages.success(
                request, _("Mended. The earlier link leads to this one, and the holder is told.")
            )
            return redirect("credential-detail", member.organisation.public_id, mended.public_id)
    context = {"member": member, "credential": credential, "form": form}
    return render(request, "credentials/replace.html", context, status=status_of(form))


@require_POST
@member_page(*ISSUERS)
def renew(request: HttpRequest, member: Member, credential_id: str) -> HttpResponse:
    """An issuer renews it without any request."""
    credential = member.credential(credential_id)
    try:
        credential = renewal.renew_for_holder(credential, by=member.person, at=timezone.now())
        messages.success(request, _("Renewed. The link is the same; the holder gets an e-mail."))
    except renewal.NotRenewable as refusal:
        # There is no form that could show it.
        messages.error(request, str(refusal.message))
    return redirect("credential-detail", member.organisation.public_id, credential.public_id)
