# SPDX-License-Identifier: Apache-2.0
"""Machines at the door: callers with tokens, one without, and something to ask about."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from server.tests.conftest import MONDAY

from cairn_server.achievements import services as achievements
from cairn_server.issuing import services as issuing
from cairn_server.issuing.services import Recipient
from cairn_server.organisations import tokens
from cairn_server.organisations.models import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation

FIELDS: dict[str, Any] = {
    "name": "First firing",
    "description": "Fires stoneware in an electric kiln.",
    "criteria": "Fire **one** kiln without help.",
}


@dataclass
class Caller:
    """A machine. Every answer it gets must be a problem document unless it is a success."""

    token: str = ""
    client: Client = field(default_factory=lambda: Client(headers={"host": "cairn.example"}))

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.send("GET", path, b"", **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.send("POST", path, json.dumps({} if body is None else body).encode(), **headers)

    def send(
        self, method: str, path: str, body: bytes, content_type: str = "application/json", **headers: str
    ) -> HttpResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named.setdefault("Authorization", f"Bearer {self.token}")
        response = self.client.generic(method, f"/api/v1{path}", body, content_type, headers=named)
        if response.status_code >= 400 and method != "HEAD":
            assert response["Content-Type"] == "application/problem+json", response.content
            assert response.json()["status"] == response.status_code
            assert set(response.json()) >= {"type", "title", "status", "detail", "code"}
        return response  # type: ignore[return-value]


@pytest.fixture
def caller(organisation: Organisation, owner: Person) -> Callable[..., Caller]:
    """A machine with a token of ``organisation``; all scopes unless some are named."""

    def make(*scopes: str) -> Caller:
        _token, text = tokens.create_token(
            organisation, by=owner, name="script", scopes=scopes or Scope.values, at=MONDAY
        )
        return Caller(text)

    return make


@pytest.fixture
def foreign_caller(elsewhere: Organisation, outsider: Person) -> Caller:
    _token, text = tokens.create_token(elsewhere, by=outsider, name="script", scopes=Scope.values, at=MONDAY)
    return Caller(text)


@pytest.fixture
def draft(owner: Person, organisation: Organisation) -> AchievementVersion:
    return achievements.draft_achievement(by=owner, organisation=organisation, fields=FIELDS, at=MONDAY)


@pytest.fixture
def version(owner: Person, draft: AchievementVersion) -> AchievementVersion:
    return achievements.publish(draft, by=owner, at=MONDAY)


@pytest.fixture
def award(owner: Person, version: AchievementVersion) -> Callable[..., Credential]:
    made = iter(range(10_000))

    def make(**changes: Any) -> Credential:
        usual: dict[str, Any] = {
            "by": owner,
            "version": version,
            "recipient": Recipient("Lena Lindholm", "lena@people.example"),
            "request_key": f"test:{next(made)}",
            "at": MONDAY,
        }
        return issuing.award(**usual | changes)

    return make


@pytest.fixture
def credential(award: Callable[..., Credential]) -> Credential:
    return award()
