# SPDX-License-Identifier: Apache-2.0
"""API tokens: shown once, stored hashed, never more than the person who made them (B153)."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.organisations import roles, services, tokens
from cairn_server.organisations.models import ApiToken
from cairn_server.organisations.roles import Role


def create(organisation, by, scopes=("awards:read", "awards:write"), name="Student system"):
    return tokens.create_token(organisation, by=by, name=name, scopes=scopes, at=MONDAY)


def test_a_token_is_known_by_its_text(organisation, owner):
    token, text = create(organisation, owner)

    found = tokens.authenticate_token(text, at=TUESDAY)

    assert found == token
    assert found.organisation == organisation
    assert found.created_by == owner
    assert found.scopes == ["awards:read", "awards:write"]


def test_only_its_hash_is_stored(organisation, owner):
    """B153."""
    _, text = create(organisation, owner)

    assert len(text) >= 40
    assert text not in str(list(ApiToken.objects.values_list()))


def test_no_other_text_is_accepted(organisation, owner):
    token, text = create(organisation, owner)

    for wrong in (
        "",
        "cairn_",
        text[:-1],
        text + "A",
        text.lower(),
        f" {text}",
        token.token_sha256,
        "\x00",
        "é",
    ):
        with pytest.raises(tokens.BadToken):
            tokens.authenticate_token(wrong, at=TUESDAY)


def test_last_use_is_noted_to_the_minute(organisation, owner):
    _, text = create(organisation, owner)
    tokens.authenticate_token(text, at=TUESDAY)
    tokens.authenticate_token(text, at=TUESDAY + timedelta(seconds=30))
    assert ApiToken.objects.get().last_used_at == TUESDAY

    tokens.authenticate_token(text, at=TUESDAY + timedelta(seconds=60))
    assert ApiToken.objects.get().last_used_at == TUESDAY + timedelta(seconds=60)


def test_a_revoked_token_is_dead(organisation, owner):
    token, text = create(organisation, owner)

    tokens.revoke_token(token, by=owner, at=TUESDAY)

    with pytest.raises(tokens.BadToken):
        tokens.authenticate_token(text, at=TUESDAY)
    with pytest.raises(tokens.TokenRevoked):
        tokens.revoke_token(token, by=owner, at=TUESDAY)


def test_a_token_dies_with_the_right_of_who_made_it(organisation, owner, member):
    """B138."""
    member("Olaf", Role.OWNER)
    _, text = create(organisation, owner)

    services.change_roles(organisation, by=owner, person=owner, roles=["auditor"], at=TUESDAY)

    with pytest.raises(tokens.BadToken):
        tokens.authenticate_token(text, at=TUESDAY)


def test_a_token_dies_with_the_account_of_who_made_it(organisation, owner):
    _, text = create(organisation, owner)
    owner.is_active = False
    owner.save()

    with pytest.raises(tokens.BadToken):
        tokens.authenticate_token(text, at=TUESDAY)


def test_who_needs_a_second_factor_to_sign_needs_one_to_make_a_token(organisation, owner):
    organisation.requires_second_factor = True
    organisation.save()
    with pytest.raises(roles.SecondFactorRequired):
        create(organisation, owner)

    Authenticator.objects.create(user=owner, type=Authenticator.Type.WEBAUTHN, data={})
    assert create(organisation, owner)


@pytest.mark.parametrize("scopes", [[], ["everything"], ["awards:read", "*"]])
def test_only_scopes_that_exist(organisation, owner, scopes):
    """B153: over-broad."""
    with pytest.raises(tokens.BadScopes):
        create(organisation, owner, scopes=scopes)


@pytest.mark.parametrize("who", ["issuer", "reviewer", "auditor"])
def test_only_the_owner_makes_and_revokes_tokens(organisation, owner, who, request):
    token, text = create(organisation, owner)
    person = request.getfixturevalue(who)

    with pytest.raises(NotAllowed):
        create(organisation, person)
    with pytest.raises(NotAllowed):
        tokens.revoke_token(token, by=person, at=TUESDAY)
    assert tokens.authenticate_token(text, at=TUESDAY)


def test_for_an_outsider_it_does_not_exist(organisation, owner, outsider):
    """B135."""
    token, text = create(organisation, owner)

    with pytest.raises(NotVisible):
        create(organisation, outsider)
    with pytest.raises(NotVisible):
        tokens.revoke_token(token, by=outsider, at=TUESDAY)
    assert tokens.authenticate_token(text, at=TUESDAY)
