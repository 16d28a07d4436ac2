# SPDX-License-Identifier: Apache-2.0
"""What a page shows of a verified document, and nothing else.

Takes the document out of a ``Report``, never an upload and never a row of ours, so that the words on the page
are the words that were signed. Knows nothing of what this server has issued.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils.translation import get_language, get_language_info, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from cairn import OpenBadgeCredential
from cairn.credential import format_datetime
from cairn.errors import CairnError
from cairn.legacy import as_open_badge
from cairn_server.web import markdown
from cairn_server.web.claims import Plain, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.utils.safestring import SafeString

    from cairn.credential import Achievement

# The kinds of Open Badges 3.0 (AchievementType).
TYPE_NAMES = {
    "Achievement": gettext_lazy("Achievement"),
    "ApprenticeshipCertificate": gettext_lazy("Apprenticeship certificate"),
    "Assessment": gettext_lazy("Assessment"),
    "Assignment": gettext_lazy("Assignment"),
    "AssociateDegree": gettext_lazy("Associate degree"),
    "Award": pgettext_lazy("a kind of achievement", "Award"),
    "BachelorDegree": gettext_lazy("Bachelor’s degree"),
    "Badge": gettext_lazy("Badge"),
    "Certificate": gettext_lazy("Certificate"),
    "CertificateOfCompletion": gettext_lazy("Certificate of completion"),
    "Certification": gettext_lazy("Certification"),
    "CoCurricular": gettext_lazy("Co-curricular activity"),
    "CommunityService": gettext_lazy("Community service"),
    "Competency": gettext_lazy("Competency"),
    "Course": gettext_lazy("Course"),
    "Degree": gettext_lazy("Degree"),
    "Diploma": gettext_lazy("Diploma"),
    "DoctoralDegree": gettext_lazy("Doctoral degree"),
    "Fieldwork": gettext_lazy("Fieldwork"),
    "GeneralEducationDevelopment": gettext_lazy("General education development"),
    "JourneymanCertificate": gettext_lazy("Journeyman certificate"),
    "LearningProgram": gettext_lazy("Learning programme"),
    "License": gettext_lazy("Licence"),
    "MasterCertificate": gettext_lazy("Master certificate"),
    "MasterDegree": gettext_lazy("Master’s degree"),
    "Membership": gettext_lazy("Membership"),
    "MicroCredential": gettext_lazy("Micro-credential"),
    "ProfessionalDoctorate": gettext_lazy("Professional doctorate"),
    "QualityAssuranceCredential": gettext_lazy("Quality assurance credential"),
    "ResearchDoctorate": gettext_lazy("Research doctorate"),
    "SecondarySchoolDiploma": gettext_lazy("Secondary school diploma"),
}

# How a level of the European Qualifications Framework appears among the alignments of a credential.
EQF_LEVELS = "http://data.europa.eu/snb/eqf/"

# How a workload appears, for which Open Badges has no field: as the last paragraph of the criteria, in these
# words and no others. What reads differently stays where its issuer wrote it.
WORKLOAD = re.compile(r"(?:\A|\n\n)Workload: ([1-9][0-9]{0,5}) hours?\Z")


def web_address(url: str | None) -> str:
    """The address if a browser may follow it, else nothing: no ``javascript:``, no ``data:`` (B125)."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    return url or "" if parts.scheme in ("http", "https") and parts.hostname else ""


def type_name(achievement_type: str | None) -> str:
    if not achievement_type:
        return ""
    if achievement_type in TYPE_NAMES:
        return str(TYPE_NAMES[achievement_type])
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", achievement_type.removeprefix("ext:"))
    return words[:1].upper() + words[1:].lower()


@dataclass(frozen=True, slots=True)
class Skill:
    name: str
    url: str
    code: str
    framework: str
    description: str


@dataclass(frozen=True, slots=True)
class Proof:
    """One piece of evidence, as the issuer described it."""

    name: str
    description: str
    url: str
    narrative: SafeString


