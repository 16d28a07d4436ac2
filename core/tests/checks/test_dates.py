# SPDX-License-Identifier: Apache-2.0
"""From when to when."""

from datetime import timedelta

import pytest

from asking import (
    DAY,
    METHOD,
    ask,
    materials,
)
from cairn import checks
from cairn.canonical import to_json
from cairn.checks.dates import claimed_period, plain_period
from cairn.credential import parse_datetime
from cairn.keys import base64url_encode
from cairn.proof import (
    Outcome,
)
from cairn.testing import (
    NOON,
    sample_credential,
)


def period(at, **dates):
    document = {**sample_credential().to_document(), **dates}
    document = {name: value for name, value in document.items() if value is not ...}
    return ask(checks.period, to_json(document), at=at)["period"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-61, (Outcome.FAILED, "not-yet-valid")),
        (-60, (Outcome.PASSED, "ok")),
        (0, (Outcome.PASSED, "ok")),
        (3600 + 60, (Outcome.PASSED, "ok")),
        (3600 + 61, (Outcome.FAILED, "expired")),
    ],
)
@pytest.mark.parametrize("names", [("validFrom", "validUntil"), ("issuanceDate", "expirationDate")])
def test_the_edges_of_the_period_b54(seconds, expected, names):
    starts, ends = names
    dates = {"validFrom": ..., starts: "2026-11-23T12:00:00Z", ends: "2026-11-23T13:00:00Z"}

    assert period(NOON + timedelta(seconds=seconds), **dates) == expected


@pytest.mark.parametrize("seconds", [-61, -60, 0, 3600 + 60, 3600 + 61])
@pytest.mark.parametrize("ends", [None, "2026-11-23T13:00:00Z"])
@pytest.mark.parametrize("starts", [None, "2026-11-23T12:00:00Z"])
def test_the_short_ways_find_what_the_long_one_finds_while_it_is_valid_b54(seconds, starts, ends):
    at = NOON + timedelta(seconds=seconds)
    document = {**sample_credential().to_document(), "validFrom": starts, "validUntil": ends}
    document = {name: value for name, value in document.items() if value is not None}
    (long,) = checks.period(materials(to_json(document)), at)
    expected = long if long.outcome is Outcome.PASSED else None
    moments = [text and int(parse_datetime(text).timestamp()) for text in (starts, ends)]

    assert plain_period(starts, ends, at) == expected
    assert claimed_period(*moments, at) == expected


def test_no_end_and_no_beginning_are_fine():
    assert period(NOON + 9999 * DAY) == (Outcome.PASSED, "ok")
    assert period(NOON, validFrom=...) == (Outcome.PASSED, "ok")


@pytest.mark.parametrize("value", ["2026-11-23", 1, None, ["2026-11-23T12:00:00Z"]])
def test_unreadable_dates_are_a_doubt_b16(value):
    assert period(NOON, validUntil=value) == (Outcome.UNDECIDED, "no-dates")


def test_the_dates_of_a_token_count_as_well():
    payload = sample_credential().to_document()
    header = {"alg": "EdDSA", "typ": "vc+jwt", "kid": METHOD}
    parts = [base64url_encode(to_json(part)) for part in (header, {**payload, "exp": int(NOON.timestamp())})]

    assert ask(checks.period, f"{'.'.join(parts)}.AA".encode(), at=NOON + DAY)["period"] == (
        Outcome.FAILED,
        "expired",
    )


def test_the_period_tells_its_dates():
    data = to_json(sample_credential(valid_until=NOON + DAY).to_document())

    (found,) = checks.period(materials(data), NOON)

    assert found.details == {"valid_from": "2026-11-23T12:00:00Z", "valid_until": "2026-11-24T12:00:00Z"}


@pytest.mark.parametrize("value", ["2026-11-23", "2026-02-30T12:00:00Z", "soon", ""])
def test_dates_that_cannot_be_read_are_left_to_the_long_way_b16(value):
    assert plain_period("2026-11-23T12:00:00Z", "2027-11-23T12:00:00Z", NOON) is not None
    assert plain_period(value, None, NOON) is None
    assert plain_period(None, value, NOON) is None


@pytest.mark.parametrize(
    ("at", "dates", "message"),
    [
        (NOON, {"validUntil": "2027-11-23T12:00:00Z"}, "It is valid until 2027-11-23T12:00:00Z."),
        (NOON, {}, "It has no end date."),
        (NOON - DAY, {}, "It is not valid before 2026-11-23T12:00:00Z."),
        (
            NOON + 400 * DAY,
            {"validUntil": "2027-11-23T12:00:00Z"},
            "It was valid until 2027-11-23T12:00:00Z.",
        ),
    ],
)
def test_the_sentence_names_the_date_that_counts(at, dates, message):
    document = {**sample_credential().to_document(), "validFrom": "2026-11-23T12:00:00Z", **dates}
    (found,) = checks.period(materials(to_json(document)), at)

    assert found.message == message
    assert list(found.details.values()) == ["2026-11-23T12:00:00Z", *dates.values()]
