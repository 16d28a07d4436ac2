# SPDX-License-Identifier: Apache-2.0
"""Is there a newer copy of it, and is that the same credential?

Open Badges 3.0 lets a credential name a place where its newer copy lies (1EdTechCredentialRefresh). It goes
on with the old copy when anything fails, and lets the new one be about somebody else; here it must be the
same issuer's, of the same id, about the same subject, and newer (S7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cairn.checks.finding import Finding
from cairn.credential import issuer_id, parse_datetime
from cairn.credential.address import is_web
from cairn.credential.shapes import as_list, types_of
from cairn.errors import MalformedError
from cairn.proof import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SERVICE: Final = "1EdTechCredentialRefresh"


def refresh_url(document: Mapping[str, Any]) -> str | None:
    """Where the newer copy of a credential would lie; ``document`` is one that somebody vouches for."""
    for service in as_list(document.get("refreshService", [])):
        if SERVICE in types_of(service) and is_web(service.get("id")):
            return str(service["id"])
    return None


def is_newer(document: Mapping[str, Any], than: Mapping[str, Any]) -> bool:
    """Whether it is the same credential, made valid again later. What has no name is the same as nothing."""
    for part in ("issuer", "id", "credentialSubject"):
        named = _names(document, part)
        if named in (None, [None]) or named != _names(than, part):
            return False
    newer, older = _begins(document), _begins(than)
    return newer is not None and older is not None and newer > older


def refreshed(url: str) -> Finding:
    """What is said of the newer copy."""
    return Finding("refresh", Outcome.PASSED, "refreshed", "This is the newer copy of it.", {"url": url})


def still_current(url: str) -> Finding:
    """What is said when the same copy lies there."""
    return Finding("refresh", Outcome.PASSED, "ok", "There is no newer copy of it.", {"url": url})


def not_refreshed(url: str, reason: str) -> Finding:
    """What is said of the old copy. It is a remark: the old copy is as good as it was."""
    message = f"We could not get a newer copy of it: {reason}"
    return Finding("refresh", Outcome.UNDECIDED, "not-refreshed", message, {"url": url}, decides=False)


def _names(document: Mapping[str, Any], part: str) -> Any:
    if part == "issuer":
        return issuer_id(document)
    if part == "id":
        return document.get("id")
    # Whoever has no id is known by identifiers, and those are compared as they are written.
    return [
        subject.get("id", subject.get("identifier")) if isinstance(subject, dict) else subject
        for subject in as_list(document.get("credentialSubject"))
    ]


def _begins(document: Mapping[str, Any]) -> datetime | None:
    try:
        return parse_datetime(document.get("validFrom", document.get("issuanceDate")) or "")
    except (MalformedError, TypeError):
        return None
