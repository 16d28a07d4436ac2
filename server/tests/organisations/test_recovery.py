# SPDX-License-Identifier: Apache-2.0
"""The installation: one row, one address, and nothing awarded in a copy that may have forgotten."""

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY

from cairn_server.errors import Refusal
from cairn_server.organisations import services
from cairn_server.organisations.models import Installation
from cairn_server.organisations.watermark import DatabaseBehind


def test_the_first_address_is_remembered(installation):
    services.remember_installation(public_url="https://other.example", at=TUESDAY)

    assert services.public_url() == PUBLIC_URL
    assert services.installation().created_at == MONDAY


def test_there_is_one_installation(installation):
    with pytest.raises(IntegrityError), transaction.atomic():
        Installation.objects.create(singleton=False, public_url=PUBLIC_URL, created_at=MONDAY)


def test_a_move_is_in_the_journal(installation):
    from cairn_server.journal.models import Entry

    services.move_installation(public_url="https://new.example", at=TUESDAY)

    assert services.public_url() == "https://new.example"
    assert Entry.objects.of(None).last().details == {"from": PUBLIC_URL, "to": "https://new.example"}


def test_nothing_is_awarded_while_recovering(installation, organisation):
    """F11."""
    services.require_awarding_allowed(organisation)

    services.begin_recovery(reasons=["restored"], at=MONDAY)
    with pytest.raises(DatabaseBehind) as refused:
        services.require_awarding_allowed(organisation)
    assert refused.value.status == 503

    services.confirm_recovery(at=TUESDAY)
    services.require_awarding_allowed(organisation)


def test_there_must_be_something_to_confirm(installation):
    with pytest.raises(Refusal):
        services.confirm_recovery(at=TUESDAY)
