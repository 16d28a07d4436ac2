# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib

import pytest
from server.tests.conftest import MONDAY, TUESDAY

import cairn
from cairn.canonical import jcs, parse_json
from cairn.proof.presenting import sign_presentation, sign_presentation_jwt
from cairn.testing import FixedSources, demo_key, key_method, sample_credential
from cairn_server.accounts import services as accounts
from cairn_server.journal.models import Entry
from cairn_server.wallets import services
from cairn_server.wallets.models import HeldCredential


@pytest.fixture
def secured() -> bytes:
    """A credential of somebody who is no organisation of ours."""
    key = demo_key()
    method = key_method(key.public_key)
    document = sample_credential(issuer=method.partition("#")[0]).to_document()
    return cairn.sign(document, key, verification_method=method, at=MONDAY)


@pytest.fixture
def verified(secured):
    return cairn.Verifier(FixedSources()).verify(secured, at=TUESDAY)


def test_the_exact_bytes_are_kept_and_the_columns_are_read_from_them(learner, secured, verified):
    held = services.receive(verified, holder=learner, secured=secured, at=TUESDAY)

    document = parse_json(bytes(held.secured))
    assert bytes(held.secured) == secured
    assert held.credential_id == document["id"]
    assert held.issuer_id == document["issuer"]["id"]
    assert held.name == document["name"]
    assert held.format == "vc+ld+json"
    assert held.sha256 == hashlib.sha256(jcs(document)).hexdigest()
    assert held.source == "imported"


@pytest.mark.parametrize("form", ["json", "jwt"])
def test_a_presentation_is_not_kept(learner, secured, form):
    """It has no issuer, and was signed for another reader than the wallet."""
    key = demo_key("holder")
    method = key_method(key.public_key)
    shown = (
        sign_presentation([secured], key, verification_method=method, at=MONDAY)
        if form == "json"
        else sign_presentation_jwt([secured], key, verification_method=method).encode()
    )
    verified = cairn.Verifier(FixedSources()).verify(shown, at=TUESDAY)

    with pytest.raises(services.NotHeld, match="presentation-not-kept"):
        services.receive(verified, holder=learner, secured=shown, at=TUESDAY)

    assert not HeldCredential.objects.exists()


def test_receiving_twice_is_receiving_once(learner, secured, verified):
    first = services.receive(verified, holder=learner, secured=secured, at=MONDAY)

    assert services.receive(verified, holder=learner, secured=secured, at=TUESDAY) == first
    assert HeldCredential.objects.count() == 1
    assert Entry.objects.filter(verb="credential received").count() == 1


def test_two_people_may_hold_the_same_credential(learner, issuer, secured, verified):
    services.receive(verified, holder=learner, secured=secured, at=MONDAY)
    services.receive(verified, holder=issuer, secured=secured, at=MONDAY)

    assert HeldCredential.objects.count() == 2


def test_b135_nobody_sees_what_another_person_holds(learner, outsider, secured, verified):
    held = services.receive(verified, holder=learner, secured=secured, at=MONDAY)

    assert list(services.held_by(learner)) == [held]
    assert not services.held_by(outsider).exists()


def test_the_journal_tells_no_name(learner, secured, verified):
    services.receive(verified, holder=learner, secured=secured, at=MONDAY)

    assert set(Entry.objects.get(verb="credential received").details) == {"sha256", "source"}


def test_a_wallet_goes_with_its_account(learner, secured, verified):
    services.receive(verified, holder=learner, secured=secured, at=MONDAY)

    accounts.delete_account(by=learner, at=TUESDAY)

    assert not HeldCredential.objects.exists()


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"name": "Mine"}, "Mine"),
        ({"credentialSubject": {"achievement": {"name": "Theirs"}}}, "Theirs"),
        ({"credentialSubject": [{"achievement": {"name": "In a list"}}]}, "In a list"),
        ({"credentialSubject": {"id": "did:key:z"}}, ""),
        ({}, ""),
    ],
)
def test_a_name_is_found_where_there_is_one(document, name):
    assert services.name_of(document) == name
