# SPDX-License-Identifier: Apache-2.0
"""One grammar of moments (B16)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn.credential.moment import format_datetime, parse_datetime
from cairn.errors import MalformedError


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T10:00:00Z", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23T10:00:00+00:00", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23T10:00:00-00:00", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23T10:00:00.1234567Z", datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-23T10:00:00.5Z", datetime(2026, 11, 23, 10, 0, 0, 500000, tzinfo=UTC)),
        ("2026-11-23T10:00:00+14:00", datetime(2026, 11, 22, 20, tzinfo=UTC)),
        ("2026-11-23T10:00:00-05:30", datetime(2026, 11, 23, 15, 30, tzinfo=UTC)),
        ("2024-02-29T23:59:59Z", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_rfc_3339_with_a_zone_is_read(text, moment):
    assert parse_datetime(text) == moment
    assert parse_datetime(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T10:00:00",  # no zone (N20)
        "2024-W01-1",
        "2024-W01-1T10:00:00Z",
        "20240101T000000,5+00",
        "2026-11-23 10:00:00Z",
        "2026-11-23t10:00:00z",
        "2026-11-23T10:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T23:59:60Z",
        "2026-02-29T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z",
        "-2026-11-23T10:00:00Z",
        "2026-11-23T10:00:00+14:01",
        "2026-11-23T10:00:00+24:00",
        "2026-11-23T10:00:00+05:60",
        "2026-11-23T10:00:00+0500",
        "2026-11-23T10:00:00,5Z",
        "2026-11-23T10:00:00.Z",
        "2026-11-23T10:00:00Z\n",
        " 2026-11-23T10:00:00Z",
        "٢٠٢٦-11-23T10:00:00Z",
    ],
)
def test_anything_else_is_refused_b16(text):
    with pytest.raises(MalformedError) as refused:
        parse_datetime(text)

    assert refused.value.code == "date-time"


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
    )
)
def test_what_is_written_is_read_back(moment):
    assert parse_datetime(format_datetime(moment)) == moment


def test_a_moment_is_written_in_utc_and_whole_seconds_n23():
    berlin = timezone(timedelta(hours=1))

    assert format_datetime(datetime(2026, 11, 23, 11, 0, 0, 999999, tzinfo=berlin)) == "2026-11-23T10:00:00Z"


def test_a_moment_without_a_zone_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="zone"):
        format_datetime(datetime(2026, 11, 23))
