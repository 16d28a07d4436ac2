# SPDX-License-Identifier: Apache-2.0
"""Replacing the key and declaring one compromised: what is said before, what happens, and who may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server.tests.conftest import MONDAY, PUBLIC_URL
from server.tests.desk import furnish

from cairn.canonical import parse_json
from cairn.did import MAX_KEYS
from cairn_server.issuing.models import StatusListVersion
from cairn_server.journal.models import Entry
from cairn_server.organisations import identity
from cairn_server.organisations.models import Organisation, SigningKey

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
    assert states(organisation) == {"key-1": "retired", "key-2": "active"}
    assert last(organisation) == ("key rotated", {"key": "key-2", "reason": "Every year."})


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
    assert states(organisation) == {"key-1": "revoked", "key-2": "active"}
    assert last(organisation) == ("key revoked", {"key": "key-1", "reason": "A laptop was stolen."})


def test_after_a_declaration_the_status_lists_are_signed_by_the_new_key(
    organisation: Organisation, owner: Person, issuer: Person, client: Client, own: str
) -> None:
    furnish(organisation, owner, issuer)
    StatusListVersion.objects.all().delete()
    compromised = organisation.signing_keys.get(state="active")

    client.post(f"{own}/{compromised.fragment}/revoke", SURE)

    signed_by = {
        parse_json(bytes(version.secured))["proof"]["verificationMethod"]
        for version in StatusListVersion.objects.all()
    }
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
    identity.rotate_key(organisation, by=owner, reason="x", at=MONDAY.replace(hour=23))

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
    assert "<form class" not in read.content.decode()
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

    assert states(organisation) == {"key-1": "revoked", "key-2": "active"}
