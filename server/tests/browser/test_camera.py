# SPDX-License-Identifier: Apache-2.0
"""The camera: a real Chromium looks at a film of a QR code, and reads the link in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import segno
from playwright.sync_api import expect, sync_playwright
from server.tests.browser.conftest import QUIET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser
    from server.tests.browser.running import Site, Visitor

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 640, 480
FRAMES_A_SECOND = 10
OPEN = "Scan a QR code"


def film(path: Path, *texts: str) -> None:
    """A YUV4MPEG2 film that shows each code for two seconds, in a room of middling grey."""
    with path.open("wb") as out:
        header = (WIDTH, HEIGHT, FRAMES_A_SECOND)
        out.write(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n" % header)
        for text in texts:
            frame = b"FRAME\n" + picture(text) + b"\x80" * (WIDTH * HEIGHT // 2)
            out.write(frame * 2 * FRAMES_A_SECOND)


def picture(text: str) -> bytes:
    rows = [bytearray(b"\x90" * WIDTH) for _ in range(HEIGHT)]
    matrix = list(segno.make_qr(text, error="m").matrix_iter(border=4))
    size = HEIGHT * 3 // 4 // len(matrix)
    top, left = (HEIGHT - size * len(matrix)) // 2, (WIDTH - size * len(matrix)) // 2
    for y, line in enumerate(matrix):
        drawn = b"".join((b"\x10" if dark else b"\xeb") * size for dark in line)
        for each in range(size):
            rows[top + y * size + each][left : left + len(drawn)] = drawn
    return b"".join(rows)


@pytest.fixture(scope="module")
def chromium(chromium_path: str, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose camera sees what is no link to a credential, and then one."""
    shown = tmp_path_factory.mktemp("film") / "codes.y4m"
    film(shown, "javascript:alert(1)", "bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", site.credentials[0])
    camera = [
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={shown}",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=[*QUIET, *camera])
        yield browser
        browser.close()


def test_b121_a_code_is_read_and_only_a_link_is_taken(window: Callable[..., Visitor], site: Site) -> None:
    visitor = window(permissions=["camera"])
    visitor.open("/verify")
    said = visitor.page.locator("qr-reader [role=status]")

    visitor.page.get_by_role("button", name=OPEN).click()

    expect(said).to_have_text("This code does not hold a link to a credential.", timeout=15_000)
    expect(visitor.page.locator("#id_link")).to_have_value(site.credentials[0], timeout=15_000)
    expect(said).to_contain_text("Found a link to 127.0.0.1")
    expect(visitor.page.locator("#id_link")).to_be_focused()
    assert visitor.page.evaluate("document.querySelector('qr-reader').stream") is None  # the camera is off
    visitor.press("Check it")
    assert visitor.heading.startswith("This is genuine, unchanged and currently valid.")
    assert visitor.complaints == []


def test_the_decoder_is_loaded_only_when_somebody_opens_the_camera(window: Callable[..., Visitor]) -> None:
    visitor = window(permissions=["camera"])
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.open("/verify")
    visitor.page.wait_for_load_state("networkidle")
    assert not any("jsQR" in url for url in asked)

    visitor.page.get_by_role("button", name=OPEN).click()
    visitor.page.locator("qr-reader video").wait_for(state="visible")

    assert any("jsQR" in url for url in asked)
    visitor.page.keyboard.press("Escape")
    expect(visitor.page.locator("qr-reader [role=status]")).to_have_text("The camera is off.")
    expect(visitor.page.get_by_role("button", name=OPEN)).to_be_focused()


def test_without_permission_the_page_says_what_else_there_is(window: Callable[..., Visitor]) -> None:
    visitor = window(permissions=[])
    visitor.open("/verify")

    visitor.page.get_by_role("button", name=OPEN).click()

    said = visitor.page.locator("qr-reader [role=status]")
    expect(said).to_have_text("There is no camera that we may use. Paste the link, or choose a file.")
    expect(visitor.page.get_by_role("button", name=OPEN)).to_be_focused()


def test_without_scripts_no_camera_is_offered(window: Callable[..., Visitor]) -> None:
    visitor = window(java_script_enabled=False)
    visitor.open("/verify")

    assert not visitor.page.get_by_role("button", name=OPEN).is_visible()
    assert visitor.page.locator("#id_link").is_visible()


def test_an_open_camera_suits_everybody(window: Callable[..., Visitor], axe: str) -> None:
    visitor = window(permissions=["camera"], reduced_motion="reduce")
    visitor.open("/verify")
    visitor.page.get_by_role("button", name=OPEN).click()
    visitor.page.locator("qr-reader video").wait_for(state="visible")
    visitor.page.set_viewport_size({"width": 320, "height": 640})

    visitor.page.evaluate(axe)
    found = visitor.page.evaluate(
        "async () => (await axe.run(document.querySelector('main'))).violations.map(each => each.id)"
    )

    assert found == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 320
