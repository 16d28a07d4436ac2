# SPDX-License-Identifier: Apache-2.0
"""A token for the code: once, soon, with the transaction code; nobody learns what was wrong (B144, B148)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from server.tests.conftest import MONDAY
from server.tests.wallet_app import Wallet

from cairn_server.issuing import offering
from cairn_server.issuing.models import CredentialOffer

Code = CredentialOffer.Code


def wrong_of(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_the_right_code_gets_a_token_and_a_nonce(offered, wallet):
    there = offered()

    answer = wallet.token(wallet.offer(there.secret), there.code)

    assert answer.status_code == 200
    assert tuple(answer.json()[name] for name in ("token_type", "expires_in", "c_nonce_expires_in")) == (
        "bearer",
        600,
        300,
    )
    assert answer["Cache-Control"] == "no-store"
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_nothing_that_a_wallet_shows_is_stored(offered, wallet):
    """B153: of code, transaction code, secret and token there are digests, or nothing."""
    there = offered()
    offer = wallet.offer(there.secret)
    token = wallet.token(offer, there.code).json()["access_token"]

    [row] = CredentialOffer.objects.values()

    [grant] = offer["grants"].values()
    for secret in (there.secret, there.code, token, grant["pre-authorized_code"]):
        assert not [name for name, value in row.items() if secret in str(value)]


def test_older_wallets_call_it_a_pin(offered, wallet):
    there = offered()

    assert wallet.token(wallet.offer(there.secret), None, user_pin=there.code).status_code == 200


def test_a_code_works_once(offered, wallet):
    """B148: the second wallet at a code gets nothing, whatever it knows."""
    there = offered()
    offer = wallet.offer(there.secret)
    wallet.token(offer, there.code)

    assert refused(Wallet().token(offer, there.code)) == ("invalid_grant", 400)


@pytest.mark.django_db(transaction=True)
def test_of_two_wallets_at_once_one_wins(offered, wallet):
    """B148."""
    there = offered()
    offer = wallet.offer(there.secret)

    def redeem(one: Wallet) -> int:
        try:
            return one.token(offer, there.code).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(redeem, [Wallet() for _ in range(4)]))

    assert found == [200, 400, 400, 400]


def test_after_five_minutes_it_is_over(offered, wallet, monday):
    there = offered()
    offer = wallet.offer(there.secret)

    monday.shift(timedelta(minutes=5))

    assert refused(wallet.token(offer, there.code)) == ("invalid_grant", 400)
    assert wallet.client.get(f"/oid4vci/offers/{there.secret}").status_code == 404


def test_after_five_wrong_tries_the_right_code_is_wrong_too(offered, wallet):
    """B148: a million codes, five tries; and the answer is the same each time, also to the right one."""
    there = offered()
    offer = wallet.offer(there.secret)

    answers = [wallet.token(offer, wrong_of(there.code)).content for _ in range(5)]
    answers.append(wallet.token(offer, there.code).content)
    answers.append(
        wallet.token(wallet.offer(offered().secret), "000000", **{"pre-authorized_code": "x"}).content
    )

    assert len(set(answers)) == 1, answers
    assert CredentialOffer.objects.earliest("pk").tries == 5


def test_four_wrong_tries_are_forgiven(offered, wallet):
    there = offered()
    offer = wallet.offer(there.secret)
    for _ in range(4):
        wallet.token(offer, wrong_of(there.code))

    assert wallet.token(offer, there.code).status_code == 200


def test_without_its_transaction_code_it_is_asked_for_and_nothing_is_used_up(offered, wallet):
    there = offered()
    offer = wallet.offer(there.secret)

    assert refused(wallet.token(offer, None)) == ("invalid_request", 400)
    assert wallet.token(offer, there.code).status_code == 200


def test_an_offer_without_a_transaction_code_takes_none(offered, wallet):
    there = offered(asks=Code.NEVER)
    offer = wallet.offer(there.secret)
    [grant] = offer["grants"].values()

    assert "tx_code" not in grant
    assert refused(wallet.token(offer, "123456")) == ("invalid_request", 400)
    assert wallet.token(offer, None).status_code == 200


def test_a_code_of_one_issuer_is_nothing_to_another(offered, wallet, elsewhere):
    """B148: a foreign issuer's address."""
    there = offered()
    offer = wallet.offer(there.secret)
    foreign = offer | {"credential_issuer": offer["credential_issuer"][:-22] + elsewhere.public_id}

    assert refused(wallet.token(foreign, there.code)) == ("invalid_grant", 400)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "unsupported_grant_type"),
        ({"pre-authorized_code": ""}, "invalid_request"),
        ({"pre-authorized_code": "x" * 201}, "invalid_request"),
        ({"pre-authorized_code": "\x00"}, "invalid_grant"),
        ({"tx_code": "１２３４５６"}, "invalid_grant"),
        ({"tx_code": "\x00"}, "invalid_grant"),
    ],
)
def test_what_is_not_in_order_is_refused_in_oauths_words(offered, wallet, changes, error):
    there = offered()
    offer = wallet.offer(there.secret)

    assert (error, 400) == refused(wallet.token(offer, there.code, **changes))


def test_who_asks_for_configurations_gets_their_identifiers(offered, wallet):
    there = offered()
    asked = '[{"type": "openid_credential", "credential_configuration_id": "ob3-jwt"}, 7, {"type": []}]'

    answer = wallet.token(wallet.offer(there.secret), there.code, authorization_details=asked).json()

    assert answer["authorization_details"] == [
        {
            "type": "openid_credential",
            "credential_configuration_id": "ob3-jwt",
            "credential_identifiers": ["ob3-jwt"],
        }
    ]


@pytest.mark.parametrize("details", ["", "{", "[{}", '[], "x": [1]', "7", '{"a": 1, "a": 2}'])
def test_details_that_cannot_be_read_are_passed_over(offered, wallet, details):
    there = offered()

    answer = wallet.token(wallet.offer(there.secret), there.code, authorization_details=details)

    assert answer.status_code == 200
    assert "authorization_details" not in answer.json()


def test_a_new_offer_ends_the_one_before(offered, wallet):
    first = offered()
    offer = wallet.offer(first.secret)

    second = offered()

    assert refused(wallet.token(offer, first.code)) == ("invalid_grant", 400)
    assert wallet.token(wallet.offer(second.secret), second.code).status_code == 200


def test_a_withdrawn_offer_is_over_also_for_who_has_a_token(offered, wallet, learner):
    there = offered()
    offer = wallet.offer(there.secret)
    token = wallet.token(offer, there.code).json()["access_token"]

    offering.withdraw(there.offer, by=learner, at=MONDAY)

    assert refused(wallet.credential(offer, token)) == ("invalid_token", 401)


def refused(answer):
    return answer.json()["error"], answer.status_code
