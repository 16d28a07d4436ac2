# SPDX-License-Identifier: Apache-2.0
"""What the server says when it will not do something: a code for programs, a sentence for people.

    Refusal                    this cannot be done now        → 409 (or the stated status)
    └── NotAllowed             you may not do this            → 403
        └── NotVisible         for you, this does not exist   → 404

Each service module defines its own refusals next to the verb that raises them. One middleware turns
them into a page or a problem document, so no view catches them to make a response. Another tenant's
object is ``NotVisible`` and never ``NotAllowed``: a 403 would tell that it exists (B135).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class Refusal(Exception):  # noqa: N818  a refusal is an answer, not an accident
    """The root: ``code`` is stable and documented in docs/reference/errors.md; ``message`` may change."""

    status = 409

    def __init__(self, code: str, message: _StrOrPromise, status: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        if status is not None:
            self.status = status

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class NotAllowed(Refusal):
    """The person is known here but lacks the role."""

    status = 403
    usual_code = "not-allowed"
    usual_message = _("Your role does not allow this.")

    def __init__(self, code: str = "", message: _StrOrPromise = "") -> None:
        super().__init__(code or self.usual_code, message or self.usual_message)


class NotVisible(NotAllowed):
    """For this person the object does not exist, whether it does or not."""

    status = 404
    usual_code = "not-found"
    usual_message = _("There is nothing here.")
