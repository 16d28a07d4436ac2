# SPDX-License-Identifier: Apache-2.0
"""One more check of a credential of ours, for the issuer's figures and its holder's log.

The public verifier may not know what this server has issued, so it says which address it judged, and here,
where both are known, that becomes a number. Nothing is answered, and nothing about who asked comes along.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings

from cairn_server.issuing import analytics
from cairn_server.wallets import looks
from cairn_server.wallets.models import Look

if TYPE_CHECKING:
    from datetime import datetime

_ID = re.compile(r"[A-Za-z0-9_-]{22}")


def count_check(credential_id: object, *, at: datetime) -> None:
    """``settings.COUNT_CHECK`` names this; an id that is no address of ours is not counted."""
    prefix = f"{settings.PUBLIC_URL}/c/"
    if not isinstance(credential_id, str) or not credential_id.startswith(prefix):
        return
    address_id = credential_id.removeprefix(prefix)
    if _ID.fullmatch(address_id):
        analytics.note(address_id, analytics.Kind.VERIFIED, at=at)
        looks.note_at(credential_id, Look.Kind.VERIFY, at=at)
