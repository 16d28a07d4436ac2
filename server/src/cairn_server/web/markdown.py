# SPDX-License-Identifier: Apache-2.0
"""Markdown of strangers as HTML that does nothing (B125, B126).

Two fences, each enough on its own: the parser never lets raw HTML through, and the sanitiser keeps a short
list of elements whatever the parser did. Images are left out: one would tell its owner who reads the page.
"""

from __future__ import annotations

import re
from functools import cache
from html import unescape

import nh3
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# Longer than any field of ours; a foreign credential may hold more, and is then cut.
LONGEST = 20_000

TAGS = {
    "p", "br", "strong", "em", "del", "ul", "ol", "li", "blockquote", "code", "pre", "hr", "a",
    "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
# What ends a paragraph for whoever reads it without the marks.
_ENDS = re.compile(r"</(?:p|li|h\d|blockquote|pre|tr)>")
SCHEMES = {"http", "https", "mailto"}


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 12})
    return parser.enable(["table", "strikethrough"]).disable("image")


def render(text: str) -> SafeString:
    """Headings come out two levels lower: the page has its own first and second."""
    tokens = _parser().parse(text[:LONGEST])
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    html = _parser().renderer.render(tokens, _parser().options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes=SCHEMES,
        link_rel="nofollow ugc noopener",
    )
    return mark_safe(clean)  # noqa: S308 - sanitised in the line above


def plain(html: str) -> list[str]:
    """What was rendered, as paragraphs without its marks: for paper."""
    parts = _ENDS.split(html.replace("<li>", "<li>• "))
    return [text for part in parts if (text := unescape(strip_tags(part)).strip())]
