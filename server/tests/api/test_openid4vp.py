# SPDX-License-Identifier: Apache-2.0
"""The two addresses of a request, as a wallet finds them."""

from __future__ import annotations

import json

import pytest
import time_machine
from django.test import Client
from server.tests.conftest import MONDAY, PUBLIC_URL
from server.tests.presenting.conftest import ask, award, copy, credential, emma, version, wallet

from cairn_server.presenting.models import PresentationRequest

__all__ = ["ask", "award", "copy", "credential", "emma", "version", "wallet"]


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client():
    return Client(headers={"host": "cairn.example"})


def where(asked, what):
    return f"/openid4vp/{asked.secret}/{what}"


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_request_object_is_a_signed_token(ask, client, method):
    asked = ask()

    response = getattr(client, method)(where(asked, "request"))

    assert response.status_code == 200
    assert response["Content-Type"] == "application/oauth-authz-req+jwt"
    assert response["Cache-Control"] == "no-store"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response.content.count(b".") == 2
    # Its key can be found by whoever believes no link.
    document = client.get("/.well-known/did.json").json()
    assert document["id"] == "did:web:cairn.example"


@pytest.mark.parametrize("nonce", ["x" * 257, "a b", "ä", "\n"])
def test_a_nonce_of_a_wallet_is_short_and_plain(ask, client, nonce):
    response = client.post(where(ask(), "request"), {"wallet_nonce": nonce})

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_an_answer_is_taken_once_and_leads_nowhere(ask, copy, client):
    """B131 B148"""
    asked = ask()
    body = {"vp_token": json.dumps({"badge": [asked.present(copy)]}), "state": asked.request.state}

    first = client.post(where(asked, "response"), body)
    second = client.post(where(asked, "response"), body)

    assert (first.status_code, first.json()) == (200, {})
    assert (second.status_code, second.json()["error"]) == (404, "invalid_request")
    # The whole road: our own did:web and status lists, by the sources that the server has.
    assert PresentationRequest.objects.get().accepted


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"state": "another", "vp_token": "{}"},
        {"response": "a.b.c.d.e"},
        {"state": ["a", "b"]},
    ],
)
def test_what_is_no_answer_is_said_in_the_words_of_the_protocol(ask, client, body):
    """B50 B154"""
    response = client.post(where(ask(), "response"), body)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"
    assert PresentationRequest.objects.get().is_open(MONDAY)


def test_a_request_that_never_was_is_one_that_is_over(ask, client):
    """B144"""
    asked = ask()
    client.post(where(asked, "response"), {"state": asked.request.state, "error": "access_denied"})

    for what, method in (("request", client.get), ("response", client.post)):
        over, never = method(where(asked, what)), method(f"/openid4vp/{'A' * 22}/{what}")
        assert (over.status_code, over.content) == (never.status_code, never.content)
        assert over.status_code == 404


def test_on_plain_http_nobody_can_be_named_and_nothing_is_signed(ask, client, settings):
    from cairn_server.organisations.models import Installation

    asked = ask()
    settings.PUBLIC_URL = PUBLIC_URL.replace("https", "http")
    Installation.objects.update(public_url=settings.PUBLIC_URL)

    assert client.get(where(asked, "request")).status_code == 404
