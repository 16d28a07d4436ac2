# SPDX-License-Identifier: Apache-2.0
"""What is kept of sites and hosts, what is forgotten, and what goes where with its person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from oauth2_provider.models import AccessToken, Grant, RefreshToken
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.portability.conftest import READ

from cairn_server.accounts import services as accounts
from cairn_server.config import archive
from cairn_server.errors import NotVisible
from cairn_server.journal.models import Entry
from cairn_server.portability import hosts, services
from cairn_server.portability.models import Client, Connection, Consent, Host
from cairn_server.portability.sealing import Vault
from cairn_server.wallets import collections

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(days=400)


@pytest.fixture
def connection(learner) -> Connection:
    host = Host.objects.create(base="https://b.example/ims/ob/v3p0", client_secret=b"x", registered_at=MONDAY)
    return Connection.objects.create(
        person=learner,
        host=host,
        created_at=MONDAY,
        connected_at=MONDAY,
        access_token=b"x",
        expires_at=TUESDAY,
    )


def test_what_is_used_stays_and_what_is_over_is_forgotten(connected, site):
    now = timezone.now()
    site("unused.example")
    Consent.objects.update(given_at=now - LONG_AGO)
    Client.objects.update(created=now - LONG_AGO)

    services.forget_old(at=now)
    assert list(Client.objects.values_list("name", flat=True)) == ["Campus Badges"]
    assert Consent.objects.exists()
    assert connected.again().status_code == 200

    AccessToken.objects.update(expires=now - LONG_AGO)
    services.forget_old(at=now)
    assert not RefreshToken.objects.exists()
    assert not Consent.objects.exists()
    services.forget_old(at=now)
    assert not Client.objects.exists()


def test_who_has_just_agreed_is_not_forgotten(campus, lena):
    campus.be_let_in(lena)
    Client.objects.update(created=timezone.now() - LONG_AGO)

    services.forget_old(at=timezone.now())

    assert Consent.objects.exists()


def test_a_code_that_nobody_came_for_is_forgotten(campus, lena):
    campus.be_let_in(lena)
    Grant.objects.update(expires=timezone.now() - timedelta(seconds=1))

    services.forget_old(at=timezone.now())

    assert not Grant.objects.exists()


def test_a_learner_who_never_came_back_from_a_host_is_forgotten(learner, connection):
    away = Host.objects.create(base="https://c.example", client_secret=b"x", registered_at=MONDAY - LONG_AGO)
    Connection.objects.create(
        person=learner, host=away, created_at=MONDAY, state_sha256="x", code_verifier=b"x", asked_until=MONDAY
    )

    services.forget_old(at=TUESDAY)

    assert list(Host.objects.all()) == [connection.host]
    assert Connection.objects.get() == connection


def test_only_their_own_is_taken_back_and_used(connected, outsider, connection):
    """B135"""
    with pytest.raises(NotVisible):
        services.take_back(Consent.objects.get(), by=outsider, at=MONDAY)
    with pytest.raises(NotVisible):
        hosts.disconnect(connection, by=outsider, means=None, at=MONDAY)
    with pytest.raises(NotVisible):
        hosts.fetch(connection, by=outsider, means=None, at=MONDAY)


def test_a_collection_of_somebody_else_lets_nobody_in(campus, learner, outsider):
    theirs = collections.make(by=outsider, name="Theirs", at=MONDAY)
    with pytest.raises(NotVisible):
        services.let_in(
            Client.objects.get(),
            by=learner,
            scopes=[READ],
            reads="collection",
            collection=theirs,
            at=MONDAY,
        )


def test_every_act_is_in_the_journal_without_a_token(connected, learner):
    services.take_back(Consent.objects.get(), by=learner, at=TUESDAY)

    entries = Entry.objects.filter(actor_id=learner.public_id)
    assert [each.verb for each in entries] == ["site let in", "site shut out"]
    assert connected.access not in str([each.details for each in entries])


def test_two_accounts_become_one_and_no_site_reads_more_for_it(connected, learner, person, connection):
    """A site that was let into one wallet was not let into both."""
    into = person("Lena2")
    mine = Connection.objects.create(
        person=into, host=connection.host, created_at=MONDAY, connected_at=MONDAY,
        access_token=b"y", expires_at=TUESDAY,
    )  # fmt: skip

    services.move(into=into, other=learner, at=TUESDAY)

    assert not Consent.objects.exists()
    assert not AccessToken.objects.exists()
    assert Connection.objects.get() == mine


def test_who_leaves_leaves_nothing_here(connected, learner, connection):
    accounts.delete_account(by=learner, at=TUESDAY)

    for model in (Consent, Connection, AccessToken, RefreshToken, Grant):
        assert not model.objects.exists()
    assert connected.get("/ims/ob/v3p0/profile").status_code == 401


def test_a_backup_has_sites_and_hosts_and_nothing_that_opens_a_wallet():
    """B153: what a learner took back after a backup must not come back with it."""
    labels = {model._meta.label_lower for model in archive.backed_up_models()}

    assert {"portability.client", "portability.host", "portability.connection"} <= labels
    assert "portability.consent" not in labels
    assert not {label for label in labels if label.startswith("oauth2_provider.")}


def test_a_person_takes_along_who_was_let_in(connected, learner, connection):
    told = services.export_data(learner)

    [site] = told["sites"]
    assert (site["name"], site["reads"], site["may"][0]) == ("Campus Badges", "all", "read")
    assert [each["address"] for each in told["hosts"]] == ["https://b.example/ims/ob/v3p0"]
    assert connected.access not in str(told)


def test_a_seal_opens_in_its_own_place_alone():
    vault = Vault(["a secret"])
    sealed = vault.seal("token", of="connection|1|access")

    assert b"token" not in sealed
    assert vault.open(sealed, of="connection|1|access") == "token"
    assert vault.open(sealed, of="connection|2|access") is None
    assert Vault(["another", "a secret"]).open(sealed, of="connection|1|access") == "token"
    assert Vault(["another"]).open(sealed, of="connection|1|access") is None
    assert vault.open(None, of="connection|1|access") is None
    for position in range(len(sealed)):
        broken = bytes([*sealed[:position], sealed[position] ^ 1, *sealed[position + 1 :]])
        assert vault.open(broken, of="connection|1|access") is None
