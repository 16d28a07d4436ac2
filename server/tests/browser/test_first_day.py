# SPDX-License-Identifier: Apache-2.0
"""A newcomer's first day in a browser: from an e-mail address to an award that a stranger verifies.

Told twice: with scripts, and with scripts switched off.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.browser.running import Visitor

pytestmark = pytest.mark.browser

# The server under test has no web address that could vouch for an issuer.
GENUINE = (
    "This is genuine, unchanged and currently valid."
    " Nothing but its own key vouches for the name of its issuer."
)
# What a reader of a credential that cannot be confirmed must not see.
CONTENT = ("Tuning a harp", "Siri Holm", "Harp House", "Lute House")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_an_address_to_a_verified_and_then_revoked_badge(
    scripts: bool, window: Callable[..., Visitor]
) -> None:
    newcomer, stranger = (window(java_script_enabled=scripts) for _ in range(2))
    # The learner has a telephone, and no account.
    learner = window(java_script_enabled=scripts, viewport={"width": 360, "height": 740})
    # Two organisations on one server may not share a name.
    house = "Harp House" if scripts else "Lute House"
    address = f"siri@{house[:4].lower()}.example"

    become_an_issuer(newcomer, house)
    describe_and_publish(newcomer, scripts)
    desk = award(newcomer, house, address)

    # The learner reads the mail, accepts with a code, and takes the credential away in its four forms.
    accept(learner, house, address)
    page = learner.site.url + learner.link(".json").removesuffix(".json")
    learner.open(page)
    learner.page.get_by_role("heading", name="Tuning a harp").wait_for()
    assert "Genuine, unchanged and currently valid." in learner.words
    assert f"Awarded to Siri Holm by {house}" in learner.words
    files = {form: download(learner, form) for form in ("PNG", "SVG", "JSON", "JWT")}

    # A stranger has each of them verified.
    for form, data in files.items():
        stranger.bring(f"badge.{form.lower()}", data)
        assert (form, stranger.heading) == (form, GENUINE)
        assert all(words in stranger.words for words in ("Tuning a harp", "Siri Holm", house))

    # One byte changed: not verified, and nothing of it shown.
    record = files["JSON"]
    changed = record.replace(b"Siri Holm", b"Siri Hoim")
    assert sum(one != other for one, other in zip(record, changed, strict=True)) == 1
    in_signature = files["JWT"].rindex(b".") + 20
    other = b"A" if files["JWT"][in_signature : in_signature + 1] != b"A" else b"B"
    for name, data in {
        "badge.json": changed,
        "badge.jwt": files["JWT"][:in_signature] + other + files["JWT"][in_signature + 1 :],
        "badge.png": files["PNG"].replace(b"Siri Holm", b"Siri Hoim"),
        "badge.svg": files["SVG"].replace(b"Siri Holm", b"Siri Hoim"),
    }.items():
        stranger.bring(name, data)
        assert stranger.heading.startswith("We could not confirm this credential"), name
        assert not any(words in stranger.page.content() for words in (*CONTENT, "Siri Hoim"))

    # Suspended: it does not count. Reinstated: it does again.
    change_standing(newcomer, desk, "Suspend", "The exam is under review.")
    stranger.open(page)
    assert "Suspended by the issuer since" in stranger.words
    assert "The exam is under review." in stranger.words
    stranger.bring("badge.png", files["PNG"])
    assert stranger.heading == "We could not confirm this credential, because the issuer has suspended it."
    change_standing(newcomer, desk, "Reinstate", "The exam stands.")
    stranger.bring("badge.png", files["PNG"])
    assert stranger.heading == GENUINE

    # Revoked: every door says so, and the credential's own page says when and why.
    change_standing(newcomer, desk, "Revoke", "Somebody else tuned it.")
    for form, data in files.items():
        stranger.bring(f"badge.{form.lower()}", data)
        assert stranger.heading == "We could not confirm this credential, because the issuer has revoked it."
    stranger.press("Its own page says when and why.")
    assert stranger.page.url == page
    assert "Revoked by the issuer on" in stranger.words
    assert "Somebody else tuned it." in stranger.words
    assert "Somebody else tuned it." in learner.mail(address, "has revoked")

    assert newcomer.complaints + learner.complaints + stranger.complaints == []


def accept(learner: Visitor, house: str, address: str) -> None:
    """What, from whom, why; yes, with a code to the address; and then it can be shown."""
    assert house in learner.mail(address, "has awarded you")
    learner.page.get_by_role("main").get_by_role("link", name="/claim/").click()
    question = learner.page.url
    learner.page.get_by_role("heading", name="Tuning a harp").wait_for()
    assert "47 strings in an hour" in learner.words
    assert address not in learner.page.content()
    learner.press("Accept it")
    code = re.search(r"^[0-9]{6}$", learner.mail(address, "Your code for an award"), re.M)
    assert code is not None, learner.words
    learner.open(question)
    learner.fill(code=code[0])
    learner.press("Accept it")
    assert learner.page.url == question
    assert "It is in your wallet here" in learner.words
    assert learner.page.get_by_role("link", name="Add to LinkedIn").count() == 1


def become_an_issuer(newcomer: Visitor, house: str) -> None:
    newcomer.sign_up(f"founder@{house[:4].lower()}.example")
    newcomer.open("/organisations/")
    newcomer.press("Create an organisation")
    newcomer.fill(name=house, url="https://house.example")
    newcomer.press("Create organisation")
    assert newcomer.heading == "Overview", newcomer.words


def describe_and_publish(newcomer: Visitor, scripts: bool) -> None:
    newcomer.press("Describe what can be earned")
    newcomer.fill(
        name="Tuning a harp",
        description="Tunes a concert harp by ear.",
        criteria="Tune **47** strings in an hour.",
    )
    newcomer.press("Add a skill")
    newcomer.fill(**{"skills-0-target_name": "tune harps", "skills-0-target_url": "https://skills.example/7"})
    newcomer.press("Save as a draft")

    # The designer: the picture is redrawn while one chooses, or by a button.
    newcomer.page.get_by_label("Hexagon").check()
    newcomer.fill(colour="#5b2a4a", line_1="Harps")
    newcomer.page.select_option("[name=icon]", label="Music")
    if not scripts:
        newcomer.press("Preview")
    newcomer.page.locator("#preview img[src*='%235b2a4a'][src*='Harps']").wait_for()
    newcomer.press("Use this picture")

    newcomer.press("Publish")
    newcomer.press("Publish")
    assert "Published" in newcomer.words


def award(newcomer: Visitor, house: str, address: str) -> str:
    """Award it to Siri; the answer is where the credential stands on the issuer's desk."""
    newcomer.press("Award")
    newcomer.fill(name="Siri Holm", email=address)
    newcomer.press("Preview")
    assert f"Awarded to Siri Holm by {house}" in newcomer.words
    newcomer.press("Award")
    assert newcomer.heading == "Siri Holm"
    return newcomer.page.url


def change_standing(newcomer: Visitor, desk: str, verb: str, reason: str) -> None:
    newcomer.open(desk)
    newcomer.press(verb)
    newcomer.fill(reason=reason)
    newcomer.press(verb)
    assert ("Reinstated." if verb == "Reinstate" else reason) in newcomer.words


def download(visitor: Visitor, form: str) -> bytes:
    with visitor.page.expect_download() as started:
        visitor.page.get_by_role("main").get_by_role("link", name=form, exact=True).click()
    return Path(started.value.path()).read_bytes()
