# SPDX-License-Identifier: Apache-2.0
"""The exchange of a VC-API, and the one request of older wallets (B71, B148)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from server.tests.conftest import MONDAY, PUBLIC_URL
from server.tests.wallet_app import Offered, Wallet

from cairn_server.issuing import offering, services
from cairn_server.issuing.models import BoundCopy, CredentialOffer

Code, Way = CredentialOffer.Code, CredentialOffer.Way


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def offered(db, credential, learner):
    def make(**changes):
        return Offered(*offering.offer(credential, by=learner, at=MONDAY, **changes))

    return make


@pytest.fixture
def wallet():
    return Wallet()


def answered(wallet, secret, **changes):
    asked = {"challenge": offering.challenge_of(secret), "domain": PUBLIC_URL} | changes
    return wallet.exchange(secret, {"verifiablePresentation": wallet.presentation(**asked)})


def test_it_asks_for_a_signature_over_its_challenge(offered, wallet):
    there = offered()

    asked = wallet.exchange(there.secret, {}).json()["verifiablePresentationRequest"]

    assert (offering.challenge_of(there.secret), PUBLIC_URL) == (asked["challenge"], asked["domain"])
    assert f"{PUBLIC_URL}/exchanges/{there.secret}" == asked["interact"]["service"][0]["serviceEndpoint"]


def test_who_signs_it_gets_a_copy_of_their_own(offered, wallet):
    there = offered()

    answer = answered(wallet, there.secret)

    [got] = answer.json()["verifiablePresentation"]["verifiableCredential"]
    assert wallet.did == got["credentialSubject"]["id"]
    assert BoundCopy.objects.get().secured_bytes in answer.content
    assert CredentialOffer.objects.get().way == Way.VC_API


def test_an_exchange_is_for_one_wallet(offered, wallet):
    """B148: neither another wallet nor the same presentation again gets anything."""
    there = offered()
    answered(wallet, there.secret)

    again, other = answered(wallet, there.secret), answered(Wallet(), there.secret)

    assert [again.status_code, other.status_code] == [400, 400]
    assert again.content == other.content == wallet.exchange(there.secret, {}).content
    assert BoundCopy.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_wallets_at_once_one_wins(offered):
    """B148."""
    there = offered()

    def take(wallet):
        try:
            return answered(wallet, there.secret).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        found = sorted(pool.map(take, [Wallet() for _ in range(3)]))

    assert found == [200, 400, 400]
    assert BoundCopy.objects.count() == 1


def test_an_exchange_and_a_code_are_one_offer(offered, wallet):
    there = offered()
    offer = wallet.offer(there.secret)
    answered(wallet, there.secret)

    assert wallet.token(offer, there.code).json()["error"] == "invalid_grant"


def test_and_the_other_way_round(offered, wallet):
    there = offered()
    wallet.take(there.secret)

    assert answered(wallet, there.secret).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"challenge": "another"},
        {"domain": "https://elsewhere.example"},
        {"domain": None},
        {"at": MONDAY + timedelta(hours=1)},
    ],
    ids=str,
)
def test_an_answer_to_another_question_is_none(offered, wallet, changes):
    """B71."""
    answer = answered(wallet, offered().secret, **changes)

    assert (answer.json()["code"], answer.status_code) == ("wallet-proof", 400)
    assert BoundCopy.objects.count() == 0
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("change", ["holder", "challenge", "proof", "credential"])
def test_a_changed_presentation_is_none(offered, wallet, credential, change):
    there = offered()
    signed = wallet.presentation(challenge=offering.challenge_of(there.secret), domain=PUBLIC_URL)
    match change:
        case "holder":
            signed["holder"] = Wallet().did
        case "challenge":
            signed["proof"]["challenge"] = "x"
        case "proof":
            del signed["proof"]
        case "credential":
            signed = json.loads(credential.secured_in("vc+ld+json").bytes())

    answer = wallet.exchange(there.secret, {"verifiablePresentation": signed})

    assert (answer.json()["code"], answer.status_code) == ("wallet-proof", 400)


def test_a_holder_who_has_to_be_looked_up_is_not_looked_up(offered, wallet):
    """B89: a did:web in a presentation leads this server nowhere, not even to itself."""
    there = offered()
    signed = wallet.presentation(challenge=offering.challenge_of(there.secret), domain=PUBLIC_URL)
    text = json.dumps(signed).replace(wallet.did, "did:web:cairn.example:i:AAAAAAAAAAAAAAAAAAAAAA")

    answer = wallet.exchange(there.secret, {"verifiablePresentation": json.loads(text)})

    assert answer.json()["code"] == "wallet-proof"


@pytest.mark.parametrize("body", [[], 7, {"verifiablePresentation": 7}, {"padding": "y" * 70_000}], ids=str)
def test_what_cannot_be_read_is_refused(offered, wallet, body):
    assert wallet.exchange(offered().secret, body).status_code == 400


def test_an_exchange_that_never_was_is_answered_like_one_that_is_over(offered, wallet, monday):
    """B144."""
    there = offered()
    monday.shift(timedelta(minutes=5))

    found = {wallet.exchange(secret, {}).content for secret in (there.secret, "A" * 22)}

    assert len(found) == 1


def test_where_the_code_is_always_asked_for_there_is_no_exchange(offered, wallet):
    there = offered(asks=Code.ALWAYS)

    assert wallet.exchange(there.secret, {}).status_code == 400
    assert answered(wallet, there.secret).status_code == 400
    assert wallet.token(wallet.offer(there.secret), there.code).status_code == 200


def test_an_older_wallet_sends_the_presentation_bare_and_gets_the_credential_bare(offered, wallet):
    there = offered()
    signed = wallet.presentation(challenge=offering.challenge_of(there.secret), domain=None)

    answer = bare(wallet, there.secret, signed)

    assert wallet.did == answer.json()["credentialSubject"]["id"]
    assert BoundCopy.objects.get().secured_bytes == answer.content
    assert bare(wallet, there.secret, signed).status_code == 400


def test_what_was_withdrawn_meanwhile_is_not_handed_out(offered, wallet, credential, owner):
    there = offered()
    services.revoke(credential, by=owner, reason="A mistake", at=MONDAY)

    answer = answered(wallet, there.secret)

    assert answer.json()["code"] == "not-for-wallets"


def test_it_may_be_asked_across_origins_and_only_posted_to(offered, wallet):
    there = offered()

    asked = wallet.client.options(f"/exchanges/{there.secret}")

    assert (asked.status_code, asked["Access-Control-Allow-Origin"]) == (204, "*")
    assert wallet.client.get(f"/exchanges/{there.secret}").status_code == 405


def bare(wallet, secret, body):
    return wallet.client.post(
        f"/exchanges/{secret}/bare-vp", json.dumps(body), content_type="application/json"
    )
