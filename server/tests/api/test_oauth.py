# SPDX-License-Identifier: Apache-2.0
"""Registering, tokens, giving them back; and every trick with them that we know of."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from oauth2_provider.models import AccessToken, Grant, RefreshToken
from server.tests.portability.conftest import (
    ADD,
    ALL,
    READ,
    READ_PROFILE,
    campus,
    connected,
    lena,
    metadata,
    program,
    register,
    site,
)

from cairn_server.portability import services
from cairn_server.portability.models import Client, Consent, SpentCode
from cairn_server.portability.oauth import Validator

__all__ = ["campus", "connected", "lena", "site"]
pytestmark = pytest.mark.django_db
PROFILE = "/ims/ob/v3p0/profile"


# Registering (RFC 7591)


def test_the_answer_says_all_that_was_said_and_what_open_badges_adds():
    response = register(**metadata())

    told = json.loads(response.content)
    assert response.status_code == 201
    assert told.items() >= metadata().items()
    assert told["client_secret_expires_at"] == 0
    assert abs(told["client_id_issued_at"] - timezone.now().timestamp()) < 60
    assert len(told["client_secret"]) >= 64
    assert response["Cache-Control"] == "no-store"


def test_a_secret_is_told_once_and_kept_as_a_digest():
    told = json.loads(register(**metadata()).content)

    kept = Client.objects.get(client_id=told["client_id"]).client_secret
    assert told["client_secret"] not in kept
    assert kept.startswith("pbkdf2_sha256_random$1$")


def test_what_it_does_not_know_it_does_not_keep():
    said = metadata(scope=f"{READ} https://elsewhere.example/scope admin", contacts=["x"])

    told = json.loads(register(**said).content)

    assert told["scope"] == READ
    assert "contacts" not in told


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"redirect_uris": ["http://campus.example/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://campus.example/callback#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a@campus.example/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://campus.example\\@evil.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://CAMPUS.example/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://саmpus.example/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://campus.example/a b"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["data:text/html,x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["//campus.example/x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://campus.example/callback"}, "invalid_redirect_uri"),
        ({"redirect_uris": [f"https://campus.example/{n}" for n in range(11)]}, "invalid_redirect_uri"),
        # What a learner reads has to be where the code goes.
        ({"redirect_uris": ["https://evil.example/"]}, "invalid_client_metadata"),
        ({"policy_uri": "https://elsewhere.example/"}, "invalid_client_metadata"),
        ({"logo_uri": "http://127.0.0.1/x.png"}, "invalid_client_metadata"),
        ({"client_uri": ""}, "invalid_client_metadata"),
        ({"client_name": ""}, "invalid_client_metadata"),
        ({"client_name": "Bank‮"}, "invalid_client_metadata"),
        ({"client_name": "x" * 201}, "invalid_client_metadata"),
        ({"client_name": ["x"]}, "invalid_client_metadata"),
        ({"software_id": "\x00"}, "invalid_client_metadata"),
        ({"scope": "everything"}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"grant_types": ["authorization_code", "password"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "none"}, "invalid_client_metadata"),
    ],
)
def test_what_a_site_must_not_say_about_itself(said, error):
    """B131"""
    response = register(**metadata(**said))

    assert (response.status_code, json.loads(response.content)["error"]) == (400, error)
    assert not Client.objects.exists()


@pytest.mark.parametrize("body", [b"[]", b"{", b"null", b'{"a":1,"a":2}', b"\xff", b"x" * 70_000])
def test_a_body_that_is_no_registration(body):
    response = program().post("/oauth/register", body, content_type="application/json")

    assert (response.status_code, json.loads(response.content)["error"]) == (400, "invalid_client_metadata")


def test_nobody_floods_the_table(settings):
    """B149"""
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "register": {"burst": 2, "per_minute": 1}}

    answers = [register(**metadata()) for _ in range(3)]

    assert [each.status_code for each in answers] == [201, 201, 429]
    assert int(answers[2]["Retry-After"]) > 0


def test_nor_from_many_networks_at_once(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "register-all": {"burst": 2, "per_minute": 1}}
    settings.TRUSTED_PROXIES = 1

    answers = [
        program().post(
            "/oauth/register",
            json.dumps(metadata()),
            content_type="application/json",
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
        )
        for number in range(3)
    ]

    assert [each.status_code for each in answers] == [201, 201, 429]


# Tokens


def test_a_code_becomes_tokens_that_are_kept_as_digests(campus, lena):
    response = campus.redeem(campus.be_let_in(lena))

    told = json.loads(response.content)
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 3600, ALL)
    assert campus.get(PROFILE).status_code == 200
    # B153
    assert AccessToken.objects.get().token == RefreshToken.objects.get().token == ""
    assert response["Cache-Control"] == "no-store"


def test_who_did_not_ask_to_come_back_gets_no_refresh_token(campus, lena):
    campus.redeem(campus.be_let_in(lena, scope=READ))

    assert campus.access
    assert not campus.refresh
    assert not RefreshToken.objects.exists()


def test_a_code_works_once(campus, lena):
    code = campus.be_let_in(lena)
    campus.redeem(code)

    again = campus.redeem(code)

    assert (again.status_code, json.loads(again.content)["error"]) == (400, "invalid_grant")


def test_a_code_that_comes_again_ends_what_it_gave(campus, lena):
    """B154: whoever has it read it on its way, and nobody knows which of the two is the site (RFC 6749)."""
    code = campus.be_let_in(lena)
    campus.redeem(code)
    assert campus.get(PROFILE).status_code == 200

    again = campus.redeem(code)

    assert (again.status_code, json.loads(again.content)["error"]) == (400, "invalid_grant")
    assert campus.get(PROFILE).status_code == 401
    assert campus.again().status_code == 400


def test_and_what_came_of_that_later(campus, lena):
    """B154: the tokens were refreshed meanwhile."""
    code = campus.be_let_in(lena)
    campus.redeem(code)
    assert campus.again().status_code == 200

    campus.redeem(code)

    assert campus.get(PROFILE).status_code == 401
    assert campus.again().status_code == 400


def test_and_a_token_that_cannot_be_refreshed(campus, lena):
    code = campus.be_let_in(lena, scope=READ_PROFILE)
    campus.redeem(code)

    campus.redeem(code)

    assert campus.get(PROFILE).status_code == 401


def test_but_not_what_another_code_gave_nor_by_another_site(campus, lena, site):
    """The learner went there twice: only the one visit whose code came again is over."""
    code = campus.be_let_in(lena)
    campus.redeem(code)
    first = (campus.access, campus.refresh)
    other = site("other.example")
    other.verifier, other.callback = campus.verifier, campus.callback

    assert other.redeem(code).status_code == 400
    assert campus.get(PROFILE).status_code == 200

    campus.redeem(campus.be_let_in(lena))
    campus.redeem(code)
    assert campus.get(PROFILE).status_code == 200
    campus.access, campus.refresh = first
    assert campus.get(PROFILE).status_code == 401


def test_a_spent_code_is_kept_as_a_digest_and_while_there_is_something_to_end(campus, lena, learner):
    """B153"""
    code = campus.be_let_in(lena)
    campus.redeem(code)
    spent = SpentCode.objects.get()
    assert code not in (spent.sha256, spent.access_token_sha256)

    later = timezone.now() + timedelta(hours=2)
    campus.again()
    assert not AccessToken.objects.filter(token_checksum=spent.access_token_sha256).exists()
    services.forget_old(at=later)
    assert SpentCode.objects.exists(), "its refresh token still opens doors"

    RefreshToken.objects.all().delete()
    services.forget_old(at=later)
    assert not SpentCode.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": None},
        {"code_verifier": "x" * 50},
        {"redirect_uri": "https://campus.example/callback?x"},
        {"redirect_uri": "https://campus.example/CALLBACK"},
        {"code": "made up"},
    ],
)
def test_a_code_is_good_only_as_it_was_asked_for(campus, lena, wrong):
    code = campus.be_let_in(lena)

    response = campus.redeem(wrong.pop("code", code), **wrong)

    assert response.status_code == 400
    assert not AccessToken.objects.exists()


def test_the_challenge_itself_is_no_verifier(campus, lena):
    """Whoever read the address of the page has the challenge."""
    code = campus.be_let_in(lena)
    challenge = Grant.objects.get().code_challenge

    assert campus.redeem(code, code_verifier=challenge).status_code == 400


def test_a_code_is_no_good_to_another_site(campus, lena, site):
    """B154"""
    code = campus.be_let_in(lena)
    other = site("other.example")
    other.verifier, other.callback = campus.verifier, campus.callback

    assert other.redeem(code).status_code == 400
    assert campus.redeem(code).status_code == 200


def test_a_code_that_is_too_old(campus, lena):
    code = campus.be_let_in(lena)
    Grant.objects.update(expires=timezone.now() - timedelta(seconds=1))

    assert campus.redeem(code).status_code == 400


def test_without_its_secret_a_site_gets_nothing(campus, lena):
    code = campus.be_let_in(lena)
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": campus.callback,
              "code_verifier": campus.verifier}  # fmt: skip

    without = campus.token(header=False, **fields, client_id=campus.client_id)
    wrong = campus.token(header=False, **fields, client_id=campus.client_id, client_secret="x" * 128)
    in_the_body = campus.token(
        header=False, **fields, client_id=campus.client_id, client_secret=campus.secret
    )

    assert [without.status_code, wrong.status_code] == [401, 401]
    assert in_the_body.status_code == 200  # Moodle refreshes like this


def test_a_refresh_token_is_replaced_and_one_that_comes_twice_ends_them_all(connected):
    stolen = connected.refresh
    assert connected.again().status_code == 200
    assert connected.get(PROFILE).status_code == 200

    replayed = connected.token(grant_type="refresh_token", refresh_token=stolen)

    assert replayed.status_code == 400
    assert connected.get(PROFILE).status_code == 401
    assert connected.again().status_code == 400


def test_a_refresh_token_is_no_good_to_another_site(connected, site):
    other = site("other.example")
    other.refresh = connected.refresh

    assert other.again().status_code == 400
    assert connected.again().status_code == 200


def test_a_refresh_token_gives_no_more_than_it_had(campus, lena):
    campus.redeem(campus.be_let_in(lena, scope=f"{READ_PROFILE} offline_access"))

    more = campus.again(scope=f"{READ_PROFILE} {READ} offline_access")

    assert (more.status_code, json.loads(more.content)["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    "fields",
    [
        {"grant_type": "password", "username": "lena", "password": "x"},
        {"grant_type": "client_credentials"},
        {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
        {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "x"},
        {"grant_type": ""},
        {},
        {"grant_type": "refresh_token", "refresh_token": "\x00"},
        {"grant_type": "authorization_code", "code": "%zz"},
    ],
)
def test_other_ways_to_a_token_are_closed(connected, fields):
    response = connected.token(**fields)

    assert response.status_code == 400
    assert "error" in json.loads(response.content)


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_a_form_that_cannot_be_read(campus, path):
    headers = {"Authorization": campus.basic}
    answers = [
        campus.http.post(path, b"{}", content_type="application/json", headers=headers),
        campus.http.post(path + "?grant_type=x", b"", content_type="application/x-www-form-urlencoded"),
        campus.http.post(
            path, b"grant_type=a&grant_type=b", content_type="application/x-www-form-urlencoded"
        ),
        campus.http.get(path),
    ]

    assert [each.status_code for each in answers] == [400, 400, 400, 405]


# Giving back (RFC 7009)


def test_a_token_that_is_given_back_is_over_with_its_refresh_token(connected):
    response = connected.token("/oauth/revoke", token=connected.access, token_type_hint="access_token")

    assert response.status_code == 200
    assert connected.get(PROFILE).status_code == 401
    assert connected.again().status_code == 400


def test_a_site_gives_back_its_own_tokens_alone(connected, site):
    other = site("other.example")

    for token in (connected.access, connected.refresh):
        assert other.token("/oauth/revoke", token=token).status_code == 200  # it learns nothing

    assert connected.get(PROFILE).status_code == 200
    assert connected.again().status_code == 200
    assert connected.token("/oauth/revoke", header=False, token=connected.access).status_code == 401


# At once


@pytest.mark.django_db(transaction=True)
def test_of_two_with_one_code_one_gets_tokens_and_they_are_over(campus, lena):
    """B145, B154: as if the second had come a moment later."""
    code = campus.be_let_in(lena)

    answers = at_once(lambda: campus.redeem(code), lambda: campus.redeem(code))

    assert sorted(each.status_code for each in answers) == [200, 400]
    assert campus.get(PROFILE).status_code == 401
    assert campus.again().status_code == 400


@pytest.mark.parametrize(
    "moment", ["get_code_challenge", "get_code_challenge_method", "confirm_redirect_uri", "save_bearer_token"]
)
def test_the_code_is_spent_by_another_while_it_is_looked_at(campus, lena, monkeypatch, moment):
    """B145: whatever the second was about to look at, it is told no, and what the first got is over."""
    code, here = campus.be_let_in(lena), getattr(Validator, moment)
    answers = []

    def meanwhile(*args, **kwargs):
        if not answers:
            answers.append(None)
            answers[0] = campus.redeem(code).status_code
        return here(*args, **kwargs)

    monkeypatch.setattr(Validator, moment, meanwhile)
    answers.append(campus.redeem(code).status_code)

    assert answers == [200, 400]
    assert campus.get(PROFILE).status_code == 401
    assert campus.again().status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_token_that_is_made_while_all_is_taken_back_opens_nothing(connected, learner):
    """B138"""
    consent = Consent.objects.get()

    at_once(connected.again, lambda: services.take_back(consent, by=learner, at=timezone.now()))

    assert connected.get(PROFILE).status_code == 401
    assert connected.again().status_code == 400
    assert not Consent.objects.exists()


def at_once(*acts):
    ready, answers = threading.Barrier(len(acts)), []

    def run(act):
        try:
            ready.wait()
            answers.append(act())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(acts)
    return answers


# For programs that look here first (RFC 8414)


def test_the_metadata_names_what_there_is_and_nothing_else():
    told = json.loads(program().get("/.well-known/oauth-authorization-server").content)

    assert told["issuer"] == "https://cairn.example"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["response_types_supported"] == ["code"]
    assert told["token_endpoint_auth_methods_supported"][0] == "client_secret_basic"
    for name in ("token_endpoint", "registration_endpoint", "revocation_endpoint"):
        path = told[name].removeprefix("https://cairn.example")
        assert program().get(path).status_code == 405


def test_a_site_that_only_adds_reads_nothing(campus, lena):
    campus.redeem(campus.be_let_in(lena, scope=ADD, reads=""))

    assert campus.get("/ims/ob/v3p0/credentials").status_code == 403
    assert Consent.objects.get().reads == "nothing"
