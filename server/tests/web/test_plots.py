# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from cairn_server.web.plots import Series, bars, scale


@pytest.mark.parametrize(
    ("most", "steps"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (5, [0, 2, 4, 6]),
        (10, [0, 5, 10]),
        (37, [0, 10, 20, 30, 40]),
        (1_000_000, [0, 500_000, 1_000_000]),
    ],
)
def test_the_scale_ends_in_a_round_number_above(most, steps):
    assert scale(most) == steps


def test_a_bar_is_as_high_as_its_number():
    drawn = bars(["Jan", "Feb"], [Series("Awarded", (10, 5))], summary="15 awarded")

    first, second = (float(each) for each in re.findall(r'<rect[^>]*height="([\d.]+)"', drawn))
    assert first == pytest.approx(2 * second, abs=0.2)


def test_what_is_not_shown_has_no_bar():
    drawn = bars(["Jan"], [Series("Awarded", (3,)), Series("Claimed", (None,))], summary="3 awarded")

    assert drawn.count("<rect") == 1


def test_words_are_escaped_and_the_picture_has_a_sentence():
    drawn = bars(["<b>"], [Series("x", (1,))], summary='a "b"')

    assert "<b>" not in drawn
    assert 'role="img" aria-label="a &quot;b&quot;"' in drawn


def test_of_many_labels_there_are_as_many_as_there_is_room_for():
    drawn = bars([str(n) for n in range(60)], [Series("x", (1,) * 60)], summary="")

    assert drawn.count("plot__label") == 12
