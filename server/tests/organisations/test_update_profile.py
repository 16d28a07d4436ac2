# SPDX-License-Identifier: Apache-2.0
import pytest
from server.tests.conftest import TUESDAY

from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.organisations import identity, services

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def update(organisation, by, **changes):
    fields = {
        "name": "Lakeside University",
        "description": "Now a university.",
        "url": "https://lakeside.example/new",
        "email": "new@lakeside.example",
        "linkedin_id": "123",
        "requires_second_factor": True,
        "hashes_email": True,
    }
    return services.update_profile(organisation, by=by, at=TUESDAY, **(fields | changes))


def test_the_owner_changes_the_profile(organisation, owner):
    update(organisation, owner)

    organisation.refresh_from_db()
    profile = organisation.profile()
    assert (profile.name, profile.url) == ("Lakeside University", "https://lakeside.example/new")
    assert organisation.requires_second_factor
    assert organisation.hashes_email


def test_saving_without_a_change_is_no_conflict_with_oneself(organisation, owner):
    assert update(organisation, owner, name=organisation.name).name == organisation.name


def test_the_identity_stays(organisation, owner):
    did, _ = identity.identity(organisation, public_url="https://cairn.example", at=TUESDAY)

    update(organisation, owner)

    organisation.refresh_from_db()
    assert organisation.did == did


@pytest.mark.parametrize("who", ["issuer", "reviewer", "auditor"])
def test_only_the_owner_may(organisation, who, request):
    """B141."""
    with pytest.raises(NotAllowed):
        update(organisation, request.getfixturevalue(who))


def test_for_an_outsider_it_does_not_exist(organisation, outsider):
    """B135."""
    with pytest.raises(NotVisible):
        update(organisation, outsider)


def test_the_name_of_another_is_taken(organisation, owner, elsewhere):
    """B130."""
    with pytest.raises(services.NameTaken):
        update(organisation, owner, name=elsewhere.name.upper())


def test_the_owner_sets_and_removes_a_logo(organisation, owner):
    services.set_logo(organisation, by=owner, png=PNG, at=TUESDAY)
    organisation.refresh_from_db()
    assert bytes(organisation.logo_png) == PNG

    services.set_logo(organisation, by=owner, png=None, at=TUESDAY)
    organisation.refresh_from_db()
    assert organisation.logo_png is None


@pytest.mark.parametrize("png", [b"GIF89a", b"<svg/>", PNG + bytes(1_000_001)])
def test_a_logo_is_a_png_of_some_size(organisation, owner, png):
    with pytest.raises(services.BadImage):
        services.set_logo(organisation, by=owner, png=png, at=TUESDAY)


def test_an_outsider_sets_no_logo(organisation, outsider):
    with pytest.raises(NotVisible):
        services.set_logo(organisation, by=outsider, png=PNG, at=TUESDAY)
