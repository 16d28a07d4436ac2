# SPDX-License-Identifier: Apache-2.0
"""The careful door for pictures from outside.

An uploaded SVG or PNG is never shown. It is checked, drawn or decoded in a process of its own (sandbox.py),
and the pixels that come out are what everybody sees (B107 B109 B111 B112 B113 B119).
"""

from __future__ import annotations

import base64
import re
import subprocess
import sys

from django.utils.translation import gettext as _
from lxml import etree

from cairn_server.achievements.pictures import SVG
from cairn_server.errors import Refusal

MAX_SVG = 512 * 1024
MAX_PNG = 5 * 1024 * 1024
MAX_NODES = 5_000
MAX_DRAWN = 20_000  # nodes after every <use> and every url(#…) has been followed
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
XLINK = "http://www.w3.org/1999/xlink"

_ELEMENTS = frozenset({
    "svg", "g", "defs", "title", "desc", "style", "path", "rect", "circle", "ellipse", "line",
    "polyline", "polygon", "text", "tspan", "linearGradient", "radialGradient", "stop", "clipPath",
    "mask", "pattern", "symbol", "use", "image",
})  # fmt: skip
# Elements that do something, rather than draw something: their presence says what the file is for.
_HOSTILE = frozenset({
    "script", "foreignObject", "animate", "animateMotion", "animateTransform", "animateColor", "set",
    "iframe", "embed", "object", "handler", "listener", "audio", "video", "canvas", "a", "discard",
})  # fmt: skip
_ATTRIBUTES = frozenset({
    "id", "class", "d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "fr",
    "width", "height", "viewBox", "preserveAspectRatio", "points", "transform", "fill", "fill-rule",
    "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap", "stroke-linejoin",
    "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "opacity", "color", "display",
    "visibility", "style", "offset", "stop-color", "stop-opacity", "gradientUnits", "gradientTransform",
    "spreadMethod", "clip-path", "clip-rule", "clipPathUnits", "mask", "maskUnits", "maskContentUnits",
    "patternUnits", "patternContentUnits", "patternTransform", "font-family", "font-size",
    "font-weight", "font-style", "text-anchor", "letter-spacing", "word-spacing", "dx", "dy", "rotate",
    "textLength", "lengthAdjust", "dominant-baseline", "baseline-shift", "paint-order", "vector-effect",
    "href", "version",
})  # fmt: skip
# What CSS can reach with: other files, other rules, and escapes that hide either.
_CSS_REACHES_OUT = re.compile(r"@|\\|expression|javascript|url\s*\((?!\s*['\"]?#)", re.IGNORECASE)
_LOCAL_URL = re.compile(r"url\s*\(\s*['\"]?#([^'\")\s]+)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?")


class NotAPicture(Refusal):
    """An upload that we will not draw, and why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, status=400)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)


def sanitise_svg(upload: bytes) -> str:
    """A stranger's SVG reduced to drawing, or a refusal that names what was found in it (B112).

    Things that act (scripts, events, animation, links, embedded documents, entities, outside references) are
    refused, since a badge has no use for them; things that merely do not draw (editors' notes, metadata,
    comments, filters) are left out.
    """
    if len(upload) > MAX_SVG:
        raise NotAPicture("limit-size", _("An SVG may have 512 kB at most."))
    try:
        root = etree.fromstring(upload, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotAPicture("svg-xml", _("This SVG cannot be read as XML.")) from error
    if root.getroottree().docinfo.doctype:
        raise NotAPicture("svg-doctype", _("This SVG has a document type or entities. Save it without them."))
    if etree.QName(root).namespace != SVG or etree.QName(root).localname != "svg":
        raise NotAPicture("svg-root", _("This file is not an SVG picture."))
    if sum(1 for _node in root.iter()) > MAX_NODES:
        raise NotAPicture("limit-count", _("This SVG has more than 5,000 parts. Upload it as a PNG."))
    clean = _clean(root)
    _check_size(clean)
    _check_drawn(clean)
    return etree.tostring(clean, encoding="unicode")


def _refuse(found: str) -> NotAPicture:
    return NotAPicture(
        "svg-active",
        _("This SVG has {found}, which a picture does not need. Save it as a plain SVG or a PNG.").format(
            found=found
        ),
    )


def _clean(node: etree._Element) -> etree._Element:
    name = etree.QName(node).localname
    kept = etree.Element(f"{{{SVG}}}{name}", nsmap={None: SVG} if name == "svg" else None)
    for key, value in node.attrib.items():
        _keep_attribute(kept, str(key), str(value))
    if name == "style" and _CSS_REACHES_OUT.search(node.text or ""):
        raise _refuse(_("a style that reaches out of the file"))
    kept.text = node.text
    for child in node:
        if not isinstance(child.tag, str):
            if isinstance(child, etree._Entity):
                raise NotAPicture(
                    "svg-doctype", _("This SVG has a document type or entities. Save it without them.")
                )
            _keep_tail(kept, child.tail)  # comments and processing instructions draw nothing
            continue
        qualified = etree.QName(child)
        if qualified.localname in _HOSTILE or qualified.namespace == "http://www.w3.org/1999/xhtml":
            raise _refuse(f"<{qualified.localname}>")
        if qualified.namespace == SVG and qualified.localname in _ELEMENTS:
            below = _clean(child)
            below.tail = child.tail
            kept.append(below)
        else:
            for inside in child.iter():
                if isinstance(inside.tag, str) and etree.QName(inside).localname in _HOSTILE:
                    raise _refuse(f"<{etree.QName(inside).localname}>")
            _keep_tail(kept, child.tail)
    return kept


def _keep_tail(kept: etree._Element, tail: str | None) -> None:
    if not tail:
        return
    if len(kept):
        kept[-1].tail = (kept[-1].tail or "") + tail
    else:
        kept.text = (kept.text or "") + tail


def _keep_attribute(kept: etree._Element, key: str, value: str) -> None:
    qualified = etree.QName(key)
    name = qualified.localname
    if name.lower().startswith("on"):
        raise _refuse(f"“{name}”")
    if name == "href" and qualified.namespace in (None, XLINK):
        kept.set("href", _checked_reference(value))
        return
    if _CSS_REACHES_OUT.search(value) and name != "id":
        raise _refuse(_("a reference out of the file in “{name}”").format(name=name))
    if qualified.namespace is None and name in _ATTRIBUTES:
        kept.set(name, value)


def _checked_reference(value: str) -> str:
    """``#part`` of this file, or a small embedded PNG; anything else leads out of the file."""
    value = value.strip()
    if re.fullmatch(r"#[^\s#]+", value):
        return value
    found = re.fullmatch(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)", value)
    try:
        embedded = base64.b64decode(found[1], validate=False) if found else b""
    except ValueError:  # letters of base64, but no whole number of bytes
        embedded = b""
    if embedded.startswith(PNG_SIGNATURE):
        return value
    raise _refuse(_("a link to another file"))


