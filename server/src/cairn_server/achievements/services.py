# SPDX-License-Identifier: Apache-2.0
"""What happens to an achievement: drafted, edited, published, drafted anew, archived.

A draft may be changed as often as one likes. Publishing freezes it; a change afterwards is a new version
with the next number, and credentials keep pointing at the version that was earned.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

import cairn
from cairn.credential import (
    ACHIEVEMENT_TYPES,
    ALIGNMENT_TARGET_TYPES,
    Alignment,
    Criteria,
    Image,
    ResultDescription,
    RubricCriterionLevel,
)
from cairn_server.achievements import catalogue, pictures
from cairn_server.achievements.models import CONTENT, Achievement, AchievementVersion, Cost, Picture
from cairn_server.achievements.pictures import Design
from cairn_server.achievements.uploads import accept_upload
from cairn_server.errors import Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.models import OrganisationClosed
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import SIGNERS, require

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

MAX_ALIGNMENTS = 50
MAX_TAGS = 20
MAX_VALIDITY_DAYS = 36_500
# BCP 47, the shapes that are used: language, script, region, and variants.
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-[A-Za-z0-9]{5,8})*")
_ALIGNMENT_FIELDS = {
    "target_name": 300,
    "target_url": 2_000,
    "target_code": 100,
    "target_framework": 300,
    "target_type": 40,
    "target_description": 1_000,
}


class InvalidField(Refusal):
    """What was written into one field cannot stand; ``field`` says where the message belongs."""

    def __init__(self, field: str, message: str, *, code: str = "invalid-field") -> None:
        super().__init__(code, message, status=400)
        self.field = field


class VersionFrozen(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "version-frozen",
            _("This version is published and cannot be changed. Start a new version instead."),
        )


class DraftExists(Refusal):
    def __init__(self) -> None:
        super().__init__("draft-exists", _("There is a draft of the next version already. Edit that one."))


class NotReady(Refusal):
    """Something is missing that every credential needs."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(
            "not-ready", _("Before it can be published, add: {missing}.").format(missing=", ".join(missing))
        )
        self.missing = missing


class Archived(Refusal):
    def __init__(self) -> None:
        super().__init__("archived", _("This achievement is archived."))


# Verbs


@transaction.atomic
def draft_achievement(
    *, by: Person, organisation: Organisation, fields: Mapping[str, Any], at: datetime
) -> AchievementVersion:
    """A new achievement with the first version as a draft."""
    require(by, SIGNERS, organisation)
    if organisation.closed_at is not None:
        raise OrganisationClosed
    achievement = Achievement.objects.create(organisation=organisation, created_at=at)
    version = AchievementVersion(achievement=achievement, number=1, created_at=at)
    # A draft is never without a picture: until somebody designs one, it shows the name.
    usual = _usual_design(fields.get("name")) if fields.get("design") is None else fields["design"]
    _write(version, {**fields, "design": usual}, at=at)
    journal.record(
        verb="achievement drafted",
        by=by,
        organisation_id=organisation.public_id,
        object=achievement,
        details={"version": version.public_id},
        at=at,
    )
    return version


@transaction.atomic
def edit_draft(
    version: AchievementVersion, *, by: Person, fields: Mapping[str, Any], at: datetime
) -> AchievementVersion:
    """Change the named fields of a draft; the others stay."""
    require(by, SIGNERS, version.organisation)
    draft = _locked_draft(version)
    _write(draft, fields, at=at)
    journal.record(
        verb="achievement edited",
        by=by,
        organisation_id=draft.organisation.public_id,
        object=draft.achievement,
        details={"version": draft.public_id, "fields": sorted(fields)},
        at=at,
    )
    return draft


@transaction.atomic
def set_picture(
    version: AchievementVersion, *, by: Person, upload: bytes, at: datetime
) -> AchievementVersion:
    """Use an uploaded PNG or SVG instead of the designer; only the pixels are kept (B112)."""
    require(by, SIGNERS, version.organisation)
    draft = _locked_draft(version)
    draft.picture = _keep_picture(accept_upload(upload), svg="", at=at)
    draft.design = {}
    draft.save(update_fields=["picture", "design"])
    journal.record(
        verb="achievement picture uploaded",
        by=by,
        organisation_id=draft.organisation.public_id,
        object=draft.achievement,
        details={"version": draft.public_id, "sha256": draft.picture.sha256},
        at=at,
    )
    return draft


