# SPDX-License-Identifier: Apache-2.0
import pytest
from server.tests.conftest import TUESDAY

from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.organisations import identity, installation, keys, roles, services, tokens
from cairn_server.organisations.models import OrganisationClosed
from cairn_server.organisations.roles import Role


def close(organisation, by, live=0, knows=False):
    services.close_organisation(organisation, by=by, live_credentials=live, knows=knows, at=TUESDAY)


def test_nothing_is_awarded_by_a_closed_organisation(organisation, owner):
    installation.require_awarding_allowed(organisation)

    close(organisation, owner)

    with pytest.raises(OrganisationClosed):
        installation.require_awarding_allowed(organisation)


def test_live_credentials_are_never_closed_over_silently(organisation, owner):
    with pytest.raises(services.LiveCredentials):
        close(organisation, owner, live=3)
    organisation.refresh_from_db()
    assert organisation.closed_at is None

    close(organisation, owner, live=3, knows=True)
    organisation.refresh_from_db()
    assert organisation.closed_at == TUESDAY


def test_its_keys_stay_so_that_its_credentials_verify(organisation, owner):
    identity.identity(organisation, public_url="https://cairn.example", at=TUESDAY)
    before = identity.did_document(organisation.__class__.objects.get())

    close(organisation, owner)

    assert identity.did_document(organisation.__class__.objects.get()) == before
    assert keys.key_history(organisation).count() == 1


def test_nothing_changes_in_a_closed_organisation(organisation, owner, issuer):
    close(organisation, owner)

    with pytest.raises(OrganisationClosed):
        services.invite(
            by=owner, organisation=organisation, email="a@b.example", roles=["issuer"], at=TUESDAY
        )
    with pytest.raises(OrganisationClosed):
        close(organisation, owner)


def test_its_tokens_are_dead(organisation, owner):
    """B138."""
    _, text = tokens.create_token(organisation, by=owner, name="sync", scopes=["awards:read"], at=TUESDAY)

    close(organisation, owner)

    with pytest.raises(tokens.BadToken):
        tokens.authenticate_token(text, at=TUESDAY)


def test_even_the_last_owner_may_leave_it_then(organisation, owner):
    close(organisation, owner)

    services.leave(organisation, by=owner, at=TUESDAY)

    assert roles.roles_of(owner, organisation) == frozenset()


@pytest.mark.parametrize("who", ["issuer", "reviewer", "auditor"])
def test_only_the_owner_may(organisation, who, request):
    with pytest.raises(NotAllowed):
        close(organisation, request.getfixturevalue(who))


def test_for_an_outsider_it_does_not_exist(organisation, outsider):
    """B135."""
    with pytest.raises(NotVisible):
        close(organisation, outsider)


def test_members_still_read_it(organisation, owner, auditor):
    close(organisation, owner)

    roles.require(auditor, Role.AUDITOR, organisation)
    assert organisation in organisation.__class__.objects.visible_to(auditor)
