# SPDX-License-Identifier: Apache-2.0
"""The pages of a list, from the file to the last e-mail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from server.tests import lists, spreadsheets
from server.tests.conftest import MONDAY
from server.tests.desk import FIELDS

from cairn_server.achievements import services as achievements
from cairn_server.issuing import batches, receiving
from cairn_server.issuing.models import Batch, BatchRow, Credential, Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpResponse
    from django.test import Client

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.organisations.models import Organisation

GOOD = "email;name\nzoe@people.example;Zoë\nyve@people.example;Yve\n"
BAD = GOOD + "xia@;Xia\n"


@dataclass(frozen=True)
class Desk:
    organisation: Organisation
    version: AchievementVersion


@pytest.fixture
def desk(organisation: Organisation, issuer: Person) -> Iterator[Desk]:
    # The pages read the clock; what they show was made on that Monday.
    with time_machine.travel(MONDAY, tick=False):
        draft = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)
        yield Desk(organisation, achievements.publish(draft, by=issuer, at=MONDAY))


@pytest.fixture
def client(issuer: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(issuer)


@pytest.fixture
def base(desk: Desk) -> str:
    return f"/organisations/{desk.organisation.public_id}"


def bring(
    desk: Desk, client: Client, text: str | bytes = GOOD, *, name: str = "", **more: Any
) -> HttpResponse:
    file = (
        {"file": SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())} if name else {}
    )
    text = {} if name else {"text": text}
    where = f"/organisations/{desk.organisation.public_id}/award/list"
    return client.post(where, {"version": desk.version.public_id, **text, **file, **more})


def settle(client: Client, brought: HttpResponse, **more: Any) -> HttpResponse:
    """Say that the columns are as they were guessed."""
    page = client.get(brought["Location"])
    fields = {each.html_name: each.value() or "" for each in page.context["form"]}
    return client.post(brought["Location"], {**fields, "do": "check", **more})


@pytest.fixture
def checked(desk: Desk, client: Client) -> Callable[..., Batch]:
    def make(text: str | bytes = GOOD, **more: Any) -> Batch:
        answer = settle(client, bring(desk, client, text, **more))
        assert answer.status_code == 302, answer.context["form"].errors
        return Batch.objects.latest("pk")

    return make


def act(client: Client, base: str, batch: Batch, do: str, **more: str) -> HttpResponse:
    return client.post(f"{base}/batches/{batch.public_id}/act", {"do": do, **more}, follow=True)


def words(page: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


# Bringing it


def test_a_list_goes_from_the_file_to_credentials(desk: Desk, client: Client, base: str) -> None:
    columns = bring(desk, client, GOOD.encode("cp1252"), name="course.csv")
    page = client.get(columns["Location"])
    assert [cells for _column, cells in page.context["form"].columns] == [
        ["zoe@people.example", "yve@people.example"],
        ["Zoë", "Yve"],
    ]
    assert "Windows-1252" in page.content.decode()

    looked = client.get(settle(client, columns)["Location"])
    assert "2 people get First firing" in words(looked)
    assert Credential.objects.filter(batch__isnull=False).count() == 0
    batch = Batch.objects.latest("pk")
    running = act(client, base, batch, "start")

    assert "0 of 2 rows done" in words(running)
    batches.run_batch(batch, at=MONDAY)
    assert {each.recipient_name for each in batch.credentials.all()} == {"Zoë", "Yve"}
    assert "2 of 2 rows done" in words(client.get(f"{base}/batches/{batch.public_id}"))


def test_a_spreadsheet_is_brought_like_any_other_file(checked: Callable[..., Batch], desk: Desk) -> None:
    file = spreadsheets.spreadsheet([["name", "e-mail"], ["Zoë", "zoe@people.example"]]).getvalue()

    batch = checked(file, name="course.xlsx")

    assert (batch.source_name, batch.rows.get().values["name"]) == ("course.xlsx", "Zoë")


def test_a_large_file_is_read_from_disk(checked: Callable[..., Batch], settings: Any, client: Client) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10

    assert checked(GOOD, name="course.csv").total == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "Choose a file, or paste the rows."),
        (b"email,name\n\x81\x8d", "The letters of this list cannot be read. Save it as UTF-8."),
        (b"PK\x03\x04", "The spreadsheet is damaged. Save it again, or save it as CSV."),
    ],
)
def test_a_list_that_is_none_comes_back_with_the_form(
    text: bytes, sentence: str, desk: Desk, client: Client
) -> None:
    page = bring(desk, client, text, name="course.csv") if text else bring(desk, client, "")

    assert page.status_code == 422
    assert sentence in str(page.context["form"].errors)
    assert not Batch.objects.exists()


def test_a_file_over_the_limit_is_refused(desk: Desk, client: Client, settings: Any) -> None:
    settings.LIST_MAX_MB = 1

    page = bring(desk, client, b"email,name\n" + b" " * 1_100_000, name="list.csv")

    assert "A list may have 1 MB at most. Divide it." in str(page.context["form"].errors)


def test_b106_a_body_far_over_the_limit_is_refused_before_it_is_kept(
    desk: Desk, client: Client, settings: Any
) -> None:
    settings.LIST_MAX_MB = 1

    assert bring(desk, client, b" " * 5_000_000, name="list.csv").status_code == 413


# Columns


def test_another_way_of_reading_is_looked_at_before_it_is_chosen(desk: Desk, client: Client) -> None:
    brought = bring(desk, client, "email,name\nluk@people.example,Łukasz\n".encode("cp1250"), name="l.csv")

    page = settle(client, brought, do="look", encoding="cp1250")

    assert "Łukasz" in page.content.decode()
    assert page.context["form"]["encoding"].value() == "cp1250"


def test_columns_that_do_not_say_whom_are_named_beside_their_field(desk: Desk, client: Client) -> None:
    brought = bring(desk, client, "Adresse,Wer,mail,e-mail\nx,y,z,w\n")

    page = settle(client, brought, column_0="email", column_1="", column_2="email", column_3="")

    assert page.status_code == 422
    errors = page.context["form"].errors
    assert list(errors) == ["column_2", "__all__"]
    assert "no column is called “name”" in str(errors).lower()


def test_whether_the_day_comes_first_is_asked_where_it_matters(desk: Desk, client: Client) -> None:
    brought = bring(desk, client, "email,name,date\nzoe@people.example,Zoë,03/04/2026\n")

    asked, answered = settle(client, brought), settle(client, brought, dates="day")

    assert list(asked.context["form"].errors) == ["dates"]
    assert answered.status_code == 302
    assert BatchRow.objects.latest("pk").values["issue_date"] == "2026-04-03"


def test_what_was_chosen_is_there_the_next_time(desk: Desk, client: Client) -> None:
    text = "Adresse,Wer\nzoe@people.example,Zoë\n"
    settle(client, bring(desk, client, text), column_0="email", column_1="name")

    page = client.get(bring(desk, client, text)["Location"])

    assert [each.value() for each, _cells in page.context["form"].columns] == ["email", "name"]


def test_the_same_file_again_is_named(
    desk: Desk, client: Client, base: str, checked: Callable[..., Batch]
) -> None:
    first = checked()
    act(client, base, first, "start")
    batches.run_batch(first, at=MONDAY)

    again = checked()

    page = client.get(f"{base}/batches/{again.public_id}")
    assert "You brought this very file before" in words(page)
    assert "Everybody on this list has it already" in words(page)


# Checking, starting


def test_a_long_list_is_checked_in_the_background_with_numbers(
    desk: Desk, client: Client, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "AT_ONCE_BYTES", 10)
    where = settle(client, bring(desk, client, BAD))["Location"]

    page = client.get(where)
    part = client.get(where, headers={"HX-Request": "true"})

    assert "0 % of the file read" in words(page)
    assert 'hx-trigger="every 1s"' in part.content.decode()
    assert "<html" not in part.content.decode()
    receiving.check_waiting(at=MONDAY)
    assert client.get(where, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert "2 people get First firing" in words(client.get(where))


def test_rows_with_mistakes_are_named_and_nobody_is_awarded_by_the_way(
    client: Client, base: str, checked: Callable[..., Batch]
) -> None:
    """B117: nothing is half imported."""
    batch = checked(BAD)

    page = client.get(f"{base}/batches/{batch.public_id}")
    refused = act(client, base, batch, "start")

    assert page.context["page"].object_list == [(4, "email", "xia@", "is not an e-mail address.")]
    assert "4 email xia@ is not an e-mail address." in words(page)
    assert "Award 2 and leave out 1 row" in words(page)
    assert "Mend the problems of the list first" in words(refused)
    batch.refresh_from_db()
    assert batch.state == "checked"


def test_they_can_be_left_out(client: Client, base: str, checked: Callable[..., Batch]) -> None:
    batch = checked(BAD)

    page = act(client, base, batch, "start", leave_out="1")

    assert "Started." in words(page)
    assert "Rows with problems" in words(page), "they can still be mended"


def test_they_go_out_as_a_file_and_come_back_mended(
    client: Client, base: str, checked: Callable[..., Batch]
) -> None:
    batch = checked(BAD)
    there = f"{base}/batches/{batch.public_id}"

    file = b"".join(client.get(f"{there}/problems.csv").streaming_content).decode()
    assert file.splitlines() == [
        "\ufeffemail,name,Line,Problem",
        "xia@,Xia,4,email: is not an e-mail address.",
    ]
    mended = SimpleUploadedFile("rows-to-mend.csv", file.replace("xia@,", "xia@people.example,").encode())
    page = client.post(f"{there}/mend", {"file": mended}, follow=True)

    assert "1 row was mended." in words(page)
    assert "3 people get First firing" in words(page)


def test_a_file_that_mends_nothing_says_why(client: Client, base: str, checked: Callable[..., Batch]) -> None:
    batch = checked(BAD)
    there = f"{base}/batches/{batch.public_id}"

    nothing = client.post(f"{there}/mend", {})
    other = client.post(f"{there}/mend", {"file": SimpleUploadedFile("a.csv", GOOD.encode())})
    stray = SimpleUploadedFile("a.csv", b"email,Line\nxia@people.example,2\n")
    strayed = client.post(f"{there}/mend", {"file": stray}, follow=True)

    assert (nothing.status_code, other.status_code) == (422, 422)
    assert "no column is called “Line”" in words(other)
    assert "Line 2: no row of the list with this line waits to be mended." in words(strayed)


def test_b118_what_goes_out_is_never_run_by_a_spreadsheet(
    client: Client, base: str, checked: Callable[..., Batch]
) -> None:
    batch = checked('email,name\n=cmd|calc,"@SUM(1)"\nzoe@people.example,Zoë\n')

    file = b"".join(client.get(f"{base}/batches/{batch.public_id}/problems.csv").streaming_content).decode()

    assert file.splitlines()[1].startswith("'=cmd|calc,'@SUM(1),2,")


def test_problems_are_paged(client: Client, base: str, checked: Callable[..., Batch]) -> None:
    batch = checked("email,name\n" + "x@,X\n" * 60)

    page = client.get(f"{base}/batches/{batch.public_id}?page=3")

    assert [line for line, *_rest in page.context["page"].object_list] == list(range(52, 62))


def test_a_list_that_was_discarded_is_gone(client: Client, base: str, checked: Callable[..., Batch]) -> None:
    batch = checked()

    page = act(client, base, batch, "discard")

    assert "Nothing of the list was kept" in words(page)
    assert not Batch.objects.filter(pk=batch.pk).exists()


# Approval


def test_a_second_person_approves_above_the_limit_and_not_who_started(
    desk: Desk, client: Client, base: str, checked: Callable[..., Batch], owner: Person,
    signed_in: Callable[[Person], Client],
) -> None:  # fmt: skip
    desk.organisation.approval_above = 1
    desk.organisation.save()
    batch = checked()
    assert "A second person approves it" in words(client.get(f"{base}/batches/{batch.public_id}"))

    waiting = act(client, base, batch, "start")
    alone = act(client, base, batch, "approve")
    other = signed_in(owner)
    shown = other.get(f"{base}/batches/{batch.public_id}")
    approved = act(other, base, batch, "approve")

    assert "Somebody else approves it" in words(waiting)
    assert "not the person who started it" in words(alone)
    assert "wants to award 2 credentials" in words(shown)
    assert "Zoë" in words(shown)
    assert "Approved." in words(approved)
    batch.refresh_from_db()
    assert (batch.state, batch.approved_by) == ("queued", owner)


# Running


@pytest.fixture
def started(client: Client, base: str, checked: Callable[..., Batch]) -> Batch:
    batch = checked()
    act(client, base, batch, "start")
    batch.refresh_from_db()
    return batch


def test_it_is_paused_and_goes_on(client: Client, base: str, started: Batch) -> None:
    paused = act(client, base, started, "pause")
    batches.run_waiting_batches(at=MONDAY)
    started.refresh_from_db()
    assert (started.state, started.awarded) == ("paused", 0)
    resumed = act(client, base, started, "resume")

    assert "Paused" in words(paused)
    assert "It goes on." in words(resumed)


def test_it_is_cancelled(client: Client, base: str, started: Batch) -> None:
    page = act(client, base, started, "cancel")

    assert "2 cancelled" in words(page)
    batches.run_waiting_batches(at=MONDAY)
    assert not started.credentials.exists()


def test_it_is_undone_before_anybody_was_told_and_not_afterwards(
    desk: Desk, client: Client, base: str, started: Batch
) -> None:
    started.refresh_from_db()
    started.release_at = MONDAY + timedelta(minutes=9)
    started.save()
    batches.run_batch(started, at=MONDAY)

    page = client.get(f"{base}/batches/{started.public_id}")
    assert "The e-mails leave at 09:09 UTC, in 9 min 0 s." in words(page)
    undone = act(client, base, started, "undo", reason="Wrong course")

    assert "nobody is told" in words(undone)
    assert not Delivery.objects.filter(credential__batch=started).exists()
    again = act(client, base, started, "undo")
    assert "on their way" in words(again)


def test_the_e_mails_can_leave_at_once(client: Client, base: str, started: Batch) -> None:
    started.release_at = MONDAY + timedelta(minutes=9)
    started.save()
    batches.run_batch(started, at=MONDAY)
    batches.release_due(at=MONDAY)
    assert not Delivery.objects.filter(credential__batch=started).exists()

    act(client, base, started, "release")

    batches.release_due(at=MONDAY)
    assert Delivery.objects.filter(credential__batch=started).count() == 2


def test_a_batch_shows_numbers_and_answers_htmx_with_the_numbers_alone(
    client: Client, base: str, started: Batch
) -> None:
    where = f"{base}/batches/{started.public_id}"

    part = client.get(f"{where}?was=queued", headers={"HX-Request": "true"})
    batches.run_batch(started, at=MONDAY)
    changed = client.get(f"{where}?was=queued", headers={"HX-Request": "true"})

    assert "0 of 2 rows done" in words(part)
    assert "<html" not in part.content.decode()
    assert changed["HX-Refresh"] == "true"


def test_the_rate_and_the_time_left_are_those_of_the_last_minute(
    client: Client, base: str, started: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cairn_server.issuing.models import BatchChunk

    Batch.objects.filter(pk=started.pk).update(
        state="running", begun_at=MONDAY - timedelta(hours=1), total=10_000, awarded=6_000
    )
    BatchChunk.objects.filter(batch=started).update(state="done", rows=6_000, finished_at=MONDAY, awarded=0)

    page = words(client.get(f"{base}/batches/{started.public_id}"))

    assert "100 a second" in page
    assert "40 s left, about" in page


def test_b118_every_row_and_its_outcome_is_a_file(
    client: Client, base: str, checked: Callable[..., Batch]
) -> None:
    batch = checked(BAD.replace("Zoë", "'+Zoë"))
    act(client, base, batch, "start", leave_out="1")
    batches.run_batch(batch, at=MONDAY)

    answer = client.get(f"{base}/batches/{batch.public_id}?format=csv")
    rows = b"".join(answer.streaming_content).decode().splitlines()

    assert [row.split(",")[:4] for row in rows[1:]] == [
        ["3", "Yve", "yve@people.example", "Awarded"],
        ["2", "", "", "Left out"],
        ["4", "", "", "Left out"],
    ]


# Looking


def test_everybody_on_a_list_is_shown_a_page_at_a_time(
    desk: Desk, client: Client, base: str, issuer: Person
) -> None:
    text = "email,name\n" + "".join(f"p{n}@people.example,Person {n}\n" for n in range(60))
    batch = lists.started(text, by=issuer, version=desk.version)
    batches.run_batch(batch, at=MONDAY)

    page = client.get(f"{base}/batches/{batch.public_id}/rows?page=2")

    shown = page.context["rows"]
    assert (len(shown), shown[0][0].values["name"], shown[0][1]) == (25, "Person 25", "awarded")
    assert "26 to 50 of 60" in words(page)


def test_the_lists_of_an_organisation_are_shown_the_newest_first(
    client: Client, base: str, checked: Callable[..., Batch]
) -> None:
    batch = checked(name="course.csv")

    page = client.get(f"{base}/batches")

    assert page.context["page"].object_list[0] == batch
    assert "course.csv" in words(page)


def test_an_auditor_looks_and_is_offered_nothing_to_do(
    base: str, started: Batch, auditor: Person, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(auditor)

    page = client.get(f"{base}/batches/{started.public_id}")

    assert page.status_code == 200
    assert "batch-act" not in page.content.decode()
    assert "/act" not in page.content.decode()
    assert client.post(f"{base}/batches/{started.public_id}/act", {"do": "cancel"}).status_code == 403


@pytest.mark.parametrize("do", ["", "delete"])
def test_what_nobody_can_do_to_a_list_does_nothing(
    do: str, client: Client, base: str, started: Batch
) -> None:
    page = act(client, base, started, do)

    started.refresh_from_db()
    assert (page.status_code, started.state) == (200, "queued")
