# SPDX-License-Identifier: Apache-2.0
"""Replacing the key and declaring one compromised: what is said before, what happens, and who may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server.tests.conftest import MONDAY, PUBLIC_URL
from server.tests.desk import furnish

from cairn.canonical import parse_json
from cairn.did import MAX_KEYS
from cairn.proof import status_token
from cairn_server.issuing.models import StatusListVersion
from cairn_server.journal.models import Entry
from cairn_server.organisations import identity, key_changes
from cairn_server.organisations.models import Organisation, SigningKey
from cairn_server.organisations.roles import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from cairn_server.accounts.models import Person


@pytest.fixture
def client(owner: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(owner)


@pytest.fixture
def own(organisation: Organisation) -> str:
    return f"/organisations/{organisation.public_id}/keys"


@pytest.fixture
def named_by_its_key(organisation: Organisation) -> None:
    identity.identity(organisation, public_url="http://127.0.0.1:8000", at=MONDAY)


WHY = {"reason": "A laptop was stolen."}
SURE = WHY | {"knows": "on"}


def states(organisation: Organisation) -> dict[str, str]:
    return dict(organisation.signing_keys.values_list("fragment", "state"))


def last(organisation: Organisation) -> tuple[str, dict[str, str]]:
    entry = Entry.objects.of(organisation.public_id).order_by("-number")[0]
    return entry.verb, entry.details


def test_the_key_is_replaced_for_a_reason(organisation: Organisation, client: Client, own: str) -> None:
    assert client.get(f"{own}/rotate").context["left"] == MAX_KEYS - 1

    done = client.post(f"{own}/rotate", {"reason": "Every year."})

    assert done["Location"] == own
    assert states(organisation) == {"key-1": "retiring", "key-2": "active"}
    verb, details = last(organisation)
    assert (verb, details["key"], details["reason"]) == ("key rotated", "key-2", "Every year.")


@pytest.mark.parametrize("page", ["rotate", "key-1/revoke"])
@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "hidden\u202e"])
def test_without_a_reason_no_key_changes(
    organisation: Organisation, client: Client, own: str, page: str, reason: str
) -> None:
    refused = client.post(f"{own}/{page}", SURE | {"reason": reason})

    assert refused.status_code == 422
    assert states(organisation) == {"key-1": "active"}


def test_a_stolen_key_is_declared_and_replaced(organisation: Organisation, client: Client, own: str) -> None:
    done = client.post(f"{own}/key-1/revoke", SURE)

    assert done["Location"] == own
    assert states(organisation) == {"key-1": "compromised", "key-2": "active"}
    verb, details = last(organisation)
    assert (verb, details["key"], details["reason"]) == ("key revoked", "key-1", "A laptop was stolen.")


def test_after_a_declaration_the_status_lists_are_signed_by_the_new_key(
    organisation: Organisation, owner: Person, issuer: Person, client: Client, own: str
) -> None:
    furnish(organisation, owner, issuer)
    StatusListVersion.objects.all().delete()
    compromised = organisation.signing_keys.get(state="active")

    client.post(f"{own}/{compromised.fragment}/revoke", SURE)

    versions = StatusListVersion.objects.all()
    signed_by = {
        parse_json(bytes(version.secured))["proof"]["verificationMethod"]
        for version in versions.exclude(purpose="token")
    }
    signed_by |= {
        status_token.split(bytes(version.secured)).jws.header["kid"]
        for version in versions.filter(purpose="token")
    }
    assert {version.purpose for version in versions} == {"revocation", "suspension", "token"}
    new = organisation.signing_keys.get(state="active")
    assert new.fragment != compromised.fragment
    assert {method.partition("#")[2] for method in signed_by} == {new.fragment}


def test_nobody_declares_by_mistake(organisation: Organisation, client: Client, own: str) -> None:
    assert client.post(f"{own}/key-1/revoke", WHY).status_code == 422

    assert states(organisation) == {"key-1": "active"}


def test_the_page_counts_what_would_stop_verifying(
    organisation: Organisation, owner: Person, issuer: Person, client: Client, own: str
) -> None:
    furnish(organisation, owner, issuer)
    key_changes.propose_replacement(organisation, by=owner, reason="x", at=MONDAY.replace(hour=23))

    counted = [client.get(f"{own}/key-{number}/revoke").context["signed"] for number in (1, 2, 3)]

    assert counted == [0, 2, 0]


def test_a_compromised_key_is_no_more_declared(organisation: Organisation, client: Client, own: str) -> None:
    client.post(f"{own}/key-1/revoke", SURE)

    assert client.get(f"{own}/key-1/revoke").status_code == 409
    assert client.get(f"{own}/key-9/revoke").status_code == 404
    assert f"{own}/key-1/revoke" not in client.get(own).content.decode()


def test_a_key_of_another_organisation_is_not_there(
    organisation: Organisation, elsewhere: Organisation, client: Client, own: str
) -> None:
    """B135: key-2 is somebody else's."""
    SigningKey.objects.filter(organisation=elsewhere).update(fragment="key-2")

    assert client.get(f"{own}/key-2/revoke").status_code == 404
    assert client.post(f"{own}/key-2/revoke", SURE).status_code == 404


@pytest.mark.usefixtures("named_by_its_key")
@pytest.mark.parametrize("page", ["rotate", "key-1/revoke"])
def test_where_the_identity_is_the_key_the_page_says_why(
    organisation: Organisation, client: Client, own: str, page: str
) -> None:
    read = client.get(f"{own}/{page}")
    forced = client.post(f"{own}/{page}", SURE)

    assert "Another key would be another issuer." in read.content.decode()
    assert "<form class" not in read.content.decode().partition("</main>")[0]
    assert forced.status_code == 422
    assert states(organisation) == {"key-1": "active"}
    assert f"{own}/key-1/revoke" not in client.get(own).content.decode()


