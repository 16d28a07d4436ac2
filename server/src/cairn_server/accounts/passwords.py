# SPDX-License-Identifier: Apache-2.0
"""A block-list for long passwords (NIST 800-63-4: length and a list, no rules of composition).

Lists of leaked passwords hold few of 15 characters and more; what people do to reach a length is to
repeat, to count, and to double a common word. So those are refused by their form, and the rest by list.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person

_RUNS = (
    string.ascii_lowercase,
    string.digits * 5,
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1q2w3e4r5t6y7u8i9o0p",
)
_EVERYBODYS = (
    "correcthorsebatterystaple",
    "passwordpassword",
    "thisismypassword",
    "microcredential",
    "opencairn",
)


class BlockListValidator:
    """Refuses what an attacker tries first."""

    def __init__(self) -> None:
        self._common = CommonPasswordValidator().passwords

    def validate(self, password: str, user: Person | None = None) -> None:
        if self._is_predictable(password.lower()):
            raise ValidationError(self.get_help_text(), code="password-predictable")

    def get_help_text(self) -> str:
        return _("Do not repeat, count, or use a password that many people use. A short sentence is good.")

    def _is_predictable(self, password: str) -> bool:
        letters = "".join(character for character in password if character.isalnum())
        # "Summer2026!!!!!!!": what is left without digits and signs at the ends is the word.
        core = letters.strip(string.digits)
        return (
            letters in self._common
            or core in self._common
            or any(word in letters for word in _EVERYBODYS)
            or len(set(password)) < 5
            or _repeats(letters)
            or _is_run(letters)
        )


def _repeats(text: str) -> bool:
    """Is the text one part, at most half as long, over and over?"""
    # A text with period p occurs in itself doubled at p, before the end (a classic of string theory).
    return bool(text) and (text + text).find(text, 1) <= len(text) // 2


def _is_run(text: str) -> bool:
    """Is the text cut from the alphabet, a keyboard row or counting, forwards or backwards?"""
    return any(text in run or text in run[::-1] for run in _RUNS)
