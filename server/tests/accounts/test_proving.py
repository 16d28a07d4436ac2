# SPDX-License-Identifier: Apache-2.0
"""Codes to addresses: who may guess how often, and what a proof is good for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.accounts import proving
from cairn_server.accounts.limits import TooMany
from cairn_server.accounts.models import AddressProof, Person
from cairn_server.journal.models import Entry

pytestmark = pytest.mark.django_db
NEW = "new@people.example"


def proved(address=NEW, *, about="claim:1", at=MONDAY):
    proof, code = proving.ask(address, about=about, at=at)
    return proving.prove(proof.public_id, code, about=about, at=at)


def another(code):
    return f"{(int(code) + 1) % 10**6:06d}"


def test_the_code_that_was_sent_proves_the_address():
    proof = proved("New@People.Example")

    assert proving.is_good(proof, NEW, at=MONDAY)
    assert not proving.is_good(proof, "other@people.example", at=MONDAY)


def test_a_code_is_not_in_the_database():
    proof, code = proving.ask(NEW, about="claim:1", at=MONDAY)

    assert code not in "".join(map(str, AddressProof.objects.values_list().get()))
    assert proof.code_sha256


def test_b148_a_code_is_used_once():
    proof, code = proving.ask(NEW, about="claim:1", at=MONDAY)
    proving.prove(proof.public_id, code, about="claim:1", at=MONDAY)

    with pytest.raises(proving.CodeRefused):
        proving.prove(proof.public_id, code, about="claim:1", at=MONDAY)


def test_b148_after_five_wrong_codes_the_right_one_is_refused_too():
    proof, code = proving.ask(NEW, about="claim:1", at=MONDAY)
    for _ in range(5):
        with pytest.raises(proving.CodeRefused):
            proving.prove(proof.public_id, another(code), about="claim:1", at=MONDAY)

    with pytest.raises(proving.CodeRefused):
        proving.prove(proof.public_id, code, about="claim:1", at=MONDAY)


def test_b148_the_fifth_try_may_be_the_right_one():
    proof, code = proving.ask(NEW, about="claim:1", at=MONDAY)
    for _ in range(4):
        with pytest.raises(proving.CodeRefused):
            proving.prove(proof.public_id, another(code), about="claim:1", at=MONDAY)

    assert proving.prove(proof.public_id, code, about="claim:1", at=MONDAY).proven_at == MONDAY


@pytest.mark.parametrize("typed", ["", " ", "abc", "0" * 20, "१२३४५६"])
def test_what_is_no_code_is_refused_like_a_wrong_one(typed):
    proof, _code = proving.ask(NEW, about="claim:1", at=MONDAY)

    with pytest.raises(proving.CodeRefused):
        proving.prove(proof.public_id, typed, about="claim:1", at=MONDAY)


def test_a_code_may_be_typed_with_spaces():
    proof, code = proving.ask(NEW, about="claim:1", at=MONDAY)

    assert proving.prove(proof.public_id, f" {code[:3]} {code[3:]} ", about="claim:1", at=MONDAY)


def test_b145_a_code_for_one_act_opens_no_other():
    proof, code = proving.ask(NEW, about="claim:1", at=MONDAY)

    with pytest.raises(proving.CodeRefused):
        proving.prove(proof.public_id, code, about="claim:2", at=MONDAY)


def test_b145_a_code_is_over_after_fifteen_minutes():
    proof, code = proving.ask(NEW, about="claim:1", at=MONDAY)

    with pytest.raises(proving.CodeRefused):
        proving.prove(proof.public_id, code, about="claim:1", at=MONDAY + proving.LIVES)


def test_a_new_code_ends_the_one_before():
    old, code = proving.ask(NEW, about="claim:1", at=MONDAY)
    proving.ask(NEW, about="claim:1", at=MONDAY + timedelta(minutes=1))

    with pytest.raises(proving.CodeRefused):
        proving.prove(old.public_id, code, about="claim:1", at=MONDAY + timedelta(minutes=1))


def test_b149_codes_to_one_address_are_few_whoever_asks():
    for number in range(5):
        proving.ask(NEW, about=f"claim:{number}", at=MONDAY)

    with pytest.raises(TooMany):
        proving.ask(NEW, about="claim:9", at=MONDAY)
    proving.ask("other@people.example", about="claim:9", at=MONDAY)


def test_a_proof_is_used_within_an_hour():
    proof = proved()

    assert not proving.is_good(proof, NEW, at=MONDAY + timedelta(hours=1, seconds=1))


# Whose it is


def test_whoever_proves_an_address_without_an_account_gets_one():
    person = proving.person_of(proved(), at=MONDAY)

    assert (person.email, person.has_usable_password()) == (NEW, False)
    assert EmailAddress.objects.get(user=person).verified
    assert Entry.objects.filter(verb="account made", actor_id=person.public_id).exists()


def test_whoever_has_the_address_already_is_found(learner):
    assert proving.person_of(proved(learner.email), at=MONDAY) == learner


def test_b146_who_signed_up_first_with_an_address_they_cannot_read_gets_nothing():
    """The pre-hijack: an account is waiting under the victim's address, with a password of the attacker's."""
    squatter = Person.objects.create_user(NEW, password="of the attacker's own choice")
    EmailAddress.objects.create(user=squatter, email=NEW, verified=False, primary=True)

    person = proving.person_of(proved(), at=MONDAY)

    assert person.pk != squatter.pk
    assert not person.has_usable_password()
    assert not Person.objects.filter(pk=squatter.pk).exists()


def test_b146_who_added_an_address_they_cannot_read_keeps_their_own_account(learner):
    EmailAddress.objects.create(user=learner, email=NEW, verified=False)

    person = proving.person_of(proved(), at=MONDAY)

    assert person != learner
    assert set(EmailAddress.objects.filter(user=learner).values_list("email", flat=True)) == {learner.email}


def test_b146_a_main_address_that_was_never_read_goes_back_to_one_that_was(learner):
    EmailAddress.objects.create(user=learner, email=NEW, verified=False)
    Person.objects.filter(pk=learner.pk).update(email=NEW)

    proving.person_of(proved(), at=MONDAY)

    learner.refresh_from_db()
    assert learner.email == "lena@people.example"


def test_a_closed_account_is_not_opened_by_a_code(learner):
    Person.objects.filter(pk=learner.pk).update(is_active=False)

    with pytest.raises(proving.AccountClosed):
        proving.person_of(proved(learner.email), at=MONDAY)


def test_an_address_is_added_by_its_proof(learner):
    proving.add_address(proved(), by=learner, at=MONDAY)

    row = EmailAddress.objects.get(email=NEW)
    assert (row.user_id, row.verified, row.primary) == (learner.pk, True, False)


def test_an_address_that_was_added_before_is_confirmed_by_its_proof(learner):
    EmailAddress.objects.create(user=learner, email=NEW, verified=False)

    proving.add_address(proved(), by=learner, at=MONDAY)

    assert EmailAddress.objects.get(email=NEW).verified


def test_b146_the_address_of_another_account_is_not_taken_from_it(learner, outsider):
    with pytest.raises(proving.AddressTaken):
        proving.add_address(proved(outsider.email), by=learner, at=MONDAY)

    assert EmailAddress.objects.get(email=outsider.email).user == outsider


# Since when


def test_b146_an_address_that_was_not_read_for_a_year_is_not_fresh(learner):
    Person.objects.filter(pk=learner.pk).update(joined_at=MONDAY - timedelta(days=800))
    learner.refresh_from_db()
    assert proving.fresh_addresses(learner, at=MONDAY) == set()

    proving.note(learner, learner.email, at=MONDAY)

    assert proving.fresh_addresses(learner, at=TUESDAY) == {learner.email}
    assert proving.fresh_addresses(learner, at=MONDAY + timedelta(days=366)) == set()


def test_an_address_that_was_removed_is_not_fresh_whatever_was_proved(learner):
    Person.objects.filter(pk=learner.pk).update(joined_at=MONDAY - timedelta(days=800))
    learner.refresh_from_db()
    proving.add_address(proved(), by=learner, at=MONDAY)
    EmailAddress.objects.filter(email=NEW).delete()

    assert proving.fresh_addresses(learner, at=MONDAY) == set()


def test_who_signs_in_often_is_noted_once_a_day(learner):
    for hours in (0, 1, 2, 30):
        proving.note(learner, learner.email, at=MONDAY + timedelta(hours=hours))

    assert AddressProof.objects.filter(person=learner).count() == 2


def test_what_nobody_can_use_any_more_is_forgotten(learner):
    proving.ask(NEW, about="claim:1", at=MONDAY)
    proving.note(learner, learner.email, at=MONDAY)

    assert proving.forget_old(at=TUESDAY) == 1
    assert AddressProof.objects.get().person == learner
    assert proving.forget_old(at=MONDAY + timedelta(days=366)) == 1


def test_the_database_knows_how_many_tries_there_are():
    proof, _code = proving.ask(NEW, about="claim:1", at=MONDAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        AddressProof.objects.filter(pk=proof.pk).update(tries=6)


def test_the_database_knows_that_only_a_proof_belongs_to_somebody(learner):
    proof, _code = proving.ask(NEW, about="claim:1", at=MONDAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        AddressProof.objects.filter(pk=proof.pk).update(person=learner)
