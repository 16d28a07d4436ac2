# SPDX-License-Identifier: Apache-2.0
"""The ``1EdTechRevocationList`` of Open Badges 3.0: a plain list of withdrawn credentials, read only.

Nobody signs it. It is believed because the signed credential names its address and the issuer answers there
over TLS, so it must say that it is that list, of that issuer; with another list's silence a revoked
credential would look valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from cairn.credential import issuer_id
from cairn.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Mapping

REVOCATION_LIST: Final = "1EdTechRevocationList"

# The published text has both names; readers take either, and both at once (N10).
_MEMBERS: Final = ("revokedCredential", "revokedCredentials")


@dataclass(frozen=True, slots=True)
class RevocationList:
    """The withdrawn credentials of one issuer, each with the reason that is given."""

    reasons: Mapping[str, str]

    def reason(self, credential_id: str) -> str | None:
        """Why the credential was withdrawn ("" when no reason is given); None when it was not."""
        return self.reasons.get(_comparable(credential_id))


def is_revocation_list(pointer: Mapping[str, Any]) -> bool:
    """Whether this ``credentialStatus`` is of our kind."""
    return pointer.get("type") in (REVOCATION_LIST, [REVOCATION_LIST])


def read_revocation_list(document: Mapping[str, Any], *, url: str, issuer: str) -> RevocationList:
    """The list that was asked for at ``url``; ``MalformedError`` when it is another one, or unreadable."""
    if document.get("id") != url:
        raise MalformedError("status-list-id", "the 'id' of the status list is not the URL it was asked from")
    if issuer_id(document) != issuer:
        raise MalformedError("status-list-issuer", "the status list is by somebody else than the issuer")
    if not any(name in document for name in _MEMBERS):
        raise MalformedError("status-list-type", f"this is not a {REVOCATION_LIST}")
    reasons: dict[str, str] = {}
    for name in _MEMBERS:
        entries = document.get(name, [])
        for entry in entries if isinstance(entries, list) else [entries]:
            identifier, reason = _entry(entry)
            if reason is not None:
                reasons.setdefault(_comparable(identifier), reason)
    return RevocationList(reasons)


def _entry(entry: Any) -> tuple[str, str | None]:
    """The credential named, and the reason; None when it says that it is not revoked (any more)."""
    identifier = entry.get("id") if isinstance(entry, dict) else None
    # Left out, it means revoked; only a plain false takes it back.
    revoked = entry.get("revoked", True) if isinstance(entry, dict) else None
    if not isinstance(identifier, str) or not isinstance(revoked, bool):
        raise MalformedError("status-list-entry", "an entry of the revocation list cannot be read")
    reason = entry.get("revocationReason", "")
    return identifier, (reason if isinstance(reason, str) else "") if revoked else None


def _comparable(identifier: str) -> str:
    """Equality of ids in Open Badges 3.0 (§ Verification, "Equality and comparison"): decoded and trimmed."""
    return unquote(identifier).strip()
