# SPDX-License-Identifier: Apache-2.0
"""What learners do with a project: begin, show evidence, hand in, come back with changes, appeal.

Reviewers have ``reviewing``. Whether a person may begin a project at all (because an achievement that they
work on asks for it) is known further up, and asked by the pages before they come here.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cairn_server.accounts.models import Person
from cairn_server.accounts.services import verified_addresses
from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.roles import allows, roles_of
from cairn_server.projects import rubric
from cairn_server.projects.authoring import clean_prose
from cairn_server.projects.models import (
    PIECE,
    REVIEWERS,
    Appeal,
    Evidence,
    Extension,
    FilePiece,
    HandIn,
    Project,
    Review,
    StoredFile,
    Work,
)
from cairn_server.projects.rubric import BadProject

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from cairn_server.attachments import Attachment

MAX_STATEMENT = 10_000
MAX_REASON = 5_000
MAX_NAME = 120
MAX_URL = 2_000
MOST_EVIDENCE = 10
# Of one person for one project, over all rounds.
MOST_BYTES = 100_000_000


class WorkClosed(Refusal):
    """It cannot be changed now: it is with the reviewers, or the last word is said."""

    def __init__(self) -> None:
        super().__init__("work-closed", _("What is handed in cannot be changed. Wait for the reviewers."))


class CannotBegin(Refusal):
    def __init__(self) -> None:
        super().__init__("project-closed", _("This project cannot be begun just now."))


class DeadlinePassed(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "deadline-passed", _("The deadline has passed. Ask whoever runs this for more time.")
        )


class NothingToReview(Refusal):
    status = 422

    def __init__(self) -> None:
        super().__init__(
            "nothing-to-review", _("Add a file or a link, or write something, before you hand in.")
        )


class CannotAppeal(Refusal):
    def __init__(self) -> None:
        super().__init__("cannot-appeal", _("There is no decision that you could appeal now."))


# One's own work


def work_of(person: Person, project: Project) -> Work | None:
    return Work.objects.filter(person=person, project=project).select_related("version", "project").first()


@transaction.atomic
def begin(project: Project, *, by: Person, at: datetime) -> Work:
    """A draft by the newest version; or the work that is there already."""
    # Two windows that begin at once wait for each other here; the second gets the work of the first.
    Person.objects.select_for_update().get(pk=by.pk)
    there = work_of(by, project)
    if there is not None:
        return there
    version = project.published
    if version is None or project.archived_at is not None or project.organisation.closed_at is not None:
        raise CannotBegin
    work = Work.objects.create(project=project, version=version, person=by, created_at=at)
    HandIn.objects.create(work=work, number=1, created_at=at, seats=version.reviewers)
    Extension.objects.filter(project=project, person=None, email__in=verified_addresses(by)).update(person=by)
    _record("work begun", by, work, at, {"project": project.public_id, "version": version.number})
    return work


@transaction.atomic
def write_statement(work: Work, *, by: Person, statement: str, at: datetime) -> None:
    """Keep the text as it is now. No journal entry: what counts is what is handed in."""
    draft = _draft(work, by)
    draft.statement = clean_prose("statement", statement, MAX_STATEMENT)
    draft.save(update_fields=["statement"])


@transaction.atomic
def add_file(work: Work, *, by: Person, attachment: Attachment, at: datetime) -> Evidence:
    """A file that ``attachments.accept`` let in. The same bytes twice are one row."""
    draft = _draft(work, by)
    _require_room(draft)
    held = StoredFile.objects.filter(work=work)
    digest, size = sha256(attachment.data).hexdigest(), len(attachment.data)
    file = held.filter(sha256=digest).first()
    if file is None:
        if (held.aggregate(total=Sum("size"))["total"] or 0) + size > MOST_BYTES:
            raise BadProject(
                "file",
                _("All your files together may have %(most)s MB. Remove one, or bring a link.")
                % {"most": MOST_BYTES // 1_000_000},
            )
        file = StoredFile.objects.create(work=work, sha256=digest, size=size, created_at=at)
        FilePiece.objects.bulk_create(
            (
                FilePiece(file=file, number=number, data=attachment.data[start : start + PIECE])
                for number, start in enumerate(range(0, size, PIECE))
            ),
            batch_size=8,
        )
    made = Evidence.objects.create(
        hand_in=draft, name=attachment.name, file=file, media_type=attachment.media_type
    )
    _record("evidence added", by, work, at, {"evidence": made.public_id})
    return made


@transaction.atomic
def add_link(work: Work, *, by: Person, url: str, name: str, is_public: bool, at: datetime) -> Evidence:
    """A link, which nobody here follows. A public one goes into the credential."""
    draft = _draft(work, by)
    _require_room(draft)
    url, name = url.strip(), " ".join(name.split())
    if not _is_web_address(url):
        raise BadProject("url", _("Write a whole address that begins with https://"))
    name = clean_prose("name", name, MAX_NAME) or (urlsplit(url).hostname or "")[:MAX_NAME]
    made = Evidence.objects.create(hand_in=draft, name=name, url=url, is_public=is_public)
    _record("evidence added", by, work, at, {"evidence": made.public_id})
    return made


def _is_web_address(url: str) -> bool:
    """http or https, with a host, and nothing in it that a reader would not see (B93 B128)."""
    if len(url) > MAX_URL or not url.isprintable() or any(each in url for each in '\\ "<>'):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


@transaction.atomic
def remove_evidence(evidence: Evidence, *, by: Person, at: datetime) -> None:
    """Take it out of the draft; its bytes go with the last round that had them."""
    work = evidence.hand_in.work
    draft = _draft(work, by)
    if evidence.hand_in_id != draft.pk:
        raise WorkClosed
    _record("evidence removed", by, work, at, {"evidence": evidence.public_id})
    file = evidence.file
    evidence.delete()
    if file is not None and not file.evidence.exists():
        file.delete()


def _require_room(draft: HandIn) -> None:
    if draft.evidence.count() >= MOST_EVIDENCE:
        raise BadProject(
            "file", _("You can show %(most)s things at most. Put files into a ZIP.") % {"most": MOST_EVIDENCE}
        )


def _locked(work: Work, by: Person) -> Work:
    if work.person_id != by.pk:
        raise NotVisible
    return (
        Work.objects.select_for_update(of=("self",))
        .select_related("version", "project__organisation")
        .get(pk=work.pk)
    )


def _draft(work: Work, by: Person) -> HandIn:
    work = _locked(work, by)
    if work.state != Work.State.DRAFT:
        raise WorkClosed
    return work.current


def due_at(person: Person, work: Work) -> datetime | None:
    """The deadline of the first round: the later of everybody's and one's own. Changes have none."""
    if work.version.due_at is None:
        return None
    mine = Q(person=person) | Q(person=None, email__in=verified_addresses(person))
    own = Extension.objects.filter(mine, project_id=work.project_id).values_list("due_at", flat=True)
    return max([work.version.due_at, *own])


@transaction.atomic
def hand_in(work: Work, *, by: Person, at: datetime) -> HandIn:
    """The draft goes to the reviewers, and stays as it is from now on. A second time is the same as once."""
    locked = _locked(work, by)
    current = locked.current
    if locked.state == Work.State.HANDED_IN:
        return current
    if locked.state != Work.State.DRAFT:
        raise WorkClosed
    end = due_at(by, locked)
    if current.number == 1 and end is not None and at > end:
        raise DeadlinePassed
    if not current.statement and not current.evidence.exists():
        raise NothingToReview
    current.handed_in_at = at
    current.save(update_fields=["handed_in_at"])
    locked.state = Work.State.HANDED_IN
    locked.save(update_fields=["state"])
    _seat_again(locked, current, at=at)
    _record("work handed in", by, locked, at, {"round": current.number})
    return current


def _seat_again(work: Work, current: HandIn, *, at: datetime) -> None:
    """Whoever asked for the changes looks at them, if they still review here."""
    before = Review.objects.filter(
        hand_in__work=work, hand_in__number=current.number - 1, kind=Review.Kind.REVIEW
    )
    for earlier in before.exclude(reviewer=None).select_related("reviewer").order_by("pk")[: current.seats]:
        assert earlier.reviewer is not None
        if allows(roles_of(earlier.reviewer, work.project.organisation), REVIEWERS):
            Review.objects.create(
                hand_in=current, learner=work.person, reviewer=earlier.reviewer, created_at=at
            )


@transaction.atomic
def begin_changes(work: Work, *, by: Person, at: datetime) -> HandIn:
    """The next round: a draft that begins as a copy of what was handed in."""
    locked = _locked(work, by)
    last = locked.current
    appeal = Appeal.objects.filter(hand_in=last, decided_at=None)
    if locked.state != Work.State.CHANGES or appeal.exists():
        raise WorkClosed
    made = HandIn.objects.create(
        work=locked,
        number=last.number + 1,
        statement=last.statement,
        created_at=at,
        seats=locked.version.reviewers,
    )
    Evidence.objects.bulk_create(
        Evidence(
            hand_in=made,
            name=each.name,
            url=each.url,
            file=each.file,
            media_type=each.media_type,
            is_public=each.is_public,
        )
        for each in last.evidence.all()
    )
    locked.state = Work.State.DRAFT
    locked.save(update_fields=["state"])
    _record("work changed", by, locked, at, {"round": made.number})
    return made


@transaction.atomic
def appeal(work: Work, *, by: Person, reason: str, at: datetime) -> Appeal:
    """Ask somebody who has not reviewed it to look again; once for each decision."""
    locked = _locked(work, by)
    current = locked.current
    refused = locked.state in (Work.State.CHANGES, Work.State.REFUSED)
    if not refused or Appeal.objects.filter(hand_in=current).exists():
        raise CannotAppeal
    reason = clean_prose("reason", reason, MAX_REASON)
    if not reason:
        raise BadProject("reason", _("Say what should be looked at again, and why."))
    made = Appeal.objects.create(hand_in=current, reason=reason, created_at=at)
    _record("appeal made", by, locked, at, {"round": current.number})
    return made


# What the learner sees of the reviews


@dataclass(frozen=True, slots=True)
class Said:
    """A decided review as its learner reads it: without a name."""

    kind: str
    levels: tuple[tuple[rubric.Criterion, rubric.Level, bool], ...]
    enough: bool
    feedback: str


def said_of(round_: HandIn, *, by: Person) -> list[Said]:
    """Nothing until all of them have decided: the first opinion is not the decision."""
    work = round_.work
    if work.person_id != by.pk:
        raise NotVisible
    if work.state == Work.State.HANDED_IN and round_ == work.current:
        return []
    criteria = rubric.read(work.version.rubric)
    return [
        Said(
            each.kind,
            tuple(
                (one, one.levels[place], place >= one.needed)
                for one in criteria
                if (place := one.place(each.levels[one.id])) is not None
            ),
            bool(each.enough),
            each.feedback,
        )
        for each in round_.reviews.exclude(decided_at=None)
    ]


def evidence_for(person: Person) -> QuerySet[Evidence]:
    """What a person may open: their own, and what they have a seat at. Anything else does not exist."""
    return Evidence.objects.filter(
        Q(hand_in__work__person=person) | Q(hand_in__in=HandIn.objects.seen_by(person))
    ).select_related("file")


# What others may ask


@dataclass(frozen=True, slots=True)
class Shown:
    """One piece of Open Badges evidence, which everybody may read."""

    url: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """``levels`` are the rubric's, one a criterion; ``narrative`` says the same in words (Markdown)."""

    at: datetime
    evidence: tuple[Shown, ...]
    narrative: str
    levels: tuple[tuple[rubric.Criterion, rubric.Level], ...]


