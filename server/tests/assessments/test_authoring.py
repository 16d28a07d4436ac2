# SPDX-License-Identifier: Apache-2.0
"""The bank, assessments and their versions, arrangements and figures: who may write them, and what stays."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction
from server.tests.assessments.conftest import MULTIPLE, NUMBER, SHORT, SINGLE, rightly
from server.tests.conftest import MONDAY

from cairn_server.assessments import authoring, services
from cairn_server.assessments.authoring import AssessmentArchived, AssessmentFrozen, BadAssessment
from cairn_server.assessments.models import Arrangement, Assessment, AssessmentVersion, QuestionVersion
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.journal.models import Entry
from cairn_server.organisations.models import OrganisationClosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.assessments.models import QuestionGroup
    from cairn_server.organisations.models import Organisation


def every_verb(
    organisation: Organisation, group: QuestionGroup, assessment: Assessment, question: QuestionVersion
) -> dict[str, Callable[[Person], object]]:
    fields = {"name": "Clay", "draws": [{"group": group.public_id, "count": 1}]}
    return {
        "make_group": lambda by: authoring.make_group(
            by=by, organisation=organisation, name="Clay", at=MONDAY
        ),
        "rename_group": lambda by: authoring.rename_group(group, by=by, name="Clay", at=MONDAY),
        "write_question": lambda by: authoring.write_question(by=by, group=group, fields=SINGLE, at=MONDAY),
        "retire_question": lambda by: authoring.retire_question(
            question.question, by=by, retired=True, at=MONDAY
        ),
        "draft_assessment": lambda by: authoring.draft_assessment(
            by=by, organisation=organisation, fields=fields, at=MONDAY
        ),
        "edit_assessment": lambda by: authoring.edit_assessment(assessment, by=by, fields=fields, at=MONDAY),
        "publish_assessment": lambda by: authoring.publish_assessment(assessment, by=by, at=MONDAY),
        "archive_assessment": lambda by: authoring.archive_assessment(assessment, by=by, at=MONDAY),
        "arrange": lambda by: authoring.arrange(
            assessment, by=by, email="a@b.example", extra_time=25, extra_attempts=0, at=MONDAY
        ),
    }


def test_authors_are_owners_and_issuers(
    organisation: Organisation,
    group: QuestionGroup,
    publish: Callable[..., Assessment],
    learner: Person,
    outsider: Person,
    reviewer: Person,
    auditor: Person,
) -> None:
    """B135 B141: of each verb; and whoever is refused leaves no trace."""
    assessment = publish(SINGLE)
    verbs = every_verb(organisation, group, assessment, QuestionVersion.objects.get())
    before = Entry.objects.count()

    for name, verb in verbs.items():
        for stranger in (learner, outsider):
            with pytest.raises(NotVisible):
                verb(stranger)
        for member in (reviewer, auditor):
            with pytest.raises(NotAllowed) as refusal:
                verb(member)
            assert not isinstance(refusal.value, NotVisible), name
    assert before == Entry.objects.count()


def test_each_verb_leaves_one_entry(
    organisation: Organisation, group: QuestionGroup, publish: Callable[..., Assessment], issuer: Person
) -> None:
    verbs = every_verb(organisation, group, publish(SINGLE), QuestionVersion.objects.get())
    del verbs["rename_group"]  # "Clay" is taken by then; below
    # The one question is retired by then.
    order = [name for name in verbs if name != "retire_question"] + ["retire_question"]

    for name in [each for each in order if each != "archive_assessment"] + ["archive_assessment"]:
        before = Entry.objects.count()
        verbs[name](issuer)
        assert before + 1 == Entry.objects.count(), name
    authoring.rename_group(group, by=issuer, name="Ovens", at=MONDAY)
    assert Entry.objects.latest("pk").verb == "question group renamed"


def test_a_question_of_another_organisation_does_not_exist(
    ask: Callable[..., QuestionVersion], outsider: Person, elsewhere: Organisation
) -> None:
    """B135: with a group of one's own, and an identifier of ours."""
    theirs = authoring.make_group(by=outsider, organisation=elsewhere, name="Theirs", at=MONDAY)
    ours = ask(SINGLE)

    with pytest.raises(NotVisible):
        authoring.write_question(by=outsider, group=theirs, fields=SINGLE, question=ours.question, at=MONDAY)
    with pytest.raises(NotVisible):
        authoring.draft_assessment(
            by=outsider,
            organisation=elsewhere,
            fields={"name": "x", "draws": [{"group": ours.question.group.public_id, "count": 1}]},
            at=MONDAY,
        )
    assert ours.question.versions.count() == 1


