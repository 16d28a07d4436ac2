# SPDX-License-Identifier: Apache-2.0
"""Key custody: what is sealed opens in its place and nowhere else."""

from hashlib import sha256

import pytest
from server.tests.conftest import KEK, MONDAY, TUESDAY, signing_here

from cairn.keys import Algorithm, PublicKey
from cairn_server.organisations import key_changes, keys, services
from cairn_server.organisations.keys import sealing
from cairn_server.organisations.models import DataKey, SigningKey

STORE = keys.KeyStore(KEK)


@pytest.fixture
def key(organisation):
    return keys.active_key(organisation)


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def test_the_opened_key_signs_for_the_public_key(organisation, key):
    signature = STORE.open(key).sign(b"message")

    assert PublicKey.from_multikey(key.multikey).verify(b"message", signature)


def test_the_database_holds_no_private_key(organisation, key):
    """H20, G17."""
    private = STORE.open(key).to_bytes()

    for stored in (bytes(key.sealed), bytes(organisation.data_key.wrapped)):
        assert private not in stored
        assert KEK not in stored


def test_no_byte_of_a_seal_can_be_changed(key):
    """F16: found before use."""
    sealed = bytes(key.sealed)
    for position in range(len(sealed)):
        key.sealed = flipped(sealed, position)
        with pytest.raises(keys.KeyUnavailable):
            STORE.open(key)


def test_no_byte_of_a_wrapped_data_key_can_be_changed(key):
    """F16."""
    row = DataKey.objects.get()
    wrapped = bytes(row.wrapped)
    for position in range(len(wrapped)):
        DataKey.objects.update(wrapped=flipped(wrapped, position))
        with pytest.raises(keys.KeyUnavailable):
            STORE.open(key)


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(11)])
def test_a_cut_off_seal_does_not_open(key, sealed):
    key.sealed = sealed
    with pytest.raises(keys.KeyUnavailable):
        STORE.open(key)


def test_a_seal_moved_to_another_organisation_does_not_open(organisation, elsewhere, key):
    stolen = keys.active_key(elsewhere)
    stolen.sealed = key.sealed

    with pytest.raises(keys.KeyUnavailable):
        STORE.open(stolen)


@pytest.mark.parametrize("column", ["fragment", "algorithm"])
def test_a_seal_does_not_open_under_another_name(key, column):
    setattr(key, column, {"fragment": "key-2", "algorithm": "P-256"}[column])

    with pytest.raises(keys.KeyUnavailable):
        STORE.open(key)


def test_a_seal_does_not_open_under_another_version_of_the_data_key(key):
    DataKey.objects.update(version=2)

    with pytest.raises(keys.KeyUnavailable):
        STORE.open(key)


def test_a_private_key_is_used_only_with_its_own_public_key(organisation, elsewhere, key):
    """RUSTSEC-2022-0093: never sign with a public key that was only stored beside the private one."""
    other = keys.active_key(elsewhere).multikey
    private = STORE.open(key).to_bytes()
    data_key = DataKey.objects.get(organisation=organisation)
    context = sealing._key_context(organisation.public_id, key.fragment, other, data_key.version)
    key.multikey = other
    key.sealed = sealing._seal(STORE._unwrap(data_key), private, context)

    with pytest.raises(keys.KeyUnavailable) as refused:
        STORE.open(key)
    assert refused.value.code == "key-mismatch"


def test_another_kek_is_called_by_its_name(key):
    with pytest.raises(keys.KeyUnavailable) as refused:
        keys.KeyStore(bytes(32)).open(key)
    assert refused.value.code == "key-encryption-key"


def test_a_key_store_never_shows_its_key():
    assert KEK.hex() not in repr(STORE)
    assert "\\x01\\x02\\x03" not in repr(STORE)


@pytest.mark.parametrize("kek", [b"", bytes(16), bytes(33)])
def test_a_kek_has_32_bytes(kek):
    with pytest.raises(ValueError, match="32"):
        keys.KeyStore(kek)


def test_a_new_kek_rewraps_and_the_keys_stay_the_same(organisation, key, elsewhere):
    new = keys.KeyStore(bytes(reversed(range(32))))
    assert keys.rewrap_all(old=STORE, new=new) == 2

    keys.install(lambda: signing_here(new.kek))
    assert new.open(key).public_key.multikey() == key.multikey
    assert keys.open_everything() == []
    with pytest.raises(keys.KeyUnavailable):
        STORE.open(key)
    assert keys.rewrap_all(old=STORE, new=new) == 0


def test_the_known_answer_test_names_the_key_that_does_not_open(organisation, elsewhere, key):
    assert keys.open_everything() == []

    SigningKey.objects.filter(pk=key.pk).update(sealed=bytes(60))

    assert keys.open_everything() == [str(key)]


def test_every_algorithm_can_be_sealed(organisation):
    for algorithm in (Algorithm.ED25519, Algorithm.P256, Algorithm.P384):
        made = keys.new_key(organisation, at=TUESDAY, algorithm=algorithm)
        assert STORE.open(made).algorithm == algorithm


def test_there_is_one_active_key_and_the_old_one_is_remembered(organisation, key):
    new = keys.new_key(organisation, at=TUESDAY)

    assert [(k.fragment, k.state, k.retiring_at) for k in keys.key_history(organisation)] == [
        ("key-1", "retiring", TUESDAY),
        ("key-2", "active", None),
    ]
    assert keys.active_key(organisation) == new


def test_without_a_key_nothing_is_signed(organisation):
    SigningKey.objects.all().delete()

    with pytest.raises(keys.NoSigningKey):
        keys.signer_for(organisation, purpose="credential", intent="any")
    with pytest.raises(keys.NoSigningKey):
        keys.signer_for(organisation, purpose="credential", intent="any", key="key-1")


def test_an_outsider_rotates_and_revokes_nothing(organisation, outsider, key):
    """B135."""
    with pytest.raises(services.NotVisible):
        key_changes.propose_replacement(organisation, by=outsider, reason="x", at=MONDAY)
    with pytest.raises(services.NotVisible):
        key_changes.declare_compromised(
            organisation, by=outsider, key=key, reason="x", since=MONDAY, at=MONDAY
        )


@pytest.mark.parametrize("who", ["issuer", "reviewer", "auditor"])
def test_only_the_owner_rotates(organisation, who, request):
    with pytest.raises(services.NotAllowed):
        key_changes.propose_replacement(organisation, by=request.getfixturevalue(who), reason="x", at=MONDAY)


def test_a_key_of_another_organisation_is_not_there(organisation, owner, elsewhere):
    """B135."""
    with pytest.raises(SigningKey.DoesNotExist):
        key_changes.declare_compromised(
            organisation, by=owner, key=keys.active_key(elsewhere), reason="x", since=MONDAY, at=MONDAY
        )


def test_a_seal_is_bound_to_all_that_it_is_for(organisation, key):
    """Word for word: whoever changes it can no longer open what was sealed before."""
    public = sha256(PublicKey.from_multikey(key.multikey).material).hexdigest()

    assert sealing._key_context(organisation.public_id, "key-1", key.multikey, 1).decode() == (
        f"cairn-key/1|key-1|{organisation.public_id}|assertion|Ed25519|{public}|1"
    )
