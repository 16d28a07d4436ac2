# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import html
import io
from typing import TYPE_CHECKING

import pytest
import time_machine
from server.tests.conftest import MONDAY, PUBLIC_URL
from server.tests.desk import Desk, furnish

from cairn_server.issuing import batches
from cairn_server.issuing.models import Credential, Delivery
from cairn_server.issuing.services import AlreadyRevoked, Recipient, award
from cairn_server.wallets.models import HeldCredential

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
def where(desk: Desk) -> str:
    return f"/organisations/{desk.organisation.public_id}/credentials"


def names(page: object) -> list[str]:
    return sorted(credential.recipient_name for credential in page.context["page"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Ida", "Lena"]),
        ({"q": "len"}, ["Lena"]),
        ({"q": "ida@people"}, ["Ida"]),
        ({"q": "%"}, []),  # B155: a wildcard of SQL is a letter
        ({"standing": "suspended"}, ["Ida"]),
        ({"standing": "revoked"}, []),
        ({"standing": "password"}, ["Ida", "Lena"]),  # B155: not on the list of choices, so no filter
        ({"since": "2026-11-23", "until": "2026-11-23"}, ["Ida", "Lena"]),
        ({"since": "2026-11-24"}, []),
        ({"until": "9999-12-31"}, ["Ida", "Lena"]),
        ({"organisation__name": "x", "order": "issued_by__password", "page": "-5"}, ["Ida", "Lena"]),  # B155
    ],
)
def test_the_list_is_narrowed_by_what_it_names(
    query: dict[str, str], found: list[str], client: Client, where: str
) -> None:
    assert found == names(client.get(where, query))


def test_another_organisations_awards_are_in_no_list_and_no_count(
    client: Client, where: str, elsewhere: Organisation, outsider: Person
) -> None:
    """B135: lists, searches, counts and exports."""
    foreign = furnish(elsewhere, outsider, outsider)

    page = client.get(where, {"achievement": foreign.version.achievement.public_id})
    rows = b"".join(client.get(where, {"format": "csv"}).streaming_content).decode()

    assert names(page) == ["Ida", "Lena"], "an achievement of another organisation is no choice"
    assert foreign.credential.public_id not in rows
    assert page.context["page"].paginator.count == 2


def test_the_export_holds_what_the_list_shows(desk: Desk, client: Client, where: str, owner: Person) -> None:
    """B118: a name that begins like a formula is text in the file."""
    award(
        by=owner,
        version=desk.version,
        recipient=Recipient("=HYPERLINK(1)", "eve@people.example"),
        request_key="eve",
        at=MONDAY,
    )

    text = b"".join(client.get(where, {"format": "csv", "q": "eve@"}).streaming_content).decode()

    [header, row] = list(csv.reader(io.StringIO(text[1:])))
    assert len(header) == len(row)
    assert row[:4] == ["'=HYPERLINK(1)", "eve@people.example", "First firing", "2026-11-23"]
    assert row[-1].startswith(f"{PUBLIC_URL}/c/")


def test_a_credential_is_revoked_with_a_reason(desk: Desk, client: Client, where: str) -> None:
    client.post(f"{where}/{desk.credential.public_id}/revoke", {"reason": "Awarded to the wrong person"})

    desk.credential.refresh_from_db()
    assert desk.credential.standing == Credential.Standing.REVOKED
    page = client.get(f"{where}/{desk.credential.public_id}").content.decode()
    assert "Awarded to the wrong person" in page


def test_without_a_reason_nothing_is_revoked(desk: Desk, client: Client, where: str) -> None:
    page = client.post(f"{where}/{desk.credential.public_id}/revoke", {"reason": "  "})

    desk.credential.refresh_from_db()
    assert page.status_code == 422
    assert desk.credential.standing == Credential.Standing.ACTIVE


def test_what_was_revoked_cannot_come_back(desk: Desk, client: Client, where: str) -> None:
    """B156: the refusal of the verb is an error of the form."""
    client.post(f"{where}/{desk.credential.public_id}/revoke", {"reason": "Wrong person"})

    page = client.post(f"{where}/{desk.credential.public_id}/reinstate", {"reason": "After all"})

    desk.credential.refresh_from_db()
    assert page.status_code == 422
    assert desk.credential.standing == Credential.Standing.REVOKED


def test_before_suspending_the_page_says_who_does_not_see_it(desk: Desk, client: Client, where: str) -> None:
    page = client.get(f"{where}/{desk.credential.public_id}/suspend").content.decode()

    assert "Other verifiers do not see it" in page


def test_sending_again_owes_one_more_message(desk: Desk, client: Client, where: str) -> None:
    client.post(f"{where}/{desk.credential.public_id}/send-again")

    assert desk.credential.deliveries.filter(kind=Delivery.Kind.AGAIN).count() == 1


def test_a_token_is_made_of_an_award_from_a_list_and_offered_from_then_on(
    desk: Desk, client: Client, where: str
) -> None:
    batches.run_waiting_batches(at=MONDAY)
    listed = Credential.objects.get(batch=desk.batch)
    public, page = f"/c/{listed.public_id}", f"{where}/{listed.public_id}"
    assert f"{public}.jwt" not in client.get(public).content.decode()
    assert "Make a token" in client.get(page).content.decode()

    after = client.post(f"{page}/token", follow=True).content.decode()

    assert "Signed. The token can be downloaded" in after
    assert "Signed a credential as a token too" in after
    assert "Make a token" not in after
    assert f"{public}.jwt" in after
    # At once, although the page was kept.
    assert f"{public}.jwt" in client.get(public).content.decode()
    assert client.get(f"{public}.jwt")["Content-Type"] == "application/vc+jwt"


def test_a_holder_makes_the_token_in_the_wallet(
    desk: Desk, person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    batches.run_waiting_batches(at=MONDAY)
    listed = Credential.objects.get(batch=desk.batch)
    holder = signed_in(person("Ann", email=listed.recipient_email))
    holder.post("/wallet/accept")
    held = HeldCredential.objects.get(credential_id=listed.address(PUBLIC_URL))
    page = holder.get(f"/wallet/held/{held.public_id}").content.decode()
    assert f"/wallet/{listed.public_id}/token" in page

    after = holder.post(f"/wallet/{listed.public_id}/token", follow=True).content.decode()

    assert "has the token now" in html.unescape(after)
    assert f"/c/{listed.public_id}.jwt" in after
    assert f"/wallet/{listed.public_id}/token" not in after


def test_a_refusal_to_sign_is_said_on_the_page(desk: Desk, client: Client, where: str) -> None:
    batches.run_waiting_batches(at=MONDAY)
    listed = Credential.objects.get(batch=desk.batch)
    client.post(f"{where}/{listed.public_id}/revoke", {"reason": "Wrong person"})

    after = client.post(f"{where}/{listed.public_id}/token", follow=True).content.decode()

    assert str(AlreadyRevoked().message) in html.unescape(after)
    assert listed.secured.count() == 1


def test_a_closed_organisation_can_still_revoke(desk: Desk, client: Client, where: str) -> None:
    desk.organisation.closed_at = MONDAY
    desk.organisation.save()

    client.post(f"{where}/{desk.credential.public_id}/revoke", {"reason": "Wrong person"})

    desk.credential.refresh_from_db()
    assert desk.credential.standing == Credential.Standing.REVOKED
