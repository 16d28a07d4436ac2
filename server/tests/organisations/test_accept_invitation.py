# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.organisations import roles, services
from cairn_server.organisations.roles import Role


@pytest.fixture
def invitation(organisation, owner):
    return services.invite(
        by=owner,
        organisation=organisation,
        email="lena@people.example",
        roles=["issuer", "auditor"],
        at=MONDAY,
    )


def test_the_invited_person_joins_with_the_roles_of_the_row(organisation, invitation, learner):
    joined = services.accept_invitation(invitation[1], by=learner, at=TUESDAY)

    assert joined == organisation
    assert roles.roles_of(learner, organisation) == {Role.ISSUER, Role.AUDITOR}


def test_it_works_once(organisation, invitation, learner, owner):
    """B147: replay."""
    services.accept_invitation(invitation[1], by=learner, at=TUESDAY)
    services.remove_member(organisation, by=owner, person=learner, at=TUESDAY)

    with pytest.raises(services.InvitationOver):
        services.accept_invitation(invitation[1], by=learner, at=TUESDAY)
    assert roles.roles_of(learner, organisation) == frozenset()


def test_it_ends_after_a_week(invitation, learner):
    """B147: expired."""
    with pytest.raises(services.InvitationOver):
        services.accept_invitation(invitation[1], by=learner, at=MONDAY + timedelta(days=7))
    assert services.accept_invitation(invitation[1], by=learner, at=MONDAY + timedelta(days=7, seconds=-1))


def test_a_forwarded_invitation_is_of_no_use(organisation, invitation, outsider):
    """B147: another user."""
    with pytest.raises(services.InvitationForSomebodyElse):
        services.accept_invitation(invitation[1], by=outsider, at=TUESDAY)
    assert roles.roles_of(outsider, organisation) == frozenset()


def test_an_address_that_is_only_claimed_is_not_enough(organisation, invitation, outsider):
    """B146: the address must have been proved."""
    EmailAddress.objects.create(user=outsider, email="lena@people.example", verified=False)

    with pytest.raises(services.InvitationForSomebodyElse):
        services.accept_invitation(invitation[1], by=outsider, at=TUESDAY)


def test_a_second_verified_address_counts(organisation, invitation, outsider):
    EmailAddress.objects.create(user=outsider, email="lena@people.example", verified=True)

    services.accept_invitation(invitation[1], by=outsider, at=TUESDAY)

    assert Role.ISSUER in roles.roles_of(outsider, organisation)


def test_it_ends_with_the_right_of_who_sent_it(organisation, invitation, learner, owner, member):
    """B138: rights do not outlive membership."""
    second = member("Olaf", Role.OWNER)
    services.change_roles(organisation, by=second, person=owner, roles=["auditor"], at=TUESDAY)

    with pytest.raises(services.InvitationOver):
        services.accept_invitation(invitation[1], by=learner, at=TUESDAY)


def test_it_ends_when_who_sent_it_leaves(organisation, invitation, learner, owner, member):
    """B138."""
    member("Olaf", Role.OWNER)
    services.leave(organisation, by=owner, at=TUESDAY)

    with pytest.raises(services.InvitationOver):
        services.accept_invitation(invitation[1], by=learner, at=TUESDAY)


def test_it_ends_when_the_organisation_closes(organisation, invitation, learner, owner):
    """B147: organisation deleted."""
    services.close_organisation(organisation, by=owner, live_credentials=0, knows=False, at=TUESDAY)

    with pytest.raises(services.InvitationOver):
        services.accept_invitation(invitation[1], by=learner, at=TUESDAY)


@pytest.mark.parametrize("token", ["", "x", "\u0000", "é" * 50])
def test_a_made_up_token_is_over(invitation, learner, token):
    with pytest.raises(services.InvitationOver):
        services.accept_invitation(token, by=learner, at=TUESDAY)


def test_a_deactivated_account_accepts_nothing(organisation, invitation, learner):
    learner.is_active = False
    learner.save()

    with pytest.raises(services.NotAllowed):
        services.accept_invitation(invitation[1], by=learner, at=TUESDAY)
