# SPDX-License-Identifier: Apache-2.0
"""Signing up and in, as a browser does it: by an e-mailed code first, by password if one was set."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.sessions.models import Session
from django.test import Client
from server.tests.conftest import PASSWORD

from cairn_server.accounts import services
from cairn_server.accounts.models import Person

pytestmark = pytest.mark.django_db
UNKNOWN = "nobody@people.example"


@pytest.fixture
def browser():
    return Client(headers={"host": "cairn.example"})


def code_in(message):
    """The code stands alone on a line of the message."""
    return re.search(r"^\s*([A-Z0-9]{3,}(?:-[A-Z0-9]{3,})*)\s*$", message.body, re.MULTILINE)[1]


def signed_in_as(browser):
    return Person.objects.filter(pk=browser.session.get("_auth_user_id")).first()


def sign_up(browser, email):
    return browser.post("/account/signup/", {"email": email})


def request_code(browser, email):
    return browser.post("/account/login/code/", {"email": email})


def shape(response):
    """What an answer tells: status, where it leads, and the page without its one-time parts."""
    body = re.sub(rb'(name="csrfmiddlewaretoken" value=)"[^"]*"', rb"\1", response.content)
    body = re.sub(rb"[\w.+-]+@people\.example", b"ADDRESS", body)
    return response.status_code, response.headers.get("Location"), body


def test_a_newcomer_signs_up_with_an_address_and_a_code(browser, mailoutbox):
    response = sign_up(browser, "Nina@People.Example")
    assert response.status_code == 302
    assert signed_in_as(browser) is None

    browser.post(response["Location"], {"code": code_in(mailoutbox[0])})

    person = signed_in_as(browser)
    assert person.email == "nina@people.example"
    assert EmailAddress.objects.get(user=person).verified
    assert not person.has_usable_password()


def test_a_wrong_code_signs_nobody_in(browser, mailoutbox):
    response = sign_up(browser, "nina@people.example")

    for guess in ("AAAAAA", "", "000000"):
        browser.post(response["Location"], {"code": guess})

    assert signed_in_as(browser) is None
    assert not EmailAddress.objects.filter(verified=True).exists()


def test_a_person_signs_in_with_an_e_mailed_code(browser, learner, mailoutbox):
    response = request_code(browser, learner.email)
    browser.post(response["Location"], {"code": code_in(mailoutbox[0])})

    assert signed_in_as(browser) == learner


def test_a_code_is_of_no_use_in_another_browser(browser, learner, mailoutbox):
    """B145."""
    response = request_code(browser, learner.email)
    other = Client(headers={"host": "cairn.example"})

    other.post(response["Location"], {"code": code_in(mailoutbox[0])})

    assert signed_in_as(other) is None


def test_a_code_ends_after_three_wrong_guesses(browser, learner, mailoutbox):
    """B145."""
    response = request_code(browser, learner.email)
    for guess in ("AAAAAA", "BBBBBB", "CCCCCC"):
        browser.post(response["Location"], {"code": guess})

    browser.post(response["Location"], {"code": code_in(mailoutbox[0])})

    assert signed_in_as(browser) is None


def test_a_password_is_an_option(browser, owner):
    browser.post("/account/login/", {"login": owner.email, "password": PASSWORD})

    assert signed_in_as(browser) == owner


def test_signing_in_makes_a_new_session(browser, owner):
    """B143: fixation."""
    browser.get("/account/login/")
    session = browser.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key

    browser.post("/account/login/", {"login": owner.email, "password": PASSWORD})

    assert browser.session.session_key != before


def test_signing_out_needs_a_post(browser, owner):
    """B140."""
    browser.post("/account/login/", {"login": owner.email, "password": PASSWORD})
    browser.get("/account/logout/")
    assert signed_in_as(browser) == owner

    browser.post("/account/logout/")
    assert signed_in_as(browser) is None


def test_a_new_password_ends_the_other_sessions(browser, owner):
    """B143."""
    other = Client(headers={"host": "cairn.example"})
    for each in (browser, other):
        each.post("/account/login/", {"login": owner.email, "password": PASSWORD})

    new = "eleven blue boats in a storm"
    browser.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    owner.refresh_from_db()
    assert owner.check_password(new)
    assert other.get("/organisations/").status_code == 302


def test_somebody_who_signed_up_with_another_s_address_has_nothing(browser, mailoutbox):
    """B146: pre-registered victim account."""
    attacker = Client(headers={"host": "cairn.example"})
    pending = sign_up(attacker, "victim@people.example")

    response = request_code(browser, "victim@people.example")
    browser.post(response["Location"], {"code": code_in(mailoutbox[-1])})

    assert signed_in_as(browser).email == "victim@people.example"
    assert attacker.get("/organisations/").status_code == 302
    attacker.post(pending["Location"], {"code": "AAAAAA"})
    assert signed_in_as(attacker) is None


def test_old_sessions_are_forgotten(browser, owner):
    browser.post("/account/login/", {"login": owner.email, "password": PASSWORD})
    ends = Session.objects.get().expire_date

    assert services.forget_old_sessions(at=ends) == 0
    assert services.forget_old_sessions(at=ends + timedelta(seconds=1)) == 1


# Nobody learns who has an account (B144)


@pytest.mark.parametrize("send", [request_code, sign_up], ids=["sign-in", "sign-up"])
def test_a_known_and_an_unknown_address_get_the_same_answer(learner, mailoutbox, send):
    """B144: status, place, page, and the number of messages."""
    answers = []
    for address in (learner.email, UNKNOWN):
        browser, before = Client(headers={"host": "cairn.example"}), len(mailoutbox)
        first = send(browser, address)
        answers.append((shape(first), shape(browser.get(first["Location"])), len(mailoutbox) - before))

    assert answers[0] == answers[1]


def test_a_wrong_password_says_the_same_for_both(browser, learner):
    """B144."""
    answers = [
        shape(
            Client(headers={"host": "cairn.example"}).post(
                "/account/login/", {"login": address, "password": "wrong wrong wrong wrong"}
            )
        )
        for address in (learner.email, UNKNOWN)
    ]

    assert answers[0] == answers[1]


def test_a_forgotten_password_says_the_same_for_both(browser, owner, mailoutbox):
    """B144."""
    answers = []
    for address in (owner.email, UNKNOWN):
        browser, before = Client(headers={"host": "cairn.example"}), len(mailoutbox)
        first = browser.post("/account/password/reset/", {"email": address})
        answers.append((shape(first), shape(browser.get(first["Location"])), len(mailoutbox) - before))

    assert answers[0] == answers[1]


def test_a_message_names_the_server_by_its_public_address_not_by_a_header(learner, mailoutbox):
    """B152: host-header poisoning."""
    browser = Client(headers={"host": "cairn.example"})
    browser.post(
        "/account/login/code/", {"email": learner.email}, headers={"x-forwarded-host": "evil.example"}
    )

    assert "evil" not in mailoutbox[0].body
    assert mailoutbox[0].from_email == "Cairn <no-reply@cairn.example>"


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https:evil.example", "/%09/evil.example", "javascript:x"]
)
def test_one_is_not_led_away_after_signing_in(browser, owner, target):
    """B131."""
    response = browser.post("/account/login/", {"login": owner.email, "password": PASSWORD, "next": target})

    assert response.status_code == 302
    assert "evil" not in response["Location"].replace("/%09/evil.example", "") or response[
        "Location"
    ].startswith("/")
    assert not response["Location"].startswith(("//", "/\\", "http", "javascript"))


# Second factor


def test_a_second_factor_is_asked_for_and_its_secret_is_sealed(browser, owner):
    """H20: a copy of the database makes no codes."""
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(owner, secret)
    assert secret not in str(Authenticator.objects.values_list("data", flat=True).get())

    response = browser.post("/account/login/", {"login": owner.email, "password": PASSWORD})
    assert signed_in_as(browser) is None

    code = totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))
    browser.post(response["Location"], {"code": code})
    assert signed_in_as(browser) == owner


def test_a_wrong_second_factor_signs_nobody_in(browser, owner):
    totp.TOTP.activate(owner, totp.generate_totp_secret())
    response = browser.post("/account/login/", {"login": owner.email, "password": PASSWORD})

    browser.post(response["Location"], {"code": "000000"})

    assert signed_in_as(browser) is None
