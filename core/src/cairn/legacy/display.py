# SPDX-License-Identifier: Apache-2.0
"""An old badge in the words of Open Badges 3.0, to be shown by whoever shows those. Never to be signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cairn.credential import format_datetime
from cairn.credential.shapes import as_list
from cairn.errors import CairnError
from cairn.legacy.open_badges import format_of, hosted_at, period_of, version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACHIEVEMENT = ("id", "name", "description", "image", "tags")
_PROFILE = ("id", "name", "url", "email", "description", "image")


def as_open_badge(document: Mapping[str, Any]) -> dict[str, Any]:
    """A vouched-for assertion, badge and issuer inside it, in the members of Open Badges 3.0.

    Anything else, a credential of today among them, comes back as it is. Nothing is added that the badge
    does not say, and the recipient's hash and its salt are left out (S10).
    """
    if format_of(document) is None:
        return dict(document)
    version = version_of(document)
    badge = document["badge"] if isinstance(document["badge"], dict) else {}
    issuer: Any = badge.get("issuer")
    shown: dict[str, Any] = {
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": _text(badge.get("name")),
        "issuer": _issuer(issuer if isinstance(issuer, dict) else {}),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "achievement": _achievement(badge, _origin(issuer)),
        },
        **_dates(document),
    }
    named = document.get("id") or hosted_at(document) or document.get("uid")
    if named is not None:
        shown["id"] = str(named)
    subject = shown["credentialSubject"]
    if isinstance(document.get("narrative"), str):
        subject["narrative"] = document["narrative"]
    recipient = document.get("recipient")
    holder = _recipient(recipient, document.get("recipientProfile"))
    if holder:
        subject["identifier"] = holder
    evidence = _evidence(document.get("evidence"))
    if evidence:
        shown["evidence"] = evidence
    shown["note"] = f"Open Badges {version}"
    return shown


def _issuer(issuer: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: issuer[name] for name in _PROFILE if isinstance(issuer.get(name), str)}
    if "origin" in issuer:
        found |= {"id": issuer["origin"], "url": issuer["origin"]}
    return {"type": ["Profile"], **found}


def _origin(issuer: object) -> str:
    """What paths in a badge of 0.5 are relative to; "" for later ones, which have addresses."""
    return _text(issuer.get("origin")) if isinstance(issuer, dict) else ""


def _achievement(badge: Mapping[str, Any], origin: str) -> dict[str, Any]:
    # Description and criteria, without which today's badges are none, were forgotten in many old ones.
    found: dict[str, Any] = {"description": "", "criteria": {}}
    found |= {name: badge[name] for name in _ACHIEVEMENT if name in badge}
    image = found.get("image")
    if isinstance(image, str):
        found["image"] = {"id": image, "type": "Image"}
    if "tags" in found:
        found["tag"] = [tag for tag in as_list(found.pop("tags")) if isinstance(tag, str)]
    criteria = badge.get("criteria")
    if isinstance(criteria, str):
        found["criteria"] = {"id": origin + criteria if criteria.startswith("/") else criteria}
    elif isinstance(criteria, dict):
        found["criteria"] = {name: criteria[name] for name in ("id", "narrative") if name in criteria}
    return {"type": ["Achievement"], **found}


def _recipient(recipient: object, profile: object) -> list[dict[str, Any]]:
    """A recipient in plain words. Blockcerts 2 have the name in a profile of its own."""
    found = []
    if isinstance(recipient, dict) and recipient.get("hashed") in (False, "false"):
        kind = {"email": "emailAddress", "telephone": "phoneNumber"}.get(
            str(recipient.get("type")), "identifier"
        )
        found.append((recipient.get("identity"), kind))
    if isinstance(recipient, str) and not recipient.startswith("sha256$"):
        found.append((recipient, "emailAddress"))
    if isinstance(profile, dict):
        found.append((profile.get("name"), "name"))
    return [
        {"type": "IdentityObject", "hashed": False, "identityHash": identity, "identityType": kind}
        for identity, kind in found
        if isinstance(identity, str)
    ]


def _evidence(evidence: object) -> list[dict[str, Any]]:
    """Addresses, or objects that describe what is there."""
    found: list[dict[str, Any]] = []
    for each in as_list(evidence):
        if isinstance(each, str):
            found.append({"id": each, "type": ["Evidence"]})
        elif isinstance(each, dict):
            named = ("id", "name", "description", "narrative", "genre", "audience")
            found.append({"type": ["Evidence"], **{name: each[name] for name in named if name in each}})
    return found


def _dates(document: Mapping[str, Any]) -> dict[str, str]:
    try:
        begins, ends = period_of(document)
    except CairnError:
        return {}
    dates = {"validFrom": begins, "awardedDate": begins, "validUntil": ends}
    return {name: format_datetime(moment) for name, moment in dates.items() if moment is not None}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
