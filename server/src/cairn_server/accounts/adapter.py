# SPDX-License-Identifier: Apache-2.0
"""Where django-allauth asks us: how an address is spelled, who the client is, how a secret is stored."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings  # noqa: TID251  allauth makes its adapters itself; there is nobody to pass values
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from cairn_server.accounts.limits import client_address
from cairn_server.accounts.services import clean_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.mail import EmailMessage
    from django.http import HttpRequest  # noqa: TID251

    from cairn_server.accounts.models import Person


class AccountAdapter(DefaultAccountAdapter):
    """Addresses in their one spelling; client addresses by the rule of ``accounts.limits``."""

    def clean_email(self, email: str) -> str:
        return clean_address(email)

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(
            peer=request.META.get("REMOTE_ADDR", ""),
            forwarded_for=request.headers.get("X-Forwarded-For", ""),
            trusted_proxies=settings.TRUSTED_PROXIES,
        )

    def get_from_email(self) -> str:
        return settings.DEFAULT_FROM_EMAIL

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Person,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        # Whose mail it is decides the language, and allauth would not say.
        super().send_notification_mail(template_prefix, user, {**(context or {}), "user": user}, email)

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """The text that the templates give, and the same words in the look of our other mails.

        In the language that this person chose for e-mails, otherwise in that of the page that sends it.
        """
        chosen = getattr(context.get("user"), "language", "") or translation.get_language()
        with translation.override(chosen):
            headers = {"Auto-Submitted": "auto-generated"} | (headers or {})
            message = super().render_mail(template_prefix, email, context, headers)
            assert isinstance(message, EmailMultiAlternatives), "there is a text template for every mail"
            *paragraphs, foot = str(message.body).split("\n\n")
            html = {
                "subject": message.subject,
                "sender": context["current_site"].domain,
                "parts": list(_parts(paragraphs, context)),
                "foot": foot,
            }
            message.attach_alternative(render_to_string("mail/account.html", html), "text/html")
        return message


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a mail: a code to type, the link to follow, or words."""

    kind: str
    text: str
    label: str = ""


def _parts(paragraphs: list[str], context: dict[str, Any]) -> Iterator[Part]:
    """What stands on a line of its own and is the code or the link of this mail is shown as that.

    Decided by what the mail was made of and not by how it looks: an address in the words of somebody else
    (the name of a browser, say) stays words.
    """
    labels = {
        "signup_url": _("Create an account"),
        "password_reset_url": _("Choose a new password"),
        "activate_url": _("Confirm the address"),
    }
    links = {str(context[name]): label for name, label in labels.items() if context.get(name)}
    for paragraph in paragraphs:
        words: list[str] = []
        for line in paragraph.strip().splitlines():
            special = None
            if line in links:
                special = Part("link", line, links[line])
            elif line == context.get("code"):
                special = Part("code", line)
            if special is None:
                words.append(line)
                continue
            if words:
                yield Part("words", "\n".join(words))
                words = []
            yield special
        if words:
            yield Part("words", "\n".join(words))


class SecondFactorAdapter(DefaultMFAAdapter):
    """TOTP secrets are sealed, so a copy of the database does not make codes (H20)."""

    def get_totp_issuer(self) -> str:
        return settings.MFA_TOTP_ISSUER

    def encrypt(self, text: str) -> str:
        return _seals().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _seals().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise RuntimeError("a second factor was sealed with another SECRET_KEY") from error


def _seals() -> MultiFernet:
    return MultiFernet([_seal(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _seal(secret_key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"cairn second factor/1")
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret_key.encode())))
