# SPDX-License-Identifier: Apache-2.0
"""Telling in time that something ends: the holder at the chosen days, the issuer once a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.achievements.services import InvalidField
from cairn_server.errors import NotAllowed
from cairn_server.issuing import reminders, renewal, standing
from cairn_server.issuing.delivery import write
from cairn_server.issuing.life import Digest, RenewalRequest
from cairn_server.issuing.models import Delivery

END = MONDAY + timedelta(days=365)


def before(days):
    return END - timedelta(days=days)


def reminded():
    return Delivery.objects.filter(kind="ending").count()


@pytest.fixture
def ending(award):
    return award(valid_until=END)


@pytest.mark.parametrize(("days", "messages"), [(91, 0), (90, 1), (31, 1), (30, 1), (7, 1)])
def test_the_holder_is_reminded_at_each_of_the_days(ending, days, messages):
    reminders.remind_holders(at=before(days))

    assert reminded() == messages


def test_at_each_of_them_once(ending):
    for days in (90, 90, 89, 30, 29, 7, 6):
        reminders.remind_holders(at=before(days))

    assert reminded() == 3


def test_after_a_long_sleep_only_the_nearest_is_sent(ending):
    reminders.remind_holders(at=before(5))

    assert reminded() == 1


def test_the_letter_says_what_ends_and_when(ending):
    reminders.remind_holders(at=before(30))

    letter = write(Delivery.objects.get(kind="ending"))
    assert letter.subject == "“First firing” ends on 23 November 2027"


def test_what_was_short_from_the_start_is_not_reminded_of_long_before(award):
    award(valid_until=MONDAY + timedelta(days=20))

    reminders.remind_holders(at=TUESDAY)
    assert reminded() == 0

    reminders.remind_holders(at=MONDAY + timedelta(days=14))
    assert reminded() == 1


@pytest.mark.parametrize("what", ["revoked", "ended", "endless"])
def test_of_what_does_not_end_nobody_is_reminded(award, issuer, what):
    credential = award(valid_until=None if what == "endless" else END)
    if what == "revoked":
        standing.revoke(credential, by=issuer, reason="Copied.", at=TUESDAY)

    reminders.remind_holders(at=END + timedelta(days=1) if what == "ended" else before(30))

    assert reminded() == 0


def test_an_organisation_has_its_own_days(owner, organisation, ending):
    reminders.set_policy(organisation, by=owner, approve_above=20, reminder_days=[14], at=MONDAY)

    reminders.remind_holders(at=before(30))
    assert reminded() == 0

    reminders.remind_holders(at=before(14))
    assert reminded() == 1


def test_an_achievement_has_its_own_days_or_none(issuer, ending, version):
    renewal.set_rule(version.achievement, by=issuer, needs="nothing", reminder_days=[], at=MONDAY)

    reminders.remind_holders(at=before(7))

    assert reminded() == 0


def test_many_are_reminded_in_pieces(award, monkeypatch):
    monkeypatch.setattr(reminders, "PIECE", 2)
    for _each in range(5):
        award(valid_until=END)

    assert reminders.remind_holders(at=before(90)) == 5


def test_only_an_owner_sets_the_days(issuer, organisation):
    with pytest.raises(NotAllowed):
        reminders.set_policy(organisation, by=issuer, approve_above=20, reminder_days=[14], at=MONDAY)


@pytest.mark.parametrize("days", [[0], [367], [1, 2, 3, 4, 5, 6, 7]])
def test_days_that_make_no_sense_are_refused(owner, organisation, days):
    with pytest.raises(InvalidField):
        reminders.set_policy(organisation, by=owner, approve_above=20, reminder_days=days, at=MONDAY)


# The issuer


def test_the_issuer_hears_once_a_day_what_came_close_and_what_waits(organisation, award, learner, version):
    two = [award(valid_until=END) for _each in range(2)]
    RenewalRequest.objects.create(credential=two[0], by=learner, created_at=before(30))

    reminders.write_digests(at=before(30))
    reminders.write_digests(at=before(30) + timedelta(hours=5))
    reminders.send_digests(at=before(30))
    reminders.send_digests(at=before(29))

    [message] = mail.outbox
    assert message.to == ["badges@lakeside.example"]
    assert "2 credentials of “First firing” end within 30 days." in message.body
    assert "1 request for a renewal waits for your answer." in message.body
    assert "Lena" not in message.body


def test_a_day_without_news_sends_nothing(organisation, ending):
    reminders.write_digests(at=before(45))

    assert reminders.send_digests(at=before(45)) == 0
    assert Digest.objects.count() == 1


def test_what_the_mail_server_refused_is_tried_again(organisation, ending, monkeypatch):
    reminders.write_digests(at=before(30))

    def refuse(*_args, **_kwargs):
        raise OSError("no route")

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
        assert reminders.send_digests(at=before(30)) == 0
    assert Digest.objects.get().problem == "OSError: no route"

    assert reminders.send_digests(at=before(30)) == 0  # not at once
    assert reminders.send_digests(at=before(29)) == 1