def test_a_change_is_the_next_version_and_what_is_published_keeps_its_words(
    group: QuestionGroup, issuer: Person, learner: Person, publish: Callable[..., Assessment]
) -> None:
    assessment = publish(SINGLE)
    old = QuestionVersion.objects.get()

    new = authoring.write_question(
        by=issuer, group=group, fields=SINGLE | {"text": "Rewritten?"}, question=old.question, at=MONDAY
    )

    attempt = services.begin(assessment, by=learner, at=MONDAY)
    assert (2, new) == (new.number, old.question.current)
    assert [SINGLE["text"]] == [each.text for each in services.sheet(attempt)]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (QuestionVersion, {"options": []}),
        (QuestionVersion, {"points": 9}),
        (AssessmentVersion, {"pass_mark": 1}),
    ],
)
def test_the_database_changes_nothing_that_people_were_asked(
    publish: Callable[..., Assessment], table: Any, change: dict[str, Any]
) -> None:
    """B156: below every code path of ours. Also after a later migration, which would drop the trigger."""
    publish(SINGLE)

    with pytest.raises(IntegrityError), transaction.atomic():
        table.objects.update(**change)

    assert not table.objects.filter(**change).exists()


def test_a_draft_is_written_again_and_a_published_version_is_followed_by_the_next(
    organisation: Organisation, group: QuestionGroup, issuer: Person, ask: Callable[..., QuestionVersion]
) -> None:
    ask(SINGLE)
    fields = {"name": "First name", "draws": [{"group": group.public_id, "count": 1}]}
    draft = authoring.draft_assessment(by=issuer, organisation=organisation, fields=fields, at=MONDAY)
    assessment = draft.assessment

    authoring.edit_assessment(assessment, by=issuer, fields=fields | {"name": "Better"}, at=MONDAY)
    first = authoring.publish_assessment(assessment, by=issuer, at=MONDAY)
    second = authoring.edit_assessment(assessment, by=issuer, fields=fields | {"name": "Next"}, at=MONDAY)

    assert ((first.number, first.name), (second.number, second.name)) == ((1, "Better"), (2, "Next"))
    assert (first, second) == (assessment.published, assessment.draft)
    assert Assessment.objects.get().name == "Better"


def test_without_a_draft_there_is_nothing_to_publish(
    publish: Callable[..., Assessment], issuer: Person
) -> None:
    with pytest.raises(AssessmentFrozen) as refusal:
        authoring.publish_assessment(publish(SINGLE), by=issuer, at=MONDAY)

    assert refusal.value.code == "assessment-frozen"


def test_more_cannot_be_drawn_than_there_are(
    organisation: Organisation, group: QuestionGroup, issuer: Person, ask: Callable[..., QuestionVersion]
) -> None:
    """What is retired does not count; nothing is published halfway."""
    authoring.retire_question(ask(SINGLE).question, by=issuer, retired=True, at=MONDAY)
    ask(NUMBER)
    draft = authoring.draft_assessment(
        by=issuer,
        organisation=organisation,
        fields={"name": "x", "draws": [{"group": group.public_id, "count": 2}]},
        at=MONDAY,
    )

    with pytest.raises(BadAssessment, match="“Kilns” has 1 questions"):
        authoring.publish_assessment(draft.assessment, by=issuer, at=MONDAY)

    draft.refresh_from_db()
    assert (draft.state, draft.pool.count()) == ("draft", 0)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "a\u202eb"}),
        ("name", {"name": "x" * 121}),
        ("introduction", {"introduction": "x" * 5_001}),
        ("introduction", {"introduction": "a\0b"}),
        ("pass_mark", {"pass_mark": 0}),
        ("pass_mark", {"pass_mark": 101}),
        ("minutes", {"minutes": 0}),
        ("minutes", {"minutes": 1_441}),
        ("most_attempts", {"most_attempts": -1}),
        ("wait_hours", {"wait_hours": 9_999}),
        ("feedback", {"feedback": "everything"}),
        ("draws", {"draws": [{"group": "", "count": 51}]}),
        ("draws", {"draws": [{"group": "", "count": 0}]}),
    ],
)
def test_what_cannot_be_taken_is_refused_at_its_field(
    organisation: Organisation, issuer: Person, group: QuestionGroup, field: str, change: dict[str, Any]
) -> None:
    for draw in change.get("draws", ()):
        draw["group"] = group.public_id

    with pytest.raises(BadAssessment) as refusal:
        authoring.draft_assessment(
            by=issuer, organisation=organisation, fields={"name": "x", **change}, at=MONDAY
        )

    assert (field, "bad-assessment") == (refusal.value.field, refusal.value.code)


def test_one_group_is_drawn_from_once(
    organisation: Organisation, issuer: Person, group: QuestionGroup
) -> None:
    with pytest.raises(BadAssessment):
        authoring.draft_assessment(
            by=issuer,
            organisation=organisation,
            fields={"name": "x", "draws": [{"group": group.public_id, "count": 1}] * 2},
            at=MONDAY,
        )


def test_nothing_is_published_without_questions(organisation: Organisation, issuer: Person) -> None:
    draft = authoring.draft_assessment(by=issuer, organisation=organisation, fields={"name": "x"}, at=MONDAY)

    with pytest.raises(BadAssessment, match="which questions"):
        authoring.publish_assessment(draft.assessment, by=issuer, at=MONDAY)


