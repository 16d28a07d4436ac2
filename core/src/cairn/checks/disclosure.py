# SPDX-License-Identifier: Apache-2.0
"""What a copy of a part does not show, and might have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cairn.checks.finding import Finding
from cairn.proof import Outcome, data_integrity, sd_jwt
from cairn.reading import SD_JWT

if TYPE_CHECKING:
    from cairn.reading import Unverified


def not_shown(credential: Unverified) -> tuple[str, ...]:
    """What would speak against a credential and may have been left out of this copy of a part of it.

    A copy does not tell what it leaves out. Issuers make such members mandatory (``cairn.sign`` always does),
    but nobody can see from the outside that an issuer has.
    """
    document = credential.unverified_document
    if not (_is_withheld(credential) or data_integrity.is_partial(document)):
        return ()
    limits = (("validUntil", "expirationDate"), ("credentialStatus",))
    hidden = [names[0] for names in limits if document.keys().isdisjoint(names)]
    # Of several entries the one that withdraws may be missing.
    if isinstance(document.get("credentialStatus"), list):
        hidden.append("credentialStatus")
    return tuple(hidden)


def _is_withheld(credential: Unverified) -> bool:
    """Whether a W3C credential in an SD-JWT has members that its holder does not show.

    No standard says which its issuer must not make disclosable. For an SD-JWT VC one does (§2.2.2.2).
    """
    if credential.format != SD_JWT or credential.token is None:
        return False
    parts = sd_jwt.split(credential.token)
    return len(parts.jws.payload.get("_sd", ())) > sum(len(place) == 1 for place in parts.places)


def partial_copy(credential: Unverified) -> tuple[Finding, ...]:
    """The remark on a verified copy of a part that shows no end date or no status; nothing for others."""
    hidden = not_shown(credential)
    if not hidden:
        return ()
    message = "It is a copy of a part. What it does not show, an end date or a status, it may still have."
    details = {"not_shown": ", ".join(hidden)}
    return (Finding("disclosure", Outcome.UNDECIDED, "partial-copy", message, details, decides=False),)
