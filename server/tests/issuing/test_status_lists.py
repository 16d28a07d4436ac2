# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY
from server.tests.issuing.conftest import sources_of

import cairn
from cairn.canonical import parse_json
from cairn.status import StatusList as Bits
from cairn.status import has_suspension_twin
from cairn_server.issuing import services, status_lists
from cairn_server.issuing.models import STATUS_LIST_CAPACITY, StatusList, StatusListVersion
from cairn_server.issuing.representations import representation
from cairn_server.issuing.signing import OwnProductRefused
from cairn_server.issuing.status_lists import RenewalIncomplete, permuted
from cairn_server.organisations import key_changes
from cairn_server.organisations.installation import begin_recovery, confirm_recovery
from cairn_server.organisations.models import SigningKey

KEY = bytes(range(32))


def test_the_numbers_of_a_whole_list_are_all_its_indexes_once():
    """Exhaustive at the real size: 131,072 numbers, 131,072 different indexes."""
    indexes = {
        permuted(number, key=KEY, capacity=STATUS_LIST_CAPACITY) for number in range(STATUS_LIST_CAPACITY)
    }

    assert len(indexes) == STATUS_LIST_CAPACITY
    assert max(indexes) == STATUS_LIST_CAPACITY - 1


@pytest.mark.parametrize("capacity", [1, 2, 3, 7, 8, 9, 100, 255, 256, 257])
def test_every_small_capacity_is_permuted_too(capacity):
    assert sorted(permuted(number, key=KEY, capacity=capacity) for number in range(capacity)) == list(
        range(capacity)
    )


def test_neighbours_are_not_neighbours():
    """Awards one after the other lie apart: by chance, two of 100 steps would be shorter than a hundredth."""
    indexes = [permuted(number, key=KEY, capacity=STATUS_LIST_CAPACITY) for number in range(101)]

    close = sum(1 for one, next in pairwise(indexes) if abs(one - next) < STATUS_LIST_CAPACITY / 100)
    assert close < 10


