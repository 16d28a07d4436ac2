# SPDX-License-Identifier: Apache-2.0
"""The page on which a learner lets a site in: what it says, what it does, and where it never leads."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Browser
from oauth2_provider.models import Grant
from server.tests.conftest import MONDAY
from server.tests.portability.conftest import ADD, READ, READ_PROFILE, campus, connected, keep, lena, site

from cairn_server.portability.models import Consent
from cairn_server.wallets import collections

__all__ = ["campus", "connected", "keep", "lena", "site"]
pytestmark = pytest.mark.django_db


def answer_of(response) -> dict[str, list[str]]:
    return parse_qs(urlsplit(response["Location"]).query)


def test_it_says_who_asks_for_what(campus, lena, keep):
    keep("One", number=1)

    page = lena.get(campus.asking()).content.decode()

    assert "campus.example" in page
    assert "Campus Badges" in page
    assert "We have not checked that name" in page
    assert "Everything in your wallet (1 credential)" in page
    assert "Add credentials to your wallet" in page
    assert "Do this later too" in page
    # Another server's picture is not loaded: it would tell who looks.
    assert "logo.png" not in page


def test_only_what_is_asked_is_listed(campus, lena):
    page = lena.get(campus.asking(scope=ADD)).content.decode()

    assert "Add credentials" in page
    assert "What may it read?" not in page
    assert "e-mail address" not in page


def test_yes_leads_back_with_a_code_the_scope_and_the_state(campus, lena):
    response = lena.post(campus.asking(scope=f"{READ} {ADD}"), {"do": "allow", "reads": "all"})

    told = answer_of(response)
    assert response["Location"].startswith("https://campus.example/callback?")
    assert set(told) == {"code", "scope", "state", "iss"}
    assert (told["scope"], told["state"]) == ([f"{READ} {ADD}"], ["as it was"])
    assert told["iss"] == ["https://cairn.example"]


def test_no_leads_back_without_one(campus, lena):
    response = lena.post(campus.asking(), {"do": "deny"})

    told = answer_of(response)
    assert response["Location"].startswith("https://campus.example/callback?")
    assert (told["error"], told["state"]) == (["access_denied"], ["as it was"])
    assert not Grant.objects.exists()
    assert not Consent.objects.exists()


def test_looking_gives_nothing(campus, lena):
    """B140"""
    lena.get(campus.asking())
    lena.get(campus.asking() + "&do=allow&reads=all&approval_prompt=auto&prompt=none")

    assert not Grant.objects.exists()
    assert not Consent.objects.exists()


def test_a_form_of_another_site_lets_nobody_in(campus, learner):
    """B140"""
    browser = Browser(headers={"host": "cairn.example"}, enforce_csrf_checks=True)
    browser.force_login(learner, backend="allauth.account.auth_backends.AuthenticationBackend")

    response = browser.post(campus.asking(), {"do": "allow", "reads": "all"})

    assert response.status_code == 403
    assert not Consent.objects.exists()


def test_nobody_is_asked_in_a_frame(campus, lena):
    response = lena.get(campus.asking())

    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"
    # Chromium holds the redirect after a form to this as well.
    assert "form-action 'self' https://campus.example;" in response["Content-Security-Policy"]


def test_a_stranger_signs_in_first_and_comes_back(campus):
    response = Browser(headers={"host": "cairn.example"}).get(campus.asking())

    assert response.status_code == 302
    assert response["Location"].startswith("/account/login/?next=/oauth/authorize%3F")


def test_what_it_may_read_has_to_be_chosen(campus, lena):
    response = lena.post(campus.asking(), {"do": "allow"})

    assert response.status_code == 422
    assert "Choose what the site may read." in response.content.decode()
    assert not Consent.objects.exists()


@pytest.mark.parametrize("reads", ["nothing", "collection", "everything", "A" * 22, "\x00"])
def test_what_is_no_choice_is_refused(campus, lena, reads):
    response = lena.post(campus.asking(), {"do": "allow", "reads": reads})

    assert response.status_code == 422
    assert not Consent.objects.exists()


def test_another_persons_collection_is_no_choice(campus, lena, outsider):
    """B135"""
    theirs = collections.make(by=outsider, name="Theirs", at=MONDAY)

    assert theirs.public_id not in lena.get(campus.asking()).content.decode()
    assert lena.post(campus.asking(), {"do": "allow", "reads": theirs.public_id}).status_code == 422
    assert not Consent.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/callback",
        "https://campus.example/callback/",
        "https://campus.example/callback?x=1",
        "https://campus.example/callback#x",
        "https://campus.example/Callback",
        "https://campus.example/callback/../evil",
        "https://campus.example/callback;evil",
        "https://campus.example:8443/callback",
        "https://campus.example@evil.example/callback",
        "https://campus.example.evil.example/callback",
        "http://campus.example/callback",
        "//campus.example/callback",
        "https:/\\campus.example/callback",
        "javascript:alert(1)//campus.example/callback",
        "",
        None,
    ],
)
def test_nobody_is_sent_where_the_site_has_not_registered(campus, lena, address):
    """B131: near misses of a redirect address get a page, and nobody is sent anywhere."""
    for response in (
        lena.get(campus.asking(redirect_uri=address)),
        lena.post(campus.asking(redirect_uri=address), {"do": "allow", "reads": "all"}),
        lena.post(campus.asking(redirect_uri=address), {"do": "deny"}),
    ):
        assert response.status_code == 400
        assert "evil" not in response.content.decode()
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"scope": f"{READ} admin"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"state": None}, "invalid_request"),
        ({"client_id": "nobody"}, "invalid_request"),
        ({"client_id": "\x00"}, ""),
    ],
)
def test_what_is_asked_wrongly_gets_a_page_and_no_redirect(campus, lena, wrong, code):
    """Whoever registers a site must not make our address lead there by asking wrongly (B131)."""
    for response in (
        lena.get(campus.asking(**wrong)),
        lena.post(campus.asking(**wrong), {"do": "allow", "reads": "all"}),
    ):
        assert response.status_code == 400
        assert code in response.content.decode()
    assert not Grant.objects.exists()
    assert not Consent.objects.exists()


def test_a_site_asks_for_no_more_than_it_registered_for(site, lena):
    modest = site("modest.example", scope=READ_PROFILE)

    assert lena.get(modest.asking(scope=READ_PROFILE)).status_code == 200
    assert lena.get(modest.asking(scope=f"{READ_PROFILE} {READ}")).status_code == 400


@pytest.mark.parametrize(
    "query", ["client_id=%zz", "client_id=a&client_id=b", "%", "client_id=%ff", "\x7f=1"]
)
def test_an_address_that_cannot_be_read_is_a_page(lena, query):
    """B155"""
    response = lena.generic("GET", "/oauth/authorize", QUERY_STRING=query)

    assert response.status_code == 400


def test_what_a_stranger_wrote_is_text(site, lena):
    """B119"""
    odd = site("odd.example", client_name="<script>alert(1)</script>")

    page = lena.get(odd.asking()).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_second_yes_takes_the_place_of_the_first(connected, lena):
    assert "You let it in before" in lena.get(connected.asking()).content.decode()

    connected.redeem(connected.be_let_in(lena, reads="public"))

    assert Consent.objects.get().reads == "public"
