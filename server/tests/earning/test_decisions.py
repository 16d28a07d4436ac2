# SPDX-License-Identifier: Apache-2.0
"""Letters about decisions: one for each, in the reader's language, and never in anybody's way."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from server.tests import learning
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY

from cairn_server.assessments import services as assessments
from cairn_server.earning import decisions, granting, notices, plans, services
from cairn_server.earning.models import Follower, Notice, Plan
from cairn_server.issuing import choices, returned, wording
from cairn_server.issuing.choices import Pace
from cairn_server.issuing.posting import Pace as MailPace
from cairn_server.issuing.returned import Report, StoppedAddress
from cairn_server.projects import reviewing
from cairn_server.projects import services as projects

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation
    from cairn_server.projects.models import Project, Work

PRIVATE = "Your walls are thin."
MORNING = TUESDAY.replace(hour=6)


def post(at=MONDAY) -> int:
    decisions.follow(at=at)
    return notices.send_due(at=at)


def choose(who: Person, **changes: Pace) -> None:
    choices.choose(by=who, at=MONDAY, **{**dict.fromkeys(choices.NAMES, Pace.NOW), **changes})


@pytest.fixture
def project(organisation: Organisation, owner: Person) -> Project:
    return learning.project(organisation, by=owner, most_rounds=2)


@pytest.fixture
def hand_in(project: Project, learner: Person) -> Callable[..., Work]:
    def make(by: Person = learner, what: Project = project) -> Work:
        work = projects.begin(what, by=by, at=MONDAY)
        projects.write_statement(work, by=by, statement="Six of them.", at=MONDAY)
        projects.hand_in(work, by=by, at=MONDAY)
        work.refresh_from_db()
        return work

    return make


@pytest.fixture
def decide(reviewer: Person) -> Callable[..., None]:
    def make(work: Work, levels: dict[str, str], by: Person = reviewer) -> None:
        work.refresh_from_db()
        seat = work.current.reviews.filter(reviewer=by, decided_at=None).first()
        seat = seat or reviewing.take(work.current, by=by, at=MONDAY)
        reviewing.decide(seat, by=by, levels=levels, feedback=PRIVATE, at=MONDAY)
        work.refresh_from_db()

    return make


def again(work: Work, by: Person) -> None:
    projects.begin_changes(work, by=by, at=MONDAY)
    work.refresh_from_db()
    projects.hand_in(work, by=by, at=MONDAY)


def test_each_decision_about_a_project_is_told_with_where_to_read_it_and_never_what_was_said(
    hand_in: Callable[..., Work], decide: Callable[..., None], learner: Person
) -> None:
    work = hand_in()
    decide(work, learning.POOR)
    assert post() == 1
    again(work, learner)
    decide(work, learning.POOR)
    assert post() == 1

    asked, refused = mail.outbox
    assert asked.subject == "“Six bowls”: please change something"
    assert refused.subject == "A decision about “Six bowls”"
    link = f"{PUBLIC_URL}/earn/projects/{work.project.public_id}"
    for each in mail.outbox:
        html = each.alternatives[0].content
        assert (each.to, each.reply_to) == ([learner.email], ["badges@lakeside.example"])
        assert re.findall(r'href="([^"]+)"', html) == [link]
        assert f"{link}\n" in each.body
        assert "src=" not in html
        assert PRIVATE not in each.body + html


def test_what_is_accepted_is_told_once(hand_in: Callable[..., Work], decide: Callable[..., None]) -> None:
    decide(hand_in(), learning.GOOD)

    assert [post(), post(), post(TUESDAY)] == [1, 0, 0]

    [message] = mail.outbox
    assert message.subject == "“Six bowls” is accepted"


def test_the_first_of_two_reviews_is_no_decision(
    organisation: Organisation,
    owner: Person,
    reviewer: Person,
    hand_in: Callable[..., Work],
    decide: Callable[..., None],
) -> None:
    work = hand_in(what=learning.project(organisation, by=owner, name="Twelve bowls", reviewers=2))
    decide(work, learning.GOOD, by=reviewer)
    assert post() == 0

    decide(work, learning.GOOD, by=owner)

    assert post() == 1


@pytest.mark.parametrize(
    ("levels", "subject"),
    [
        (learning.GOOD, "Your appeal: “Six bowls” is accepted"),
        (learning.POOR, "Your appeal about “Six bowls” is decided"),
    ],
)
def test_an_appeal_that_is_decided_is_told(
    learner: Person,
    owner: Person,
    hand_in: Callable[..., Work],
    decide: Callable[..., None],
    levels: dict[str, str],
    subject: str,
) -> None:
    work = hand_in()
    decide(work, learning.POOR)
    post()
    made = projects.appeal(work, by=learner, reason="Look at the walls again.", at=MONDAY)
    seat = reviewing.take_appeal(made, by=owner, at=MONDAY)
    reviewing.decide(seat, by=owner, levels=levels, feedback=PRIVATE, at=MONDAY)

    post()

    assert mail.outbox[-1].subject == subject
    assert PRIVATE not in mail.outbox[-1].body


def test_the_last_answer_that_was_marked_by_hand_is_told_and_not_the_points(
    organisation: Organisation, owner: Person, reviewer: Person, learner: Person
) -> None:
    second = {**learning.ESSAY, "text": "Why do glazes run?"}
    what = learning.assessment(organisation, learning.ESSAY, second, by=owner)
    attempt = assessments.begin(what, by=learner, at=MONDAY)
    given = {1: assessments.Given(text="Damp."), 2: assessments.Given(text="Heat.")}
    assessments.save_answers(attempt, by=learner, given=given, at=MONDAY)
    assessments.hand_in(attempt, by=learner, at=MONDAY)
    one, two = attempt.answers.all()
    assessments.mark(one, by=reviewer, points=3, remark=PRIVATE, at=MONDAY)
    assert post() == 0

    assessments.mark(two, by=reviewer, points=3, remark="", at=MONDAY)

    assert post() == 1
    [message] = mail.outbox
    assert message.subject == "Your result of “Kilns and clay”"
    assert f"{PUBLIC_URL}/earn/attempts/{attempt.public_id}/result\n" in message.body
    assert PRIVATE not in message.body
    assert not re.search(r"\b(3|6|75)\b", message.body.split("http")[0])


@pytest.fixture
def waiting(
    organisation: Organisation, owner: Person, learner: Person, project: Project, hand_in: Any, decide: Any
) -> Any:
    """Everything is met, and a person has to agree."""
    from cairn_server.achievements import services as achievements

    draft = achievements.draft_achievement(
        by=owner,
        organisation=organisation,
        fields={"name": "Potter", "description": "Throws.", "criteria": "Throw."},
        at=MONDAY,
    )
    plan = plans.begin(draft, by=owner, at=MONDAY)
    plans.add(plan.root, by=owner, asked=plans.Asked(kind="project", project=project), at=MONDAY)
    plans.set_decision(plan, by=owner, decision=Plan.Decision.PERSON, at=MONDAY)
    enrolment = services.start(plans.publish(draft, by=owner, at=MONDAY), by=learner, name="Lena", at=MONDAY)
    decide(hand_in(), learning.GOOD)
    services.reconsider(learner, at=MONDAY)
    post()
    mail.outbox.clear()
    enrolment.refresh_from_db()
    return enrolment


def test_a_not_yet_is_told_without_its_reason(waiting: Any, owner: Person) -> None:
    services.decline(waiting, by=owner, reason=PRIVATE, at=MONDAY)

    assert post() == 1

    [message] = mail.outbox
    assert message.subject == "“Potter”: not yet"
    assert f"{PUBLIC_URL}/earn/{waiting.public_id}\n" in message.body
    assert PRIVATE not in message.body


def test_a_yes_is_told_by_the_award_and_by_itself_where_that_takes_time(
    waiting: Any, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(services, "_award", lambda enrolment, step, *, at: enrolment)
        services.approve(waiting, by=owner, at=MONDAY)
    assert post() == 0
    later = MONDAY + decisions.AWARDED_WITHIN

    assert notices.send_due(at=later) == 1
    assert mail.outbox[-1].subject == "“Potter”: it is agreed"


def test_a_yes_that_became_an_award_meanwhile_is_not_told_twice(
    waiting: Any, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(services, "_award", lambda enrolment, step, *, at: enrolment)
        services.approve(waiting, by=owner, at=MONDAY)
    decisions.follow(at=MONDAY)
    services.award_due(at=MONDAY)

    assert notices.send_due(at=MONDAY + decisions.AWARDED_WITHIN) == 0
    assert Notice.objects.get(kind="agreed").problem == "not sent: awarded"


def test_whoever_is_given_a_place_reads_until_when_it_is_kept(
    organisation: Organisation, owner: Person, learner: Person, project: Project
) -> None:
    version = learning.asking_for(organisation, by=owner, project=project)
    emails = [learner.email, "new@people.example"]
    granting.grant_list(version.achievement, by=owner, emails=emails, days=30, at=MONDAY)
    granting.grant_codes(version.achievement, by=owner, places=3, days=30, at=MONDAY)

    assert post() == 2

    assert {message.to[0] for message in mail.outbox} == set(emails)
    for message in mail.outbox:
        assert message.subject == "A place for you: “Potter”"
        assert "until 23 December 2026" in message.body
        assert f"{PUBLIC_URL}/a/{version.public_id}\n" in message.body


def test_it_is_written_in_the_language_of_its_reader(
    hand_in: Callable[..., Work], decide: Callable[..., None], learner: Person
) -> None:
    learner.language = "de"
    learner.save()
    decide(hand_in(), learning.GOOD)
    decisions.follow(at=MONDAY)

    seen = []
    with pytest.MonkeyPatch.context() as patch:
        real = notices.letter_of

        def noted(notice: Notice) -> Any:
            from django.utils import translation

            seen.append(translation.get_language())
            return real(notice)

        patch.setattr(notices, "letter_of", noted)
        notices.send_due(at=MONDAY)

    assert seen == ["de"]


def test_the_organisation_words_it_and_what_is_in_a_name_is_no_field(
    organisation: Organisation, owner: Person, learner: Person, hand_in: Any, decide: Any
) -> None:
    """B127 B128"""
    learner.name = "{contact}"
    learner.save()
    wording.set_wording(
        organisation,
        by=owner,
        kind="accepted",
        language="",
        subject="Well done, {name}",
        paragraph="Come to the kiln.",
        at=MONDAY,
    )
    decide(hand_in(), learning.GOOD)

    post()

    [message] = mail.outbox
    assert message.subject == "Well done, {contact}"
    assert "Come to the kiln." in message.body
    assert "has accepted your project “Six bowls”" in message.body


# Tuned, throttled, stopped


def test_who_wants_none_gets_none(hand_in: Any, decide: Any, learner: Person) -> None:
    choose(learner, decisions=Pace.NEVER)
    decide(hand_in(), learning.GOOD)

    assert post() == 0
    assert Notice.objects.get().problem == "not sent: not wanted"


def test_who_wants_one_a_day_gets_all_in_one(
    organisation: Organisation, owner: Person, hand_in: Any, decide: Any, learner: Person
) -> None:
    choose(learner, decisions=Pace.DAILY)
    decide(hand_in(), learning.GOOD)
    decide(hand_in(what=learning.project(organisation, by=owner, name="A jug")), learning.POOR)
    assert post() == 0
    assert notices.send_due(at=MORNING - timedelta(seconds=1)) == 0

    assert notices.send_due(at=MORNING) == 1

    [message] = mail.outbox
    assert message.subject == "2 decisions about your work"
    assert "Six bowls" in message.body
    assert "A jug" in message.body
    assert set(Notice.objects.values_list("state", flat=True)) == {"sent"}
    assert notices.send_due(at=MORNING + timedelta(days=1)) == 0


def test_it_is_throttled_like_every_letter(
    organisation: Organisation, owner: Person, project: Project
) -> None:
    version = learning.asking_for(organisation, by=owner, project=project)
    emails = [f"p{number}@people.example" for number in range(4)]
    granting.grant_list(version.achievement, by=owner, emails=emails, days=30, at=MONDAY)
    decisions.follow(at=MONDAY)

    assert notices.send_due(at=MONDAY, pace=MailPace(per_domain=10)) == 1
    assert notices.send_due(at=MONDAY + timedelta(minutes=1), pace=MailPace(per_domain=600)) == 3


def test_a_mail_server_that_is_away_delays_it_and_nothing_else(
    hand_in: Any, decide: Any, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "server.tests.issuing.test_deliver.DownBackend"
    work = hand_in()
    decide(work, learning.GOOD)
    assert post() == 0
    assert work.state == "accepted"
    assert Notice.objects.get().problem.startswith("SMTPException")

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    assert notices.send_due(at=MONDAY + timedelta(minutes=2)) == 1


def test_what_comes_back_stops_what_would_follow(hand_in: Any, decide: Any, learner: Person) -> None:
    work = hand_in()
    decide(work, learning.POOR)
    post()
    report = Report(Notice.objects.get().token, status="5.1.1")
    assert returned.note(report, at=MONDAY) is None

    notices.note_return(report, at=MONDAY)
    notices.note_return(report, at=MONDAY)

    assert StoppedAddress.objects.get().address == learner.email
    again(work, learner)
    decide(work, learning.GOOD)
    assert post(TUESDAY) == 0
    assert notices.note_return(Report("x" * 22, status="5.1.1"), at=MONDAY) is None


# Nothing lost, nothing twice


def test_a_crash_while_they_are_written_forgets_none_and_repeats_none(
    hand_in: Any, decide: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(hand_in(), learning.GOOD)
    with monkeypatch.context() as patch:

        def broken(*_args: object, **_more: object) -> None:
            raise RuntimeError("the machine stops here")

        patch.setattr(Follower, "save", broken)
        with pytest.raises(RuntimeError):
            decisions.follow(at=MONDAY)
    assert not Notice.objects.exists()

    assert [decisions.follow(at=MONDAY), decisions.follow(at=MONDAY)] == [1, 0]


def test_the_database_keeps_an_entry_from_being_told_twice(hand_in: Any, decide: Any) -> None:
    decide(hand_in(), learning.GOOD)
    decisions.follow(at=MONDAY)
    told = Notice.objects.get()
    told.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        told.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_two_that_follow_at_once_write_one(hand_in: Any, decide: Any) -> None:
    decide(hand_in(), learning.GOOD)
    wait, made = threading.Barrier(2), []

    def follow() -> None:
        try:
            wait.wait(10)
            made.append(decisions.follow(at=MONDAY))
        finally:
            connection.close()

    threads = [threading.Thread(target=follow) for _each in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(made) == [0, 1]
    assert Notice.objects.count() == 1


def test_whoever_has_gone_is_told_nothing(hand_in: Any, decide: Any, learner: Person) -> None:
    work = hand_in()
    decide(work, learning.GOOD)
    decisions.follow(at=MONDAY)
    assert Notice.objects.get().person == learner

    learner.delete()

    assert not Notice.objects.exists()
    Follower.objects.update(cursor=0)
    assert decisions.follow(at=MONDAY) == 0


def test_old_ones_are_forgotten(hand_in: Any, decide: Any) -> None:
    decide(hand_in(), learning.GOOD)
    decisions.follow(at=MONDAY)

    assert notices.forget_old(at=MONDAY + notices.KEPT * 2) == 0  # it is still owed
    notices.send_due(at=MONDAY)
    assert notices.forget_old(at=MONDAY + notices.KEPT) == 0
    assert notices.forget_old(at=MONDAY + notices.KEPT + timedelta(seconds=1)) == 1
