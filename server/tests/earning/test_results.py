# SPDX-License-Identifier: Apache-2.0
"""What an assessment and a project put into the credential, as a stranger's verifier reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from server.tests.assessments.conftest import rightly
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY

from cairn_server.achievements.services import to_credential
from cairn_server.assessments import authoring as assessing
from cairn_server.assessments import services as assessments
from cairn_server.earning import services
from cairn_server.errors import NotVisible
from cairn_server.issuing import representations
from cairn_server.issuing.models import Credential
from cairn_server.organisations.roles import Role
from cairn_server.projects import authoring as projecting
from cairn_server.projects import reviewing
from cairn_server.projects import services as projects
from cairn_server.web import display

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.assessments.models import Assessment
    from cairn_server.earning.models import Requirement
    from cairn_server.organisations.models import Organisation
    from cairn_server.projects.models import Project

QUESTION: dict[str, Any] = {
    "kind": "single",
    "text": "Which fires hotter?",
    "options": [{"text": "Stoneware", "right": True}, {"text": "Raku", "right": False}],
}


@pytest.fixture
def assessment(organisation: Organisation, issuer: Person) -> Assessment:
    group = assessing.make_group(by=issuer, organisation=organisation, name="Kilns", at=MONDAY)
    assessing.write_question(by=issuer, group=group, fields=QUESTION, at=MONDAY)
    fields = {"name": "Kilns and clay", "draws": [{"group": group.public_id, "count": 1}], "pass_mark": 70}
    draft = assessing.draft_assessment(by=issuer, organisation=organisation, fields=fields, at=MONDAY)
    assessing.publish_assessment(draft.assessment, by=issuer, at=MONDAY)
    return draft.assessment


@pytest.fixture
def project(organisation: Organisation, issuer: Person) -> Project:
    levels = [{"name": "Not yet", "points": 0}, {"name": "Good", "points": 5}]
    rubric = [{"name": "Form", "description": "Even walls.", "needed": 1, "levels": levels}]
    draft = projecting.draft_project(
        by=issuer,
        organisation=organisation,
        fields={"name": "Six bowls", "brief": "Throw six bowls.", "rubric": rubric},
        at=MONDAY,
    )
    projecting.publish_project(draft.project, by=issuer, at=MONDAY)
    return draft.project


def signed() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(representations.representation(Credential.objects.get(), "json")[0])
    return found


def test_a_result_names_its_description(
    ask: Callable[..., Requirement],
    publish: Callable[[], AchievementVersion],
    assessment: Assessment,
    learner: Person,
) -> None:
    leaf = ask("assessment", assessment=assessment)
    version = publish()
    services.start(version, by=learner, name="Lena", at=MONDAY)
    attempt = assessments.begin(assessment, by=learner, at=MONDAY)
    assessments.save_answers(attempt, by=learner, given=rightly(attempt), at=MONDAY)
    assessments.hand_in(attempt, by=learner, at=MONDAY)

    services.reconsider(learner, at=TUESDAY)

    subject = signed()["credentialSubject"]
    address = f"{PUBLIC_URL}/a/{version.public_id}#result-{leaf.public_id}"
    [description] = subject["achievement"]["resultDescription"]
    [result] = subject["result"]
    assert description == {
        "id": address,
        "type": ["ResultDescription"],
        "name": "Kilns and clay",
        "resultType": "Percent",
        "requiredValue": "70",
        "valueMin": "0",
        "valueMax": "100",
    }
    assert (result["resultDescription"], result["value"]) == (address, "100")
    version.refresh_from_db()
    assert to_credential(version, PUBLIC_URL).result_descriptions[0].id == address


@pytest.mark.parametrize(("later", "given", "is_met"), [(100, True, True), (0, False, False)])
def test_what_was_promised_counts_whatever_is_published_later(
    ask: Callable[..., Requirement],
    publish: Callable[[], AchievementVersion],
    assessment: Assessment,
    issuer: Person,
    learner: Person,
    later: int,
    given: bool,
    is_met: bool,
) -> None:
    """A pass mark of 70, say the achievement's page and the credential: neither more nor less counts."""
    ask("assessment", assessment=assessment)
    services.start(publish(), by=learner, name="Lena", at=MONDAY)
    newest = assessment.published
    assert newest is not None
    rules = {"name": newest.name, "draws": newest.draws, "pass_mark": max(later, 1)}
    assessing.edit_assessment(assessment, by=issuer, fields=rules, at=MONDAY)
    assessing.publish_assessment(assessment, by=issuer, at=MONDAY)

    promised = services.promised_version(learner, assessment)
    attempt = assessments.begin(assessment, by=learner, promised=promised, at=MONDAY)
    if given:
        assessments.save_answers(attempt, by=learner, given=rightly(attempt), at=MONDAY)
    assessments.hand_in(attempt, by=learner, at=MONDAY)

    assert newest == promised == attempt.version
    assert is_met == bool(services.reconsider(learner, at=TUESDAY))


