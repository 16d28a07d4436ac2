# SPDX-License-Identifier: Apache-2.0
"""The pages of whoever asks, and the one page of whoever is asked."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
import time_machine
from django.test import Client
from server.tests.conftest import MONDAY
from server.tests.presenting.conftest import ask, award, copy, credential, emma, version, wallet

from cairn_server.presenting import services
from cairn_server.presenting.models import PresentationRequest

__all__ = ["ask", "award", "copy", "credential", "emma", "version", "wallet"]

FIELDS = {
    "asker": "Kiln & Co.",
    "purpose": "You applied as a kiln operator.",
    "until": "2026-12-01",
    "bound": "yes",
}


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def page(emma, signed_in, installation):
    return signed_in(emma)


@pytest.fixture
def stranger():
    return Client(headers={"host": "cairn.example"})


def make(page, **changes):
    answer = page.post("/ask/new", FIELDS | changes)
    assert answer.status_code == 302, answer.content.decode()
    return PresentationRequest.objects.get()


def test_a_request_is_made_and_shown_with_its_link(page, stranger):
    row = make(page)

    shown = page.get(f"/ask/{row.public_id}").content.decode()
    link = re.search(r"https://cairn\.example(/r/[A-Za-z0-9_-]{22})", shown)[1]
    asked = stranger.get(link)

    assert asked.status_code == 200
    assert asked["Cache-Control"] == "no-store"
    assert "noindex" in asked["X-Robots-Tag"]
    text = unescape(asked.content.decode())
    for said in ("Kiln & Co.", "emma@people.example", "You applied as a kiln operator.", "1 December 2026"):
        assert said in text
    assert "openid4vp://?client_id=decentralized_identifier" in text
    assert "/wallet/answer?request=openid4vp" in text


def test_it_asks_for_what_was_chosen(page):
    row = make(page, achievement="https://cairn.example/a/x", bound="no")

    asked = row.dcql_query["credentials"]
    assert {each["format"] for each in asked} == {"ldp_vc", "jwt_vc_json", "dc+sd-jwt"}
    assert all(each["require_cryptographic_holder_binding"] is False for each in asked)
    assert all(each["claims"][0]["values"] == ["https://cairn.example/a/x"] for each in asked)


def test_experts_write_their_own_query(page):
    query = {"credentials": [{"id": "x", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:x"]}}]}

    assert make(page, query=json.dumps(query)).dcql_query == query


@pytest.mark.parametrize(
    "changes",
    [
        {"asker": ""},
        {"purpose": ""},
        {"until": "2026-11-22"},
        {"until": "2027-11-22"},
        {"until": "soon"},
        {"bound": "perhaps"},
        {"query": "{"},
        {"query": '{"credentials": []}'},
        {"asker": "Kiln\u202eoC"},
    ],
)
def test_what_is_wrong_is_said_beside_its_field(page, changes):
    answer = page.post("/ask/new", FIELDS | changes)

    assert answer.status_code == 422
    assert "field--wrong" in answer.content.decode()
    assert not PresentationRequest.objects.exists()


def test_the_answer_stands_on_the_page_of_who_asked(page, ask, copy, emma):
    asked = ask(by=emma)
    asked.answer(asked.present(copy))

    shown = page.get(f"/ask/{asked.row.public_id}").content.decode()

    assert "genuine, unchanged and valid" in shown
    assert "First firing" in shown
    assert "It was made for this request, and for nobody else." in shown
    assert "What is in it was awarded to whoever shows it." in shown
    # Nobody has typed anything here.
    assert "What you typed" not in shown
    assert "/r/" not in shown
    assert "Verified" in page.get("/ask").content.decode()


def test_an_answer_that_does_not_hold_is_never_shown_as_one_that_does(page, ask, copy, emma):
    asked = ask(by=emma)
    asked.answer(asked.present(copy, challenge="another"))

    shown = page.get(f"/ask/{asked.row.public_id}").content.decode()

    assert "not an answer that counts" in shown
    assert "What you asked for was shown" not in shown
    assert "Not accepted" in page.get("/ask").content.decode()


def test_markup_of_whoever_asks_is_text(page, stranger):
    """B125"""
    row = make(page, asker="<script>alert(1)</script>", purpose="<img src=x onerror=alert(1)>")

    text = stranger.get(f"/r/{services.secret_of(row)}").content.decode()

    assert "<script>alert" not in text
    assert "<img src=x" not in text


def test_over_and_never_look_alike(page, stranger):
    """B144"""
    row = make(page)
    page.post(f"/ask/{row.public_id}", {"do": "withdraw"})

    over, never = stranger.get(f"/r/{services.secret_of(row)}"), stranger.get(f"/r/{'A' * 22}")

    assert (over.status_code, never.status_code) == (404, 404)
    assert over.content == never.content


def test_it_is_deleted_with_its_answer(page, ask, copy, emma):
    asked = ask(by=emma)
    asked.answer(asked.present(copy))

    assert page.post(f"/ask/{asked.row.public_id}", {"do": "delete"}).status_code == 302
    assert not PresentationRequest.objects.exists()
