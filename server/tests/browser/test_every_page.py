# SPDX-License-Identifier: Apache-2.0
"""Every page suits everybody (WCAG 2.2 AA): at any width, in light and dark, by keyboard, and quietly."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from server.tests.browser import pages
from server.tests.browser.examination import NARROW, examine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from server.tests.browser.running import Visitor

pytestmark = pytest.mark.browser

# The desk of issuers is two thirds of all pages and takes minutes: ``make long`` looks at it.
EXAMINED = [
    (who, name)
    for who, names in pages.PAGES.items()
    for name, address in names.items()
    if "CAIRN_LONG" in os.environ or not address.startswith("{base}")
]
# The console repeats the status of a page that says no.
SAYS_NO = "Failed to load resource: the server responded with a status of 4"


@pytest.fixture(scope="module")
def people(open_window: Callable[..., Visitor]) -> dict[str, Visitor]:
    """A stranger, the owner of the demonstration, and a colleague who just signed up."""
    # Still, because colours on their way from one to the other cannot be measured.
    found = {name: open_window(reduced_motion="reduce") for name in ("stranger", "owner", "colleague")}
    owner = found["owner"]
    owner.page.context.add_cookies(owner.site.owners_cookies)
    owner.open("/organisations/")
    assert found["owner"].heading == "Organisations"
    return found


@pytest.fixture(scope="module")
def desk(people: dict[str, Visitor]) -> dict[str, str]:
    return pages.furnish(people["owner"], people["colleague"])


@pytest.mark.parametrize(("who", "name"), EXAMINED)
def test_a_page_suits_everybody(
    people: dict[str, Visitor], desk: dict[str, str], axe: str, who: str, name: str
) -> None:
    visitor = people[who]
    visitor.complaints.clear()

    answer = visitor.page.goto(visitor.site.url + pages.address(name, who, desk))

    assert answer is not None
    assert answer.status == pages.STATUS.get(name, 200)
    assert visitor.page.locator("h1").count() == 1
    assert [each for each in visitor.complaints if answer.ok or SAYS_NO not in each] == []
    assert examine(visitor, axe) == []


@pytest.mark.parametrize("name", pages.ANSWERS)
def test_an_answer_suits_everybody(
    people: dict[str, Visitor], desk: dict[str, str], axe: str, name: str
) -> None:
    who, bring = pages.ANSWERS[name]
    visitor = people[who]
    visitor.complaints.clear()
    if who == "stranger":
        # Somebody who asked for a code a moment ago is sent on to where it is typed, and is no stranger.
        visitor.page.context.clear_cookies()

    bring(visitor, desk)

    assert visitor.page.locator("h1").count() == 1
    assert [each for each in visitor.complaints if SAYS_NO not in each] == []
    assert examine(visitor, axe) == []


def test_no_page_is_forgotten() -> None:
    def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from () if pattern.namespace else names(pattern.url_patterns)
            elif pattern.name:
                yield pattern.name

    opened = {name.partition(",")[0] for found in pages.PAGES.values() for name in found}

    forgotten = set(names(get_resolver().url_patterns)) - opened - pages.NOTHING_TO_READ - pages.ON_THE_WAY

    assert not forgotten, "pages.py says how each page is opened, or why it is not"


def test_the_examination_notices_what_it_is_for(window: Callable[..., Visitor], axe: str) -> None:
    visitor = window()
    visitor.open("/verify")
    visitor.page.evaluate(
        """() => {
            document.querySelector("label[for=id_link]").remove()
            document.querySelector("main").insertAdjacentHTML("beforeend",
                "<p id=faint>Faint</p><p id=wide>Wide</p><form method=post><button id=ringless>Go</button>")
            document.querySelector("#faint").style.color = "#ddd"
            document.querySelector("#wide").style.minWidth = "800px"
            document.querySelector("#ringless").style.outline = "none"
        }"""
    )

    found = "\n".join(examine(visitor, axe))

    signs = (
        "label: #id_link",
        "color-contrast: #faint",
        "no action: <form",
        "no ring: <button",
        "320 px: 8",
        "200 %: 8",
    )
    assert [sign for sign in signs if sign not in found] == []


def test_what_the_policy_forbids_is_a_complaint(window: Callable[..., Visitor]) -> None:
    """Cross-site scripting would be stopped by the policy, and seen by these tests."""
    visitor = window()
    visitor.open("/help")

    visitor.page.evaluate(
        """() => {
            const script = document.createElement("script")
            script.textContent = "document.title = 'taken'"
            document.body.append(script)
        }"""
    )

    assert visitor.page.title() != "taken"
    assert "Content Security Policy" in " ".join(visitor.complaints)


def test_every_component_can_be_made_out_in_forced_colours(window: Callable[..., Visitor]) -> None:
    visitor = window(forced_colors="active")
    visitor.open("/styleguide/")

    lost = visitor.page.evaluate(
        """() => [...document.querySelectorAll(
            "main :is(.button, .pebble, .chip, .notice, .verdict, .field input)"
        )]
            .filter(each => !["radio", "checkbox", "file"].includes(each.type))
            .filter(each => each.checkVisibility()).filter(each => {
                const look = getComputedStyle(each)
                const edged = look.borderTopStyle !== "none" && parseFloat(look.borderTopWidth) > 0
                return !edged || look.borderTopColor === getComputedStyle(document.body).backgroundColor
            }).map(each => each.outerHTML.slice(0, 90))"""
    )

    assert lost == []


def test_nothing_moves_for_those_who_asked_for_it(window: Callable[..., Visitor]) -> None:
    visitor = window(reduced_motion="reduce", viewport=NARROW)
    visitor.open("/styleguide/")

    moving = visitor.page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(each => {
            const look = getComputedStyle(each)
            return look.animationName !== "none" || look.transitionDuration !== "0s"
        }).map(each => each.outerHTML.slice(0, 90))"""
    )

    assert moving == []
