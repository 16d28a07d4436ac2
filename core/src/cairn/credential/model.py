# SPDX-License-Identifier: Apache-2.0
"""Open Badges 3.0 as frozen values that can only express what the standard allows.

Each class is one object of the OB 3.0 data model. A field says in its ``wire`` note what it is called on
the wire and how its value is written and read; the two directions are then the same for every class.
Multi-valued properties are always written as arrays (N21), empty ones and ``None`` are left out, text is
plain strings, the image is an object and a badge has at most one status (N5).

Reading is for pages: it takes the parts that are shown and passes over members it does not know.
Whether the document obeys the rules is the business of ``structure``; this module only refuses what it
cannot represent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from cairn.credential.moment import format_datetime, parse_datetime
from cairn.errors import MalformedError

if TYPE_CHECKING:
    from datetime import datetime

# Standards order for a badge (N4 adds extensions.json only for 1EdTech… types, which we never emit).
VC_CONTEXT = "https://www.w3.org/ns/credentials/v2"
OB_CONTEXT = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"

# OB 3.0 §B enumerations. All but the Result status may be extended with terms that begin with "ext:".
ACHIEVEMENT_TYPES = (
    "Achievement",
    "ApprenticeshipCertificate",
    "Assessment",
    "Assignment",
    "AssociateDegree",
    "Award",
    "Badge",
    "BachelorDegree",
    "Certificate",
    "CertificateOfCompletion",
    "Certification",
    "CommunityService",
    "Competency",
    "Course",
    "CoCurricular",
    "Degree",
    "Diploma",
    "DoctoralDegree",
    "Fieldwork",
    "GeneralEducationDevelopment",
    "JourneymanCertificate",
    "LearningProgram",
    "License",
    "Membership",
    "ProfessionalDoctorate",
    "QualityAssuranceCredential",
    "MasterCertificate",
    "MasterDegree",
    "MicroCredential",
    "ResearchDoctorate",
    "SecondarySchoolDiploma",
)
ALIGNMENT_TARGET_TYPES = (
    "ceasn:Competency",
    "ceterms:Credential",
    "CFItem",
    "CFRubric",
    "CFRubricCriterion",
    "CFRubricCriterionLevel",
    "CTDL",
)
RESULT_TYPES = (
    "GradePointAverage",
    "LetterGrade",
    "Percent",
    "PerformanceLevel",
    "PredictedScore",
    "RawScore",
    "Result",
    "RubricCriterion",
    "RubricCriterionLevel",
    "RubricScore",
    "ScaledScore",
    "Status",
)
RESULT_STATUSES = ("Completed", "Enrolled", "Failed", "InProgress", "OnHold", "Provisional", "Withdrew")
IDENTITY_TYPES = (
    "name",
    "sourcedId",
    "systemId",
    "productId",
    "userName",
    "accountId",
    "emailAddress",
    "nationalIdentityNumber",
    "isbn",
    "issn",
    "lisSourcedId",
    "oneRosterSourcedId",
    "sisSourcedId",
    "ltiContextId",
    "ltiDeploymentId",
    "ltiToolId",
    "ltiPlatformId",
    "ltiUserId",
    "identifier",
)


@dataclass(frozen=True, slots=True)
class _Wire:
    """How one field travels: its name, and the two directions."""

    name: str
    write: Callable[[Any], Any]
    read: Callable[[Any, str], Any]


_Note = dict[str, _Wire]


def _wrong(path: str, wanted: str, value: object) -> MalformedError:
    return MalformedError("wrong-type", f"{path} should be {wanted}, not {type(value).__name__}")


def _same(value: Any) -> Any:
    return value


def _read_text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _wrong(path, "text", value)
    return value


def _read_texts(value: Any, path: str) -> tuple[str, ...]:
    return tuple(_read_text(each, path) for each in _one_or_many(value))


def _read_number(value: Any, path: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(path, "a number", value)
    return value


def _read_flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(path, "true or false", value)
    return value


def _read_moment(value: Any, path: str) -> datetime:
    return parse_datetime(_read_text(value, path))


def _one_or_many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(name: str) -> _Note:
    return {"wire": _Wire(name, _same, _read_text)}


def _texts(name: str) -> _Note:
    return {"wire": _Wire(name, list, _read_texts)}


def _number(name: str) -> _Note:
    return {"wire": _Wire(name, _same, _read_number)}


def _flag(name: str) -> _Note:
    return {"wire": _Wire(name, _same, _read_flag)}


def _moment(name: str) -> _Note:
    return {"wire": _Wire(name, format_datetime, _read_moment)}


def _one(name: str, element: type[_Element]) -> _Note:
    return {"wire": _Wire(name, lambda value: value.to_document(), element._read)}


def _many(name: str, element: type[_Element]) -> _Note:
    def write(values: tuple[_Element, ...]) -> list[dict[str, Any]]:
        return [each.to_document() for each in values]

    def read(value: Any, path: str) -> tuple[_Element, ...]:
        return tuple(element._read(each, path) for each in _one_or_many(value))

    return {"wire": _Wire(name, write, read)}


class _Element:
    """Writes and reads itself by the ``wire`` notes of its fields."""

    __slots__ = ()

    # What ``type`` holds on the wire; None where the model has no type (Criteria).
    TYPE: ClassVar[str | tuple[str, ...] | None] = None

    def to_document(self) -> dict[str, Any]:
        """The object as it goes on the wire: ``id``, ``type``, then the fields in their order."""
        written: dict[str, Any] = {}
        for each in fields(self):  # type: ignore[arg-type]
            wire: _Wire = each.metadata["wire"]
            value = getattr(self, each.name)
            if value is not None and value != () and value != "":
                written[wire.name] = wire.write(value)
        if self.TYPE is None:
            return written
        kind = list(self.TYPE) if isinstance(self.TYPE, tuple) else self.TYPE
        identity = {"id": written.pop("id")} if "id" in written else {}
        return {**identity, "type": kind, **written}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read the parts that this class knows; ``MalformedError`` where one is of another type."""
        return cls._read(document, cls.__name__)

    @classmethod
    def _read(cls, value: Any, path: str) -> Self:
        if not isinstance(value, Mapping):
            raise _wrong(path, "an object", value)
        found: dict[str, Any] = {}
        for each in fields(cls):  # type: ignore[arg-type]
            wire: _Wire = each.metadata["wire"]
            if wire.name in value:
                found[each.name] = wire.read(value[wire.name], f"{path}.{wire.name}")
        try:
            return cls(**found)
        except TypeError as error:  # a required argument that the document does not have
            raise MalformedError("missing-member", f"{path}: {error}") from error


