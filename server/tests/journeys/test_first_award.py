# SPDX-License-Identifier: Apache-2.0
"""A whole first day through HTTP: found, design, publish, award, read the mail, verify, revoke.

The last word always belongs to the library, which knows nothing of this server but its public addresses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from server.tests.conftest import PUBLIC_URL

import cairn
from cairn.errors import MalformedError, UnavailableError
from cairn_server.issuing import delivery

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from cairn_server.accounts.models import Person

PAGE = {"host": "cairn.example", "accept": "text/html"}


class Stranger:
    """``Sources`` over public HTTP: no cookies, no account, the bytes that anybody gets."""

    def __init__(self) -> None:
        self.client = Client(headers={"host": "cairn.example"})

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        assert url.startswith(f"{PUBLIC_URL}/"), url
        response = self.client.get(urlsplit(url).path, headers={"accept": accept})
        if response.status_code != 200:
            raise UnavailableError("unreachable", f"{url} answered {response.status_code}")
        assert not response.cookies
        return bytes(response.content)[: limit + 1]


def verdict(data: bytes) -> cairn.Report:
    return cairn.Verifier(Stranger()).examine(data, at=timezone.now())


def posted(browser: Client, path: str, **fields: str) -> HttpResponse:
    response = browser.post(path, fields)
    assert response.status_code == 302, f"{path} answered {response.status_code}: {_errors(response)}"
    return response


def _errors(response: HttpResponse) -> list[str]:
    return re.findall(r'class="[^"]*error[^"]*"[^>]*>\s*([^<]+)', response.content.decode())


@pytest.fixture
def world(installation: object) -> None:
    cache.clear()


def test_from_nothing_to_a_verified_and_then_revoked_badge(
    world: None, person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    # Somebody becomes an issuer.
    founder, learner = person("Fumiko"), person("Lena")
    browser = signed_in(founder)
    posted(browser, "/organisations/new", name="Kiln House", url="https://kiln.example")
    organisation = founder.memberships.get().organisation
    desk = f"/organisations/{organisation.public_id}"
    # The second factor is switched off: signing in with one has tests of its own.
    posted(browser, f"{desk}/settings", name="Kiln House", email="hello@kiln.example")

    # Something can be earned.
    posted(browser, f"{desk}/achievements/new", **ACHIEVEMENT)
    version = organisation.achievements.get().current
    posted(browser, f"{desk}/achievements/{version.public_id}/publish", sure="yes")

    # It is awarded to one person, after a look.
    form = browser.get(f"{desk}/award").content.decode()
    key = re.search(r'name="request_key"[^>]*value="([^"]+)"', form)
    assert key is not None
    fields = {
        "version": version.public_id,
        "name": "Lena Lindholm",
        "email": learner.email,
        "request_key": key[1],
    }
    look = browser.post(f"{desk}/award", fields | {"do": "check"})
    assert look.status_code == 200
    assert not organisation.credentials.exists()
    posted(browser, f"{desk}/award", **fields, do="award")
    posted(browser, f"{desk}/award", **fields, do="award")  # pressed twice
    credential = organisation.credentials.get()

    # The learner is told, accepts it, and finds it in the wallet.
    delivery.deliver_due(at=timezone.now())
    letter = re.search(rf"{PUBLIC_URL}(/claim/\S+)", mail.outbox[-1].body)
    assert letter is not None
    accepted = signed_in(learner).post(letter[1], {"do": "accept"}, follow=True)
    assert credential.address(PUBLIC_URL) in accepted.content.decode()
    assert "First firing" in signed_in(learner).get("/wallet").content.decode()
    link = credential.address(PUBLIC_URL)

    # Anybody opens the page, and takes it away in four forms.
    stranger = Client(headers=PAGE)
    page = stranger.get(urlsplit(link).path)
    assert page.status_code == 200
    for words in ("First firing", "Lena Lindholm", "Kiln House", "Genuine, unchanged and currently valid."):
        assert words in page.content.decode()
    files = {
        form: stranger.get(f"/c/{credential.public_id}.{form}").content
        for form in ("json", "jwt", "png", "svg")
    }
    for form, data in files.items():
        report = verdict(data)
        assert report.verdict is cairn.Verdict.VERIFIED, (form, report.to_document())
        assert report.document is not None
        assert report.document["id"] == link

    # One byte changed, anywhere that matters: not verified, and nothing of it shown.
    record = files["json"]
    for words in (b"First firing", b"Lena Lindholm", b"Kiln House"):
        changed = record.replace(words, words[:-1] + bytes([words[-1] ^ 1]))
        report = verdict(changed)
        assert report.verdict is cairn.Verdict.NOT_VERIFIED
        assert report.document is None
    with pytest.raises(MalformedError):
        verdict(record[:-1])

    # It is revoked, and everybody is told.
    posted(
        browser, f"{desk}/credentials/{credential.public_id}/revoke", reason="Somebody else fired the kiln."
    )
    for form, data in files.items():
        report = verdict(data)
        assert report.verdict is cairn.Verdict.NOT_VERIFIED, form
        finding = report.finding("status")
        assert finding is not None
        assert finding.code == "revoked"
    page = stranger.get(f"/c/{credential.public_id}")
    assert "Somebody else fired the kiln." in page.content.decode()
    delivery.deliver_due(at=timezone.now())
    assert "Somebody else fired the kiln." in mail.outbox[-1].body


ACHIEVEMENT = {
    "name": "First firing",
    "description": "Fires stoneware in an electric kiln.",
    "achievement_type": "MicroCredential",
    "language": "en",
    "criteria": "Fire **one** kiln without help.",
    "level": "3",
    "workload_hours": "24",
    "credits": "",
    "validity_days": "",
    "tags": "clay, kiln",
    "do": "save",
    "skills-TOTAL_FORMS": "1",
    "skills-INITIAL_FORMS": "0",
    "skills-0-target_name": "operate a ceramics kiln",
    "skills-0-target_url": "http://data.europa.eu/esco/skill/c44fc331-7ca2-4bdf-9790-118f9fd5055a",
    "skills-0-target_framework": "ESCO",
}
