# SPDX-License-Identifier: Apache-2.0
"""A learner's work: evidence, handing in, coming back, taking one's data, going for good."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.projects.conftest import GOOD, POOR

from cairn_server import attachments
from cairn_server.accounts import services as accounts
from cairn_server.errors import NotVisible
from cairn_server.journal.models import Entry
from cairn_server.projects import authoring, services
from cairn_server.projects.models import PIECE, Evidence, FilePiece, HandIn, Review, StoredFile, Work
from cairn_server.projects.rubric import BadProject
from cairn_server.projects.services import CannotBegin, DeadlinePassed, NothingToReview, WorkClosed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.projects.models import Project


def text(content: bytes, name: str = "notes.txt") -> attachments.Attachment:
    return attachments.accept(name, content)


def link(work: Work, by: Person, url: str = "https://bowls.example/", **more: object) -> Evidence:
    said = {"name": "Pictures", "is_public": False, **more}
    return services.add_link(work, by=by, url=url, at=MONDAY, **said)  # type: ignore[arg-type]


def test_a_work_begins_once(publish: Callable[..., Project], learner: Person) -> None:
    project = publish()

    first, second = (services.begin(project, by=learner, at=MONDAY) for _number in range(2))

    assert (first, "draft", 1) == (second, first.state, first.current.number)


def test_every_verb_is_the_owners_alone(
    publish: Callable[..., Project],
    hand_in: Callable[..., Work],
    learner: Person,
    outsider: Person,
    owner: Person,
) -> None:
    """B135: to the organisation's people too a draft does not exist."""
    work = services.begin(publish(), by=learner, at=MONDAY)
    evidence = link(work, learner)
    before = Entry.objects.count()

    for other in (outsider, owner):
        for act in (
            lambda by: services.write_statement(work, by=by, statement="x", at=MONDAY),
            lambda by: services.add_file(work, by=by, attachment=text(b"x"), at=MONDAY),
            lambda by: link(work, by),
            lambda by: services.remove_evidence(evidence, by=by, at=MONDAY),
            lambda by: services.hand_in(work, by=by, at=MONDAY),
            lambda by: services.begin_changes(work, by=by, at=MONDAY),
            lambda by: services.appeal(work, by=by, reason="x", at=MONDAY),
            lambda by: services.said_of(work.current, by=by),
        ):
            with pytest.raises(NotVisible):
                act(other)
        assert evidence not in services.evidence_for(other)
    assert before == Entry.objects.count()
    assert evidence in services.evidence_for(learner)


def test_a_file_is_kept_in_pieces_and_comes_back_whole(
    publish: Callable[..., Project], learner: Person
) -> None:
    work = services.begin(publish(), by=learner, at=MONDAY)
    content = bytes(range(32, 127)) * (PIECE // 90)

    evidence = services.add_file(work, by=learner, attachment=text(content), at=MONDAY)

    assert evidence.file is not None
    assert (content, len(content)) == (b"".join(evidence.file.read()), evidence.file.size)
    assert evidence.file.pieces.count() == 2


def test_the_same_bytes_are_kept_once(publish: Callable[..., Project], learner: Person) -> None:
    work = services.begin(publish(), by=learner, at=MONDAY)
    one, two = (
        services.add_file(work, by=learner, attachment=text(b"the same", name), at=MONDAY)
        for name in ("a", "b")
    )

    services.remove_evidence(one, by=learner, at=MONDAY)

    assert (StoredFile.objects.count(), [each.name for each in work.current.evidence.all()]) == (1, ["b.txt"])
    services.remove_evidence(two, by=learner, at=MONDAY)
    assert not FilePiece.objects.exists()


def test_there_is_an_end_to_what_one_person_can_put_here(
    publish: Callable[..., Project], learner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_BYTES", 15)
    work = services.begin(publish(), by=learner, at=MONDAY)
    services.add_file(work, by=learner, attachment=text(b"0123456789"), at=MONDAY)

    with pytest.raises(BadProject, match="All your files"):
        services.add_file(work, by=learner, attachment=text(b"012345678"), at=MONDAY)


def test_there_is_an_end_to_how_much_is_shown(publish: Callable[..., Project], learner: Person) -> None:
    work = services.begin(publish(), by=learner, at=MONDAY)
    for number in range(services.MOST_EVIDENCE):
        link(work, learner, f"https://bowls.example/{number}")

    for act in (
        lambda: link(work, learner),
        lambda: services.add_file(work, by=learner, attachment=text(b"x"), at=MONDAY),
    ):
        with pytest.raises(BadProject):
            act()


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//bowls.example", "bowls.example",
        "https://", "https:///x", "https://good@evil.example/", "https://bowls.example/a b",
        "https://a\\@b.example",
        "https://bowls.example/\r\nSet-Cookie:x", "https://bowls.example/\u202e", "https://[::1",
        "https://a/" + "x" * 2_000,
        "https://a.example/\"><script>",
    ],
)  # fmt: skip
def test_an_address_that_is_no_link(publish: Callable[..., Project], learner: Person, url: str) -> None:
    """B93 B126 B128: nothing that acts, hides its host, or breaks out of where it is written."""
    work = services.begin(publish(), by=learner, at=MONDAY)

    with pytest.raises(BadProject) as refusal:
        link(work, learner, url)

    assert refusal.value.field == "url"


