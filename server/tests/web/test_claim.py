# SPDX-License-Identifier: Apache-2.0
"""``/claim/<secret>`` as a browser without scripts goes through it, and what strangers learn: nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.utils import timezone

from cairn_server.accounts.models import AddressProof, Person
from cairn_server.issuing import claiming, delivery, services
from cairn_server.issuing.answers import Answer
from cairn_server.wallets.models import HeldCredential

ADA = "ada@people.example"


@pytest.fixture
def link(credential):
    delivery.deliver_due(at=timezone.now())
    return link_in(mail.outbox.pop())


def link_in(message):
    return re.search(r"(/claim/[\w-]{22})$", message.body, re.MULTILINE)[1]


def code_in(message):
    return re.search(r"^([0-9]{6})$", message.body, re.MULTILINE)[1]


def browser():
    return Client(headers={"host": "cairn.example"}, enforce_csrf_checks=False)


def page_of(response):
    """What an answer tells, without its one-time parts."""
    body = re.sub(rb'(name="csrfmiddlewaretoken" value=)"[^"]*"', rb"\1", response.content)
    body = re.sub(rb"/claim/[\w-]{22}", b"/claim/", body)
    body = re.sub(rb'datetime="[^"]*"', b"", body)
    return response.status_code, re.sub(rb"\d\d:\d\d:\d\d", b"", body)


def begin(client, link, do="accept", **more):
    answer = client.post(link, {"do": do, **more})
    assert (answer.status_code, answer["Location"]) == (302, link)
    return code_in(mail.outbox[-1])


# The journey


def test_the_letter_says_who_gives_what_and_why_and_shows_no_address(link, credential):
    page = browser().get(link)
    text = page.content.decode()

    assert page.status_code == 200
    for expected in ("Lakeside College", "Ceramics: first firing", "Ada Lovelace", "six bowls", "Accept it"):
        assert expected in text
    assert ADA not in text
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "same-origin"


def test_somebody_without_an_account_accepts_with_a_code(link, credential):
    client = browser()
    code = begin(client, link)
    assert mail.outbox[-1].to == [ADA]
    assert ADA not in client.get(link).content.decode()

    done = client.post(link, {"do": "code", "code": code}, follow=True)

    person = Person.objects.get(email=ADA)
    assert int(client.session["_auth_user_id"]) == person.pk
    assert HeldCredential.objects.get().person == person
    text = done.content.decode()
    for expected in ("Open it in your wallet", "Add to LinkedIn", f"/c/{credential.public_id}.json"):
        assert expected in text


def test_somebody_with_an_account_accepts_into_it(link, person):
    ada = person("Ada")
    client = browser()

    client.post(link, {"do": "code", "code": begin(client, link)})

    assert HeldCredential.objects.get().person == ada
    assert int(client.session["_auth_user_id"]) == ada.pk


def test_who_is_signed_in_with_the_address_accepts_with_one_press(link, person, signed_in):
    ada = person("Ada")

    done = signed_in(ada).post(link, {"do": "accept"}, follow=True)

    assert HeldCredential.objects.get().person == ada
    assert "It is yours, and in your wallet." in done.content.decode()
    assert mail.outbox == []


def test_a_code_does_not_get_round_a_second_factor(link, person):
    ada = person("Ada")
    Authenticator.objects.create(user=ada, type="totp", data={})
    client = browser()

    done = client.post(link, {"do": "code", "code": begin(client, link)})

    assert "_auth_user_id" not in client.session
    assert done["Location"].startswith("/account/2fa/authenticate")
    assert HeldCredential.objects.get().person == ada


def test_declining_asks_for_a_code_and_shows_the_credential_to_nobody(link, credential, stranger):
    client = browser()
    code = begin(client, link, "decline", reason="Not mine.")
    assert not Answer.objects.exists()

    done = client.post(link, {"do": "code", "code": code}, follow=True)

    assert "You declined this on" in done.content.decode()
    answer = Answer.objects.get()
    assert (answer.said, answer.reason, answer.person) == ("declined", "Not mine.", None)
    assert not Person.objects.filter(email=ADA).exists()
    for form in ("", ".json", ".png"):
        assert stranger.get(f"/c/{credential.public_id}{form}").status_code == 404
    assert "_auth_user_id" not in client.session


def test_a_page_that_was_kept_is_gone_when_its_credential_is_declined(link, credential, stranger):
    assert stranger.get(f"/c/{credential.public_id}").status_code == 200
    client = browser()

    client.post(link, {"do": "code", "code": begin(client, link, "decline")})

    assert stranger.get(f"/c/{credential.public_id}").status_code == 404


def test_what_was_declined_can_be_accepted_with_the_same_link(link, credential, stranger):
    client = browser()
    client.post(link, {"do": "code", "code": begin(client, link, "decline")})

    client.post(link, {"do": "code", "code": begin(client, link)})

    assert HeldCredential.objects.get().person.email == ADA
    assert stranger.get(f"/c/{credential.public_id}").status_code == 200


def test_the_issuer_reads_the_answer(link, credential, owner, signed_in):
    client = browser()
    client.post(link, {"do": "code", "code": begin(client, link, "decline", reason="I <b>never</b> came.")})

    where = f"/organisations/{credential.organisation.public_id}/credentials/{credential.public_id}"
    text = signed_in(owner).get(where).content.decode()

    assert "declined on" in text
    assert "I &lt;b&gt;never&lt;/b&gt; came." in text


def test_what_was_withdrawn_is_not_offered(link, credential, owner):
    services.revoke(credential, by=owner, reason="Awarded in error.", at=timezone.now())

    text = browser().get(link).content.decode()

    assert "Revoked by the issuer" in text
    assert "Accept it" not in text


# Codes


def test_b148_a_wrong_code_and_no_code_are_said_at_the_field(link):
    client = browser()
    code = begin(client, link)

    wrong = client.post(link, {"do": "code", "code": f"{(int(code) + 1) % 10**6:06d}"})
    empty = client.post(link, {"do": "code", "code": ""})

    assert (wrong.status_code, empty.status_code) == (422, 422)
    assert "This code is wrong or over." in wrong.content.decode()
    assert not Answer.objects.exists()


def test_b148_five_guesses_end_the_code(link):
    client = browser()
    code = begin(client, link)
    for number in range(1, 6):
        client.post(link, {"do": "code", "code": f"{(int(code) + number) % 10**6:06d}"})

    assert client.post(link, {"do": "code", "code": code}).status_code == 422
    assert not Answer.objects.exists()


def test_b148_a_code_is_good_in_the_browser_that_asked_for_it(link):
    code = begin(browser(), link)

    assert browser().post(link, {"do": "code", "code": code})["Location"] == link
    assert browser().post(link, {"do": "invented"}).status_code == 422
    assert not Answer.objects.exists()


def test_b149_codes_are_few(link):
    client = browser()
    for _ in range(5):
        begin(client, link)

    page = client.post(link, {"do": "accept"})

    assert page.status_code == 429
    assert "We have sent several codes already." in page.content.decode()
    assert len(mail.outbox) == 5


def test_a_new_code_and_going_back(link):
    client = browser()
    first = begin(client, link)
    second = begin(client, link, "again")
    assert client.post(link, {"do": "code", "code": first}).status_code == (422 if first != second else 302)

    client.post(link, {"do": "stop"})

    assert "Do you want it?" in client.get(link).content.decode()


def test_a_mail_server_that_is_away_is_said(link, settings):
    settings.EMAIL_BACKEND = "server.tests.issuing.test_deliver.DownBackend"

    page = browser().post(link, {"do": "accept"})

    assert page.status_code == 503
    assert "The mail could not be sent just now." in page.content.decode()


# What strangers learn


def test_b144_the_page_is_the_same_whether_or_not_there_is_an_account(award, person):
    """Text, status, and the mails that leave; before and after a code was asked for."""
    seen = []
    for known in (False, True):
        if known:
            person("Ada")
        award()
        delivery.deliver_due(at=timezone.now())
        link, client = link_in(mail.outbox[-1]), browser()
        asked = page_of(client.get(link))
        begin(client, link)
        seen.append((asked, page_of(client.get(link)), mail.outbox[-1].subject, len(mail.outbox)))
        mail.outbox.clear()

    without, with_account = seen
    assert without[0][0] == 200
    blank = re.compile(rb"/[ach]/[\w-]{22}|[\w-]{22}\.|image-[\w-]+")
    for before, after in zip(without[:2], with_account[:2], strict=True):
        assert before[0] == after[0]
        assert blank.sub(b"", before[1]) == blank.sub(b"", after[1])
    assert without[2:] == with_account[2:]


def test_b144_the_work_is_the_same_whether_or_not_there_is_an_account(
    award, person, django_assert_max_num_queries
):
    """As many questions to the database: so no clock tells them apart."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for known in (False, True):
        if known:
            person("Ada")
        award()
        delivery.deliver_due(at=timezone.now())
        link, client = link_in(mail.outbox[-1]), browser()
        client.get(link)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.post(link, {"do": "accept"})
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_b145_a_made_up_link_is_like_any_address_that_is_not_there(link, db):
    client = browser()
    found, other = (
        client.get("/claim/" + "A" * 22),
        client.get("/c/" + "A" * 22, headers={"accept": "text/html"}),
    )

    assert (found.status_code, other.status_code) == (404, 404)
    assert found.content == other.content
    assert client.post("/claim/" + "A" * 22, {"do": "accept"}).status_code == 404


