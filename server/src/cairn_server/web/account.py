# SPDX-License-Identifier: Apache-2.0
"""One's own account: who one is here, taking one's data, and leaving. Signing in is django-allauth's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cairn_server.accounts import services as accounts
from cairn_server.accounts.limits import Limit
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import Role
from cairn_server.wallets import services as wallets
from cairn_server.web import takeout
from cairn_server.web.access import person_of, refusals_on
from cairn_server.web.organisation import FORM_METHODS, may_found, posted, status_of

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person


# Of one person: each download reads everything and signs.
DOWNLOADS = Limit("data-download", burst=5, per_minute=1)


class PersonForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Your name"),
        required=False,
        max_length=200,
        help_text=gettext_lazy(
            "Colleagues in an organisation see it. Credentials carry the name that the issuer writes."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of e-mails"),
        required=False,
        choices=[("", gettext_lazy("As the browser asks")), *settings.LANGUAGES],
    )

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if has_hidden_characters(name):
            raise forms.ValidationError(
                _("Names cannot contain control characters or invisible ones."), code="hidden-characters"
            )
        return name


@require_http_methods(FORM_METHODS)
@login_required
def home(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    form = PersonForm(posted(request), initial={"name": person.name, "language": person.language})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            accounts.update_person(by=person, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("account")
    context = {
        "form": form,
        # Nothing said and nothing joined: somebody who has just signed up, and wonders what now.
        "begins": not person.name and not Organisation.objects.visible_to(person).exists(),
        "may_found": may_found(person),
        "addresses": sorted(accounts.verified_addresses(person)),
        "second_factor": accounts.has_second_factor(person),
        "has_password": person.has_usable_password(),
    }
    return render(request, "account/home.html", context, status=status_of(form))


@require_http_methods(FORM_METHODS)
@login_required
def data(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Everything kept about the person, as one file that other programs can read.

    Asked for by POST: a page elsewhere must not be able to start the download in somebody's browser.
    """
    if request.method != "POST":
        return render(request, "account/data.html")
    person, at = person_of(request), timezone.now()
    DOWNLOADS.take(person.public_id, at=at)
    response = StreamingHttpResponse(
        takeout.stream(person, language=get_language() or "en", at=at), content_type="application/zip"
    )
    response["Content-Disposition"] = 'attachment; filename="my-data.zip"'
    response["Cache-Control"] = "no-store"
    return response


class DeleteForm(forms.Form):
    knows = forms.BooleanField(
        label=gettext_lazy("Delete my account for good"),
        error_messages={"required": gettext_lazy("Tick the box to delete your account.")},
    )


@require_http_methods(FORM_METHODS)
@login_required
def delete(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    form = DeleteForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            accounts.delete_account(by=person, at=timezone.now())
            logout(request)
            return render(request, "account/deleted.html")
    context = {"form": form, "kept_by": last_owner_of(person), "held": wallets.held_by(person).count()}
    return render(request, "account/delete.html", context, status=status_of(form))


def last_owner_of(person: Person) -> list[Organisation]:
    """The open organisations that would be left without an owner: said before the button, not after."""
    owned = Organisation.objects.visible_to(person).filter(
        closed_at=None, memberships__person=person, memberships__role=Role.OWNER
    )
    return [
        organisation
        for organisation in owned
        if not organisation.memberships.filter(role=Role.OWNER).exclude(person=person).exists()
    ]
