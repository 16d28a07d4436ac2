# SPDX-License-Identifier: Apache-2.0
"""What the signer asks before it signs. Each question has a test that fails without it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from server.tests.conftest import KEK, MONDAY

from cairn.keys import Algorithm
from cairn_server.organisations import keys
from cairn_server.organisations.keys import (
    Intent,
    KeyStore,
    KeyUnavailable,
    SigningRefused,
    Terms,
    intent_digest,
)
from cairn_server.organisations.keys.orders import (
    LONGEST_INPUT,
    MOST_INPUTS,
    RECEIPT,
    REQUEST,
    Making,
    Order,
)
from cairn_server.organisations.keys.service import BULK_FACTOR, SigningService
from cairn_server.organisations.models import SigningKey

INPUTS = (b"one", b"two")


@pytest.fixture
def now():
    """A clock that a test can put forward."""
    return [MONDAY]


@pytest.fixture
def recorded():
    """What is on record, by its reference."""
    return {}


@pytest.fixture
def service(now, recorded):
    return SigningService(
        KeyStore(KEK),
        clock=lambda: now[0],
        intents={"credential": recorded.get, "chunk": recorded.get},
        terms=Terms(per_minute=4),
    )


@pytest.fixture
def key(organisation):
    return keys.active_key(organisation)


@pytest.fixture
def order(organisation, key, recorded):
    recorded["this"] = Intent(organisation.public_id, key.fragment, intent_digest(INPUTS), MONDAY)
    return Order(organisation.public_id, key.fragment, "credential", "this", INPUTS)


def changed(order, **changes):
    names = ("organisation", "key", "purpose", "intent", "inputs")
    return Order(**{name: getattr(order, name) for name in names} | changes)


def refused(service, order):
    with pytest.raises(SigningRefused) as error:
        service.sign(order)
    return error.value.code


def test_what_is_on_record_is_signed(service, order, key):
    assert all(map(key.public_key.verify, INPUTS, service.sign(order)))


@pytest.mark.parametrize(
    "changes",
    [
        {"intent": "that"},
        {"purpose": "status-list"},
        {"purpose": RECEIPT},
        {"inputs": (b"one",)},
        {"inputs": (b"two", b"one")},
        {"inputs": (b"onet", b"wo")},
        {"inputs": (b"one", b"two", b"three")},
    ],
    ids=str,
)
def test_what_is_not_on_record_is_not_signed(service, order, changes):
    assert refused(service, changed(order, **changes)) == "no-such-intent"


def test_what_is_on_record_for_another_organisation_is_not_signed(
    service, order, elsewhere, recorded, organisation
):
    """Both have a ``key-1``."""
    assert refused(service, changed(order, organisation=elsewhere.public_id)) == "no-such-intent"


def test_what_is_on_record_for_another_key_is_not_signed(service, order, organisation):
    new = keys.new_key(organisation, at=MONDAY)

    assert refused(service, changed(order, key=new.fragment)) == "no-such-intent"


@pytest.mark.parametrize("changes", [{"organisation": "nobody"}, {"key": "key-9"}], ids=str)
def test_a_key_that_is_not_there_signs_nothing(service, order, changes):
    assert refused(service, changed(order, **changes)) == "key-cannot-sign"


@pytest.mark.parametrize(
    ("state", "dates"),
    [
        ("pending", {"activated_at": None}),
        ("retired", {"retired_at": MONDAY}),
        ("destroyed", {"destroyed_at": MONDAY, "sealed": b""}),
        ("compromised", {"revoked_at": MONDAY, "compromised_from": MONDAY}),
    ],
)
def test_a_key_that_is_not_in_use_signs_nothing(service, order, key, state, dates):
    service.sign(order)  # it was open a moment ago
    SigningKey.objects.filter(pk=key.pk).update(state=state, **dates)

    assert refused(service, order) == "key-cannot-sign"


def test_a_key_that_may_be_stolen_signs_nothing(service, order, key):
    SigningKey.objects.filter(pk=key.pk).update(held_at=MONDAY)

    assert refused(service, order) == "key-cannot-sign"


def test_a_retiring_key_finishes_what_is_on_record(service, order, organisation, key):
    keys.new_key(organisation, at=MONDAY)

    key.refresh_from_db()
    assert key.state == SigningKey.State.RETIRING
    assert service.sign(order)


def test_a_key_signs_until_the_end_of_its_time(service, order, now):
    now[0] = MONDAY + timedelta(days=730) - timedelta(seconds=1)
    service.sign(order)

    now[0] = MONDAY + timedelta(days=730)

    assert refused(service, order) == "key-too-old"


def test_a_key_that_is_the_name_of_its_organisation_has_no_such_end(service, order, organisation, key, now):
    type(organisation).objects.filter(pk=organisation.pk).update(did=f"did:key:{key.multikey}")
    now[0] = MONDAY + timedelta(days=7300)

    assert service.sign(order)


def test_a_key_signs_so_much_in_a_minute_and_a_list_more(service, order, recorded):
    service._rate.clock = iter([0.0, 1.0, 2.0, 40.0, 40.0]).__next__
    service.sign(order)
    service.sign(order)

    assert refused(service, order) == "signing-too-fast"
    service.sign(order)  # half a minute later there is room for two

    many = tuple(number.to_bytes(2, "big") for number in range(4 * BULK_FACTOR))
    recorded["this"] = Intent(order.organisation, order.key, intent_digest(many), MONDAY)
    assert len(service.sign(changed(order, purpose="chunk", inputs=many))) == len(many)


def test_one_organisation_does_not_use_up_anothers_minute(service, order, elsewhere, recorded):
    service._rate.clock = lambda: 0.0
    service.sign(order)
    service.sign(order)
    theirs = keys.active_key(elsewhere)
    recorded["this"] = Intent(elsewhere.public_id, theirs.fragment, intent_digest(INPUTS), MONDAY)

    assert service.sign(changed(order, organisation=elsewhere.public_id))


@pytest.mark.parametrize(
    "inputs",
    [(), (b"",) * (MOST_INPUTS + 1), (bytes(LONGEST_INPUT + 1),), (bytes(LONGEST_INPUT),) * 129],
    ids=["none", "too many", "too long", "too much"],
)
def test_an_order_has_bounds(service, order, inputs):
    assert refused(service, changed(order, inputs=inputs)) == "order-out-of-bounds"


def test_the_installations_key_signs_receipts_and_no_credential(service, installation):
    own = keys.own_key(at=MONDAY)
    receipt = Order("", own.fragment, RECEIPT, "", (b"a receipt",))

    [signature] = service.sign(receipt)

    assert keys.own_signer(own).public_key.verify(b"a receipt", signature)
    for purpose in ("credential", "chunk", "status-list"):
        assert refused(service, changed(receipt, purpose=purpose)) == "key-cannot-sign"
    type(own).objects.update(revoked_at=MONDAY)
    assert refused(service, receipt) == "key-cannot-sign"


def test_a_receipt_is_never_signed_in_an_organisations_name(service, order):
    assert refused(service, changed(order, purpose=RECEIPT)) == "no-such-intent"


def test_a_key_that_signs_is_not_destroyed(service, organisation, key):
    with pytest.raises(SigningRefused, match="signs"):
        service.destroy(organisation.public_id, key.fragment)


def test_a_custody_that_was_not_set_up_is_named(service, organisation):
    with pytest.raises(KeyUnavailable, match="pkcs11"):
        service.make(Making(organisation.public_id, "key-2", Algorithm.ED25519, "pkcs11"))


def test_a_signer_opens_a_key_once_and_reads_its_row_every_time(service, order, key, monkeypatch):
    opened = []
    service._rate.per_minute = 0  # which counts nothing
    genuine = KeyStore.open
    monkeypatch.setattr(KeyStore, "open", lambda store, row: opened.append(row) or genuine(store, row))

    service.sign(order)
    service.sign(order)
    assert len(opened) == 1

    SigningKey.objects.filter(pk=key.pk).update(sealed=bytes(60))
    with pytest.raises(KeyUnavailable):
        service.sign(order)


def test_the_digest_of_an_intent_is_what_it_is():
    """Word for word: what is on record is compared by this, also after an update."""
    assert intent_digest([b"one", b"two"]) == (
        "c0eeeaab7843d35111a48d8036a773abfe00f87233c94e5542ac80d556ea631c"
    )


@pytest.mark.parametrize(
    "given",
    [
        b"a receipt",
        b"e30.e30",
        b"eyJ0eXAiOiJKV1QifQ.e30",
        b'{"typ":"oauth-authz-req+jwt"}.e30',
        b"eyJ0eXAiOiJvYXV0aC1hdXRoei1yZXErand0In0",
        b"\xff.e30",
    ],
)
def test_as_a_request_nothing_is_signed_that_is_none(service, installation, given):
    """B49: a receipt of somebody's own making would otherwise be one word away."""
    own = keys.own_key(at=MONDAY)
    genuine = b"eyJ0eXAiOiJvYXV0aC1hdXRoei1yZXErand0In0.e30"  # {"typ":"oauth-authz-req+jwt"}

    [signature] = service.sign(Order("", own.fragment, REQUEST, "", (genuine,)))

    assert keys.request_signer(own).public_key.verify(genuine, signature)
    for inputs in ((given,), (genuine, given)):
        assert refused(service, Order("", own.fragment, REQUEST, "", inputs)) == "key-cannot-sign"
