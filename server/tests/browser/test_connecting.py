# SPDX-License-Identifier: Apache-2.0
"""Letting another site in, in a real browser: its policy must let the learner go back there."""

from __future__ import annotations

import base64
import json
import secrets
from contextlib import closing
from hashlib import sha256
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from server.tests.browser.running import Visitor

pytestmark = pytest.mark.browser

READ = "https://purl.imsglobal.org/spec/ob/v3p0/scope/credential.readonly"
ADD = "https://purl.imsglobal.org/spec/ob/v3p0/scope/credential.upsert"


class Campus(BaseHTTPRequestHandler):
    """The other site: wherever somebody comes back to, it says so."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"back at the campus")

    def log_message(self, *said: object) -> None:
        """Nothing on the terminal of a test."""


@pytest.fixture
def campus() -> Iterator[str]:
    """Its address: another origin than the server's, though on the same machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Campus) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def asking(url: str, campus: str) -> str:
    """Register as a site would, and the address that it sends its learner to."""
    said = {
        "client_name": "Campus Badges",
        "client_uri": f"{campus}/",
        "policy_uri": f"{campus}/privacy",
        "redirect_uris": [f"{campus}/callback"],
        "scope": f"{READ} {ADD} offline_access",
    }
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        connection.request("POST", "/oauth/register", json.dumps(said), {"Content-Type": "application/json"})
        registered = json.loads(connection.getresponse().read())
    challenge = sha256(secrets.token_urlsafe(48).encode()).digest()
    return "/oauth/authorize?" + urlencode(
        {
            "response_type": "code",
            "client_id": registered["client_id"],
            "redirect_uri": f"{campus}/callback",
            "scope": said["scope"],
            "state": "as it was",
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
    )


def test_a_learner_lets_a_site_in_and_takes_it_back(window: Callable[..., Visitor], campus: str) -> None:
    """Chromium holds the redirect after a form to ``form-action``: without the site in it, nothing."""
    learner = window()
    learner.page.context.add_cookies(learner.site.owners_cookies)

    learner.open(asking(learner.site.url, campus))
    expect(learner.page.get_by_role("heading", level=1)).to_contain_text(urlsplit(campus).netloc)
    learner.press("Yes, let it in")
    expect(learner.page.get_by_text("Choose what the site may read.").first).to_be_visible()
    learner.page.get_by_label("Only what everybody may see").check()
    learner.press("Yes, let it in")

    assert learner.page.url.startswith(f"{campus}/callback?")
    assert {"code", "state"} < set(parse_qs(urlsplit(learner.page.url).query))
    learner.open("/account/sites")
    expect(learner.page.get_by_text("Reads what everybody may see")).to_be_visible()
    learner.page.get_by_role("button", name="Take it back").first.click()
    expect(learner.page.get_by_text("No site has been let in.")).to_be_visible()
    # The first "yes" was refused with a page of its own status; the policy was never offended.
    assert not [each for each in learner.complaints if "Content Security Policy" in each]
