# SPDX-License-Identifier: Apache-2.0
"""The post, and what reaches a wallet."""

from __future__ import annotations

import re
from datetime import timedelta
from smtplib import SMTPException

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY

from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import claiming, delivery, posting, services
from cairn_server.issuing.models import Credential, Delivery, SecuredCredential
from cairn_server.issuing.representations import representation
from cairn_server.issuing.services import AlreadyRevoked, Recipient
from cairn_server.wallets.models import HeldCredential
from cairn_server.wallets.services import held_by


class DownBackend(BaseEmailBackend):
    def send_messages(self, email_messages):
        raise SMTPException("451 try again later")


DOWN = f"{__name__}.DownBackend"


@pytest.fixture
def mail_server_is_down(settings):
    settings.EMAIL_BACKEND = DOWN


def test_an_award_is_told_to_its_holder(credential):
    assert delivery.deliver_due(at=MONDAY) == 1

    (message,) = mail.outbox
    html = message.alternatives[0].content
    [link] = re.findall(rf"{PUBLIC_URL}/claim/[\w-]{{22}}$", message.body, re.MULTILINE)
    assert message.to == ["lena@people.example"]
    assert message.reply_to == ["badges@lakeside.example"]
    assert message.subject == "Lakeside College has awarded you “First firing”"
    assert credential.public_id not in message.body
    assert re.findall(r'href="([^"]+)"', html) == [link]  # one link
    assert "src=" not in html  # and nothing that tells us whether it was read
    assert Delivery.objects.get().state == "sent"


def test_a_message_is_sent_once(credential):
    delivery.deliver_due(at=MONDAY)

    assert delivery.deliver_due(at=TUESDAY) == 0
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(("verb", "words"), [(services.revoke, "revoked"), (services.suspend, "suspended")])
def test_a_withdrawal_says_the_reason_the_date_and_whom_to_ask(issuer, credential, verb, words):
    delivery.deliver_due(at=MONDAY)
    verb(credential, by=issuer, reason="The log was not yours.", at=TUESDAY)

    delivery.deliver_due(at=TUESDAY)

    body = mail.outbox[-1].body
    for expected in (words, "The log was not yours.", "24 November 2026", "badges@lakeside.example"):
        assert expected in body


def test_a_late_message_tells_the_reason_of_its_own_act(issuer, credential):
    services.suspend(credential, by=issuer, reason="Under appeal.", at=MONDAY)
    services.reinstate(credential, by=issuer, reason="The appeal succeeded.", at=TUESDAY)

    delivery.deliver_due(at=TUESDAY)

    suspended, reinstated = mail.outbox[1:]
    assert "Under appeal." in suspended.body
    assert "The appeal succeeded." in reinstated.body


def test_b127_text_of_others_is_never_a_template(award):
    award(recipient=Recipient("{{ 7|add:7 }} {0.__class__} %(x)s <b>Lena</b>", "lena@people.example"))

    delivery.deliver_due(at=MONDAY)

    (message,) = mail.outbox
    assert "{{ 7|add:7 }} {0.__class__} %(x)s <b>Lena</b>" in message.body
    assert "<b>Lena</b>" not in message.alternatives[0].content


def test_the_readers_language_decides(learner, credential):
    """A language that the interface does not have falls back to English instead of failing."""
    learner.language = "xx"
    learner.save()

    delivery.deliver_due(at=MONDAY)

    assert mail.outbox[0].subject.startswith("Lakeside College has awarded you")


def test_a_letter_is_in_the_language_that_the_reader_chose_else_the_one_that_the_issuer_gave(
    learner, issuer, credential
):
    Credential.objects.update(language="ar-EG")
    delivery.deliver_due(at=MONDAY)
    learner.language = "de"
    learner.save()
    services.send_again(credential, by=issuer, at=TUESDAY)
    delivery.deliver_due(at=TUESDAY)

    of_the_issuer, chosen = mail.outbox
    assert of_the_issuer.subject.startswith("منحتك Lakeside College")
    assert '<html lang="ar" dir="rtl">' in of_the_issuer.alternatives[0].content
    assert chosen.subject.startswith("Lakeside College hat Ihnen")
    assert '<html lang="de" dir="ltr">' in chosen.alternatives[0].content