def test_b145_a_used_link_says_when_and_shows_nothing(link, person):
    first, second = browser(), browser()
    first.post(link, {"do": "code", "code": begin(first, link)})

    page = second.get(link)
    text = page.content.decode()

    assert page.status_code == 410
    assert "This link was already used on" in text
    assert "Ada Lovelace" not in text
    assert second.post(link, {"do": "accept"}).status_code == 410
    assert len(AddressProof.objects.all()) == 1


def test_b145_an_expired_link_says_when_and_sends_a_new_one_to_the_same_address(link, credential):
    later = timezone.now() + claiming.LIVES
    with time_machine.travel(later):
        client = browser()
        page = client.get(link)
        assert page.status_code == 410
        assert "This link expired on" in page.content.decode()
        assert "Ada Lovelace" not in page.content.decode()
        assert client.post(link, {"do": "accept"}).status_code == 410
        assert not Answer.objects.exists()

        assert "A new letter is on its way." in client.post(link, {"do": "new-link"}).content.decode()
        delivery.deliver_due(at=timezone.now())

        assert mail.outbox[-1].to == [ADA]
        assert client.get(link_in(mail.outbox[-1])).status_code == 200


def test_b146_who_is_signed_in_with_another_address_is_told_without_the_address(link, learner, signed_in):
    text = signed_in(learner).get(link).content.decode()

    assert "This was issued to a different address from the one you signed in with." in text
    assert ADA not in text


