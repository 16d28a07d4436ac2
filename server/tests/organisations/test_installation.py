# SPDX-License-Identifier: Apache-2.0
"""The installation: one row, one address, and nothing awarded in a copy that may have forgotten."""

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY

from cairn_server.errors import Refusal
from cairn_server.organisations.installation import (
    MovedMeanwhile,
    begin_recovery,
    confirm_recovery,
    install_address,
    move_installation,
    public_url,
    remember_installation,
    require_awarding_allowed,
)
from cairn_server.organisations.models import Installation
from cairn_server.organisations.watermark import DatabaseBehind


def test_the_first_address_is_remembered(installation):
    remember_installation(public_url="https://other.example", at=TUESDAY)

    assert public_url() == PUBLIC_URL
    assert Installation.objects.get().created_at == MONDAY


def test_there_is_one_installation(installation):
    with pytest.raises(IntegrityError), transaction.atomic():
        Installation.objects.create(singleton=False, public_url=PUBLIC_URL, created_at=MONDAY)


def test_a_move_is_in_the_journal(installation):
    from cairn_server.journal.models import Entry

    move_installation(public_url="https://new.example", at=TUESDAY)

    assert public_url() == "https://new.example"
    assert Entry.objects.of(None).last().details == {"from": PUBLIC_URL, "to": "https://new.example"}


def test_nothing_is_awarded_while_recovering(installation, organisation):
    """F11."""
    require_awarding_allowed(organisation)

    begin_recovery(reasons=["restored"], at=MONDAY)
    with pytest.raises(DatabaseBehind) as refused:
        require_awarding_allowed(organisation)
    assert refused.value.status == 503

    confirm_recovery(at=TUESDAY)
    require_awarding_allowed(organisation)


def test_there_must_be_something_to_confirm(installation):
    with pytest.raises(Refusal):
        confirm_recovery(at=TUESDAY)


def test_nothing_is_signed_under_an_address_that_this_process_was_not_started_with(
    installation, organisation
):
    """Another process has moved the installation meanwhile."""
    install_address(PUBLIC_URL)
    try:
        require_awarding_allowed(organisation)

        move_installation(public_url="https://new.example", at=TUESDAY)
        with pytest.raises(MovedMeanwhile) as refused:
            require_awarding_allowed(organisation)
        assert (refused.value.status, refused.value.code) == (503, "address-changed")

        install_address("https://new.example")
        require_awarding_allowed(organisation)
    finally:
        install_address("")