@transaction.atomic
def publish(version: AchievementVersion, *, by: Person, at: datetime) -> AchievementVersion:
    """Freeze the draft: from now on it can be awarded, and its address says the same for ever."""
    require(by, SIGNERS, version.organisation)
    draft = _locked_draft(version)
    wanted = {
        _("a name"): draft.name,
        _("a description"): draft.description,
        _("criteria"): draft.criteria,
        _("a picture"): draft.picture,
    }
    missing = [name for name, value in wanted.items() if not value]
    if missing:
        raise NotReady(missing)
    draft.state, draft.published_at = AchievementVersion.State.PUBLISHED, at
    draft.save(update_fields=["state", "published_at"])
    catalogue.list_version(draft)
    journal.record(
        verb="achievement published",
        by=by,
        organisation_id=draft.organisation.public_id,
        object=draft.achievement,
        details={"version": draft.public_id, "number": draft.number},
        at=at,
    )
    return draft


@transaction.atomic
def new_version(achievement: Achievement, *, by: Person, at: datetime) -> AchievementVersion:
    """A draft that starts from the newest published version."""
    require(by, SIGNERS, achievement.organisation)
    achievement = Achievement.objects.select_for_update().get(pk=achievement.pk)
    if achievement.archived_at is not None:
        raise Archived
    if achievement.draft is not None:
        raise DraftExists
    newest = achievement.current
    last = achievement.versions.aggregate(last=Max("number"))["last"]
    version = AchievementVersion.objects.create(
        achievement=achievement, number=last + 1, picture=newest.picture, created_at=at, **newest.content()
    )
    journal.record(
        verb="achievement version drafted",
        by=by,
        organisation_id=achievement.organisation.public_id,
        object=achievement,
        details={"version": version.public_id, "number": version.number},
        at=at,
    )
    return version


@transaction.atomic
def archive(
    achievement: Achievement, *, by: Person, at: datetime, replaced_by: Achievement | None = None
) -> Achievement:
    """No more awards of it. What was awarded stays, and so do its pages, which lead to what replaces it."""
    require(by, SIGNERS, achievement.organisation)
    achievement = Achievement.objects.select_for_update().get(pk=achievement.pk)
    if achievement.archived_at is not None:
        raise Archived
    if replaced_by is not None and not _may_replace(replaced_by, achievement):
        raise InvalidField("replaced_by", _("Choose another published achievement of your organisation."))
    achievement.archived_at, achievement.replaced_by = at, replaced_by
    achievement.save(update_fields=["archived_at", "replaced_by"])
    catalogue.unlist(achievement)
    journal.record(
        verb="achievement archived",
        by=by,
        organisation_id=achievement.organisation.public_id,
        object=achievement,
        details={} if replaced_by is None else {"replaced_by": replaced_by.public_id},
        at=at,
    )
    return achievement


@transaction.atomic
def set_cost(
    achievement: Achievement, *, by: Person, cost: str, note: str, url: str, at: datetime
) -> Achievement:
    """Say what it costs a learner, and where it is paid. Nothing is collected here."""
    require(by, SIGNERS, achievement.organisation)
    achievement = Achievement.objects.select_for_update().get(pk=achievement.pk)
    if cost not in Cost.values:
        raise InvalidField("cost", _("Choose one of the list."))
    if url and not is_web_address(url):
        raise InvalidField("url", _("Write a full web address."))
    achievement.cost = cost
    achievement.cost_note, achievement.cost_url = _line(200)("note", note), url
    achievement.save(update_fields=["cost", "cost_note", "cost_url"])
    catalogue.follow_cost(achievement)
    journal.record(
        verb="achievement cost set",
        by=by,
        organisation_id=achievement.organisation.public_id,
        object=achievement,
        details={"cost": cost},
        at=at,
    )
    return achievement


def _may_replace(new: Achievement, old: Achievement) -> bool:
    """Offered by the same organisation, published, and not a thing of the past itself."""
    return (
        new.pk != old.pk
        and new.organisation_id == old.organisation_id
        and new.archived_at is None
        and new.published is not None
    )


# How it is told


