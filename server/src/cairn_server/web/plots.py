# SPDX-License-Identifier: Apache-2.0
"""Plots as SVG, drawn on the server: bars in the colours of the page, and never without their table.

No script, no style attribute (the policy forbids it): looks come from classes (css/components/plot.css). The
drawing is decoration for eyes; screen readers get one sentence and the table beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.safestring import SafeString

WIDTH, HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 4, 12, 26
# What a bar is called in the style sheet, in the order of the series.
SHADES = ("a", "b", "c", "d")


@dataclass(frozen=True, slots=True)
class Series:
    """One number a label; None is a number that is not shown."""

    name: str
    values: tuple[int | None, ...]


def bars(labels: Sequence[str], series: Sequence[Series], *, summary: str) -> SafeString:
    """Grouped bars, one group a label, on a scale from nothing to the next round number."""
    most = max((value for each in series for value in each.values if value is not None), default=0)
    steps = scale(most)
    top = steps[-1] or 1
    inner, tall = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    group = inner / max(len(labels), 1)
    bar = max(2.0, min(28.0, group * 0.78 / max(len(series), 1)))

    def y(value: float) -> float:
        return _TOP + tall * (1 - value / top)

    lines = format_html_join(
        "",
        '<path class="plot__line" d="M{} {}H{}"/><text class="plot__number" x="{}" y="{}">{}</text>',
        ((_LEFT, f"{y(step):.1f}", WIDTH - _RIGHT, _LEFT - 6, f"{y(step) + 4:.1f}", step) for step in steps),
    )
    drawn = []
    for place in range(len(labels)):
        start = _LEFT + place * group + (group - bar * len(series)) / 2
        for shade, each in zip(SHADES, series, strict=False):
            value = each.values[place]
            if value:
                height = max(1.5, tall * value / top)
                x = start + SHADES.index(shade) * bar
                drawn.append((shade, f"{x:.1f}", f"{y(0) - height:.1f}", f"{bar - 1:.1f}", f"{height:.1f}"))
    shapes = format_html_join(
        "", '<rect class="plot__bar plot__bar--{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"/>', drawn
    )
    # Of many labels, as many as there is room for.
    each_nth = max(1, -(-len(labels) // 12))
    words = format_html_join(
        "",
        '<text class="plot__label" x="{}" y="{}">{}</text>',
        (
            (f"{_LEFT + (place + 0.5) * group:.1f}", HEIGHT - 8, label)
            for place, label in enumerate(labels)
            if place % each_nth == 0
        ),
    )
    return format_html(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        WIDTH,
        HEIGHT,
        summary,
        lines,
        shapes,
        words,
    )


def scale(most: int) -> list[int]:
    """Zero, the next round number above, and a few steps between that are whole numbers."""
    if most <= 4:
        return list(range(max(most, 1) + 1))
    unit = 1
    while True:
        for step in (1 * unit, 2 * unit, 5 * unit):
            if step * 4 >= most:
                return [step * number for number in range(-(-most // step) + 1)]
        unit *= 10
