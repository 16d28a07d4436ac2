# SPDX-License-Identifier: Apache-2.0
"""The custom elements in a real Chromium; ../browser has whole pages and journeys."""

from __future__ import annotations

import shutil
from contextlib import contextmanager

import pytest

from cairn_server.issuing import representations

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]

VERIFIED = "This is genuine, unchanged and currently valid."


@contextmanager
def browser(**options):
    """A page in a fresh browser. Rows are made before it opens: its event loop keeps the database shut."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        try:
            yield chromium.new_context(**options).new_page()
        finally:
            chromium.close()


@pytest.fixture
def badge(credential, tmp_path):
    """A credential as the picture that its holder has on disk."""
    file = tmp_path / "badge.png"
    file.write_bytes(representations.representation(credential, "png")[0])
    return file


def test_a_chosen_file_waits_for_the_button_and_the_answer_takes_the_focus(live_server, badge):
    """WCAG 3.2.2: choosing changes nothing but the field."""
    with browser() as page:
        sent = []
        page.goto(f"{live_server.url}/verify")
        page.on("request", lambda request: sent.append(request.method))
        page.set_input_files("input[type=file]", badge)
        page.wait_for_timeout(500)
        assert "POST" not in sent
        with page.expect_navigation():
            page.get_by_role("button", name="Check it").click()
        focused = page.evaluate("document.activeElement.textContent")

    assert focused == VERIFIED


def test_a_dropped_file_is_checked_too(live_server, badge):
    with browser() as page:
        page.goto(live_server.url)
        with page.expect_navigation():
            page.evaluate(
                """bytes => {
                    const data = new DataTransfer()
                    data.items.add(new File([new Uint8Array(bytes)], "badge.png"))
                    document.querySelector("drop-zone").dispatchEvent(
                        new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
                    )
                }""",
                list(badge.read_bytes()),
            )
        heading = page.inner_text("h1")

    assert heading == VERIFIED


def test_what_was_shared_is_told_without_saying_who(live_server, credential):
    """The link and LinkedIn count; the identifier beside it, and selecting the text, do not."""
    told = []
    with browser(permissions=["clipboard-read", "clipboard-write"]) as page:
        page.context.add_cookies([{"name": "session", "value": "somebody", "url": live_server.url}])
        page.goto(f"{live_server.url}/c/{credential.public_id}")
        page.on(
            "request",
            lambda request: (
                told.append((request.url, request.all_headers().get("cookie")))
                if request.method == "POST"
                else None
            ),
        )
        # Not that far: LinkedIn is on another machine.
        page.evaluate(
            "addEventListener('click', event => event.target.closest('a') && event.preventDefault())"
        )
        url, identifier = page.locator("share-counter copy-field").all()

        identifier.get_by_role("button").click()
        url.locator("code").click()
        page.wait_for_timeout(300)
        assert told == []
        with page.expect_response("**/shared") as answered:
            url.get_by_role("button").click()
        with page.expect_response("**/shared"):
            page.get_by_role("link", name="Add to LinkedIn").click()
        assert answered.value.status == 204

    assert told == [(f"{live_server.url}/c/{credential.public_id}/shared", None)] * 2


def test_a_value_can_be_copied(live_server, credential):
    with browser(permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto(f"{live_server.url}/c/{credential.public_id}")
        page.locator("copy-field").nth(1).get_by_role("button").click()
        copied = page.evaluate("navigator.clipboard.readText()")

    assert copied == credential.public_id


def test_at_360_pixels_the_standing_of_a_credential_is_in_sight(live_server, credential, owner, signed_in):
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in signed_in(owner).cookies.items())
    where = f"{live_server.url}/organisations/{credential.organisation.public_id}/credentials"
    with browser(viewport={"width": 360, "height": 740}, extra_http_headers={"Cookie": cookie}) as page:
        page.goto(where)
        standing = page.get_by_role("cell").filter(has_text="Active").bounding_box()
        frame = page.locator(".table-frame").evaluate("it => it.scrollWidth - it.clientWidth")
        columns = page.get_by_role("columnheader").count()

    assert standing["x"] + standing["width"] <= 360
    assert frame == 0
    assert columns == 4, "still a table for whoever does not see it"
