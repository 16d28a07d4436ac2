# SPDX-License-Identifier: Apache-2.0
"""Draw a cairn: a stack of stones, each one a step taken, under way or still to come.

Pure: the same states give the same drawing, so a page can be cached and a test can compare it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    from collections.abc import Sequence


class Stone(StrEnum):
    """How far one step has come; the value is also the end of its CSS class."""

    SOLID = "solid"
    OUTLINE = "outline"
    TOP = "top"


@dataclass(frozen=True, slots=True)
class Shape:
    """Where the outline touches its box: left and right by its height, top and bottom by its width."""

    left: float
    top: float
    right: float
    bottom: float
    width: float
    height: float
    lean: float


# Six pebbles found to look well on each other in any order; wider ones are not needed because the
# stack narrows by itself.
SHAPES = (
    Shape(0.60, 0.44, 0.52, 0.50, 1.00, 1.00, -0.03),
    Shape(0.48, 0.58, 0.62, 0.46, 0.96, 0.84, 0.05),
    Shape(0.58, 0.40, 0.50, 0.56, 1.03, 1.08, -0.06),
    Shape(0.52, 0.52, 0.60, 0.44, 0.94, 0.90, 0.04),
    Shape(0.62, 0.62, 0.54, 0.52, 1.00, 1.02, 0.01),
    Shape(0.50, 0.46, 0.64, 0.50, 0.97, 0.94, -0.04),
)

ROUNDNESS = 0.64  # 0.55 would be an ellipse; river stones are a little squarer
WIDEST = 100.0
NARROWEST = 34.0
THICKNESS = 24.0
GAP = 1.6


def outline(x: float, y: float, width: float, height: float, shape: Shape) -> str:
    """One pebble as an SVG path: four points on the box, joined by four Bézier curves."""
    left = y + height * shape.left
    right = y + height * shape.right
    top = x + width * shape.top
    bottom = x + width * shape.bottom
    end, floor = x + width, y + height
    k = ROUNDNESS

    def towards(start: float, stop: float) -> float:
        return start + (stop - start) * k

    curves = (
        (x, towards(left, y), towards(top, x), y, top, y),
        (towards(top, end), y, end, towards(right, y), end, right),
        (end, towards(right, floor), towards(bottom, end), floor, bottom, floor),
        (towards(bottom, x), floor, x, towards(left, floor), x, left),
    )
    segments = " ".join("C" + " ".join(f"{number:.1f}" for number in curve) for curve in curves)
    return f"M{x:.1f} {left:.1f} {segments}Z"


def draw(states: Sequence[Stone], *, label: str = "", seed: int = 0) -> SafeString:
    """The stack as SVG, first state at the bottom. Without a label it is decoration and stays unspoken."""
    count = len(states)
    stones = []
    floor = 0.0
    order = cycle(SHAPES[seed % len(SHAPES) :] + SHAPES[: seed % len(SHAPES)])
    for number, (state, shape) in enumerate(zip(states, order, strict=False)):
        share = number / (count - 1) if count > 1 else 0.35
        width = (WIDEST - (WIDEST - NARROWEST) * share) * shape.width
        height = THICKNESS * shape.height * (1 - 0.28 * share)
        x = 60 - width / 2 + shape.lean * width
        floor -= height
        stones.append((state.value, number % 3, outline(x, floor, width, height, shape)))
        floor -= GAP
    paths = format_html_join("", '<path class="stone stone--{} stone--tone-{}" d="{}"/>', stones)
    spoken = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="cairn" viewBox="0 {} 120 {}" {} focusable="false">{}</svg>',
        f"{floor - 2:.1f}",
        f"{4 - floor:.1f}",
        spoken,
        paths,
    )
