# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from server.tests import lists
from server.tests.conftest import MONDAY
from server.tests.desk import Desk, furnish, png

from cairn_server.accounts.models import Person
from cairn_server.issuing import batches, standing
from cairn_server.issuing.life import LifePolicy, Standing
from cairn_server.issuing.models import Credential
from cairn_server.organisations.models import Organisation

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client


@pytest.fixture
def client(owner: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(owner)


@pytest.fixture
def own(organisation: Organisation) -> str:
    return f"/organisations/{organisation.public_id}"


PROFILE = {"name": "Lakeside College", "url": "", "description": "", "email": "", "linkedin_id": ""}


def test_three_answers_found_an_organisation(
    learner: Person, installation: object, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(learner)

    answer = client.post(
        "/organisations/new", {"name": "Weavers", "url": "", "description": "", "did": "did:web:x"}
    )

    made = Organisation.objects.get(name="Weavers")
    assert answer["Location"] == f"/organisations/{made.public_id}/"
    assert made.did == "", "B139: not a field of the form"
    assert "From here to your first award" in client.get(answer["Location"]).content.decode()


def test_where_founding_is_closed_the_pages_say_whom_to_ask(
    learner: Person, installation: object, signed_in: Callable[[Person], Client], settings: Any
) -> None:
    settings.OPEN_FOUNDING, settings.OPERATOR_NAME = False, "Example College"
    client = signed_in(learner)

    pages = [client.get("/organisations/"), client.get("/organisations/new"), client.get("/help")]
    forced = client.post("/organisations/new", {"name": "Weavers"})

    assert [page.status_code for page in pages] == [200, 403, 200]
    for page in pages:
        html = page.content.decode()
        assert "/organisations/new" not in html.partition("<main")[2].partition("</main>")[0]
        assert 'href="/imprint"' in html.partition("<main")[2].partition("</main>")[0]
    for page in pages[:2]:
        assert "Example College" in page.content.decode()
    assert forced.status_code == 403
    assert not Organisation.objects.exists()


def test_the_operator_founds_where_founding_is_closed(
    learner: Person, installation: object, signed_in: Callable[[Person], Client], settings: Any
) -> None:
    settings.OPEN_FOUNDING = False
    Person.objects.filter(pk=learner.pk).update(is_staff=True)
    client = signed_in(learner)

    assert "/organisations/new" in client.get("/organisations/").content.decode()
    client.post("/organisations/new", {"name": "Weavers"})

    assert Organisation.objects.get().name == "Weavers"


def test_a_name_that_looks_like_another_is_refused_beside_its_form(
    organisation: Organisation, learner: Person, signed_in: Callable[[Person], Client]
) -> None:
    """B130: Cyrillic а and е."""
    page = signed_in(learner).post("/organisations/new", {"name": "L\u0430k\u0435side College"})

    assert page.status_code == 422
    assert Organisation.objects.count() == 1


def test_the_first_steps_end_with_the_first_award(
    organisation: Organisation, owner: Person, issuer: Person, client: Client, own: str
) -> None:
    before = client.get(f"{own}/").context["steps"]
    furnish(organisation, owner, issuer)
    after = client.get(f"{own}/").context["steps"]

    assert [done for _view, _words, done in before] == [False, False, False]
    assert after == []


def test_what_waits_for_a_second_person_is_shown_to_whoever_can_be_it(
    organisation: Organisation,
    owner: Person,
    issuer: Person,
    auditor: Person,
    own: str,
    signed_in: Callable[[Person], Client],
) -> None:
    """Not to whoever asked, who cannot approve it, and not to whoever only reads."""
    desk = furnish(organisation, owner, issuer)
    organisation.approval_above = 0
    organisation.save()
    checked = lists.checked("email,name\nzoe@people.example,Zoe\n", by=owner, version=desk.version)
    batch = batches.start(checked, by=owner, at=MONDAY)
    LifePolicy.objects.create(organisation=organisation, approve_above=0)
    act = standing.change_many(
        organisation=organisation,
        credentials=Credential.objects.filter(pk=desk.credential.pk),
        to=Standing.REVOKED,
        reason="Not earned.",
        by=owner,
        at=MONDAY,
    )
    assert (batch.state, act.state) == ("awaiting-approval", "awaiting")

    second, asked, reads = (signed_in(each).get(f"{own}/") for each in (issuer, owner, auditor))

    page = second.content.decode()
    assert [words for _view, _id, words, _since in second.context["waiting"]] == [
        "A list: “First firing” for 1 person",
        "Revoke: 1 credential",
    ]
    assert f'href="{own}/batches/{batch.public_id}"' in page
    assert f'href="{own}/changes/{act.public_id}"' in page
    assert "to approve" in page
    for other in (asked, reads):
        assert other.context["waiting"] == []
        assert "to approve" not in other.content.decode()

    batches.approve(batch, by=issuer, at=MONDAY)
    assert len(signed_in(issuer).get(f"{own}/").context["waiting"]) == 1


def test_a_logo_is_drawn_anew(organisation: Organisation, client: Client, own: str) -> None:
    """B109 B119: what is kept are pixels of ours; the name of the file is nowhere."""
    upload = SimpleUploadedFile("../../x.php", png() + b"<?php trailing")

    client.post(f"{own}/settings", {**PROFILE, "logo": upload})

    organisation.refresh_from_db()
    kept = bytes(organisation.logo_png)
    assert kept.startswith(b"\x89PNG")
    assert b"php" not in kept
    assert kept == client.get(f"{own}/logo.png").content


def test_an_owner_says_how_lists_are_approved_and_how_long_they_can_be_undone(
    organisation: Organisation, client: Client, own: str
) -> None:
    client.post(f"{own}/settings", {**PROFILE, "approval_above": "50", "undo_minutes": "30"})
    organisation.refresh_from_db()
    assert (organisation.approval_above, organisation.undo_minutes) == (50, 30)

    client.post(f"{own}/settings", {**PROFILE, "approval_above": "", "undo_minutes": "0"})
    organisation.refresh_from_db()
    assert (organisation.approval_above, organisation.undo_minutes) == (None, 0)


def test_a_refused_logo_changes_nothing_else_either(
    organisation: Organisation, client: Client, own: str
) -> None:
    upload = SimpleUploadedFile("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")

    page = client.post(f"{own}/settings", {**PROFILE, "name": "Renamed", "logo": upload})

    organisation.refresh_from_db()
    assert page.status_code == 422
    assert (organisation.name, organisation.logo_png) == ("Lakeside College", None)


def test_closing_says_what_stays_and_needs_the_box_ticked(
    organisation: Organisation, owner: Person, issuer: Person, client: Client, own: str
) -> None:
    desk: Desk = furnish(organisation, owner, issuer)
    assert client.get(f"{own}/close").context["live"] == 2
    assert client.post(f"{own}/close").status_code == 422

    client.post(f"{own}/close", {"knows": "on"})

    organisation.refresh_from_db()
    assert organisation.closed_at is not None
    assert client.get(f"{own}/credentials/{desk.credential.public_id}").status_code == 200