@dataclass(frozen=True, slots=True)
class About:
    """The parts of an achievement that a page shows, wherever the achievement came from."""

    name: str
    kind: str
    description: str
    criteria: SafeString
    criteria_url: str
    image_url: str
    language: str
    facts: tuple[tuple[str, str], ...]
    skills: tuple[Skill, ...]
    tags: tuple[str, ...]

    @property
    def language_note(self) -> str:
        """A credential is shown in its own language; say so to a reader of another one."""
        if not self.language or self.language.split("-")[0].lower() == (get_language() or "en").split("-")[0]:
            return ""
        return _("This text is only available in %(language)s.") % {"language": language_name(self.language)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One result: what was measured, as its description calls it, and what was reached."""

    name: str
    value: str
    # Of a level of a rubric: what it means.
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A verified Open Badges credential, ready for a page."""

    id: str
    about: About
    recipient: str
    issuer_name: str
    issuer_url: str
    issuer_id: str
    awarded: datetime
    valid_until: datetime | None
    narrative: SafeString
    results: tuple[Outcome, ...]
    evidence: tuple[Proof, ...]


def language_name(tag: str) -> str:
    try:
        return str(get_language_info(tag)["name_translated"])
    except KeyError:
        return tag


def about(achievement: Achievement, *, public_url: str) -> About:
    level, skills = _level_and_skills(achievement)
    language = achievement.in_language or ""
    if not re.fullmatch(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*", language):
        language = ""
    credits = achievement.credits_available
    criteria, hours = _criteria_and_workload(achievement.criteria.narrative or "")
    return About(
        name=achievement.name,
        kind=type_name(achievement.achievement_type),
        description=achievement.description,
        criteria=markdown.render(criteria),
        criteria_url=web_address(achievement.criteria.id),
        image_url=own_image(achievement.image.id if achievement.image else None, public_url=public_url),
        language=language,
        facts=tuple(
            (term, value)
            for term, value in (
                (_("Level"), level),
                (_("Workload"), ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours} if hours else ""),
                (_("Credits (ECTS)"), f"{credits:g}" if credits is not None else ""),
                (_("Field of study"), achievement.field_of_study or ""),
                (_("Specialisation"), achievement.specialization or ""),
                (_("Code"), achievement.human_code or ""),
                (_("Language"), language_name(language) if language else ""),
                (_("Version"), achievement.version or ""),
            )
            if value
        ),
        skills=skills,
        tags=achievement.tags,
    )


def shown(document: Mapping[str, Any], *, public_url: str) -> Shown | Plain:
    """The parts of a verified document that a page shows; of a kind we have no page for, its claims."""
    document = as_open_badge(document)
    try:
        badge = OpenBadgeCredential.from_document(_of_claims(document) or document)
    except CairnError:
        return plain(document)
    names = [
        each.identity_hash
        for each in badge.subject.identifiers
        if each.identity_type == "name" and not each.hashed
    ]
    return Shown(
        id=badge.id,
        about=about(badge.subject.achievement, public_url=public_url),
        recipient=names[0] if names else "",
        issuer_name=badge.issuer.name or badge.issuer.id,
        issuer_url=web_address(badge.issuer.url),
        issuer_id=badge.issuer.id,
        awarded=badge.awarded_date or badge.valid_from,
        valid_until=badge.valid_until,
        narrative=markdown.render(badge.subject.narrative or ""),
        results=tuple(_outcomes(badge)),
        evidence=tuple(
            Proof(
                name=each.name or _("Evidence"),
                description=each.description or "",
                url=web_address(each.id),
                narrative=markdown.render(each.narrative or ""),
            )
            for each in badge.evidence
        ),
    )


def _of_claims(claims: Mapping[str, Any]) -> dict[str, Any] | None:
    """An SD-JWT VC with the members of a badge, as that badge; None for what is no such thing.

    The issuer that it describes has to be the one that signed it: nobody has checked that otherwise.
    """
    issuer, begins, ends = claims.get("issuer"), claims.get("nbf", claims.get("iat")), claims.get("exp")
    if "vct" not in claims or not isinstance(issuer, dict) or issuer.get("id") != claims.get("iss"):
        return None
    dates = {"validFrom": begins, "validUntil": ends}
    return {
        # Its holder may have kept that back.
        "id": "",
        **{name: value for name, value in claims.items() if name not in ("validFrom", "validUntil")},
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        **{
            name: format_datetime(datetime.fromtimestamp(value, UTC))
            for name, value in dates.items()
            if value is not None
        },
    }


def _outcomes(badge: OpenBadgeCredential) -> Iterator[Outcome]:
    """Each result by its description. What points to a description that is not there stands for itself."""
    described = {each.id: each for each in badge.subject.achievement.result_descriptions}
    for result in badge.subject.results:
        description = described.get(result.result_description or "")
        levels = {each.id: each for each in description.rubric_criterion_levels} if description else {}
        level = levels.get(result.achieved_level or "")
        value = level.name if level is not None else result.value or result.status or ""
        if description is not None and description.result_type == "Percent" and value.isdecimal():
            value = f"{value} %"
        if value:
            yield Outcome(
                description.name if description is not None else "",
                value,
                level.description or "" if level is not None else "",
            )


def own_image(url: str | None, *, public_url: str) -> str:
    """The path of a picture that this server serves. A foreign one is not loaded: it would tell who looks."""
    if url and url.startswith(f"{public_url}/"):
        return url.removeprefix(public_url)
    return ""


def _criteria_and_workload(narrative: str) -> tuple[str, int]:
    """The criteria without the paragraph that states the workload, and its hours; 0 where none is stated."""
    found = WORKLOAD.search(narrative)
    return (narrative[: found.start()], int(found[1])) if found else (narrative, 0)


def _level_and_skills(achievement: Achievement) -> tuple[str, tuple[Skill, ...]]:
    level = ""
    skills = []
    for each in achievement.alignments:
        if each.target_url.startswith(EQF_LEVELS):
            level = each.target_name
            continue
        skills.append(
            Skill(
                name=each.target_name,
                url=web_address(each.target_url),
                code=each.target_code or "",
                framework=each.target_framework or "",
                description=each.target_description or "",
            )
        )
    return level, tuple(skills)
