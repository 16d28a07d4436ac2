# SPDX-License-Identifier: Apache-2.0
"""What learners and markers do: begin, answer, hand in, mark; and what others may learn of it.

Everything is decided here and nothing in a browser: which questions, how much time, what is right. Whether a
person may take an assessment at all (because an achievement that they work on asks for it) is known further
up, and asked by the pages before they come here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cairn_server.accounts.models import Person
from cairn_server.accounts.services import verified_addresses
from cairn_server.assessments import questions
from cairn_server.assessments.authoring import ends_at
from cairn_server.assessments.models import (
    GRACE,
    Answer,
    Arrangement,
    Assessment,
    AssessmentVersion,
    Attempt,
    QuestionVersion,
)
from cairn_server.errors import NotAllowed, NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations import roles
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from cairn_server.assessments.questions import Shown
    from cairn_server.organisations.models import Organisation

Feedback = AssessmentVersion.Feedback
# Who sees what is right: authors, and auditors, who read everything.
SEE_ANSWERS = (Role.OWNER, Role.ISSUER, Role.AUDITOR)
MARKERS = (Role.OWNER, Role.ISSUER, Role.REVIEWER)
MAX_REMARK = 1_000


class SeesAnswers(NotAllowed):
    def __init__(self) -> None:
        super().__init__(
            "sees-answers",
            _("You can read the answers of this organisation, so you cannot take this yourself."),
        )


class CannotBegin(Refusal):
    """Not now, and perhaps never: ``when`` says from when on."""

    def __init__(self, code: str, message: str, when: datetime | None = None) -> None:
        super().__init__(code, message)
        self.when = when


class TimeOver(Refusal):
    def __init__(self) -> None:
        super().__init__("time-over", _("The time for this attempt is over. What was saved before counts."))


class HandedIn(Refusal):
    def __init__(self) -> None:
        super().__init__("handed-in", _("This attempt is handed in and cannot be changed."))


class BadAnswer(Refusal):
    """An answer that cannot be kept as it is; ``position`` says which."""

    status = 422

    def __init__(self, position: int, message: str) -> None:
        super().__init__("bad-answer", message)
        self.position = position


class BadMark(Refusal):
    """A mark that cannot stand; ``field`` says where the message belongs."""

    status = 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__("bad-mark", message)
        self.field = field


# Beginning


@dataclass(frozen=True, slots=True)
class Standing:
    """How one person stands with one assessment."""

    # The one that a next attempt is of.
    version: AssessmentVersion | None
    attempts: tuple[Attempt, ...]
    has_passed: bool
    open: Attempt | None
    # None: as many as one likes.
    left: int | None
    extra_time: int
    # From when on a next attempt may begin, if not now.
    wait_until: datetime | None

    @property
    def waits_for_marks(self) -> bool:
        return any(attempt.state == Attempt.State.WAITING for attempt in self.attempts)


def standing(
    person: Person, assessment: Assessment, *, promised: AssessmentVersion | None = None, at: datetime
) -> Standing:
    """By the rules of ``promised``, or by those of today where nothing was promised."""
    version = _keeping(promised) if promised else assessment.published
    attempts = tuple(Attempt.objects.of(person).filter(assessment=assessment).select_related("version"))
    has_passed = any(each.reaches(promised.pass_mark) if promised else each.passed for each in attempts)
    arrangement = _arrangement(person, assessment)
    extra_time = arrangement.extra_time if arrangement else 0
    if version is None:
        return Standing(None, attempts, has_passed, None, 0, extra_time, None)
    most = version.most_attempts
    left = None if most is None else most + (arrangement.extra_attempts if arrangement else 0) - len(attempts)
    running = next((each for each in attempts if each.takes_answers(at)), None)
    ended = max((each.handed_in_at for each in attempts if each.handed_in_at), default=None)
    opens = ended + timedelta(hours=version.wait_hours) if ended and version.wait_hours else None
    return Standing(
        version=version,
        attempts=attempts,
        has_passed=has_passed,
        open=running,
        left=None if left is None else max(0, left),
        extra_time=extra_time,
        wait_until=opens if opens is not None and opens > at else None,
    )


def _keeping(promised: AssessmentVersion) -> AssessmentVersion:
    """The newest version that keeps this promise: questions that were mended reach everybody, and other rules
    only those who start under them."""
    published = promised.assessment.versions.filter(state=AssessmentVersion.State.PUBLISHED)
    return next((each for each in published.order_by("-number") if each.rules == promised.rules), promised)


def _arrangement(person: Person, assessment: Assessment) -> Arrangement | None:
    """By an address that the person has proved to read, or by the account that it once was found for."""
    mine = Q(person=person) | Q(person=None, email__in=verified_addresses(person))
    return Arrangement.objects.filter(mine, assessment=assessment).order_by("-extra_time").first()


def begin(
    assessment: Assessment, *, by: Person, promised: AssessmentVersion | None = None, at: datetime
) -> Attempt:
    """A new attempt, with its questions drawn; or the one that is open. It is judged by the version that it
    is begun with, whatever is published later."""
    close_overdue(at=at, assessment=assessment, person=by)
    with transaction.atomic():
        # Two windows that begin at once wait for each other here; the second gets the attempt of the first.
        Person.objects.select_for_update().get(pk=by.pk)
        assessment = Assessment.objects.select_related("organisation").get(pk=assessment.pk)
        if roles.allows(roles.roles_of(by, assessment.organisation), SEE_ANSWERS):
            raise SeesAnswers
        found = standing(by, assessment, promised=promised, at=at)
        if found.open is not None:
            return found.open
        _require_open(assessment, found)
        assert found.version is not None
        attempt = _drawn(found, assessment, by=by, at=at)
        journal.record(
            verb="attempt begun",
            by=by,
            organisation_id=assessment.organisation.public_id,
            object=attempt,
            details={"assessment": assessment.public_id, "version": found.version.number},
            at=at,
        )
        return attempt


def _require_open(assessment: Assessment, found: Standing) -> None:
    if found.version is None or assessment.archived_at or assessment.organisation.closed_at:
        raise CannotBegin("assessment-closed", _("This assessment cannot be taken just now."))
    if found.has_passed:
        raise CannotBegin(
            "already-passed", _("You have passed this assessment. There is nothing more to do.")
        )
    if found.waits_for_marks:
        raise CannotBegin("waits-for-marks", _("Your last attempt is still being marked."))
    if found.left == 0:
        raise CannotBegin("no-attempt-left", _("You have used all your attempts."))
    if found.wait_until is not None:
        raise CannotBegin(
            "too-early",
            _("Your next attempt can begin on %(day)s UTC.") % {"day": f"{found.wait_until:%Y-%m-%d, %H:%M}"},
            found.wait_until,
        )


def _drawn(found: Standing, assessment: Assessment, *, by: Person, at: datetime) -> Attempt:
    version, seed = found.version, secrets.token_hex(16)
    assert version is not None
    Arrangement.objects.filter(assessment=assessment, person=None, email__in=verified_addresses(by)).update(
        person=by
    )
    asked = draw(version, seed)
    attempt = Attempt.objects.create(
        assessment=assessment,
        version=version,
        person=by,
        number=max((each.number for each in found.attempts), default=0) + 1,
        seed=seed,
        started_at=at,
        ends_at=ends_at(version, begun=at, extra_time=found.extra_time),
        possible=sum(each.points for each in asked),
    )
    Answer.objects.bulk_create(
        Answer(attempt=attempt, position=position, question=each)
        for position, each in enumerate(asked, start=1)
    )
    return attempt


def draw(version: AssessmentVersion, seed: str) -> list[QuestionVersion]:
    """The questions that this seed asks: the same for ever, since pool and order never change."""
    pools: dict[int, list[QuestionVersion]] = {}
    for entry in version.pool.select_related("question").order_by("draw", "pk"):
        pools.setdefault(entry.draw, []).append(entry.question)
    asked: list[QuestionVersion] = []
    for number, wanted in enumerate(version.draws):
        mixed = questions.in_order(pools[number], seed=seed, key=f"draw {number}")[: wanted["count"]]
        asked += mixed if version.shuffles else sorted(mixed, key=lambda each: pools[number].index(each))
    return questions.in_order(asked, seed=seed, key="questions") if version.shuffles else asked


# Answering


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody entered for one question: places of options as they were shown, or a text."""

    places: tuple[int, ...] = ()
    text: str = ""