def test_g5_indexes_are_spread_evenly():
    """Chi-square over 64 bins of 6,400 indexes: far below 120, which chance passes once in 30,000 times."""
    bins = [0] * 64
    for number in range(6_400):
        bins[permuted(number, key=KEY, capacity=STATUS_LIST_CAPACITY) * 64 // STATUS_LIST_CAPACITY] += 1

    assert sum((count - 100) ** 2 / 100 for count in bins) < 120


def test_another_key_is_another_order():
    orders = {
        tuple(permuted(number, key=bytes([n]) * 32, capacity=STATUS_LIST_CAPACITY) for number in range(3))
        for n in range(20)
    }

    assert len(orders) == 20


@pytest.mark.parametrize("number", [-1, 131_072])
def test_there_is_no_number_beyond_the_list(number):
    with pytest.raises(ValueError, match="there is no number"):
        permuted(number, key=KEY, capacity=STATUS_LIST_CAPACITY)


def test_indexes_of_many_numbers_are_those_of_each():
    status_list = StatusList()

    several = status_lists.indexes_of(status_list, first=1_000, count=5)

    assert several == [status_lists.index_of(status_list, number) for number in range(1_000, 1_005)]


def test_a_full_list_is_followed_by_a_next_one(award):
    first = award()
    StatusList.objects.update(next_number=STATUS_LIST_CAPACITY)

    assert award().status_list_id != first.status_list_id


def test_the_pair_says_what_it_is(credential):
    public_id = credential.status_list.public_id
    main = parse_json(status_lists.status_list_credential(public_id, "revocation", at=MONDAY))
    twin = parse_json(status_lists.status_list_credential(public_id, "suspension", at=MONDAY))

    assert (main["id"], twin["id"]) == (
        f"{PUBLIC_URL}/s/{public_id}",
        f"{PUBLIC_URL}/s/{public_id}/suspension",
    )
    assert has_suspension_twin(main)
    assert main["issuer"] == twin["issuer"] == credential.organisation.did
    assert [each["credentialSubject"]["statusPurpose"] for each in (main, twin)] == [
        "revocation",
        "suspension",
    ]
    assert len(Bits.decode(main["credentialSubject"]["encodedList"])) == STATUS_LIST_CAPACITY


def test_the_stored_bits_are_the_published_bits(issuer, award):
    credentials = [award() for _ in range(4)]
    services.revoke(credentials[1], by=issuer, reason="x", at=TUESDAY)
    services.suspend(credentials[2], by=issuer, reason="x", at=TUESDAY)

    row = StatusList.objects.get()
    for purpose, stored, standing in (
        ("revocation", row.revoked, "revoked"),
        ("suspension", row.suspended, "suspended"),
    ):
        document = parse_json(status_lists.status_list_credential(row.public_id, purpose, at=TUESDAY))
        published = Bits.decode(document["credentialSubject"]["encodedList"])
        assert published.bits == bytes(stored)
        for credential in credentials:
            credential.refresh_from_db()
            assert published.get(credential.status_index) == (credential.standing == standing)


def test_an_unknown_list_is_unknown(db):
    with pytest.raises(StatusList.DoesNotExist):
        status_lists.status_list_credential("nothing", "revocation", at=MONDAY)


def test_reading_a_list_signs_nothing(credential):
    before = StatusListVersion.objects.count()

    for _ in range(3):
        status_lists.status_list_credential(
            credential.status_list.public_id, "revocation", at=MONDAY + timedelta(days=9)
        )

    assert StatusListVersion.objects.count() == before


def test_a_list_is_signed_anew_before_it_grows_old(credential):
    late = MONDAY + timedelta(days=6, hours=23)

    assert status_lists.renew_status_lists(at=MONDAY + timedelta(hours=1)) == 0
    assert status_lists.renew_status_lists(at=late) == 1

    beyond = MONDAY + timedelta(days=8)
    report = cairn.Verifier(sources_of(credential)).examine(representation(credential, "json")[0], at=beyond)
    assert report.verdict is cairn.Verdict.VERIFIED


def test_an_expired_list_is_not_believed(credential):
    beyond = MONDAY + timedelta(days=8)

    report = cairn.Verifier(sources_of(credential)).examine(representation(credential, "json")[0], at=beyond)

    assert report.verdict is cairn.Verdict.COULD_NOT_CHECK


def test_renewing_keeps_what_was_revoked(issuer, credential):
    services.revoke(credential, by=issuer, reason="x", at=MONDAY)
    status_lists.renew_status_lists(at=MONDAY + timedelta(days=2))

    report = cairn.Verifier(sources_of(credential)).examine(
        representation(credential, "json")[0], at=MONDAY + timedelta(days=2)
    )
    assert report.finding("status").code == "revoked"


def test_a_list_that_a_compromised_key_signed_is_signed_anew(credential, owner, version, award):
    """Without that, credentials of the other keys could not be checked either."""
    organisation = credential.organisation
    key_changes.propose_replacement(organisation, by=owner, reason="x", at=TUESDAY)
    later = award(version=version, at=TUESDAY)
    status_lists.renew_status_lists(at=TUESDAY)
    soon = TUESDAY + timedelta(minutes=1)
    second = organisation.signing_keys.get(fragment="key-2")
    key_changes.declare_compromised(organisation, by=owner, key=second, reason="stolen", since=soon, at=soon)

    assert status_lists.renew_status_lists(at=soon + timedelta(seconds=1)) == 1
    assert status_lists.renew_status_lists(at=soon + timedelta(seconds=2)) == 0

    verifier = cairn.Verifier(sources_of(credential))
    first, second = (
        verifier.examine(representation(each, "json")[0], at=soon + timedelta(seconds=3))
        for each in (credential, later)
    )
    assert first.verdict is cairn.Verdict.VERIFIED
    assert second.finding("signature").code == "key-revoked"


def test_after_a_compromised_key_awarding_and_checking_go_on_at_once(credential, owner, version, award):
    """The declaration signs the lists anew in the same act: nobody waits for the background work."""
    organisation = credential.organisation
    key_changes.propose_replacement(organisation, by=owner, reason="x", at=MONDAY)
    status_lists.sign_anew(organisation, at=MONDAY)
    stolen = organisation.signing_keys.get(fragment="key-2")

    _change, problems = services.declare_key_compromised(
        stolen, by=owner, since=MONDAY, reason="A laptop was stolen.", at=TUESDAY
    )
    assert problems == []
    later = award(version=version, at=TUESDAY)

    verifier = cairn.Verifier(sources_of(credential))
    for each in (credential, later):
        report = verifier.examine(representation(each, "json")[0], at=TUESDAY)
        assert report.verdict is cairn.Verdict.VERIFIED


def test_a_compromised_key_is_declared_also_where_nothing_can_be_signed(credential, owner):
    """A restored copy signs no list. The key is withdrawn all the same, and the lists stay due."""
    key = credential.organisation.signing_keys.get()
    begin_recovery(reasons=["x"], at=MONDAY)

    _change, problems = services.declare_key_compromised(
        key, by=owner, since=MONDAY, reason="stolen", at=TUESDAY
    )
    assert len(problems) == 1

    key.refresh_from_db()
    assert key.state == SigningKey.State.COMPROMISED
    confirm_recovery(at=TUESDAY)
    assert status_lists.renew_status_lists(at=TUESDAY) == 1


def test_keys_are_declared_compromised_by_the_verb_that_signs_the_lists_anew():
    """``organisations`` knows of no lists, so its own verb is for issuing alone."""
    import cairn_server

    root = Path(cairn_server.__file__).parent
    callers = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if "key_changes.declare_compromised(" in path.read_text()
        or "key_changes.confirm(" in path.read_text()
    }

    assert callers == {"issuing/services.py"}


