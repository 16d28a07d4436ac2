# SPDX-License-Identifier: Apache-2.0
import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser

from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.organisations import roles
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.roles import READERS, Role

CAST = ("owner", "issuer", "reviewer", "auditor", "learner", "outsider")


@pytest.mark.parametrize(
    ("needed", "allowed"),
    [
        (Role.OWNER, {"owner"}),
        (Role.ISSUER, {"owner", "issuer"}),
        (Role.REVIEWER, {"owner", "reviewer"}),
        (Role.AUDITOR, {"owner", "auditor"}),
        (READERS, {"owner", "issuer", "reviewer", "auditor"}),
        ((Role.ISSUER, Role.REVIEWER), {"owner", "issuer", "reviewer"}),
    ],
)
@pytest.mark.parametrize("who", CAST)
def test_who_may(organisation, request, who, needed, allowed):
    person = request.getfixturevalue(who)
    if who in allowed:
        roles.require(person, needed, organisation)
        return
    with pytest.raises(NotVisible if who in ("learner", "outsider") else NotAllowed) as refused:
        roles.require(person, needed, organisation)
    assert refused.value.status == (404 if who in ("learner", "outsider") else 403)


def test_nobody_is_nobody(organisation):
    for nobody in (None, AnonymousUser()):
        with pytest.raises(NotVisible):
            roles.require(nobody, Role.AUDITOR, organisation)
        assert not Organisation.objects.visible_to(AnonymousUser()).exists()


def test_a_deactivated_account_holds_no_role(organisation, owner):
    owner.is_active = False
    owner.save()

    assert roles.roles_of(owner, organisation) == frozenset()
    assert not Organisation.objects.visible_to(owner).exists()


def test_several_roles_do_not_double_the_organisation(organisation, member):
    both = member("Bo", Role.ISSUER, Role.AUDITOR)

    assert Organisation.objects.visible_to(both).count() == 1


def test_an_organisation_is_visible_to_its_members_alone(organisation, elsewhere, owner, outsider, learner):
    """B135."""
    assert list(Organisation.objects.visible_to(owner)) == [organisation]
    assert list(Organisation.objects.visible_to(outsider)) == [elsewhere]
    assert not Organisation.objects.visible_to(learner).exists()


@pytest.mark.parametrize("who", ["owner", "issuer"])
def test_who_signs_needs_a_second_factor_where_the_organisation_asks_for_it(organisation, request, who):
    person = request.getfixturevalue(who)
    roles.require_signer(person, organisation)

    organisation.requires_second_factor = True
    with pytest.raises(roles.SecondFactorRequired):
        roles.require_signer(person, organisation)

    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
    roles.require_signer(person, organisation)


def test_recovery_codes_alone_are_no_second_factor(organisation, owner):
    organisation.requires_second_factor = True
    Authenticator.objects.create(user=owner, type=Authenticator.Type.RECOVERY_CODES, data={})

    with pytest.raises(roles.SecondFactorRequired):
        roles.require_signer(owner, organisation)


@pytest.mark.parametrize("who", ["reviewer", "auditor", "outsider"])
def test_others_do_not_sign(organisation, request, who):
    """B141."""
    with pytest.raises(NotAllowed):
        roles.require_signer(request.getfixturevalue(who), organisation)
