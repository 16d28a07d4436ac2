# SPDX-License-Identifier: Apache-2.0
"""The one road into a wallet: judged first, with where it came from."""

from __future__ import annotations

import pytest
from server.tests.conftest import MONDAY
from server.tests.wallets.conftest import signed

from cairn import checks
from cairn.errors import VerificationError
from cairn.testing import FixedSources
from cairn_server.wallets import arriving
from cairn_server.wallets.models import HeldCredential

pytestmark = pytest.mark.django_db


def take_in(data: bytes, holder):
    return arriving.take_in(
        data,
        holder=holder,
        sources=FixedSources(),
        asked=[checks.structure, checks.proof, checks.period],
        arrival="site",
        came_from="campus\u202e",
        at=MONDAY,
    )


def test_what_is_genuine_is_kept_with_its_report_and_where_it_came_from(learner):
    kept = take_in(signed("Real", number=1), learner)

    assert (kept.held.arrival, kept.held.came_from) == ("site", "campus")
    assert [each["check"] for each in kept.held.report["findings"]]


def test_what_is_not_is_not(learner):
    with pytest.raises(VerificationError):
        take_in(signed("Real", number=1).replace(b"Real", b"Fake"), learner)

    assert not HeldCredential.objects.exists()


def test_an_address_is_asked_once_for_two_judgements():
    class Counting:
        count = 0

        def fetch(self, url, *, accept, limit):
            self.count += 1
            return b"{}"

    sources = Counting()
    once = arriving.Once(sources)
    for _ in range(2):
        once.fetch("https://x.example/", accept="*/*", limit=10)

    assert sources.count == 1
