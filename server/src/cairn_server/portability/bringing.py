# SPDX-License-Identifier: Apache-2.0
"""A site that was let in adds a credential: by the road of an upload, and the site is noted beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cairn.errors import MalformedError
from cairn_server.accounts.limits import Limit
from cairn_server.wallets import arriving
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cairn import Sources
    from cairn.checks import Check
    from cairn_server.portability.models import Consent
    from cairn_server.wallets.services import Kept


def bring(
    data: bytes,
    consent: Consent,
    *,
    sources: Sources,
    asked: Sequence[Check],
    limit: Mapping[str, int],
    at: datetime,
) -> Kept:
    """Judge what the site sends and keep it; what nobody vouches for is refused, with the reason.

    The limit is that of what its holder brings in themselves: a site is no way round it (B149).
    """
    if len(data) > arriving.LARGEST:
        raise MalformedError("limit-size", "this is larger than what is kept")
    Limit("verify", limit["burst"], limit["per_minute"]).take(f"bring:{consent.person.public_id}", at=at)
    return arriving.take_in(
        data,
        holder=consent.person,
        sources=sources,
        asked=asked,
        arrival=HeldCredential.Arrival.SITE,
        came_from=f"{consent.client.name} ({consent.client.host})",
        at=at,
    )