@dataclass(frozen=True, slots=True)
class Image(_Element):
    """OB 3.0 Image: always an object, never a bare URL."""

    TYPE = "Image"

    id: str = field(metadata=_text("id"))
    caption: str | None = field(default=None, metadata=_text("caption"))


@dataclass(frozen=True, slots=True)
class Profile(_Element):
    """OB 3.0 Profile: who issues, or who made an achievement. Always an object (N6)."""

    TYPE = ("Profile",)

    id: str = field(metadata=_text("id"))
    name: str | None = field(default=None, metadata=_text("name"))
    url: str | None = field(default=None, metadata=_text("url"))
    description: str | None = field(default=None, metadata=_text("description"))
    email: str | None = field(default=None, metadata=_text("email"))
    image: Image | None = field(default=None, metadata=_one("image", Image))

    @classmethod
    def _read(cls, value: Any, path: str) -> Self:
        # A bare URL is what VCDM allows for an issuer and the OB schema for a creator.
        if isinstance(value, str):
            return cls(id=value)
        return super(Profile, cls)._read(value, path)


@dataclass(frozen=True, slots=True)
class Criteria(_Element):
    """OB 3.0 Criteria; the narrative is Markdown."""

    narrative: str | None = field(default=None, metadata=_text("narrative"))
    id: str | None = field(default=None, metadata=_text("id"))


@dataclass(frozen=True, slots=True)
class Alignment(_Element):
    """OB 3.0 Alignment: a link to an item of a skills framework."""

    TYPE = ("Alignment",)

    target_name: str = field(metadata=_text("targetName"))
    target_url: str = field(metadata=_text("targetUrl"))
    target_code: str | None = field(default=None, metadata=_text("targetCode"))
    target_framework: str | None = field(default=None, metadata=_text("targetFramework"))
    target_type: str | None = field(default=None, metadata=_text("targetType"))
    target_description: str | None = field(default=None, metadata=_text("targetDescription"))


