# SPDX-License-Identifier: Apache-2.0
"""Verifying and awarding with Tab, Enter and letters alone (WCAG 2.2, 2.1.1, 2.4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.browser.running import Visitor

pytestmark = pytest.mark.browser

OWNER = "mara@example.org"
# More presses than this to the next thing, and nobody would come so far.
PATIENCE = 40


def tab_to(visitor: Visitor, selector: str) -> None:
    for _ in range(PATIENCE):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{PATIENCE} presses of Tab do not lead to {selector}")


def enter(visitor: Visitor) -> None:
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")


def focused(visitor: Visitor) -> str:
    """The words of what has the focus; a page sets it when it is first drawn, a little after it is loaded."""
    return visitor.page.locator(":focus").inner_text()


def test_the_first_stop_leads_past_the_menu(window: Callable[..., Visitor]) -> None:
    visitor = window()
    visitor.open("/verify")

    visitor.page.keyboard.press("Tab")
    first = focused(visitor)
    visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.press("Tab")

    assert first == "Skip to the content"
    assert visitor.page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_a_credential_is_verified_by_keyboard(window: Callable[..., Visitor]) -> None:
    visitor = window()
    visitor.open("/")
    tab_to(visitor, "a[href='/verify']")
    enter(visitor)

    tab_to(visitor, "[name=link]")
    visitor.page.keyboard.type(visitor.site.credentials[0])
    enter(visitor)

    # The answer has the focus, so that it is read out first.
    assert focused(visitor) == visitor.heading
    assert visitor.heading.startswith("This is genuine, unchanged and currently valid.")
    tab_to(visitor, "summary")
    visitor.page.keyboard.press("Enter")
    assert visitor.page.evaluate("document.activeElement.parentElement.open")


def test_an_award_is_made_by_keyboard(window: Callable[..., Visitor]) -> None:
    visitor = window()
    visitor.sign_in(OWNER)
    visitor.open("/organisations/")
    tab_to(visitor, "main h2 a")
    enter(visitor)
    tab_to(visitor, "main a[href$='/award']")
    enter(visitor)

    # Enter without a name: the mistakes have the focus, and their lines lead to the fields.
    tab_to(visitor, "[name=email]")
    enter(visitor)
    assert "Name: " in focused(visitor)
    tab_to(visitor, ".error-summary a[href='#id_name']")
    visitor.page.keyboard.press("Enter")
    assert visitor.page.evaluate("document.activeElement.name") == "name"

    visitor.page.keyboard.type("Kay Board")
    tab_to(visitor, "[name=email]")
    visitor.page.keyboard.type("kay@people.example")
    enter(visitor)
    assert focused(visitor) == visitor.heading == "Is this right?"
    tab_to(visitor, "button[value=award]")
    enter(visitor)

    assert visitor.heading == "Kay Board"
    assert "Awarded. The e-mail to Kay Board goes out now." in visitor.words
