# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from server.tests.conftest import MONDAY
from server.tests.desk import DESIGN, FIELDS, png

from cairn_server.achievements import services

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.organisations.models import Organisation


@pytest.fixture
def client(issuer: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(issuer)


@pytest.fixture
def own(organisation: Organisation) -> str:
    return f"/organisations/{organisation.public_id}/achievements"


@pytest.fixture
def draft(issuer: Person, organisation: Organisation) -> AchievementVersion:
    return services.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)


def test_the_designer_previews_without_keeping(client: Client, own: str, draft: AchievementVersion) -> None:
    before = draft.design
    where = f"{own}/{draft.public_id}/picture"

    page = client.post(where, DESIGN | {"line_1": "Kiln", "do": "preview"})
    drawn = client.get(page.context["preview"])

    draft.refresh_from_db()
    assert before == draft.design
    assert drawn["Content-Type"] == "image/svg+xml"
    assert "sandbox" in drawn["Content-Security-Policy"]
    assert b"Kiln" in drawn.content


def test_htmx_gets_the_preview_alone(client: Client, own: str, draft: AchievementVersion) -> None:
    part = client.post(
        f"{own}/{draft.public_id}/picture", DESIGN | {"do": "preview"}, headers={"HX-Request": "true"}
    )

    assert "Contrast" in part.content.decode()
    assert "<html" not in part.content.decode()


def test_colours_that_nobody_can_read_are_refused_with_their_figure(
    client: Client, own: str, draft: AchievementVersion
) -> None:
    page = client.post(f"{own}/{draft.public_id}/picture", DESIGN | {"accent": "#225566", "do": "save"})

    assert page.status_code == 422
    assert list(page.context["form"].errors) == ["accent"]
    assert "Contrast 1.1 to 1" in page.content.decode()


@pytest.mark.parametrize("colour", ["red", "#12", "", "url(x)", "#zzzzzz"])
def test_a_colour_is_six_digits(colour: str, client: Client, own: str, draft: AchievementVersion) -> None:
    page = client.post(f"{own}/{draft.public_id}/picture", DESIGN | {"colour": colour, "do": "save"})

    assert page.status_code == 422
    assert client.get(f"{own}/{draft.public_id}/picture.svg", DESIGN | {"colour": colour}).status_code == 404


def test_a_design_is_kept(client: Client, own: str, draft: AchievementVersion) -> None:
    client.post(f"{own}/{draft.public_id}/picture", DESIGN | {"line_1": "Kiln", "do": "save"})

    draft.refresh_from_db()
    assert (draft.design["shape"], draft.design["icon"], draft.design["lines"]) == (
        "stone",
        "flame",
        ["Kiln"],
    )
    assert client.get(f"{own}/{draft.public_id}/picture.png").content == bytes(draft.picture.png)


def test_an_upload_takes_the_place_of_the_design(client: Client, own: str, draft: AchievementVersion) -> None:
    upload = SimpleUploadedFile("x.png", png())

    client.post(f"{own}/{draft.public_id}/picture", {"upload": upload, "do": "upload"})

    draft.refresh_from_db()
    assert draft.design == {}
    assert bytes(draft.picture.png).startswith(b"\x89PNG")


def test_a_hostile_upload_is_refused_beside_its_field(
    client: Client, own: str, draft: AchievementVersion
) -> None:
    """B112"""
    upload = SimpleUploadedFile("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>")

    page = client.post(f"{own}/{draft.public_id}/picture", {"upload": upload, "do": "upload"})

    assert page.status_code == 422
    assert page.context["upload"].errors


# The list
