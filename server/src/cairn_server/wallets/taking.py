# SPDX-License-Identifier: Apache-2.0
"""What somebody takes along, in the words of others: a CLR, Europass, JSON Resume. Values in, documents out.

The signed files are the proof. A learner record that this installation signs says which of them were in one
wallet here, and no more; the forms of Europass and JSON Resume are not signed at all, and say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from cairn import OpenBadgeCredential
from cairn.canonical import parse_json
from cairn.errors import CairnError
from cairn.legacy import as_open_badge
from cairn_server.wallets.services import EQF_LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

# Of one record: what our own verifier judges at once (core: parts.MAX_PARTS), and what memory has room for.
MOST_IN_A_RECORD = 50
MOST_BYTES = 4_000_000

VC = "https://www.w3.org/ns/credentials/v2"
CLR = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"

_ELM = "http://data.europa.eu/snb/model/"
_EDC = f"{_ELM}context/edc-ap"
_LANGUAGES = "http://publications.europa.eu/resource/authority/language/"
_LANGUAGE_NAMES = {"ar": "ARA", "de": "DEU", "en": "ENG", "es": "SPA", "fr": "FRA", "nl": "NLD"}
_ESCO = "http://data.europa.eu/esco/skill/"


def fits_into_a_record(secured: bytes) -> dict[str, Any] | None:
    """What a CLR may hold of it: an object with a proof of its own, exactly as signed; no token (N22).

    What has no ``validFrom`` is of an older data model, and stays a file beside the record.
    """
    try:
        document = parse_json(secured)
    except CairnError:
        return None
    if not isinstance(document, dict):
        return None
    needed = ("@context", "type", "issuer", "credentialSubject", "proof", "validFrom")
    return document if all(name in document for name in needed) else None


def learner_record(
    held: Sequence[Mapping[str, Any]],
    *,
    id: str,
    name: str,
    subject_id: str,
    partial: bool,
    at: datetime,
) -> dict[str, Any]:
    """A ``ClrCredential`` (CLR 2.0), to be signed; each credential in it keeps its own proof."""
    return {
        "@context": [VC, CLR, OB],
        "id": id,
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": name,
        "validFrom": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "partial": partial,
        "credentialSubject": {
            "id": subject_id,
            "type": ["ClrSubject"],
            "verifiableCredential": list(held),
        },
    }


def europass(document: Mapping[str, Any], *, language: str = "en") -> dict[str, Any] | None:
    """One credential in the words of the European Learning Model 3; None for what is no achievement.

    Not signed: Europass takes only what has an electronic seal of the awarding body for a credential, and
    this for a form to fill one in from. Where it comes from stands in ``additionalNote``.
    """
    try:
        badge = OpenBadgeCredential.from_document(as_open_badge(document))
    except CairnError:
        return None
    achievement, issuer = badge.subject.achievement, badge.issuer
    awarded = badge.awarded_date or badge.valid_from
    said = _In(achievement.in_language or language)
    awarding_body = {
        "id": issuer.id,
        "type": "Organisation",
        "legalName": said(issuer.name or issuer.id),
        **({"homepage": [{"type": "WebResource", "contentURL": issuer.url}]} if issuer.url else {}),
    }
    outcomes = [
        {
            "id": f"urn:epass:learningOutcome:{number}",
            "type": "LearningOutcome",
            "title": said(each.target_name),
            **_skill(each.target_url, said(each.target_name)),
        }
        for number, each in enumerate(achievement.alignments, start=1)
        if not each.target_url.startswith(EQF_LEVELS)
    ]
    level = next(
        (each.target_url for each in achievement.alignments if each.target_url.startswith(EQF_LEVELS)), ""
    )
    specification: dict[str, Any] = {
        "id": "urn:epass:learningAchievementSpec:1",
        "type": "Qualification" if level else "LearningAchievementSpecification",
        "title": said(achievement.name),
        "definition": said(achievement.description),
        **({"learningOutcome": outcomes} if outcomes else {}),
        **({"eqfLevel": {"id": level, "type": "Concept"}} if level else {}),
    }
    claim = {
        "id": "urn:epass:learningAchievement:1",
        "type": "LearningAchievement",
        "title": said(achievement.name),
        "awardedBy": {
            "id": "urn:epass:awardingProcess:1",
            "type": "AwardingProcess",
            "awardingBody": [awarding_body],
            "awardingDate": awarded.isoformat(timespec="seconds"),
        },
        "specifiedBy": specification,
        "additionalNote": [
            {"type": "Note", "noteLiteral": {"en": [f"Made from the Open Badges credential {badge.id}."]}}
        ],
    }
    return {
        "@context": ["https://www.w3.org/2018/credentials/v1", _EDC],
        "id": f"urn:credential:{uuid5(NAMESPACE_URL, str(badge.id))}",
        "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
        "credentialSchema": [{"id": f"{_ELM}ap/edc-generic-no-cv", "type": "ShaclValidator2017"}],
        "issuer": awarding_body,
        "issuanceDate": badge.valid_from.isoformat(timespec="seconds"),
        "issued": badge.valid_from.isoformat(timespec="seconds"),
        "validFrom": badge.valid_from.isoformat(timespec="seconds"),
        **({"expirationDate": badge.valid_until.isoformat(timespec="seconds")} if badge.valid_until else {}),
        "credentialSubject": {
            "id": "urn:epass:person:1",
            "type": "Person",
            "hasClaim": [claim],
        },
        "displayParameter": {
            "id": "urn:epass:displayParameter:1",
            "type": "DisplayParameter",
            "title": said(achievement.name),
            **said.named,
        },
    }


class _In:
    """Text as ELM has it: a language, and the texts in it."""

    def __init__(self, language: str) -> None:
        self.language = language.split("-")[0].lower()

    @property
    def named(self) -> dict[str, Any]:
        """The language by its name in the authority table; left out where we do not know that."""
        name = _LANGUAGE_NAMES.get(self.language)
        if name is None:
            return {}
        concept = {"id": _LANGUAGES + name, "type": "Concept"}
        return {"primaryLanguage": concept, "language": [concept]}

    def __call__(self, text: str) -> dict[str, list[str]]:
        return {self.language: [text]}


def _skill(url: str, label: dict[str, list[str]]) -> dict[str, Any]:
    if not url.startswith(_ESCO):
        return {}
    return {"relatedESCOSkill": [{"id": url, "type": "Concept", "prefLabel": label}]}
