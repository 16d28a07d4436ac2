# SPDX-License-Identifier: Apache-2.0
"""The tables of the Open Badges 3.0 data model (document 1.4.3, appendix B) as shapes.

Multi-valued members may be one value or a list: both flavours of the official schema are in use (N21).
Enumerations may be extended with ``ext:`` terms, the status of a result may not.
"""

from __future__ import annotations

import re
from typing import Any

from cairn.credential.deferred import by_shape
from cairn.credential.model import (
    ACHIEVEMENT_TYPES,
    ALIGNMENT_TARGET_TYPES,
    IDENTITY_TYPES,
    RESULT_STATUSES,
    RESULT_TYPES,
)
from cairn.credential.shapes import (
    Kind,
    Problem,
    Shape,
    flag,
    identifier,
    join,
    many,
    moment,
    number,
    one_of,
    picture_address,
    text,
    web_address,
)

# The published texts of the context; the unversioned names are older texts, not aliases (N29).
CONTEXT_URL = re.compile(
    r"https://purl\.imsglobal\.org/spec/ob/v3p0/(?:context(?:-3\.\d\.\d)*\.json|context/ob_v3p0\.jsonld)"
)

# One guide of 1EdTech says "email" where the model says "emailAddress" (N19): read, never written.
_identity_type = one_of({*IDENTITY_TYPES, "email"})

