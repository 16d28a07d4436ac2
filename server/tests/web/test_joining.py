# SPDX-License-Identifier: Apache-2.0
"""``/account/join``, as a browser goes through it."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail

from cairn_server.accounts.models import Person

JOIN = "/account/join"


def code_in(message):
    return re.search(r"^([0-9]{6})$", message.body, re.MULTILINE)[1]


def ask(client, address):
    assert client.post(JOIN, {"do": "address", "email": address})["Location"] == JOIN
    return code_in(mail.outbox[-1])


@pytest.fixture
def old(person):
    return person("Lena2", email="lena@school.example")


def test_an_address_that_nobody_has_is_added(learner, signed_in):
    client = signed_in(learner)

    client.post(JOIN, {"do": "code", "code": ask(client, "Lena@Work.Example")})

    assert EmailAddress.objects.get(email="lena@work.example").user == learner


def test_an_account_that_one_has_is_joined_and_both_are_told(learner, old, signed_in):
    client = signed_in(learner)
    client.post(JOIN, {"do": "code", "code": ask(client, old.email)})
    page = client.get(JOIN).content.decode()
    assert "is on another account here" in page
    assert client.post(JOIN, {"do": "join"}).status_code == 422
    assert Person.objects.filter(pk=old.pk).exists()

    client.post(JOIN, {"do": "join", "knows": "on"})

    assert not Person.objects.filter(pk=old.pk).exists()
    told = [each.to[0] for each in mail.outbox if each.subject == "Two accounts are one now"]
    assert sorted(told) == ["lena@people.example", "lena@school.example"]


def test_b144_until_the_code_is_typed_every_address_is_the_same(learner, old, signed_in):
    pages = []
    for address in (old.email, "nobody@school.example"):
        client = signed_in(learner)
        ask(client, address)
        body = client.get(JOIN).content.decode().replace(address, "ADDRESS")
        pages.append(re.sub(r'(name="csrfmiddlewaretoken" value=)"[^"]*"', r"\1", body))
        pages.append(mail.outbox[-1].subject)

    assert pages[:2] == pages[2:]


def test_b148_a_wrong_code_joins_nothing(learner, old, signed_in):
    client = signed_in(learner)
    code = ask(client, old.email)

    page = client.post(JOIN, {"do": "code", "code": f"{(int(code) + 1) % 10**6:06d}"})

    assert page.status_code == 422
    assert client.post(JOIN, {"do": "join", "knows": "on"}).status_code == 200
    assert Person.objects.filter(pk=old.pk).exists()


def test_b146_a_step_of_somebody_else_in_the_same_browser_is_over(learner, old, outsider, signed_in):
    client = signed_in(learner)
    client.post(JOIN, {"do": "code", "code": ask(client, old.email)})
    session = client.session
    step = session["join"]

    client.force_login(outsider, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    session["join"] = step
    session.save()
    client.post(JOIN, {"do": "join", "knows": "on"})

    assert Person.objects.filter(pk=old.pk).exists()


@pytest.mark.parametrize("address", ["", "nobody", "ada\u0131@example.org", "a@b\r\nBcc: x@y.example"])
def test_what_is_no_address_is_said(learner, signed_in, address):
    """B128 B130"""
    page = signed_in(learner).post(JOIN, {"do": "address", "email": address})

    assert page.status_code == 422
    assert mail.outbox == []


def test_an_account_with_a_password_asks_for_it_again(owner, signed_in):
    page = signed_in(owner).post(JOIN, {"do": "address", "email": "x@people.example"})

    assert page["Location"].startswith("/account/reauthenticate/")
    assert mail.outbox == []
