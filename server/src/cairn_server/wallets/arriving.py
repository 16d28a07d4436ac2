# SPDX-License-Identifier: Apache-2.0
"""How anything from elsewhere gets into a wallet: judged first, kept as signed, where it came from noted.

Uploads, links, sites that push and hosts that are asked all take this road, so there is one answer to what a
wallet keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cairn
from cairn import Verifier, checks
from cairn_server.wallets import services

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cairn import Sources
    from cairn_server.accounts.models import Person

# What a credential says about itself: its shape, its proof, its issuer. A wallet keeps it by these alone.
ITSELF = (checks.structure, checks.proof)
# Of one thing, whichever way it comes.
LARGEST = 2 * 1024 * 1024


class Once:
    """Sources that ask for each address once: two judgements of one thing lean on the same bytes."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._known: dict[str, bytes] = {}

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        if url not in self._known:
            self._known[url] = self.sources.fetch(url, accept=accept, limit=limit)
        return self._known[url]


def take_in(
    data: bytes,
    *,
    holder: Person,
    sources: Sources,
    asked: Sequence[checks.Check],
    arrival: str,
    came_from: str,
    at: datetime,
) -> services.Kept:
    """Judge the bytes and keep them; ``VerificationError`` where nobody vouches for them.

    ``asked`` are all the checks whose answers are kept beside it; they decide nothing here.
    """
    once = sources if isinstance(sources, Once) else Once(sources)
    secured = cairn.read(data).unverified_bytes
    verified = Verifier(once, ITSELF).verify(secured, at=at)
    report = Verifier(once, tuple(asked)).examine(secured, at=at)
    return services.keep(
        verified,
        holder=holder,
        secured=secured,
        at=at,
        arrival=arrival,
        came_from=came_from,
        checked=report,
    )
