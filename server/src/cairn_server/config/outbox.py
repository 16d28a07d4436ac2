# SPDX-License-Identifier: Apache-2.0
"""What leaves this server, with its settings: letters at its pace, and webhooks with its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from cairn.fetch import HttpAsker, HttpPoster
from cairn_server.earning import notices
from cairn_server.issuing import delivery, posting
from cairn_server.webhooks import sending

if TYPE_CHECKING:
    from datetime import datetime

SECONDS = 20.0


def poster() -> HttpPoster:
    """The one way out; settings.WEBHOOK_POSTER names it for web."""
    return HttpPoster(allow=frozenset(settings.WEBHOOK_ORIGINS), timeout=SECONDS)


def asker() -> HttpAsker:
    """The one way to other hosts of credentials; settings.HOST_ASKER names it for web."""
    return HttpAsker(timeout=SECONDS)


def send_letters(*, at: datetime) -> int:
    """Those about credentials, and those about work and places: one pace for both."""
    pace = posting.Pace(
        settings.MAIL_PER_MINUTE, settings.MAIL_PER_MINUTE_PER_DOMAIN, settings.MAIL_CONNECTIONS
    )
    sent = delivery.deliver_due(at=at, pace=pace, returns_to=settings.BOUNCE_ADDRESS)
    return sent + notices.send_due(at=at, pace=pace, returns_to=settings.BOUNCE_ADDRESS)


def send_webhooks(*, at: datetime) -> int:
    sending.follow(at=at)
    return sending.send_due(
        poster=poster(), keys=[settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS], at=at
    )
