# SPDX-License-Identifier: Apache-2.0
"""``/account/join``: one more address, or a whole other account of the same person.

    which address? ── code ──┬── nobody has it: it is on this account now
                             └── another account has it: what would move, and a button

Until the code is typed the page says the same about every address (B144).
"""

from __future__ import annotations

from smtplib import SMTPException
from typing import TYPE_CHECKING

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cairn_server.accounts import joining, proving
from cairn_server.accounts.limits import TooMany
from cairn_server.accounts.models import AddressProof, Person
from cairn_server.accounts.services import clean_address, verified_addresses
from cairn_server.errors import NotVisible
from cairn_server.organisations.models import Organisation
from cairn_server.wallets.models import Collection, HeldCredential, Portfolio
from cairn_server.web.access import person_of, refusals_on
from cairn_server.web.claim import CodeForm
from cairn_server.web.organisation import FORM_METHODS

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

STEP = "join"


class AddressForm(forms.Form):
    email = forms.CharField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def clean_email(self) -> str:
        return clean_address(self.cleaned_data["email"])


class JoinForm(forms.Form):
    knows = forms.BooleanField(
        label=gettext_lazy("Both accounts are mine, and I want one"),
        error_messages={"required": gettext_lazy("Tick the box to join the two accounts.")},
    )


@require_http_methods(FORM_METHODS)
@login_required
@reauthentication_required(allow_get=True, app="cairn_server.accounts")
def join(request: HttpRequest) -> HttpResponse:
    do = request.POST.get("do", "") if request.method == "POST" else ""
    step = AddressProof.objects.filter(public_id=request.session.get(STEP, "")).first()
    if do == "stop":
        request.session.pop(STEP, None)
        return redirect("account-join")
    if step is None or do == "address":
        return _address(request, AddressForm(request.POST if do == "address" else None))
    if step.proven_at is None:
        return _code(request, step, CodeForm(request.POST if do == "code" else None))
    return _join(request, step, JoinForm(request.POST if do == "join" else None))


def _page(request: HttpRequest, state: str, form: forms.Form, **more: object) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "account/join.html", {"state": state, "form": form, **more}, status=status)


def _address(request: HttpRequest, form: AddressForm) -> HttpResponse:
    person = person_of(request)
    if form.is_bound and form.is_valid():
        try:
            proof, code = proving.ask(
                form.cleaned_data["email"], about=joining.about(person), at=timezone.now()
            )
            get_adapter(request).send_mail("account/email/join_code", proof.address, {"code": code})
        except TooMany as refusal:
            form.add_error("email", str(refusal.message))
        except (OSError, SMTPException):
            form.add_error(None, _("The mail could not be sent just now. Please try again in a moment."))
        else:
            request.session[STEP] = proof.public_id
            return redirect("account-join")
    return _page(request, "address", form)


def _code(request: HttpRequest, step: AddressProof, form: CodeForm) -> HttpResponse:
    person, at = person_of(request), timezone.now()
    if form.is_bound and form.is_valid():
        try:
            proof = proving.prove(
                step.public_id, form.cleaned_data["code"], about=joining.about(person), at=at
            )
            if joining.other_account(proof, into=person, at=at) is not None:
                return redirect("account-join")
            proving.add_address(proof, by=person, at=at)
        except proving.CodeRefused as refusal:
            form.add_error("code", str(refusal.message))
        else:
            request.session.pop(STEP, None)
            messages.success(request, _("Confirmed. The address is on your account."))
            return redirect("account_email")
    return _page(request, "code", form, address=step.address)


def _join(request: HttpRequest, step: AddressProof, form: JoinForm) -> HttpResponse:
    person, at = person_of(request), timezone.now()
    try:
        other = joining.other_account(step, into=person, at=at)
    except NotVisible:
        other = None
    if other is None:
        # An hour has gone by, or somebody else signed in in this browser.
        request.session.pop(STEP, None)
        return redirect("account-join")
    if form.is_bound and form.is_valid():
        movers = [import_string(name) for name in settings.JOINS]
        addresses = sorted(verified_addresses(other))
        with refusals_on(form):
            joining.join(person, proof=step, movers=movers, at=at)
            request.session.pop(STEP, None)
            for address in [*addresses, person.email]:
                _tell(request, address)
            messages.success(request, _("The two accounts are one now."))
            return redirect("account")
    return _page(request, "join", form, address=step.address, **_what_moves(other, person))


def _what_moves(other: Person, person: Person) -> dict[str, object]:
    return {
        "held": HeldCredential.objects.visible_to(other).count(),
        "collections": Collection.objects.visible_to(other).count(),
        "addresses": sorted(verified_addresses(other)),
        "organisations": Organisation.objects.visible_to(other).order_by("name"),
        "two_portfolios": Portfolio.objects.filter(person__in=[other, person]).count() == 2,
    }


def _tell(request: HttpRequest, address: str) -> None:
    """Whoever reads the addresses is told; a mail server that is away does not undo what was done."""
    try:
        get_adapter(request).send_mail("account/email/accounts_joined", address, {})
    except (OSError, SMTPException):
        messages.warning(request, _("The mail about it could not be sent."))
