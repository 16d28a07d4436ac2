# SPDX-License-Identifier: Apache-2.0
"""The two badges that benches, campaigns and peers work on, written out so that nothing of ours made them.

`SLOTS` says which strings differ between two badges of one achievement.

*small* is what most badges are: about 1.5 KB, two contexts, a hashed e-mail address instead of a subject id.
*large* has what makes badges large: alignments, results on a scale (an ordered list), evidence, a schema;
about 4.4 KB and three contexts. Every number makes a different document of the same shape.
"""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from cairn.proof.template import Kind, Slot

VC = "https://www.w3.org/ns/credentials/v2"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
OB_EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
SITE = "https://potters.example"


def fresh_uuid(number: int, what: str) -> str:
    """A UUID that is the same in every run: benches compare like with like."""
    return str(UUID(bytes=hashlib.sha256(f"{what} {number}".encode()).digest()[:16], version=4))


def small(number: int, issuer: str) -> dict[str, Any]:
    """One kiln badge, distinct for every number."""
    salt = hashlib.sha256(f"salt {number}".encode()).hexdigest()[:32]
    address = f"potter{number}@example.org"
    return {
        "@context": [VC, OB],
        "id": f"urn:uuid:{fresh_uuid(number, 'small')}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Kiln operator",
        "issuer": {
            "id": issuer,
            "type": ["Profile"],
            "name": "Guild of Potters",
            "url": SITE,
            "email": "office@potters.example",
        },
        "validFrom": "2026-03-02T09:00:00Z",
        "validUntil": "2031-03-02T09:00:00Z",
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": True,
                    "identityHash": f"sha256${hashlib.sha256((address + salt).encode()).hexdigest()}",
                    "identityType": "emailAddress",
                    "salt": salt,
                }
            ],
            "achievement": {
                "id": f"{SITE}/a/kiln-operator",
                "type": ["Achievement"],
                "achievementType": "Certificate",
                "name": "Kiln operator",
                "description": "Loads, fires and unloads an electric kiln without supervision.",
                "criteria": {
                    "narrative": "Three firings from bisque to glaze, each with a complete firing log, and "
                    "a talk about what went wrong in one of them, what the log showed of it, and what was "
                    "done differently in the next."
                },
                "image": {"id": f"{SITE}/a/kiln-operator/image.png", "type": "Image"},
            },
        },
        "credentialStatus": status_entry(number),
    }


def status_entry(number: int) -> dict[str, Any]:
    return {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(number % 131_072),
        "statusListCredential": f"{SITE}/s/1",
    }


def large(number: int, issuer: str) -> dict[str, Any]:
    """One glaze-chemistry badge with a transcript inside, distinct for every number."""
    result = f"urn:uuid:{fresh_uuid(0, 'result description')}"
    scale = ["Not yet", "Emerging", "Secure", "Fluent", "Exemplary"]
    return {
        "@context": [VC, OB, OB_EXTENSIONS],
        "id": f"urn:uuid:{fresh_uuid(number, 'large')}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Glaze chemistry",
        "description": "Mixes, tests and documents glazes for a given clay body and firing curve.",
        "issuer": {
            "id": issuer,
            "type": ["Profile"],
            "name": "Guild of Potters",
            "url": SITE,
            "email": "office@potters.example",
            "description": "A teaching workshop for people who work with clay.",
        },
        "validFrom": "2026-05-18T14:30:00Z",
        "validUntil": "2031-05-18T14:30:00Z",
        "awardedDate": "2026-05-17T16:00:00Z",
        "credentialSubject": {
            "id": f"urn:uuid:{fresh_uuid(number, 'subject')}",
            "type": ["AchievementSubject"],
            "activityStartDate": "2026-02-02T08:00:00Z",
            "activityEndDate": "2026-05-15T17:00:00Z",
            "creditsEarned": 3,
            "term": "Spring",
            "narrative": f"Worked on test tile series {number}.",
            "achievement": {
                "id": f"{SITE}/a/glaze-chemistry",
                "type": ["Achievement"],
                "achievementType": "MicroCredential",
                "name": "Glaze chemistry",
                "description": "Mixes, tests and documents glazes for a given clay body and firing curve.",
                "criteria": {
                    "id": f"{SITE}/a/glaze-chemistry/criteria",
                    "narrative": "A line blend of at least eleven steps, one triaxial blend, and a written "
                    "account of three defects (crawling, pinholing, shivering): how each was provoked and "
                    "how it was cured.",
                },
                "image": {
                    "id": f"{SITE}/a/glaze-chemistry/image.png",
                    "type": "Image",
                    "caption": "A blue stone with a white crackle glaze",
                },
                "creator": {"id": f"{SITE}/i/guild", "type": ["Profile"], "name": "Guild of Potters"},
                "fieldOfStudy": "Ceramics",
                "humanCode": "CER-214",
                "inLanguage": "en",
                "tag": ["ceramics", "chemistry", "glaze", "laboratory"],
                "version": "2",
                "alignment": [_alignment(step) for step in range(3)],
                "resultDescription": [
                    {
                        "id": result,
                        "type": ["ResultDescription"],
                        "name": "Command of the subject",
                        "resultType": "PerformanceLevel",
                        "allowedValue": scale,
                        "requiredValue": "Secure",
                    },
                    {
                        "id": f"urn:uuid:{fresh_uuid(1, 'result description')}",
                        "type": ["ResultDescription"],
                        "name": "Written account",
                        "resultType": "Percent",
                        "valueMin": "0",
                        "valueMax": "100",
                    },
                ],
            },
            "result": [
                {
                    "type": ["Result"],
                    "resultDescription": result,
                    "value": scale[2 + number % 3],
                },
                {
                    "type": ["Result"],
                    "resultDescription": f"urn:uuid:{fresh_uuid(1, 'result description')}",
                    "value": str(60 + number % 41),
                },
            ],
        },
        "evidence": [
            {
                "id": f"{SITE}/e/{fresh_uuid(number, 'tiles')}",
                "type": ["Evidence"],
                "name": "Test tiles",
                "description": "Photographs of the line blend, front and back, with the recipe of each step.",
                "genre": "Portfolio",
            },
            {
                "id": f"{SITE}/e/{fresh_uuid(number, 'log')}",
                "type": ["Evidence"],
                "name": "Firing log",
                "narrative": "Twelve firings with cones, curves and remarks, four of them under reduction, "
                "each with the state of the kiln before and after.",
            },
        ],
        "credentialSchema": [
            {
                "id": "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json",
                "type": "1EdTechJsonSchemaValidator2019",
            }
        ],
        "credentialStatus": status_entry(number),
    }


