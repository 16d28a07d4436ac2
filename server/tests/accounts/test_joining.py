# SPDX-License-Identifier: Apache-2.0
"""Two accounts of one person: proved both, nothing lost, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import UniqueConstraint
from django.utils.module_loading import import_string
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.accounts import joining, proving
from cairn_server.accounts.models import Person
from cairn_server.errors import NotVisible
from cairn_server.journal.models import Entry
from cairn_server.organisations.models import Membership
from cairn_server.organisations.roles import Role

pytestmark = pytest.mark.django_db
MOVERS = [import_string(name) for name in settings.JOINS]


def proof_for(into, address, *, at=MONDAY):
    proof, code = proving.ask(address, about=joining.about(into), at=at)
    return proving.prove(proof.public_id, code, about=joining.about(into), at=at)


def join(into, other, *, at=MONDAY):
    joining.join(into, proof=proof_for(into, other.email, at=at), movers=MOVERS, at=at)


@pytest.fixture
def old(person):
    """Lena's account of her time at school."""
    return person("Lena2", email="lena@school.example", password="some words of the past")


def test_the_addresses_of_both_are_on_the_one_that_stays(learner, old):
    EmailAddress.objects.create(user=old, email="lena@first.example", verified=True)
    EmailAddress.objects.create(user=old, email="unread@first.example", verified=False)

    join(learner, old)

    assert proving.verified_addresses(learner) == {
        "lena@people.example", "lena@school.example", "lena@first.example",
    }  # fmt: skip
    assert not EmailAddress.objects.filter(email="unread@first.example").exists()
    assert EmailAddress.objects.get(primary=True).email == "lena@people.example"
    assert not Person.objects.filter(pk=old.pk).exists()


def test_it_is_in_the_journal_which_was_the_other(learner, old):
    join(learner, old)

    entry = Entry.objects.get(verb="accounts joined")
    assert (entry.actor_id, entry.details) == (learner.public_id, {"other": old.public_id})


def test_roles_move_and_one_that_both_had_stays_one(issuer, old, organisation):
    for role in (Role.ISSUER, Role.OWNER):
        Membership.objects.create(organisation=organisation, person=old, role=role, since=MONDAY)
    organisation.memberships.filter(role=Role.OWNER).exclude(person=old).delete()

    join(issuer, old)  # also of the last owner: the organisation has one all the time

    assert sorted(issuer.memberships.values_list("role", flat=True)) == ["issuer", "owner"]
    assert Entry.objects.of(organisation.public_id).get(verb="role moved to a joined account").details == {
        "role": "owner",
        "from": old.public_id,
    }


def test_b146_a_code_to_another_address_joins_nothing(learner, old, outsider):
    """The proof is of an address of nobody, or of one's own: there is no other account behind it."""
    for address in ("nobody@people.example", learner.email):
        with pytest.raises(NotVisible):
            joining.join(learner, proof=proof_for(learner, address), movers=MOVERS, at=MONDAY)

    assert Person.objects.filter(pk__in=[old.pk, outsider.pk]).count() == 2


def test_b145_a_proof_for_one_account_joins_it_to_no_other(learner, old, outsider):
    proof = proof_for(learner, old.email)

    with pytest.raises(NotVisible):
        joining.join(outsider, proof=proof, movers=MOVERS, at=MONDAY)


def test_b145_both_are_proved_at_the_time(learner, old):
    proof = proof_for(learner, old.email)

    with pytest.raises(NotVisible):
        joining.join(learner, proof=proof, movers=MOVERS, at=MONDAY + timedelta(hours=2))
    assert Person.objects.filter(pk=old.pk).exists()


def test_b145_a_code_that_was_only_asked_for_joins_nothing(learner, old):
    proof, _code = proving.ask(old.email, about=joining.about(learner), at=MONDAY)

    with pytest.raises(NotVisible):
        joining.join(learner, proof=proof, movers=MOVERS, at=MONDAY)


@pytest.mark.parametrize("guard", ["second factor", "operator", "closed"])
def test_a_code_does_not_get_round_what_guards_an_account(learner, old, guard):
    if guard == "second factor":
        Authenticator.objects.create(user=old, type="totp", data={})
    else:
        Person.objects.filter(pk=old.pk).update(
            **({"is_staff": True} if guard == "operator" else {"is_active": False})
        )

    with pytest.raises(joining.CannotJoin):
        join(learner, old)
    assert Person.objects.filter(pk=old.pk).exists()


def test_what_proved_the_other_addresses_goes_on_proving_them(learner, old):
    proving.note(old, old.email, at=MONDAY)
    Person.objects.filter(pk=learner.pk).update(joined_at=MONDAY - timedelta(days=800))
    learner.refresh_from_db()

    join(learner, old)

    assert proving.fresh_addresses(learner, at=TUESDAY) == {old.email}


def test_every_rule_about_what_a_person_has_once_is_known_to_a_mover():
    """A table that comes new with such a rule needs a thought before it needs a line here."""
    once = set()
    for model, field in joining.references():
        if model in joining.END_WITH_IT:
            continue
        rules = [each.fields for each in model._meta.constraints if isinstance(each, UniqueConstraint)]
        if field.unique or any(field.name in each for each in [*rules, *model._meta.unique_together]):
            once.add(model._meta.label)

    assert once == {
        "issuing.LetterChoice",  # issuing.choices.move
        "account.EmailAddress",  # their addresses are verified, and a verified one is on one account
        "assessments.Attempt",  # assessments.joining
        "earning.Attended",  # earning.joining
        "earning.Enrolment",  # earning.joining
        "earning.UnitDone",  # earning.joining
        "portability.Connection",  # portability.services.move
        "portability.Consent",  # portability.services.move
        "projects.Review",  # projects.joining; what is reviewed belongs to one person
        "projects.Work",  # projects.joining
        "organisations.Membership",  # organisations.services.move_memberships
        "wallets.Collection",  # wallets.joining
        "wallets.HeldCredential",  # wallets.joining
        "wallets.Look",  # wallets.joining; what is looked at belongs to one person
        "wallets.Portfolio",  # wallets.joining
    }


def test_nothing_names_the_account_that_is_gone(learner, old, issuer, organisation):
    """Every table of this installation, whoever wrote it."""
    join(learner, old)

    for model, field in joining.references():
        assert not model._base_manager.filter(**{f"{field.name}_id": old.pk}).exists(), model