def test_a_result_below_what_the_credential_says_is_needed_does_not_count(
    ask: Callable[..., Requirement],
    publish: Callable[[], AchievementVersion],
    assessment: Assessment,
    issuer: Person,
    learner: Person,
) -> None:
    """Passed under a version that asked for less: the credential would contradict itself."""
    ask("assessment", assessment=assessment)
    services.start(publish(), by=learner, name="Lena", at=MONDAY)
    newest = assessment.published
    assert newest is not None
    group = newest.pool.earliest("pk").question.question.group
    easy = {"kind": "short", "text": "And the first firing?", "accepted": ["Bisque"]}
    assessing.write_question(by=issuer, group=group, fields=easy, at=MONDAY)
    draws = [{"group": group.public_id, "count": 2}]
    assessing.edit_assessment(
        assessment, by=issuer, fields={"name": "Easier", "draws": draws, "pass_mark": 50}, at=MONDAY
    )
    assessing.publish_assessment(assessment, by=issuer, at=MONDAY)
    attempt = assessments.begin(assessment, by=learner, at=MONDAY)
    single = next(each.position for each in assessments.sheet(attempt) if each.kind == "single")
    assessments.save_answers(attempt, by=learner, given={single: rightly(attempt)[single]}, at=MONDAY)
    done = assessments.hand_in(attempt, by=learner, at=MONDAY)

    settled = services.reconsider(learner, at=TUESDAY)

    assert (done.passed, done.percent, settled) == (True, 50, [])
    assert newest == services.promised_version(learner, assessment)


def test_accepted_work_is_evidence(
    ask: Callable[..., Requirement],
    publish: Callable[[], AchievementVersion],
    project: Project,
    learner: Person,
    member: Callable[..., Person],
) -> None:
    ask("project", project=project)
    services.start(publish(), by=learner, name="Lena", at=MONDAY)
    work = projects.begin(project, by=learner, at=MONDAY)
    projects.write_statement(work, by=learner, statement="They are even.", at=MONDAY)
    projects.add_link(
        work, by=learner, url="https://bowls.example/", name="Pictures", is_public=True, at=MONDAY
    )
    projects.hand_in(work, by=learner, at=MONDAY)
    assert services.reconsider(learner, at=MONDAY) == []
    work.refresh_from_db()
    reviewer = member("Rita", Role.REVIEWER)
    seat = reviewing.take(work.current, by=reviewer, at=MONDAY)
    reviewing.decide(seat, by=reviewer, levels={"c1": "c1-l2"}, feedback="Fine.", at=MONDAY)

    services.reconsider(learner, at=TUESDAY)

    [evidence] = signed()["evidence"]
    assert (evidence["id"], evidence["name"]) == ("https://bowls.example/", "Pictures")


@pytest.fixture
def accept(project: Project, learner: Person, member: Callable[..., Person]) -> Callable[[], None]:
    """The learner's work on the project is accepted, with the upper level."""

    def make() -> None:
        work = projects.begin(project, by=learner, at=MONDAY)
        projects.write_statement(work, by=learner, statement="They are even.", at=MONDAY)
        projects.hand_in(work, by=learner, at=MONDAY)
        work.refresh_from_db()
        reviewer = member("Rita", Role.REVIEWER)
        seat = reviewing.take(work.current, by=reviewer, at=MONDAY)
        reviewing.decide(seat, by=reviewer, levels={"c1": "c1-l2"}, feedback="Fine.", at=MONDAY)

    return make