@pytest.mark.parametrize("page", ["rotate", "key-1/revoke"])
def test_who_has_no_second_factor_is_told_first(
    organisation: Organisation, client: Client, own: str, page: str
) -> None:
    Organisation.objects.update(requires_second_factor=True)

    assert client.get(f"{own}/{page}").status_code == 403
    refused = client.post(f"{own}/{page}", SURE)

    assert refused.status_code == 403
    assert "organisation/second_factor.html" in [template.name for template in refused.templates]
    assert states(organisation) == {"key-1": "active"}


def test_a_closed_organisation_still_declares_and_replaces_nothing(
    organisation: Organisation, client: Client, own: str
) -> None:
    """Whoever has the key of a closed organisation can sign in its name, too."""
    identity.identity(organisation, public_url=PUBLIC_URL, at=MONDAY)
    Organisation.objects.update(closed_at=MONDAY)

    assert client.post(f"{own}/rotate", WHY).status_code == 422
    assert client.post(f"{own}/key-1/revoke", SURE).status_code == 302

    assert states(organisation) == {"key-1": "compromised", "key-2": "active"}


# With a second owner


@pytest.fixture
def second(member: Callable[..., Person]) -> Person:
    return member("Oscar", Role.OWNER)


def test_one_owner_asks_and_another_agrees(
    organisation: Organisation,
    second: Person,
    client: Client,
    own: str,
    signed_in: Callable[[Person], Client],
) -> None:
    asked = client.post(f"{own}/rotate", {"reason": "Every year.", "algorithm": "P-256"}, follow=True)
    change = organisation.key_changes.get()
    confirm = f"{own}/changes/{change.public_id}/confirm"
    assert "as soon as another owner agrees" in asked.content.decode()
    assert "You asked for it, so somebody else has to agree." in asked.content.decode()
    assert client.post(confirm).status_code == 409
    assert states(organisation) == {"key-1": "active", "key-2": "pending"}

    theirs = signed_in(second)
    page = theirs.get(own).content.decode()
    assert "Every year." in page
    assert confirm in page
    assert theirs.post(confirm)["Location"] == own

    assert states(organisation) == {"key-1": "retiring", "key-2": "active"}
    assert organisation.signing_keys.get(fragment="key-2").algorithm == "P-256"


def test_a_wish_is_withdrawn(organisation: Organisation, second: Person, client: Client, own: str) -> None:
    client.post(f"{own}/rotate", {"reason": "Every year."})

    client.post(f"{own}/changes/{organisation.key_changes.get().public_id}/withdraw")

    assert states(organisation) == {"key-1": "active", "key-2": "retired"}


def test_a_suspicion_stops_the_key_and_the_second_owner_lifts_it(
    organisation: Organisation,
    second: Person,
    client: Client,
    own: str,
    signed_in: Callable[[Person], Client],
) -> None:
    said = client.post(f"{own}/key-1/revoke", SURE, follow=True).content.decode()
    withdraw = f"{own}/changes/{organisation.key_changes.get().public_id}/withdraw"
    assert "key-1 signs nothing any more." in said
    assert "Stopped" in said
    assert withdraw not in said

    signed_in(second).post(withdraw)

    assert organisation.signing_keys.get().held_at is None


def test_the_only_owner_says_that_one_is_enough(organisation: Organisation, client: Client, own: str) -> None:
    client.post(f"{own}/alone", {"alone": "no"})
    assert "Two owners change keys together" in client.get(f"{own}/rotate").content.decode()
    assert client.post(f"{own}/rotate", {"reason": "Every year."}).status_code == 422

    client.post(f"{own}/alone", {"alone": "yes"})

    assert client.post(f"{own}/rotate", {"reason": "Every year."}).status_code == 302


@pytest.mark.parametrize("day", ["2026-11-22", "2999-01-01", "yesterday"])
def test_a_theft_has_a_day_on_which_it_can_have_been(
    organisation: Organisation, client: Client, own: str, day: str
) -> None:
    assert client.post(f"{own}/key-1/revoke", SURE | {"since": day}).status_code == 422
    assert states(organisation) == {"key-1": "active"}


def test_on_the_first_day_of_the_key_it_counts_from_its_first_moment(
    organisation: Organisation, client: Client, own: str
) -> None:
    client.post(f"{own}/key-1/revoke", SURE | {"since": "2026-11-23"})

    assert organisation.signing_keys.get(fragment="key-1").compromised_from == MONDAY


def test_what_a_stolen_key_signed_is_awarded_again_with_one_button(
    organisation: Organisation, owner: Person, issuer: Person, client: Client, own: str
) -> None:
    furnish(organisation, owner, issuer)
    assert "has not been declared compromised" in client.get(f"{own}/key-2/again").content.decode()
    client.post(f"{own}/key-2/revoke", SURE)
    page = client.get(f"{own}/key-2/again")
    waiting = page.context["waiting"]
    assert f"{own}/key-2/again" in client.get(own).content.decode()
    assert waiting >= 1

    done = client.post(f"{own}/key-2/again", follow=True)

    assert done.context["waiting"] == 0
    assert sum(batch.total for batch in done.context["batches"]) == waiting
    assert "Nothing is left to award again." in done.content.decode()
    assert client.post(f"{own}/key-2/again").status_code == 409