def accepted(person: Person, project: Project) -> Accepted | None:
    work = work_of(person, project)
    if work is None or work.state != Work.State.ACCEPTED:
        return None
    assert work.decided_at is not None
    levels = tuple(levels_of(work))
    links = work.current.evidence.filter(is_public=True)
    return Accepted(
        at=work.decided_at,
        evidence=tuple(Shown(each.url, each.name, work.version.name) for each in links),
        narrative="\n\n".join(f"{criterion.name}: {level.name}" for criterion, level in levels),
        levels=levels,
    )


def levels_of(work: Work) -> list[tuple[rubric.Criterion, rubric.Level]]:
    """What an accepted work reached: by the appeal if that decided it, by its reviews otherwise."""
    decided = list(work.current.reviews.exclude(decided_at=None))
    on_appeal = [each for each in decided if each.kind == Review.Kind.APPEAL and each.enough]
    counted = on_appeal or [each for each in decided if each.kind == Review.Kind.REVIEW]
    return rubric.settled(rubric.read(work.version.rubric), [each.levels for each in counted])


def result_descriptions(project: Project) -> list[dict[str, Any]]:
    """The rubric as ``ResultDescription``s of Open Badges with their levels, in snake case.

    ``key`` is the criterion's name in the rubric, and the level's: addresses are made of them further up.
    """
    version = project.published
    return [
        {
            "key": each.id,
            "name": each.name,
            "result_type": "RubricCriterionLevel",
            "required_level": each.levels[each.needed].id,
            "rubric_criterion_levels": [
                {
                    "key": level.id,
                    "name": level.name,
                    "level": str(place),
                    "points": str(level.points),
                    "description": level.description,
                }
                for place, level in enumerate(each.levels, start=1)
            ],
        }
        for each in rubric.read(version.rubric if version else [])
    ]


