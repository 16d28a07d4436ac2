# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server.tests.conftest import MONDAY

from cairn_server.organisations import tokens
from cairn_server.organisations.models import ApiToken, Organisation

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from cairn_server.accounts.models import Person


@pytest.fixture
def client(owner: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(owner)


@pytest.fixture
def own(organisation: Organisation) -> str:
    return f"/organisations/{organisation.public_id}"


def test_a_token_is_shown_once(organisation: Organisation, client: Client, own: str) -> None:
    """B153"""
    page = client.post(f"{own}/tokens/new", {"name": "LMS", "scopes": ["awards:read"]})

    secret = page.context["secret"]
    assert secret in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert secret not in client.get(f"{own}/tokens").content.decode()
    assert ApiToken.objects.get().pk == tokens.authenticate_token(secret, at=MONDAY).pk


def test_a_scope_of_ones_own_making_is_refused(client: Client, own: str) -> None:
    assert client.post(f"{own}/tokens/new", {"name": "LMS", "scopes": ["owner"]}).status_code == 422
