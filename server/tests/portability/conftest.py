# SPDX-License-Identifier: Apache-2.0
"""Another site, as a program that knows nothing of ours but what it is told over HTTP."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client as Browser
from server.tests.wallets.conftest import keep

from cairn_server.portability.scopes import OB3

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

__all__ = ["keep"]

READ, ADD = OB3 + "credential.readonly", OB3 + "credential.upsert"
READ_PROFILE, CHANGE_PROFILE = OB3 + "profile.readonly", OB3 + "profile.update"
ALL = f"{READ} {ADD} {READ_PROFILE} {CHANGE_PROFILE} offline_access"


def metadata(host: str = "campus.example", **more: Any) -> dict[str, Any]:
    """What a site says about itself when it registers."""
    return {
        "client_name": "Campus Badges",
        "client_uri": f"https://{host}/",
        "logo_uri": f"https://{host}/logo.png",
        "tos_uri": f"https://{host}/terms",
        "policy_uri": f"https://{host}/privacy",
        "software_id": "campus",
        "software_version": "4.5",
        "redirect_uris": [f"https://{host}/callback"],
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": ALL,
    } | more


def program() -> Browser:
    """Something that speaks HTTP and keeps no cookies of anybody's."""
    return Browser(headers={"host": "cairn.example"}, enforce_csrf_checks=True)


@dataclass
class Site:
    """Registers, sends a learner to the page where they agree, and uses what comes of it."""

    client_id: str
    secret: str
    callback: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    access: str = ""
    refresh: str = ""
    http: Browser = field(default_factory=program)

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()

    def asking(self, **more: Any) -> str:
        """The address that the learner's browser is sent to."""
        challenge = base64.urlsafe_b64encode(sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        fields = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "scope": ALL,
            "state": "as it was",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | more
        return "/oauth/authorize?" + urlencode(
            {name: each for name, each in fields.items() if each is not None}
        )

    def be_let_in(self, learner: Browser, *, reads: str = "all", **more: Any) -> str:
        """The learner agrees; the code that comes back."""
        response = learner.post(self.asking(**more), {"do": "allow", "reads": reads})
        assert response.status_code == 302, response.content.decode()
        return parse_qs(urlsplit(response["Location"]).query)["code"][0]

    def token(self, path: str = "/oauth/token", *, header: bool = True, **fields: Any) -> HttpResponse:
        headers = {"Authorization": self.basic} if header else {}
        return self.http.post(
            path, urlencode(fields), content_type="application/x-www-form-urlencoded", headers=headers
        )

    def redeem(self, code: str, **more: Any) -> HttpResponse:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": self.verifier,
        } | more
        response = self.token(**{name: each for name, each in fields.items() if each is not None})
        if response.status_code == 200:
            told = json.loads(response.content)
            self.access, self.refresh = told["access_token"], told.get("refresh_token", "")
        return response

    def again(self, **more: Any) -> HttpResponse:
        response = self.token(grant_type="refresh_token", refresh_token=self.refresh, **more)
        if response.status_code == 200:
            told = json.loads(response.content)
            self.access, self.refresh = told["access_token"], told["refresh_token"]
        return response

    def get(self, path: str, **query: Any) -> HttpResponse:
        return self.http.get(path, query, headers={"Authorization": f"Bearer {self.access}"})

    def send(
        self, path: str, data: bytes, *, kind: str = "application/json", method: str = "post"
    ) -> HttpResponse:
        return getattr(self.http, method)(
            path, data, content_type=kind, headers={"Authorization": f"Bearer {self.access}"}
        )


def register(**said: Any) -> HttpResponse:
    return program().post("/oauth/register", json.dumps(said), content_type="application/json")


@pytest.fixture
def site(db: None) -> Callable[..., Site]:
    """A site that has registered."""

    def make(host: str = "campus.example", **more: Any) -> Site:
        response = register(**metadata(host, **more))
        assert response.status_code == 201, response.content.decode()
        told = json.loads(response.content)
        return Site(told["client_id"], told["client_secret"], told["redirect_uris"][0])

    return make


@pytest.fixture
def campus(site: Callable[..., Site]) -> Site:
    return site()


@pytest.fixture
def lena(learner: Any, signed_in: Any) -> Browser:
    """The learner's browser."""
    return signed_in(learner)


@pytest.fixture
def connected(campus: Site, lena: Browser) -> Site:
    """A site that the learner let in for everything."""
    assert campus.redeem(campus.be_let_in(lena)).status_code == 200
    return campus
