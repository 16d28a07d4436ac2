# SPDX-License-Identifier: Apache-2.0
"""From finding it in the catalogue to having earned it, and from a room to a place on its list.

Told twice: with scripts, and with scripts switched off. In the middle of it the browser dies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.browser.running import Visitor

pytestmark = pytest.mark.browser

NAME = "Kiln safety: first steps"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_the_catalogue_to_the_award(scripts: bool, window: Callable[..., Visitor]) -> None:
    learner = window(java_script_enabled=scripts)
    email = f"mio-{'with' if scripts else 'without'}@people.example"

    # Found among what is free, read, begun.
    learner.open("/catalogue?cost=free")
    learner.press(NAME)
    assert "What it takes" in learner.words
    assert "3 units" in learner.words
    about = learner.page.url
    learner.press("Start")
    assert "/account/login" in learner.page.url
    learner.sign_up(email)
    learner.open(about)
    learner.press("Start")
    learner.fill(name="Mio Mori")
    learner.press("Start")
    assert "0 of 3 units" in learner.words
    progress = learner.page.url

    # One unit, and then the browser dies.
    learner.press("Heat")
    learner.press("Done, go on")
    assert learner.heading == "Fumes"
    again = window(java_script_enabled=scripts)
    again.sign_in(email)
    again.open("/earn")
    again.press(NAME)
    assert again.page.url == progress
    assert "1 of 3 units" in again.words

    # The rest of it.
    again.press("Fumes")
    again.press("Done, go on")
    again.press("Done")
    assert again.page.url == progress
    assert "You have earned it" in again.words
    again.press("See your credential")
    again.page.get_by_role("heading", name=NAME).wait_for()
    assert "Awarded to Mio Mori" in again.words
    assert "Genuine, unchanged and currently valid." in again.words
    assert "has awarded you" in again.mail(email, "has awarded you")


def test_a_teacher_shows_a_code_and_a_learner_types_it_in(window: Callable[..., Visitor]) -> None:
    teacher, learner = window(), window()
    teacher.page.context.add_cookies(teacher.site.owners_cookies)
    teacher.open("/organisations/")
    teacher.page.locator("main h2 a").first.click()
    teacher.page.get_by_role("link", name="Learning", exact=True).click()
    teacher.press("Meetings")
    teacher.press("Open evening in the workshop")
    teacher.press("Show it")
    code = teacher.page.locator(".room-code").inner_text()
    link = teacher.page.locator("main .copy-field__value").first.inner_text()
    assert teacher.page.locator("main svg.wallet-qr").count() == 1

    learner.sign_up("nia@people.example")
    learner.open("/attend")
    learner.fill(code="BCDFGHJK")
    learner.press("I am here")
    assert "This code does not work now." in learner.words
    learner.open(link)
    assert learner.page.locator("main [name=code]").input_value() == code
    learner.press("I am here")

    assert (
        "You are on the list of “Open evening in the workshop”." in learner.page.locator("body").inner_text()
    )
    teacher.page.reload()
    assert "1 person is on the list." in teacher.words


def test_an_issuer_lets_people_earn_it_and_agrees_to_an_award(window: Callable[..., Visitor]) -> None:
    issuer, learner = window(), window()
    issuer.page.context.add_cookies(issuer.site.owners_cookies)
    issuer.open("/organisations/")
    issuer.page.locator("main h2 a").first.click()
    base = issuer.page.url.rstrip("/")

    # A course of one unit.
    issuer.open(f"{base}/courses")
    issuer.fill(name="Glazes")
    issuer.press("Make it")
    issuer.press("Add a unit")
    issuer.fill(name="Celadon", text="Iron in a **reducing** fire.")
    issuer.press("Save")
    issuer.press("Open the course")

    # An achievement that takes it, and somebody's word.
    issuer.open(f"{base}/achievements/new")
    issuer.fill(name="Knows glazes", description="Knows glazes.", criteria="Know one.")
    issuer.press("Save as a draft")
    draft = issuer.page.url.rpartition("/")[0]
    issuer.open(f"{draft}/earning")
    issuer.press("Let people earn it")
    assert "“All of these” has nothing in it." in issuer.words
    issuer.press("Add")
    issuer.page.locator("main select[name=course]").select_option(label="Glazes")
    issuer.press("Save")
    issuer.page.get_by_label("After one of your people has agreed").check()
    issuer.press("Save")
    issuer.press("Go on to publish")
    issuer.press("Publish")
    issuer.press("Public page")
    about = issuer.page.url

    learner.sign_up("oda@people.example")
    learner.open(about)
    learner.press("Start")
    learner.fill(name="Oda Olsen")
    learner.press("Start")
    learner.press("Celadon")
    learner.press("Done")
    assert "looks at it now" in learner.words

    issuer.open(f"{base}/approvals")
    issuer.press("Oda Olsen")
    issuer.fill(reason="One more sentence, please.")
    issuer.press("Not yet")
    learner.page.reload()
    assert "One more sentence, please." in learner.words
    learner.press("Ask them to look again")
    issuer.open(f"{base}/approvals")
    issuer.press("Oda Olsen")
    issuer.press("Agree and award")
    learner.page.reload()
    assert "You have earned it" in learner.words
