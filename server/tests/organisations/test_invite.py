# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta

import pytest
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.journal.models import Entry
from cairn_server.organisations import services
from cairn_server.organisations.models import Invitation


def invite(organisation, by, email="lena@people.example", roles=("issuer",), at=MONDAY):
    return services.invite(by=by, organisation=organisation, email=email, roles=roles, at=at)


def test_the_owner_invites_and_only_the_hash_is_kept(organisation, owner):
    """B153."""
    invitation, token = invite(organisation, owner)

    assert invitation.email == "lena@people.example"
    assert invitation.roles == ["issuer"]
    assert len(token) >= 43
    assert token not in str(list(Invitation.objects.values_list()))
    assert services.open_invitation(token, at=MONDAY) == invitation


def test_the_journal_names_no_address(organisation, owner):
    invite(organisation, owner)

    entry = Entry.objects.of(organisation.public_id).last()
    assert entry.verb == "member invited"
    assert "lena" not in str(entry.details)


def test_the_address_is_stored_in_its_one_spelling(organisation, owner):
    """B130."""
    assert invite(organisation, owner, email=" Lena@People.Example ")[0].email == "lena@people.example"


def test_a_newer_invitation_replaces_the_older(organisation, owner):
    """B147: an older one with more roles does not stay open."""
    _, old = invite(organisation, owner, roles=["owner"])
    _, new = invite(organisation, owner, roles=["auditor"])

    with pytest.raises(services.InvitationOver):
        services.open_invitation(old, at=MONDAY)
    assert services.open_invitation(new, at=MONDAY).roles == ["auditor"]


def test_a_member_is_not_invited_again(organisation, owner, issuer):
    with pytest.raises(services.AlreadyMember):
        invite(organisation, owner, email=issuer.email)


@pytest.mark.parametrize("roles", [[], ["superuser"], ["issuer", "is_staff"]])
def test_only_roles_that_exist(organisation, owner, roles):
    """B139, B147."""
    with pytest.raises(services.NoRoles):
        invite(organisation, owner, roles=roles)


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a\r\nBcc: x@y.example", "ı@people.example"])
def test_only_addresses(organisation, owner, email):
    """B128, B130."""
    with pytest.raises(services.BadAddress):
        invite(organisation, owner, email=email)


@pytest.mark.parametrize("who", ["issuer", "reviewer", "auditor"])
def test_only_the_owner_may(organisation, who, request):
    with pytest.raises(NotAllowed):
        invite(organisation, request.getfixturevalue(who))


def test_for_an_outsider_it_does_not_exist(organisation, outsider):
    """B135."""
    with pytest.raises(NotVisible):
        invite(organisation, outsider)


def test_a_withdrawn_invitation_is_over(organisation, owner):
    invitation, token = invite(organisation, owner)

    services.withdraw_invitation(invitation, by=owner, at=TUESDAY)

    with pytest.raises(services.InvitationOver):
        services.open_invitation(token, at=TUESDAY)
    with pytest.raises(services.InvitationOver):
        services.withdraw_invitation(invitation, by=owner, at=TUESDAY)


def test_invitations_are_forgotten_after_a_month(organisation, owner):
    """What docs/operators-guide.md says under "What is kept, and for how long"."""
    invite(organisation, owner)

    assert services.forget_old_invitations(at=MONDAY + timedelta(days=30)) == 0
    assert services.forget_old_invitations(at=MONDAY + timedelta(days=31)) == 1
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("who", ["issuer", "outsider"])
def test_others_withdraw_nothing(organisation, owner, who, request):
    invitation, token = invite(organisation, owner)

    with pytest.raises(NotAllowed):
        services.withdraw_invitation(invitation, by=request.getfixturevalue(who), at=TUESDAY)

    assert services.open_invitation(token, at=TUESDAY)