# A language as the official schemas write it: BCP 47 without its rarer parts.
_LANGUAGE = re.compile(r"[a-z]{2,4}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def language(value: Any, path: str, problems: list[Problem]) -> None:
    if not isinstance(value, str) or _LANGUAGE.fullmatch(value) is None:
        problems.append(Problem(path, "language", "should be a language like en or pt-BR"))


def day(value: Any, path: str, problems: list[Problem]) -> None:
    """A date without a time; the one place that has it is a date of birth."""
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        problems.append(Problem(path, "date", "should be a day like 2026-11-23"))
        return
    moment(f"{value}T00:00:00Z", path, problems)


IMAGE = Shape("Image", {"id": picture_address}, {"caption": text}, closed=True)
IDENTITY_OBJECT = Shape(
    "IdentityObject",
    {"hashed": flag, "identityHash": text, "identityType": _identity_type},
    {"salt": text},
    closed=True,
)
IDENTIFIER_ENTRY = Shape(
    "IdentifierEntry", {"identifier": text, "identifierType": _identity_type}, closed=True
)
ALIGNMENT = Shape(
    "Alignment",
    {"targetName": text, "targetUrl": web_address},
    {
        "targetCode": text,
        "targetDescription": text,
        "targetFramework": text,
        "targetType": one_of(ALIGNMENT_TARGET_TYPES),
    },
)
EVIDENCE = Shape(
    "Evidence",
    optional={
        "id": identifier,
        "name": text,
        "description": text,
        "narrative": text,
        "genre": text,
        "audience": text,
    },
)
RELATED = Shape("Related", {"id": identifier}, {"inLanguage": language, "version": text})
RUBRIC_CRITERION_LEVEL = Shape(
    "RubricCriterionLevel",
    {"id": identifier, "name": text},
    {"level": text, "points": text, "description": text, "alignment": many(ALIGNMENT)},
)
RESULT_DESCRIPTION = Shape(
    "ResultDescription",
    {"id": identifier, "name": text, "resultType": one_of(RESULT_TYPES)},
    {
        "alignment": many(ALIGNMENT),
        "allowedValue": many(text),
        "requiredLevel": text,
        "requiredValue": text,
        "rubricCriterionLevel": many(RUBRIC_CRITERION_LEVEL),
        "valueMin": text,
        "valueMax": text,
    },
)
RESULT = Shape(
    "Result",
    optional={
        "achievedLevel": identifier,
        "alignment": many(ALIGNMENT),
        "resultDescription": identifier,
        "status": one_of(RESULT_STATUSES, extensible=False),
        "value": text,
    },
)
_CRITERIA = Shape(None, optional={"id": identifier, "narrative": text})


@by_shape
def criteria(value: Any, path: str, problems: list[Problem]) -> None:
    _CRITERIA(value, path, problems)
    if isinstance(value, dict) and not value.keys() & {"id", "narrative"}:
        problems.append(Problem(path, "criteria", "should have a narrative or an id"))


GEO_COORDINATES = Shape("GeoCoordinates", {"latitude": number, "longitude": number})
ADDRESS = Shape(
    "Address",
    optional={
        "addressCountry": text,
        "addressCountryCode": text,
        "addressRegion": text,
        "addressLocality": text,
        "streetAddress": text,
        "postOfficeBoxNumber": text,
        "postalCode": text,
        "geo": GEO_COORDINATES,
    },
)

# An endorsement is a credential of its own, with its own verdict (§7 of the judging rules); here it only
# has to be one.
ENDORSED: dict[str, Kind] = {
    "endorsement": many(Shape("EndorsementCredential", {"issuer": lambda *_: None})),
    "endorsementJwt": many(text),
}

_PROFILE_MEMBERS: dict[str, Kind] = {
    "name": text,
    "url": web_address,
    "phone": text,
    "description": text,
    "image": IMAGE,
    "email": text,
    "address": ADDRESS,
    "otherIdentifier": many(IDENTIFIER_ENTRY),
    "official": text,
    "familyName": text,
    "givenName": text,
    "additionalName": text,
    "patronymicName": text,
    "honorificPrefix": text,
    "honorificSuffix": text,
    "familyNamePrefix": text,
    "dateOfBirth": day,
    **ENDORSED,
}
_PARENT_ORGANISATION = Shape("Profile", {"id": identifier}, _PROFILE_MEMBERS)
PROFILE = Shape("Profile", {"id": identifier}, {**_PROFILE_MEMBERS, "parentOrg": _PARENT_ORGANISATION})


@by_shape
def profile(value: Any, path: str, problems: list[Problem]) -> None:
    """A Profile, or its bare id: schema-valid, though the official validator wants the object (N6)."""
    if isinstance(value, str):
        identifier(value, path, problems)
    else:
        PROFILE(value, path, problems)


ACHIEVEMENT = Shape(
    "Achievement",
    {"id": identifier, "name": text, "description": text, "criteria": criteria},
    {
        "achievementType": one_of(ACHIEVEMENT_TYPES),
        "alignment": many(ALIGNMENT),
        "creator": profile,
        "creditsAvailable": number,
        "fieldOfStudy": text,
        "humanCode": text,
        "image": IMAGE,
        "inLanguage": language,
        "otherIdentifier": many(IDENTIFIER_ENTRY),
        "related": many(RELATED),
        "resultDescription": many(RESULT_DESCRIPTION),
        "specialization": text,
        "tag": many(text),
        "version": text,
        **ENDORSED,
    },
)
_SUBJECT = Shape(
    "AchievementSubject",
    {"achievement": ACHIEVEMENT},
    {
        "id": identifier,
        "identifier": many(IDENTITY_OBJECT),
        "activityStartDate": moment,
        "activityEndDate": moment,
        "creditsEarned": number,
        "image": IMAGE,
        "licenseNumber": text,
        "narrative": text,
        "result": many(RESULT),
        "role": text,
        "source": profile,
        "term": text,
    },
)


@by_shape
def subject(value: Any, path: str, problems: list[Problem]) -> None:
    """Exactly one AchievementSubject, who has an ``id`` or an ``identifier``."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    _SUBJECT(value, path, problems)
    if isinstance(value, dict) and "id" not in value and not value.get("identifier"):
        problems.append(Problem(join(path, "id"), "required", "or an identifier is missing"))


# VCDM 2.0 has taken the id of a refresh service back; the schemas of 1EdTech still want one.
REFRESH = Shape(None, {"id": identifier})

# What a badge says beyond VCDM (AchievementCredential) and what an endorsement says (EndorsementCredential).
# The name of a badge is optional on the wire; VCDM's language objects are not text for the OB schema.
BADGE = Shape(
    None,
    {"id": identifier, "issuer": profile, "credentialSubject": subject},
    {
        "name": text,
        "description": text,
        "image": IMAGE,
        "awardedDate": moment,
        "evidence": many(EVIDENCE),
        "refreshService": REFRESH,
        **ENDORSED,
    },
)
ENDORSEMENT = Shape(
    None,
    {
        "id": identifier,
        "issuer": profile,
        "name": text,
        "credentialSubject": Shape("EndorsementSubject", {"id": identifier}, {"endorsementComment": text}),
    },
    {"description": text, "awardedDate": moment, "refreshService": REFRESH},
)