def is_open(project: Project) -> bool:
    """Whether a promise can be made with it: it is published, and not archived."""
    return project.archived_at is None and project.published is not None


def promise(project: Project) -> str:
    """What it takes, in one sentence."""
    version = project.published
    if version is None:
        return ""
    looked_at = ", ".join(each.name for each in rubric.read(version.rubric))
    reviewers = ngettext("%(count)s person reviews it", "%(count)s people review it", version.reviewers) % {
        "count": version.reviewers
    }
    return f"{reviewers}: {looked_at}"


def export_data(person: Person) -> dict[str, Any]:
    """One's own work with every round, and what was said of it. The files are beside it: ``files_of``."""
    works = Work.objects.filter(person=person).select_related("version", "project__organisation")
    return {
        "projects": [
            {
                "project": work.version.name,
                "organisation": work.project.organisation.name,
                "state": work.state,
                "rounds": [
                    {
                        "number": each.number,
                        "statement": each.statement,
                        "handed_in_at": each.handed_in_at.isoformat() if each.handed_in_at else None,
                        "evidence": [
                            {"name": one.name, "url": one.url, "file": file_name(one) if one.file else None}
                            for one in each.evidence.select_related("file")
                        ],
                        "feedback": [one.feedback for one in said_of(each, by=person)],
                    }
                    for each in work.rounds.all()
                ],
            }
            for work in works.order_by("pk")
        ]
    }


def files_of(person: Person) -> list[Evidence]:
    """Every file that a person handed over, once each."""
    found: dict[int, Evidence] = {}
    for each in (
        Evidence.objects.filter(hand_in__work__person=person).exclude(file=None).select_related("file")
    ):
        assert each.file_id is not None
        found.setdefault(each.file_id, each)
    return list(found.values())


def file_name(evidence: Evidence) -> str:
    """A name of ours for the archive (B119); equal names stay apart."""
    return f"evidence/{evidence.file_id}-{evidence.name}"


def _record(verb: str, by: Person, work: Work, at: datetime, details: dict[str, Any]) -> None:
    journal.record(
        verb=verb,
        by=by,
        organisation_id=work.project.organisation.public_id,
        object=work,
        details=details,
        at=at,
    )
