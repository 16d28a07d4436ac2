# SPDX-License-Identifier: Apache-2.0
"""Where django-allauth asks us: how an address is spelled, who the client is, how a secret is stored."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings  # noqa: TID251  allauth makes its adapters itself; there is nobody to pass values

from cairn_server.accounts.limits import client_address
from cairn_server.accounts.services import clean_address

if TYPE_CHECKING:
    from django.http import HttpRequest  # noqa: TID251


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
