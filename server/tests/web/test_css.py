# SPDX-License-Identifier: Apache-2.0
"""The style sheets: small, made of tokens, readable in light and dark, and at home in both directions."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

import cairn_server.web

CSS = Path(cairn_server.web.__file__).parent / "static" / "css"
FILES = sorted(CSS.rglob("*.css"))
TOKENS = (CSS / "tokens.css").read_text()

PHYSICAL = re.compile(
    r"(?:^|[\s;{])(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom"
    r"|(?:min-|max-)?(?:width|height))\s*:"
    r"|(?:text-align|float|clear):\s*(?:left|right)",
    re.M,
)


def rules(path: Path) -> str:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    return re.sub(r"@media[^{]*", "@media ", text)


def test_there_is_little_of_it():
    assert len(FILES) <= 20
    assert sum(len(path.read_text().splitlines()) for path in FILES) <= 1_500


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_colours_are_named_once(path):
    if path.name != "tokens.css":
        text = rules(path).replace("oklch(var(--cast)", "")
        assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(|oklch\(", text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sides_are_logical_so_that_a_page_can_run_from_right_to_left(path):
    assert not PHYSICAL.findall(rules(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_rule_lies_in_a_layer(path):
    if path.name != "fonts.css":
        assert "@layer" in path.read_text()


def test_every_token_that_is_used_is_defined():
    text = "\n".join(path.read_text() for path in FILES)
    used = set(re.findall(r"var\((--[\w-]+)\)", text))
    defined = set(re.findall(r"(--[\w-]+)\s*:", text))

    assert used <= defined


# Contrast, computed from the tokens themselves (WCAG 2.2, 1.4.3 and 1.4.11)


def palette(text: str) -> dict[str, tuple[float, float, float]]:
    found = re.findall(r"--([\w-]+):\s*([\d.]+) ([\d.]+) ([\d.]+);", text)
    return {name: (float(a), float(b), float(c)) for name, a, b, c in found}


def luminance(colour: tuple[float, float, float]) -> float:
    """OKLCH to linear sRGB (CSS Color 4, section 10), then relative luminance."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    clipped = [min(max(each, 0), 1) for each in (red, green, blue)]
    return 0.2126 * clipped[0] + 0.7152 * clipped[1] + 0.0722 * clipped[2]


def contrast(one, other) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


LIGHT = palette(TOKENS.partition("@media")[0])
DARK = LIGHT | palette(TOKENS.partition("@media")[2])
GROUNDS = ("paper", "paper-raised", "paper-sunken")
TEXT = [
    *((ink, ground) for ink in ("ink", "ink-soft", "lake", "lake-deep") for ground in GROUNDS),
    *((state, ground) for state in ("moss", "ochre", "rust") for ground in ("paper", f"{state}-wash")),
    *(("ink-soft", f"{state}-wash") for state in ("moss", "ochre", "rust")),
    *(("lake", f"{state}-wash") for state in ("moss", "ochre", "rust", "lake")),
    *(("paper", fill) for fill in ("lake", "lake-deep", "moss", "ochre", "rust")),
]
GRAPHICS = [("stone-4", ground) for ground in GROUNDS]


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(scheme, ink, ground):
    assert contrast(scheme[ink], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("line", "ground"), GRAPHICS)
def test_controls_can_be_seen(scheme, line, ground):
    assert contrast(scheme[line], scheme[ground]) >= 3


def test_the_formula_agrees_with_black_on_white():
    assert contrast((1, 0, 0), (0, 0, 0)) == pytest.approx(21, abs=0.01)