@dataclass(frozen=True, slots=True)
class IdentityObject(_Element):
    """OB 3.0 IdentityObject: how the learner is named; nothing but these five members is allowed."""

    TYPE = "IdentityObject"

    identity_type: str = field(metadata=_text("identityType"))
    identity_hash: str = field(metadata=_text("identityHash"))
    hashed: bool = field(default=False, metadata=_flag("hashed"))
    salt: str | None = field(default=None, metadata=_text("salt"))


@dataclass(frozen=True, slots=True)
class Evidence(_Element):
    """OB 3.0 Evidence; the narrative is Markdown."""

    TYPE = ("Evidence",)

    id: str | None = field(default=None, metadata=_text("id"))
    name: str | None = field(default=None, metadata=_text("name"))
    description: str | None = field(default=None, metadata=_text("description"))
    narrative: str | None = field(default=None, metadata=_text("narrative"))
    genre: str | None = field(default=None, metadata=_text("genre"))
    audience: str | None = field(default=None, metadata=_text("audience"))


@dataclass(frozen=True, slots=True)
class RubricCriterionLevel(_Element):
    """OB 3.0 RubricCriterionLevel."""

    TYPE = ("RubricCriterionLevel",)

    id: str = field(metadata=_text("id"))
    name: str = field(metadata=_text("name"))
    level: str | None = field(default=None, metadata=_text("level"))
    points: str | None = field(default=None, metadata=_text("points"))
    description: str | None = field(default=None, metadata=_text("description"))


@dataclass(frozen=True, slots=True)
class ResultDescription(_Element):
    """OB 3.0 ResultDescription: what a result can be; allowed values go from low to high."""

    TYPE = ("ResultDescription",)

    id: str = field(metadata=_text("id"))
    name: str = field(metadata=_text("name"))
    result_type: str = field(metadata=_text("resultType"))
    allowed_values: tuple[str, ...] = field(default=(), metadata=_texts("allowedValue"))
    required_level: str | None = field(default=None, metadata=_text("requiredLevel"))
    required_value: str | None = field(default=None, metadata=_text("requiredValue"))
    rubric_criterion_levels: tuple[RubricCriterionLevel, ...] = field(
        default=(), metadata=_many("rubricCriterionLevel", RubricCriterionLevel)
    )
    value_min: str | None = field(default=None, metadata=_text("valueMin"))
    value_max: str | None = field(default=None, metadata=_text("valueMax"))


@dataclass(frozen=True, slots=True)
class Result(_Element):
    """OB 3.0 Result; ``result_description`` is the id of a description in the same achievement."""

    TYPE = ("Result",)

    result_description: str | None = field(default=None, metadata=_text("resultDescription"))
    value: str | None = field(default=None, metadata=_text("value"))
    achieved_level: str | None = field(default=None, metadata=_text("achievedLevel"))
    status: str | None = field(default=None, metadata=_text("status"))


@dataclass(frozen=True, slots=True)
class Achievement(_Element):
    """OB 3.0 Achievement: what can be earned."""

    TYPE = ("Achievement",)

    id: str = field(metadata=_text("id"))
    name: str = field(metadata=_text("name"))
    description: str = field(metadata=_text("description"))
    criteria: Criteria = field(metadata=_one("criteria", Criteria))
    achievement_type: str | None = field(default=None, metadata=_text("achievementType"))
    image: Image | None = field(default=None, metadata=_one("image", Image))
    alignments: tuple[Alignment, ...] = field(default=(), metadata=_many("alignment", Alignment))
    tags: tuple[str, ...] = field(default=(), metadata=_texts("tag"))
    creator: Profile | None = field(default=None, metadata=_one("creator", Profile))
    credits_available: int | float | None = field(default=None, metadata=_number("creditsAvailable"))
    field_of_study: str | None = field(default=None, metadata=_text("fieldOfStudy"))
    human_code: str | None = field(default=None, metadata=_text("humanCode"))
    in_language: str | None = field(default=None, metadata=_text("inLanguage"))
    specialization: str | None = field(default=None, metadata=_text("specialization"))
    version: str | None = field(default=None, metadata=_text("version"))
    result_descriptions: tuple[ResultDescription, ...] = field(
        default=(), metadata=_many("resultDescription", ResultDescription)
    )


