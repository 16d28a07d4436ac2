# SPDX-License-Identifier: Apache-2.0
"""Markdown of strangers (B125, B126)."""

from __future__ import annotations

import time

import pytest
from lxml import html

from cairn_server.web import markdown

HARMLESS = {"div", *markdown.TAGS}

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg><style><img title='</style><img src onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=x(1)&gt;'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=x(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](vbscript:msgbox(1))",
    "<javascript:alert(1)>",
    "![beacon](https://spy.example/1.gif)",
    "[x]: javascript:alert(1)\n\n[click][x]",
    '<a href="https://x.example" onclick="alert(1)">x</a>',
    "<iframe src=//x.example></iframe>",
    "<style>*{display:none}</style>",
    '[t](https://x.example "" onmouseover=alert(1) x="")',
    "`<script>`\n\n    <script>alert(1)</script>",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_active_comes_out(text: str):
    tree = html.fromstring(f"<div>{markdown.render(text)}</div>")

    for element in tree.iter():
        assert element.tag in HARMLESS
        assert set(element.attrib) <= {"href", "rel"}
        assert element.get("href", "https:").split(":")[0] in markdown.SCHEMES


def test_a_link_passes_no_standing_on_and_opens_no_door():
    link = html.fromstring(str(markdown.render("[more](https://example.org)"))).find(".//a")

    assert link.get("href") == "https://example.org"
    assert set(link.get("rel").split()) == {"nofollow", "ugc", "noopener"}


def test_headings_come_two_levels_below_those_of_the_page():
    assert "<h3>One</h3>" in markdown.render("# One")
    assert "<h6>Six</h6>" in markdown.render("###### Six")


@pytest.mark.parametrize("piece", ["[", ">", "*", "![", "> - ", "_a", "`", "\\[", "<", "|a"])
def test_ten_thousand_opening_marks_are_answered_in_two_seconds(piece: str):
    # Of its own time: what else the machine does is not the text's doing.
    begin = time.process_time()

    markdown.render(piece * 10_000)

    assert time.process_time() - begin < 2


def test_html_stays_visible_as_text_and_a_picture_becomes_a_link():
    assert "&lt;b&gt;bold&lt;/b&gt;" in markdown.render("<b>bold</b>")
    assert ">kiln</a>" in markdown.render("![kiln](https://spy.example/1.gif)")


def test_no_text_is_longer_than_the_longest_of_ours():
    assert len(markdown.render("a" * (markdown.LONGEST + 100))) < markdown.LONGEST + 20


def test_what_is_written_in_other_markup_stays_text():
    assert "{{7*7}}" in markdown.render("{{7*7}} {% include 'x' %}")  # B127
