# SPDX-License-Identifier: Apache-2.0
"""F14: what keeps the keys is slow, busy, wrong, or gone. Nothing false gets out, and it goes on
afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from server.tests.conftest import MONDAY, signing_here
from server.tests.organisations.keys.conftest import PIN, remote_keys

from cairn_server.organisations.keys import (
    Intent,
    KeyUnavailable,
    SignerUnavailable,
    intent_digest,
)
from cairn_server.organisations.keys.orders import Order
from cairn_server.organisations.keys.remote import Server
from cairn_server.organisations.keys.service import SigningService
from cairn_server.organisations.models import SigningKey

INPUTS = (b"one", b"two")


@pytest.fixture
def service(tmp_path, remote, softhsm):
    """A signer with every custody, for which these inputs are on record."""
    from cairn_server.organisations.keys.pkcs11 import Token

    def intent(reference):
        organisation, _slash, key = reference.partition("/")
        return Intent(organisation, key, intent_digest(INPUTS), MONDAY)

    token = Token(str(softhsm), "cairn", pin=PIN)
    token._close()
    yield SigningService(
        signing_here()._store,
        clock=lambda: MONDAY,
        intents={"test": intent},
        custodies={"remote": lambda: remote_keys(remote, tmp_path), "pkcs11": lambda: token},
    )
    token._close()


@pytest.fixture
def used(organisation, keep, service):
    """A key of this custody that signs now, and the order for it."""

    def make(name):
        organisation.signing_keys.filter(state="active").update(state="retiring", retiring_at=MONDAY)
        key = keep(service._custody(name), name)
        key.state, key.activated_at = SigningKey.State.ACTIVE, MONDAY
        key.save()
        reference = f"{organisation.public_id}/{key.fragment}"
        return key, Order(organisation.public_id, key.fragment, "test", reference, INPUTS)

    return make


@pytest.mark.softhsm
@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ("timeout", SignerUnavailable),
        ("throttle", SignerUnavailable),
        ("garbage", SignerUnavailable),
        ("too-few", SignerUnavailable),
        ("other-version", KeyUnavailable),
        ("other-key", KeyUnavailable),
    ],
)
def test_f14_a_remote_signer_at_fault_gives_no_signature_and_is_asked_again(
    service, used, remote, fault, raised
):
    key, order = used("remote")
    remote.fault = fault

    with pytest.raises(raised):
        service.sign(order)

    remote.fault = ""
    assert all(map(key.public_key.verify, INPUTS, service.sign(order)))


@pytest.mark.softhsm
def test_f14_a_token_that_is_pulled_out_comes_back(service, used):
    key, order = used("pkcs11")
    assert all(map(key.public_key.verify, INPUTS, service.sign(order)))
    tokens = Path(os.environ["SOFTHSM2_CONF"]).parent / "tokens"
    away = tokens.with_name("away")

    tokens.rename(away)
    tokens.mkdir()
    try:
        with pytest.raises((SignerUnavailable, KeyUnavailable)):  # noqa: PT012 - one of the two
            # The module notices at the latest when it looks again.
            service.sign(order)
            service._custodies["pkcs11"]()._close()
            service.sign(order)
    finally:
        tokens.rmdir()
        away.rename(tokens)

    assert all(map(key.public_key.verify, INPUTS, service.sign(order)))


@pytest.mark.softhsm
def test_f14_a_wrong_pin_is_trouble_and_no_crash(softhsm, keep, service, used):
    from cairn_server.organisations.keys.pkcs11 import Token

    key, _order = used("pkcs11")
    service._custodies["pkcs11"]()._close()
    wrong = Token(str(softhsm), "cairn", pin="wrong")

    with pytest.raises(SignerUnavailable) as refused:
        wrong.open(key)

    assert "wrong" not in refused.value.message


def test_a_remote_signer_that_does_not_know_us_is_no_signer(remote, tmp_path, keep):
    stranger = remote_keys(remote, tmp_path, token="guessed")

    with pytest.raises(SignerUnavailable, match="401"):
        keep(stranger, "remote")


def test_a_remote_signer_that_we_do_not_know_is_no_signer(remote, tmp_path, keep):
    """Whoever stands between the two has a certificate too, only not from our authority."""
    with pytest.raises(SignerUnavailable, match="not who it should be"):
        keep(remote_keys(remote, tmp_path, authority=""), "remote")
    assert not remote.keys


def test_a_remote_signer_that_is_away_is_waited_for(remote, tmp_path, keep):
    remote.server_close()

    with pytest.raises(SignerUnavailable):
        keep(remote_keys(remote, tmp_path), "remote")


@pytest.mark.parametrize("url", ["http://kms.example/", "ftp://127.0.0.1/", "kms.example"])
def test_a_remote_signer_is_never_asked_in_the_clear(url):
    with pytest.raises(KeyUnavailable, match="https"):
        Server(url, token="x")


def test_a_remote_signer_that_would_not_ask_who_we_are_is_not_asked():
    with pytest.raises(KeyUnavailable, match="REMOTE_SIGNER_TOKEN"):
        Server("https://kms.example/")
