# SPDX-License-Identifier: Apache-2.0
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.accounts import services
from cairn_server.accounts.models import Person
from cairn_server.journal.models import Entry
from cairn_server.journal.services import broken_link
from cairn_server.organisations import services as organisations
from cairn_server.organisations import tokens
from cairn_server.organisations.models import ApiToken, Invitation, LastOwner, Membership
from cairn_server.organisations.roles import Role


def test_the_person_is_gone(learner):
    Authenticator.objects.create(user=learner, type=Authenticator.Type.TOTP, data={"secret": "x"})

    services.delete_account(by=learner, at=TUESDAY)

    assert not Person.objects.exists()
    assert not EmailAddress.objects.exists()
    assert not Authenticator.objects.exists()


def test_the_journal_stays_whole_and_names_nobody(organisation, issuer):
    """G24: what stays is a random identifier that now belongs to nobody."""
    token = str(issuer.email)
    services.delete_account(by=issuer, at=TUESDAY)

    assert broken_link(None) is None
    assert broken_link(organisation.public_id) is None
    assert token not in str(list(Entry.objects.values_list()))


def test_memberships_and_tokens_go_with_the_person(organisation, owner, member):
    second = member("Olaf", Role.OWNER)
    _, text = tokens.create_token(organisation, by=second, name="sync", scopes=["awards:read"], at=MONDAY)
    organisations.invite(
        by=second, organisation=organisation, email="x@y.example", roles=["issuer"], at=MONDAY
    )

    services.delete_account(by=second, at=TUESDAY)

    assert list(Membership.objects.values_list("person", flat=True)) == [owner.pk]
    assert not ApiToken.objects.exists()
    assert Invitation.objects.get().invited_by is None
    with pytest.raises(tokens.BadToken):
        tokens.authenticate_token(text, at=TUESDAY)


def test_the_last_owner_of_an_open_organisation_is_refused(organisation, owner, issuer):
    with pytest.raises(LastOwner):
        services.delete_account(by=owner, at=TUESDAY)

    assert Person.objects.filter(pk=owner.pk).exists()
    assert Membership.objects.filter(person=owner, role=Role.OWNER).exists()


def test_the_last_owner_of_a_closed_organisation_may_go(organisation, owner):
    organisations.close_organisation(organisation, by=owner, live_credentials=0, knows=False, at=MONDAY)

    services.delete_account(by=owner, at=TUESDAY)

    assert not Person.objects.exists()


def test_the_table_itself_refuses_without_the_service(organisation, owner):
    """Whoever deletes people in another way meets the same rule."""
    with pytest.raises(LastOwner):
        Person.objects.filter(pk=owner.pk).delete()


def test_others_stay(learner, outsider):
    services.delete_account(by=learner, at=TUESDAY)

    assert list(Person.objects.all()) == [outsider]


def test_one_takes_one_s_data_along(organisation, issuer):
    Authenticator.objects.create(user=issuer, type=Authenticator.Type.TOTP, data={"secret": "hidden"})

    mine = services.export_data(issuer)

    assert mine["email"] == issuer.email
    assert mine["addresses"] == [{"email": issuer.email, "verified": True, "primary": True}]
    assert mine["second_factors"][0]["type"] == "totp"
    assert "hidden" not in str(mine)
    assert organisations.export_data(issuer)["memberships"][0]["organisation"] == organisation.name
