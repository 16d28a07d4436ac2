# SPDX-License-Identifier: Apache-2.0
"""What a receipt of a check says: pure, and without a key.

A receipt is a credential of this server about what it saw: which bytes (by their fingerprint), when, with
which version, what each check found. It holds nothing that the checked credential says, unless somebody
asked for that, so it can be filed without filing a person (docs/decisions/0014-receipts.md).
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from cairn import OpenBadgeCredential
from cairn.canonical import RECEIPT
from cairn.credential import format_datetime
from cairn.errors import CairnError
from cairn.legacy import as_open_badge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

KIND = "VerificationReceipt"
MEDIA_TYPE = "application/vc"
LONGEST = 300

# Of a finding: what was asked and what was found. Its sentence and its details may name people and places.
_OF_A_FINDING = ("check", "outcome", "code", "decides")


def checker() -> str:
    """Who looked: this software, and which edition of it."""
    return f"Cairn {version('opencairn')}"


def receipt(
    reports: Sequence[Mapping[str, Any]],
    *,
    at: datetime,
    checked_with: str,
    contents: Sequence[Mapping[str, str] | None] = (),
) -> dict[str, Any]:
    """The unsigned receipt of these reports, each as ``Report.to_document`` writes it.

    ``contents`` has, for each report, what the receipt shall repeat of it (``what_it_says``), if anything.
    """
    said = [*contents, *[None] * (len(reports) - len(contents))]
    subjects = [
        _subject(report, content, checked_with) for report, content in zip(reports, said, strict=True)
    ]
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2", RECEIPT.url],
        "type": ["VerifiableCredential", KIND],
        "name": "Receipt of a check",
        "validFrom": format_datetime(at),
        "credentialSubject": subjects[0] if len(subjects) == 1 else subjects,
    }


def what_it_says(document: Mapping[str, Any]) -> dict[str, str]:
    """Of a verified document, what a list of many has room for: name, issuer, holder, dates; no more."""
    document = as_open_badge(document)
    try:
        return _of_a_badge(OpenBadgeCredential.from_document(document))
    except CairnError:
        return _of_anything(document)


def _of_a_badge(badge: OpenBadgeCredential) -> dict[str, str]:
    names = [
        each.identity_hash
        for each in badge.subject.identifiers
        if each.identity_type == "name" and not each.hashed
    ]
    return _filled(
        name=badge.subject.achievement.name,
        issuer=badge.issuer.id,
        issuerName=badge.issuer.name,
        holder=names[0] if names else None,
        from_=format_datetime(badge.awarded_date or badge.valid_from),
        until=format_datetime(badge.valid_until) if badge.valid_until else None,
    )


def _of_anything(document: Mapping[str, Any]) -> dict[str, str]:
    issuer = document.get("issuer", document.get("iss"))
    named = issuer if isinstance(issuer, dict) else {"id": issuer}
    return _filled(
        name=document.get("name") or document.get("vct"),
        issuer=named.get("id"),
        issuerName=named.get("name"),
        from_=document.get("validFrom") or document.get("issuanceDate"),
        until=document.get("validUntil") or document.get("expirationDate"),
    )


def _filled(**said: Any) -> dict[str, str]:
    """The texts among these, cut to what fits a line: a strange document may hold anything in any place."""
    return {
        name.rstrip("_"): value[:LONGEST] for name, value in said.items() if isinstance(value, str) and value
    }


def _subject(
    report: Mapping[str, Any], content: Mapping[str, str] | None, checked_with: str
) -> dict[str, Any]:
    subject: dict[str, Any] = {
        # Without an id: of one thing that was brought twice there are two answers, and an id has one (RDF).
        "type": "CheckedInput",
        "sha256": report["sha256"],
        "checkedAt": report["at"],
        "checkedWith": checked_with,
        "verdict": report["verdict"],
        "accepted": report["accepted"],
        "kind": report["kind"],
        "carrier": report["carrier"],
        "securedAs": report["format"],
        "findings": _findings(report),
    }
    if parts := _parts(report):
        subject["parts"] = parts
    if content is not None:
        subject["content"] = dict(content)
    # A format that was not recognised is no fact; an empty text would be one that is wrong.
    return {name: value for name, value in subject.items() if value != ""}


def _findings(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{name: finding[name] for name in _OF_A_FINDING} for finding in report["findings"]]


# Members that hold documents by the standards, and what those stand in.
_PLACES = frozenset(
    {"verifiableCredential", "endorsement", "endorsementJwt", "issuer", "holder", "credentialSubject"}
    | {"achievement", "creator", "evidence", "result", "source", "parentOrg", "official", "related"}
)


def _place(path: str) -> str:
    """Where a part stands. Nobody vouches for the names of other members, so they are not repeated."""
    names = path.split("/")
    return "/".join(name if not name or name.isdecimal() or name in _PLACES else "…" for name in names)


def _parts(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is nested inside, each with its own answer; a part of a part keeps its place within it."""
    return [
        {
            "path": _place(part["path"]),
            "role": part["role"],
            "sha256": part["report"]["sha256"],
            "verdict": part["report"]["verdict"],
            "findings": _findings(part["report"]),
            **({"parts": inner} if (inner := _parts(part["report"])) else {}),
        }
        for part in report.get("parts", ())
    ]
