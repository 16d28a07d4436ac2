# SPDX-License-Identifier: Apache-2.0
"""Two wallets and an independent OAuth client, over real sockets.

The server is asked by itself as the client of another host, through the guard of ``cairn.fetch``; and by
authlib, which knows OAuth and nothing of ours.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Browser
from server.tests.portability.conftest import ALL, keep
from server.tests.wallets.conftest import signed

from cairn.fetch import HttpAsker
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person

__all__ = ["keep"]
pytestmark = pytest.mark.django_db(transaction=True)

ORIGINS: set[str] = set()


def asker() -> HttpAsker:
    """The real one, which is told of the one origin of this test."""
    return HttpAsker(allow=frozenset(ORIGINS))


@pytest.fixture
def url(live_server: Any, settings: Any) -> str:
    """The address of a server that believes it is at home there, as in development."""
    address = urlsplit(live_server.url)
    settings.PUBLIC_URL = live_server.url
    settings.ALLOWED_HOSTS = [address.hostname]
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    settings.DEVELOPMENT = True
    settings.HOST_ASKER = f"{__name__}.asker"
    settings.OAUTH2_PROVIDER = {
        **settings.OAUTH2_PROVIDER, "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],
    }  # fmt: skip
    ORIGINS.add(live_server.url)
    return live_server.url


def browser_of(who: Person, url: str) -> Browser:
    browser = Browser(headers={"host": urlsplit(url).netloc})
    browser.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def test_one_wallet_fetches_from_another_and_sends_there(
    url: str, learner: Person, person: Callable[..., Person], keep: Callable[..., HeldCredential]
) -> None:
    mila = person("Mila")
    theirs, mine = keep("Theirs", holder=mila, number=1), keep("Mine", number=2)
    here, there = browser_of(learner, url), browser_of(mila, url)

    address = here.post("/account/hosts/connect", {"address": url}).context["address"]
    assert address.startswith(f"{url}/oauth/authorize?")
    agreed = there.post(address.removeprefix(url), {"do": "allow", "reads": "all"})
    page = here.get(agreed["Location"].removeprefix(url))["Location"]
    here.post(page, {"do": "fetch"})
    here.post(page, {"do": "send", "held": [mine.public_id]})
    here.post(page, {"do": "out"})

    assert bytes(HeldCredential.objects.get(person=learner, name="Theirs").secured) == bytes(theirs.secured)
    assert bytes(HeldCredential.objects.get(person=mila, name="Mine").secured) == bytes(mine.secured)


def test_a_client_that_knows_oauth_and_nothing_of_ours(
    url: str, learner: Person, keep: Callable[..., HeldCredential], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discovery, registration, PKCE, tokens, pages by their links, adding, refreshing, giving back."""
    requests = pytest.importorskip("requests")
    oauth = pytest.importorskip("authlib.integrations.requests_client", reason="authlib is not installed")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # loopback has no TLS
    for number in range(1, 4):
        keep(f"Badge {number}", number=number)
    described = requests.get(f"{url}/ims/ob/v3p0/discovery", timeout=10).json()
    scheme = described["components"]["securitySchemes"]["OAuth2ACG"]
    flow, base = scheme["flows"]["authorizationCode"], described["servers"][0]["url"]
    back = "http://127.0.0.1/callback"
    registered = requests.post(
        scheme["x-imssf-registrationUrl"],
        json={
            "client_name": "Authlib",
            "client_uri": "http://127.0.0.1/",
            "redirect_uris": [back],
            "scope": ALL,
        },
        timeout=10,
    ).json()
    session = oauth.OAuth2Session(
        registered["client_id"],
        registered["client_secret"],
        scope=ALL,
        redirect_uri=back,
        token_endpoint=flow["tokenUrl"],
        token_endpoint_auth_method="client_secret_basic",
        code_challenge_method="S256",
    )
    verifier = secrets.token_urlsafe(48)

    address, _state = session.create_authorization_url(flow["authorizationUrl"], code_verifier=verifier)
    agreed = browser_of(learner, url).post(address.removeprefix(url), {"do": "allow", "reads": "all"})
    token = session.fetch_token(
        flow["tokenUrl"], authorization_response=agreed["Location"], code_verifier=verifier
    )

    assert token["scope"] == ALL
    assert parse_qs(urlsplit(agreed["Location"]).query)["iss"] == [url]
    got, where = [], f"{base}/credentials?limit=2"
    while where:
        response = session.get(where)
        got += [each["name"] for each in response.json()["credential"]]
        following = re.search(r'<([^>]+)>; rel="next"', response.headers["Link"])
        where = following[1] if following else ""
    assert got == ["Badge 1", "Badge 2", "Badge 3"]
    new = signed("Added", number=9)
    added = session.post(f"{base}/credentials", data=new, headers={"Content-Type": "application/json"})
    assert (added.status_code, added.content) == (201, new)
    assert session.get(f"{base}/profile").json()["name"] == "Lena"
    renewed = session.refresh_token(flow["tokenUrl"])
    assert renewed["access_token"] != token["access_token"]
    assert session.get(f"{base}/profile").status_code == 200
    session.revoke_token(
        flow["x-imssf-revocationUrl"], token=renewed["refresh_token"], token_type_hint="refresh_token"
    )
    assert (
        requests.get(
            f"{base}/profile", headers={"Authorization": f"Bearer {renewed['access_token']}"}, timeout=10
        ).status_code
        == 401
    )
    assert json.loads(added.content)["name"] == "Added"
