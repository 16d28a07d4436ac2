# SPDX-License-Identifier: Apache-2.0
"""How anything from elsewhere gets into a wallet: judged first, kept as signed, where it came from noted.

Uploads, links, sites that push and hosts that are asked all take this road, so there is one answer to what a
wallet keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

import cairn
from cairn import MalformedError, Verifier, checks
from cairn.proof import keeping_back
from cairn_server.errors import Refusal
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


class NoCopy(Refusal):
    """Of a base proof that came no copy can be made, so nobody could ever be shown it."""

    status = 422

    def __init__(self) -> None:
        super().__init__(
            "no-copy",
            _(
                "Its issuer signed it so that parts of it can be kept back, but no copy of it can be made: it"
                " was changed or is damaged. Ask its issuer for a new one."
            ),
        )


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
    found = cairn.read(data)
    services.refuse_own_copy_inside(found.unverified_document)
    came = found.unverified_bytes
    secured = for_others(came)
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
        own_copy=None if secured is came else came,
    )


def for_others(data: bytes) -> bytes:
    """What is judged and shown of these bytes: of a base proof the copy of all of it, else themselves."""
    document = keeping_back.own_copy(data)
    if document is None:
        return data
    try:
        return keeping_back.derive(document, selective_pointers=keeping_back.EVERYTHING)
    except MalformedError as error:
        # A limit is ours and no fault of the credential.
        if error.code.startswith("limit-"):
            raise
        raise NoCopy from error
