# SPDX-License-Identifier: Apache-2.0
"""Who may offer what to a wallet, and what is forgotten of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY

from cairn_server.accounts import services as accounts
from cairn_server.accounts.limits import TooMany
from cairn_server.errors import NotVisible
from cairn_server.issuing import copies, offering, services
from cairn_server.issuing.models import CredentialOffer, UsedNonce
from cairn_server.journal.models import Entry

MINUTE = timedelta(minutes=1)


@pytest.fixture
def offered(credential, learner):
    return lambda at=MONDAY: offering.offer(credential, by=learner, at=at)


def test_it_lives_for_five_minutes(offered):
    made, secret = offered()

    assert offering.open_offer(secret, at=MONDAY + 5 * MINUTE - timedelta(seconds=1)) == made
    with pytest.raises(offering.OfferOver):
        offering.open_offer(secret, at=MONDAY + 5 * MINUTE)


def test_only_its_holder_offers_it(credential, issuer, outsider):
    """B135 B141 B146: not who has awarded it, and not a stranger."""
    for nobody in (issuer, outsider):
        with pytest.raises(NotVisible):
            offering.offer(credential, by=nobody, at=MONDAY)

    assert not CredentialOffer.objects.exists()


def test_an_address_that_was_given_up_opens_nothing(credential, learner):
    """B146: a recycled address is proven anew or it is nobody's."""
    EmailAddress.objects.filter(user=learner).update(verified=False)

    with pytest.raises(NotVisible):
        offering.offer(credential, by=learner, at=MONDAY)


def test_what_does_not_count_is_not_offered(award, learner, issuer):
    revoked, suspended = award(), award()
    ended = award(valid_until=MONDAY + MINUTE)
    services.revoke(revoked, by=issuer, reason="A mistake", at=MONDAY)
    services.suspend(suspended, by=issuer, reason="A review", at=MONDAY)

    for each, at in ((revoked, MONDAY), (suspended, MONDAY), (ended, MONDAY + MINUTE)):
        with pytest.raises(copies.NotForWallets):
            offering.offer(each, by=learner, at=at)


def test_a_second_person_does_not_withdraw_it(offered, issuer):
    made, secret = offered()

    with pytest.raises(NotVisible):
        offering.withdraw(made, by=issuer, at=MONDAY)

    assert offering.open_offer(secret, at=MONDAY) == made


def test_every_code_is_another(offered):
    secrets = {offered()[1] for _ in range(20)}

    assert 20 == len(secrets) == len({offering.code_of(each) for each in secrets})
    assert len({offering.transaction_code_of(each) for each in secrets}) > 1
    assert all(len(offering.transaction_code_of(each)) == 6 for each in secrets)
    with pytest.raises(TooMany):
        offered()


def test_a_transaction_code_does_not_follow_from_the_code_alone(offered, settings):
    """B148: who has photographed the QR code can compute everything but this."""
    _made, secret = offered()
    code, transaction_code = offering.code_of(secret), offering.transaction_code_of(secret)

    settings.SECRET_KEY = "another"

    assert (code, transaction_code) != (offering.code_of(secret), offering.transaction_code_of(secret))


def test_the_journal_has_the_offer_without_its_secret(offered, learner):
    _made, secret = offered()

    entry = Entry.objects.latest("pk")
    assert ("credential offered to a wallet", learner.public_id) == (entry.verb, entry.actor_id)
    assert secret not in str(list(Entry.objects.values()))


def test_after_a_week_it_is_forgotten_and_nonces_sooner(offered):
    offered()
    nonce = offering.nonce(at=MONDAY)
    offering.use_nonce(nonce, at=MONDAY)

    assert offering.forget_offers(at=MONDAY + timedelta(days=7)) == 0
    assert UsedNonce.objects.count() == 0
    assert offering.forget_offers(at=MONDAY + timedelta(days=7, minutes=6)) == 1


def test_a_nonce_is_kept_for_as_long_as_it_is_good(db):
    """B148: forgotten before its time, it could be used a second time."""
    nonce = offering.nonce(at=MONDAY)
    offering.use_nonce(nonce, at=MONDAY)
    last = MONDAY + offering.LIVES

    offering.forget_offers(at=last)

    with pytest.raises(offering.NonceRefused):
        offering.use_nonce(nonce, at=last)


def test_an_account_that_is_deleted_takes_its_offers_along(offered, learner):
    """G24."""
    offered()

    accounts.delete_account(by=learner, at=MONDAY)

    assert not CredentialOffer.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"tries": 6},
        {"redeemed_at": MONDAY},
        {"way": "vc-api"},
        {"taken_at": MONDAY},
        {"token_sha256": "x"},
        {"token_expires_at": MONDAY},
    ],
    ids=str,
)
def test_the_table_refuses_what_can_never_be(offered, wrong):
    made, _secret = offered()

    with pytest.raises(IntegrityError), transaction.atomic():
        CredentialOffer.objects.filter(pk=made.pk).update(**wrong)
