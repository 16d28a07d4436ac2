# SPDX-License-Identifier: Apache-2.0
"""A real server in a process of its own, as ``cairn-server run`` starts it, and people who use it.

Nothing here imports the server: what these tests know about it is what a person at a browser knows.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

START_WITHIN_SECONDS = 120


@dataclass(frozen=True)
class Site:
    """Where the server is, and what it printed when it was ready."""

    url: str
    # What the printed link gave when it was opened. The link itself works once, and not any more once the
    # owner has signed in by another way; tests come in any order.
    owners_cookies: list[dict[str, str]]
    # In the order of the demonstration: genuine, genuine with an end date, the owner's own, suspended,
    # genuine, revoked.
    credentials: list[str] = field(default_factory=list)


@contextlib.contextmanager
def running(folder: Path, **settings: str) -> Iterator[Site]:
    """Start it with a data folder of its own, wait for its ``ready`` line, and stop it afterwards."""
    port = free_port()
    log = folder / "log"
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"DATA_DIR": str(folder / "data"), "PORT": str(port), **settings}
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "cairn_server", "run"],
            cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield read_start(log, server)
        finally:
            server.terminate()
            server.wait(30)


def cookies_of(url: str, link: str) -> list[dict[str, str]]:
    """Open the printed link, and keep what a browser would keep."""
    with contextlib.closing(HTTPConnection(url.removeprefix("http://"), timeout=30)) as connection:
        connection.request("GET", link.removeprefix(url))
        answer = connection.getresponse()
        answer.read()
    assert (answer.status, answer.headers["Location"]) == (302, "/organisations/"), answer.status
    kept = SimpleCookie()
    for header in answer.headers.get_all("Set-Cookie") or []:
        kept.load(header)
    return [{"name": name, "value": morsel.value, "url": url} for name, morsel in kept.items()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_start(log: Path, server: subprocess.Popen[bytes]) -> Site:
    """Read the plain lines meant for scripts; the ``credential`` lines are the last of them."""
    deadline = time.monotonic() + START_WITHIN_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        said = log.read_text()
        found = re.search(r"^ready (\S+)\nowner \S+ (\S+)\n((?:credential \S+\n){6})", said, re.M)
        if found:
            cookies = cookies_of(found[1], found[2])
            return Site(found[1], cookies, re.findall(r"credential (\S+)", found[3]))
        time.sleep(0.1)
    raise AssertionError(f"the server did not become ready:\n{log.read_text()}")


@dataclass
class Visitor:
    """Somebody at one browser window: where they go, what they press, and what the browser complained of."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # What the policy forbids is an error on the console too.
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else self.site.url + path)

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"main [name={name}]:not([type=hidden])").first.fill(value)

    def press(self, name: str) -> None:
        """Press the button or follow the link of that name in the content, and wait for the next page."""
        found = self.page.get_by_role("main").get_by_role("button", name=name, exact=True)
        if not found.count():
            found = self.page.get_by_role("main").get_by_role("link", name=name, exact=True)
        with self.page.expect_navigation():
            found.first.click()

    def tick(self, value: str) -> None:
        self.page.locator(f"main input[type=checkbox][value='{value}']").check()

    def link(self, ending: str) -> str:
        """Where the first link goes whose address ends like this."""
        return str(self.page.locator(f"main a[href$='{ending}']").first.get_attribute("href"))

    def download(self, path: str) -> bytes:
        return self.page.request.get(self.site.url + path).body()

    def bring(self, name: str, data: bytes) -> None:
        """Choose a file on /verify and press the button, with scripts and without."""
        self.open("/verify")
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": data}
        self.page.set_input_files("main input[type=file]", file)
        self.press("Check it")

    def bring_several(self, files: dict[str, bytes]) -> None:
        """Choose these files on /verify and press the button."""
        self.open("/verify")
        chosen = [
            {"name": name, "mimeType": "application/octet-stream", "buffer": data}
            for name, data in files.items()
        ]
        self.page.set_input_files("main input[type=file]", chosen)
        self.press("Check it")

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    @property
    def words(self) -> str:
        return self.page.locator("main").inner_text()

    def mail(self, to: str, subject: str, *, within_seconds: float = 30) -> str:
        """The newest mail to this address whose subject has these words, read at /dev/mail/.

        Mail about awards goes out in the background, so it is waited for.
        """
        deadline = time.monotonic() + within_seconds
        while time.monotonic() < deadline:
            self.open("/dev/mail/")
            found = self.page.locator("main li").filter(has_text=to).filter(has_text=subject)
            if found.count():
                found.first.get_by_role("link").click()
                return self.words
            time.sleep(0.5)
        raise AssertionError(f"no mail to {to} about {subject!r}")

    def sign_up(self, email: str) -> None:
        self.open("/account/signup/")
        self.fill(email=email)
        self.press("Create account")
        self._type_code(email, "Confirm your e-mail address")

    def sign_in(self, email: str) -> None:
        self.open("/account/login/code/")
        self.fill(email=email)
        self.press("E-mail me a code")
        self._type_code(email, "Your sign-in code")

    def _type_code(self, email: str, subject: str) -> None:
        asking = self.page.url
        code = re.search(r"^[A-Z0-9]+-?[A-Z0-9]+$", self.mail(email, subject), re.M)
        assert code is not None, self.words
        self.open(asking)
        self.fill(code=code[0])
        self.press("Continue")
