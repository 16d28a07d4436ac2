# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
import time_machine
from server.tests.conftest import MONDAY, PUBLIC_URL
from server.tests.desk import Desk, address, furnish

from cairn_server.issuing.models import BatchRow
from cairn_server.organisations import services as organisations
from cairn_server.organisations import tokens
from cairn_server.web import listing
from cairn_server.web.listing import csv_download, harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpResponse
    from django.test import Client

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(start: str) -> None:
    """B118"""
    assert f"'{start}cmd|' /C calc'!A0" == harmless(f"{start}cmd|' /C calc'!A0")


def test_an_ordinary_cell_stays_as_it_is() -> None:
    assert [harmless(cell) for cell in ("Zoë", 3.5, None, "a=b")] == ["Zoë", "3.5", "", "a=b"]


def test_every_cell_of_an_export_is_harmless_and_reads_back() -> None:
    """B118: the header too, which may be translated."""
    response = csv_download("things", ["=Name"], [['Ann, "the" first'], ["=1+1"]])
    text = b"".join(response.streaming_content).decode()

    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text[1:]))) == [["'=Name"], ['Ann, "the" first'], ["'=1+1"]]
    assert response["Content-Disposition"] == 'attachment; filename="things.csv"'
    assert response["Cache-Control"] == "no-store"


def rows_of(response: HttpResponse) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.fixture
def desk(organisation: Organisation, owner: Person, issuer: Person) -> Iterator[Desk]:
    with time_machine.travel(MONDAY):
        yield furnish(organisation, owner, issuer)


def test_members_and_invitations_are_one_list_to_search_and_to_take_along(
    desk: Desk, owner: Person, signed_in: Callable[[Person], Client]
) -> None:
    client, where = signed_in(owner), address("organisation-members", desk.organisation, {})

    everybody = rows_of(client.get(where, {"format": "csv"}))
    [_header, found] = rows_of(client.get(where, {"format": "csv", "q": "NEW@"}))
    page = client.get(where, {"q": "ines"}).content.decode()

    assert [row[1:4] for row in everybody[1:]] == [
        ["ines@people.example", "Issuer", "Member"],
        ["olga@people.example", "Owner", "Member"],
        ["new@people.example", "Issuer", "Invited"],
    ]
    assert found[1] == "new@people.example"
    assert "Ines" in page
    assert "Olga" not in page
    assert "new@people.example" not in page


def test_who_is_shown_no_address_finds_and_takes_none(
    desk: Desk, reviewer: Person, signed_in: Callable[[Person], Client]
) -> None:
    client, where = signed_in(reviewer), address("organisation-members", desk.organisation, {})

    told = rows_of(client.get(where, {"format": "csv"}))

    assert [row[0] for row in told[1:]] == ["Ines", "Olga", "Remi"]
    assert not any("@" in cell for row in told for cell in row)
    assert rows_of(client.get(where, {"format": "csv", "q": "people.example"}))[1:] == []


def test_long_lists_come_in_pages(
    desk: Desk,
    owner: Person,
    member: Callable[..., Person],
    signed_in: Callable[[Person], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "ROWS_PER_PAGE", 1)
    organisations.create_organisation(
        open_to_all=True, by=owner, name="Second House", requires_second_factor=False, at=MONDAY
    )
    tokens.create_token(desk.organisation, by=owner, name="Library", scopes=["verify"], at=MONDAY)
    client = signed_in(owner)

    for name, one, other in (
        ("organisation-members", "Ines", "new@people.example"),
        ("organisation-tokens", "Library", "LMS"),
        ("organisations", "Lakeside College", "Second House"),
    ):
        where = address(name, desk.organisation, {})
        first, last = (client.get(where, {"page": page}).content.decode() for page in ("1", "99"))
        searched = client.get(where, {"q": other.upper()}).content.decode()

        assert {one in first, other in last, other in searched} == {True}, name
        assert {other in first, one in last, one in searched} == {False}, name


def test_tokens_are_taken_along_without_their_secrets(
    desk: Desk, owner: Person, signed_in: Callable[[Person], Client]
) -> None:
    answer = signed_in(owner).get(address("organisation-tokens", desk.organisation, {}), {"format": "csv"})

    assert rows_of(answer)[1:] == [["LMS", "awards:read", "2026-11-23", "", ""]]


def test_a_list_says_of_every_row_what_became_of_it(
    desk: Desk, owner: Person, signed_in: Callable[[Person], Client]
) -> None:
    """B118"""
    desk.batch.rows.create(
        number=3,
        values={"name": "=1+1", "email": "cy@people.example"},
        state=BatchRow.State.FAILED,
        problem="No such day",
    )

    told = rows_of(signed_in(owner).get(address("batch", desk.organisation, desk.ids("")), {"format": "csv"}))

    assert told[1:] == [
        ["2", "Ann", "ann@people.example", "Waiting", "", ""],
        ["3", "'=1+1", "cy@people.example", "Failed", "No such day", ""],
    ]


def test_a_wallet_is_taken_along_as_a_table(
    desk: Desk, learner: Person, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(learner)
    client.post("/wallet/accept")

    [_header, row] = rows_of(client.get("/wallet", {"format": "csv"}))

    assert row[:3] == ["First firing", "Lakeside College", "2026-11-23"]
    assert (row[4], row[-1]) == ("Counts", f"{PUBLIC_URL}/c/{desk.credential.public_id}")
    assert rows_of(client.get("/wallet", {"format": "csv", "q": "elsewhere"}))[1:] == []
