# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server.tests.conftest import MONDAY
from server.tests.desk import FIELDS

from cairn_server.achievements import services
from cairn_server.achievements.models import AchievementVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation


@pytest.fixture
def client(issuer: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(issuer)


@pytest.fixture
def own(organisation: Organisation) -> str:
    return f"/organisations/{organisation.public_id}/achievements"


@pytest.fixture
def draft(issuer: Person, organisation: Organisation) -> AchievementVersion:
    return services.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)


def form(**changes: str) -> dict[str, str]:
    usual = {
        "name": "Bicycle repair",
        "description": "Mends what breaks.",
        "criteria": "Mend a tyre.",
        "achievement_type": "MicroCredential",
        "language": "en",
        "tags": "bicycle, repair",
        "skills-TOTAL_FORMS": "0",
        "skills-INITIAL_FORMS": "0",
        "do": "save",
    }
    return usual | changes


SKILL = {
    "skills-TOTAL_FORMS": "2",
    "skills-0-target_name": "mend tyres",
    "skills-0-target_url": "https://skills.example/1",
}


def test_the_editor_saves_a_draft_with_its_skills(client: Client, own: str) -> None:
    """The second row is empty, and left out."""
    answer = client.post(f"{own}/new", form(**SKILL))

    made = AchievementVersion.objects.get()
    assert answer["Location"] == f"{own}/{made.public_id}/picture"
    assert [skill["target_name"] for skill in made.alignments] == ["mend tyres"]
    assert made.tags == ["bicycle", "repair"]


@pytest.mark.parametrize(
    "do",
    [
        "add-skill",
        "preview",
        "remove-skill-1",
        "remove-skill-99",
        "remove-skill-²",
        "remove-skill-" + "9" * 5000,
    ],
)
def test_the_buttons_of_the_editor_keep_what_was_typed_and_save_nothing(
    do: str, client: Client, own: str
) -> None:
    page = client.post(f"{own}/new", form(**SKILL, do=do))

    editor = page.context["editor"]
    assert page.status_code == 200
    assert editor.form["name"].value() == "Bicycle repair"
    assert editor.skills[0]["target_name"].value() == "mend tyres"
    assert {"add-skill": 3, "remove-skill-1": 1}.get(do, 2) == len(editor.skills)
    assert AchievementVersion.objects.count() == 0


def test_the_preview_of_criteria_does_nothing_but_read(client: Client, own: str) -> None:
    """B125 B126"""
    text = "**bold** <script>alert(1)</script> [x](javascript:alert(1)) ![beacon](https://evil.example/x.png)"

    page = client.post(f"{own}/new", form(criteria=text, do="preview"))

    shown = str(page.context["editor"].criteria)
    assert "<strong>bold</strong>" in shown
    assert "<script" not in shown
    assert 'href="javascript' not in shown
    assert "<img" not in shown


def test_a_skill_without_an_address_is_shown_where_it_is(client: Client, own: str) -> None:
    page = client.post(f"{own}/new", form(**SKILL | {"skills-0-target_url": ""}))

    assert page.status_code == 422
    assert list(page.context["editor"].skills[0].errors) == ["target_url"]


def test_a_refusal_of_the_verb_stands_beside_its_field(client: Client, own: str) -> None:
    """B129: invisible characters in a name."""
    page = client.post(f"{own}/new", form(name="Bicycle\u202erepair"))

    assert page.status_code == 422
    assert list(page.context["editor"].form.errors) == ["name"]


def test_what_is_not_on_the_form_is_not_taken(client: Client, own: str, draft: AchievementVersion) -> None:
    """B139"""
    client.post(
        f"{own}/{draft.public_id}/edit", form(state="published", number="9", published_at="2001-01-01")
    )

    draft.refresh_from_db()
    assert (draft.name, draft.state, draft.number, draft.published_at) == ("Bicycle repair", "draft", 1, None)


@pytest.mark.parametrize("page", ["edit", "picture", "publish"])
def test_what_is_published_is_frozen(
    page: str, client: Client, own: str, issuer: Person, draft: AchievementVersion
) -> None:
    """B156"""
    services.publish(draft, by=issuer, at=MONDAY)

    assert client.get(f"{own}/{draft.public_id}/{page}").status_code == 409
    assert client.post(f"{own}/{draft.public_id}/{page}", form()).status_code == 409
    draft.refresh_from_db()
    assert draft.name == "First firing"


def test_publishing_needs_what_every_credential_needs(
    client: Client, own: str, issuer: Person, organisation: Organisation
) -> None:
    bare = services.draft_achievement(
        by=issuer, organisation=organisation, fields={"name": "Bare"}, at=MONDAY
    )

    page = client.post(f"{own}/{bare.public_id}/publish")

    assert page.status_code == 422
    assert "criteria" in page.content.decode()


def test_a_change_makes_a_new_version(
    client: Client, own: str, issuer: Person, draft: AchievementVersion
) -> None:
    services.publish(draft, by=issuer, at=MONDAY)

    answer = client.post(f"{own}/{draft.achievement.public_id}/new-version")

    newest = AchievementVersion.objects.get(number=2)
    assert answer["Location"] == f"{own}/{newest.public_id}/edit"


# The picture


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["First firing", "Glazing"]),
        ({"q": "glaz"}, ["Glazing"]),
        ({"state": "published"}, ["Glazing"]),
        ({"state": "draft"}, ["First firing"]),
        ({"state": "archived"}, []),
        ({"state": "nonsense"}, ["First firing", "Glazing"]),
    ],
)
def test_the_list_is_searched_and_narrowed(
    query: dict[str, str],
    found: list[str],
    client: Client,
    own: str,
    issuer: Person,
    organisation: Organisation,
    draft: AchievementVersion,
) -> None:
    glazing = services.draft_achievement(
        by=issuer,
        organisation=organisation,
        fields=FIELDS | {"name": "Glazing", "description": "Dips."},
        at=MONDAY,
    )
    services.publish(glazing, by=issuer, at=MONDAY)

    page = client.get(own, query)

    assert found == sorted(row.version.name for row in page.context["rows"])


def test_archiving_takes_it_off_the_list_and_keeps_its_page(
    client: Client, own: str, draft: AchievementVersion
) -> None:
    client.post(f"{own}/{draft.achievement.public_id}/archive")

    assert client.get(own).context["rows"] == []
    assert len(client.get(own, {"state": "archived"}).context["rows"]) == 1
    assert client.get(f"{own}/{draft.public_id}").status_code == 200


def test_workload_and_validity_are_facts_of_a_version(
    organisation: Organisation, owner: Person, signed_in: Callable[[Person], Client]
) -> None:
    fields = FIELDS | {"workload_hours": 60, "validity_days": 365}
    made = services.draft_achievement(by=owner, organisation=organisation, fields=fields, at=MONDAY)

    page = (
        signed_in(owner)
        .get(f"/organisations/{organisation.public_id}/achievements/{made.public_id}")
        .content.decode()
    )

    assert "<dt>Workload</dt><dd>60 hours</dd>" in page
    assert "<dt>Valid</dt><dd>365 days from the award</dd>" in page
    assert "Workload:" not in page
