# SPDX-License-Identifier: Apache-2.0
"""Keys grow old by themselves: the hourly work on them, and the letter to owners whose key's time ends
soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from cairn_server.config.signer import terms
from cairn_server.organisations import installation, key_changes
from cairn_server.organisations.models import Installation
from cairn_server.organisations.roles import Role

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.organisations.models import SigningKey


def care_for_keys(*, at: datetime) -> int:
    """Retire, destroy, remind; how many letters were written. Not in a copy that is not confirmed yet
    (F11)."""
    if Installation.objects.filter(recovering=True).exists():
        return 0
    terms_of_keys = terms()
    reminded = key_changes.age_keys(at=at, terms=terms_of_keys)
    return sum(_remind(key, ends=since + terms_of_keys.cryptoperiod) for key, since in reminded)


def _remind(key: SigningKey, *, ends: datetime) -> int:
    owners = key.organisation.memberships.filter(role=Role.OWNER, person__is_active=True)
    context = {
        "organisation": key.organisation,
        "key": key,
        "ends": ends,
        "link": installation.public_url() + reverse("organisation-keys", args=[key.organisation.public_id]),
    }
    subject = _("Replace the key of %(organisation)s") % {"organisation": key.organisation.name}
    addresses = sorted(owners.values_list("person__email", flat=True))
    for address in addresses:
        EmailMessage(
            subject,
            render_to_string("organisation/key_reminder_mail.txt", context),
            settings.DEFAULT_FROM_EMAIL,
            [address],
            headers={"Auto-Submitted": "auto-generated"},
        ).send()
    return len(addresses)