def sheet(attempt: Attempt) -> list[Shown]:
    """The questions of an attempt as they may be shown while it is open, and afterwards."""
    rows = attempt.answers.select_related("question")
    return [questions.shown(each, attempt.seed, shuffles=attempt.version.shuffles) for each in rows]


@transaction.atomic
def save_answers(attempt: Attempt, *, by: Person, given: Mapping[int, Given], at: datetime) -> None:
    """Keep what is entered so far, of the questions that are named; the others stay as they are.

    No journal entry: this is called with every tick, and what counts is what is handed in.
    """
    attempt = _locked(attempt, by)
    if attempt.state != Attempt.State.OPEN:
        raise HandedIn
    if not attempt.takes_answers(at):
        raise TimeOver
    _write(attempt, given, at=at)


def _write(attempt: Attempt, given: Mapping[int, Given], *, at: datetime) -> None:
    rows = list(attempt.answers.filter(position__in=list(given)).select_related("question"))
    if len(rows) != len(given):
        raise NotVisible
    for row in rows:
        answer = given[row.position]
        if len(answer.text) > questions.MAX_ANSWER:
            raise BadAnswer(
                row.position, _("Write %(most)s characters at most.") % {"most": questions.MAX_ANSWER}
            )
        if has_hidden_characters(answer.text.replace("\n", "").replace("\t", "").replace("\r", "")):
            raise BadAnswer(row.position, _("Texts cannot contain control characters or invisible ones."))
        order = questions.order_of(row, attempt.seed, shuffles=attempt.version.shuffles)
        if any(not 0 <= place < len(order) for place in answer.places) or (
            row.question.kind == questions.Kind.SINGLE and len(answer.places) > 1
        ):
            raise BadAnswer(row.position, _("Choose among the answers that are there."))
        row.chosen = sorted({order[place] for place in answer.places}) or None
        row.text = answer.text if not order else ""
        row.saved_at = at if row.chosen or row.text.strip() else None
    Answer.objects.bulk_update(rows, ["chosen", "text", "saved_at"])