def _alignment(step: int) -> dict[str, Any]:
    names = ("Glaze formulation", "Materials testing", "Laboratory records")
    return {
        "type": ["Alignment"],
        "targetName": names[step],
        "targetUrl": f"https://skills.example/framework/ceramics/{step + 1}",
        "targetCode": f"CER.{step + 1}",
        "targetFramework": "Craft Skills Framework",
        "targetDescription": "Shown three times under observation, on different days, with different bodies.",
        "targetType": "ceasn:Competency",
    }


Path = tuple[str | int, ...]

SLOTS: dict[str, dict[Path, Slot]] = {
    "small": {
        ("id",): Slot("id", Kind.URN),
        ("credentialSubject", "identifier", 0, "identityHash"): Slot("hash", Kind.HASH),
        ("credentialSubject", "identifier", 0, "salt"): Slot("salt", Kind.HEX),
        ("credentialStatus", "statusListIndex"): Slot("index", Kind.INDEX),
    },
    "large": {
        ("id",): Slot("id", Kind.URN),
        ("credentialSubject", "id"): Slot("subject", Kind.URN),
        ("credentialSubject", "narrative"): Slot("narrative", Kind.TEXT),
        ("credentialSubject", "result", 0, "value"): Slot("level", Kind.TEXT),
        ("credentialSubject", "result", 1, "value"): Slot("percent", Kind.INDEX),
        ("evidence", 0, "id"): Slot("tiles", Kind.UUID, f"{SITE}/e/"),
        ("evidence", 1, "id"): Slot("log", Kind.UUID, f"{SITE}/e/"),
        ("credentialStatus", "statusListIndex"): Slot("index", Kind.INDEX),
    },
}


def at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def with_slots(document: dict[str, Any], slots: dict[Path, Slot]) -> dict[str, Any]:
    """The same document, changed in place, as a template wants it."""
    for path, slot in slots.items():
        at(document, path[:-1])[path[-1]] = slot
    return document


def values(document: dict[str, Any], slots: dict[Path, Slot]) -> dict[str, str]:
    return {slot.name: at(document, path).removeprefix(slot.before) for path, slot in slots.items()}


# Strings that a standard fixes, so that no badge has its own.
_FIXED = frozenset({
    "@context", "type", "identityHash", "salt", "identityType", "achievementType", "statusPurpose",
    "inLanguage", "statusListIndex", "statusListCredential", "resultType", "targetType", "proofPurpose",
    "credentialSchema",
})  # fmt: skip


def of_another_achievement(document: Any, number: int, name: str = "") -> Any:
    """The same shape with other words in it, as if every badge were of an issuer's first achievement."""
    if isinstance(document, dict):
        return {key: of_another_achievement(value, number, key) for key, value in document.items()}
    if isinstance(document, list):
        return [of_another_achievement(item, number, name) for item in document]
    if not isinstance(document, str) or name in _FIXED or document[:1].isdigit() or document[:4] == "did:":
        return document
    if document[:4] == "urn:":
        return f"{document}:{number}"
    return f"{document}/{number}" if "://" in document else f"{document} {number}"


def of_another_shape(document: dict[str, Any], number: int) -> dict[str, Any]:
    """A number that no other badge has: numbers are part of a shape."""
    document["credentialSubject"]["achievement"]["creditsAvailable"] = number + 0.25
    return document
