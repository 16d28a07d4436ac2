# SPDX-License-Identifier: Apache-2.0
"""Briefs, rubrics, versions and deadlines: who may write them, and what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.projects.conftest import FIELDS, LEVELS

from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.journal.models import Entry
from cairn_server.organisations.models import OrganisationClosed
from cairn_server.projects import authoring, rubric, services
from cairn_server.projects.authoring import ProjectArchived, ProjectFrozen
from cairn_server.projects.models import Extension, Project, ProjectVersion
from cairn_server.projects.rubric import BadProject

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation


def every_verb(organisation: Organisation, project: Project) -> dict[str, Callable[[Person], object]]:
    return {
        "draft": lambda by: authoring.draft_project(
            by=by, organisation=organisation, fields=FIELDS, at=MONDAY
        ),
        "edit": lambda by: authoring.edit_project(project, by=by, fields=FIELDS, at=MONDAY),
        "publish": lambda by: authoring.publish_project(project, by=by, at=MONDAY),
        "extend": lambda by: authoring.extend(project, by=by, email="a@b.example", due_at=TUESDAY, at=MONDAY),
        "archive": lambda by: authoring.archive_project(project, by=by, at=MONDAY),
    }


def test_authors_are_owners_and_issuers(
    organisation: Organisation, publish: Callable[..., Project], request: pytest.FixtureRequest
) -> None:
    """B135 B141: of each verb; and whoever is refused leaves no trace."""
    verbs = every_verb(organisation, publish())
    people = {name: request.getfixturevalue(name) for name in ("learner", "outsider", "reviewer", "auditor")}
    before = Entry.objects.count()

    found = {}
    for name, verb in verbs.items():
        for who, person in people.items():
            with pytest.raises(NotAllowed) as refusal:
                verb(person)
            found[name, who] = type(refusal.value)

    strangers = ("learner", "outsider")
    assert found == {(name, who): NotVisible if who in strangers else NotAllowed for name, who in found}
    assert before == Entry.objects.count()


def test_each_verb_leaves_one_entry(
    organisation: Organisation, publish: Callable[..., Project], issuer: Person
) -> None:
    for name, verb in every_verb(organisation, publish()).items():
        before = Entry.objects.count()
        verb(issuer)
        assert before + 1 == Entry.objects.count(), name


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "a\u202eb"}),
        ("brief", {"brief": "x" * 10_001}),
        ("brief", {"brief": "a\0b"}),
        ("reviewers", {"reviewers": 3}),
        ("most_rounds", {"most_rounds": 0}),
        ("due_at", {"due_at": "tomorrow"}),
        ("rubric", {"rubric": [FIELDS["rubric"][0]] * 2}),
        ("rubric", {"rubric": [{"name": f"C{n}", "needed": 0, "levels": LEVELS} for n in range(13)]}),
        ("rubric", {"rubric": [{"name": " ", "needed": 0, "levels": LEVELS}]}),
        ("rubric", {"rubric": [{"name": "Form", "needed": 0, "levels": LEVELS[:1]}]}),
        ("rubric", {"rubric": [{"name": "Form", "needed": 3, "levels": LEVELS}]}),
        ("rubric", {"rubric": [{"name": "Form", "needed": -1, "levels": LEVELS}]}),
        ("rubric", {"rubric": [{"name": "Form", "needed": 0, "levels": LEVELS[::-1]}]}),
        (
            "rubric",
            {"rubric": [{"name": "Form", "needed": 0, "levels": [*LEVELS, {"name": "", "points": 11}]}]},
        ),
        ("rubric", {"rubric": [{"name": "a\u200bb", "needed": 0, "levels": LEVELS}]}),
    ],
)
def test_what_cannot_be_asked_is_refused_at_its_field(
    organisation: Organisation, issuer: Person, field: str, change: dict[str, Any]
) -> None:
    with pytest.raises(BadProject) as refusal:
        authoring.draft_project(by=issuer, organisation=organisation, fields=FIELDS | change, at=MONDAY)

    assert (field, "bad-project") == (refusal.value.field, refusal.value.code)


@pytest.mark.parametrize("change", [{"brief": ""}, {"rubric": []}])
def test_nothing_is_published_without_a_brief_and_a_rubric(
    organisation: Organisation, issuer: Person, change: dict[str, Any]
) -> None:
    draft = authoring.draft_project(by=issuer, organisation=organisation, fields=FIELDS | change, at=MONDAY)

    with pytest.raises(BadProject):
        authoring.publish_project(draft.project, by=issuer, at=MONDAY)

    assert not services.is_open(draft.project)


def test_who_has_begun_is_judged_by_what_they_began(
    publish: Callable[..., Project], issuer: Person, learner: Person
) -> None:
    """B156: criteria that change later bind nobody who has begun."""
    project = publish()
    work = services.begin(project, by=learner, at=MONDAY)

    authoring.edit_project(project, by=issuer, fields=FIELDS | {"name": "Seven bowls"}, at=MONDAY)
    authoring.publish_project(project, by=issuer, at=MONDAY)

    assert (
        services.begin(project, by=learner, at=TUESDAY).version.name,
        project.name,
    ) == ("Six bowls", "Seven bowls")
    assert work.version.number == 1


def test_the_database_changes_nothing_that_is_published(publish: Callable[..., Project]) -> None:
    publish()

    with pytest.raises(IntegrityError), transaction.atomic():
        ProjectVersion.objects.update(brief="Something else")

    assert FIELDS["brief"] == ProjectVersion.objects.get().brief


def test_the_trigger_is_there(db: None) -> None:
    sqlite = connection.vendor == "sqlite"
    table, column = ("sqlite_master", "name") if sqlite else ("information_schema.triggers", "trigger_name")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        found = {row[0] for row in cursor.fetchall()}

    assert "projects_projectversion_frozen" in found


def test_what_is_over_is_over(publish: Callable[..., Project], issuer: Person) -> None:
    project = publish()
    with pytest.raises(ProjectFrozen) as frozen:
        authoring.publish_project(project, by=issuer, at=MONDAY)
    authoring.archive_project(project, by=issuer, at=MONDAY)

    with pytest.raises(ProjectArchived) as archived:
        authoring.edit_project(project, by=issuer, fields=FIELDS, at=MONDAY)

    assert (frozen.value.code, archived.value.code) == ("project-frozen", "project-archived")


def test_a_closed_organisation_asks_nothing_new(organisation: Organisation, issuer: Person) -> None:
    organisation.closed_at = MONDAY
    organisation.save()

    with pytest.raises(OrganisationClosed):
        authoring.draft_project(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)


def test_an_extension_does_not_tell_whether_there_is_an_account(
    publish: Callable[..., Project], issuer: Person, learner: Person
) -> None:
    """B144"""
    project = publish()
    for email in (learner.email.upper(), "nobody@people.example"):
        authoring.extend(project, by=issuer, email=email, due_at=TUESDAY, at=MONDAY)
    rows = set(Extension.objects.values_list("email", "person", "due_at"))

    authoring.extend(project, by=issuer, email=learner.email, due_at=None, at=MONDAY)

    assert {(learner.email, None, TUESDAY), ("nobody@people.example", None, TUESDAY)} == rows
    assert Extension.objects.count() == 1
    with pytest.raises(BadProject):
        authoring.extend(project, by=issuer, email="nobody", due_at=TUESDAY, at=MONDAY)


# The rubric alone


def test_a_verdict_follows_from_the_levels() -> None:
    criteria = rubric.read(rubric.checked(FIELDS["rubric"]))

    assert rubric.is_enough(criteria, {"c1": "c1-l2", "c2": "c2-l2"})
    assert not rubric.is_enough(criteria, {"c1": "c1-l3", "c2": "c2-l1"})
    assert not rubric.is_enough((), {})
    assert rubric.is_complete(criteria, {"c1": "c1-l1", "c2": "c2-l1"})


@pytest.mark.parametrize(
    "levels",
    [{}, {"c1": "c1-l1"}, {"c1": "c1-l1", "c2": "c1-l1"}, {"c1": "c1-l1", "c2": "c2-l1", "c3": "c3-l1"}],
)
def test_what_is_no_judgement_of_every_criterion(levels: dict[str, str]) -> None:
    assert not rubric.is_complete(rubric.read(rubric.checked(FIELDS["rubric"])), levels)


@pytest.mark.parametrize(("places", "expected"), [([2], 2), ([0, 2], 0), ([2, 0, 1], 1), ([2, 2, 0], 2)])
def test_of_several_the_middle_and_of_two_the_lower(places: list[int], expected: int) -> None:
    criteria = rubric.read(rubric.checked(FIELDS["rubric"][:1]))

    [(criterion, level)] = rubric.settled(criteria, [{"c1": f"c1-l{place + 1}"} for place in places])

    assert criterion.levels[expected] == level
