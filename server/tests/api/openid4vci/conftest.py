# SPDX-License-Identifier: Apache-2.0
"""An award to Lena that is offered to her wallet, on that Monday."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from server.tests.conftest import MONDAY
from server.tests.wallet_app import Offered, Wallet

from cairn_server.issuing import offering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Credential


@pytest.fixture(autouse=True)
def monday() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def offered(db: None, credential: Credential, learner: Person) -> Callable[..., Offered]:
    def make(**changes: Any) -> Offered:
        return Offered(*offering.offer(credential, by=learner, at=MONDAY, **changes))

    return make


@pytest.fixture
def wallet() -> Wallet:
    return Wallet()
