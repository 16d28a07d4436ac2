# SPDX-License-Identifier: Apache-2.0
"""B142: each page has one address, and a slash too many or too few leads to it, for people."""

from __future__ import annotations

import pytest
from django.test import Client

ID = "A" * 22


@pytest.fixture
def stranger(installation: object) -> Client:
    return Client(headers={"host": "cairn.example"})


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        ("/organisations", "/organisations/"),
        (f"/organisations/{ID}", f"/organisations/{ID}/"),
        (f"/organisations/{ID}/keys/", f"/organisations/{ID}/keys"),
        (
            f"/organisations/{ID}/credentials/?q=%C3%84&page=2",
            f"/organisations/{ID}/credentials?q=%C3%84&page=2",
        ),
        ("/account", "/account/"),
        ("/account/login", "/account/login/"),
        ("/wallet/", "/wallet"),
        ("/verify/", "/verify"),
        (f"/c/{ID}/", f"/c/{ID}"),
        ("/styleguide", "/styleguide/"),
    ],
)
def test_b142_a_slash_too_many_or_too_few_leads_to_the_page(
    stranger: Client, asked: str, canonical: str
) -> None:
    for answer in (stranger.get(asked), stranger.head(asked)):
        assert (answer.status_code, answer["Location"]) == (301, canonical)


@pytest.mark.parametrize(
    "asked",
    [
        "/api/v1/achievements/",
        "/api/v1/docs/",
        "/api/",
        "/healthz/",
        "/robots.txt/",
        f"/s/{ID}/",
        f"/i/{ID}/did.json/",
        f"/c/{ID}.json/",
        f"/a/{ID}/image.png/",
        f"/organisations/{ID}/logo.png/",
        "/nothing/",
        "/nothing",
        "/wallet//",
        "/wallet%2F/",
        "/Wallet/",
    ],
)
def test_b142_elsewhere_an_address_is_right_to_the_letter(stranger: Client, asked: str) -> None:
    assert stranger.get(asked).status_code == 404


def test_b142_what_is_posted_is_not_sent_on(stranger: Client) -> None:
    """A redirect would turn the POST into a GET, and whoever sent it would think that it was done."""
    assert stranger.post("/verify/", {"text": "x"}).status_code == 404


@pytest.mark.parametrize("path", ["//evil.example/", "//evil.example/wallet/", "/\\evil.example/"])
def test_nobody_is_sent_to_another_server(stranger: Client, path: str) -> None:
    """An address that begins with two slashes is a host to a browser."""
    assert stranger.get("/", PATH_INFO=path).status_code == 404
