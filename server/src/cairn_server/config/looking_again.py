# SPDX-License-Identifier: Apache-2.0
"""What people show to others is judged again once a day, so that their pages say what is true.

Issuers elsewhere withdraw credentials without telling us. It waits for machines of others, so it runs on a
thread of its own, a few at a time, the one that was looked at longest ago first. What is private is not
touched: then its issuer would learn from us that somebody holds it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F, Q

from cairn.errors import CairnError
from cairn_server.wallets.models import HeldCredential, Visibility
from cairn_server.web import backpack

if TYPE_CHECKING:
    from datetime import datetime

EVERY = timedelta(days=1)
AT_ONCE = 20


def check_what_is_shown(*, at: datetime) -> int:
    """Judge what is due; how many that were."""
    shown = ~Q(visibility=Visibility.PRIVATE) | Q(
        collections__links__revoked_at=None, collections__links__isnull=False
    )
    due = HeldCredential.objects.filter(shown, Q(checked_at=None) | Q(checked_at__lt=at - EVERY)).distinct()
    found = list(due.order_by(F("checked_at").asc(nulls_first=True), "pk")[:AT_ONCE])
    for held in found:
        try:
            backpack.check_again(held, by=None, at=at)
        except (CairnError, ValueError):
            # Unreadable, or not what it was: nobody is told that it is genuine, and the rest goes on.
            HeldCredential.objects.filter(pk=held.pk).update(verdict="could-not-check", checked_at=at)
    return len(found)
