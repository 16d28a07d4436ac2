# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import time_machine
from server.tests.conftest import MONDAY
from server.tests.desk import Desk, furnish

from cairn_server.issuing.models import Credential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation


@pytest.fixture
def desk(organisation: Organisation, owner: Person, issuer: Person) -> Iterator[Desk]:
    # The pages read the clock; what they show was made on that Monday.
    with time_machine.travel(MONDAY):
        yield furnish(organisation, owner, issuer)


@pytest.fixture
def client(issuer: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(issuer)


@pytest.fixture
def award(desk: Desk) -> str:
    return f"/organisations/{desk.organisation.public_id}/award"


def form(desk: Desk, **changes: str) -> dict[str, str]:
    usual = {
        "version": desk.version.public_id,
        "name": "Zoë Zander",
        "email": "zoe@people.example",
        "request_key": "A" * 22,
        "do": "award",
    }
    return usual | changes


def test_looking_at_an_award_signs_nothing(desk: Desk, client: Client, award: str) -> None:
    before = Credential.objects.count()

    page = client.post(award, form(desk, do="check", narrative="Did **well**."))

    assert page.status_code == 200
    assert "<strong>well</strong>" in page.content.decode()
    assert before == Credential.objects.count()


def test_pressing_award_twice_awards_once(desk: Desk, client: Client, award: str) -> None:
    """F1 seen from the page: the key was made with the empty form."""
    first = client.post(award, form(desk))
    second = client.post(award, form(desk))

    assert first["Location"] == second["Location"]
    assert Credential.objects.filter(recipient_email="zoe@people.example").count() == 1


def test_each_empty_form_has_a_key_of_its_own(desk: Desk, client: Client, award: str) -> None:
    keys = [
        re.search(r'name="request_key" value="([^"]+)"', client.get(award).content.decode())[1] for _ in "ab"
    ]

    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "zoe@"),
        ("email", "zoë@people.example"),  # B130: one spelling, and it is ASCII
        ("name", ""),
        ("request_key", "short"),
        ("valid_until", "2001-01-01"),
        ("evidence_url", "javascript:alert(1)"),  # B125
    ],
)
def test_a_mistake_comes_back_beside_its_field_and_awards_nobody(
    field: str, value: str, desk: Desk, client: Client, award: str
) -> None:
    before = Credential.objects.count()

    page = client.post(award, form(desk, **{field: value}))

    assert page.status_code == 422
    assert [field] == list(page.context["form"].errors)
    assert before == Credential.objects.count()


@pytest.mark.parametrize("what", ["draft", "foreign"])
def test_only_what_is_published_here_can_be_chosen(
    what: str, desk: Desk, client: Client, award: str, elsewhere: Organisation, outsider: Person
) -> None:
    """B135: another organisation's version in the body."""
    foreign = furnish(elsewhere, outsider, outsider).version
    version = desk.draft if what == "draft" else foreign

    page = client.post(award, form(desk, version=version.public_id))

    assert page.status_code == 422
    assert list(page.context["form"].errors) == ["version"]


def test_names_are_text_and_nothing_else(desk: Desk, client: Client, award: str) -> None:
    """B127 B126"""
    page = client.post(award, form(desk, do="check", name="{{7*7}}<script>%(x)s {0.__class__}"))

    assert "{{7*7}}&lt;script&gt;%(x)s {0.__class__}" in page.content.decode()


def test_who_signs_needs_the_second_factor_that_the_organisation_asks_for(
    desk: Desk, client: Client, award: str
) -> None:
    desk.organisation.requires_second_factor = True
    desk.organisation.save()

    page = client.get(award)

    assert page.status_code == 403
    assert "/account/2fa/" in page.content.decode()