def test_f13_a_mail_server_that_is_down_delays_and_loses_nothing(credential, mail_server_is_down, settings):
    assert delivery.deliver_due(at=MONDAY) == 0
    owed = Delivery.objects.get()
    assert (owed.state, owed.attempts) == ("due", 1)
    assert "451" in owed.problem
    assert delivery.deliver_due(at=MONDAY + timedelta(seconds=30)) == 0  # not again at once
    assert Delivery.objects.get().attempts == 1

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert delivery.deliver_due(at=MONDAY + timedelta(minutes=2)) == 1

    owed.refresh_from_db()
    assert (owed.state, owed.problem) == ("sent", "")


def test_f17_a_message_that_never_gets_through_is_parked(credential, mail_server_is_down):
    at = MONDAY
    for _ in range(16):
        delivery.deliver_due(at=at)
        at += timedelta(days=2)

    owed = Delivery.objects.get()
    assert (owed.state, owed.attempts) == ("failed", 12)


def test_f13_a_mail_server_that_is_broken_for_three_days_costs_no_message(credential, mail_server_is_down):
    """What the operator's guide promises. Each attempt is made when it is due."""
    while (owed := Delivery.objects.get()).state == Delivery.State.DUE:
        last = owed.due_at
        delivery.deliver_due(at=last)

    assert timedelta(days=3) < last - MONDAY < timedelta(days=3, hours=12)


def test_a_message_that_two_processes_see_is_claimed_by_one(credential):
    seen_by_both = Delivery.objects.get()

    assert posting._claim(seen_by_both, at=MONDAY)
    assert not posting._claim(Delivery(pk=seen_by_both.pk, attempts=0), at=MONDAY)


# Wallets


def test_nothing_is_in_a_wallet_before_it_was_accepted(learner, credential):
    delivery.deliver_due(at=MONDAY)

    assert not held_by(learner).exists()


def test_what_is_accepted_is_in_the_wallet_as_it_was_signed(learner, credential):
    claiming.accept(credential, by=learner, at=MONDAY)

    (held,) = held_by(learner)
    assert bytes(held.secured) == representation(credential, "json")[0]
    assert held.credential_id == credential.address(PUBLIC_URL)
    assert (held.name, held.source) == ("First firing", "here")


def test_an_address_that_is_verified_later_brings_what_waited(award, learner):
    award(recipient=Recipient("Lena", "lena@work.example"))
    award(recipient=Recipient("Somebody", "somebody@work.example"))
    delivery.deliver_due(at=MONDAY)
    assert not held_by(learner).exists()

    EmailAddress.objects.create(user=learner, email="lena@work.example", verified=False)
    assert claiming.accept_waiting(learner, at=TUESDAY) == 0  # B146: a claim is no proof
    EmailAddress.objects.filter(email="lena@work.example").update(verified=True)
    assert claiming.accept_waiting(learner, at=TUESDAY) == 1

    assert held_by(learner).count() == 1
    assert claiming.accept_waiting(learner, at=TUESDAY) == 0


def test_also_what_was_revoked_meanwhile_is_found(issuer, learner, credential):
    services.revoke(credential, by=issuer, reason="x", at=MONDAY)

    assert claiming.accept_waiting(learner, at=TUESDAY) == 1


def test_f16_a_record_with_a_flipped_bit_is_not_delivered(learner, credential):
    row = SecuredCredential.objects.get(format="vc+ld+json")
    SecuredCredential.objects.filter(pk=row.pk).update(
        secured=bytes(row.secured).replace(b"First firing", b"Last firings")
    )

    delivery.deliver_due(at=MONDAY)

    assert not HeldCredential.objects.exists()
    assert mail.outbox == []
    assert "stored-bytes-damaged" in Delivery.objects.get().problem


# Sending again


def test_an_award_is_sent_again_on_request(issuer, credential):
    delivery.deliver_due(at=MONDAY)

    services.send_again(credential, by=issuer, at=TUESDAY)
    delivery.deliver_due(at=TUESDAY)

    assert [message.to for message in mail.outbox] == [["lena@people.example"]] * 2
    assert "sent again on request" in mail.outbox[1].body


def test_a_revoked_credential_is_not_sent_again(issuer, credential):
    services.revoke(credential, by=issuer, reason="x", at=MONDAY)

    with pytest.raises(AlreadyRevoked):
        services.send_again(credential, by=issuer, at=TUESDAY)


def test_a_member_without_the_role_does_not_send_again(auditor, credential):
    with pytest.raises(NotAllowed):
        services.send_again(credential, by=auditor, at=TUESDAY)


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, credential):
    with pytest.raises(NotVisible):
        services.send_again(credential, by=outsider, at=TUESDAY)
