# SPDX-License-Identifier: Apache-2.0
"""The letter to the owners of an organisation when an endpoint has stopped by itself.

It is owed in the transaction that stopped the endpoint, claimed by a conditional update, and sent outside of
any transaction: after a crash in between it comes once more, which is better than never.
"""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from cairn_server.organisations import installation
from cairn_server.organisations.roles import Role
from cairn_server.webhooks.models import Endpoint

if TYPE_CHECKING:
    from datetime import datetime

AGAIN_AFTER = timedelta(hours=1)


def tell_owners(*, at: datetime) -> int:
    """Send what is owed; how many endpoints were told of."""
    owed = Endpoint.objects.filter(tell_owners_at__lte=at).select_related("organisation").order_by("pk")
    return sum(_tell(endpoint) for endpoint in owed if _claim(endpoint, at=at))


def _claim(endpoint: Endpoint, *, at: datetime) -> bool:
    """Take it, for this attempt: of two processes that see it owed, one gets it."""
    mine = Endpoint.objects.filter(pk=endpoint.pk, tell_owners_at=endpoint.tell_owners_at)
    return bool(mine.update(tell_owners_at=at + AGAIN_AFTER))


def _tell(endpoint: Endpoint) -> bool:
    try:
        for address in _owners(endpoint):
            _letter(endpoint, address).send()
    except (OSError, SMTPException):
        return False
    Endpoint.objects.filter(pk=endpoint.pk).update(tell_owners_at=None)
    return True


def _owners(endpoint: Endpoint) -> list[str]:
    owners = endpoint.organisation.memberships.filter(role=Role.OWNER, person__is_active=True)
    return sorted(owners.values_list("person__email", flat=True))


def _letter(endpoint: Endpoint, to: str) -> EmailMessage:
    organisation = endpoint.organisation
    place = reverse("webhook", args=[organisation.public_id, endpoint.public_id])
    context = {
        "organisation": organisation,
        "endpoint": endpoint,
        # The rest of the address may have a password of the receiver in it.
        "host": urlsplit(endpoint.url).hostname,
        "link": installation.public_url() + place,
    }
    subject = _("A webhook of %(organisation)s has stopped") % {"organisation": organisation.name}
    return EmailMessage(
        " ".join(subject.split()),
        render_to_string("webhooks/stopped_mail.txt", context),
        to=[to],
        headers={"Auto-Submitted": "auto-generated"},
    )
