# SPDX-License-Identifier: Apache-2.0
"""The rights that another site can ask for, by their addresses in the specifications.

Open Badges 3.0 and 2.1 name the same acts differently; ``Right`` is what a learner reads and decides about.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from oauth2_provider.scopes import BaseScopes

if TYPE_CHECKING:
    from collections.abc import Iterable

OB3 = "https://purl.imsglobal.org/spec/ob/v3p0/scope/"
OB2 = "https://purl.imsglobal.org/spec/ob/v2p1/scope/"
OFFLINE = "offline_access"


class Right(StrEnum):
    """What a site may do, whichever version it speaks."""

    READ = "read"
    ADD = "add"
    READ_PROFILE = "read-profile"
    CHANGE_PROFILE = "change-profile"
    STAY = "stay"


RIGHTS = {
    OB3 + "credential.readonly": Right.READ,
    OB3 + "credential.upsert": Right.ADD,
    OB3 + "profile.readonly": Right.READ_PROFILE,
    OB3 + "profile.update": Right.CHANGE_PROFILE,
    # The first in the manifest: one client (Moodle) drops whatever stands there, and does not need this one.
    OB2 + "profile.readonly": Right.READ_PROFILE,
    OB2 + "assertion.create": Right.ADD,
    OB2 + "assertion.readonly": Right.READ,
    OB2 + "profile.update": Right.CHANGE_PROFILE,
    OFFLINE: Right.STAY,
}


def rights_of(scopes: Iterable[str]) -> list[Right]:
    """The rights behind these scopes, each once, in the order of ``Right``."""
    asked = {RIGHTS[scope] for scope in scopes if scope in RIGHTS}
    return [right for right in Right if right in asked]


def known(scopes: str) -> str:
    """Of scopes with blanks between them, those that this server has; others mean nothing here."""
    return " ".join(dict.fromkeys(scope for scope in scopes.split() if scope in RIGHTS))


class Scopes(BaseScopes):
    """For django-oauth-toolkit: a client can ask for what it registered for, and for nothing by default."""

    def get_all_scopes(self) -> dict[str, str]:
        return {scope: right.value for scope, right in RIGHTS.items()}

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        return list(RIGHTS) if application is None else known(application.scope).split()

    def get_default_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        return []
