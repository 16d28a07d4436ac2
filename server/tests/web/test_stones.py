# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
import re

import pytest
from lxml import etree

from cairn_server.web.stones import SHAPES, Stone, draw, outline


def test_the_same_states_give_the_same_drawing():
    assert draw([Stone.SOLID, Stone.OUTLINE], seed=2) == draw([Stone.SOLID, Stone.OUTLINE], seed=2)


@pytest.mark.parametrize("count", range(1, 13))
def test_every_stone_is_drawn_from_the_bottom_up_and_none_overlaps_the_next(count: int):
    root = etree.fromstring(draw([Stone.SOLID] * count))

    stones = root.findall("path")
    heights = [[float(y) for y in re.findall(r"[\d.-]+ ([\d.-]+)", each.get("d", ""))] for each in stones]
    assert len(stones) == count
    for below, above in itertools.pairwise(heights):
        assert max(above) < min(below)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_outline_stays_inside_its_box(shape):
    numbers = [float(each) for each in re.findall(r"-?[\d.]+", outline(10, 20, 60, 20, shape))]

    assert all(10 <= x <= 70 for x in numbers[0::2])
    assert all(20 <= y <= 40 for y in numbers[1::2])


def test_a_label_is_spoken_and_cannot_break_out_of_its_attribute():
    drawing = draw([Stone.TOP], label='"><script>')

    root = etree.fromstring(drawing)
    assert root.get("aria-label") == '"><script>'
    assert root.get("aria-hidden") is None


def test_a_drawing_without_a_label_is_decoration():
    assert 'aria-hidden="true"' in draw([Stone.SOLID])
