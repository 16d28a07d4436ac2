# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server.tests.conftest import MONDAY
from server.tests.webhooks.receiver import Receiver

from cairn.fetch import HttpPoster
from cairn_server.webhooks import services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation
    from cairn_server.webhooks.models import Endpoint


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def poster(receiver: Receiver) -> HttpPoster:
    """The real one, which may visit this one receiver."""
    return HttpPoster(allow=frozenset({receiver.origin}), timeout=2)


@pytest.fixture
def endpoint(organisation: Organisation, owner: Person, receiver: Receiver, poster: HttpPoster) -> Endpoint:
    return services.create_endpoint(
        organisation,
        by=owner,
        url=f"{receiver.origin}/hooks",
        events=["achievement.published", "credential.awarded"],
        poster=poster,
        at=MONDAY,
    )


@pytest.fixture
def happens(organisation: Organisation, owner: Person) -> Callable[..., None]:
    """An act of the kind that endpoints are told of, as its verb writes it down."""
    from cairn_server.journal import services as journal

    def act(verb: str = "achievement published", **details: object) -> None:
        journal.record(
            verb=verb,
            by=owner,
            organisation_id=organisation.public_id,
            object=organisation,
            details=details,
            at=MONDAY,
        )

    return act