def _locked(attempt: Attempt, by: Person) -> Attempt:
    if attempt.person_id != by.pk:
        raise NotVisible
    return (
        Attempt.objects.select_for_update(of=("self",))
        .select_related("version", "assessment__organisation")
        .get(pk=attempt.pk)
    )


# Handing in


@transaction.atomic
def hand_in(attempt: Attempt, *, by: Person, at: datetime) -> Attempt:
    """The end of an attempt, marked at once but for what a person has to look at. A second time is the same
    as once."""
    attempt = _locked(attempt, by)
    if attempt.state != Attempt.State.OPEN:
        return attempt
    return _close(attempt, by=by, at=at)


def _close(attempt: Attempt, *, by: Person | None, at: datetime) -> Attempt:
    rows = list(attempt.answers.select_related("question"))
    for row in rows:
        row.points = questions.marked(row.question, row.chosen, row.text)
    Answer.objects.bulk_update(rows, ["points"])
    attempt.ran_out = attempt.ends_at is not None and at > attempt.ends_at + GRACE
    attempt.handed_in_at = min(at, attempt.ends_at) if attempt.ends_at else at
    attempt.state = Attempt.State.WAITING
    if all(row.points is not None for row in rows):
        _conclude(attempt, at=at)
    attempt.save()
    journal.record(
        verb="attempt handed in",
        by=by,
        organisation_id=attempt.assessment.organisation.public_id,
        object=attempt,
        details={"state": str(attempt.state)},
        at=at,
    )
    return attempt


def _conclude(attempt: Attempt, *, at: datetime) -> None:
    attempt.points = attempt.answers.aggregate(total=Sum("points"))["total"] or 0
    attempt.state, attempt.marked_at = Attempt.State.DONE, at
    attempt.passed = attempt.reaches(attempt.version.pass_mark)


