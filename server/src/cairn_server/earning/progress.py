# SPDX-License-Identifier: Apache-2.0
"""How far somebody is: the tree of what it takes, with what they have done beside each part. Only reads.

Everything is asked of the tables each time, nothing is added up in between: what a learner sees and what an
award is decided by are the same look.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cairn_server.accounts.services import verified_addresses
from cairn_server.assessments import services as assessments
from cairn_server.earning.learning import Attended, Unit, UnitDone
from cairn_server.earning.models import Plan, Requirement, Signal
from cairn_server.issuing.models import Credential
from cairn_server.projects import services as projects
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cairn_server.accounts.models import Person

Kind = Requirement.Kind
# The verifier's word about something from elsewhere counts for as long.
FRESH = timedelta(days=30)
# Of the closed list of Open Badges: what was passed or accepted is never anything else.
COMPLETED = "Completed"
VOUCHED_FOR = ("verified", "verified-with-remarks")


class State(Enum):
    DONE = "done"
    # There is something that looks right, and nothing that proves whose it is: a person has to look.
    UNSURE = "unsure"
    BEGUN = "begun"
    TO_DO = "to-do"


@dataclass(frozen=True, slots=True)
class Step:
    """One requirement, and how far somebody is with it."""

    requirement: Requirement
    state: State
    # So many of so many: units of a course, parts of a group.
    done: int = 0
    total: int = 0
    says: str = ""
    children: tuple[Step, ...] = ()
    # What goes into the credential: of ``Credential.more``.
    results: tuple[dict[str, str], ...] = ()
    evidence: tuple[dict[str, str], ...] = ()
    narrative: str = ""

    @property
    def name(self) -> str:
        return name_of(self.requirement)

    @property
    def is_done(self) -> bool:
        return self.state is State.DONE

    @property
    def shown(self) -> Step:
        """Without a group of one around it, which says nothing."""
        return self.children[0].shown if len(self.children) == 1 else self

    def leaves(self) -> Iterator[Step]:
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def name_of(requirement: Requirement) -> str:
    """What people read: the issuer's title, or the name of what it asks for."""
    if requirement.title:
        return requirement.title
    match requirement.kind:
        case Kind.COURSE if requirement.course:
            return requirement.course.name
        case Kind.ATTENDANCE if requirement.meeting:
            return requirement.meeting.name
        case Kind.PROJECT if requirement.project:
            return str(requirement.project.name)
        case Kind.ASSESSMENT if requirement.assessment:
            return str(requirement.assessment.name)
        case Kind.HOLDING:
            if requirement.held is not None:
                return requirement.held.current.name
            return _("A credential of %(issuer)s") % {"issuer": requirement.held_issuer}
        case Kind.SIGNAL:
            return requirement.signal
        case Kind.SOME:
            count = requirement.least or 1
            return ngettext("%(count)s of these", "%(count)s of these", count) % {"count": count}
    return str(Kind(requirement.kind).label)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the tables say about one person, for all leaves of one tree; asked once a kind."""

    person: Person
    at: datetime
    addresses: set[str]
    units: Mapping[int, list[int]] = field(default_factory=dict)
    units_done: set[int] = field(default_factory=set)
    attended: set[int] = field(default_factory=set)
    signals: set[str] = field(default_factory=set)
    awarded: set[int] = field(default_factory=set)


def tree_of(plan: Plan) -> tuple[Requirement | None, dict[int | None, list[Requirement]]]:
    """The root, and the parts of each group in their order; in one query."""
    below: dict[int | None, list[Requirement]] = defaultdict(list)
    for each in plan.requirements.select_related(
        "course", "meeting", "project", "assessment", "assessment_version", "held"
    ):
        below[each.parent_id].append(each)
    return (below[None][0] if below[None] else None), below


def look(plan: Plan, person: Person | None, *, at: datetime) -> Step | None:
    """How far this person is with all of it; of nobody, only what it takes. None where that is nothing."""
    root, below = tree_of(plan)
    if root is None:
        return None
    requirements = [each for parts in below.values() for each in parts]
    known = _known(plan, requirements, person, at=at) if person is not None else None
    return _step(root, below, known)


def is_met(step: Step, plan: Plan) -> bool:
    """Whether an award may follow: a person who has to agree anyway can also look at what is unsure."""
    if step.state is State.DONE:
        return True
    return step.state is State.UNSURE and plan.decision == Plan.Decision.PERSON


def counted(step: Step) -> Iterator[Step]:
    """The leaves that an award rests on: what is done, and nothing that was begun beside it."""
    return (leaf for leaf in step.leaves() if leaf.state in (State.DONE, State.UNSURE))


def _known(plan: Plan, requirements: list[Requirement], person: Person, *, at: datetime) -> _Known:
    addresses = verified_addresses(person)
    courses = [each.course_id for each in requirements if each.course_id]
    units: dict[int, list[int]] = defaultdict(list)
    if courses:
        for pk, course in Unit.objects.filter(course__in=courses).order_by().values_list("pk", "course"):
            units[course].append(pk)
    done = UnitDone.objects.filter(person=person, unit__course__in=courses).values_list("unit", flat=True)
    meetings = [each.meeting_id for each in requirements if each.meeting_id]
    attended = Attended.objects.filter(person=person, meeting__in=meetings).values_list("meeting", flat=True)
    names = [each.signal for each in requirements if each.signal]
    signals = Signal.objects.filter(
        achievement=plan.version.achievement_id, name__in=names, email__in=addresses
    )
    held = [each.held_id for each in requirements if each.held_id]
    awarded = (
        Credential.objects.signed()
        .filter(version__achievement__in=held, recipient_email__in=addresses)
        .filter(Q(valid_until=None) | Q(valid_until__gt=at), standing="active", valid_from__lte=at)
    )
    return _Known(
        person,
        at,
        addresses,
        units,
        set(done) if courses else set(),
        set(attended) if meetings else set(),
        set(signals.values_list("name", flat=True)) if names else set(),
        set(awarded.values_list("version__achievement", flat=True)) if held else set(),
    )


def _step(
    requirement: Requirement, below: Mapping[int | None, list[Requirement]], known: _Known | None
) -> Step:
    if requirement.kind in Requirement.GROUPS:
        return _group(requirement, tuple(_step(each, below, known) for each in below.get(requirement.pk, ())))
    if known is None:
        return Step(requirement, State.TO_DO, says=requirement.promise)
    return _LEAVES[Kind(requirement.kind)](requirement, known)


def _group(requirement: Requirement, parts: tuple[Step, ...]) -> Step:
    needed = {Kind.ALL: len(parts), Kind.ANY: 1, Kind.SOME: requirement.least or 1}[Kind(requirement.kind)]
    done = sum(part.state is State.DONE for part in parts)
    unsure = sum(part.state is State.UNSURE for part in parts)
    if not parts:
        # A group of nothing asks for nothing, and so proves nothing.
        state = State.TO_DO
    elif done >= needed:
        state = State.DONE
    elif done + unsure >= needed:
        state = State.UNSURE
    else:
        state = State.BEGUN if any(part.state is not State.TO_DO for part in parts) else State.TO_DO
    if requirement.kind == Kind.ALL:
        says = _("%(done_count)s of %(total)s done") % {"done_count": done, "total": needed}
    else:
        says = _("%(done)s of %(needed)s from this group") % {"done": min(done, needed), "needed": needed}
    return Step(requirement, state, min(done, needed), needed, says, parts)


def _course(requirement: Requirement, known: _Known) -> Step:
    units = known.units.get(requirement.course_id or 0, [])
    done = sum(unit in known.units_done for unit in units)
    state = State.DONE if units and done == len(units) else State.BEGUN if done else State.TO_DO
    says = _("%(done)s of %(total)s units") % {"done": done, "total": len(units)}
    return Step(requirement, state, done, len(units), says)


def _attendance(requirement: Requirement, known: _Known) -> Step:
    there = requirement.meeting_id in known.attended
    return Step(requirement, State.DONE if there else State.TO_DO, says=_("You were there") if there else "")


def _signal(requirement: Requirement, known: _Known) -> Step:
    there = requirement.signal in known.signals
    return Step(
        requirement, State.DONE if there else State.TO_DO, says="" if there else _("Told by another system")
    )


def _assessment(requirement: Requirement, known: _Known) -> Step:
    assert requirement.assessment is not None, "a constraint of the table"
    found = assessments.passed(known.person, requirement.assessment, promised=requirement.assessment_version)
    if found is None:
        return Step(requirement, State.TO_DO, says=requirement.promise)
    result = {"key": requirement.public_id, "value": found.value, "status": COMPLETED}
    return Step(requirement, State.DONE, says=_("Passed"), results=(result,))


def _project(requirement: Requirement, known: _Known) -> Step:
    assert requirement.project is not None, "a constraint of the table"
    found = projects.accepted(known.person, requirement.project)
    if found is None:
        return Step(requirement, State.TO_DO, says=requirement.promise)
    evidence = tuple(
        {"url": each.url, "name": each.name, "description": each.description} for each in found.evidence
    )
    key = requirement.public_id
    results = tuple(
        {
            "key": f"{key}-{criterion.id}",
            "level": f"{key}-{level.id}",
            "value": level.name,
            "status": COMPLETED,
        }
        for criterion, level in found.levels
    )
    return Step(
        requirement,
        State.DONE,
        says=_("Accepted"),
        results=results,
        evidence=evidence,
        narrative=found.narrative,
    )


def _holding(requirement: Requirement, known: _Known) -> Step:
    if requirement.held_id is not None:
        there = requirement.held_id in known.awarded
        return Step(requirement, State.DONE if there else State.TO_DO, says=_("You hold it") if there else "")
    found = _foreign(requirement, known)
    if not found:
        return Step(requirement, State.TO_DO, says=_("Bring it into your wallet"))
    if any(names_one_of(held.document or {}, known.addresses) for held in found):
        return Step(requirement, State.DONE, says=_("It is in your wallet, and it names your address"))
    return Step(
        requirement,
        State.UNSURE,
        says=_("It is in your wallet. It does not say whose it is, so a person has to look at it."),
    )


def _foreign(requirement: Requirement, known: _Known) -> list[HeldCredential]:
    """What is in the wallet, as the verifier saw it: genuine, in force, and looked at not long ago."""
    found = HeldCredential.objects.visible_to(known.person).filter(
        Q(ends_at=None) | Q(ends_at__gt=known.at),
        issuer_id=requirement.held_issuer,
        document__isnull=False,
        verdict__in=VOUCHED_FOR,
        standing=HeldCredential.Standing.ACTIVE,
        checked_at__gte=known.at - FRESH,
    )
    if requirement.held_uri:
        found = found.filter(achievement_id=requirement.held_uri)
    return list(found.defer("secured", "report")[:20])


def names_one_of(document: Mapping[str, Any], addresses: set[str]) -> bool:
    """Whether the credential names one of these addresses, in plain words or hashed with its salt (OB 3.0).

    Whoever has a file of somebody else can put it into a wallet: being there does not make it theirs (B146).
    """
    subjects = document.get("credentialSubject")
    for subject in subjects if isinstance(subjects, list) else [subjects]:
        found = subject.get("identifier") if isinstance(subject, dict) else None
        for each in found if isinstance(found, list) else [found]:
            if isinstance(each, dict) and _is_address(each, addresses):
                return True
    return False


def _is_address(identifier: Mapping[str, Any], addresses: set[str]) -> bool:
    if identifier.get("identityType") != "emailAddress":
        return False
    said, salt = identifier.get("identityHash"), identifier.get("salt") or ""
    if not isinstance(said, str) or not isinstance(salt, str):
        return False
    if identifier.get("hashed") is not True:
        return said.lower() in addresses
    method, _dollar, digest = said.partition("$")
    hashes = {sha256(f"{address}{salt}".encode()).hexdigest() for address in addresses}
    return method == "sha256" and digest.lower() in hashes


_LEAVES = {
    Kind.COURSE: _course,
    Kind.ATTENDANCE: _attendance,
    Kind.SIGNAL: _signal,
    Kind.ASSESSMENT: _assessment,
    Kind.PROJECT: _project,
    Kind.HOLDING: _holding,
}
