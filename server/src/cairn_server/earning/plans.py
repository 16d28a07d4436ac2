# SPDX-License-Identifier: Apache-2.0
"""What an issuer decides about earning: the tree of a draft, who agrees to an award, publishing.

Everything here is about a draft. Publishing looks once whether the tree can be met at all, writes down in
words what is promised, and freezes it together with the version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cairn_server.achievements import services as achievements
from cairn_server.achievements.models import Achievement, AchievementVersion
from cairn_server.achievements.services import InvalidField, VersionFrozen
from cairn_server.assessments import services as assessments
from cairn_server.earning.models import Plan, Requirement
from cairn_server.earning.progress import name_of, tree_of
from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.names import clean_name
from cairn_server.organisations.roles import SIGNERS, require
from cairn_server.projects import services as projects

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.assessments.models import Assessment
    from cairn_server.earning.learning import Course, Meeting
    from cairn_server.projects.models import Project

Kind = Requirement.Kind
MOST_REQUIREMENTS = 40
DEEPEST = 4


class TooManyRequirements(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "too-many-requirements",
            _("An achievement has at most %(most)s requirements, %(deepest)s levels deep.")
            % {"most": MOST_REQUIREMENTS, "deepest": DEEPEST},
        )


class CannotBeMet(Refusal):
    """Nobody could ever earn it as the tree stands; ``why`` has a sentence for each part."""

    def __init__(self, why: list[str]) -> None:
        self.why = why
        super().__init__("requirements-incomplete", " ".join(why))


@dataclass(frozen=True, slots=True)
class Asked:
    """What one requirement asks for: of the fields, those of its kind."""

    kind: str
    title: str = ""
    least: int | None = None
    course: Course | None = None
    meeting: Meeting | None = None
    project: Project | None = None
    assessment: Assessment | None = None
    held: Achievement | None = None
    held_issuer: str = ""
    held_uri: str = ""
    signal: str = ""


_COLUMNS = ("course", "meeting", "project", "assessment", "held", "held_issuer", "held_uri", "signal")
# Of each kind the columns that it reads; everything else that was given is left out.
_OF_KIND: Mapping[str, tuple[str, ...]] = {
    Kind.ALL: (),
    Kind.ANY: (),
    Kind.SOME: ("least",),
    Kind.COURSE: ("course",),
    Kind.ATTENDANCE: ("meeting",),
    Kind.PROJECT: ("project",),
    Kind.ASSESSMENT: ("assessment",),
    Kind.HOLDING: ("held", "held_issuer", "held_uri"),
    Kind.SIGNAL: ("signal",),
}
_EMPTY = {**dict.fromkeys(_COLUMNS[:5]), **dict.fromkeys(_COLUMNS[5:], ""), "least": None}


# The tree of a draft


@transaction.atomic
def begin(version: AchievementVersion, *, by: Person, at: datetime) -> Plan:
    """Let people earn it: a tree with a root and nothing in it yet. Doing it twice is doing it once."""
    draft = _draft(version, by=by)
    plan, new = Plan.objects.get_or_create(version=draft, defaults={"created_at": at})
    if new:
        Requirement.objects.create(plan=plan, position=0, kind=Kind.ALL)
        _note(plan, "earning begun", by=by, at=at)
    return plan


@transaction.atomic
def give_up(plan: Plan, *, by: Person, at: datetime) -> None:
    """It is awarded by people only, as before."""
    _draft(plan.version, by=by)
    _note(plan, "earning given up", by=by, at=at)
    plan.delete()


@transaction.atomic
def set_decision(plan: Plan, *, by: Person, decision: str, at: datetime) -> Plan:
    _draft(plan.version, by=by)
    if decision not in Plan.Decision.values:
        raise InvalidField("decision", _("Choose one of the list."))
    plan.decision = decision
    plan.save(update_fields=["decision"])
    _note(plan, "earning decision set", by=by, at=at, decision=decision)
    return plan


@transaction.atomic
def add(parent: Requirement, *, by: Person, asked: Asked, at: datetime) -> Requirement:
    """One more part of a group, behind the others."""
    version = _draft(parent.plan.version, by=by)
    if parent.kind not in Requirement.GROUPS:
        raise InvalidField("kind", _("Only a group has parts."))
    if parent.plan.requirements.count() >= MOST_REQUIREMENTS or _depth(parent) >= DEEPEST:
        raise TooManyRequirements
    last = parent.children.order_by("position").values_list("position", flat=True).last()
    made = Requirement(plan=parent.plan, parent=parent, position=0 if last is None else last + 1)
    _write(made, asked, version)
    made.save(force_insert=True)
    _note(parent.plan, "requirement added", by=by, at=at, requirement=made.public_id, kind=made.kind)
    return made


@transaction.atomic
def change(requirement: Requirement, *, by: Person, asked: Asked, at: datetime) -> Requirement:
    """Ask for something else. A group stays a group, and what is none stays none."""
    version = _draft(requirement.plan.version, by=by)
    if (requirement.kind in Requirement.GROUPS) != (asked.kind in Requirement.GROUPS):
        raise InvalidField("kind", _("Remove it, and add what you want instead."))
    _write(requirement, asked, version)
    requirement.save()
    _note(requirement.plan, "requirement changed", by=by, at=at, requirement=requirement.public_id)
    return requirement


@transaction.atomic
def remove(requirement: Requirement, *, by: Person, at: datetime) -> None:
    """With everything below it."""
    _draft(requirement.plan.version, by=by)
    if requirement.parent_id is None:
        raise InvalidField("kind", _("The first group stays. Change what it asks for."))
    _note(requirement.plan, "requirement removed", by=by, at=at, requirement=requirement.public_id)
    requirement.delete()


@transaction.atomic
def move_up(requirement: Requirement, *, by: Person, at: datetime) -> None:
    """Change places with the one before it, where there is one."""
    _draft(requirement.plan.version, by=by)
    parts = list(Requirement.objects.filter(plan=requirement.plan, parent=requirement.parent_id))
    place = parts.index(requirement)
    if place == 0:
        return
    parts[place - 1], parts[place] = parts[place], parts[place - 1]
    for position, part in enumerate(parts):
        part.position = position
    Requirement.objects.bulk_update(parts, ["position"])
    _note(requirement.plan, "requirement moved", by=by, at=at, requirement=requirement.public_id)


def _write(requirement: Requirement, asked: Asked, version: AchievementVersion) -> None:
    if asked.kind not in Kind.values:
        raise InvalidField("kind", _("Choose one of the list."))
    mine = _OF_KIND[asked.kind]
    values = {**_EMPTY, **{name: getattr(asked, name) for name in mine}}
    _CHECKS.get(asked.kind, lambda *_ignored: None)(values, version)
    requirement.kind = asked.kind
    requirement.title = clean_name(asked.title) if asked.title.strip() else ""
    if len(requirement.title) > 200:
        raise InvalidField("title", _("Write at most %(most)s characters.") % {"most": 200})
    for name, value in values.items():
        setattr(requirement, name, value)
    twin = requirement.plan.requirements.filter(signal=requirement.signal).exclude(pk=requirement.pk)
    if requirement.signal and twin.exists():
        raise InvalidField("signal", _("Another requirement has this name already."))


def _check_some(values: Mapping[str, object], version: AchievementVersion) -> None:
    least = values["least"]
    if not isinstance(least, int) or isinstance(least, bool) or not 1 <= least <= MOST_REQUIREMENTS:
        raise InvalidField("least", _("Write how many of them."))


def _check_own(name: str) -> Callable[[dict[str, Any], AchievementVersion], None]:
    def check(values: Mapping[str, object], version: AchievementVersion) -> None:
        chosen = values[name]
        if chosen is None:
            raise InvalidField(name, _("Choose one of the list."))
        # Another organisation's does not exist (B135).
        if chosen.organisation_id != version.achievement.organisation_id:  # type: ignore[attr-defined]
            raise NotVisible

    return check


def _check_holding(values: dict[str, object], version: AchievementVersion) -> None:
    held, issuer, uri = values["held"], str(values["held_issuer"]).strip(), str(values["held_uri"]).strip()
    if (held is None) == (not issuer):
        raise InvalidField("held", _("Choose an achievement of this server, or name another issuer."))
    if isinstance(held, Achievement):
        if held.pk == version.achievement_id:
            raise InvalidField("held", _("An achievement cannot ask for itself."))
        if held.published is None:
            raise InvalidField("held", _("Choose something that has been published."))
        values["held_uri"] = ""
        return
    if not (issuer.startswith("did:") or achievements.is_web_address(issuer)) or len(issuer) > 600:
        raise InvalidField("held_issuer", _("Write the issuer's DID, or its web address."))
    if len(uri) > 2_000 or not (uri.isprintable() and issuer.isprintable()):
        raise InvalidField("held_uri", _("Leave out invisible and control characters."))
    values["held_issuer"], values["held_uri"] = issuer, uri


def _check_signal(values: dict[str, object], version: AchievementVersion) -> None:
    name = str(values["signal"]).strip()
    if (
        not name
        or len(name) > 60
        or not name.replace("-", "").replace("_", "").isalnum()
        or not name.isascii()
    ):
        raise InvalidField("signal", _("Write a short name of letters, digits and hyphens."))
    values["signal"] = name


_CHECKS: dict[str, Callable[[dict[str, Any], AchievementVersion], None]] = {
    Kind.SOME: _check_some,
    Kind.COURSE: _check_own("course"),
    Kind.ATTENDANCE: _check_own("meeting"),
    Kind.PROJECT: _check_own("project"),
    Kind.ASSESSMENT: _check_own("assessment"),
    Kind.HOLDING: _check_holding,
    Kind.SIGNAL: _check_signal,
}


def _depth(requirement: Requirement) -> int:
    depth, here = 1, requirement
    while here.parent is not None:
        depth, here = depth + 1, here.parent
    return depth


# Publishing, and the next version


@transaction.atomic
def publish(version: AchievementVersion, *, by: Person, at: datetime) -> AchievementVersion:
    """Publish a draft with what it takes; without a plan this is ``achievements.services.publish``."""
    require(by, SIGNERS, version.organisation)
    plan = Plan.objects.filter(version=version).first()
    if plan is not None and not version.is_published:
        draft = _draft(version, by=by)
        _promise(plan, draft, by=by)
    return achievements.publish(version, by=by, at=at)


def problems_of(plan: Plan) -> list[str]:
    """Why nobody could earn it as it stands; a sentence each, and none for a good tree."""
    root, below = tree_of(plan)
    if root is None:
        return [_("There is nothing to do yet.")]
    found = []
    for each in (each for parts in below.values() for each in parts):
        if each.kind in Requirement.GROUPS:
            found += _problems_of_group(each, len(below.get(each.pk, ())))
        elif not _is_open(each):
            found.append(_("“%(name)s” is not open yet.") % {"name": name_of(each)})
    return found


def _problems_of_group(group: Requirement, parts: int) -> list[str]:
    if parts == 0:
        return [_("“%(name)s” has nothing in it.") % {"name": name_of(group)}]
    if group.kind == Kind.SOME and (group.least or 1) > parts:
        return [
            ngettext(
                "“%(name)s” asks for more than the %(parts)s part it has.",
                "“%(name)s” asks for more than the %(parts)s parts it has.",
                parts,
            )
            % {"name": name_of(group), "parts": parts}
        ]
    return []


def _is_open(leaf: Requirement) -> bool:
    if leaf.course is not None:
        return leaf.course.opened_at is not None
    if leaf.assessment is not None:
        return assessments.is_open(leaf.assessment)
    if leaf.project is not None:
        return projects.is_open(leaf.project)
    return True


def _promise(plan: Plan, draft: AchievementVersion, *, by: Person) -> None:
    """Write down in words what is promised: courses and assessments may be worded better later."""
    if why := problems_of(plan):
        raise CannotBeMet(why)
    results = []
    with translation.override(draft.language):
        for leaf in plan.requirements.select_related("course", "meeting", "assessment", "project", "held"):
            if leaf.kind in Requirement.GROUPS:
                continue
            if leaf.assessment is not None:
                leaf.assessment_version = leaf.assessment.published
            leaf.title = leaf.title or name_of(leaf)[:200]
            leaf.promise = _promise_of(leaf)[:500]
            leaf.save(update_fields=["title", "promise", "assessment_version"])
            if leaf.assessment is not None:
                told = assessments.result_description(leaf.assessment)
                results.append({**told, "key": leaf.public_id})
            if leaf.project is not None:
                results += [_of_leaf(leaf, each) for each in projects.result_descriptions(leaf.project)]
    draft.result_descriptions = results or None
    draft.save(update_fields=["result_descriptions"])
    plan.published_by = by
    plan.save(update_fields=["published_by"])


def _of_leaf(leaf: Requirement, told: Mapping[str, Any]) -> dict[str, Any]:
    """A criterion and its levels under names that no other requirement has."""
    levels = told["rubric_criterion_levels"]
    return {
        **told,
        "key": f"{leaf.public_id}-{told['key']}",
        "required_level": f"{leaf.public_id}-{told['required_level']}",
        "rubric_criterion_levels": [{**each, "key": f"{leaf.public_id}-{each['key']}"} for each in levels],
    }


def _promise_of(leaf: Requirement) -> str:
    if leaf.course is not None:
        count = leaf.course.units.count()
        return ngettext("%(count)s unit", "%(count)s units", count) % {"count": count}
    if leaf.assessment is not None:
        return assessments.promise(leaf.assessment)
    if leaf.project is not None:
        return projects.promise(leaf.project)
    if leaf.kind == Kind.ATTENDANCE:
        return _("You type in the code that is shown in the room.")
    if leaf.kind == Kind.HOLDING:
        return _("A credential that you hold already.")
    return _("Another system of the issuer says that you have done it.")


@transaction.atomic
def new_version(achievement: Achievement, *, by: Person, at: datetime) -> AchievementVersion:
    """The draft of the next version, with the tree of the newest published one to start from."""
    before = achievement.published
    draft = achievements.new_version(achievement, by=by, at=at)
    plan = Plan.objects.filter(version=before).first()
    if plan is None:
        return draft
    root, below = tree_of(plan)
    copy = Plan.objects.create(version=draft, decision=plan.decision, created_at=at)
    if root is not None:
        _copy(root, below, copy, None)
    return draft


def _copy(
    requirement: Requirement,
    below: Mapping[int | None, list[Requirement]],
    plan: Plan,
    parent: Requirement | None,
) -> None:
    columns = {name: getattr(requirement, name) for name in (*_COLUMNS, "kind", "title", "least", "position")}
    made = Requirement.objects.create(plan=plan, parent=parent, **columns)
    for each in below.get(requirement.pk, ()):
        _copy(each, below, plan, made)


def _draft(version: AchievementVersion, *, by: Person) -> AchievementVersion:
    """The draft, locked, for somebody who may change it."""
    require(by, SIGNERS, version.organisation)
    draft = AchievementVersion.objects.select_for_update().get(pk=version.pk)
    if draft.is_published:
        raise VersionFrozen
    if draft.achievement.archived_at is not None:
        raise achievements.Archived
    return draft


def _note(plan: Plan, verb: str, *, by: Person, at: datetime, **details: str) -> None:
    journal.record(
        verb=verb,
        by=by,
        organisation_id=plan.version.organisation.public_id,
        object=plan.version.achievement,
        details={"version": plan.version.public_id, **details},
        at=at,
    )