def close_overdue(
    *, at: datetime, assessment: Assessment | None = None, person: Person | None = None
) -> list[Person]:
    """Hand in what ran out of time, for whoever closed the window; whose attempts were, so that what follows
    from it can be done."""
    late = Attempt.objects.filter(state=Attempt.State.OPEN, ends_at__lt=at - GRACE)
    if assessment is not None:
        late = late.filter(assessment=assessment)
    if person is not None:
        late = late.filter(person=person)
    closed = []
    for pk in list(late.values_list("pk", flat=True)[:500]):
        with transaction.atomic():
            attempt = (
                Attempt.objects.select_for_update(of=("self",))
                .select_related("version", "assessment__organisation", "person")
                .get(pk=pk)
            )
            # In the meantime its owner may have handed it in, or somebody has given them more time.
            if attempt.state == Attempt.State.OPEN and not attempt.takes_answers(at):
                _close(attempt, by=None, at=at)
                closed.append(attempt.person)
    return closed


# Marking by hand


def to_mark(person: Person, organisation: Organisation) -> QuerySet[Answer]:
    """The answers of one organisation that wait for a person, but for this person's own."""
    return (
        Answer.objects.filter(
            points=None,
            attempt__state=Attempt.State.WAITING,
            attempt__assessment__organisation=organisation,
        )
        .exclude(attempt__person=person)
        .select_related("question", "attempt__version")
        .order_by("attempt__handed_in_at", "attempt_id", "position")
    )


@transaction.atomic
def mark(answer: Answer, *, by: Person, points: int, remark: str, at: datetime) -> Attempt:
    """Give points to a text. The last one of an attempt settles its result."""
    organisation = answer.attempt.assessment.organisation
    roles.require(by, MARKERS, organisation)
    attempt = (
        Attempt.objects.select_for_update(of=("self",))
        .select_related("version", "assessment__organisation")
        .get(pk=answer.attempt_id)
    )
    answer = attempt.answers.select_related("question").get(pk=answer.pk)
    if attempt.person_id == by.pk:
        raise NotVisible
    if attempt.state != Attempt.State.WAITING or answer.points is not None:
        raise BadMark("points", _("Somebody has marked this answer already."))
    if not isinstance(points, int) or not 0 <= points <= answer.question.points:
        raise BadMark("points", _("Give 0 to %(most)s points.") % {"most": answer.question.points})
    remark = remark.replace("\r\n", "\n").strip()
    if len(remark) > MAX_REMARK or has_hidden_characters(remark.replace("\n", "")):
        raise BadMark(
            "remark", _("Write up to %(most)s characters, without invisible ones.") % {"most": MAX_REMARK}
        )
    answer.points, answer.marked_by, answer.remark = points, by, remark
    answer.save(update_fields=["points", "marked_by", "remark"])
    if not attempt.answers.filter(points=None).exists():
        _conclude(attempt, at=at)
        attempt.save()
    journal.record(
        verb="answer marked",
        by=by,
        organisation_id=organisation.public_id,
        object=attempt,
        details={"position": answer.position, "points": points, "state": str(attempt.state)},
        at=at,
    )
    return attempt


# What the learner sees afterwards


@dataclass(frozen=True, slots=True)
class Told:
    """One question afterwards; what the author does not want shown is None."""

    shown: Shown
    points: int | None
    remark: str
    # Of a choice: the places that are right, in the order in which they were shown; otherwise words.
    right_places: frozenset[int] | None
    right_words: tuple[str, ...] | None
    explanation: str

    @property
    def is_right(self) -> bool:
        return self.points == self.shown.points


def told(attempt: Attempt, *, by: Person, at: datetime) -> list[Told]:
    """The questions of one's own attempt, with as much as its version lets people see. Of one that is open:
    nothing, so that no page can show it by mistake."""
    if attempt.person_id != by.pk:
        raise NotVisible
    if attempt.state != Attempt.State.DONE or attempt.version.feedback == Feedback.RESULT:
        return []
    shows_answers = attempt.version.feedback == Feedback.ANSWERS or (
        attempt.version.feedback == Feedback.ANSWERS_LAST and _is_over(by, attempt, at=at)
    )
    return [
        _told(row, attempt, shows_answers=shows_answers)
        for row in attempt.answers.select_related("question").order_by("position")
    ]


def _is_over(person: Person, attempt: Attempt, *, at: datetime) -> bool:
    """By its own rules: a later one with fewer attempts would give the answers to whoever has some left."""
    found = standing(person, attempt.assessment, promised=attempt.version, at=at)
    return found.open is None and (found.has_passed or found.left == 0)