def test_a_link_without_a_name_is_called_by_its_host(
    publish: Callable[..., Project], learner: Person
) -> None:
    assert link(services.begin(publish(), by=learner, at=MONDAY), learner, name="").name == "bowls.example"


def test_a_file_is_never_public(publish: Callable[..., Project], learner: Person) -> None:
    work = services.begin(publish(), by=learner, at=MONDAY)
    made = services.add_file(work, by=learner, attachment=text(b"x"), at=MONDAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.filter(pk=made.pk).update(is_public=True)


# Handing in


def test_what_is_handed_in_stays_as_it_is(
    publish: Callable[..., Project], hand_in: Callable[..., Work], learner: Person
) -> None:
    work = hand_in(publish())
    evidence = work.current.evidence.first()
    assert evidence is not None

    for act in (
        lambda: services.write_statement(work, by=learner, statement="x", at=TUESDAY),
        lambda: link(work, learner),
        lambda: services.add_file(work, by=learner, attachment=text(b"x"), at=TUESDAY),
        lambda: services.remove_evidence(evidence, by=learner, at=TUESDAY),
        lambda: services.begin_changes(work, by=learner, at=TUESDAY),
    ):
        with pytest.raises(WorkClosed) as refusal:
            act()
        assert refusal.value.code == "work-closed"


def test_handing_in_twice_is_handing_in_once(
    publish: Callable[..., Project], hand_in: Callable[..., Work], learner: Person
) -> None:
    work = hand_in(publish())

    services.hand_in(work, by=learner, at=TUESDAY)

    assert HandIn.objects.get().handed_in_at == MONDAY
    assert Entry.objects.filter(verb="work handed in").count() == 1


def test_there_is_something_to_review(publish: Callable[..., Project], learner: Person) -> None:
    with pytest.raises(NothingToReview) as refusal:
        services.hand_in(services.begin(publish(), by=learner, at=MONDAY), by=learner, at=MONDAY)

    assert refusal.value.code == "nothing-to-review"


@pytest.mark.parametrize(("at", "in_time"), [(TUESDAY, True), (TUESDAY + timedelta(microseconds=1), False)])
def test_a_deadline(publish: Callable[..., Project], learner: Person, at: datetime, in_time: bool) -> None:
    work = services.begin(publish(due_at=TUESDAY), by=learner, at=MONDAY)
    services.write_statement(work, by=learner, statement="Done.", at=MONDAY)

    if in_time:
        assert services.hand_in(work, by=learner, at=at).handed_in_at == at
    else:
        with pytest.raises(DeadlinePassed) as refusal:
            services.hand_in(work, by=learner, at=at)
        assert refusal.value.code == "deadline-passed"


def test_a_later_deadline_is_the_persons(
    publish: Callable[..., Project], learner: Person, outsider: Person, issuer: Person
) -> None:
    """An earlier one takes nothing away."""
    project = publish(due_at=TUESDAY)
    later = TUESDAY + timedelta(days=7)
    authoring.extend(project, by=issuer, email=learner.email, due_at=later, at=MONDAY)
    authoring.extend(project, by=issuer, email=outsider.email, due_at=MONDAY, at=MONDAY)

    found = [
        services.due_at(each, services.begin(project, by=each, at=MONDAY)) for each in (learner, outsider)
    ]

    assert [later, TUESDAY] == found


def test_what_is_not_published_or_is_archived_is_not_begun(
    publish: Callable[..., Project], learner: Person, issuer: Person
) -> None:
    project = publish()
    authoring.archive_project(project, by=issuer, at=MONDAY)

    with pytest.raises(CannotBegin) as refusal:
        services.begin(project, by=learner, at=MONDAY)

    assert refusal.value.code == "project-closed"


# Coming back


def test_changes_begin_as_a_copy_and_share_the_files(
    publish: Callable[..., Project],
    hand_in: Callable[..., Work],
    review: Callable[..., Review],
    learner: Person,
) -> None:
    work = hand_in(publish())
    review(work, POOR)

    second = services.begin_changes(work, by=learner, at=TUESDAY)

    first = work.rounds.get(number=1)
    assert (2, first.statement) == (second.number, second.statement)
    assert [each.name for each in first.evidence.all()] == [each.name for each in second.evidence.all()]
    assert StoredFile.objects.count() == 1


def test_a_file_goes_with_the_last_round_that_had_it(
    publish: Callable[..., Project],
    hand_in: Callable[..., Work],
    review: Callable[..., Review],
    learner: Person,
) -> None:
    work = hand_in(publish())
    review(work, POOR)
    second = services.begin_changes(work, by=learner, at=TUESDAY)

    services.remove_evidence(second.evidence.exclude(file=None).get(), by=learner, at=TUESDAY)

    assert StoredFile.objects.count() == 1
    with pytest.raises(WorkClosed):
        services.remove_evidence(
            work.rounds.get(number=1).evidence.exclude(file=None).get(), by=learner, at=TUESDAY
        )


def test_changes_have_no_deadline(
    publish: Callable[..., Project],
    hand_in: Callable[..., Work],
    review: Callable[..., Review],
    learner: Person,
) -> None:
    work = hand_in(publish(due_at=TUESDAY))
    review(work, POOR)
    services.begin_changes(work, by=learner, at=TUESDAY)

    assert services.hand_in(work, by=learner, at=TUESDAY + timedelta(days=30)).number == 2


# What is told


def test_an_accepted_work_says_what_was_reached_and_shows_what_its_owner_wants_shown(
    publish: Callable[..., Project],
    hand_in: Callable[..., Work],
    review: Callable[..., Review],
    learner: Person,
) -> None:
    project = publish()
    work = hand_in(project)
    before = services.accepted(learner, project)

    review(work, GOOD)

    found = services.accepted(learner, project)
    assert before is None
    assert found is not None
    assert (found.narrative, found.at) == ("Form: Good\n\nGlaze: Very good", MONDAY)
    assert [services.Shown("https://bowls.example/", "Pictures", "Six bowls")] == list(found.evidence)


def test_an_unticked_link_stays_private(
    publish: Callable[..., Project], review: Callable[..., Review], learner: Person
) -> None:
    project = publish()
    work = services.begin(project, by=learner, at=MONDAY)
    link(work, learner, is_public=False)
    services.hand_in(work, by=learner, at=MONDAY)
    work.refresh_from_db()
    review(work, GOOD)

    found = services.accepted(learner, project)

    assert found is not None
    assert found.evidence == ()


def test_what_it_takes_is_a_sentence_and_descriptions(publish: Callable[..., Project]) -> None:
    project = publish(reviewers=2)

    assert services.promise(project) == "2 people review it: Form, Glaze"
    [form, _glaze] = services.result_descriptions(project)
    assert (
        form["name"],
        form["result_type"],
        form["required_level"],
    ) == ("Form", "RubricCriterionLevel", "c1-l2")
    assert [level["points"] for level in form["rubric_criterion_levels"]] == ["0", "5", "10"]


def test_ones_data_has_every_round_and_every_file(
    publish: Callable[..., Project], hand_in: Callable[..., Work], learner: Person, outsider: Person
) -> None:
    hand_in(publish())

    told = json.loads(json.dumps(services.export_data(learner)))

    [evidence] = services.files_of(learner)
    [project] = told["projects"]
    assert ("They are *even*.", services.file_name(evidence)) == (
        project["rounds"][0]["statement"],
        project["rounds"][0]["evidence"][0]["file"],
    )
    assert (services.export_data(outsider)["projects"], services.files_of(outsider)) == ([], [])


def test_deleting_the_account_takes_everything_along(
    publish: Callable[..., Project],
    hand_in: Callable[..., Work],
    review: Callable[..., Review],
    learner: Person,
    issuer: Person,
) -> None:
    """G24: text, files, what was said of them, the extension with the address."""
    project = publish(due_at=TUESDAY)
    authoring.extend(project, by=issuer, email=learner.email, due_at=TUESDAY, at=MONDAY)
    review(hand_in(project), POOR)

    accounts.delete_account(by=learner, at=TUESDAY)

    left = [table.objects.count() for table in (Work, HandIn, Evidence, StoredFile, FilePiece, Review)]
    assert left == [0] * 6
    assert not project.extensions.exists()


def test_a_reviewers_account_leaves_the_review_without_a_name(
    publish: Callable[..., Project],
    hand_in: Callable[..., Work],
    review: Callable[..., Review],
    reviewer: Person,
) -> None:
    review(hand_in(publish()), GOOD)

    accounts.delete_account(by=reviewer, at=TUESDAY)

    left = Review.objects.get()
    assert (left.reviewer, left.enough) == (None, True)
