# SPDX-License-Identifier: Apache-2.0
"""Put it into a wallet, as a person sees it: the page says by itself that a wallet has it."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

import cairn
from cairn.did import did_key
from cairn.keys import Algorithm, PrivateKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.browser.running import Visitor

pytestmark = pytest.mark.browser

SCAN, TAKEN = "Scan it with your wallet", "It is in a wallet"


def offered(owner: Visitor) -> str:
    """What the owner's page shows for her own credential; and the link that is in its QR code."""
    owner.page.context.add_cookies(owner.site.owners_cookies)
    own = owner.site.credentials[2].rpartition("/")[2]
    owner.open(f"/wallet/{own}/put")
    owner.press("Show the QR code")
    expect(owner.page.get_by_role("heading", name=SCAN)).to_be_visible()
    return owner.page.locator("copy-field code").first.inner_text()


def ask(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    where = urlsplit(url)
    with closing(HTTPConnection(where.netloc, timeout=30)) as connection:
        connection.request(
            "GET" if body is None else "POST",
            f"{where.path}?{where.query}",
            None if body is None else json.dumps(body),
            {"Accept": "application/json", "Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        found: dict[str, Any] = json.loads(answer.read())
        assert answer.status == 200, found
    return found


def take(interaction: str) -> dict[str, Any]:
    """What a wallet does with the link: an exchange, with a key of its own."""
    where = ask(interaction)["protocols"]["vcapi"]
    asked = ask(where, {})["verifiablePresentationRequest"]
    key = PrivateKey.generate(Algorithm.ED25519)
    did = did_key(key.public_key)
    signed = cairn.sign_presentation(
        [],
        key,
        verification_method=f"{did}#{did[8:]}",
        at=datetime.now(UTC),
        challenge=asked["challenge"],
        domain=asked["domain"],
    )
    [credential] = ask(where, {"verifiablePresentation": json.loads(signed)})["verifiablePresentation"][
        "verifiableCredential"
    ]
    assert did == credential["credentialSubject"]["id"]
    return dict(credential)


def test_the_page_notices_by_itself_that_a_wallet_has_it(window: Callable[..., Visitor]) -> None:
    owner = window()
    link = offered(owner)

    take(link)

    expect(owner.page.get_by_text(TAKEN)).to_be_visible(timeout=15_000)
    expect(owner.page.get_by_role("heading", name=SCAN)).to_have_count(0)
    assert owner.complaints == []


def test_without_javascript_one_asks(window: Callable[..., Visitor]) -> None:
    owner = window(java_script_enabled=False)
    link = offered(owner)
    take(link)

    owner.press("Check now")

    expect(owner.page.get_by_text(TAKEN)).to_be_visible()
