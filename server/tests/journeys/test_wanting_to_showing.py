# SPDX-License-Identifier: Apache-2.0
"""From wanting it to showing it, in a browser, at a server that runs as an operator's does.

Lena finds an achievement in the catalogue, reads what it takes, does all of it, is awarded it by a person,
accepts it with a code that comes by letter, puts it on a public portfolio, and into a wallet of others.
A stranger opens the portfolio; the library alone, over public HTTP, judges what the wallet has.

Told twice: by keyboard alone (WCAG 2.2, 2.1.1) on SQLite, and with a pointer on PostgreSQL.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect, sync_playwright
from server.tests.browser.conftest import QUIET, chromium_path, missing
from server.tests.browser.running import Visitor, running
from server.tests.databases import NoServer, throw_away_postgresql
from server.tests.journeys.test_wallets import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator

__all__ = ["chromium_path"]

pytestmark = [pytest.mark.browser, pytest.mark.node]

NAME, EMAIL = "Firing a kiln", "lena@people.example"
# More presses than this to the next thing, and nobody would come so far.
PATIENCE = 60
# Where the pictures of the tutorial for learners go: ``make pictures`` takes them again.
PICTURES = os.environ.get("CAIRN_PICTURES", "")
ANSWERS = {"When may": "Below 100 °C", "How hot": "1250", "What do you switch on": "the fan"}
GASES = ("Water", "Carbon monoxide", "Sulphur")


class Keyboard(Visitor):
    """Tab, Enter, space, arrows and letters: whatever these do not reach is not there."""

    def to(self, target: Locator) -> None:
        wanted = target.first.element_handle()
        for _ in range(PATIENCE):
            if self.page.evaluate("target => document.activeElement === target", wanted):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{PATIENCE} presses of Tab do not lead to {target}")

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.write(self.page.locator(f"main [name={name}]:not([type=hidden])"), value)

    def write(self, field: Locator, value: str) -> None:
        self.to(field)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(value)

    def choose(self, label: str) -> None:
        target = self.page.get_by_label(label)
        if target.first.get_attribute("type") == "checkbox":
            self.to(target)
            self.page.keyboard.press("Space")
            return
        # The keyboard comes to a group of radio buttons once, and goes on inside it with the arrows.
        group = self.page.locator(f"main input[name='{target.first.get_attribute('name')}']")
        checked = group.and_(self.page.locator(":checked"))
        self.to(checked if checked.count() else group)
        self.page.keyboard.press("Space")
        while not target.first.is_checked():
            self.page.keyboard.press("ArrowDown")

    def press(self, name: str) -> None:
        found = self.page.get_by_role("main").get_by_role("button", name=name, exact=True)
        if not found.count():
            found = self.page.get_by_role("main").get_by_role("link", name=name, exact=True)
        self.follow(found)

    def follow(self, target: Locator) -> None:
        self.to(target)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


class Pointer(Visitor):
    def write(self, field: Locator, value: str) -> None:
        field.fill(value)

    def choose(self, label: str) -> None:
        self.page.get_by_label(label).first.check()

    def follow(self, target: Locator) -> None:
        with self.page.expect_navigation():
            target.first.click()


Hands = Keyboard | Pointer


def within(visitor: Visitor, role: Literal["link", "button"], words: str) -> Locator:
    """What begins like this: the rest, which says of what, is for those who hear the page."""
    return visitor.page.get_by_role("main").get_by_role(role, name=words)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def person(database: str, chromium_path: str, tmp_path: Path) -> Iterator[Callable[[], Hands]]:
    """Somebody at a window of their own, in front of a server that was started for this story."""
    hands = Keyboard if database == "sqlite" else Pointer
    with ExitStack() as until_the_end:
        settings = {}
        if database == "postgresql":
            try:
                settings["DATABASE_URL"] = until_the_end.enter_context(throw_away_postgresql())
            except NoServer as reason:
                missing("postgresql", str(reason))
        site = until_the_end.enter_context(running(tmp_path, **settings))
        playwright = until_the_end.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium_path, args=QUIET)
        until_the_end.callback(browser.close)

        def arrives() -> Hands:
            window = browser.new_context(reduced_motion="reduce", viewport={"width": 960, "height": 900})
            window.set_default_timeout(15_000)
            return hands(window.new_page(), site)

        yield arrives


def pictured(visitor: Visitor, name: str) -> None:
    """What is on the screen now, for the tutorial; in no more colours than such a page has."""
    if not PICTURES:
        return
    from io import BytesIO

    from PIL import Image

    visitor.page.evaluate("document.activeElement.blur()")
    image = Image.open(BytesIO(visitor.page.screenshot())).convert("RGB")
    few = image.quantize(64, dither=Image.Dither.NONE)
    few.save(Path(PICTURES) / f"{name}.png", optimize=True)


def test_from_wanting_it_to_showing_it(person: Callable[[], Hands], tmp_path: Path) -> None:
    learner, issuer, stranger = person(), person(), person()
    issuer.page.context.add_cookies(issuer.site.owners_cookies)
    issuer.open("/organisations/")
    desk = str(issuer.page.locator("main h2 a").first.get_attribute("href")).rstrip("/")

    progress = found_and_begun(learner)
    read_and_was_there(learner, code=code_of_the_room(issuer, desk), progress=progress)
    answered_the_questions(learner, progress)
    handed_in(learner, progress)
    judged(issuer, desk)
    learner.open(progress)
    assert "Everything is done" in learner.words
    approved(issuer, desk)
    learner.open(progress)
    assert "You have earned it" in learner.words

    accepted(person())
    public = put_on_a_portfolio(learner)
    shown(stranger, public)
    kept = put_into_a_wallet(learner)

    assert_the_library_agrees(kept, learner.site.url, tmp_path)
    said = [each for visitor in (learner, issuer, stranger) for each in visitor.complaints]
    assert said == []


def found_and_begun(learner: Hands) -> str:
    """The address of her progress."""
    learner.open("/catalogue")
    learner.write(learner.page.get_by_role("main").get_by_role("searchbox"), "kiln")
    learner.press("Search")
    pictured(learner, "catalogue")
    learner.press(NAME)
    for words in ("12 hours", "Free", "3 units", "4 questions", "pass mark 75 %", "20 minutes"):
        assert words in learner.words, words
    assert "a person at Lakeside Workshops looks at it before it is awarded" in learner.words
    pictured(learner, "achievement")
    about = learner.page.url
    learner.press("Start")
    learner.sign_up(EMAIL)
    learner.open(about)
    learner.press("Start")
    learner.fill(name="Lena Lindholm")
    learner.press("Start")
    return learner.page.url


def code_of_the_room(issuer: Hands, desk: str) -> str:
    issuer.open(f"{desk}/meetings")
    issuer.press("Open evening in the workshop")
    issuer.press("Show it")
    return issuer.page.locator(".room-code").inner_text()


def read_and_was_there(learner: Hands, *, code: str, progress: str) -> None:
    learner.press("Heat")
    learner.press("Done, go on")
    learner.press("Done, go on")
    learner.press("Done")
    learner.open("/attend")
    learner.fill(code=code.lower())
    learner.press("I am here")
    learner.open(progress)
    assert "2 of 4" in learner.words
    pictured(learner, "progress")


def answered_the_questions(learner: Hands, progress: str) -> None:
    learner.open(progress)
    learner.follow(within(learner, "link", "To the assessment"))
    learner.press("Begin")
    for number in range(1, 5):
        question = learner.page.locator(f"#q{number}")
        words = question.inner_text()
        answer = next((given for asked, given in ANSWERS.items() if asked in words), None)
        if answer is None:
            for gas in GASES:
                learner.choose(gas)
        elif question.locator("input[type=radio]").count():
            learner.choose(answer)
        else:
            learner.write(question.locator("input[type=text]"), answer)
    expect(learner.page.locator("[data-state]")).to_have_text("Saved.")
    pictured(learner, "questions")
    learner.press("Save and hand in …")
    assert "All 4 questions are answered." in learner.words
    learner.press("Hand in")
    assert "100 %: 4 of 4 points." in learner.words


def handed_in(learner: Hands, progress: str) -> None:
    learner.open(progress)
    learner.follow(within(learner, "link", "To the project"))
    learner.press("Begin")
    learner.fill(url="https://log.example/", name="The log, page by page")
    learner.press("Add the link")
    learner.fill(statement="Twelve bowls, **1,250 °C**, and a crack that I now understand.")
    pictured(learner, "project")
    learner.press("Save and hand in")
    assert "With the reviewers" in learner.words


def judged(issuer: Hands, desk: str) -> None:
    issuer.open(f"{desk}/reviews")
    issuer.follow(within(issuer, "button", "Review it"))
    for criterion in ("It can be repeated", "It says what was learnt"):
        group = issuer.page.get_by_role("group", name=criterion)
        group.locator("label").filter(has_text="Very good").first.click()
    issuer.press("Decide")


def approved(issuer: Hands, desk: str) -> None:
    issuer.open(f"{desk}/approvals")
    issuer.press("Lena Lindholm")
    issuer.press("Agree and award")


def accepted(learner: Hands) -> None:
    """At another machine, without signing in: the link of the letter, and a code to the same address."""
    letter = learner.mail(EMAIL, "has awarded you")
    assert NAME in letter
    link = re.search(r"http\S+/claim/\S+", letter)
    assert link is not None
    learner.open(link[0])
    assert "Lakeside Workshops gives you this:" in learner.words
    pictured(learner, "claim")
    learner.press("Accept it")
    asking = learner.page.url
    code = re.search(r"^[A-Z0-9]+-?[A-Z0-9]+$", learner.mail(EMAIL, "code"), re.M)
    assert code is not None, learner.words
    learner.open(asking)
    learner.fill(code="AAAA-AAAA")
    learner.press("Accept it")
    learner.fill(code=code[0])
    learner.press("Accept it")
    assert "What you can do with it" in learner.words


def put_on_a_portfolio(learner: Hands) -> str:
    """The public address."""
    learner.open("/wallet")
    pictured(learner, "wallet")
    learner.press(NAME)
    learner.press("Show it to others")
    learner.choose("Everybody, at an address of its own.")
    learner.press("Save")
    learner.open("/wallet/portfolio")
    learner.fill(handle="lena-lindholm", name="Lena Lindholm")
    learner.press("Begin")
    learner.follow(within(learner, "button", "Put it on"))
    learner.press("Make it public")
    return learner.page.locator("main copy-field code").first.inner_text()


def shown(stranger: Hands, public: str) -> None:
    stranger.open(public)
    assert stranger.heading == "Lena Lindholm"
    assert EMAIL not in stranger.page.content()
    pictured(stranger, "portfolio")
    stranger.press(NAME)
    assert "Genuine and unchanged, and valid when it was last checked." in stranger.words


def put_into_a_wallet(learner: Hands) -> bytes:
    """What the Learner Credential Wallet's own library has got, and has verified itself."""
    learner.open("/wallet")
    learner.press(NAME)
    learner.press("Put it into a wallet")
    learner.press("Show the QR code")
    pictured(learner, "qr")
    interaction = learner.page.locator("main copy-field code").first.inner_text()

    answer = ask("@digitalcredentials/vc", interaction=interaction)

    assert answer["verified"] == [{"accepted": True, "reason": ""}]
    expect(learner.page.get_by_text("It is in a wallet")).to_be_visible()
    [credential] = answer["credentials"]
    assert answer["holder"] == credential["credentialSubject"]["id"]
    return json.dumps(credential).encode()


def assert_the_library_agrees(credential: bytes, url: str, folder: Path) -> None:
    file = folder / "kept.json"
    file.write_bytes(credential)
    verify = [sys.executable, "-m", "cairn", "verify", "--allow", url, str(file)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert NAME in done.stdout
