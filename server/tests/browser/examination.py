# SPDX-License-Identifier: Apache-2.0
"""What every page has to stand: axe-core in light and dark, the keyboard, 320 pixels and large text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from server.tests.browser.running import Visitor

WIDE = {"width": 1280, "height": 800}
# 400 % zoom of 1280 pixels, as WCAG 2.2, 1.4.10 counts it.
NARROW = {"width": 320, "height": 640}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

RUN_AXE = """async options => (await axe.run(document, options)).violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary}`)
)"""
# A form that does not say where it goes takes the fragment of a followed error link along, and a page whose
# address has a fragment gives the focus to nothing else: the answer would not be read out.
GOING_NOWHERE = """() => [...document.querySelectorAll("form[method=post]:not([action])")]
    .map(each => `no action: ${each.outerHTML.slice(0, 90)}`)"""
# The width a page takes, and what sticks out of it.
STICKING_OUT = """() => {
    const room = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= room) return []
    const wide = [...document.body.querySelectorAll("*")].filter(
        each => each.getBoundingClientRect().right > room + 1 && !each.closest(".table-frame, pre")
    )
    return [`${document.documentElement.scrollWidth} px wide: ` +
        wide.slice(-3).map(each => each.outerHTML.slice(0, 90)).join(" | ")]
}"""
# Everything that can be operated, focused in turn as by the keyboard; a ring may lie on the tile around it.
WITHOUT_RING = """() => {
    const ringed = each => {
        const look = getComputedStyle(each)
        return look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2
    }
    return [...document.querySelectorAll(
        "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
    )].filter(each => each.checkVisibility() && !each.disabled && each.tabIndex >= 0).filter(each => {
        each.focus()
        return document.activeElement !== each || !(ringed(each) || ringed(each.closest(".tile") ?? each))
    }).map(each => `no ring: ${each.outerHTML.slice(0, 90)}`)
}"""


def examine(visitor: Visitor, axe: str) -> list[str]:
    """Everything that is wrong with the page that is open."""
    page = visitor.page
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")
    page.evaluate(axe)
    found = _violations(visitor, {"runOnly": {"type": "tag", "values": WCAG}})
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {each}" for each in
              _violations(visitor, {"runOnly": {"type": "rule", "values": ["color-contrast"]}})]  # fmt: skip
    page.emulate_media(color_scheme="light")
    found += page.evaluate(GOING_NOWHERE)
    page.keyboard.press("Tab")
    found += page.evaluate(WITHOUT_RING)
    page.set_viewport_size(NARROW)
    found += [f"320 px: {each}" for each in page.evaluate(STICKING_OUT)]
    page.set_viewport_size({"width": 640, "height": 640})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    found += [f"text of 200 %: {each}" for each in page.evaluate(STICKING_OUT)]
    return found


def _violations(visitor: Visitor, options: dict[str, Any]) -> list[str]:
    # Colours that are still changing are no colours to measure.
    visitor.page.evaluate("Promise.all(document.getAnimations().map(each => each.finished.catch(() => {})))")
    return list(visitor.page.evaluate(RUN_AXE, options))
