# SPDX-License-Identifier: Apache-2.0
"""The installation's own key: made once, sealed, listed, replaced, and only for receipts."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from server.tests.conftest import KEK, MONDAY, TUESDAY

from cairn import Verdict, Verifier
from cairn.errors import UnavailableError
from cairn_server.config import first_start
from cairn_server.errors import NotVisible
from cairn_server.journal.models import Entry
from cairn_server.organisations import installation as house
from cairn_server.organisations import keys, receipts
from cairn_server.organisations.models import InstallationKey

pytestmark = pytest.mark.usefixtures("installation")

STORE = keys.KeyStore(KEK)
DOCUMENT = "https://cairn.example/.well-known/did.json"
RECEIPT = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "type": ["VerifiableCredential"],
    "validFrom": "2026-11-23T09:00:00Z",
    "credentialSubject": {"id": "urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d"},
}


class OurOwnDocument:
    """Sources that have the one document that anybody can fetch from us."""

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        if url != DOCUMENT:
            raise UnavailableError("unreachable", url)
        response = Client(headers={"host": "cairn.example"}).get("/.well-known/did.json")
        assert response.status_code == 200
        return response.content


def verdict_on(signed: bytes) -> Verdict:
    return Verifier(OurOwnDocument()).examine(signed, at=TUESDAY).verdict


@pytest.fixture
def restore_key_store():
    yield
    keys.install(lambda: STORE)


def test_the_first_receipt_makes_the_key_and_the_next_uses_it():
    for _ in range(2):
        signed = receipts.sign_receipt(RECEIPT, at=MONDAY)

        assert verdict_on(signed) is Verdict.VERIFIED
        assert json.loads(signed)["issuer"]["id"] == "did:web:cairn.example"
    assert InstallationKey.objects.count() == 1


def test_what_was_changed_does_not_verify():
    signed = receipts.sign_receipt(RECEIPT, at=MONDAY).replace(b"8d4a2f3e", b"8d4a2f3f")

    assert verdict_on(signed) is Verdict.NOT_VERIFIED


def test_without_https_the_name_is_the_key():
    house.move_installation(public_url="http://127.0.0.1:8000", at=MONDAY)

    signed = receipts.sign_receipt(RECEIPT, at=MONDAY)

    assert json.loads(signed)["issuer"]["id"].startswith("did:key:z6Mk")
    assert verdict_on(signed) is Verdict.VERIFIED
    with pytest.raises(NotVisible):
        receipts.did_document()


def test_before_the_first_receipt_there_is_no_document():
    assert Client(headers={"host": "cairn.example"}).get("/.well-known/did.json").status_code == 404


def test_old_receipts_verify_after_the_key_was_replaced():
    old = receipts.sign_receipt(RECEIPT, at=MONDAY)

    call_command("replace_receipt_key")
    new = receipts.sign_receipt(RECEIPT, at=TUESDAY)

    assert (verdict_on(old), verdict_on(new)) == (Verdict.VERIFIED, Verdict.VERIFIED)
    methods = [json.loads(each)["proof"]["verificationMethod"] for each in (old, new)]
    assert methods == ["did:web:cairn.example#receipts-1", "did:web:cairn.example#receipts-2"]
    assert Entry.objects.filter(verb="receipt key replaced").count() == 1


def test_receipts_of_a_stolen_key_do_not_verify():
    old = receipts.sign_receipt(RECEIPT, at=MONDAY)

    receipts.replace_key(compromised=True, at=MONDAY)
    new = receipts.sign_receipt(RECEIPT, at=MONDAY)

    assert (verdict_on(old), verdict_on(new)) == (Verdict.NOT_VERIFIED, Verdict.VERIFIED)


def test_the_database_holds_no_private_key():
    """H20, G17."""
    key = keys.own_key(at=MONDAY)
    private = STORE.open_own(key).to_bytes()

    for stored in (bytes(key.sealed), bytes(key.wrapped)):
        assert private not in stored
        assert KEK not in stored


@pytest.mark.parametrize("column", ["sealed", "wrapped"])
def test_no_byte_of_a_seal_can_be_changed(column):
    """F16: found before use."""
    key = keys.own_key(at=MONDAY)
    whole = bytes(getattr(key, column))
    for position in range(len(whole)):
        changed = whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :]
        setattr(key, column, changed)
        with pytest.raises(keys.KeyUnavailable):
            STORE.open_own(key)


def test_a_seal_under_another_name_does_not_open():
    key, other = keys.new_own_key(at=MONDAY), keys.new_own_key(at=MONDAY)
    other.sealed, other.wrapped = key.sealed, key.wrapped

    with pytest.raises(keys.KeyUnavailable):
        STORE.open_own(other)


def test_the_known_answer_test_covers_it():
    key = keys.own_key(at=MONDAY)
    assert keys.open_everything() == []

    InstallationKey.objects.update(sealed=bytes(60))

    assert keys.open_everything() == [str(key)]


def test_a_new_key_encryption_key_takes_it_along():
    key = keys.own_key(at=MONDAY)
    new = keys.KeyStore(bytes(range(32, 64)))

    assert keys.rewrap_all(old=STORE, new=new) == 1

    key.refresh_from_db()
    assert new.open_own(key).public_key.multikey() == key.multikey
    with pytest.raises(keys.KeyUnavailable):
        STORE.open_own(key)


def test_a_key_under_a_third_key_keeps_the_old_one_in_its_place(settings):
    """Otherwise the file would be replaced that may still open it."""
    settings.KEY_ENCRYPTION_KEY = ""
    settings.KEY_ENCRYPTION_KEY_PATH = settings.DATA_DIR / "kek"
    first_start.make(settings.KEY_ENCRYPTION_KEY_PATH, KEK.hex())
    keys.own_key(at=MONDAY)
    InstallationKey.objects.update(kek_id="of somebody")

    with pytest.raises(CommandError, match="third key"):
        call_command("rotate_kek")

    assert first_start.read(settings.KEY_ENCRYPTION_KEY_PATH) == KEK.hex()


def test_a_process_for_another_address_signs_nothing():
    house.install_address("https://other.example")

    with pytest.raises(house.MovedMeanwhile):
        receipts.sign_receipt(RECEIPT, at=MONDAY)


def test_of_two_first_receipts_at_once_both_use_one_key(monkeypatch):
    """Whoever looked before there was a key looks again once nobody else can be making one."""
    looks = iter([None])
    look = keys._newest_own_key
    monkeypatch.setattr(keys, "_newest_own_key", lambda: next(looks, look()))
    first = keys.new_own_key(at=MONDAY)

    assert keys.own_key(at=MONDAY) == first
    assert InstallationKey.objects.count() == 1
