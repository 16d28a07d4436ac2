# SPDX-License-Identifier: Apache-2.0
"""An assessment and a project, from the author's first word to the learner's award.

With scripts, and with scripts switched off: where they run, an answer is kept before a button is pressed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from server.tests.browser.examination import examine

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.browser.running import Visitor

pytestmark = pytest.mark.browser

# Where somebody who wants to look at the pages finds pictures of them.
PICTURES = os.environ.get("CAIRN_PICTURES", "")


def seen(visitor: Visitor, name: str) -> None:
    """A picture in each width and each light, for whoever asked for pictures."""
    if not PICTURES:
        return
    before = visitor.page.viewport_size
    for width in (360, 1280):
        visitor.page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            visitor.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            path = Path(PICTURES) / f"{name}-{width}-{scheme}.png"
            visitor.page.screenshot(path=path, full_page=True)
    visitor.page.emulate_media(color_scheme="light")
    if before:
        visitor.page.set_viewport_size(before)


def home_of(owner: Visitor) -> str:
    owner.open("/organisations/")
    return str(owner.page.locator("main h2 a").first.get_attribute("href")).rstrip("/")


def authored(owner: Visitor, name: str) -> str:
    """An achievement that asks for an assessment of three questions and for a project; its public address."""
    owner.page.context.add_cookies(owner.site.owners_cookies)
    base = home_of(owner)

    owner.open(f"{base}/questions")
    owner.fill(name=f"Clay for {name}")
    owner.press("Make it")
    group = owner.page.url
    owner.press("One of several")
    owner.fill(text="Which of these is a **glaze**?", **{"option-0": "Celadon", "option-1": "Bisque"})
    owner.page.get_by_label("Answer 1 is right").check()
    seen(owner, "question")
    owner.press("Save")
    owner.open(f"{group}/new/number")
    owner.fill(text="How far does it shrink, in per cent?", value="12.5", tolerance="0.5", points="2")
    owner.press("Save")
    owner.open(f"{group}/new/short")
    owner.fill(text="Why do pots crack?")
    owner.page.get_by_label("A person marks what is none of these").check()
    owner.press("Save")
    seen(owner, "group")

    owner.open(f"{base}/assessments/new")
    owner.fill(name=f"Clay: {name}", pass_mark="60", minutes="30", introduction="Three questions.")
    owner.page.get_by_label(f"Questions of “Clay for {name}”").fill("3")
    seen(owner, "assessment-edit")
    owner.press("Save as a draft")
    owner.press("Publish")
    assert "Published. People can take it now." in owner.words
    seen(owner, "assessment")

    owner.open(f"{base}/projects/new")
    owner.fill(name=f"Bowls: {name}", brief="Throw **six bowls** of one size.", **{"c0-name": "Even walls"})
    owner.press("Add a criterion")
    owner.fill(**{"c1-name": "Glaze"})
    seen(owner, "project-edit")
    owner.press("Save as a draft")
    owner.press("Publish")
    seen(owner, "project")

    owner.open(f"{base}/achievements/new")
    owner.fill(name=name, description="Throws and fires.", criteria="Throw and fire.")
    owner.press("Save as a draft")
    draft = owner.page.url.rpartition("/")[0]
    owner.open(f"{draft}/earning")
    owner.press("Let people earn it")
    for kind, leaf in (("assessment", f"Clay: {name}"), ("project", f"Bowls: {name}")):
        owner.page.locator("main select[name=kind]").first.select_option(kind)
        owner.press("Add")
        owner.page.locator(f"main select[name={kind}]").select_option(label=leaf)
        owner.press("Save")
    owner.press("Go on to publish")
    owner.press("Publish")
    owner.press("Public page")
    return owner.page.url


# With scripts, the journey from wanting it to showing it goes the same way (make long goes both).
WAYS = (
    {"with scripts": True, "without scripts": False}
    if "CAIRN_LONG" in os.environ
    else {"without scripts": False}
)


@pytest.mark.parametrize("scripts", WAYS.values(), ids=WAYS.keys())
def test_from_the_first_question_to_the_award(
    scripts: bool, window: Callable[..., Visitor], axe: str
) -> None:
    name = "Potter, with" if scripts else "Potter, without"
    owner, learner = window(), window(java_script_enabled=scripts)
    email = f"{name[-4:].strip()}-potter@people.example"
    about = authored(owner, name)
    base = owner.page.url.partition("/a/")[0]
    learner.sign_up(email)
    learner.open(about)
    learner.press("Start")
    learner.fill(name="Pia Pott")
    learner.press("Start")
    progress = learner.page.url

    # The assessment: an answer before the browser dies, the others after it.
    learner.page.get_by_role("main").locator("a[href*='/earn/assessments/']").first.click()
    seen(learner, f"take-{scripts}")
    learner.press("Begin")
    sheet = learner.page.url
    learner.page.get_by_label("Celadon").check()
    if scripts:
        expect(learner.page.locator("[data-state]")).to_have_text("Saved.")
        expect(learner.page.locator("[data-shown]")).to_contain_text("30 min left")
    else:
        learner.press("Save")
    again = window(java_script_enabled=scripts)
    again.sign_in(email)
    again.open(sheet)
    expect(again.page.get_by_label("Celadon")).to_be_checked()
    texts = again.page.locator("main input[type=text]")
    for number in range(2):
        is_number = texts.nth(number).get_attribute("inputmode") == "decimal"
        texts.nth(number).fill("twelve" if is_number else "They dried too fast.")
    again.press("Save and hand in …")
    assert "Not a number" in again.words
    seen(again, f"hand-in-{scripts}")
    again.press("Back to the questions")
    again.page.locator("main input[inputmode=decimal]").fill("12,6")
    seen(again, f"sheet-{scripts}")
    assert not scripts or examine(again, axe) == []
    again.press("Save and hand in …")
    assert "All 3 questions are answered." in again.words
    again.press("Hand in")
    assert "A person marks some of your answers." in again.words

    home = home_of(owner)
    owner.open(f"{home}/reviews")
    owner.press("Why do pots crack?")
    assert "They dried too fast." in owner.words
    assert "Pia" not in owner.words
    owner.fill(points="1")
    seen(owner, "mark")
    owner.press("Mark it")
    again.page.reload()
    assert "Passed" in again.words
    assert "100 %" in again.words
    seen(again, f"result-{scripts}")
    assert not scripts or examine(again, axe) == []

    # The project: not enough, mended, accepted.
    again.open(progress)
    again.page.get_by_role("main").locator("a[href*='/earn/projects/']").first.click()
    again.press("Begin")
    bowls = {"name": "bowls.txt", "mimeType": "text/html", "buffer": b"Six bowls."}
    again.page.set_input_files("main input[type=file]", bowls)
    again.press("Add the file")
    again.fill(url="https://bowls.example/", name="Pictures")
    again.press("Add the link")
    seen(again, f"work-{scripts}")
    assert not scripts or examine(again, axe) == []
    again.page.locator("main textarea[name=statement]").fill("They are *even*.")
    again.press("Save and hand in")
    assert "With the reviewers" in again.words

    owner.open(f"{home}/reviews")
    seen(owner, "reviews")
    owner.page.locator("main li").filter(has_text=f"Bowls: {name}").get_by_role("button").click()
    owner.page.get_by_role("heading", name="Your judgement").wait_for()
    judge(owner, "Not yet", "Good")
    owner.press("Decide")
    assert "Say what is missing" in owner.words
    seen(owner, "review")
    assert examine(owner, axe) == []
    owner.fill(feedback="The walls are **thin**.")
    owner.press("Decide")
    again.page.reload()
    assert "The walls are thin." in again.words
    seen(again, f"changes-{scripts}")
    again.press("Make changes")
    again.page.locator("main textarea[name=statement]").fill("Now they are.")
    again.press("Save and hand in")
    owner.open(f"{home}/reviews")
    owner.page.get_by_role("main").get_by_role("link", name=f"Bowls: {name}").first.click()
    judge(owner, "Good", "Very good")
    owner.press("Decide")
    again.page.reload()
    assert "Accepted" in again.words
    seen(again, f"accepted-{scripts}")
    again.open(progress)
    assert "You have earned it" in again.words
    assert not [
        said
        for visitor in (owner, learner, again)
        for said in visitor.complaints
        if "status of 4" not in said
    ]
    assert base in again.page.url


def judge(owner: Visitor, *levels: str) -> None:
    for criterion, level in zip(("Even walls", "Glaze"), levels, strict=True):
        group = owner.page.get_by_role("group", name=criterion)
        group.locator("label").filter(has_text=f"{level} (").first.click()
