# SPDX-License-Identifier: Apache-2.0
"""A learner's way in another language: from right to left in Arabic, and with the long words of German."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from server.tests.browser.examination import STICKING_OUT, examine

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.browser.running import Visitor

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}
# What of the page lies outside the window, on either side.
OUTSIDE = """() => [...document.body.querySelectorAll("main *, header *, footer *")].filter(each => {
    const box = each.getBoundingClientRect()
    const room = document.documentElement.clientWidth
    const out = box.width > 1 && (box.left < -1 || box.right > room + 1)
    return out && !each.closest(".table-frame, pre, .unseen")
}).map(each => each.outerHTML.slice(0, 90))"""


@dataclass(frozen=True)
class Words:
    tag: str
    direction: str
    chosen: str
    change: str
    send_a_code: str
    subject: str
    go_on: str
    wallet: str
    put_it_in: str
    genuine: str
    check_it: str
    only_in: str


ARABIC = Words(
    tag="ar",
    direction="rtl",
    chosen="العربيّة",
    change="Change",
    send_a_code="أرسل إليّ رمزًا",
    subject="رمز تسجيل الدخول",
    go_on="متابعة",
    wallet="المحفظة",
    put_it_in="ضعها في محفظتي",
    genuine="أصلية وغير معدَّلة وسارية الآن.",
    check_it="تحقّق منها",
    only_in="هذا النص متاح بهذه اللغة فقط: الإنجليزيّة.",
)
GERMAN = Words(
    tag="de",
    direction="ltr",
    chosen="Deutsch",
    change="Change",
    send_a_code="Code per E-Mail schicken",
    subject="Ihr Anmeldecode",
    go_on="Weiter",
    wallet="Wallet",
    put_it_in="In meine Wallet legen",
    genuine="Echt, unverändert und zurzeit gültig.",
    check_it="Prüfen",
    only_in="Diesen Text gibt es nur in dieser Sprache: Englisch.",
)


@pytest.mark.parametrize("words", [ARABIC, GERMAN], ids=lambda words: words.tag)
def test_from_signing_in_to_a_verified_credential(
    window: Callable[..., Visitor], axe: str, words: Words
) -> None:
    learner = window(reduced_motion="reduce", viewport=PHONE)
    learner.open("/verify")
    learner.page.get_by_role("contentinfo").get_by_role("combobox").select_option(label=words.chosen)
    with learner.page.expect_navigation():
        learner.page.get_by_role("contentinfo").get_by_role("button", name=words.change).click()
    assert learner.page.url.endswith("/verify")
    suits(learner, axe, words)

    learner.open("/account/login/code/")
    suits(learner, axe, words)
    learner.page.set_viewport_size(PHONE)
    learner.fill(email="mara@example.org")
    learner.press(words.send_a_code)
    asking = learner.page.url
    suits(learner, axe, words)
    learner.page.set_viewport_size(PHONE)
    code = re.search(r"^[A-Z0-9]+-[A-Z0-9]+$", learner.mail("mara@example.org", words.subject), re.M)
    assert code is not None, learner.words
    learner.open(asking)
    learner.fill(code=code[0])
    learner.press(words.go_on)

    learner.open("/wallet")
    assert learner.heading == words.wallet
    if learner.page.get_by_role("button", name=words.put_it_in).count():
        learner.press(words.put_it_in)
    suits(learner, axe, words)

    learner.open(learner.site.credentials[0])
    assert learner.heading.startswith("Ceramics")
    assert words.genuine in learner.words
    assert words.only_in in learner.words
    suits(learner, axe, words)

    document = learner.download(f"{learner.site.credentials[0].removeprefix(learner.site.url)}.json")
    learner.open("/verify")
    file = {"name": "ceramics.json", "mimeType": "application/json", "buffer": document}
    learner.page.set_input_files("main input[type=file]", file)
    learner.press(words.check_it)
    assert words.only_in in learner.words
    suits(learner, axe, words)
    assert learner.complaints == []


def suits(visitor: Visitor, axe: str, words: Words) -> None:
    """This page speaks the language, runs its way, fits a phone, and is accessible."""
    root = visitor.page.locator("html")
    assert (root.get_attribute("lang"), root.get_attribute("dir")) == (words.tag, words.direction)
    visitor.page.set_viewport_size(PHONE)
    assert visitor.page.evaluate(STICKING_OUT) == []
    assert visitor.page.evaluate(OUTSIDE) == []
    assert examine(visitor, axe) == []


def test_the_desk_says_that_it_is_in_english(window: Callable[..., Visitor], axe: str) -> None:
    owner = window(reduced_motion="reduce", locale="ar")
    owner.page.context.add_cookies(owner.site.owners_cookies)

    owner.open("/organisations/")

    root = owner.page.locator("html")
    assert (root.get_attribute("lang"), root.get_attribute("dir")) == ("en", "ltr")
    note = owner.page.get_by_text("هذه الصفحة متاحة بالإنجليزية فقط حتى الآن.")
    assert (note.get_attribute("lang"), note.get_attribute("dir")) == ("ar", "rtl")
    assert examine(owner, axe) == []
