# SPDX-License-Identifier: Apache-2.0
"""The door for pictures from outside (B107 B109 B111 B112 B113 B119)."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from lxml import etree
from PIL import Image, PngImagePlugin
from server.tests.achievements.conftest import png

from cairn_server.achievements import uploads
from cairn_server.achievements.pictures import SVG
from cairn_server.achievements.uploads import NotAPicture, accept_upload, sanitise_svg

# A PNG from outside


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(png: bytes) -> list[bytes]:
    kinds, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kinds.append(png[at + 4 : at + 8])
        at += 12 + length
    return kinds


def test_b107_a_picture_of_3600_million_pixels_in_few_bytes_is_refused():
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(b"\0"))
        + _chunk(b"IEND", b"")
    )

    with pytest.raises(NotAPicture):
        accept_upload(bomb)


def test_b111_what_a_camera_wrote_into_the_picture_is_gone():
    exif = Image.Exif()
    exif[0x010F] = "SECRET CAMERA"
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "SECRET PLACE")
    upload = png((300, 300), exif=exif, pnginfo=info)
    assert b"SECRET" in upload

    accepted = accept_upload(upload)

    assert b"SECRET" not in accepted
    assert set(_chunks(accepted)) == {b"IHDR", b"IDAT", b"IEND"}


def test_b109_what_hides_behind_the_picture_is_gone():
    accepted = accept_upload(png((300, 300)) + b"<html><script>alert(1)</script>")

    assert b"script" not in accepted


def test_b119_a_badge_inside_an_uploaded_picture_is_gone():
    info = PngImagePlugin.PngInfo()
    info.add_itxt("openbadgecredential", "{}")

    assert b"openbadgecredential" not in accept_upload(png((300, 300), pnginfo=info))


@pytest.mark.parametrize(
    "upload",
    [
        b"",
        b"GIF89a\x01\x00\x01\x00",
        b"\xff\xd8\xff\xe0JFIF",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        png((300, 300))[:200],
        b"\x89PNG\r\n\x1a\n" + b"\0" * (5 * 1024 * 1024),
        b"<html></html>",
        b"<svg",
    ],
)
def test_what_is_no_whole_png_or_svg_is_refused(upload):
    with pytest.raises(NotAPicture):
        accept_upload(upload)


# An SVG from outside


def _svg(inside: str, attributes: str = 'viewBox="0 0 10 10"') -> bytes:
    names = f'xmlns="{SVG}" xmlns:xlink="{uploads.XLINK}"'
    return f"<svg {names} {attributes}>{inside}</svg>".encode()


PNG_DATA = "data:image/png;base64,iVBORw0KGgo="


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<rect onload="alert(1)"/>',
        '<rect ONCLICK="alert(1)"/>',
        '<a href="javascript:alert(1)"><rect/></a>',
        '<use href="javascript:alert(1)"/>',
        '<use href="https://evil.example/x.svg#a"/>',
        '<use xlink:href="other.svg#a"/>',
        '<image href="file:///etc/passwd"/>',
        '<image href="http://127.0.0.1/x.png"/>',
        '<image href="data:image/svg+xml;base64,PHN2Zy8+"/>',
        '<image href="data:image/png;base64,PHN2Zy8+"/>',
        '<image href="data:image/png;base64,A"/>',
        '<image href="data:image/png;base64,AAAAA"/>',
        "<foreignObject><p>x</p></foreignObject>",
        '<g><p xmlns="http://www.w3.org/1999/xhtml">x</p></g>',
        '<rect><animate attributeName="href" to="javascript:alert(1)"/></rect>',
        '<set attributeName="onload" to="x"/>',
        "<style>@import url(https://evil.example/x.css);</style>",
        "<style>rect { fill: url(https://evil.example/x) }</style>",
        "<style>rect { fill: u\\72l(https://evil.example/x) }</style>",
        '<rect style="fill:url(https://evil.example/x)"/>',
        '<rect fill="url(//evil.example/x)"/>',
        '<filter id="f"><feImage href="http://127.0.0.1/"/><script/></filter>',
        '<iframe src="https://evil.example"/>',
        '<use id="a" href="#a"/>',
        '<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>',
    ],
)
def test_b112_an_svg_that_acts_or_reaches_out_is_refused(inside):
    with pytest.raises(NotAPicture):
        sanitise_svg(_svg(inside))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
    ],
)
def test_b112_document_types_and_entities_are_refused(doctype):
    with pytest.raises(NotAPicture):
        sanitise_svg(doctype.encode() + _svg("<text>&b;</text>" if "&a;" in doctype else "<rect/>"))


def test_b112_what_does_not_draw_is_left_out():
    clean = sanitise_svg(
        _svg(
            "<!-- made by --><metadata>me</metadata><filter id='f'><feTurbulence numOctaves='9999'/></filter>"
            '<rect width="9" height="9" filter="url(#f)" data-x="1"/>'
        )
    )

    assert '<rect width="9" height="9"/>' in clean
    for word in ("made by", "metadata", "filter", "data-x"):
        assert word not in clean


def test_an_ordinary_drawing_stays_what_it_is():
    drawing = (
        "<defs><linearGradient id='g'><stop offset='0' stop-color='#123456'/></linearGradient>"
        "<style>.a{fill:url(#g)}</style></defs><g transform='rotate(5)'><path class='a' d='M0 0h9v9z'/></g>"
        "<use href='#g'/><text x='1' y='5'>one <tspan>two</tspan> three</text>"
    )

    clean = etree.fromstring(sanitise_svg(_svg(drawing)))

    assert clean.find(".//{*}style").text == ".a{fill:url(#g)}"
    assert clean.find(".//{*}path").get("d") == "M0 0h9v9z"
    assert "".join(clean.find("{*}text").itertext()) == "one two three"


@pytest.mark.parametrize(
    ("attributes", "fine"),
    [
        ('viewBox="0 0 10 10"', True),
        ('width="300" height="200px"', True),
        ("", False),
        ('width="100%" height="100%"', False),
        ('viewBox="0 0 0 10"', False),
        ('viewBox="0 0 1000 10"', False),
        ('viewBox="0 0 1e9 1e9"', False),
    ],
)
def test_a_picture_has_a_sane_size(attributes, fine):
    if fine:
        assert "viewBox" in sanitise_svg(_svg("<rect/>", attributes))
    else:
        with pytest.raises(NotAPicture):
            sanitise_svg(_svg("<rect/>", attributes))


def test_b112_a_few_lines_that_draw_a_billion_things_are_refused():
    """Nested <use> elements multiply: ten levels of ten are ten thousand million."""
    levels = '<g id="l0"><rect/></g>' + "".join(
        f'<g id="l{level}">' + f'<use href="#l{level - 1}"/>' * 10 + "</g>" for level in range(1, 11)
    )

    with pytest.raises(NotAPicture) as refusal:
        sanitise_svg(_svg(levels))

    assert refusal.value.code == "limit-count"


@pytest.mark.parametrize(
    "upload",
    [
        _svg("<rect/>" * 5_001),
        _svg(f"<text>{'x' * 600_000}</text>"),
    ],
)
def test_an_svg_has_limits(upload):
    with pytest.raises(NotAPicture) as refusal:
        sanitise_svg(upload)

    assert refusal.value.code.startswith("limit-")


def test_b113_nothing_is_fetched_and_nothing_is_read_while_drawing(tmp_path):
    """Even past the sanitiser, the renderer asks nobody: the second fence, tried on its own."""
    asked = []

    class Trap(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Trap)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    secret = tmp_path / "secret.png"
    secret.write_bytes(png((10, 10)))
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        hostile = _svg(
            f'<image width="10" height="10" href="{address}/x.png"/><use href="{address}/y.svg#a"/>'
        )
        drawn = uploads._in_sandbox("svg", hostile)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert asked == []
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.getextrema() == ((0, 0), (0, 0), (0, 0), (0, 0))


def test_b113_a_drawing_that_takes_too_long_is_given_up():
    """Thousands of masks over the whole field, each within every limit: only the clock ends it."""
    mask = '<mask id="m"><rect width="10" height="10" fill="#fff"/></mask>'
    slow = _svg(mask + '<g opacity="0.9" mask="url(#m)"><rect width="10" height="10"/></g>' * 2_400)
    sanitise_svg(slow)

    with pytest.raises(NotAPicture):
        accept_upload(slow)


def test_an_accepted_svg_is_shown_as_pixels():
    accepted = accept_upload(b"\xef\xbb\xbf" + _svg('<rect width="10" height="10" fill="#008080"/>'))

    with Image.open(io.BytesIO(accepted)) as picture:
        assert picture.format == "PNG"
        assert picture.getpixel((300, 300)) == (0, 128, 128, 255)
