# SPDX-License-Identifier: Apache-2.0
"""Which letters somebody gets, and how often."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY

from cairn_server.issuing import choices, delivery, services
from cairn_server.issuing.choices import LetterChoice, Pace
from cairn_server.issuing.models import Delivery
from cairn_server.issuing.services import Recipient

MORNING = TUESDAY.replace(hour=6)


def choose(who, **changes):
    usual = dict.fromkeys(choices.NAMES, Pace.NOW)
    return choices.choose(by=who, at=MONDAY, **usual | changes)


def test_without_a_choice_letters_come_at_once(credential):
    assert delivery.deliver_due(at=MONDAY) == 1


def test_who_wants_no_letters_about_awards_gets_none_and_has_the_award(learner, credential):
    choose(learner, awards=Pace.NEVER)

    assert delivery.deliver_due(at=MONDAY) == 0
    assert Delivery.objects.get().problem == "not sent: not wanted"


def test_who_wants_one_a_day_gets_one_letter_about_all(learner, award):
    choose(learner, awards=Pace.DAILY)
    for _ in range(3):
        award()
    assert delivery.deliver_due(at=MONDAY) == 0
    assert delivery.deliver_due(at=MORNING - timedelta(seconds=1)) == 0

    assert delivery.deliver_due(at=MORNING) == 1

    [message] = mail.outbox
    assert message.subject == "3 pieces of news in your wallet"
    assert message.body.count("has awarded you “First firing”.") == 3
    assert f"{PUBLIC_URL}/wallet\n" in message.body
    assert "First firing" in message.alternatives[0].content
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert delivery.deliver_due(at=MORNING + timedelta(days=1)) == 0


def test_a_daily_letter_that_fails_is_sent_again_with_all_of_it(learner, award, settings):
    choose(learner, awards=Pace.DAILY)
    for _ in range(2):
        award()
    delivery.deliver_due(at=MONDAY)
    settings.EMAIL_BACKEND = "server.tests.issuing.test_deliver.DownBackend"
    assert delivery.deliver_due(at=MORNING) == 0

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    delivery.deliver_due(at=MORNING + timedelta(minutes=5))

    assert mail.outbox[-1].body.count("has awarded you") == 2
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_what_one_has_a_right_to_know_comes_whatever_was_chosen(issuer, learner, credential):
    choose(learner, awards=Pace.NEVER, reminders=Pace.NEVER, endings=Pace.NEVER)
    services.revoke(credential, by=issuer, reason="x", at=MONDAY)

    delivery.deliver_due(at=MONDAY)

    assert [each.subject for each in mail.outbox] == ["Lakeside College has revoked “First firing”"]


def test_the_choice_of_one_person_is_about_their_letters_alone(learner, award):
    choose(learner, awards=Pace.NEVER)
    award(recipient=Recipient("Somebody", "somebody@people.example"))

    assert delivery.deliver_due(at=MONDAY) == 1


@pytest.mark.parametrize(
    ("moment", "morning"),
    [
        (MONDAY, MORNING),
        (MORNING - timedelta(hours=1), MORNING),
        (MORNING, MORNING + timedelta(days=1)),
    ],
)
def test_the_morning_after(moment, morning):
    assert choices.morning_after(moment) == morning


def test_a_pace_is_one_we_know(learner):
    with pytest.raises(ValueError, match="hourly"):
        choose(learner, awards="hourly")
    with pytest.raises(IntegrityError), transaction.atomic():
        LetterChoice.objects.create(person=learner, awards="x")


def test_of_two_choices_the_one_that_stays_counts(learner, outsider):
    choose(learner, awards=Pace.DAILY)
    choose(outsider, awards=Pace.NEVER)

    choices.move(into=learner, other=outsider, at=MONDAY)

    assert LetterChoice.objects.get().awards == "daily"
