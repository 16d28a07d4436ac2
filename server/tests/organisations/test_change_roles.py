# SPDX-License-Identifier: Apache-2.0
import pytest
from server.tests.conftest import TUESDAY

from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.organisations import roles, services
from cairn_server.organisations.models import LastOwner
from cairn_server.organisations.roles import Role


def change(organisation, by, person, *wanted):
    services.change_roles(organisation, by=by, person=person, roles=wanted, at=TUESDAY)


def test_a_member_holds_exactly_the_new_roles(organisation, owner, issuer):
    change(organisation, owner, issuer, Role.REVIEWER, Role.AUDITOR)

    assert roles.roles_of(issuer, organisation) == {Role.REVIEWER, Role.AUDITOR}


def test_a_right_ends_at_once(organisation, owner, issuer):
    """B138."""
    change(organisation, owner, issuer, Role.AUDITOR)

    with pytest.raises(NotAllowed):
        roles.require_signer(issuer, organisation)


def test_the_last_owner_stays_owner(organisation, owner):
    with pytest.raises(LastOwner):
        change(organisation, owner, owner, Role.ISSUER)
    assert roles.roles_of(owner, organisation) == {Role.OWNER}


def test_one_of_two_owners_may_step_back(organisation, owner, issuer):
    change(organisation, owner, issuer, Role.OWNER)
    change(organisation, owner, owner, Role.AUDITOR)

    assert roles.roles_of(owner, organisation) == {Role.AUDITOR}


@pytest.mark.parametrize("who", ["issuer", "reviewer", "auditor"])
def test_nobody_raises_themselves(organisation, who, request):
    """B139, B141."""
    person = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        change(organisation, person, person, Role.OWNER)


def test_for_an_outsider_it_does_not_exist(organisation, outsider, issuer):
    """B135."""
    with pytest.raises(NotVisible):
        change(organisation, outsider, issuer, Role.OWNER)


def test_somebody_who_is_no_member_gets_no_role_without_an_invitation(organisation, owner, learner):
    with pytest.raises(NotVisible):
        change(organisation, owner, learner, Role.ISSUER)


def test_a_member_has_at_least_one_role(organisation, owner, issuer):
    with pytest.raises(services.NoRoles):
        change(organisation, owner, issuer)
