# SPDX-License-Identifier: Apache-2.0
"""Being on the way: start, be judged, be awarded or told why not yet, stop.

    start ─ … progress, kept where it is made … ─ reconsider ─┬─ award, by the rule
                                                               └─ wait for a person ─ approve ─ award

An award is the one of issuing, under a key that names the enrolment: asked for twice, at once or after a
crash, it is the same award. What is met and not yet awarded is found again by ``award_due``.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cairn.errors import CairnError
from cairn_server.accounts.services import clean_address, person_with_address, verified_addresses
from cairn_server.achievements.models import AchievementVersion, Cost
from cairn_server.achievements.services import Archived, InvalidField
from cairn_server.assessments import services as assessments
from cairn_server.earning import granting, progress
from cairn_server.earning.learning import Attended, UnitDone
from cairn_server.earning.models import Enrolment, Plan, Requirement, Signal
from cairn_server.earning.seats import Place
from cairn_server.errors import NotVisible, Refusal
from cairn_server.issuing import finishing
from cairn_server.issuing import services as issuing
from cairn_server.issuing.lists.rows import LONGEST
from cairn_server.issuing.models import Credential
from cairn_server.issuing.signing import OwnProductRefused
from cairn_server.journal import services as journal
from cairn_server.organisations.models import OrganisationClosed
from cairn_server.organisations.names import clean_name
from cairn_server.organisations.roles import SIGNERS, require, require_signer

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.assessments.models import Assessment, AssessmentVersion
    from cairn_server.earning.learning import Course
    from cairn_server.earning.progress import Step
    from cairn_server.organisations.models import Organisation
    from cairn_server.projects.models import Project

logger = logging.getLogger(__name__)

# With these a learner needs a place that somebody pays for.
NEEDS_PLACE = (Cost.SPONSORED, Cost.PAID)
MOST_IN_ONE_LOOK = 100


class NotOffered(Refusal):
    def __init__(self) -> None:
        super().__init__("not-offered", _("This cannot be started here."))


class AddressNeeded(Refusal):
    def __init__(self) -> None:
        super().__init__("address-needed", _("Confirm your e-mail address first: the award is sent there."))


class NotMet(Refusal):
    def __init__(self) -> None:
        super().__init__("requirements-not-met", _("Not everything that it takes is there."))


class NothingToDecide(Refusal):
    def __init__(self) -> None:
        super().__init__("nothing-to-decide", _("This has been decided, or is not finished."))


class OwnWork(Refusal):
    """Nobody awards themselves, whatever their role."""

    def __init__(self) -> None:
        super().__init__("own-work", _("Somebody else has to decide about your own work."))


# Starting and stopping


def start(version: AchievementVersion, *, by: Person, name: str, code: str = "", at: datetime) -> Enrolment:
    """Begin, or go on where one was. ``code`` is that of a place, where one is needed and none is listed."""
    if code:
        # Before the transaction: an attempt counts also when it fails.
        granting.count_attempt(by, at=at)
    with transaction.atomic():
        return _start(version, by=by, name=name, code=code, at=at)


def _start(version: AchievementVersion, *, by: Person, name: str, code: str, at: datetime) -> Enrolment:
    version = AchievementVersion.objects.select_related("achievement__organisation").get(pk=version.pk)
    achievement = version.achievement
    before = Enrolment.objects.select_for_update().filter(person=by, achievement=achievement).first()
    if before is not None:
        return _go_on(before, by=by, at=at)
    if not is_offered(version):
        raise NotOffered
    if by.email.lower() not in verified_addresses(by):
        raise AddressNeeded
    name = clean_name(name)
    if len(name) > 200 or not any(map(str.isalnum, name)):
        raise InvalidField("name", _("Write the name of the person, without invisible characters."))
    place = granting.take_place(achievement, by=by, code=code, at=at) if needs_place(version) else None
    try:
        with transaction.atomic():
            made = Enrolment.objects.create(
                person=by, achievement=achievement, version=version, name=name, place=place, started_at=at
            )
    except IntegrityError:
        # Pressed twice at once. The place of this one goes back with the transaction.
        raise NothingToDecide from None
    journal.record(
        verb="earning started",
        by=by,
        organisation_id=achievement.organisation.public_id,
        object=made,
        details={"version": version.public_id},
        at=at,
    )
    return made


def _go_on(enrolment: Enrolment, *, by: Person, at: datetime) -> Enrolment:
    if enrolment.left_at is not None:
        enrolment.left_at = None
        enrolment.save(update_fields=["left_at"])
        _note(enrolment, "earning resumed", by=by, at=at)
    return enrolment


def is_offered(version: AchievementVersion) -> bool:
    """Whether somebody can start with this version today: the newest, with a plan, of an open issuer."""
    achievement = version.achievement
    return (
        version.is_published
        and achievement.archived_at is None
        and achievement.organisation.closed_at is None
        and Plan.objects.filter(version=version).exists()
        and achievement.published == version
    )


def needs_place(version: AchievementVersion) -> bool:
    return version.achievement.cost in NEEDS_PLACE


@transaction.atomic
def leave(enrolment: Enrolment, *, by: Person, at: datetime) -> None:
    """Stop. What was done is kept, and whoever starts again goes on from there."""
    current = _own(enrolment, by)
    if current.credential_id is not None:
        raise NothingToDecide
    if current.left_at is None:
        current.left_at = at
        current.save(update_fields=["left_at"])
        _note(current, "earning left", by=by, at=at)


def _own(enrolment: Enrolment, by: Person) -> Enrolment:
    if enrolment.person_id != by.pk:
        raise NotVisible
    return Enrolment.objects.select_for_update().get(pk=enrolment.pk)


# Being judged


def look(enrolment: Enrolment, *, at: datetime) -> Step | None:
    """How far somebody is, by the version that they started with."""
    plan = Plan.objects.select_related("version").get(version=enrolment.version_id)
    return progress.look(plan, enrolment.person, at=at)


def reconsider(person: Person, *, at: datetime) -> list[Enrolment]:
    """Look at everything that this person is on the way to, and award what is met; which were settled.

    To be called after anything that may have met something, and outside of its transaction. What cannot be
    signed at the moment is no trouble of the learner: it is awarded later.
    """
    going = Enrolment.objects.filter(person=person).going().select_related(*_WITH)
    return [each for each in going if _settled(each, at=at)]


def award_due(*, at: datetime) -> int:
    """Award what is met and was not awarded, because something was in the way; how many there were."""
    due = (
        Enrolment.objects.going()
        .filter(met_at__isnull=False)
        .exclude(version__plan__decision=Plan.Decision.PERSON, decision__in=["", "declined"])
    )
    return sum(_settled(each, at=at) for each in due.select_related(*_WITH)[:MOST_IN_ONE_LOOK])


_WITH = ("person", "achievement__organisation", "version__plan", "decided_by")


def _settled(enrolment: Enrolment, *, at: datetime) -> bool:
    try:
        settle(enrolment, at=at)
    except (Refusal, CairnError, OwnProductRefused) as error:
        logger.warning("enrolment %s is met and not awarded: %s", enrolment.public_id, error)
    return enrolment.credential_id is not None


def settle(enrolment: Enrolment, *, at: datetime) -> Enrolment:
    """Note whether everything is met, and award it if nobody has to be asked. Outside of any transaction."""
    step = look(enrolment, at=at)
    plan = enrolment.version.plan
    if step is None or not progress.is_met(step, plan):
        # A credential that was held may have been withdrawn before anybody decided.
        _unmeet(enrolment)
        return enrolment
    _meet(enrolment, at=at)
    if plan.decision == Plan.Decision.PERSON and enrolment.decision != Enrolment.Decision.APPROVED:
        return enrolment
    return _award(enrolment, step, at=at)


@transaction.atomic
def _meet(enrolment: Enrolment, *, at: datetime) -> None:
    if Enrolment.objects.filter(pk=enrolment.pk, met_at=None).update(met_at=at):
        enrolment.met_at = at
        _note(enrolment, "requirements met", by=None, at=at)
    else:
        enrolment.refresh_from_db(fields=["met_at", "decision", "credential"])


def _unmeet(enrolment: Enrolment) -> None:
    if Enrolment.objects.filter(pk=enrolment.pk, decision="", credential=None).update(met_at=None):
        enrolment.met_at = None


def _award(enrolment: Enrolment, step: Step, *, at: datetime) -> Enrolment:
    """The award of issuing, made or found; two at once get the same one."""
    if enrolment.credential_id is not None:
        return enrolment
    organisation = enrolment.achievement.organisation
    known = Credential.objects.filter(organisation=organisation, request_key=enrolment.request_key).first()
    if known is None:
        known = issuing.award_ready(_wanted(enrolment, step, at=at), by=enrolment.decided_by, at=at)
    elif known.state != Credential.State.SIGNED:
        known = finishing.finish_award(known, at=at)
    _keep(enrolment, known, at=at)
    return enrolment


@transaction.atomic
def _keep(enrolment: Enrolment, credential: Credential, *, at: datetime) -> None:
    mine = Enrolment.objects.filter(pk=enrolment.pk, credential=None).update(credential=credential)
    enrolment.credential = credential
    if mine:
        details = {"credential": credential.public_id}
        _note(enrolment, "achievement earned", by=enrolment.decided_by, at=at, **details)


def _wanted(enrolment: Enrolment, step: Step, *, at: datetime) -> issuing.Wanted:
    person = enrolment.person
    if person.email.lower() not in verified_addresses(person):
        raise AddressNeeded
    leaves = list(progress.counted(step))
    more = {
        name: told
        for name, told in (
            ("results", _described([each for leaf in leaves for each in leaf.results], enrolment.version)),
            ("evidence", [each for leaf in leaves for each in leaf.evidence]),
        )
        if told
    }
    narrative = "\n\n".join(leaf.narrative for leaf in leaves if leaf.narrative)
    texts = dict.fromkeys(("evidence_url", "evidence_name", "evidence_description", "narrative", "grade"), "")
    wanted = issuing.read_award(
        version=enrolment.version,
        recipient=issuing.Recipient(enrolment.name, person.email),
        request_key=enrolment.request_key,
        at=at,
        awarded_on=None,
        valid_from=None,
        valid_until=None,
        texts=texts | {"narrative": narrative[: LONGEST["narrative"]]},
    )
    carried: dict[str, Any] = {**wanted.texts, "more": more or None}
    return replace(wanted, texts=carried)


def _described(results: list[dict[str, str]], version: AchievementVersion) -> list[dict[str, str]]:
    """Those that the version promises a description of, in the same words.

    A project may have another rubric since: a level of that one under the name of an old one would say what
    nobody has said.
    """
    levels = {
        each["key"]: {level["key"]: level["name"] for level in each.get("rubric_criterion_levels", ())}
        for each in version.result_descriptions or ()
    }
    return [
        each
        for each in results
        if each["key"] in levels
        and ("level" not in each or levels[each["key"]].get(each["level"]) == each["value"])
    ]


# A person's approval


def approve(enrolment: Enrolment, *, by: Person, at: datetime) -> Enrolment:
    """Agree, and award. Everything is looked at once more: what was met last week may be withdrawn today."""
    _decidable(enrolment, by=by)
    step = look(enrolment, at=at)
    if step is None or not progress.is_met(step, enrolment.version.plan):
        raise NotMet
    _decide(enrolment, Enrolment.Decision.APPROVED, by=by, reason="", at=at)
    return _award(enrolment, step, at=at)


def decline(enrolment: Enrolment, *, by: Person, reason: str, at: datetime) -> Enrolment:
    """Not yet, and why. The learner reads the reason, and may ask again."""
    _decidable(enrolment, by=by)
    reason = reason.strip()
    if not reason or len(reason) > 1_000:
        raise InvalidField("reason", _("Say why, in at most 1000 characters: the learner reads it."))
    _decide(enrolment, Enrolment.Decision.DECLINED, by=by, reason=reason, at=at)
    return enrolment


def _decidable(enrolment: Enrolment, *, by: Person) -> None:
    require_signer(by, issuing.fresh(enrolment.achievement.organisation))
    if enrolment.person_id == by.pk:
        raise OwnWork


@transaction.atomic
def _decide(enrolment: Enrolment, decision: str, *, by: Person, reason: str, at: datetime) -> None:
    waiting = Enrolment.objects.waiting().filter(pk=enrolment.pk)
    if not Enrolment.objects.filter(pk__in=waiting.values("pk"), decision="").update(
        decision=decision, decided_at=at, decided_by=by, reason=reason
    ):
        raise NothingToDecide
    enrolment.refresh_from_db()
    verb = "earning approved" if decision == Enrolment.Decision.APPROVED else "earning declined"
    _note(enrolment, verb, by=by, at=at)


@transaction.atomic
def ask_again(enrolment: Enrolment, *, by: Person, at: datetime) -> Enrolment:
    """After a "not yet": somebody should look once more."""
    current = _own(enrolment, by)
    if current.decision != Enrolment.Decision.DECLINED:
        raise NothingToDecide
    current.decision, current.decided_at, current.decided_by = "", None, None
    current.save(update_fields=["decision", "decided_at", "decided_by"])
    _note(current, "earning asked again", by=by, at=at)
    return current


# Signals


def signal(
    organisation: Organisation,
    *,
    by: Person,
    version_id: str,
    name: str,
    email: str,
    key: str,
    at: datetime,
) -> Signal:
    """Another system says that somebody met a requirement. The same ``key`` again is the same message.

    ``AchievementVersion.DoesNotExist`` if the organisation has no such version. What is answered says nothing
    about the address: whether somebody has an account is not the caller's to learn (B144).
    """
    kept = _keep_signal(organisation, by=by, version_id=version_id, name=name, email=email, key=key, at=at)
    person = person_with_address(kept.email)
    if person is not None:
        reconsider(person, at=at)
    return kept


@transaction.atomic
def _keep_signal(
    organisation: Organisation,
    *,
    by: Person,
    version_id: str,
    name: str,
    email: str,
    key: str,
    at: datetime,
) -> Signal:
    require(by, SIGNERS, organisation)
    if organisation.closed_at is not None:
        raise OrganisationClosed
    version = AchievementVersion.objects.select_related("achievement").get(
        achievement__organisation=organisation, public_id=version_id
    )
    achievement = version.achievement
    if achievement.archived_at is not None:
        raise Archived
    if not Requirement.objects.filter(plan__version__achievement=achievement, signal=name).exclude(signal=""):
        raise InvalidField("signal", _("No requirement of this achievement waits for such a signal."))
    try:
        email = clean_address(email)
    except ValidationError as error:
        raise InvalidField("email", error.messages[0]) from error
    if not 1 <= len(key) <= 100 or not key.isprintable():
        raise InvalidField("key", _("A request key has 1 to 100 characters."))
    kept, new = Signal.objects.get_or_create(
        achievement=achievement, key=key, defaults={"name": name, "email": email, "at": at}
    )
    if (kept.name, kept.email) != (name, email):
        raise issuing.RequestKeyReused
    if new:
        journal.record(
            verb="requirement signalled",
            by=by,
            organisation_id=organisation.public_id,
            object=achievement,
            details={"signal": name},
            at=at,
        )
    return kept


# Asking


def may_do_course(person: Person, course: Course) -> bool:
    return _asked_of(person, course=course)


def may_do_assessment(person: Person, assessment: Assessment) -> bool:
    return _asked_of(person, assessment=assessment)


def promised_version(person: Person, assessment: Assessment) -> AssessmentVersion | None:
    """By whose rules this person takes it: those of the oldest promise that still waits for a result."""
    asking = Requirement.objects.filter(
        plan__version__enrolments__person=person,
        plan__version__enrolments__left_at=None,
        assessment=assessment,
        assessment_version__isnull=False,
    ).select_related("assessment_version__assessment")
    promises = [each.assessment_version for each in asking.order_by("plan__version__published_at", "pk")]
    unmet = (each for each in promises if assessments.passed(person, assessment, promised=each) is None)
    return next(unmet, promises[0] if promises else None)


def may_do_project(person: Person, project: Project) -> bool:
    return _asked_of(person, project=project)


def _asked_of(person: Person, **what: Any) -> bool:
    """Whether something this person has started, and not stopped, asks for it."""
    return Requirement.objects.filter(
        plan__version__enrolments__person=person, plan__version__enrolments__left_at=None, **what
    ).exists()


def export_data(person: Person) -> dict[str, Any]:
    """What ``earning`` knows about a person."""
    addresses = verified_addresses(person)
    return {
        "enrolments": [
            {
                "achievement": each.version.name,
                "organisation": each.achievement.organisation.name,
                "name": each.name,
                "started_at": each.started_at.isoformat(),
                "left_at": each.left_at.isoformat() if each.left_at else None,
                "met_at": each.met_at.isoformat() if each.met_at else None,
                "decision": each.decision,
                "reason": each.reason,
            }
            for each in Enrolment.objects.visible_to(person)
            .select_related("version", "achievement__organisation")
            .order_by("started_at")
        ],
        "units_done": [
            {"course": each.unit.course.name, "unit": each.unit.name, "at": each.at.isoformat()}
            for each in UnitDone.objects.filter(person=person).select_related("unit__course").order_by("at")
        ],
        "attended": [
            {"meeting": each.meeting.name, "at": each.at.isoformat()}
            for each in Attended.objects.filter(person=person).select_related("meeting").order_by("at")
        ],
        "signals": [
            {"signal": each.name, "email": each.email, "at": each.at.isoformat()}
            for each in Signal.objects.filter(email__in=addresses).order_by("at")
        ],
        "places": [
            {"email": each.email, "taken_at": each.taken_at.isoformat() if each.taken_at else None}
            for each in Place.objects.filter(email__in=addresses).order_by("pk")
        ],
    }


def _note(enrolment: Enrolment, verb: str, *, by: Person | None, at: datetime, **details: str) -> None:
    journal.record(
        verb=verb,
        by=by,
        organisation_id=enrolment.achievement.organisation.public_id,
        object=enrolment,
        details=details,
        at=at,
    )
