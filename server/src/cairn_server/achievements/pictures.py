# SPDX-License-Identifier: Apache-2.0
"""How an achievement looks: a designer whose pictures are always the same.

It is structured, not a canvas: a shape, two colours whose contrast is computed, an icon, up to three lines
of text, a ribbon, a logo. The same ``Design`` always gives the same SVG, and the same PNG on any machine,
because the typefaces come with us.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from math import cos, pi, sin
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from lxml import etree
from PIL import ImageFont

from cairn_server.achievements.sandbox import SIZE, rasterise
from cairn_server.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from django.utils.functional import _StrPromise

__all__ = ["ICONS", "SHAPES", "Design", "contrast", "rasterise", "render"]

HERE = Path(__file__).parent
SVG = "http://www.w3.org/2000/svg"
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3: text of any size
MAX_LINE = 40
MAX_RIBBON = 24


class BadDesign(Refusal):
    """The designer was told something it cannot draw."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, status=400)


# Colours


def _luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2, definition of relative luminance)."""

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


# Shapes


@dataclass(frozen=True, slots=True)
class Shape:
    """An outline on a 600 × 600 field, and how much room it leaves for text."""

    label: _StrPromise
    path: str
    half_width: Callable[[float], float]  # at a height, from the centre to where text must end
    top: float
    bottom: float
    rounding: float = 0  # corners are rounded by a stroke of the shape's own colour


def _closed(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _polar(radius: Callable[[float], float], steps: int = 180) -> str:
    angles = [2 * pi * step / steps for step in range(steps)]
    return _closed((300 + radius(a) * cos(a), 300 + radius(a) * sin(a)) for a in angles)


def _polygon(corners: int, radius: float, turn: float) -> str:
    angles = [turn + 2 * pi * corner / corners for corner in range(corners)]
    return _closed((300 + radius * cos(a), 300 + radius * sin(a)) for a in angles)


def _round(radius: float) -> Callable[[float], float]:
    return lambda y: max(0.0, radius**2 - (y - 300) ** 2) ** 0.5


def _stone_radius(angle: float) -> float:
    # A superellipse, worn a little unevenly, as rivers do.
    x, y, power = abs(cos(angle)) / 286, abs(sin(angle)) / 262, 2.5
    return float(
        (x**power + y**power) ** (-1 / power) * (1 + 0.014 * sin(2 * angle + 0.7) + 0.01 * sin(3 * angle))
    )


SHAPES: Mapping[str, Shape] = {
    "stone": Shape(
        gettext_lazy("Stone"),
        _polar(_stone_radius),
        lambda y: 252 * max(0.0, 1 - abs((y - 300) / 250) ** 2.5) ** 0.4,
        top=84,
        bottom=520,
    ),
    "circle": Shape(gettext_lazy("Circle"), _polar(lambda _: 284), _round(250), top=84, bottom=520),
    "hexagon": Shape(
        gettext_lazy("Hexagon"),
        _polygon(6, 272, pi / 6),
        lambda y: 214 if abs(y - 300) < 140 else max(0.0, 214 - (abs(y - 300) - 140) * 1.7),
        top=96,
        bottom=506,
        rounding=30,
    ),
    "shield": Shape(
        gettext_lazy("Shield"),
        "M300 24C366 62 446 76 530 78C536 300 498 466 300 574C102 466 64 300 70 78C154 76 234 62 300 24Z",
        lambda y: 208 if y < 280 else 208 * max(0.0, 1 - ((y - 280) / 280) ** 1.9),
        top=104,
        bottom=494,
        rounding=12,
    ),
    "rosette": Shape(
        gettext_lazy("Rosette"),
        _polar(lambda angle: 272 + 13 * cos(18 * angle), steps=540),
        _round(226),
        top=100,
        bottom=504,
    ),
    "square": Shape(
        gettext_lazy("Square"),
        "M122 38H478A84 84 0 0 1 562 122V478A84 84 0 0 1 478 562"
        "H122A84 84 0 0 1 38 478V122A84 84 0 0 1 122 38Z",
        lambda _: 216,
        top=84,
        bottom=516,
    ),
    "octagon": Shape(
        gettext_lazy("Octagon"),
        _polygon(8, 276, pi / 8),
        lambda y: 232 if abs(y - 300) < 104 else max(0.0, 232 - (abs(y - 300) - 104)),
        top=84,
        bottom=516,
        rounding=24,
    ),
}

# Icons


ICONS: Mapping[str, _StrPromise] = {
    "award": gettext_lazy("Award"),
    "book-open": gettext_lazy("Open book"),
    "brain": gettext_lazy("Brain"),
    "brush": gettext_lazy("Brush"),
    "calculator": gettext_lazy("Calculator"),
    "camera": gettext_lazy("Camera"),
    "chart-no-axes-column": gettext_lazy("Chart"),
    "code": gettext_lazy("Code"),
    "compass": gettext_lazy("Compass"),
    "cpu": gettext_lazy("Processor"),
    "database": gettext_lazy("Database"),
    "flame": gettext_lazy("Flame"),
    "flask-conical": gettext_lazy("Flask"),
    "globe": gettext_lazy("Globe"),
    "graduation-cap": gettext_lazy("Graduation cap"),
    "hammer": gettext_lazy("Hammer"),
    "handshake": gettext_lazy("Handshake"),
    "heart-pulse": gettext_lazy("Heart"),
    "languages": gettext_lazy("Languages"),
    "leaf": gettext_lazy("Leaf"),
    "lightbulb": gettext_lazy("Light bulb"),
    "map": gettext_lazy("Map"),
    "medal": gettext_lazy("Medal"),
    "mic": gettext_lazy("Microphone"),
    "microscope": gettext_lazy("Microscope"),
    "mountain": gettext_lazy("Mountain"),
    "music": gettext_lazy("Music"),
    "palette": gettext_lazy("Palette"),
    "pen-tool": gettext_lazy("Pen"),
    "rocket": gettext_lazy("Rocket"),
    "scale": gettext_lazy("Scales"),
    "shield-check": gettext_lazy("Shield with a tick"),
    "sprout": gettext_lazy("Sprout"),
    "star": gettext_lazy("Star"),
    "stethoscope": gettext_lazy("Stethoscope"),
    "telescope": gettext_lazy("Telescope"),
    "theater": gettext_lazy("Theatre"),
    "trophy": gettext_lazy("Trophy"),
    "users": gettext_lazy("People"),
    "wrench": gettext_lazy("Wrench"),
}


@lru_cache(maxsize=len(ICONS))
def _icon(name: str) -> str:
    """The drawing inside one Lucide file (24 × 24, strokes only)."""
    tree = etree.fromstring((HERE / "icons" / f"{name}.svg").read_bytes())
    return "".join(
        f"<{etree.QName(node).localname}"
        + "".join(f' {key}="{escape(str(value))}"' for key, value in node.attrib.items())
        + "/>"
        for node in tree
    )


# The designer


@dataclass(frozen=True, slots=True)
class Design:
    """What the designer is told. ``read`` takes it from a form or a column and refuses the undrawable."""

    shape: str = "stone"
    colour: str = "#1f4e5f"
    accent: str = "#f4efe4"
    icon: str = "award"
    lines: tuple[str, ...] = field(default=())
    ribbon: str = ""
    logo: bool = False

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Design:
        unknown = set(fields) - {"shape", "colour", "accent", "icon", "lines", "ribbon", "logo"}
        if unknown:
            raise BadDesign(
                "design-field", _("The designer does not know “{name}”.").format(name=min(unknown))
            )
        usual = cls()
        design = cls(
            shape=fields.get("shape", usual.shape),
            colour=str(fields.get("colour", usual.colour)).lower(),
            accent=str(fields.get("accent", usual.accent)).lower(),
            icon=fields.get("icon", usual.icon) or "",
            lines=tuple(line for line in (str(line).strip() for line in fields.get("lines", ())) if line),
            ribbon=str(fields.get("ribbon", "")).strip(),
            logo=fields.get("logo") is True,
        )
        if design.shape not in SHAPES:
            raise BadDesign("design-shape", _("Choose one of the shapes."))
        if design.icon and design.icon not in ICONS:
            raise BadDesign("design-icon", _("Choose one of the icons, or none."))
        if not (design.icon or design.lines or design.logo):
            raise BadDesign("design-empty", _("Choose an icon, write a line, or add the logo."))
        for colour in (design.colour, design.accent):
            if not re.fullmatch(r"#[0-9a-f]{6}", colour):
                raise BadDesign("design-colour", _("Write a colour like #1f4e5f."))
        ratio = contrast(design.colour, design.accent)
        if ratio < LEAST_CONTRAST:
            raise BadDesign(
                "design-contrast",
                _(
                    "The two colours have a contrast of {ratio}; at least 4.5 is needed to read the text."
                ).format(ratio=f"{ratio:.1f}"),
            )
        if len(design.lines) > 3:
            raise BadDesign("design-lines", _("A picture has room for three lines."))
        for text, longest in [*((line, MAX_LINE) for line in design.lines), (design.ribbon, MAX_RIBBON)]:
            _check_text(text, longest)
        return design

    def to_fields(self) -> dict[str, Any]:
        """What is stored; ``read`` gives the same design back."""
        return {
            "shape": self.shape,
            "colour": self.colour,
            "accent": self.accent,
            "icon": self.icon,
            "lines": list(self.lines),
            "ribbon": self.ribbon,
            "logo": self.logo,
        }


def _check_text(text: str, longest: int) -> None:
    if len(text) > longest:
        raise BadDesign(
            "design-text-long",
            _("“{text}” is too long for the picture: at most {longest} characters.").format(
                text=text[:longest] + "…", longest=longest
            ),
        )
    for letter in text:
        if not _drawable(letter):
            raise BadDesign(
                "design-letter",
                _(
                    "The typeface of the pictures has no “{letter}”. "
                    "Leave it out of the picture; names and texts may have it."
                ).format(letter=letter if letter.isprintable() else f"U+{ord(letter):04X}"),
            )


@lru_cache(maxsize=2)
def _typeface(name: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(HERE / "fonts" / name, 100, layout_engine=ImageFont.Layout.BASIC)


_SERIF, _SANS = "SourceSerif4_600SemiBold.ttf", "SourceSans3_600SemiBold.ttf"


@lru_cache(maxsize=2_000)
def _drawable(letter: str) -> bool:
    """Whether the typeface has this letter: a box instead of a letter is not a picture of a name."""
    if letter == " ":
        return True
    if not letter.isprintable():
        return False
    missing = bytes(_typeface(_SANS).getmask("\uffff"))
    return bytes(_typeface(_SANS).getmask(letter)) != missing


def _width(text: str, typeface: str, size: float) -> float:
    return _typeface(typeface).getlength(text) * size / 100


@dataclass(slots=True)
class _Line:
    text: str
    typeface: str
    size: float
    top: float = 0

    @property
    def width(self) -> float:
        return _width(self.text, self.typeface, self.size)


def render(design: Design | Mapping[str, Any], *, logo_png: bytes | None = None) -> str:
    """The picture as SVG, the same for the same design.

    Text is set with ``textLength``, measured with the bundled typefaces, so that it keeps its place where a
    viewer of the SVG has other ones.
    """
    design = design if isinstance(design, Design) else Design.read(design)
    shape = SHAPES[design.shape]
    logo = logo_png if design.logo else None
    bottom = min(shape.bottom, 432) if design.ribbon else shape.bottom

    sizes = (66,) if len(design.lines) == 1 else (54, 36, 36)
    lines = [
        _Line(text, _SERIF if place == 0 else _SANS, sizes[place]) for place, text in enumerate(design.lines)
    ]
    icon = 0.0 if not design.icon else 270.0 if not (lines or logo) else 190.0 if len(lines) < 2 else 156.0
    badge = 0.0 if not logo else 96.0 if icon or lines else 240.0
    for _again in range(5):  # sizes depend on heights and heights on sizes; a few rounds settle it
        icon, badge = _stacked(shape, lines, icon, badge, bottom=bottom)

    parts = [
        f'<svg xmlns="{SVG}" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}">',
        f'<defs><clipPath id="shape"><path d="{shape.path}"/></clipPath></defs>',
        f'<path d="{shape.path}" fill="{design.colour}" stroke="{design.colour}" '
        f'stroke-width="{shape.rounding:g}" stroke-linejoin="round"/>',
        # Contour lines, as on a walker's map: quiet, and the same hand on every picture.
        f'<g clip-path="url(#shape)"><g fill="none" stroke="{design.accent}" stroke-width="2" opacity="0.13" '
        'transform="rotate(-18 300 300)">'
        + "".join(
            f'<ellipse cx="{430 - 7 * ring}" cy="{560 - 5 * ring}" rx="{58 * ring}" ry="{40 * ring}"/>'
            for ring in range(1, 12)
        )
        + "</g></g>",
        # A hairline just inside the edge.
        f'<path d="{shape.path}" transform="translate(300 300) scale(0.93) translate(-300 -300)" fill="none" '
        f'stroke="{design.accent}" stroke-width="3" stroke-linejoin="round" opacity="0.6"/>',
    ]
    height = _height(lines, icon, badge)
    y = shape.top + (bottom - shape.top - height) / 2
    if logo:
        parts.append(_logo(logo, y, badge))
        y += badge + _GAP
    if icon:
        scale = icon / 24
        parts.append(
            f'<g transform="translate({300 - icon / 2:.1f} {y:.1f}) scale({scale:.3f})" fill="none" '
            f'stroke="{design.accent}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">'
            f"{_icon(design.icon)}</g>"
        )
        y += icon + _GAP
    parts += [_text(line, design.accent) for line in lines]
    if design.ribbon:
        parts.append(_ribbon(design))
    return "".join(parts) + "</svg>"


_GAP = 20.0
_LEADING = 1.16


def _height(lines: list[_Line], icon: float, badge: float) -> float:
    blocks = [badge, icon, sum(line.size * _LEADING for line in lines)]
    return sum(blocks) + _GAP * (sum(1 for block in blocks if block) - 1)


def _stacked(
    shape: Shape, lines: list[_Line], icon: float, badge: float, *, bottom: float
) -> tuple[float, float]:
    """One round of fitting: shrink what is too tall or too wide, then say where each line stands."""
    room = bottom - shape.top
    over = _height(lines, icon, badge) - room
    if over > 0 and icon:
        icon = max(72.0, icon - over)
        over = _height(lines, icon, badge) - room
    if over > 0:
        for line in lines:
            line.size *= room / (room + over)
    y = shape.top + (room - _height(lines, icon, badge)) / 2
    y += sum(block + _GAP for block in (badge, icon) if block)
    for line in lines:
        line.top = y
        y += line.size * _LEADING
        # The narrower of the line's two edges decides.
        widest = 2 * min(shape.half_width(line.top), shape.half_width(y))
        if line.width > widest:
            line.size *= max(widest, 40) / line.width
        if line.size < 15:
            raise BadDesign(
                "design-text-wide", _("“{text}” does not fit into this shape.").format(text=line.text)
            )
    return icon, badge


def _text(line: _Line, colour: str, *, middle: float = 300, baseline: float | None = None) -> str:
    family = (
        "Source Serif 4', Georgia, serif" if line.typeface == _SERIF else "Source Sans 3', Arial, sans-serif"
    )
    y = line.top + line.size * 0.9 if baseline is None else baseline
    return (
        f'<text x="{middle:g}" y="{y:.1f}" text-anchor="middle" font-family="\'{family}" font-weight="600" '
        f'font-size="{line.size:.1f}" fill="{colour}" textLength="{line.width:.1f}" '
        f'lengthAdjust="spacingAndGlyphs">{escape(line.text)}</text>'
    )


def _ribbon(design: Design) -> str:
    """A band across the lower part, with two tails behind it."""
    line = _Line(design.ribbon, _SANS, 34)
    line.size = min(34, 34 * 420 / line.width)
    tail = (
        f'<path d="M{{0}} 468H{{1}}L{{2}} 505L{{1}} 542H{{0}}Z" fill="{design.accent}" '
        f'stroke="{design.colour}" stroke-width="5" stroke-linejoin="round"/>'
    )
    return (
        tail.format(120, 14, 44)
        + tail.format(480, 586, 556)
        + f'<rect x="62" y="450" width="476" height="74" rx="4" fill="{design.accent}" '
        f'stroke="{design.colour}" stroke-width="5"/>'
        + _text(line, design.colour, baseline=487 + line.size * 0.34)
    )


def _logo(png: bytes, top: float, size: float) -> str:
    """The organisation's logo on a white disc: a logo is drawn for white."""
    middle, radius = top + size / 2, size / 2
    inner = size * 0.66
    data = base64.b64encode(png).decode()
    return (
        f'<circle cx="300" cy="{middle:.1f}" r="{radius:.1f}" fill="#ffffff"/>'
        f'<image x="{300 - inner / 2:.1f}" y="{middle - inner / 2:.1f}" '
        f'width="{inner:.1f}" height="{inner:.1f}" href="data:image/png;base64,{data}"/>'
    )
