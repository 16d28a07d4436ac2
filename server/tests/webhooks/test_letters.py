# SPDX-License-Identifier: Apache-2.0
"""An endpoint that stops by itself is told to the owners: once, whatever the mail server does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from server.tests.conftest import MONDAY

from cairn_server.webhooks import letters, sending, services
from cairn_server.webhooks.models import Endpoint
from cairn_server.webhooks.sending import Outcome

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person

SECRET_IN_IT = "https://lms.example/hooks?token=pass-word"


@pytest.fixture
def gone(endpoint: Endpoint, owner: Person) -> Endpoint:
    Endpoint.objects.update(url=SECRET_IN_IT)
    sending.note(services.send_test(endpoint, by=owner, at=MONDAY), Outcome(410), at=MONDAY)
    endpoint.refresh_from_db()
    return endpoint


def test_the_owners_are_told_why_and_where_to_start_it_again(
    gone: Endpoint, owner: Person, issuer: Person
) -> None:
    assert letters.tell_owners(at=MONDAY) == 1
    assert letters.tell_owners(at=MONDAY + timedelta(days=1)) == 0

    [letter] = mail.outbox
    assert letter.to == [owner.email]
    assert letter.subject == f"A webhook of {gone.organisation.name} has stopped"
    assert "It answered that it is gone for good (410)." in letter.body
    assert f"https://cairn.example/organisations/{gone.organisation.public_id}/webhooks/{gone.public_id}" in (
        letter.body
    )
    assert "lms.example" in letter.body
    assert "pass-word" not in letter.body


def test_also_when_it_was_silent_for_five_days(endpoint: Endpoint, owner: Person) -> None:
    message = services.send_test(endpoint, by=owner, at=MONDAY)
    sending.note(message, Outcome(500), at=MONDAY)
    sending.note(message, Outcome(problem="unreachable"), at=MONDAY + timedelta(days=5))

    letters.tell_owners(at=MONDAY + timedelta(days=5))

    assert "For five days it took no message." in mail.outbox[0].body


def test_not_what_a_person_did(endpoint: Endpoint, owner: Person) -> None:
    services.stop_endpoint(endpoint, by=owner, at=MONDAY)

    assert letters.tell_owners(at=MONDAY) == 0
    assert mail.outbox == []


def test_what_was_started_again_meanwhile_is_not_told(gone: Endpoint, owner: Person) -> None:
    services.start_endpoint(gone, by=owner, at=MONDAY)

    assert letters.tell_owners(at=MONDAY) == 0


def test_f13_a_mail_server_that_is_away_is_asked_again_later(
    gone: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_arguments: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as here:
        here.setattr("django.core.mail.EmailMessage.send", away)
        assert letters.tell_owners(at=MONDAY) == 0
    assert letters.tell_owners(at=MONDAY + timedelta(minutes=59)) == 0

    assert letters.tell_owners(at=MONDAY + timedelta(minutes=60)) == 1
    assert len(mail.outbox) == 1