def test_two_groups_of_one_name_would_be_confused(
    organisation: Organisation, group: QuestionGroup, issuer: Person
) -> None:
    other = authoring.make_group(by=issuer, organisation=organisation, name="Other", at=MONDAY)

    with pytest.raises(BadAssessment):
        authoring.make_group(by=issuer, organisation=organisation, name=" Kilns ", at=MONDAY)
    with pytest.raises(BadAssessment):
        authoring.rename_group(other, by=issuer, name="Kilns", at=MONDAY)


def test_what_is_archived_is_not_written_again(publish: Callable[..., Assessment], issuer: Person) -> None:
    assessment = publish(SINGLE)
    authoring.archive_assessment(assessment, by=issuer, at=MONDAY)

    with pytest.raises(AssessmentArchived) as refusal:
        authoring.edit_assessment(assessment, by=issuer, fields={"name": "x"}, at=MONDAY)

    assert refusal.value.code == "assessment-archived"
    assert not services.is_open(assessment)


def test_a_closed_organisation_asks_nothing_new(organisation: Organisation, issuer: Person) -> None:
    organisation.closed_at = MONDAY
    organisation.save()

    with pytest.raises(OrganisationClosed):
        authoring.make_group(by=issuer, organisation=organisation, name="x", at=MONDAY)


# One person


def test_an_arrangement_does_not_tell_whether_there_is_an_account(
    publish: Callable[..., Assessment], issuer: Person, learner: Person
) -> None:
    """B144: the same row for an address with an account and for one without."""
    assessment = publish(SINGLE)

    for email in (learner.email.upper(), "nobody@people.example"):
        authoring.arrange(assessment, by=issuer, email=email, extra_time=25, extra_attempts=1, at=MONDAY)

    rows = Arrangement.objects.values_list("email", "person", "extra_time", "extra_attempts")
    assert {(learner.email, None, 25, 1), ("nobody@people.example", None, 25, 1)} == set(rows)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("email", {"email": "no address"}),
        ("extra_time", {"extra_time": 401}),
        ("extra_attempts", {"extra_attempts": -1}),
    ],
)
def test_an_arrangement_that_cannot_be(
    publish: Callable[..., Assessment], issuer: Person, field: str, change: dict[str, Any]
) -> None:
    said: dict[str, Any] = {"email": "a@b.example", "extra_time": 0, "extra_attempts": 0, **change}

    with pytest.raises(BadAssessment) as refusal:
        authoring.arrange(publish(SINGLE), by=issuer, at=MONDAY, **said)

    assert field == refusal.value.field


def test_nothing_more_takes_an_arrangement_away(publish: Callable[..., Assessment], issuer: Person) -> None:
    assessment = publish(SINGLE)
    for extra in (25, 0):
        authoring.arrange(
            assessment, by=issuer, email="a@b.example", extra_time=extra, extra_attempts=0, at=MONDAY
        )

    assert not Arrangement.objects.exists()


def test_more_time_reaches_the_attempt_that_is_open(
    publish: Callable[..., Assessment], issuer: Person, learner: Person
) -> None:
    assessment = publish(SINGLE, minutes=60)
    attempt = services.begin(assessment, by=learner, at=MONDAY)

    authoring.arrange(assessment, by=issuer, email=learner.email, extra_time=50, extra_attempts=0, at=MONDAY)

    attempt.refresh_from_db()
    assert MONDAY + timedelta(minutes=90) == attempt.ends_at


# Figures


def test_a_share_is_told_when_enough_people_answered(
    publish: Callable[..., Assessment], person: Callable[..., Person]
) -> None:
    """Of four, nothing; of five, a share. One person who answers often is still one."""
    assessment = publish(NUMBER, most_attempts=9, pass_mark=100)
    for number in range(5):
        someone = person(f"Person{number}")
        for right in (False, number < 3):
            attempt = services.begin(assessment, by=someone, at=MONDAY)
            given = rightly(attempt) if right else {}
            services.save_answers(attempt, by=someone, given=given, at=MONDAY)
            services.hand_in(attempt, by=someone, at=MONDAY)
        [tally] = authoring.tallies(assessment)
        if number == 3:
            assert (tally.people, tally.share) == (4, None)

    assert (tally.people, tally.share) == (5, 30)


def test_what_is_not_marked_yet_does_not_count(publish: Callable[..., Assessment], learner: Person) -> None:
    services.begin(publish(SINGLE, MULTIPLE, SHORT), by=learner, at=MONDAY)

    assert authoring.tallies(Assessment.objects.get()) == []


def test_both_triggers_are_there(db: None) -> None:
    found = set()
    with connection.cursor() as cursor:
        table = "sqlite_master" if connection.vendor == "sqlite" else "information_schema.triggers"
        column = "name" if connection.vendor == "sqlite" else "trigger_name"
        cursor.execute(f"SELECT {column} FROM {table}")  # names of ours
        found = {row[0] for row in cursor.fetchall()}

    assert {"assessments_assessmentversion_frozen", "assessments_questionversion_frozen"} <= found
