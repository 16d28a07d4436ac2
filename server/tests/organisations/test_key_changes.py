# SPDX-License-Identifier: Apache-2.0
"""The life of a key: who may change it, with whom, and what time does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, TUESDAY

from cairn.did import DidDocument
from cairn.keys import Algorithm
from cairn_server.errors import NotAllowed, NotVisible, Refusal
from cairn_server.journal.models import Entry
from cairn_server.organisations import identity, key_changes, keys
from cairn_server.organisations.key_changes import ChangeOver, ChangeWaits, NotSoEarly, SecondOwnerNeeded
from cairn_server.organisations.keys import Terms
from cairn_server.organisations.models import KeyChange, Membership, Organisation, SigningKey
from cairn_server.organisations.roles import Role, SecondFactorRequired

WEDNESDAY = TUESDAY + timedelta(days=1)


@pytest.fixture
def second(member):
    return member("Oscar", Role.OWNER)


@pytest.fixture
def two_owners(organisation, second):
    return organisation


def propose(organisation, owner, **changes):
    usual = {"by": owner, "reason": "Every year.", "at": TUESDAY}
    return key_changes.propose_replacement(organisation, **usual | changes)


def declare(organisation, owner, **changes):
    usual = {
        "by": owner, "key": organisation.signing_keys.get(fragment="key-1"), "since": MONDAY,
        "reason": "A laptop was stolen.", "at": TUESDAY,
    }  # fmt: skip
    return key_changes.declare_compromised(organisation, **usual | changes)


def states(organisation):
    return dict(organisation.signing_keys.values_list("fragment", "state"))


def verbs(organisation):
    return list(Entry.objects.of(organisation.public_id).order_by("number").values_list("verb", flat=True))


# Two people


def test_one_owner_asks_and_nothing_changes_yet(two_owners, owner):
    change = propose(two_owners, owner)

    assert change.state == KeyChange.State.PROPOSED
    assert states(two_owners) == {"key-1": "active", "key-2": "pending"}
    assert verbs(two_owners)[-1] == "key change proposed"


def test_another_owner_agrees_and_it_is_done(two_owners, owner, second):
    change = key_changes.confirm(propose(two_owners, owner), by=second, at=WEDNESDAY)

    assert states(two_owners) == {"key-1": "retiring", "key-2": "active"}
    assert (change.proposed_by, change.decided_by, change.alone) == (owner, second, False)
    entry = Entry.objects.of(two_owners.public_id).order_by("-number")[0]
    assert entry.verb == "key rotated"
    assert entry.details["reason"] == "Every year."


def test_nobody_agrees_with_themselves(two_owners, owner):
    change = propose(two_owners, owner)

    with pytest.raises(SecondOwnerNeeded):
        key_changes.confirm(change, by=owner, at=WEDNESDAY)
    assert states(two_owners)["key-1"] == "active"


def test_the_database_knows_that_it_takes_two(two_owners, owner):
    """Also for code that forgets to ask."""
    change = propose(two_owners, owner)

    with pytest.raises(IntegrityError, match="two_people_change_a_key"), transaction.atomic():
        KeyChange.objects.filter(pk=change.pk).update(state="confirmed", decided_by=owner, decided_at=TUESDAY)


@pytest.mark.parametrize("who", ["issuer", "reviewer", "auditor"])
def test_only_owners_agree(two_owners, owner, who, request):
    change = propose(two_owners, owner)

    with pytest.raises(NotAllowed):
        key_changes.confirm(change, by=request.getfixturevalue(who), at=TUESDAY)
    with pytest.raises(NotAllowed):
        key_changes.withdraw(change, by=request.getfixturevalue(who), at=TUESDAY)
    with pytest.raises(NotAllowed):
        key_changes.set_alone(two_owners, by=request.getfixturevalue(who), alone=True, at=TUESDAY)


def test_b135_an_outsider_sees_no_change(two_owners, owner, outsider):
    change = propose(two_owners, owner)

    for verb in (key_changes.confirm, key_changes.withdraw):
        with pytest.raises(NotVisible):
            verb(change, by=outsider, at=TUESDAY)


def test_a_second_owner_without_the_second_factor_agrees_to_nothing(two_owners, owner, second):
    change = propose(two_owners, owner)
    Organisation.objects.update(requires_second_factor=True)

    with pytest.raises(SecondFactorRequired):
        key_changes.confirm(change, by=second, at=TUESDAY)
    with pytest.raises(SecondFactorRequired):
        key_changes.withdraw(change, by=second, at=TUESDAY)


def test_b138_a_wish_ends_with_the_right_to_it(two_owners, owner, second, member):
    third = member("Ona", Role.OWNER)
    change = propose(two_owners, second)
    Membership.objects.filter(person=second).delete()

    with pytest.raises(ChangeOver):
        key_changes.confirm(change, by=third, at=TUESDAY)


def test_one_change_at_a_time(two_owners, owner, second):
    change = propose(two_owners, owner)

    with pytest.raises(ChangeWaits):
        propose(two_owners, second)

    key_changes.withdraw(change, by=owner, at=TUESDAY)
    assert propose(two_owners, second).key.fragment == "key-3"


def test_what_was_decided_is_not_decided_again(two_owners, owner, second):
    change = key_changes.confirm(propose(two_owners, owner), by=second, at=TUESDAY)

    for verb in (key_changes.confirm, key_changes.withdraw):
        with pytest.raises(ChangeOver):
            verb(change, by=second, at=TUESDAY)


def test_a_new_key_that_nobody_wants_never_signs_and_is_never_listed(two_owners, owner):
    identity.identity(two_owners, public_url="https://cairn.example", at=MONDAY)
    change = propose(two_owners, owner)
    two_owners.refresh_from_db()
    listed = DidDocument.read(identity.did_document(two_owners), expected_id=two_owners.did)
    assert len(listed.methods) == 1

    key_changes.withdraw(change, by=owner, at=TUESDAY)

    assert states(two_owners) == {"key-1": "active", "key-2": "retired"}
    assert len(identity.did_document(two_owners)["verificationMethod"]) == 1


# One person


def test_the_only_owner_decides_alone_when_the_organisation_has_said_so(organisation, owner):
    change = propose(organisation, owner)

    assert (change.state, change.alone) == (KeyChange.State.CONFIRMED, True)
    assert states(organisation) == {"key-1": "retiring", "key-2": "active"}


def test_without_saying_so_the_only_owner_needs_another(organisation, owner):
    key_changes.set_alone(organisation, by=owner, alone=False, at=MONDAY)
    organisation.refresh_from_db()

    with pytest.raises(SecondOwnerNeeded):
        propose(organisation, owner)
    assert states(organisation) == {"key-1": "active"}


def test_with_a_second_owner_the_word_of_one_counts_no_more(two_owners, owner):
    """What was said as the only owner does not outlast that."""
    two_owners.refresh_from_db()
    assert two_owners.one_person_keys

    assert propose(two_owners, owner).state == KeyChange.State.PROPOSED
    with pytest.raises(SecondOwnerNeeded):
        key_changes.set_alone(two_owners, by=owner, alone=True, at=TUESDAY)


# Stolen


def test_from_the_first_word_nothing_is_signed_with_it(two_owners, owner):
    change = declare(two_owners, owner)

    assert change.state == KeyChange.State.PROPOSED
    assert states(two_owners) == {"key-1": "active"}
    with pytest.raises(keys.KeyHeld):
        keys.active_key(two_owners)


def test_the_second_word_makes_it_public_and_replaces_it(two_owners, owner, second):
    did, method = identity.identity(two_owners, public_url="https://cairn.example", at=MONDAY)

    key_changes.confirm(declare(two_owners, owner), by=second, at=WEDNESDAY)

    two_owners.refresh_from_db()
    assert states(two_owners) == {"key-1": "compromised", "key-2": "active"}
    document = DidDocument.read(identity.did_document(two_owners), expected_id=did)
    assert document.method(method).revoked == WEDNESDAY
    assert document.method(f"{did}#key-2").revoked is None
    assert two_owners.signing_keys.get(fragment="key-1").compromised_from == MONDAY
    entry = Entry.objects.of(two_owners.public_id).order_by("-number")[0]
    assert entry.verb == "key revoked"
    assert len(entry.details["did_document"]) == 64


def test_lifting_a_suspicion_takes_two_as_well(two_owners, owner, second):
    change = declare(two_owners, owner)
    with pytest.raises(SecondOwnerNeeded):
        key_changes.withdraw(change, by=owner, at=WEDNESDAY)

    key_changes.withdraw(change, by=second, at=WEDNESDAY)

    assert keys.active_key(two_owners).fragment == "key-1"


def test_a_waiting_replacement_by_a_stolen_key_is_none(two_owners, owner, second):
    waiting = propose(two_owners, owner)

    stolen = declare(two_owners, second, key=waiting.key, since=TUESDAY)
    key_changes.confirm(stolen, by=owner, at=WEDNESDAY)

    with pytest.raises(ChangeOver):
        key_changes.confirm(waiting, by=second, at=WEDNESDAY)
    assert states(two_owners) == {"key-1": "active", "key-2": "compromised"}


@pytest.mark.parametrize("state", ["retiring", "retired", "destroyed"])
def test_a_key_can_have_been_stolen_in_every_state(organisation, owner, state):
    propose(organisation, owner)
    old = organisation.signing_keys.get(fragment="key-1")
    SigningKey.objects.filter(pk=old.pk).update(
        state=state,
        retired_at=None if state == "retiring" else TUESDAY,
        destroyed_at=TUESDAY if state == "destroyed" else None,
        sealed=b"" if state == "destroyed" else bytes(old.sealed),
    )

    declare(organisation, owner, at=WEDNESDAY)

    assert states(organisation) == {"key-1": "compromised", "key-2": "active"}


@pytest.mark.parametrize("since", [MONDAY - timedelta(seconds=1), TUESDAY + timedelta(seconds=1)])
def test_a_theft_happens_between_the_making_and_now(organisation, owner, since):
    with pytest.raises(NotSoEarly):
        declare(organisation, owner, since=since)
    assert keys.active_key(organisation)


def test_of_a_closed_organisation_too(two_owners, owner, second):
    Organisation.objects.update(closed_at=MONDAY)

    key_changes.confirm(declare(two_owners, owner), by=second, at=TUESDAY)

    assert states(two_owners)["key-1"] == "compromised"


# Kinds


def test_a_p256_key_takes_its_place(organisation, owner):
    propose(organisation, owner, algorithm=Algorithm.P256)

    assert keys.active_key(organisation).algorithm == "P-256"


def test_other_kinds_are_not_for_organisations(organisation, owner):
    with pytest.raises(Refusal, match="key-kind"):
        propose(organisation, owner, algorithm=Algorithm.P384)


# Time

TERMS = Terms()


def aged(at):
    return [key.fragment for key, _since in key_changes.age_keys(at=at, terms=TERMS)]


def test_a_replaced_key_finishes_retires_and_is_destroyed(organisation, owner):
    propose(organisation, owner)

    aged(TUESDAY + timedelta(hours=23))
    assert states(organisation)["key-1"] == "retiring"
    aged(TUESDAY + timedelta(days=1))
    assert states(organisation)["key-1"] == "retired"
    aged(TUESDAY + timedelta(days=30, hours=23))
    assert states(organisation)["key-1"] == "retired"
    aged(TUESDAY + timedelta(days=31))
    assert states(organisation) == {"key-1": "destroyed", "key-2": "active"}

    gone = organisation.signing_keys.get(fragment="key-1")
    assert bytes(gone.sealed) == b""
    assert gone.multikey.startswith("z6Mk")
    assert verbs(organisation)[-2:] == ["key retired", "key destroyed"]
    aged(TUESDAY + timedelta(days=60))
    assert verbs(organisation).count("key destroyed") == 1


def test_a_destroyed_key_stays_in_the_document(organisation, owner):
    did, method = identity.identity(organisation, public_url="https://cairn.example", at=MONDAY)
    organisation.refresh_from_db()
    propose(organisation, owner)
    aged(TUESDAY + timedelta(days=1))
    aged(TUESDAY + timedelta(days=31))

    document = DidDocument.read(identity.did_document(organisation), expected_id=did)

    assert document.method(method).revoked is None


def test_the_private_half_of_a_stolen_key_is_destroyed_too(organisation, owner):
    declare(organisation, owner)

    aged(TUESDAY + timedelta(days=30))

    gone = organisation.signing_keys.get(fragment="key-1")
    assert (gone.state, bytes(gone.sealed)) == ("compromised", b"")


def test_a_custody_that_does_not_answer_is_asked_again(organisation, owner, monkeypatch):
    propose(organisation, owner)
    aged(TUESDAY + timedelta(days=1))
    later = TUESDAY + timedelta(days=31)

    class Away:
        def destroy(self, *_key):
            raise keys.SignerUnavailable("away")

    here = keys.signing()
    keys.install(Away)
    with pytest.raises(keys.SignerUnavailable):
        aged(later)
    assert states(organisation)["key-1"] == "retired"

    keys.install(lambda: here)
    aged(later)

    assert states(organisation)["key-1"] == "destroyed"


def test_owners_are_reminded_once_when_four_fifths_of_its_time_are_over(organisation, elsewhere):
    Organisation.objects.filter(pk=elsewhere.pk).update(did=f"did:key:{keys.active_key(elsewhere).multikey}")

    assert aged(MONDAY + timedelta(days=583)) == []
    assert aged(MONDAY + timedelta(days=584)) == ["key-1"]
    assert aged(MONDAY + timedelta(days=585)) == []


def test_the_letter_goes_to_the_owners(organisation, owner, second, issuer, mailoutbox):
    from cairn_server.config.key_care import care_for_keys

    assert care_for_keys(at=MONDAY + timedelta(days=600)) == 2

    assert {message.to[0] for message in mailoutbox} == {owner.email, second.email}
    assert f"/organisations/{organisation.public_id}/keys" in mailoutbox[0].body
    assert "22 November 2028" in mailoutbox[0].body


def test_f11_in_a_restored_copy_no_key_is_destroyed(organisation, owner):
    from cairn_server.config.key_care import care_for_keys
    from cairn_server.organisations.installation import begin_recovery

    propose(organisation, owner)
    begin_recovery(reasons=["x"], at=TUESDAY)

    care_for_keys(at=TUESDAY + timedelta(days=400))

    assert states(organisation)["key-1"] == "retiring"


# What can never be


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "active", "activated_at": None},
        {"state": "retiring", "retiring_at": None},
        {"state": "retired", "retired_at": None},
        {"state": "destroyed", "destroyed_at": TUESDAY},
        {"state": "compromised", "revoked_at": None},
        {"state": "compromised", "revoked_at": MONDAY, "compromised_from": TUESDAY},
        {"state": "active", "revoked_at": TUESDAY, "compromised_from": MONDAY},
        {"state": "compromised", "revoked_at": TUESDAY, "compromised_from": MONDAY, "destroyed_at": TUESDAY},
    ],
    ids=str,
)
def test_the_table_refuses_a_key_whose_dates_are_not_those_of_its_state(organisation, columns):
    with pytest.raises(IntegrityError), transaction.atomic():
        organisation.signing_keys.update(**columns)
