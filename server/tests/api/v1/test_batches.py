# SPDX-License-Identifier: Apache-2.0
"""Many awards at once over the API: any form of list, a result for each, and nobody twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from server.tests import spreadsheets
from server.tests.conftest import MONDAY

from cairn_server.api.v1 import batches as interface
from cairn_server.issuing import batches, receiving
from cairn_server.issuing.incoming import ListFile
from cairn_server.issuing.models import Batch, Credential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpResponse
    from server.tests.api.conftest import Caller

    from cairn_server.achievements.models import AchievementVersion

PEOPLE = [{"email": f"p{n}@people.example", "name": f"Person {n}"} for n in range(3)]
LINES, CSV = "application/x-ndjson", "text/csv"


def as_lines(people: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in people)


def read_lines(answer: HttpResponse) -> list[dict[str, Any]]:
    assert answer["Content-Type"] == LINES
    return [json.loads(line) for line in answer.getvalue().splitlines()]


@pytest.fixture(autouse=True)
def on_monday() -> Iterator[None]:
    # The interface reads the clock; the work that follows is told the same day.
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def bring(caller: Callable[..., Caller], version: AchievementVersion) -> Callable[..., HttpResponse]:
    machine = caller()

    def send(
        body: bytes,
        kind: str = "application/json",
        *,
        key: str = "list-1",
        who: Caller = machine,
        query: str = "",
    ) -> HttpResponse:
        path = f"/batches?achievement={version.public_id}{query}"
        if kind == LINES:  # a line each, also when the answer is a refusal
            return who.client.generic(
                "POST", f"/api/v1{path}", body, kind,
                headers={"Authorization": f"Bearer {who.token}", "Idempotency-Key": key},
            )  # fmt: skip
        return who.send("POST", path, body, kind, Idempotency_Key=key)

    return send


def work_off() -> Batch:
    batch = Batch.objects.latest("pk")
    batches.run_batch(batch, at=MONDAY)
    return batch


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps(PEOPLE).encode(), "application/json"),
        (as_lines(PEOPLE), LINES),
        (b"email;name\n" + b"".join(f"{p['email']};{p['name']}\n".encode() for p in PEOPLE), CSV),
        (
            spreadsheets.spreadsheet(
                [["email", "name"], *[[p["email"], p["name"]] for p in PEOPLE]]
            ).getvalue(),
            interface.XLSX,
        ),
    ],
)
def test_a_list_in_any_form_is_awarded(body: bytes, kind: str, bring: Callable[..., HttpResponse]) -> None:
    answer = bring(body, kind)

    assert answer.status_code == 201, answer.content
    batch = work_off()
    assert (batch.state, batch.awarded, Credential.objects.count()) == ("done", 3, 3)


def test_the_batch_can_be_read_and_says_what_became_of_each(
    bring: Callable[..., HttpResponse], caller: Callable[..., Caller]
) -> None:
    made = bring(json.dumps(PEOPLE).encode(), query="&name=Course+7").json()
    assert (made["state"], made["name"], made["counts"]["total"]) == ("queued", "Course 7", 3)
    work_off()

    machine = caller("awards:read")
    assert machine.get(f"/batches/{made['id']}").json()["counts"]["awarded"] == 3
    assert [each["id"] for each in machine.get("/batches?state=done").json()["items"]] == [made["id"]]
    results = read_lines(machine.get(f"/batches/{made['id']}/results"))
    assert [each["line"] for each in results] == [1, 2, 3]
    assert {each["state"] for each in results} == {"awarded"}
    award = machine.get(f"/awards/{results[0]['award']}").json()
    assert (award["url"], award["recipient"]["name"]) == (results[0]["url"], "Person 0")


def test_lines_are_answered_line_by_line(bring: Callable[..., HttpResponse]) -> None:
    bring(as_lines(PEOPLE[:1]), LINES)
    work_off()

    *results, last = read_lines(bring(as_lines(PEOPLE), LINES, key="list-2"))

    assert [each["state"] for each in results] == ["already", "waiting", "waiting"]
    assert results[0]["award"] == Credential.objects.get().public_id
    assert (last["state"], last["counts"]["total"], last["counts"]["already"]) == ("queued", 3, 1)


def test_the_same_key_with_the_same_list_starts_nothing_anew(bring: Callable[..., HttpResponse]) -> None:
    first = bring(json.dumps(PEOPLE).encode())

    again = bring(json.dumps(PEOPLE).encode())

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert Batch.objects.count() == 1


@pytest.mark.parametrize("what", ["list", "achievement"])
def test_the_same_key_with_something_else_is_refused(
    what: str, bring: Callable[..., HttpResponse], version: AchievementVersion, issuer: Any
) -> None:
    from cairn_server.achievements import services as achievements

    body = json.dumps(PEOPLE).encode()
    bring(body)
    if what == "list":
        answer = bring(json.dumps(PEOPLE[:2]).encode())
    else:
        newer = achievements.publish(
            achievements.new_version(version.achievement, by=issuer, at=MONDAY), by=issuer, at=MONDAY
        )
        version.public_id = newer.public_id
        answer = bring(body)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")


def test_the_same_list_under_another_key_awards_nobody_twice_and_says_so(
    bring: Callable[..., HttpResponse],
) -> None:
    first = bring(json.dumps(PEOPLE).encode()).json()
    work_off()

    again = bring(json.dumps(PEOPLE).encode(), key="list-2")

    assert again.status_code == 201
    assert again.json()["same_list_as"] == first["id"]
    assert again.json()["counts"] | {"problems": 0} == {
        "total": 3, "already": 3, "waiting": 0, "awarded": 0, "failed": 0, "mended": 0, "cancelled": 0,
        "problems": 0,
    }  # fmt: skip
    assert Credential.objects.count() == 3


def test_b117_a_recipient_with_a_problem_refuses_the_whole_list_and_frees_its_key(
    bring: Callable[..., HttpResponse],
) -> None:
    answer = bring(json.dumps([*PEOPLE, {"email": "x@", "name": "X"}]).encode())

    assert (answer.status_code, answer.json()["code"]) == (422, "list-has-problems")
    assert answer.json()["errors"] == [
        {
            "in": "body",
            "line": 4,
            "field": "email",
            "code": "email-wrong",
            "detail": "is not an e-mail address.",
        }
    ]
    assert not Batch.objects.exists()
    assert bring(json.dumps(PEOPLE).encode()).status_code == 201


def test_lines_with_problems_are_answered_with_each(bring: Callable[..., HttpResponse]) -> None:
    answer = bring(as_lines([*PEOPLE, {"email": "x@", "name": "X"}]) + b"nonsense\n", LINES)

    assert answer.status_code == 422
    *results, last = read_lines(answer)
    assert [(each["line"], each["problems"][0]["code"]) for each in results] == [
        (4, "email-wrong"), (5, "line-json"),
    ]  # fmt: skip
    assert last["problem"]["code"] == "list-has-problems"


def test_or_they_are_left_out(bring: Callable[..., HttpResponse]) -> None:
    answer = bring(as_lines([*PEOPLE, {"email": "x@", "name": "X"}]), LINES, query="&leave_out=true")

    assert answer.status_code == 201
    *results, last = read_lines(answer)
    assert [each["state"] for each in results] == ["waiting", "waiting", "waiting", "problem"]
    assert last["counts"]["problems"] == 1
    assert work_off().awarded == 3


def test_a_long_list_is_checked_in_the_background_and_starts_itself(
    bring: Callable[..., HttpResponse], monkeypatch: pytest.MonkeyPatch, caller: Callable[..., Caller]
) -> None:
    monkeypatch.setattr(interface, "AT_ONCE_BYTES", 10)

    answer = bring(as_lines(PEOPLE), LINES)

    assert (answer.status_code, answer.json()["state"]) == (202, "received")
    receiving.check_waiting(at=MONDAY)
    assert caller().get(f"/batches/{answer.json()['id']}").json()["state"] == "queued"


def test_a_long_list_with_problems_waits_to_be_told(
    bring: Callable[..., HttpResponse], monkeypatch: pytest.MonkeyPatch, caller: Callable[..., Caller]
) -> None:
    monkeypatch.setattr(interface, "AT_ONCE_BYTES", 10)
    made = bring(as_lines([*PEOPLE, {"email": "x@", "name": "X"}]), LINES).json()
    receiving.check_waiting(at=MONDAY)
    machine = caller()

    assert machine.get(f"/batches/{made['id']}").json()["counts"]["problems"] == 1
    refused = machine.post(f"/batches/{made['id']}/start")
    started = machine.post(f"/batches/{made['id']}/start", {"leave_out": True})

    assert (refused.status_code, refused.json()["code"]) == (409, "list-has-problems")
    assert (started.status_code, started.json()["state"]) == (200, "queued")


def test_a_list_that_ends_in_what_cannot_be_read_says_where(
    bring: Callable[..., HttpResponse], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cairn_server.issuing.lists.checking._LINES_SURVEYED", 1)

    answer = bring(b"email,name\na@b.example,A\nc@d.example,C\0\n", CSV)

    assert (answer.status_code, answer.json()["code"]) == (422, "list-unreadable")
    assert answer.json()["detail"] == "Line 3: This line holds a NUL character. Is it a text file?"
    assert not ListFile.objects.exists()


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{}", "application/json", 400, "json-not-list"),
        (b'[{"email": "a@b.example"}, 7]', "application/json", 400, "json-not-list"),
        (
            b'[{"email": "a@b.example", "email": "c@d.example"}]',
            "application/json",
            400,
            "json-duplicate-key",
        ),
        (b"[]", "application/json", 422, "list-unreadable"),
        (b" " * (2 * 1024 * 1024 + 1), "application/json", 413, "limit-size"),
        (b"x", "text/plain", 415, "media-type"),
        (b"\n", CSV, 422, "list-unreadable"),
    ],
)
def test_what_is_no_list_is_refused(
    body: bytes, kind: str, status: int, code: str, bring: Callable[..., HttpResponse]
) -> None:
    answer = bring(body, kind)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Batch.objects.exists()


def test_a_list_over_the_limit_is_refused_while_it_comes(
    bring: Callable[..., HttpResponse], settings: Any
) -> None:
    settings.LIST_MAX_MB = 1

    assert bring(b"x" * 1_100_000, CSV).json()["code"] == "limit-size"


def test_a_list_is_paused_resumed_and_cancelled(
    bring: Callable[..., HttpResponse], caller: Callable[..., Caller]
) -> None:
    made, machine = bring(json.dumps(PEOPLE).encode()).json(), caller()

    found = [machine.post(f"/batches/{made['id']}/{verb}").json() for verb in ("pause", "resume", "cancel")]
    again = machine.post(f"/batches/{made['id']}/cancel")

    assert [each["state"] for each in found] == ["paused", "queued", "cancelled"]
    assert (again.status_code, again.json()["code"]) == (409, "batch-state")
    assert not Credential.objects.exists()


def test_a_list_above_the_limit_waits_for_a_person(
    bring: Callable[..., HttpResponse], version: AchievementVersion
) -> None:
    organisation = version.achievement.organisation
    organisation.approval_above = 2
    organisation.save()

    assert bring(json.dumps(PEOPLE).encode()).json()["state"] == "awaiting-approval"


def test_b135_another_organisation_has_neither_the_list_nor_its_key(
    bring: Callable[..., HttpResponse], foreign_caller: Caller
) -> None:
    made = bring(json.dumps(PEOPLE).encode()).json()

    for path in ("", "/results"):
        assert foreign_caller.get(f"/batches/{made['id']}{path}").status_code == 404
    for verb in ("start", "pause", "resume", "cancel"):
        assert foreign_caller.post(f"/batches/{made['id']}/{verb}").status_code == 404
    answer = bring(json.dumps(PEOPLE).encode(), who=foreign_caller)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-achievement")
