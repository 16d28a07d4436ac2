# SPDX-License-Identifier: Apache-2.0
"""django-allauth in our house: its forms in our words, and what follows when an address is confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account import forms as allauth_forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.adapter import AccountAdapter
from cairn_server.issuing import delivery

if TYPE_CHECKING:
    from allauth.account.models import EmailAddress
    from django import forms
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise


class Adapter(AccountAdapter):
    """The account adapter, which also hands over what was waiting for a newly confirmed address."""

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        confirmed = bool(super().confirm_email(request, email_address))
        if confirmed:
            delivery.deliver_waiting(email_address.user, at=timezone.now())
        return confirmed


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