def _check_size(root: etree._Element) -> None:
    """A sane field: something between a stamp and a wall, not a line."""
    box = [float(number) for number in _NUMBER.findall(root.get("viewBox", ""))]
    if len(box) != 4:
        sides = [_NUMBER.match(root.get(name, "")) for name in ("width", "height")]
        if not all(sides) or "%" in root.get("width", "") + root.get("height", ""):
            raise NotAPicture("svg-size", _("This SVG does not say how large it is (viewBox)."))
        box = [0.0, 0.0, *(float(side[0]) for side in sides if side)]
        root.set("viewBox", " ".join(f"{number:g}" for number in box))
    _x, _y, width, height = box
    if not (0 < width <= 100_000 and 0 < height <= 100_000 and 1 / 4 <= width / height <= 4):
        raise NotAPicture("svg-size", _("This SVG is too wide, too tall, or has no size."))
    for name in ("width", "height"):  # the field decides, so that nobody asks for a million pixels
        root.attrib.pop(name, None)


def _check_drawn(root: etree._Element) -> None:
    """How much is drawn once every reference is followed: nested <use> doubles with each level otherwise."""
    parts = {node.get("id"): node for node in root.iter() if node.get("id")}
    weights: dict[etree._Element, int] = {}
    open_nodes: set[etree._Element] = set()

    def weight(node: etree._Element) -> int:
        if node in weights:
            return weights[node]
        if node in open_nodes:
            raise _refuse(_("a part that contains itself"))
        open_nodes.add(node)
        total = 1 + sum(weight(child) for child in node)
        for key, value in node.attrib.items():
            names = (
                [str(value)[1:]]
                if key == "href" and str(value).startswith("#")
                else _LOCAL_URL.findall(str(value))
            )
            total += sum(weight(parts[name]) for name in names if name in parts)
        if total > MAX_DRAWN:
            raise NotAPicture("limit-count", _("This SVG repeats its parts too often. Upload it as a PNG."))
        open_nodes.remove(node)
        weights[node] = total
        return total

    try:
        weight(root)
    except RecursionError as error:
        raise NotAPicture("limit-depth", _("This SVG is nested too deeply. Upload it as a PNG.")) from error


def accept_upload(upload: bytes) -> bytes:
    """A picture from outside, as a fresh 600 × 600 PNG; the upload itself is kept nowhere.

    What it is, is decided by its bytes: names and media types of uploads are not looked at (B109 B119).
    """
    if upload.startswith(PNG_SIGNATURE):
        if len(upload) > MAX_PNG:
            raise NotAPicture("limit-size", _("A PNG may have 5 MB at most."))
        return _in_sandbox("png", upload)
    if upload.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _in_sandbox("svg", sanitise_svg(upload).encode())
    raise NotAPicture("not-a-picture", _("Upload a PNG or an SVG."))


def _in_sandbox(kind: str, upload: bytes) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - our own module, our own interpreter, nothing of the upload in it
            [sys.executable, "-I", "-m", "cairn_server.achievements.sandbox", kind],
            input=upload,
            capture_output=True,
            timeout=20,
            env={},
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotAPicture(
            "limit-time", _("This picture takes too long to draw. Upload a simpler one.")
        ) from error
    if done.returncode != 0 or not done.stdout.startswith(PNG_SIGNATURE):
        raise NotAPicture("not-a-picture", _("This picture cannot be drawn. Is it whole, and not too large?"))
    return done.stdout
