# SPDX-License-Identifier: Apache-2.0
"""The verifier's view of ourselves: our own public views, as a stranger would see them."""

import json

import pytest
from django.utils import translation
from server.tests.conftest import MONDAY, PUBLIC_URL

from cairn.errors import UnavailableError
from cairn.fetch import Answered
from cairn_server.config import sources
from cairn_server.organisations import identity

ACCEPT = "application/did+json, application/json"


class Others:
    """Stands for the rest of the world, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def fetch(self, url, *, accept, limit):
        self.asked.append(url)
        return b"from the world"


@pytest.fixture
def world():
    return Others()


@pytest.fixture
def ours(world):
    return sources.ServerSources(sources.OwnViews(PUBLIC_URL), world)


def fetch(source, url, limit=100_000):
    return source.fetch(url, accept=ACCEPT, limit=limit)


def test_our_did_document_is_what_a_stranger_gets(ours, world, organisation, client):
    identity.identity(organisation, public_url=PUBLIC_URL, at=MONDAY)
    organisation.refresh_from_db()
    path = f"/i/{organisation.public_id}/did.json"

    inside = fetch(ours, PUBLIC_URL + path)

    outside = client.get(path, headers={"host": "cairn.example", "accept": ACCEPT})
    assert inside == outside.content
    assert json.loads(inside)["id"] == organisation.did
    assert world.asked == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/verify",
        "/account/login/",
        "/organisations/",
        "/api/v1/docs",
        "/healthz",
        "/dev/mail/",
        "/nothing",
        "/static/css/base.css",
        "/i/unknown/did.json",
        "/i/AAAAAAAAAAAAAAAAAAAAAA/did.json",
        "/s/AAAAAAAAAAAAAAAAAAAAAA",
        "/c/AAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_nothing_else_of_ours_can_be_asked_for(ours, world, path):
    """B98: in the same words, whether it is there or not."""
    with pytest.raises(UnavailableError) as refused:
        fetch(ours, PUBLIC_URL + path)

    assert (refused.value.code, refused.value.message) == ("unreachable", "the address could not be read")
    assert world.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/i/x/did.json",
        "http://cairn.example/i/x/did.json",
        "https://cairn.example.evil.example/i/x/did.json",
        "https://cairn.example:8443/i/x/did.json",
        "https://cairn.example@evil.example/i/x/did.json",
        "https://evil.example\\@cairn.example/i/x/did.json",
        "https://cairn.example:x/i/x/did.json",
        "https://user@cairn.example/i/x/did.json",
    ],
)
def test_everything_else_goes_through_the_guard(ours, world, url):
    """B89, B93: what only begins or ends like our address is not ours."""
    assert fetch(ours, url) == b"from the world"
    assert world.asked == [url]


@pytest.mark.parametrize(
    "url", ["https://CAIRN.example/i/x/did.json", "https://cairn.example:443/i/x/did.json"]
)
@pytest.mark.django_db
def test_other_spellings_of_our_address_are_ours(ours, world, url):
    with pytest.raises(UnavailableError):
        fetch(ours, url)
    assert world.asked == []


def test_an_answer_over_the_limit_is_refused(ours, organisation):
    identity.identity(organisation, public_url=PUBLIC_URL, at=MONDAY)
    url = f"{PUBLIC_URL}/i/{organisation.public_id}/did.json"
    size = len(fetch(ours, url))

    assert fetch(ours, url, limit=size)
    with pytest.raises(UnavailableError):
        fetch(ours, url, limit=size - 1)


def test_asking_changes_nothing_for_the_page_that_asks(ours, organisation):
    identity.identity(organisation, public_url=PUBLIC_URL, at=MONDAY)

    with translation.override("nl"):
        fetch(ours, f"{PUBLIC_URL}/i/{organisation.public_id}/did.json")
        assert translation.get_language() == "nl"
    # The connection is still open, and in the test's transaction.
    organisation.refresh_from_db()


def test_asking_ourselves_is_not_limited(ours, organisation, settings):
    settings.RATE_LIMITS = {name: {"burst": 1, "per_minute": 1} for name in settings.RATE_LIMITS}
    identity.identity(organisation, public_url=PUBLIC_URL, at=MONDAY)

    for _ in range(3):
        assert fetch(ours, f"{PUBLIC_URL}/i/{organisation.public_id}/did.json")


class Poster:
    """The same for what is posted."""

    def __init__(self):
        self.sent = []

    def post(self, url, *, body, headers):
        self.sent.append(url)
        return Answered(204)


@pytest.mark.parametrize(
    "path",
    [
        "/account/logout/",
        "/wallet/accept",
        "/api/v1/awards",
        "/oid4vci/AAAAAAAAAAAAAAAAAAAAAA/token",
        "/openid4vp/AAAAAAAAAAAAAAAAAAAAAA/request",
        "/nowhere",
    ],
)
def test_from_inside_nothing_is_posted_but_an_answer_to_a_request(db, path):
    """B98: whoever asks chooses where the answer goes."""
    world = Poster()
    poster = sources.ServerPoster(sources.OwnViews(PUBLIC_URL), world)

    with pytest.raises(UnavailableError):
        poster.post(PUBLIC_URL + path, body=b"a=b", headers={})
    assert world.sent == []


def test_an_answer_to_somebody_here_stays_here_and_one_to_others_goes_out(db):
    world = Poster()
    poster = sources.ServerPoster(sources.OwnViews(PUBLIC_URL), world)
    here = f"{PUBLIC_URL}/openid4vp/AAAAAAAAAAAAAAAAAAAAAA/response"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    assert poster.post(here, body=b"state=x", headers=headers).status == 404
    assert world.sent == []
    assert poster.post(f"{PUBLIC_URL}.evil.test/", body=b"", headers={}).status == 204
    assert world.sent == [f"{PUBLIC_URL}.evil.test/"]


def test_the_settings_name_the_one_sources():
    from django.conf import settings
    from django.utils.module_loading import import_string

    built = import_string(settings.SOURCES)()

    assert built.own.origin == PUBLIC_URL
    assert import_string(settings.ANSWER_POSTER)().own.origin == PUBLIC_URL
