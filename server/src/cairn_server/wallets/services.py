# SPDX-License-Identifier: Apache-2.0
"""What happens to a wallet: a credential arrives, its holder looks.

A wallet takes credentials from anyone, so it knows nothing of our issuing; and it takes only ``Verified``,
so nothing unread can get in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from cairn_server.journal import services as journal
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from cairn import Verified
    from cairn_server.accounts.models import Person


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
    """
    issuer = verified.document["issuer"]
    held, new = HeldCredential.objects.get_or_create(
        person=holder,
        sha256=verified.report.sha256,
        defaults={
            "issuer_id": issuer if isinstance(issuer, str) else issuer["id"],
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
