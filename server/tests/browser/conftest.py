# SPDX-License-Identifier: Apache-2.0
"""One running server for the session, one Chromium for each module, one window for each test.

The browser lives no longer than a module: while it is open its event loop runs in this thread, and
Django keeps the database shut to whoever else is tested in the same process.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from playwright.sync_api import sync_playwright
from server.tests.browser.running import Site, Visitor, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

AXE = Path(__file__).parents[3] / "interop" / "node_modules" / "axe-core" / "axe.min.js"
# A browser that is tested calls nobody but the server.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing(what: str, reason: str) -> NoReturn:
    """A visible skip; a failure where CAIRN_REQUIRE says that it has to be there."""
    if what in os.environ.get("CAIRN_REQUIRE", "").split(","):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return found or missing("chromium", "there is no Chromium on this machine")


@pytest.fixture(scope="session")
def site(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("site")) as ready:
        yield ready


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def open_window(chromium: Browser, site: Site) -> Iterator[Callable[..., Visitor]]:
    """Open a window of its own: no cookies, nothing remembered. Options are those of ``new_context``."""
    windows = []

    def opened(**options: Any) -> Visitor:
        windows.append(chromium.new_context(**options))
        windows[-1].set_default_timeout(15_000)
        return Visitor(windows[-1].new_page(), site)

    yield opened
    for window in windows:
        window.close()


@pytest.fixture
def window(open_window: Callable[..., Visitor]) -> Iterator[Callable[..., Visitor]]:
    """The same, shut again when the test is over."""
    mine: list[Visitor] = []

    def opened(**options: Any) -> Visitor:
        mine.append(open_window(**options))
        return mine[-1]

    yield opened
    for visitor in mine:
        visitor.page.close()


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        missing("node", "axe-core is not installed: make interop/node_modules/.stamp")
    return AXE.read_text()