def test_a_level_that_was_reached_is_one_of_the_rubric_in_the_achievement(
    ask: Callable[..., Requirement],
    publish: Callable[[], AchievementVersion],
    project: Project,
    learner: Person,
    accept: Callable[[], None],
) -> None:
    """Open Badges 3.0: ``resultDescription`` and ``achievedLevel`` are ids of the same achievement."""
    leaf = ask("project", project=project)
    version = publish()
    services.start(version, by=learner, name="Lena", at=MONDAY)
    accept()

    services.reconsider(learner, at=TUESDAY)

    document = signed()
    subject = document["credentialSubject"]
    address = f"{PUBLIC_URL}/a/{version.public_id}#result-{leaf.public_id}"
    [description] = subject["achievement"]["resultDescription"]
    [result] = subject["result"]
    assert description["id"] == result["resultDescription"] == f"{address}-c1"
    assert description["resultType"] == "RubricCriterionLevel"
    levels = description["rubricCriterionLevel"]
    assert [(each["name"], each["level"], each["points"]) for each in levels] == [
        ("Not yet", "1", "0"),
        ("Good", "2", "5"),
    ]
    assert description["requiredLevel"] == result["achievedLevel"] == levels[1]["id"] == f"{address}-c1-l2"
    assert (result["value"], result["status"]) == ("Good", "Completed")
    page = display.shown(document, public_url=PUBLIC_URL)
    assert isinstance(page, display.Shown)
    assert page.results == (display.Outcome("Form", "Good"),)


def test_a_level_of_another_rubric_is_not_said_in_the_words_of_the_old_one(
    ask: Callable[..., Requirement],
    publish: Callable[[], AchievementVersion],
    project: Project,
    issuer: Person,
    learner: Person,
    accept: Callable[[], None],
) -> None:
    ask("project", project=project)
    version = publish()
    services.start(version, by=learner, name="Lena", at=MONDAY)
    levels = [{"name": "Poor", "points": 0}, {"name": "Splendid", "points": 5}]
    rubric = [{"name": "Glaze", "description": "", "needed": 1, "levels": levels}]
    fields = {"name": "Six bowls", "brief": "Throw six bowls.", "rubric": rubric}
    projecting.edit_project(project, by=issuer, fields=fields, at=MONDAY)
    projecting.publish_project(project, by=issuer, at=MONDAY)
    accept()

    services.reconsider(learner, at=TUESDAY)

    subject = signed()["credentialSubject"]
    assert "result" not in subject
    assert "Glaze: Splendid" in subject["narrative"]


def test_only_whoever_has_started_may_do_what_it_asks_for(
    ask: Callable[..., Requirement],
    publish: Callable[[], AchievementVersion],
    assessment: Assessment,
    project: Project,
    learner: Person,
    outsider: Person,
) -> None:
    """B135"""
    ask("assessment", assessment=assessment)
    ask("project", project=project)
    enrolment = services.start(publish(), by=learner, name="Lena", at=MONDAY)

    def may(person: Person) -> set[bool]:
        return {
            services.may_do_assessment(person, assessment),
            services.may_do_project(person, project),
        }

    assert (may(learner), may(outsider)) == ({True}, {False})
    services.leave(enrolment, by=learner, at=MONDAY)
    assert may(learner) == {False}


def test_those_of_others_are_not_asked_for(
    ask: Callable[..., Requirement], assessment: Assessment, project: Project, elsewhere: Organisation
) -> None:
    """B135"""
    type(assessment).objects.update(organisation=elsewhere)
    type(project).objects.update(organisation=elsewhere)
    assessment.refresh_from_db()
    project.refresh_from_db()

    with pytest.raises(NotVisible):
        ask("assessment", assessment=assessment)
    with pytest.raises(NotVisible):
        ask("project", project=project)