def test_f11_after_a_recovery_the_lists_are_signed_above_their_marks(credential):
    """config/watermark.py raised the counter above the mark; what is served catches up."""
    StatusList.objects.update(version=7, sealed_at=TUESDAY)

    assert status_lists.renew_status_lists(at=MONDAY + timedelta(hours=1)) == 1

    assert StatusListVersion.objects.order_by("-version").first().version == 7


def test_one_issuer_in_trouble_does_not_stop_the_others(credential, elsewhere, outsider, award):
    """The first list cannot be signed (its key is gone); the second is, and the trouble is reported."""
    from server.tests.issuing.conftest import FIELDS

    from cairn_server.achievements import services as achievements

    draft = achievements.draft_achievement(by=outsider, organisation=elsewhere, fields=FIELDS, at=MONDAY)
    achievements.publish(draft, by=outsider, at=MONDAY)
    other = award(by=outsider, version=draft)
    SigningKey.objects.filter(organisation=credential.organisation).update(sealed=b"\0" * 60)

    with pytest.raises(RenewalIncomplete):
        status_lists.renew_status_lists(at=MONDAY + timedelta(days=2))

    assert other.status_list.versions.filter(version=2).exists()
    assert not credential.status_list.versions.filter(version=2).exists()


def test_a_list_that_our_own_verifier_refuses_is_trouble_and_no_crash(credential, monkeypatch):
    def refuse(*_arguments, **_named):
        raise OwnProductRefused("status list", "signature: signature-mismatch")

    monkeypatch.setattr(status_lists, "verify_own", refuse)

    with pytest.raises(RenewalIncomplete, match="own-product-refused"):
        status_lists.renew_status_lists(at=MONDAY + timedelta(days=2))
    assert not credential.status_list.versions.filter(version=2).exists()


@pytest.mark.parametrize("capacity", [1, 2, 5, 1_000, STATUS_LIST_CAPACITY])
def test_an_index_leads_back_to_its_number(capacity):
    numbers, key = range(min(capacity, 1_000)), b"k" * 32
    indexes = [permuted(number, key=key, capacity=capacity) for number in numbers]

    found = [status_lists.number_of(index, key=key, capacity=capacity) for index in indexes]

    assert found == list(numbers)


@pytest.mark.parametrize("index", [-1, 5])
def test_what_is_no_index_has_no_number(index):
    with pytest.raises(ValueError, match="no index"):
        status_lists.number_of(index, key=b"k" * 32, capacity=5)
