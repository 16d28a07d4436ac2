# SPDX-License-Identifier: Apache-2.0
"""What is kept for as long as the operator has set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from cairn_server.wallets import looks

if TYPE_CHECKING:
    from datetime import datetime


def forget_old_looks(*, at: datetime) -> int:
    return looks.forget_old(at=at, days=settings.LOOKS_KEPT_DAYS)