@dataclass(frozen=True, slots=True)
class AchievementSubject(_Element):
    """OB 3.0 AchievementSubject: whom it is about, by ``id`` or by ``identifiers``, and what was earned."""

    TYPE = ("AchievementSubject",)

    achievement: Achievement = field(metadata=_one("achievement", Achievement))
    id: str | None = field(default=None, metadata=_text("id"))
    identifiers: tuple[IdentityObject, ...] = field(default=(), metadata=_many("identifier", IdentityObject))
    narrative: str | None = field(default=None, metadata=_text("narrative"))
    activity_start_date: datetime | None = field(default=None, metadata=_moment("activityStartDate"))
    activity_end_date: datetime | None = field(default=None, metadata=_moment("activityEndDate"))
    credits_earned: int | float | None = field(default=None, metadata=_number("creditsEarned"))
    license_number: str | None = field(default=None, metadata=_text("licenseNumber"))
    role: str | None = field(default=None, metadata=_text("role"))
    term: str | None = field(default=None, metadata=_text("term"))
    results: tuple[Result, ...] = field(default=(), metadata=_many("result", Result))
    image: Image | None = field(default=None, metadata=_one("image", Image))
    source: Profile | None = field(default=None, metadata=_one("source", Profile))


class StatusReference(Protocol):
    """Anything that can write a ``credentialStatus``; ``cairn.status.StatusEntry`` is the one we issue."""

    def to_document(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class OpenBadgeCredential:
    """OB 3.0 OpenBadgeCredential over VCDM 2.0: the statement that gets signed.

    Moments are aware and written in whole seconds. ``status`` is written and not read back: a status is
    judged from the document (``cairn.status``), never taken from the value that a page shows.
    """

    id: str
    issuer: Profile
    subject: AchievementSubject
    name: str
    valid_from: datetime
    valid_until: datetime | None = None
    awarded_date: datetime | None = None
    description: str | None = None
    image: Image | None = None
    evidence: tuple[Evidence, ...] = ()
    status: StatusReference | None = None

    def to_document(self) -> dict[str, Any]:
        """The unsigned document, in the order in which people read it."""
        document: dict[str, Any] = {
            "@context": [VC_CONTEXT, OB_CONTEXT],
            "id": self.id,
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "issuer": self.issuer.to_document(),
            "validFrom": format_datetime(self.valid_from),
        }
        if self.valid_until is not None:
            document["validUntil"] = format_datetime(self.valid_until)
        if self.awarded_date is not None:
            document["awardedDate"] = format_datetime(self.awarded_date)
        document["name"] = self.name
        if self.description:
            document["description"] = self.description
        if self.image is not None:
            document["image"] = self.image.to_document()
        document["credentialSubject"] = self.subject.to_document()
        if self.evidence:
            document["evidence"] = [each.to_document() for each in self.evidence]
        if self.status is not None:
            document["credentialStatus"] = self.status.to_document()
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> OpenBadgeCredential:
        """Read a badge of VCDM 2.0 or 1.1 for showing; ``MalformedError`` where a part is unreadable."""
        subject = _only(document.get("credentialSubject"))
        starts = document.get("validFrom", document.get("issuanceDate"))
        ends = document.get("validUntil", document.get("expirationDate"))
        awarded = document.get("awardedDate")
        achievement = AchievementSubject._read(subject, "credentialSubject")
        name = document.get("name")
        description = document.get("description")
        image = document.get("image")
        evidence = document.get("evidence")
        return cls(
            id=_read_text(document.get("id"), "id"),
            issuer=Profile._read(document.get("issuer"), "issuer"),
            subject=achievement,
            # The name is optional on the wire; the achievement's own is then what wallets show.
            name=achievement.achievement.name if name is None else _read_text(name, "name"),
            valid_from=_read_moment(starts, "validFrom"),
            valid_until=None if ends is None else _read_moment(ends, "validUntil"),
            awarded_date=None if awarded is None else _read_moment(awarded, "awardedDate"),
            description=None if description is None else _read_text(description, "description"),
            image=None if image is None else Image._read(image, "image"),
            evidence=()
            if evidence is None
            else tuple(Evidence._read(each, "evidence") for each in _one_or_many(evidence)),
        )


def _only(value: Any) -> Any:
    """The one subject of a badge, which VCDM also lets stand in a list of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
