# SPDX-License-Identifier: Apache-2.0
"""Removing a member, leaving, handing over: the ways out, and who must stay."""

import pytest
from server.tests.conftest import TUESDAY

from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.organisations import roles, services, tokens
from cairn_server.organisations.models import LastOwner, Membership, Organisation
from cairn_server.organisations.roles import Role


def test_the_owner_removes_a_member(organisation, owner, issuer):
    services.remove_member(organisation, by=owner, person=issuer, at=TUESDAY)

    assert roles.roles_of(issuer, organisation) == frozenset()
    assert organisation not in Organisation.objects.visible_to(issuer)


def test_who_was_removed_finds_nothing_there(organisation, owner, issuer):
    """B138: not even a 403."""
    services.remove_member(organisation, by=owner, person=issuer, at=TUESDAY)

    with pytest.raises(NotVisible):
        roles.require(issuer, Role.AUDITOR, organisation)


def test_the_tokens_of_who_was_removed_are_dead(organisation, owner, member):
    """B138, B153."""
    second = member("Olaf", Role.OWNER)
    _, text = tokens.create_token(organisation, by=second, name="sync", scopes=["awards:read"], at=TUESDAY)

    services.remove_member(organisation, by=owner, person=second, at=TUESDAY)

    with pytest.raises(tokens.BadToken):
        tokens.authenticate_token(text, at=TUESDAY)


@pytest.mark.parametrize("who", ["issuer", "reviewer", "auditor", "outsider"])
def test_others_remove_nobody(organisation, owner, who, request):
    """B135, B141."""
    with pytest.raises(NotAllowed):
        services.remove_member(organisation, by=request.getfixturevalue(who), person=owner, at=TUESDAY)


def test_the_last_owner_is_removed_by_nobody(organisation, owner):
    with pytest.raises(LastOwner):
        services.remove_member(organisation, by=owner, person=owner, at=TUESDAY)


def test_a_stranger_cannot_be_removed(organisation, owner, learner):
    with pytest.raises(NotVisible):
        services.remove_member(organisation, by=owner, person=learner, at=TUESDAY)


def test_a_member_leaves(organisation, auditor):
    services.leave(organisation, by=auditor, at=TUESDAY)

    assert roles.roles_of(auditor, organisation) == frozenset()


def test_the_last_owner_cannot_leave(organisation, owner, issuer):
    with pytest.raises(LastOwner):
        services.leave(organisation, by=owner, at=TUESDAY)


def test_one_of_two_owners_may_leave(organisation, owner, member):
    member("Olaf", Role.OWNER)

    services.leave(organisation, by=owner, at=TUESDAY)

    assert Membership.objects.filter(organisation=organisation, role=Role.OWNER).count() == 1


def test_an_outsider_cannot_leave_what_they_are_not_in(organisation, outsider):
    with pytest.raises(NotVisible):
        services.leave(organisation, by=outsider, at=TUESDAY)


def test_the_owner_hands_over(organisation, owner, issuer):
    services.hand_over(organisation, by=owner, to=issuer, at=TUESDAY)

    assert Role.OWNER in roles.roles_of(issuer, organisation)
    assert roles.roles_of(owner, organisation) == {Role.ISSUER}


@pytest.mark.parametrize("who", ["issuer", "auditor", "outsider"])
def test_others_hand_nothing_over(organisation, reviewer, who, request):
    with pytest.raises(NotAllowed):
        services.hand_over(organisation, by=request.getfixturevalue(who), to=reviewer, at=TUESDAY)


def test_it_is_handed_to_a_member_only(organisation, owner, learner):
    with pytest.raises(NotVisible):
        services.hand_over(organisation, by=owner, to=learner, at=TUESDAY)


def test_handing_over_to_oneself_leaves_no_ownerless_organisation(organisation, owner):
    with pytest.raises(LastOwner):
        services.hand_over(organisation, by=owner, to=owner, at=TUESDAY)
    assert roles.roles_of(owner, organisation) == {Role.OWNER}
