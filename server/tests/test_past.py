# SPDX-License-Identifier: Apache-2.0
"""A moment that has passed: what people write for it, and where the lists of then are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cairn.testing import FixedSources
from cairn_server.past import ListsOfThen, address_at, moment_of

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LIST = "https://cairn.example/s/AAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-12", datetime(2026, 3, 12, 23, 59, 59, tzinfo=UTC)),
        (" 2026-03-12 ", datetime(2026, 3, 12, 23, 59, 59, tzinfo=UTC)),
        ("2026-03-12T09:00:00Z", datetime(2026, 3, 12, 9, 0, tzinfo=UTC)),
        ("2026-03-12T09:00:00+02:00", datetime(2026, 3, 12, 7, 0, tzinfo=UTC)),
        ("2026-11-24", NOW),  # today has not ended
        ("2026-11-25", None),
        ("2026-11-24T09:00:01Z", None),
        ("2026-02-30", None),
        ("9999-12-31", None),
        ("yesterday", None),
        ("2026-03-12T09:00:00", None),  # of no zone
        ("", None),
    ],
)
def test_a_day_means_its_end_and_what_is_ahead_is_nothing(text, moment):
    assert moment_of(text, now=NOW) == moment


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (LIST, f"{LIST}?at=2026-11-24T09:00:00Z"),
        (f"{LIST}/suspension", f"{LIST}/suspension?at=2026-11-24T09:00:00Z"),
        (f"{LIST}/token", f"{LIST}/token?at=2026-11-24T09:00:00Z"),
        (f"{LIST}?page=2", f"{LIST}?page=2"),
        ("https://other.example/status/3", "https://other.example/status/3"),
        ("https://cairn.example/c/AAAAAAAAAAAAAAAAAAAAAA", "https://cairn.example/c/AAAAAAAAAAAAAAAAAAAAAA"),
        ("http://[", "http://["),
    ],
)
def test_only_lists_of_our_own_form_are_asked_for_by_moment(url, asked):
    assert address_at(url, NOW) == asked
    assert address_at(url, None) == url


def test_everything_else_is_asked_for_as_it_is():
    world = FixedSources({f"{LIST}?at=2026-11-24T09:00:00Z": b"then", "https://k.example": b"k"})
    sources = ListsOfThen(world, NOW)

    assert sources.fetch(LIST, accept="*/*", limit=9) == b"then"
    assert sources.fetch("https://k.example", accept="*/*", limit=9) == b"k"
