# SPDX-License-Identifier: Apache-2.0
"""From the journal to the learners' letters: each decision is told once, and holds up nobody.

``follow`` reads the journal of every organisation by a cursor of its own and writes the notices in the
transaction that moves it, so a crash forgets none and repeats none. Who decides waits for nothing of this.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from cairn_server.accounts.services import person_with_address
from cairn_server.assessments.models import Attempt
from cairn_server.earning.models import Enrolment
from cairn_server.earning.notices import Follower, Notice
from cairn_server.earning.seats import Grant
from cairn_server.journal.models import Entry, Head
from cairn_server.organisations.models import Organisation
from cairn_server.projects.models import Review, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

ENTRIES_AT_ONCE = 1_000
AWARDED_WITHIN = timedelta(minutes=2)

Kind = Notice.Kind


def follow(*, at: datetime) -> int:
    """Write the notices for what was decided; how many there are."""
    ends = dict(Head.objects.exclude(organisation_id="").values_list("organisation_id", "number"))
    read = dict(Follower.objects.values_list("organisation__public_id", "cursor"))
    behind = [public_id for public_id, number in ends.items() if read.get(public_id, 0) < number]
    return sum(_follow(each, at=at) for each in Organisation.objects.filter(public_id__in=behind))


@transaction.atomic
def _follow(organisation: Organisation, *, at: datetime) -> int:
    Follower.objects.get_or_create(organisation=organisation)
    # Two processes that follow at once read one after the other, and the second finds nothing left.
    current = Follower.objects.select_for_update().get(organisation=organisation)
    entries = Entry.objects.of(organisation.public_id).filter(number__gt=current.cursor)[:ENTRIES_AT_ONCE]
    made = []
    for entry in entries:
        current.cursor = entry.number
        if entry.verb in _TELLING:
            made += list(_TELLING[entry.verb](entry, at))
    for notice in made:
        notice.organisation = organisation
    current.save(update_fields=["cursor"])
    return len(Notice.objects.bulk_create(made, batch_size=200))


def _about_work(entry: Entry, at: datetime) -> Iterator[Notice]:
    """A review that was the last one of its round, or decided an appeal. Of the others nothing is told."""
    review = Review.objects.filter(public_id=entry.details["review"]).first()
    work = (
        Work.objects.select_related("version", "person", "project").filter(public_id=entry.object_id).first()
    )
    if work is None:
        return  # its owner has deleted the account in the meantime
    state = entry.details["state"]
    if review is not None and review.kind == Review.Kind.APPEAL:
        kind = Kind.APPEAL_WON if entry.details["enough"] else Kind.APPEAL_LOST
    elif state in _OF_STATE:
        kind = _OF_STATE[state]
    else:
        return
    yield Notice(
        kind=kind,
        number=entry.number,
        person=work.person,
        to=work.person.email,
        words={"thing": work.version.name},
        path=reverse("project-work", args=[work.project.public_id]),
        created_at=at,
        due_at=at,
    )


_OF_STATE = {
    "accepted": Kind.ACCEPTED,
    "changes": Kind.CHANGES,
    "refused": Kind.REFUSED,
}


def _about_attempt(entry: Entry, at: datetime) -> Iterator[Notice]:
    """The last answer that a person had to mark settles the result."""
    if entry.details.get("state") != Attempt.State.DONE:
        return
    attempt = Attempt.objects.select_related("version", "person").filter(public_id=entry.object_id).first()
    if attempt is None:
        return
    yield Notice(
        kind=Kind.RESULT,
        number=entry.number,
        person=attempt.person,
        to=attempt.person.email,
        words={"thing": attempt.version.name},
        path=reverse("attempt-result", args=[attempt.public_id]),
        created_at=at,
        due_at=at,
    )


def _about_approval(entry: Entry, at: datetime) -> Iterator[Notice]:
    """A "not yet"; and a "yes" whose award is not signed yet. The award itself has a letter of its own."""
    enrolment = (
        Enrolment.objects.select_related("version", "person").filter(public_id=entry.object_id).first()
    )
    agreed = entry.verb == "earning approved"
    if enrolment is None or (agreed and enrolment.credential_id is not None):
        return
    yield Notice(
        kind=Kind.AGREED if agreed else Kind.DECLINED,
        number=entry.number,
        person=enrolment.person,
        to=enrolment.person.email,
        language=enrolment.version.language,
        words={"thing": enrolment.version.name, "enrolment": enrolment.public_id},
        path=reverse("earning", args=[enrolment.public_id]),
        created_at=at,
        # The award follows within the second, as a rule, and then its own letter is enough.
        due_at=at + AWARDED_WITHIN if agreed else at,
    )


def _about_places(entry: Entry, at: datetime) -> Iterator[Notice]:
    """Each address of a list that has not begun yet. Codes are handed out by people."""
    grant = Grant.objects.select_related("achievement").filter(public_id=entry.object_id).first()
    if grant is None or not grant.is_open(at):
        return
    version = grant.achievement.published
    if version is None:
        return
    path = reverse("achievement", args=[version.public_id])
    for place in grant.places.filter(taken_at=None).exclude(email=""):
        yield Notice(
            kind=Kind.PLACE,
            number=entry.number,
            person=person_with_address(place.email),
            to=place.email,
            language=version.language,
            words={"thing": version.name, "until": grant.expires_at.isoformat()},
            path=path,
            created_at=at,
            due_at=at,
        )


_TELLING: dict[str, Callable[[Entry, datetime], Iterator[Notice]]] = {
    "review decided": _about_work,
    "answer marked": _about_attempt,
    "earning approved": _about_approval,
    "earning declined": _about_approval,
    "places granted": _about_places,
}