def to_credential(version: AchievementVersion, public_url: str) -> cairn.Achievement:
    """The Open Badges 3.0 Achievement of a version, as every credential of it carries it."""
    address = version.address(public_url)
    credits = version.credits
    return cairn.Achievement(
        id=address,
        name=version.name,
        description=version.description,
        criteria=Criteria(id=address, narrative=_narrative(version)),
        achievement_type=version.achievement_type,
        image=Image(id=f"{address}/image.png"),
        alignments=(*(Alignment(**_filled(each)) for each in version.alignments), *_eqf(version)),
        tags=tuple(version.tags),
        credits_available=None
        if credits is None
        else int(credits)
        if credits == int(credits)
        else float(credits),
        in_language=version.language,
        version=str(version.number),
        result_descriptions=tuple(_result_description(each, address) for each in _results_of(version)),
    )


def _results_of(version: AchievementVersion) -> list[dict[str, Any]]:
    return version.result_descriptions or []


def _result_description(told: Mapping[str, Any], address: str) -> ResultDescription:
    return ResultDescription(
        id=result_address(address, told["key"]),
        name=told["name"],
        result_type=told["result_type"],
        value_min=told.get("value_min") or None,
        value_max=told.get("value_max") or None,
        required_value=told.get("required_value") or None,
        required_level=result_address(address, told["required_level"])
        if told.get("required_level")
        else None,
        rubric_criterion_levels=tuple(
            RubricCriterionLevel(
                id=result_address(address, each["key"]),
                name=each["name"],
                level=each["level"],
                points=each["points"],
                description=each["description"] or None,
            )
            for each in told.get("rubric_criterion_levels", ())
        ),
    )


def result_address(address: str, key: str) -> str:
    """What a result in a credential points to: one description, or one level of it, in this version of the
    achievement."""
    return f"{address}#result-{key}"


def _filled(alignment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in alignment.items() if value}


def _eqf(version: AchievementVersion) -> tuple[Alignment, ...]:
    """Open Badges has no field for a level; an alignment with the European framework says it to everyone."""
    if not version.level:
        return ()
    with translation.override(version.language):
        name = _("EQF level {level}").format(level=version.level)
        framework = _("European Qualifications Framework")
    return (
        Alignment(
            target_name=name,
            target_url=f"http://data.europa.eu/snb/eqf/{version.level}",
            target_code=version.level,
            target_framework=framework,
        ),
    )


def _narrative(version: AchievementVersion) -> str:
    """The criteria, and the workload, for which Open Badges has no field of its own."""
    if version.workload_hours is None:
        return version.criteria
    with translation.override(version.language):
        workload = ngettext(
            "Workload: {hours} hour", "Workload: {hours} hours", version.workload_hours
        ).format(hours=version.workload_hours)
    return f"{version.criteria.rstrip()}\n\n{workload}"


# Fields


def _locked_draft(version: AchievementVersion) -> AchievementVersion:
    """The row as it is now, locked: of two people who publish and edit at once, one is refused."""
    draft = AchievementVersion.objects.select_for_update().get(pk=version.pk)
    if draft.is_published:
        raise VersionFrozen
    if draft.achievement.archived_at is not None:
        raise Archived
    return draft


def _write(version: AchievementVersion, fields: Mapping[str, Any], *, at: datetime) -> None:
    for name, value in fields.items():
        if name not in CONTENT:
            # State, number, addresses and dates are never taken from outside (B139).
            raise InvalidField(name, _("There is no field “{name}”.").format(name=name))
        setattr(version, name, _CLEAN[name](name, value))
    if "design" in fields:
        design = Design.read(version.design)
        svg = pictures.render(design, logo_png=_logo_of(version.organisation, design))
        version.picture = _keep_picture(pictures.rasterise(svg), svg=svg, at=at)
    version.save()


def _usual_design(name: Any) -> dict[str, Any]:
    lines = textwrap.wrap(name, 16, max_lines=3, placeholder="…") if isinstance(name, str) else []
    try:
        return Design.read({"lines": lines}).to_fields()
    except pictures.BadDesign:  # a name in a script that the pictures' typeface does not have
        return Design().to_fields()


def _logo_of(organisation: Organisation, design: Design) -> bytes | None:
    if not design.logo:
        return None
    if not organisation.logo_png:
        raise InvalidField("design", _("The organisation has no logo yet. Add one in its settings."))
    return bytes(organisation.logo_png)


