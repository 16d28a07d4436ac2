# SPDX-License-Identifier: Apache-2.0
"""django-allauth in our house: its forms in our words, and what is written down when an address was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import forms as allauth_forms
from allauth.account.authentication import get_authentication_records
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts import proving
from cairn_server.accounts.adapter import AccountAdapter

if TYPE_CHECKING:
    from allauth.account.models import EmailAddress
    from django import forms
    from django.http import HttpRequest, HttpResponse
    from django.utils.functional import _StrPromise

    from cairn_server.accounts.models import Person


class Adapter(AccountAdapter):
    """The account adapter, which also notes when somebody has shown that they read an address."""

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        confirmed = bool(super().confirm_email(request, email_address))
        if confirmed:
            proving.note(email_address.user, email_address.email, at=timezone.now())
        return confirmed

    def post_login(self, request: HttpRequest, user: Person, **how: Any) -> HttpResponse:
        for record in get_authentication_records(request, user):
            if record.get("method") == "code" and record.get("email"):
                proving.note(user, record["email"], at=timezone.now())
        return super().post_login(request, user, **how)


WORDS: dict[str, tuple[_StrPromise, _StrPromise | str]] = {
    "login": (_("E-mail address"), ""),
    "email": (_("E-mail address"), ""),
    "oldpassword": (_("The password of today"), ""),
    "password1": (_("New password"), ""),
    "password2": (_("The new password again"), ""),
    "code": (_("Code"), ""),
    "name": (_("Name of the key"), _("“Blue key on my ring”, “Phone”.")),
    "passwordless": (
        _("Sign in with it alone"),
        _("The key then asks for a fingerprint, a face or a PIN, and you need no password and no code."),
    ),
}


def in_our_words(form: forms.Form) -> forms.Form:
    """Name each field by the table. A label that vanishes while one types is no label (WCAG 3.3.2)."""
    for name, field in form.fields.items():
        field.widget.attrs.pop("placeholder", None)
        bound = form[name]
        if name in WORDS:
            # A bound field keeps the label it was made with, and a form with errors has made them already.
            bound.label, hint = WORDS[name]
            bound.help_text = hint or ("" if name == "password1" else field.help_text)
    return form


class LoginForm(allauth_forms.LoginForm):
    """With the password that people may have set afterwards.

    allauth leaves the field out where signing up asks for none.
    """

    def _setup_password_field(self) -> None:
        pass
