# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from server.tests.conftest import PUBLIC_URL

from cairn_server.organisations import services
from cairn_server.organisations.models import Invitation, Membership
from cairn_server.organisations.roles import Role, roles_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation


@pytest.fixture
def stranger() -> Client:
    return Client(headers={"host": "cairn.example"})


@pytest.fixture
def link(organisation: Organisation, owner: Person, learner: Person) -> str:
    _invitation, token = services.invite(
        by=owner, organisation=organisation, email=learner.email, roles=[Role.ISSUER], at=timezone.now()
    )
    return f"/invitation/{token}"


def test_an_invitation_goes_out_with_the_public_address(
    organisation: Organisation, owner: Person, signed_in: Callable[[Person], Client]
) -> None:
    """B145 B152: the link is made from the configuration, whatever host was asked."""
    signed_in(owner).post(
        f"/organisations/{organisation.public_id}/members/invite",
        {"email": "New@People.example", "roles": ["issuer", "auditor"]},
    )

    [message] = mail.outbox
    assert message.to == ["new@people.example"]
    [link] = re.findall(rf"{re.escape(PUBLIC_URL)}/invitation/[\w-]{{43}}", message.body)
    [(html, _kind)] = message.alternatives
    assert re.findall(r'href="([^"]+)"', html) == [link], "one link, the same in both forms"
    assert not re.search(r"src=|url\(|@import", html), "and nothing that tells us whether it was read"
    assert "<li>Auditor</li><li>Issuer</li>" in html


def test_b127_names_are_no_markup_in_an_invitation(
    organisation: Organisation, owner: Person, signed_in: Callable[[Person], Client]
) -> None:
    services.update_profile(
        organisation,
        by=owner,
        name="<img src=x> {{ 7|add:7 }} & Co",
        description="",
        url="",
        email="",
        linkedin_id="",
        requires_second_factor=False,
        hashes_email=False,
        at=timezone.now(),
    )

    signed_in(owner).post(
        f"/organisations/{organisation.public_id}/members/invite",
        {"email": "new@people.example", "roles": ["issuer"]},
    )

    [message] = mail.outbox
    [(html, _kind)] = message.alternatives
    assert "<img src=x> {{ 7|add:7 }} & Co" in message.body
    assert "<img" not in html
    assert "{{ 7|add:7 }} &amp; Co" in html


def test_the_link_tells_a_stranger_what_it_offers(
    stranger: Client, link: str, organisation: Organisation
) -> None:
    page = stranger.get(link)

    assert page.status_code == 200
    assert organisation.name in page.content.decode()
    assert "Issuer: designs achievements" in page.content.decode()
    assert f"next={link}" in page.content.decode()


def test_a_stranger_cannot_accept(stranger: Client, link: str) -> None:
    stranger.post(link)

    assert Invitation.objects.filter(accepted_at__isnull=False).count() == 0


def test_the_person_invited_joins_once(
    link: str, learner: Person, organisation: Organisation, signed_in: Callable[[Person], Client]
) -> None:
    """B147: replayed, it is over; and roles in the request are not looked at."""
    client = signed_in(learner)

    first = client.post(link, {"roles": ["owner"], "role": "owner"})
    again = client.post(link)

    assert f"/organisations/{organisation.public_id}/" == first["Location"]
    assert {Role.ISSUER} == roles_of(learner, organisation)
    assert again.status_code == 410


def test_a_forwarded_link_is_of_no_use(
    link: str, outsider: Person, organisation: Organisation, signed_in: Callable[[Person], Client]
) -> None:
    """B147: and the page does not tell the address it was sent to."""
    page = signed_in(outsider).post(link)

    assert page.status_code == 403
    assert "lena@people.example" not in page.content.decode()
    assert frozenset() == roles_of(outsider, organisation)


def test_expired_withdrawn_and_invented_links_are_one_answer(
    stranger: Client, link: str, organisation: Organisation, owner: Person
) -> None:
    """B147"""
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    expired = stranger.get(link)
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1), withdrawn_at=timezone.now())
    withdrawn = stranger.get(link)
    invented = stranger.get(f"/invitation/{'A' * 43}")

    def told(page: object) -> bytes:
        return re.sub(rb'name="next" value="[^"]*"', b"", page.content)

    assert {410} == {expired.status_code, withdrawn.status_code, invented.status_code}
    assert told(expired) == told(withdrawn) == told(invented)


def test_roles_are_changed_by_ticking_boxes(
    organisation: Organisation, owner: Person, issuer: Person, signed_in: Callable[[Person], Client]
) -> None:
    signed_in(owner).post(
        f"/organisations/{organisation.public_id}/members/{issuer.public_id}/roles",
        {"roles": ["reviewer", "auditor"]},
    )

    assert {Role.REVIEWER, Role.AUDITOR} == roles_of(issuer, organisation)


def test_the_last_owner_is_told_why_not(
    organisation: Organisation, owner: Person, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(owner)
    own = f"/organisations/{organisation.public_id}"

    pages = [
        client.post(f"{own}/leave"),
        client.post(f"{own}/members/{owner.public_id}/roles", {"roles": ["issuer"]}),
    ]

    assert [page.status_code for page in pages] == [422, 422]
    assert all("The last owner cannot go." in page.content.decode() for page in pages)
    assert {Role.OWNER} == roles_of(owner, organisation)


def test_handing_over_makes_another_member_the_owner(
    organisation: Organisation, owner: Person, issuer: Person, signed_in: Callable[[Person], Client]
) -> None:
    signed_in(owner).post(f"/organisations/{organisation.public_id}/hand-over", {"to": issuer.public_id})

    assert Role.OWNER in roles_of(issuer, organisation)
    assert Role.OWNER not in roles_of(owner, organisation)


def test_nobody_from_outside_can_be_handed_the_organisation(
    organisation: Organisation, owner: Person, outsider: Person, signed_in: Callable[[Person], Client]
) -> None:
    page = signed_in(owner).post(
        f"/organisations/{organisation.public_id}/hand-over", {"to": outsider.public_id}
    )

    assert page.status_code == 422
    assert not Membership.objects.filter(organisation=organisation, person=outsider).exists()
