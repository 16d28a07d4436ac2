# SPDX-License-Identifier: Apache-2.0
"""Show to one reader, ask somebody, answer: as people do it, on pages that suit everybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from server.tests.browser.examination import examine

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.browser.running import Visitor

pytestmark = pytest.mark.browser

NAME = "Kiln & Co."


def signed_in(window: Callable[..., Visitor], **options: object) -> Visitor:
    owner = window(reduced_motion="reduce", **options)
    owner.page.context.add_cookies(owner.site.owners_cookies)
    owner.open("/wallet")
    if owner.page.get_by_role("button", name="Accept it").count():
        owner.press("Accept it")
    return owner


def copied(visitor: Visitor) -> str:
    return visitor.page.locator("main code").first.inner_text()


def shown_to(owner: Visitor, name: str) -> str:
    """From the wallet to the link, and what is seen on the way."""
    owner.open("/wallet")
    owner.press("Show to somebody")
    owner.page.locator("main input[name=held]:not([disabled])").first.check()
    owner.press("See what will be shown")
    expect(owner.page.get_by_role("heading", name="What will be shown")).to_be_visible()
    owner.fill(reader=name)
    return owner.words


def asked(owner: Visitor) -> str:
    owner.open("/ask/new")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    owner.fill(asker=NAME, purpose="You applied as a kiln operator.", until=tomorrow.date().isoformat())
    owner.press("Make the request")
    return copied(owner)


def answered(owner: Visitor, link: str) -> None:
    owner.open(link)
    owner.press("From my wallet on this server")
    owner.press("Read the request")
    owner.page.locator("main input[type=radio]").first.check()
    owner.press("See what will be sent")
    owner.press("Send it")


@pytest.mark.parametrize("scripts", [True, False])
def test_from_the_wallet_to_the_reader(window: Callable[..., Visitor], scripts: bool) -> None:
    owner, reader = signed_in(window, java_script_enabled=scripts), window(java_script_enabled=scripts)
    shown_to(owner, NAME)
    owner.press("Make the link")
    link = copied(owner)

    reader.open(link)

    expect(reader.page.get_by_role("heading", name="What is inside it")).to_be_visible()
    assert NAME not in reader.words
    owner.open("/wallet/presented")
    with owner.page.expect_navigation():
        owner.page.get_by_role("button", name="End this link").first.click()
    reader.open(link)
    assert reader.page.get_by_role("heading", name="What is inside it").count() == 0
    assert owner.complaints == []


@pytest.mark.parametrize("scripts", [True, False])
def test_from_the_question_to_the_answer(window: Callable[..., Visitor], scripts: bool) -> None:
    owner = signed_in(window, java_script_enabled=scripts)
    link = asked(owner)
    page = owner.page.url

    answered(owner, link)

    assert "has taken your answer" in owner.words
    owner.open(page)
    expect(owner.page.get_by_role("heading", level=1)).to_contain_text("genuine, unchanged and valid")
    assert owner.complaints == []


def test_every_page_on_the_way_suits_everybody(window: Callable[..., Visitor], axe: str) -> None:
    owner, reader = signed_in(window), window(reduced_motion="reduce")
    wrong: dict[str, list[str]] = {}

    def look(visitor: Visitor, name: str) -> None:
        before = visitor.page.viewport_size
        here = visitor.page.evaluate("document.documentElement.style.fontSize")
        wrong[name] = examine(visitor, axe)
        visitor.page.evaluate(f"document.documentElement.style.fontSize = {here!r}")
        if before is not None:
            visitor.page.set_viewport_size(before)

    shown_to(owner, NAME)
    look(owner, "preview")
    owner.press("Make the link")
    look(owner, "made")
    reader.open(copied(owner))
    look(reader, "shown")
    owner.open("/wallet/presented")
    look(owner, "presented")
    link = asked(owner)
    page = owner.page.url
    look(owner, "request, open")
    reader.open(link)
    look(reader, "asked")
    owner.open(link)
    owner.press("From my wallet on this server")
    owner.press("Read the request")
    look(owner, "offer")
    owner.page.locator("main input[type=radio]").first.check()
    owner.press("See what will be sent")
    look(owner, "confirm")
    owner.press("Send it")
    look(owner, "sent")
    owner.open(page)
    look(owner, "request, answered")
    owner.open("/ask")
    look(owner, "ask")

    assert {name: found for name, found in wrong.items() if found} == {}