def test_b146_with_the_code_the_address_and_the_award_are_theirs(link, learner, signed_in):
    client = signed_in(learner)

    client.post(link, {"do": "code", "code": begin(client, link)})

    assert EmailAddress.objects.get(email=ADA).user == learner
    assert HeldCredential.objects.get().person == learner


def test_b146_the_address_of_another_account_is_not_taken_by_a_link(link, learner, person, signed_in):
    ada = person("Ada")
    client = signed_in(learner)

    page = client.post(link, {"do": "code", "code": begin(client, link)})

    assert page.status_code == 409
    assert "This address is on another account here." in page.content.decode()
    assert EmailAddress.objects.get(email=ADA).user == ada
    assert not HeldCredential.objects.exists()


def test_b146_an_account_that_waited_for_its_victim_gets_nothing(link):
    """The pre-hijack: an attacker has signed up with the address, set a password, and waits."""
    waiting = Person.objects.create_user(ADA, password="of the attacker's own choice")
    EmailAddress.objects.create(user=waiting, email=ADA, verified=False, primary=True)
    client = browser()

    client.post(link, {"do": "code", "code": begin(client, link)})

    holder = HeldCredential.objects.get().person
    assert holder.pk != waiting.pk
    assert not holder.has_usable_password()
    attacker = browser()
    attacker.post("/account/login/", {"login": ADA, "password": "of the attacker's own choice"})
    assert "_auth_user_id" not in attacker.session


def test_b146_an_address_that_was_confirmed_long_ago_needs_a_code(link, person, signed_in):
    ada = person("Ada")
    Person.objects.filter(pk=ada.pk).update(joined_at=timezone.now() - timedelta(days=800))
    client = signed_in(ada)

    code = begin(client, link)
    assert not Answer.objects.exists()
    client.post(link, {"do": "code", "code": code})

    assert HeldCredential.objects.get().person == ada


def test_b152_the_link_in_the_letter_is_of_our_address_whatever_host_was_asked(credential):
    delivery.deliver_due(at=timezone.now())

    assert "https://cairn.example/claim/" in mail.outbox[-1].body


def test_a_form_of_another_site_answers_nothing(link, person):
    """B143"""
    ada = person("Ada")
    client = Client(headers={"host": "cairn.example"}, enforce_csrf_checks=True)
    client.force_login(ada, backend="allauth.account.auth_backends.AuthenticationBackend")

    assert client.post(link, {"do": "accept"}).status_code == 403
    assert not Answer.objects.exists()


# In the wallet


def test_one_that_waits_is_accepted_or_declined_alone(award, person, signed_in):
    ada = person("Ada")
    first, second = award(), award()
    client = signed_in(ada)
    assert "Accept all 2" in client.get("/wallet").content.decode()

    client.post(f"/wallet/{first.public_id}/answer", {"do": "accept"})
    client.post(f"/wallet/{second.public_id}/answer", {"do": "decline", "reason": "Twice."})

    assert HeldCredential.objects.get().credential_id.endswith(first.public_id)
    assert claiming.is_declined(second.public_id)
    assert not client.get("/wallet").context["waiting"]


def test_b135_what_waits_for_somebody_else_is_not_there(credential, learner, signed_in):
    where = f"/wallet/{credential.public_id}/answer"

    for method in ("get", "post"):
        assert getattr(signed_in(learner), method)(where, {"do": "accept"}).status_code == 404
