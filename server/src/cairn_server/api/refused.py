# SPDX-License-Identifier: Apache-2.0
"""What sites are told when no view of theirs has been reached: a limit, a body that is too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cairn_server.api import badge_connect
from cairn_server.api.ob3.statuses import status_info
from cairn_server.api.sites import why_not

if TYPE_CHECKING:
    from django.http import HttpResponse


def by_path(path: str, error: Exception) -> HttpResponse | None:
    """In the words of the version that the address is of; None for a mistake of ours."""
    no = why_not(error)
    if no is None:
        return None
    return badge_connect.status(no) if path.startswith(badge_connect.BASE) else status_info(no)