def _keep_picture(png: bytes, *, svg: str, at: datetime) -> Picture:
    picture, _new = Picture.objects.get_or_create(
        sha256=hashlib.sha256(png).hexdigest(), defaults={"png": png, "svg": svg, "created_at": at}
    )
    return picture


def _line(longest: int, *, required: bool = False) -> Any:
    def clean(name: str, value: Any) -> str:
        text = _text(name, value, longest)
        if has_hidden_characters(text):
            raise InvalidField(name, _("Leave out invisible and control characters."))  # B128 B129
        if required and not text:
            raise InvalidField(name, _("Write something here."))
        return text

    return clean


def _paragraphs(longest: int) -> Any:
    def clean(name: str, value: Any) -> str:
        text = _text(name, value, longest).replace("\r\n", "\n").replace("\r", "\n")
        if has_hidden_characters(text.replace("\n", "").replace("\t", "")):
            raise InvalidField(name, _("Leave out invisible and control characters."))
        return text

    return clean


def _text(name: str, value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise InvalidField(name, _("Write text here."))
    text = value.strip()
    if len(text) > longest:
        raise InvalidField(name, _("Write at most {longest} characters.").format(longest=longest))
    return text


def _whole(least: int, most: int) -> Any:
    def clean(name: str, value: Any) -> int | None:
        if value in (None, ""):
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InvalidField(
                name, _("Write a whole number from {least} to {most}.").format(least=least, most=most)
            )
        return value

    return clean


def _credits(name: str, value: Any) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise InvalidField(name, _("Write a number.")) from error
    if not number.is_finite() or not 0 < number <= 1_000 or number != round(number, 2):
        raise InvalidField(name, _("Write a number above 0 and up to 1000, with two decimals at most."))
    return number


def _choice(choices: tuple[str, ...]) -> Any:
    def clean(name: str, value: Any) -> str:
        if value not in choices:
            raise InvalidField(name, _("Choose one of the list."))
        return str(value)

    return clean


def _language(name: str, value: Any) -> str:
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value) or len(value) > 35:
        raise InvalidField(name, _("Write a language code like “en” or “pt-BR”."))
    return value


def _level(name: str, value: Any) -> str:
    return "" if value in (None, "") else _choice(tuple("12345678"))(name, str(value))


def _alignments(name: str, value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or len(value) > MAX_ALIGNMENTS:
        raise InvalidField(name, _("Give up to {most} skills.").format(most=MAX_ALIGNMENTS))
    return [_alignment(name, each) for each in value]


def _alignment(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or set(value) - set(_ALIGNMENT_FIELDS):
        raise InvalidField(name, _("A skill has a name, an address, and if you like a code and a framework."))
    found = {
        field: _line(longest)(name, value.get(field) or "") for field, longest in _ALIGNMENT_FIELDS.items()
    }
    if not found["target_name"]:
        raise InvalidField(name, _("Every skill needs a name."))
    if not is_web_address(found["target_url"]):
        raise InvalidField(
            name,
            _("“{name}” needs the full web address of its definition.").format(name=found["target_name"]),
        )
    if found["target_type"] and found["target_type"] not in ALIGNMENT_TARGET_TYPES:
        raise InvalidField(name, _("Choose the kind of skill from the list."))
    return found


def is_web_address(text: str) -> bool:
    """An absolute http(s) address without spaces, quotes or control characters (B18)."""
    if not text or len(text) > 2_000 or re.search(r"[\s\"<>\\^`{|}\x00-\x1f\x7f]", text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def _tags(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_TAGS:
        raise InvalidField(name, _("Give up to {most} tags.").format(most=MAX_TAGS))
    tags = [_line(60)(name, each) for each in value]
    return list(dict.fromkeys(tag for tag in tags if tag))


def _design(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidField(name, _("Choose a design."))
    return Design.read(value).to_fields()


_CLEAN: dict[str, Any] = {
    "name": _line(120),
    "description": _paragraphs(2_000),
    "criteria": _paragraphs(10_000),
    "achievement_type": _choice(ACHIEVEMENT_TYPES),
    "level": _level,
    "workload_hours": _whole(1, 20_000),
    "credits": _credits,
    "language": _language,
    "validity_days": _whole(1, MAX_VALIDITY_DAYS),
    "alignments": _alignments,
    "tags": _tags,
    "design": _design,
}
