# SPDX-License-Identifier: Apache-2.0
"""The designer: shapes, letters, contrast, and what it refuses."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image
from server.tests.achievements.conftest import png

from cairn_server.achievements import pictures
from cairn_server.achievements.pictures import (
    ICONS,
    SHAPES,
    BadDesign,
    Design,
    contrast,
    rasterise,
    render,
)

HERE = Path(pictures.__file__).parent


# Colours


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),  # the grey that just fails, as every accessibility course knows
        ("#767676", "#ffffff", 4.54),
        ("#0000ff", "#ffffff", 8.59),
    ],
)
def test_contrast_is_the_ratio_of_wcag(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast(one, other) == contrast(other, one)


# The designer


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_draws_everything_inside_the_field(shape):
    svg = render({"shape": shape, "lines": ["Ceramics", "from clay to glaze", "Ostrołęka"], "ribbon": "2026"})

    with Image.open(io.BytesIO(rasterise(svg))) as picture:
        assert picture.size == (600, 600)
        corners = [picture.getpixel(at)[3] for at in ((0, 0), (599, 0), (0, 599), (599, 599))]
        assert corners == [0, 0, 0, 0]
        assert picture.getpixel((300, 200))[3] == 255


@pytest.mark.parametrize("icon", ICONS)
def test_every_icon_is_drawn_in_the_accent_colour(icon):
    svg = render({"icon": icon, "colour": "#000000", "accent": "#ffffff"})

    with Image.open(io.BytesIO(rasterise(svg))) as picture:
        middle = picture.crop((180, 180, 420, 420)).convert("L")
        assert sum(1 for value in middle.tobytes() if value > 250) > 500


def test_the_same_design_is_the_same_picture():
    design = {"shape": "hexagon", "lines": ["Data", "in Python"], "ribbon": "EQF 5"}

    assert render(design) == render(dict(reversed(design.items())))
    assert rasterise(render(design)) == rasterise(render(design))


def test_a_stored_design_gives_the_same_design_back():
    design = Design.read({"shape": "shield", "lines": [" First aid ", "", "at work"], "logo": True})

    assert Design.read(design.to_fields()) == design
    assert design.lines == ("First aid", "at work")


def test_text_that_looks_like_markup_is_text():
    svg = render({"lines": ["<script>&'\""]})

    texts = [node.text for node in etree.fromstring(svg).iter("{*}text")]
    assert texts == ["<script>&'\""]
    assert not list(etree.fromstring(svg).iter("{*}script"))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_line_that_could_not_be_read_any_more_is_refused(shape):
    with pytest.raises(BadDesign) as refusal:
        render({"shape": shape, "lines": ["W" * 40]})

    assert refusal.value.code == "design-text-wide"


@pytest.mark.parametrize("line", ["Restauratiewerkzaamheden", "W" * 16, "i"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_line_is_never_wider_than_its_shape(shape, line):
    svg = render({"shape": shape, "icon": "star", "lines": [line]})

    text = next(etree.fromstring(svg).iter("{*}text"))
    half = SHAPES[shape].half_width(float(text.get("y")))
    assert float(text.get("textLength")) <= 2 * half + 8


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"shape": "star"}, "design-shape"),
        ({"icon": "../../etc/passwd"}, "design-icon"),
        ({"icon": ""}, "design-empty"),
        ({"colour": "red"}, "design-colour"),
        ({"colour": "#12345"}, "design-colour"),
        ({"colour": "#777777", "accent": "#ffffff"}, "design-contrast"),
        ({"lines": ["1", "2", "3", "4"]}, "design-lines"),
        ({"lines": ["x" * 41]}, "design-text-long"),
        ({"ribbon": "x" * 25}, "design-text-long"),
        ({"lines": ["陶芸"]}, "design-letter"),
        ({"lines": ["a\u202eb"]}, "design-letter"),
        ({"ribbon": "a\x00"}, "design-letter"),
        ({"script": "1"}, "design-field"),
    ],
)
def test_what_cannot_be_drawn_is_refused(fields, code):
    with pytest.raises(BadDesign) as refusal:
        Design.read(fields)

    assert refusal.value.code == code


def test_the_logo_is_drawn_only_where_the_design_asks_for_it():
    logo = png((10, 10))

    assert "<image" in render({"logo": True}, logo_png=logo)
    assert "<image" not in render({"logo": False}, logo_png=logo)


@pytest.mark.parametrize("table", ["icons/ICONS.md", "fonts/README.md"])
def test_what_came_from_others_is_unchanged(table):
    """Every icon and typeface has the digest that is written beside it."""
    folder = (HERE / table).parent
    listed = dict(
        re.findall(r"^\| (\S+\.(?:svg|ttf)) .*`([0-9a-f]{64})` \|$", (HERE / table).read_text(), re.M)
    )

    found = {path.name: path for path in folder.iterdir() if path.suffix in (".svg", ".ttf")}
    assert listed.keys() == found.keys()
    for name, digest in listed.items():
        assert hashlib.sha256(found[name].read_bytes()).hexdigest() == digest
    if table.startswith("icons"):
        assert {path.stem for path in found.values()} == set(ICONS)
