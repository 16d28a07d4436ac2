# SPDX-License-Identifier: Apache-2.0
"""What happens to a wallet: a credential arrives, its holder looks.

A wallet takes credentials from anyone, so it knows nothing of our issuing; and it takes only ``Verified``,
so nothing unread can get in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cairn.credential.structure import PRESENTATION
from cairn_server.errors import Refusal
from cairn_server.journal import services as journal
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from cairn import Verified
    from cairn_server.accounts.models import Person


class NotHeld(Refusal):
    """What is brought is not something that a holder keeps."""

    status = 422


@transaction.atomic
def receive(
    verified: Verified,
    *,
    holder: Person,
    secured: bytes,
    at: datetime,
    source: str = HeldCredential.Source.IMPORTED,
) -> HeldCredential:
    """Keep the exact bytes. Receiving them twice is the same as once.

    The caller found out that the holder may have it (an award to one of their verified addresses, or their
    own upload); ``verified`` says that it is genuine, not that it still counts: a revoked one may be kept.
    ``NotHeld`` for a presentation.
    """
    if verified.report.kind == PRESENTATION:
        # It was signed for one reader and one question; what lasts are the credentials in it.
        raise NotHeld(
            "presentation-not-kept",
            _("This shows credentials to somebody. Bring the credentials themselves."),
        )
    # The finding's own word: the formats say it in different places.
    issuer = verified.report.finding("issuer")
    held, new = HeldCredential.objects.get_or_create(
        person=holder,
        sha256=verified.report.sha256,
        defaults={
            "issuer_id": issuer.details.get("issuer", "") if issuer else "",
            "credential_id": verified.document.get("id", ""),
            "name": name_of(verified.document),
            "format": verified.report.format,
            "secured": secured,
            "source": source,
            "received_at": at,
        },
    )
    if new:
        journal.record(
            verb="credential received",
            by=holder,
            organisation_id=None,
            object=held,
            details={"sha256": held.sha256, "source": held.source},
            at=at,
        )
    return held


def held_by(person: Person) -> QuerySet[HeldCredential]:
    """A person's credentials, newest first."""
    return HeldCredential.objects.visible_to(person).order_by("-received_at", "-id")


def name_of(document: Mapping[str, Any]) -> str:
    """What a list calls it: the credential's own name, otherwise the achievement's."""
    subjects = document.get("credentialSubject") or {}
    subject = subjects[0] if isinstance(subjects, list) else subjects
    return str(document.get("name") or (subject.get("achievement") or {}).get("name") or "")