def _told(row: Answer, attempt: Attempt, *, shows_answers: bool) -> Told:
    shuffles, question = attempt.version.shuffles, row.question
    places: frozenset[int] | None = None
    words: tuple[str, ...] | None = None
    if shows_answers and question.options:
        order = questions.order_of(row, attempt.seed, shuffles=shuffles)
        places = frozenset(place for place, index in enumerate(order) if question.options[index]["right"])
    elif shows_answers:
        words = _right_words(question)
    return Told(
        shown=questions.shown(row, attempt.seed, shuffles=shuffles),
        points=row.points,
        remark=row.remark,
        right_places=places,
        right_words=words,
        explanation=question.explanation if shows_answers else "",
    )


def _right_words(question: QuestionVersion) -> tuple[str, ...]:
    if question.kind != questions.Kind.NUMBER:
        return tuple(question.accepted)
    return (f"{question.value} ± {question.tolerance}" if question.tolerance != "0" else question.value,)


# What others may ask


@dataclass(frozen=True, slots=True)
class Passed:
    """When, and the value of an Open Badges ``Result``: the per cent reached."""

    at: datetime
    value: str


def passed(
    person: Person, assessment: Assessment, *, promised: AssessmentVersion | None = None
) -> Passed | None:
    """The best attempt that passed: that reached the mark which was promised, or else its own version's."""
    attempts = Attempt.objects.of(person).filter(assessment=assessment, state=Attempt.State.DONE)
    found = [each for each in attempts if (each.reaches(promised.pass_mark) if promised else each.passed)]
    if not found:
        return None
    best = max(found, key=lambda each: (each.percent, -each.number))
    assert best.marked_at is not None
    return Passed(best.marked_at, str(best.percent))


def is_open(assessment: Assessment) -> bool:
    """Whether a promise can be made with it: it is published, and not archived."""
    return assessment.archived_at is None and assessment.published is not None


def result_description(assessment: Assessment) -> dict[str, str]:
    """The words of an Open Badges ``ResultDescription``: what a result of it can be."""
    version = assessment.published
    return {
        "name": assessment.name,
        "result_type": "Percent",
        "value_min": "0",
        "value_max": "100",
        "required_value": str(version.pass_mark if version else 100),
    }


def promise(assessment: Assessment) -> str:
    """What it takes, in one sentence."""
    version = assessment.published
    if version is None:
        return ""
    parts = [
        ngettext("%(count)s question", "%(count)s questions", version.size) % {"count": version.size},
        _("pass mark %(mark)s %%") % {"mark": version.pass_mark},
    ]
    if version.minutes:
        parts.append(
            ngettext("%(count)s minute", "%(count)s minutes", version.minutes) % {"count": version.minutes}
        )
    if version.most_attempts:
        parts.append(
            ngettext("%(count)s attempt", "%(count)s attempts", version.most_attempts)
            % {"count": version.most_attempts}
        )
    return ", ".join(parts)


def export_data(person: Person) -> dict[str, Any]:
    """One's own attempts: what was asked and answered, and as much of the marks as one may see. Never what
    would have been right."""
    attempts = (
        Attempt.objects.of(person)
        .select_related("assessment__organisation", "version")
        .prefetch_related("answers__question")
        .order_by("started_at")
    )
    return {"attempts": [_exported(attempt) for attempt in attempts]}


def _exported(attempt: Attempt) -> dict[str, Any]:
    is_done = attempt.state == Attempt.State.DONE
    sees_marks = is_done and attempt.version.feedback != Feedback.RESULT
    return {
        "assessment": attempt.version.name,
        "organisation": attempt.assessment.organisation.name,
        "number": attempt.number,
        "state": attempt.state,
        "started_at": attempt.started_at.isoformat(),
        "handed_in_at": attempt.handed_in_at.isoformat() if attempt.handed_in_at else None,
        "percent": attempt.percent if is_done else None,
        "passed": attempt.passed,
        "answers": [
            {
                "question": each.question.text,
                "answer": [each.question.options[index]["text"] for index in each.chosen or ()] or each.text,
                **({"points": each.points, "remark": each.remark} if sees_marks else {}),
            }
            for each in attempt.answers.all()
        ],
    }
