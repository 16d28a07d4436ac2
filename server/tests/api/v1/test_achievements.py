# SPDX-License-Identifier: Apache-2.0
"""Achievements over the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from server.tests.api.conftest import FIELDS

from cairn_server.achievements.models import AchievementVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.api.conftest import Caller


ALIGNMENT = {"target_name": "Firing", "target_url": "https://skills.example/1"}


def test_an_achievement_is_drafted_read_published_and_listed(caller: Callable[..., Caller]) -> None:
    machine = caller("achievements:read", "achievements:write")

    made = machine.post("/achievements", FIELDS | {"level": "4", "credits": "2.50", "tags": ["kiln"]})
    address = f"/achievements/{made.json()['id']}"
    published = machine.post(f"{address}/publish")

    assert made.status_code == 201
    assert made.json()["state"] == "draft"
    assert published.json()["state"] == "published"
    assert published.json()["url"] == f"https://cairn.example/a/{made.json()['id']}"
    assert machine.get(address).json() == published.json()
    assert [item["id"] for item in machine.get("/achievements").json()["items"]] == [made.json()["id"]]
    assert machine.get("/achievements?state=draft").json()["items"] == []


@pytest.mark.parametrize(
    "name", ["state", "number", "public_id", "published_at", "organisation", "picture", "id"]
)
def test_b139_a_field_that_is_ours_is_refused_and_nothing_is_made(
    caller: Callable[..., Caller], name: str
) -> None:
    answer = caller().post("/achievements", FIELDS | {name: "published"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"in": "body", "field": f"body.{name}", "detail": "Extra inputs are not permitted"}
    ]
    assert not AchievementVersion.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"level": "9"}, "level"),
        ({"workload_hours": "many"}, "workload_hours"),
        ({"tags": "kiln"}, "tags"),
        ({"alignments": [{"target_name": "x"}]}, "alignments.0.target_url"),
        (
            {"alignments": [{"target_name": "x", "target_url": "https://s.example/1", "owner": 1}]},
            "alignments.0.owner",
        ),
    ],
)
def test_each_wrong_field_is_named_by_its_place(
    caller: Callable[..., Caller], change: dict[str, Any], field: str
) -> None:
    answer = caller().post("/achievements", FIELDS | change)

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid-fields"
    assert [error["field"] for error in answer.json()["errors"]] == [f"body.{field}"]


def test_a_refusal_of_the_verb_names_its_field(caller: Callable[..., Caller]) -> None:
    answer = caller().post("/achievements", FIELDS | {"language": "not a tag"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid-field"
    assert answer.json()["errors"][0]["field"] == "language"


def test_a_published_version_is_not_published_again(
    caller: Callable[..., Caller], version: AchievementVersion
) -> None:
    answer = caller().post(f"/achievements/{version.public_id}/publish")

    assert answer.status_code == 409


def test_b135_another_organisations_achievement_does_not_exist(
    foreign_caller: Caller, draft: AchievementVersion
) -> None:
    address = f"/achievements/{draft.public_id}"
    never = "/achievements/AAAAAAAAAAAAAAAAAAAAAA"

    assert foreign_caller.get("/achievements").json() == {"items": [], "next": None}
    assert foreign_caller.get(address).status_code == 404
    assert foreign_caller.get(address).content == foreign_caller.get(never).content
    assert (
        foreign_caller.post(f"{address}/publish").content == foreign_caller.post(f"{never}/publish").content
    )
    draft.refresh_from_db()
    assert not draft.is_published


def test_a_list_comes_page_by_page_and_misses_nothing(caller: Callable[..., Caller]) -> None:
    machine = caller()
    made = {
        machine.post("/achievements", FIELDS | {"name": f"Kiln {number}"}).json()["id"] for number in range(5)
    }

    seen, cursor = [], ""
    while cursor is not None:
        page = machine.get(f"/achievements?limit=2{cursor and f'&cursor={cursor}'}").json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]

    assert len(seen) == 5
    assert set(seen) == made


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=x", "order=name", "state=gone", "cursor="]
)
def test_b155_a_query_that_is_not_listed_is_refused(caller: Callable[..., Caller], query: str) -> None:
    assert caller().get(f"/achievements?{query}").status_code == 422


def test_b15_a_repeated_parameter_is_refused(caller: Callable[..., Caller]) -> None:
    answer = caller().get("/achievements?limit=2&limit=3")

    assert answer.status_code == 400
    assert answer.json()["code"] == "repeated-parameter"


def test_b135_a_foreign_cursor_is_as_unknown_as_an_invented_one(
    foreign_caller: Caller, draft: AchievementVersion
) -> None:
    foreign = foreign_caller.get(f"/achievements?cursor={draft.public_id}")
    invented = foreign_caller.get("/achievements?cursor=AAAAAAAAAAAAAAAAAAAAAA")

    assert foreign.status_code == 400
    assert foreign.content == invented.content
